"""Checks of the books: what must hold after every operation."""

from __future__ import annotations

from enum import IntEnum

import numpy as np

from economy_engine.book.columns import BookColumns, BookCounter, MarketState, OrderFlag
from economy_engine.jit import inner, kernel
from economy_engine.ledger.columns import LedgerColumns

_AI_HIGH = int(BookCounter.AI_HIGH_WATER)
_PARTICIPANT_HIGH = int(BookCounter.PARTICIPANT_HIGH_WATER)
_AI_CAPACITY = int(BookCounter.AI_CAPACITY)
_AI_FREE = int(BookCounter.AI_FREE)
_PARTICIPANT_FREE = int(BookCounter.PARTICIPANT_FREE)
_AI_OPEN = int(BookCounter.AI_OPEN)
_PARTICIPANT_OPEN = int(BookCounter.PARTICIPANT_OPEN)
_TIMED = int(OrderFlag.TIMED)
_AUCTION = int(MarketState.AUCTION)
_MASK = 511


class BookFault(IntEnum):
    """What is wrong with a book; 0 = nothing."""

    NONE = 0
    CROSSED = 1
    BEST = 2
    BITMAP = 3
    LINKS = 4
    TIME_PRIORITY = 5
    LEVEL_QUANTITY = 6
    TWO_SIDES = 7
    ORDER_FIELDS = 8
    FREE_SLOT = 9
    COUNTS = 10
    EXPIRY = 11
    HELD = 12
    OPEN_ORDERS = 13


_CROSSED = int(BookFault.CROSSED)
_BEST = int(BookFault.BEST)
_BITMAP = int(BookFault.BITMAP)
_LINKS = int(BookFault.LINKS)
_TIME = int(BookFault.TIME_PRIORITY)
_QUANTITY = int(BookFault.LEVEL_QUANTITY)
_SIDES = int(BookFault.TWO_SIDES)
_FIELDS = int(BookFault.ORDER_FIELDS)
_FREE = int(BookFault.FREE_SLOT)
_COUNTS = int(BookFault.COUNTS)
_EXPIRY = int(BookFault.EXPIRY)
_HELD = int(BookFault.HELD)
_OPEN_ORDERS = int(BookFault.OPEN_ORDERS)


@kernel
def not_crossed(book: BookColumns) -> int:
    """Return CROSSED when a best bid is not below its best ask outside an auction, else 0."""
    for m in range(book.best.shape[0]):
        if book.best[m, 0] >= book.best[m, 1] and book.market[m]["state"] != _AUCTION:
            return _CROSSED
    return 0


@inner
def check_level(book: BookColumns, ladder: int, level: int) -> int:
    """Return the fault in the list of one level of ladder `2 m + side`, or 0."""
    orders = book.orders
    m = ladder >> 1
    side = ladder & 1
    slot = np.int64(book.head[ladder, level])
    before = np.int64(-1)
    lots = np.int64(0)
    arrival = np.int64(0)
    steps = 0
    while slot >= 0:
        order = orders[slot]
        steps += 1
        if steps > orders.shape[0] or order["prev"] != before:
            return _LINKS
        if order["market"] != m or order["price"] != level or order["quantity"] <= 0:
            return _FIELDS
        if order["quantity"] > order["original"]:
            return _FIELDS
        if order["arrival"] <= arrival:
            return _TIME
        if order["side"] != side:
            return _SIDES
        arrival = order["arrival"]
        lots += order["quantity"]
        before = slot
        slot = np.int64(order["next"])
    if book.tail[ladder, level] != before:
        return _LINKS
    if lots != book.level_quantity[ladder, level]:
        return _QUANTITY
    if side == 0 and level > book.best[m, 0]:
        return _BEST
    if side == 1 and level < book.best[m, 1]:
        return _BEST
    return 0


@inner
def check_maps(book: BookColumns, m: int) -> int:
    """Return the fault in the bitmaps and best levels of one market, or 0."""
    one = np.uint64(1)
    levels = book.head.shape[1]
    for ladder in range(2 * m, 2 * m + 2):
        for level in range(levels):
            word = level >> 6
            bit = (book.bitmap[ladder, word] >> np.uint64(level & 63)) & one
            if (bit == one) != (book.head[ladder, level] >= 0):
                return _BITMAP
        for word in range(book.bitmap.shape[1]):
            bit = (book.summary[ladder, word >> 6] >> np.uint64(word & 63)) & one
            if (bit == one) != (book.bitmap[ladder, word] != np.uint64(0)):
                return _BITMAP
        if book.head[ladder, 0] >= 0:
            return _BEST
    bid = np.int64(book.best[m, 0])
    ask = np.int64(book.best[m, 1])
    if bid >= ask and book.market[m]["state"] != _AUCTION:
        return _CROSSED
    if bid < 0 or bid >= levels or ask <= 0 or ask > levels:
        return _BEST
    if bid > 0 and book.head[2 * m, bid] < 0:
        return _BEST
    if ask < levels and book.head[2 * m + 1, ask] < 0:
        return _BEST
    return 0


@inner
def is_blank(book: BookColumns, slot: int) -> bool:
    """Return True when a free slot is zeroed but for its generation."""
    order = book.orders[slot]
    total = (
        np.int64(order["price"]) | order["quantity"] | order["original"] | order["owner"]
        | order["next"] | order["prev"] | order["wheel_next"] | order["wheel_prev"]
        | order["market"] | order["side"] | order["flags"] | order["seq"] | order["expires"]
        | order["arrival"]
    )  # fmt: skip
    detail = slot - book.counters[_AI_CAPACITY]
    if detail >= 0:
        own = book.details[detail]
        total |= own["filled"] | own["value"] | own["fee"]
    return total == 0


@inner
def check_part(book: BookColumns, first: int, high: int, freed: int, open_count: int) -> int:
    """Return the fault in one part of the pool, slots [first, high), or 0."""
    live = np.int64(0)
    for slot in range(first, high):
        if book.orders[slot]["quantity"] > 0:
            live += 1
        elif not is_blank(book, slot):
            return _FREE
    if live != open_count or live + freed != high - first:
        return _COUNTS
    for k in range(freed):
        slot = book.free[first + k]
        if slot < first or slot >= high or book.orders[slot]["quantity"] != 0:
            return _FREE
    return 0


@inner
def check_expiry(book: BookColumns, heads: np.ndarray, first: int, high: int) -> int:
    """Return EXPIRY when wheel or calendar `heads` do not hold exactly the timed orders."""
    listed = np.int64(0)
    for place in range(heads.shape[0]):
        before = np.int64(-1)
        slot = np.int64(heads[place])
        while slot >= 0:
            order = book.orders[slot]
            listed += 1
            if slot < first or slot >= high or listed > high - first:
                return _EXPIRY
            if order["wheel_prev"] != before or (order["expires"] & _MASK) != place:
                return _EXPIRY
            if (order["flags"] & _TIMED) == 0 or order["quantity"] <= 0:
                return _EXPIRY
            before = slot
            slot = np.int64(order["wheel_next"])
    timed = np.int64(0)
    for slot in range(first, high):
        if book.orders[slot]["flags"] & _TIMED:
            timed += 1
    return 0 if timed == listed else _EXPIRY


@kernel
def check_book(book: BookColumns) -> int:
    """Return the first BookFault of any market, list, map or slot, or 0.

    Looks at everything: levels times markets plus all slots below the high-water marks.
    """
    for m in range(book.market.shape[0]):
        fault = check_maps(book, m)
        if fault != 0:
            return fault
    for ladder in range(book.head.shape[0]):
        for level in range(book.head.shape[1]):
            if book.head[ladder, level] >= 0 or book.tail[ladder, level] >= 0:
                fault = check_level(book, ladder, level)
                if fault != 0:
                    return fault
            elif book.level_quantity[ladder, level] != 0:
                return _QUANTITY
    counters = book.counters
    ai_capacity = counters[_AI_CAPACITY]
    fault = check_part(book, 0, counters[_AI_HIGH], counters[_AI_FREE], counters[_AI_OPEN])
    if fault == 0:
        fault = check_part(book, ai_capacity, counters[_PARTICIPANT_HIGH],
                           counters[_PARTICIPANT_FREE], counters[_PARTICIPANT_OPEN])  # fmt: skip
    if fault == 0:
        fault = check_expiry(book, book.wheel, 0, counters[_AI_HIGH])
    if fault == 0:
        fault = check_expiry(book, book.calendar, ai_capacity, counters[_PARTICIPANT_HIGH])
    return fault


@inner
def add_held(book: BookColumns, first: int, high: int, cash: np.ndarray, stock: np.ndarray,
             open_orders: np.ndarray) -> None:  # fmt: skip
    """Add what the resting orders in slots [first, high) hold to the three tables."""
    for slot in range(first, high):
        order = book.orders[slot]
        quantity = np.int64(order["quantity"])
        if quantity <= 0:
            continue
        m = order["market"]
        row = order["owner"]
        if slot >= book.counters[_AI_CAPACITY]:
            open_orders[row] += 1
        if order["side"] == 0:
            cash[row] += order["price"] * book.market[m]["price_increment"] * quantity
        else:
            stock[row, m] += quantity


@kernel
def check_held(book: BookColumns, ledger: LedgerColumns, rows: int, cash: np.ndarray,
               stock: np.ndarray, open_orders: np.ndarray) -> int:  # fmt: skip
    """Check that what accounts hold is exactly what their resting orders need.

    Parameters
    ----------
    cash: int64[>= rows], stock: int64[>= rows, M], open_orders: int64[>= rows]: scratch,
        overwritten; holds of other purposes may be put into a copy of the ledger beforehand.

    Returns
    -------
    0, HELD, or OPEN_ORDERS when the count of a participant's orders is wrong.
    """
    cash[:rows] = 0
    stock[:rows] = 0
    open_orders[:rows] = 0
    counters = book.counters
    add_held(book, 0, counters[_AI_HIGH], cash, stock, open_orders)
    add_held(book, counters[_AI_CAPACITY], counters[_PARTICIPANT_HIGH], cash, stock, open_orders)
    for row in range(rows):
        if cash[row] != ledger.cash_held[row]:
            return _HELD
        for m in range(stock.shape[1]):
            if stock[row, m] != ledger.stock_held[row, m]:
                return _HELD
        if open_orders[row] != ledger.open_orders[row]:
            return _OPEN_ORDERS
    return 0
