"""Ladders of levels: which levels are in use, and the lists of orders in each.

Each side of a market has a ladder of its own, number `2 m + side`: in a call auction bids and asks
may share a level. A two-level bitmap finds the next level in use in a bounded number of words.
"""

from __future__ import annotations

import numpy as np

from economy_engine import limits
from economy_engine.book.columns import BookColumns, BookCounter, OrderFlag
from economy_engine.jit import inlined, inlined_inner, kernel

_ONE = np.uint64(1)
_ZERO = np.uint64(0)
_ALL = np.uint64(0xFFFFFFFFFFFFFFFF)
_HALF = np.uint64(32)
_LAST = np.uint64(63)
_WHEEL_MASK = limits.WHEEL_SLOTS - 1
_CALENDAR_MASK = limits.CALENDAR_SLOTS - 1
_TIMED = np.int64(OrderFlag.TIMED)
_ARRIVALS = np.int64(BookCounter.ARRIVALS)
_AI_CAPACITY = np.int64(BookCounter.AI_CAPACITY)


@inlined
def lowest_bit(word: int) -> int:
    """Return the index of the lowest set bit of a uint64 that is not 0."""
    isolated = word & (~word + _ONE)
    return (np.float64(isolated).view(np.int64) >> 52) - 1023


@inlined
def highest_bit(word: int) -> int:
    """Return the index of the highest set bit of a uint64 that is not 0."""
    upper = word >> _HALF
    if upper != _ZERO:
        return (np.float64(upper).view(np.int64) >> 52) - 991
    return (np.float64(word).view(np.int64) >> 52) - 1023


@inlined
def mark_level(bitmap: np.ndarray, summary: np.ndarray, ladder: int, level: int) -> None:
    """Mark a level as in use, in both maps."""
    word = level >> 6
    bitmap[ladder, word] |= _ONE << np.uint64(level & 63)
    summary[ladder, word >> 6] |= _ONE << np.uint64(word & 63)


@inlined_inner
def clear_level(bitmap: np.ndarray, summary: np.ndarray, ladder: int, level: int) -> None:
    """Mark a level as empty, in both maps."""
    word = level >> 6
    bits = bitmap[ladder, word] & ~(_ONE << np.uint64(level & 63))
    bitmap[ladder, word] = bits
    if bits == _ZERO:
        summary[ladder, word >> 6] &= ~(_ONE << np.uint64(word & 63))


@kernel
def level_above(bitmap: np.ndarray, summary: np.ndarray, ladder: int, level: int) -> int:
    """Return the lowest level in use above `level`, or L when there is none."""
    start = level + 1
    word = start >> 6
    words = bitmap.shape[1]
    if word >= words:
        return words << 6
    bits = bitmap[ladder, word] & (_ALL << np.uint64(start & 63))
    if bits != _ZERO:
        return (word << 6) + lowest_bit(bits)
    word += 1
    block = word >> 6
    blocks = summary.shape[1]
    if block >= blocks:
        return words << 6
    used = summary[ladder, block] & (_ALL << np.uint64(word & 63))
    while used == _ZERO:
        block += 1
        if block >= blocks:
            return words << 6
        used = summary[ladder, block]
    word = (block << 6) + lowest_bit(used)
    return (word << 6) + lowest_bit(bitmap[ladder, word])


@kernel
def level_below(bitmap: np.ndarray, summary: np.ndarray, ladder: int, level: int) -> int:
    """Return the highest level in use below `level`, or 0 when there is none."""
    start = level - 1
    if start < 1:
        return 0
    word = start >> 6
    bits = bitmap[ladder, word] & (_ALL >> (_LAST - np.uint64(start & 63)))
    if bits != _ZERO:
        return (word << 6) + highest_bit(bits)
    word -= 1
    if word < 0:
        return 0
    block = word >> 6
    used = summary[ladder, block] & (_ALL >> (_LAST - np.uint64(word & 63)))
    while used == _ZERO:
        block -= 1
        if block < 0:
            return 0
        used = summary[ladder, block]
    word = (block << 6) + highest_bit(used)
    return (word << 6) + highest_bit(bitmap[ladder, word])


@inlined_inner
def join_level(book: BookColumns, slot: int) -> None:
    """Append the order in `slot` behind the last one of its level."""
    orders = book.orders
    m = orders[slot]["market"]
    side = orders[slot]["side"]
    ladder = 2 * m + side
    level = orders[slot]["price"]
    last = book.tail[ladder, level]
    orders[slot]["next"] = -1
    orders[slot]["prev"] = last
    if last >= 0:
        orders[last]["next"] = slot
    else:
        book.head[ladder, level] = slot
        mark_level(book.bitmap, book.summary, ladder, level)
        if side == 0:
            if level > book.best[m, 0]:
                book.best[m, 0] = level
        elif level < book.best[m, 1]:
            book.best[m, 1] = level
    book.tail[ladder, level] = slot
    book.level_quantity[ladder, level] += orders[slot]["quantity"]


@inlined_inner
def leave_level(book: BookColumns, slot: int) -> None:
    """Take the order in `slot` out of its level; the best level moves when it was the last."""
    orders = book.orders
    m = orders[slot]["market"]
    side = orders[slot]["side"]
    ladder = 2 * m + side
    level = orders[slot]["price"]
    behind = orders[slot]["next"]
    before = orders[slot]["prev"]
    book.level_quantity[ladder, level] -= orders[slot]["quantity"]
    if behind >= 0:
        orders[behind]["prev"] = before
    else:
        book.tail[ladder, level] = before
    if before >= 0:
        orders[before]["next"] = behind
        return
    book.head[ladder, level] = behind
    if behind >= 0:
        return
    clear_level(book.bitmap, book.summary, ladder, level)
    if side == 0:
        if level == book.best[m, 0]:
            book.best[m, 0] = level_below(book.bitmap, book.summary, ladder, level)
    elif level == book.best[m, 1]:
        book.best[m, 1] = level_above(book.bitmap, book.summary, ladder, level)


@inlined_inner
def join_expiry(book: BookColumns, slot: int) -> None:
    """Link a timed order into the wheel (AI, steps) or the calendar (participants, ticks)."""
    orders = book.orders
    if slot < book.counters[_AI_CAPACITY]:
        place = orders[slot]["expires"] & _WHEEL_MASK
        first = book.wheel[place]
        book.wheel[place] = slot
    else:
        place = orders[slot]["expires"] & _CALENDAR_MASK
        first = book.calendar[place]
        book.calendar[place] = slot
    orders[slot]["wheel_next"] = first
    orders[slot]["wheel_prev"] = -1
    if first >= 0:
        orders[first]["wheel_prev"] = slot


@inlined_inner
def leave_expiry(book: BookColumns, slot: int) -> None:
    """Take a timed order out of the wheel or the calendar at once; others are left alone."""
    orders = book.orders
    if (orders[slot]["flags"] & _TIMED) == 0:
        return
    behind = orders[slot]["wheel_next"]
    before = orders[slot]["wheel_prev"]
    if behind >= 0:
        orders[behind]["wheel_prev"] = before
    if before >= 0:
        orders[before]["wheel_next"] = behind
    elif slot < book.counters[_AI_CAPACITY]:
        book.wheel[orders[slot]["expires"] & _WHEEL_MASK] = behind
    else:
        book.calendar[orders[slot]["expires"] & _CALENDAR_MASK] = behind
