"""Reasons for refusing a command, and the error raised when a rule of the engine is broken.

The engine owns the families 2xxx (validation) and 3xxx (trading, accounts, operations) of the
project's error table; doors add 1xxx, 4xxx and 5xxx. Numbers are stable for ever: a reason that is
no longer used keeps its number.
"""

from __future__ import annotations

from enum import IntEnum


class ContractViolation(Exception):  # noqa: N818 - a broken promise, not an error of the caller
    """Raised when an invariant of the engine does not hold; the world must halt."""


class RejectReason(IntEnum):
    """Why a command had no effect; 0 means that it was executed."""

    OK = 0
    # 2xxx: the command cannot be read or its fields are out of range.
    UNKNOWN_FIELD = 2001
    MISSING_FIELD = 2002
    BAD_PRECISION = 2003
    BAD_ENUM = 2004
    BAD_LENGTH = 2005
    UNKNOWN_KIND = 2006
    UNKNOWN_VERSION = 2007
    OUT_OF_RANGE = 2008
    EXPIRED_COMMAND = 2009
    # 30xx: trading.
    UNKNOWN_SYMBOL = 3001
    PRICE_FILTER = 3002
    PERCENT_PRICE = 3003
    LOT_SIZE = 3004
    MIN_NOTIONAL = 3005
    MAX_OPEN_ORDERS = 3006
    MAX_POSITION = 3007
    INSUFFICIENT_FUNDS = 3008
    INSUFFICIENT_INVENTORY = 3009
    NO_LIQUIDITY = 3010
    WOULD_CROSS = 3011
    SELF_TRADE = 3012
    DUPLICATE_CLIENT_ORDER_ID = 3013
    ORDER_NOT_FOUND = 3014
    ORDER_CLOSED = 3015
    MARKET_CLOSED = 3016
    BUDGET_EXCEEDED = 3017
    UNFILLABLE = 3018
    MARKET_IN_AUCTION = 3019
    # 31xx: accounts and participants.
    UNKNOWN_PARTICIPANT = 3101
    ALREADY_REGISTERED = 3102
    ACCOUNT_FROZEN = 3103
    MAX_PARTICIPANTS = 3104
    UNBALANCED = 3105
    # 33xx: moving goods between regions.
    UNKNOWN_ROUTE = 3301
    ROUTE_CLOSED = 3302
    NOT_SHIPPABLE = 3303
    MAX_SHIPMENTS = 3304
    # 36xx: work, sites and prospects.
    SITE_NOT_FOUND = 3601
    MAX_SITES = 3602
    RECIPE_NOT_ALLOWED = 3603
    SITE_AT_LIMIT = 3604
    NOT_WORKING = 3605
    TREASURY_SHORT = 3606
    NO_DEPOSITS = 3607
    NEWCOMER_PROTECTED = 3608
    DEAL_PRICE = 3609
    OFFER_NOT_FOUND = 3610
    OFFER_CHANGED = 3611
    OWN_OFFER = 3612
    PATENT_NOT_FOUND = 3613
    AUCTION_NOT_FOUND = 3614
    BID_TOO_LOW = 3615
    # 39xx: operations.
    WORLD_HALTED = 3901
    ENGINE_BUSY = 3902
    POISON = 3903
    NOT_ALLOWED = 3904

    @property
    def code(self) -> str:
        """Return the stable snake_case string used on the wire."""
        return self.name.lower()

    @property
    def message(self) -> str:
        """Return one sentence for people."""
        return _MESSAGES[self]

    @property
    def http_status(self) -> int:
        """Return the HTTP status that a door answers with."""
        return _HTTP_STATUS.get(self, 400 if 2000 <= self < 3000 else 422)

    @property
    def temporary(self) -> bool:
        """Return True when the same command may succeed a little later."""
        return self in _TEMPORARY


_MESSAGES: dict[RejectReason, str] = {
    RejectReason.OK: "Executed.",
    RejectReason.UNKNOWN_FIELD: "The request has a field that this operation does not know.",
    RejectReason.MISSING_FIELD: "A required field is missing.",
    RejectReason.BAD_PRECISION: "A number has more decimals than its unit allows.",
    RejectReason.BAD_ENUM: "A field has a value that is not one of its choices.",
    RejectReason.BAD_LENGTH: "The command has the wrong length for its kind and version.",
    RejectReason.UNKNOWN_KIND: "The engine does not know this kind of command.",
    RejectReason.UNKNOWN_VERSION: "The engine does not know this version of the command.",
    RejectReason.OUT_OF_RANGE: "A number is outside the range of its field.",
    RejectReason.EXPIRED_COMMAND: "The command came after its deadline.",
    RejectReason.UNKNOWN_SYMBOL: "There is no such market.",
    RejectReason.PRICE_FILTER: "The price is not on the market's price grid.",
    RejectReason.PERCENT_PRICE: "The price is outside the market's price band.",
    RejectReason.LOT_SIZE: "The quantity is outside the allowed range of lots.",
    RejectReason.MIN_NOTIONAL: "The value of the order is below the market's minimum.",
    RejectReason.MAX_OPEN_ORDERS: "The participant has too many open orders.",
    RejectReason.MAX_POSITION: "The position would be larger than allowed.",
    RejectReason.INSUFFICIENT_FUNDS: "There is not enough free cash.",
    RejectReason.INSUFFICIENT_INVENTORY: "There are not enough free lots.",
    RejectReason.NO_LIQUIDITY: "Nobody is on the other side of the market.",
    RejectReason.WOULD_CROSS: "A post-only order would have traded at once.",
    RejectReason.SELF_TRADE: "The order met an order of the same owner.",
    RejectReason.DUPLICATE_CLIENT_ORDER_ID: "The client order id is in use.",
    RejectReason.ORDER_NOT_FOUND: "There is no such order.",
    RejectReason.ORDER_CLOSED: "The order is no longer open.",
    RejectReason.MARKET_CLOSED: "The market does not take orders now.",
    RejectReason.BUDGET_EXCEEDED: "The order would need more matches than one command may make.",
    RejectReason.UNFILLABLE: "The order cannot be filled completely at once.",
    RejectReason.MARKET_IN_AUCTION: "The market is in a call auction: only limit orders that can "
    "rest are taken.",
    RejectReason.UNKNOWN_PARTICIPANT: "The participant is not registered in this world.",
    RejectReason.ALREADY_REGISTERED: "The participant is already registered in this world.",
    RejectReason.ACCOUNT_FROZEN: "The account is frozen.",
    RejectReason.MAX_PARTICIPANTS: "The world has no room for another participant.",
    RejectReason.UNBALANCED: "The legs of a posting do not sum to zero.",
    RejectReason.UNKNOWN_ROUTE: "There is no route to that region.",
    RejectReason.ROUTE_CLOSED: "The route between the regions is closed.",
    RejectReason.NOT_SHIPPABLE: "This good cannot be moved to another region.",
    RejectReason.MAX_SHIPMENTS: "The participant has too many shipments on their way.",
    RejectReason.SITE_NOT_FOUND: "There is no such site of yours.",
    RejectReason.MAX_SITES: "No further site may be bought now.",
    RejectReason.RECIPE_NOT_ALLOWED: "A site cannot make this good.",
    RejectReason.SITE_AT_LIMIT: "The site has reached its highest tier or level, or its jobs.",
    RejectReason.NOT_WORKING: "There is no work contract.",
    RejectReason.TREASURY_SHORT: "The treasury cannot pay this now.",
    RejectReason.NO_DEPOSITS: "There are no deposits of this good to look for.",
    RejectReason.NEWCOMER_PROTECTED: "Not while you are protected as a newcomer.",
    RejectReason.DEAL_PRICE: "The price is outside what a deal between players may have.",
    RejectReason.OFFER_NOT_FOUND: "There is no such offer.",
    RejectReason.OFFER_CHANGED: "The offer asks for more than you would pay.",
    RejectReason.OWN_OFFER: "That is your own offer.",
    RejectReason.PATENT_NOT_FOUND: "There is no such patent of yours.",
    RejectReason.AUCTION_NOT_FOUND: "There is no such auction, or it has ended.",
    RejectReason.BID_TOO_LOW: "The bid is below the least that is taken now.",
    RejectReason.WORLD_HALTED: "The world is halted.",
    RejectReason.ENGINE_BUSY: "The engine has no room for this now; try again.",
    RejectReason.POISON: "The command could not be processed and was set aside.",
    RejectReason.NOT_ALLOWED: "The actor may not give this command.",
}

_HTTP_STATUS: dict[RejectReason, int] = {
    RejectReason.OK: 200,
    RejectReason.UNKNOWN_SYMBOL: 404,
    RejectReason.ORDER_NOT_FOUND: 404,
    RejectReason.UNKNOWN_PARTICIPANT: 404,
    RejectReason.UNKNOWN_ROUTE: 404,
    RejectReason.ROUTE_CLOSED: 409,
    RejectReason.SITE_NOT_FOUND: 404,
    RejectReason.NOT_WORKING: 409,
    RejectReason.OFFER_NOT_FOUND: 404,
    RejectReason.OFFER_CHANGED: 409,
    RejectReason.PATENT_NOT_FOUND: 404,
    RejectReason.AUCTION_NOT_FOUND: 404,
    RejectReason.ORDER_CLOSED: 409,
    RejectReason.ALREADY_REGISTERED: 409,
    RejectReason.DUPLICATE_CLIENT_ORDER_ID: 409,
    RejectReason.ACCOUNT_FROZEN: 403,
    RejectReason.NOT_ALLOWED: 403,
    RejectReason.WORLD_HALTED: 503,
    RejectReason.ENGINE_BUSY: 503,
}

_TEMPORARY = frozenset(
    {
        RejectReason.WORLD_HALTED,
        RejectReason.ENGINE_BUSY,
        RejectReason.MARKET_CLOSED,
        RejectReason.MARKET_IN_AUCTION,
        RejectReason.NO_LIQUIDITY,
        RejectReason.ROUTE_CLOSED,
        RejectReason.MAX_SHIPMENTS,
        RejectReason.TREASURY_SHORT,
    }
)
