"""Whose orders a book is made of: depth near the mid by owner, and how many levels it has.

Reads only; for validation and reports, never inside a tick.
"""

from __future__ import annotations

import numpy as np

from economy_engine.book.columns import BookColumns
from economy_engine.book.upkeep import mid, next_level
from economy_engine.jit import kernel


@kernel
def depth_by_owner(
    book: BookColumns, m: int, side: int, ppm: int, first: int, end: int, out: np.ndarray
) -> None:
    """Write the lots of a side within `ppm` of the mid: of the rows first..end-1, and of all.

    out: int64[2], overwritten with (lots of those rows, lots of everybody); 0, 0 when empty.
    Complexity: linear in the orders within reach.
    """
    limit = book.head.shape[1]
    level = np.int64(book.best[m, side])
    increment = book.market[m]["price_increment"]
    middle = mid(book, m)
    reach = middle * np.float64(ppm) / 1_000_000.0
    out[:] = 0
    while level > 0 and level < limit:
        if abs(np.float64(level * increment) - middle) > reach:
            break
        slot = np.int64(book.head[m, level])
        while slot >= 0:
            order = book.orders[slot]
            out[1] += order["quantity"]
            if first <= order["owner"] < end:
                out[0] += order["quantity"]
            slot = np.int64(order["next"])
        level = np.int64(next_level(book, m, side, level))


@kernel
def count_levels(book: BookColumns, m: int, side: int, most: int) -> int:
    """Return how many price levels of a side hold orders, at most `most`."""
    limit = book.head.shape[1]
    level = np.int64(book.best[m, side])
    count = 0
    while count < most and level > 0 and level < limit:
        count += 1
        level = np.int64(next_level(book, m, side, level))
    return count
