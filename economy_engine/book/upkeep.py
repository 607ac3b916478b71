"""Reading and keeping books: depth and mid, ladders rebuilt after a load, a new price increment."""

from __future__ import annotations

import numpy as np

from economy_engine import limits
from economy_engine.book.columns import (
    BookColumns,
    BookCounter,
    ClosureReason,
    MarketState,
    OrderFlag,
    OutboxColumns,
)
from economy_engine.book.ladder import join_level, level_above, level_below
from economy_engine.book.pool import cancel_slot, closure_room, hold, report_closure
from economy_engine.jit import allocating, inner, kernel
from economy_engine.ledger.columns import LedgerColumns
from economy_engine.units import is_increment, level_ceil, level_floor

_AI_HIGH = int(BookCounter.AI_HIGH_WATER)
_PARTICIPANT_HIGH = int(BookCounter.PARTICIPANT_HIGH_WATER)
_AI_CAPACITY = int(BookCounter.AI_CAPACITY)
_TIMED = int(OrderFlag.TIMED)
_AUCTION = int(MarketState.AUCTION)
_WHEEL_MASK = limits.WHEEL_SLOTS - 1
_CALENDAR_MASK = limits.CALENDAR_SLOTS - 1
_CANCELED = int(ClosureReason.CANCELED)
_REBASED = int(ClosureReason.REBASED)
_ZERO = np.uint64(0)


@kernel
def best_price(book: BookColumns, m: int, side: int) -> int:
    """Return the best price of a side in minor units, 0 when it is empty."""
    level = book.best[m, side]
    if level <= 0 or level >= book.head.shape[1]:
        return 0
    return level * book.market[m]["price_increment"]


@kernel
def mid(book: BookColumns, m: int) -> float:
    """Return the middle of best bid and ask in minor units (float64).

    The last price stands in while a side is empty, the indicative price in a call auction.
    """
    if book.market[m]["state"] == _AUCTION and book.auction[m]["price"] > 0:
        return np.float64(book.auction[m]["price"])
    bid = best_price(book, m, 0)
    ask = best_price(book, m, 1)
    if bid > 0 and ask > 0:
        return 0.5 * np.float64(bid + ask)
    return np.float64(book.market[m]["last_price"])


@kernel
def next_level(book: BookColumns, m: int, side: int, level: int) -> int:
    """Return the next worse level of a side, 0 or L at the end."""
    if side == 0:
        return level_below(book.bitmap, book.summary, 2 * m, level)
    return level_above(book.bitmap, book.summary, 2 * m + 1, level)


@kernel
def depth(book: BookColumns, m: int, side: int, levels: int, out: np.ndarray) -> int:
    """Write the best `levels` levels of a side to `out`, best first; return how many there are.

    out: int64[>= levels, 2], price in minor units and lots.
    """
    increment = book.market[m]["price_increment"]
    end = book.head.shape[1]
    level = np.int64(book.best[m, side])
    count = 0
    while count < levels and level > 0 and level < end:
        out[count, 0] = level * increment
        out[count, 1] = book.level_quantity[2 * m + side, level]
        count += 1
        level = np.int64(next_level(book, m, side, level))
    return count


@kernel
def depth_near(book: BookColumns, m: int, side: int, ppm: int) -> int:
    """Return the lots of a side within `ppm` parts per million of the mid; 0 for an empty side."""
    end = book.head.shape[1]
    level = np.int64(book.best[m, side])
    increment = book.market[m]["price_increment"]
    middle = mid(book, m)
    reach = middle * np.float64(ppm) / 1_000_000.0
    lots = np.int64(0)
    while level > 0 and level < end:
        away = np.float64(level * increment) - middle
        if (away < -reach) if side == 0 else (away > reach):
            break
        lots += book.level_quantity[2 * m + side, level]
        level = np.int64(next_level(book, m, side, level))
    return lots


@inner
def clear_market(book: BookColumns, m: int) -> None:
    """Empty the ladders of one market; its orders keep their records."""
    for ladder in range(2 * m, 2 * m + 2):
        book.head[ladder, :] = -1
        book.tail[ladder, :] = -1
        book.level_quantity[ladder, :] = 0
        book.bitmap[ladder, :] = _ZERO
        book.summary[ladder, :] = _ZERO
    book.best[m, 0] = 0
    book.best[m, 1] = book.head.shape[1]


@inner
def rebuild_slot(book: BookColumns, slot: int) -> None:
    """Put one resting order's share of the derived columns back; its links are kept."""
    order = book.orders[slot]
    m = order["market"]
    ladder = 2 * m + order["side"]
    level = order["price"]
    book.level_quantity[ladder, level] += order["quantity"]
    if order["prev"] < 0:
        word = level >> 6
        book.head[ladder, level] = slot
        book.bitmap[ladder, word] |= np.uint64(1) << np.uint64(level & 63)
        book.summary[ladder, word >> 6] |= np.uint64(1) << np.uint64(word & 63)
        if order["side"] == 0:
            book.best[m, 0] = max(book.best[m, 0], level)
        else:
            book.best[m, 1] = min(book.best[m, 1], level)
    if order["next"] < 0:
        book.tail[ladder, level] = slot
    if order["flags"] & _TIMED and order["wheel_prev"] < 0:
        if slot < book.counters[_AI_CAPACITY]:
            book.wheel[order["expires"] & _WHEEL_MASK] = slot
        else:
            book.calendar[order["expires"] & _CALENDAR_MASK] = slot


@kernel
def rebuild_ladders(book: BookColumns) -> None:
    """Derive ladders, bitmaps, best levels, wheel and calendar from the orders alone.

    Linear in levels and in slots below the high-water marks. Called after a load.
    """
    for m in range(book.market.shape[0]):
        clear_market(book, m)
    book.wheel[:] = -1
    book.calendar[:] = -1
    for slot in range(book.counters[_AI_HIGH]):
        if book.orders[slot]["quantity"] > 0:
            rebuild_slot(book, slot)
    for slot in range(book.counters[_AI_CAPACITY], book.counters[_PARTICIPANT_HIGH]):
        if book.orders[slot]["quantity"] > 0:
            rebuild_slot(book, slot)


@allocating
def slots_by_arrival(book: BookColumns, m: int) -> np.ndarray:
    """Return the slots of a market's resting orders, oldest first (int64[count])."""
    orders = book.orders
    end = book.head.shape[1]
    count = 0
    for ladder in range(2 * m, 2 * m + 2):
        level = level_above(book.bitmap, book.summary, ladder, 0)
        while level < end:
            slot = np.int64(book.head[ladder, level])
            while slot >= 0:
                count += 1
                slot = np.int64(orders[slot]["next"])
            level = level_above(book.bitmap, book.summary, ladder, level)
    slots = np.empty(count, np.int64)
    arrivals = np.empty(count, np.int64)
    at = 0
    for ladder in range(2 * m, 2 * m + 2):
        level = level_above(book.bitmap, book.summary, ladder, 0)
        while level < end:
            slot = np.int64(book.head[ladder, level])
            while slot >= 0:
                slots[at] = slot
                arrivals[at] = orders[slot]["arrival"]
                at += 1
                slot = np.int64(orders[slot]["next"])
            level = level_above(book.bitmap, book.summary, ladder, level)
    return slots[np.argsort(arrivals)]


@inner
def level_after(book: BookColumns, slot: int, new: int) -> int:
    """Return an order's level on a new grid: bids round down, asks up; 0 when it is off the end."""
    order = book.orders[slot]
    last = book.head.shape[1] - 1
    price = order["price"] * book.market[order["market"]]["price_increment"]
    if order["side"] == 0:
        return min(level_floor(price, new), last)
    level = level_ceil(price, new)
    return level if level <= last else 0


@allocating
def set_price_increment(book: BookColumns, ledger: LedgerColumns, outbox: OutboxColumns, m: int,
                        new: int, tick: int) -> int:  # fmt: skip
    """Move a market to another price increment of the 1-2-5 series.

    Resting bids round down and asks up, holds are computed anew, orders that meet in one level
    keep their order of arrival; an order that falls off the ladder is canceled. Participants'
    moved orders are reported as REBASED, canceled ones as CANCELED. The band's levels are scaled
    outward; the caller sets the new band.

    Returns the number of orders that were canceled, or -1 and no effect when `new` is no member of
    the series or the outbox has no room for all of the market's participants' orders.
    """
    if not is_increment(new):
        return -1
    old = book.market[m]["price_increment"]
    slots = slots_by_arrival(book, m)
    told = 0
    for k in range(slots.shape[0]):
        if slots[k] >= book.counters[_AI_CAPACITY]:
            told += 1
    if closure_room(outbox) < told:
        return -1
    canceled = 0
    for k in range(slots.shape[0]):
        slot = slots[k]
        if level_after(book, slot, new) < 1:
            report_closure(book, outbox, slot, book.orders[slot]["quantity"], _CANCELED, tick)
            cancel_slot(book, ledger, slot)
            slots[k] = -1
            canceled += 1
    levels = np.empty(slots.shape[0], np.int64)
    for k in range(slots.shape[0]):
        if slots[k] >= 0:
            order = book.orders[slots[k]]
            levels[k] = level_after(book, slots[k], new)
            hold(book, ledger, m, order["side"], order["price"], -order["quantity"],
                 order["owner"])  # fmt: skip
    clear_market(book, m)
    last = book.head.shape[1] - 1
    market = book.market[m]
    market["band_low"] = max(1, min(level_floor(market["band_low"] * old, new), last))
    market["band_high"] = min(level_ceil(market["band_high"] * old, new), last)
    market["price_increment"] = new
    for k in range(slots.shape[0]):
        slot = slots[k]
        if slot >= 0:
            order = book.orders[slot]
            moved = levels[k] * new != order["price"] * old
            order["price"] = levels[k]
            hold(book, ledger, m, order["side"], levels[k], order["quantity"], order["owner"])
            join_level(book, slot)
            if moved:
                report_closure(book, outbox, slot, order["quantity"], _REBASED, tick)
    return canceled
