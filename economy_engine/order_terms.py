"""The words of an order: what commands, books and events mean by the same numbers."""

from __future__ import annotations

from enum import IntEnum


class Side(IntEnum):
    """Side of an order; the taker's side of a trade."""

    BID = 0
    ASK = 1


class OrderType(IntEnum):
    """How an order meets the book."""

    LIMIT = 0
    MARKET = 1
    POST_ONLY = 2


class TimeInForce(IntEnum):
    """How long an order stays: until canceled, not at all, all or nothing, until a tick."""

    GTC = 0
    IOC = 1
    FOK = 2
    GTT = 3


class SelfTrade(IntEnum):
    """What happens when an order meets one of the same beneficial owner."""

    EXPIRE_TAKER = 0
    EXPIRE_MAKER = 1
    EXPIRE_BOTH = 2
    DECREMENT = 3


class OrderStatus(IntEnum):
    """State of an order after an event."""

    NEW = 0
    PARTIALLY_FILLED = 1
    FILLED = 2
    CANCELED = 3
    EXPIRED = 4
    REJECTED = 5
    REPLACED = 6


class OrderEvent(IntEnum):
    """What happened to an order."""

    NEW = 0
    TRADE = 1
    CANCELED = 2
    EXPIRED = 3
    REPLACED = 4
    REDUCED = 5
    REJECTED = 6


# Orders that a site places by its owner's rule have no command: they are numbered from here on,
# beyond all commands and still exact in a browser. They are good-till orders of this many ticks.
RULE_ORDER_FIRST = 1 << 52
RULE_ORDER_TICKS = 900


def is_rule_order(seq: int) -> bool:
    """Return whether the order of this number was placed by a site's rule."""
    return seq >= RULE_ORDER_FIRST
