"""Columns of the order books: the pool of orders, the ladders, and what the kernels report."""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple

import numpy as np

from economy_engine import limits
from economy_engine.order_terms import OrderStatus, OrderType, SelfTrade, Side, TimeInForce

__all__ = [
    "AUCTION_DTYPE",
    "CLOSURE_DTYPE",
    "DETAIL_DTYPE",
    "FILL_DTYPE",
    "MARKET_DTYPE",
    "NONE",
    "ORDER_DTYPE",
    "TAPE_DTYPE",
    "BookColumns",
    "BookCounter",
    "ClosureReason",
    "MarketState",
    "OrderFlag",
    "OrderStatus",
    "OrderType",
    "OutboxColumns",
    "OutboxCount",
    "PlaceResult",
    "SelfTrade",
    "Side",
    "TimeInForce",
    "allocate",
    "allocate_outbox",
]

NONE = -1  # end of a list of slots


class MarketState(IntEnum):
    """What a market does: OPEN trades, AUCTION collects orders for one uncross, HALTED rests."""

    OPEN = 0
    AUCTION = 1
    HALTED = 2


class ClosureReason(IntEnum):
    """Why a resting order of a participant ended or shrank other than by a fill."""

    NONE = 0
    EXPIRED = 1
    CANCELED = 2
    SELF_TRADE = 3  # ended by self-trade prevention
    SELF_TRADE_REDUCED = 4  # shrank by self-trade prevention (DECREMENT)
    HALTED = 5
    REBASED = 6  # the price moved to the new grid; the order stays
    RETIRED = 7
    REDUCED = 8  # shrank by command; the order stays


class BookCounter(IntEnum):
    """Index into `counters`."""

    AI_FREE = 0  # freed AI slots on the stack free[0:...]
    PARTICIPANT_FREE = 1  # freed participants' slots on the stack free[ai_capacity:...]
    AI_HIGH_WATER = 2  # AI slots ever used are [0, this)
    PARTICIPANT_HIGH_WATER = 3  # participants' slots ever used are [ai_capacity, this)
    AI_CAPACITY = 4  # where the participants' part of the pool begins
    DROPPED = 5  # AI orders dropped for a full pool
    OUTBOX_DROPPED = 6  # AI remainders dropped because the outbox was full
    BUDGET_DROPPED = 7  # AI remainders dropped at the bound on matches of one order
    AI_OPEN = 8  # resting AI orders now
    PARTICIPANT_OPEN = 9  # resting participants' orders now
    ARRIVALS = 10  # arrival number of the last order that came to rest
    AI_PLACED = 11  # AI orders that met the book
    FIRST_SELLER = 12  # row whose sales stand first in `sales`


class OutboxCount(IntEnum):
    """Index into the outbox's `counts`."""

    FILLS = 0
    CLOSURES = 1
    OBSERVED = 2  # not 0: an uncross writes down AI orders' fills, too


class PlaceResult(IntEnum):
    """Index into the int64 output of `place_participant`."""

    SLOT = 0  # resting slot or -1
    FILLED = 1  # lots
    VALUE = 2  # minor units
    FEE = 3  # minor units, paid by this order
    LEFT = 4  # lots not filled: resting, or given up when the order closed
    STATUS = 5  # OrderStatus
    REASON = 6  # RejectReason that closed the remainder, 0 = none
    GENERATION = 7  # of the resting slot
    PRICE = 8  # limit in minor units that the order acted with, after the band


# 64 bytes: one cache line. A free slot is zeroed except for `generation`.
ORDER_DTYPE = np.dtype(
    [
        ("price", "<i4"),  # level
        ("quantity", "<i4"),  # lots remaining, 0 = free slot
        ("original", "<i4"),  # lots
        ("owner", "<i4"),  # row
        ("next", "<i4"),  # slot behind in the level, -1
        ("prev", "<i4"),  # slot before in the level, -1
        ("wheel_next", "<i4"),  # AI: expiry wheel; participants: calendar; -1
        ("wheel_prev", "<i4"),
        ("market", "<i2"),
        ("side", "i1"),
        ("flags", "u1"),  # OrderFlag
        ("generation", "<u4"),
        ("seq", "<i8"),  # journal seq of the command; 0 for AI
        ("expires", "<i8"),  # AI: step; participants: tick; 0 = never
        ("arrival", "<i8"),  # grows with every order that comes to rest: time priority
    ]
)
assert ORDER_DTYPE.itemsize == 64


class OrderFlag(IntEnum):
    """Bits of an order's `flags`: 0-1 type, 2-3 time in force, 4 timed, 5-6 self-trade mode."""

    TYPE_MASK = 3
    TIF_SHIFT = 2
    TIMED = 16  # linked into the wheel or the calendar
    MODE_SHIFT = 5  # SelfTrade, for the uncross of an auction


# What a participant's resting order has beyond its record, by slot - ai_capacity.
DETAIL_DTYPE = np.dtype([("filled", "<i8"), ("value", "<i8"), ("fee", "<i8")])

MARKET_DTYPE = np.dtype(
    [
        ("price_increment", "<i8"),  # minor units
        ("last_price", "<i8"),  # minor units, kept when the increment changes
        ("trades", "<i8"),  # number of the last trade
        ("band_low", "<i4"),  # level
        ("band_high", "<i4"),  # level
        ("state", "<i4"),  # MarketState
        ("trade_count", "<i4"),  # statistics of this tick from here on, see reset_statistics
        ("open", "<i8"),
        ("high", "<i8"),
        ("low", "<i8"),
        ("volume", "<i8"),
        ("value", "<i8"),
        ("buy_volume", "<i8"),  # lots bought by takers
        ("sell_volume", "<i8"),
    ]
)

# What a call auction of a market knows; all but `held` and `closed` are 0 outside of one.
AUCTION_DTYPE = np.dtype(
    [
        ("started", "<i8"),  # tick at whose end continuous trading stopped
        ("ends", "<i8"),  # tick at whose end the uncross happens
        ("reference", "<i8"),  # minor units, last price before the move
        ("price", "<i8"),  # minor units, indicative price, 0 = nothing would trade
        ("quantity", "<i8"),  # lots that would trade at it
        ("imbalance", "<i8"),  # lots wanted less lots offered at it
        ("closed", "<i8"),  # tick of the last uncross
        ("held", "<i8"),  # auctions that have ended
    ]
)

# One record per match that touches a participant's row (an uncross makes one per order); the
# maker_* and taker_* sums are the cumulative state of that side's order after this match, so that
# an event needs nothing else.
FILL_DTYPE = np.dtype(
    [
        ("tick", "<i8"),
        ("trade", "<i8"),
        ("price", "<i8"),
        ("quantity", "<i8"),
        ("fee", "<i8"),  # paid by the seller
        ("maker_seq", "<i8"),  # 0 = AI
        ("taker_seq", "<i8"),  # 0 = AI
        ("maker_original", "<i8"),
        ("maker_left", "<i8"),
        ("maker_filled", "<i8"),
        ("maker_value", "<i8"),
        ("maker_fee", "<i8"),
        ("maker_expires", "<i8"),
        ("maker_limit", "<i8"),  # minor units; an uncross trades at a better price
        ("taker_left", "<i8"),
        ("taker_filled", "<i8"),
        ("taker_value", "<i8"),
        ("taker_fee", "<i8"),
        ("maker_row", "<i4"),
        ("taker_row", "<i4"),
        ("maker_slot", "<i4"),
        ("market", "<i2"),
        ("taker_side", "i1"),
        ("maker_type", "i1"),
        ("maker_tif", "i1"),
        ("fee_waived", "i1"),  # the seller was a protected newcomer
    ]
)

CLOSURE_DTYPE = np.dtype(
    [
        ("tick", "<i8"),
        ("seq", "<i8"),
        ("price", "<i8"),  # minor units, after the closure
        ("original", "<i8"),
        ("left", "<i8"),  # lots that ended (given up), or that remain (reduced, rebased)
        ("filled", "<i8"),
        ("value", "<i8"),
        ("fee", "<i8"),
        ("expires", "<i8"),
        ("row", "<i4"),
        ("market", "<i2"),
        ("side", "i1"),
        ("reason", "i1"),  # ClosureReason
        ("type", "i1"),
        ("tif", "i1"),
    ]
)

TAPE_DTYPE = np.dtype(
    [
        ("tick", "<i8"),
        ("trade", "<i8"),
        ("price", "<i8"),
        ("quantity", "<i8"),
        ("taker_side", "<i8"),
    ]
)


class BookColumns(NamedTuple):
    """All books of a world. M markets, L levels, one pool of orders. All arrays in C order.

    `head` to `best` are derived: they are rebuilt from `orders` (see `rebuild_ladders`).
    """

    orders: np.ndarray  # ORDER_DTYPE[capacity]; [0, ai_capacity) AI, the rest participants
    details: np.ndarray  # DETAIL_DTYPE[capacity - ai_capacity]
    head: np.ndarray  # int32[2 M, L], ladder 2 m + side: first slot of a level, -1
    tail: np.ndarray  # int32[2 M, L], last slot of a level, -1
    level_quantity: np.ndarray  # int64[2 M, L], lots
    bitmap: np.ndarray  # uint64[2 M, L // 64], bit = level in use
    summary: np.ndarray  # uint64[2 M, ceil(L / 4096)], bit = word of the bitmap in use
    best: np.ndarray  # int32[M, 2], best bid (0 = none) and best ask (L = none)
    free: np.ndarray  # int32[capacity], two stacks of freed slots
    counters: np.ndarray  # int64[16], BookCounter
    wheel: np.ndarray  # int32[512], AI orders by step of expiry
    calendar: np.ndarray  # int32[512], participants' orders by tick of expiry modulo 512
    market: np.ndarray  # MARKET_DTYPE[M]
    auction: np.ndarray  # AUCTION_DTYPE[M]
    recent: np.ndarray  # int64[M, 100], twice the mid of the last ticks in minor units, 0 = none
    sales: np.ndarray  # int64[S, 2], lots and value that rows from FIRST_SELLER on sold today


class OutboxColumns(NamedTuple):
    """What the kernels report since the outbox was last cleared."""

    fills: np.ndarray  # FILL_DTYPE[cap]
    closures: np.ndarray  # CLOSURE_DTYPE[cap]
    tape: np.ndarray  # TAPE_DTYPE[M, 5], ring: the trade k of this tick stands at (k - 1) % 5
    counts: np.ndarray  # int64[8], OutboxCount


def allocate(
    markets: int,
    levels: int,
    ai_capacity: int,
    participant_capacity: int,
    sellers: int = 0,
    first_seller: int = 0,
) -> BookColumns:
    """Return empty books: `levels` a multiple of 64, at least 64; increments 1, bands wide open.

    The sales of `sellers` rows from `first_seller` on are counted.
    """
    assert levels >= limits.LEVELS_MIN
    assert levels % limits.BITMAP_WORD_LEVELS == 0
    capacity = ai_capacity + participant_capacity
    words = levels // limits.BITMAP_WORD_LEVELS
    market = np.zeros(markets, MARKET_DTYPE)
    market["price_increment"] = 1
    market["band_low"] = 1
    market["band_high"] = levels - 1
    best = np.zeros((markets, 2), np.int32)
    best[:, Side.ASK] = levels
    counters = np.zeros(16, np.int64)
    counters[BookCounter.AI_CAPACITY] = ai_capacity
    counters[BookCounter.PARTICIPANT_HIGH_WATER] = ai_capacity
    counters[BookCounter.FIRST_SELLER] = first_seller
    return BookColumns(
        orders=np.zeros(capacity, ORDER_DTYPE),
        details=np.zeros(participant_capacity, DETAIL_DTYPE),
        head=np.full((2 * markets, levels), NONE, np.int32),
        tail=np.full((2 * markets, levels), NONE, np.int32),
        level_quantity=np.zeros((2 * markets, levels), np.int64),
        bitmap=np.zeros((2 * markets, words), np.uint64),
        summary=np.zeros((2 * markets, -(-words // 64)), np.uint64),
        best=best,
        free=np.zeros(capacity, np.int32),
        counters=counters,
        wheel=np.full(limits.WHEEL_SLOTS, NONE, np.int32),
        calendar=np.full(limits.CALENDAR_SLOTS, NONE, np.int32),
        market=market,
        auction=np.zeros(markets, AUCTION_DTYPE),
        recent=np.zeros((markets, limits.BREAKER_WINDOW_TICKS), np.int64),
        sales=np.zeros((sellers, 2), np.int64),
    )


def allocate_outbox(
    markets: int,
    fills: int = limits.OUTBOX_FILLS,
    closures: int = limits.OUTBOX_CLOSURES,
) -> OutboxColumns:
    """Return an empty outbox with room for `fills` and `closures` records."""
    return OutboxColumns(
        fills=np.zeros(fills, FILL_DTYPE),
        closures=np.zeros(closures, CLOSURE_DTYPE),
        tape=np.zeros((markets, limits.TAPE_TRADES), TAPE_DTYPE),
        counts=np.zeros(8, np.int64),
    )
