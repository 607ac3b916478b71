"""Whose orders a book is made of: depth near the mid by owner, and how many levels it has.

Reads only; for validation and reports, never inside a tick. It reads the pool of orders, so that it
does not depend on how ladders are laid out.
"""

from __future__ import annotations

import numpy as np

from economy_engine.book.columns import BookColumns, BookCounter
from economy_engine.book.upkeep import mid, next_level
from economy_engine.jit import kernel

_AI_HIGH = int(BookCounter.AI_HIGH_WATER)
_AI_CAPACITY = int(BookCounter.AI_CAPACITY)
_PARTICIPANT_HIGH = int(BookCounter.PARTICIPANT_HIGH_WATER)


@kernel
def depth_by_owner(
    book: BookColumns, side: int, ppm: int, first: int, end: int, out: np.ndarray
) -> None:
    """Write every market's lots of a side within `ppm` of the mid.

    out: int64[M, 2], overwritten with (lots of the rows first..end-1, lots of everybody).
    Complexity: linear in the slots of the pool that were ever used.
    """
    out[:, :] = 0
    high, reserved = book.counters[_AI_HIGH], book.counters[_AI_CAPACITY]
    for slot in range(book.counters[_PARTICIPANT_HIGH]):
        if high <= slot < reserved:
            continue
        order = book.orders[slot]
        if order["quantity"] <= 0 or order["side"] != side:
            continue
        m = order["market"]
        middle = mid(book, m)
        price = np.float64(order["price"] * book.market[m]["price_increment"])
        if abs(price - middle) > middle * np.float64(ppm) / 1_000_000.0:
            continue
        out[m, 1] += order["quantity"]
        if first <= order["owner"] < end:
            out[m, 0] += order["quantity"]


@kernel
def count_levels(book: BookColumns, m: int, side: int, ladder_levels: int, most: int) -> int:
    """Return how many price levels of a side hold orders, at most `most`."""
    level = np.int64(book.best[m, side])
    count = 0
    while count < most and level > 0 and level < ladder_levels:
        count += 1
        level = np.int64(next_level(book, m, side, level))
    return count
