"""What must hold of a world's state at every commit, checked on the live state.

Numbers are those of the reliability table: I1-I4 double entry, conservation of money and goods,
no negative balance; I5 holds equal resting orders; I7 books not crossed; I15 finite floats.
I8 is the matching kernels' own, I9 and I10 are the journal's. A breach halts the world.
"""

from __future__ import annotations

from weakref import WeakKeyDictionary

import numpy as np

from economy_engine.book.checks import BookFault, check_book, check_held, not_crossed
from economy_engine.ledger.kernels import (
    GOODS_BROKEN,
    MONEY_BROKEN,
    NEGATIVE,
    check_conservation,
    money_supply,
)
from economy_engine.schema import Clock
from economy_engine.state import WorldState

ALWAYS_FINITE_CELLS_MAX = 4_096  # arrays up to this size are checked at every commit
NAMED_MAX = 8

_places: WeakKeyDictionary[WorldState, tuple[np.ndarray, np.ndarray]] = WeakKeyDictionary()


def breaches(state: WorldState, *, full: bool) -> list[str]:
    """The rules that do not hold, in words; empty when all is well.

    `full` adds what costs a pass over all orders and floats (every 100 ticks).
    """
    found = _conservation(state)
    found += _crossed(state)
    found += _not_finite(state, full=full)
    if full:
        found += _books_and_holds(state)
    return found[:NAMED_MAX]


def _conservation(state: WorldState) -> list[str]:
    markets = state.ledger.stock.shape[1]
    sums = np.zeros(markets + 1, np.int64)
    rows = int(state.clock[Clock.ROWS])
    faults = check_conservation(state.ledger, rows, sums)
    found = []
    if faults & MONEY_BROKEN:
        found.append(f"I2 money: {sums[markets]} held, {money_supply(state.ledger)} issued")
    if faults & GOODS_BROKEN:
        expected = state.ledger.goods_in - state.ledger.goods_out
        wrong = np.flatnonzero(sums[:markets] != expected).tolist()
        found.append(f"I3 goods: markets {wrong} do not balance")
    if faults & NEGATIVE:
        found.append("I4 a balance is negative")
    loans, claims = state.claims_missing()
    if loans or claims:
        found.append(f"I2 credit: loans are off by {loans}, claims by {claims}")
    return found


def _crossed(state: WorldState) -> list[str]:
    return ["I7 a book is crossed"] if not_crossed(state.book) else []


def _not_finite(state: WorldState, *, full: bool) -> list[str]:
    if not full and np.isfinite(state.arena.view(np.float64)[_small_floats(state)]).all():
        return []
    found = []
    for name, array in state.arrays.items():
        floats = array.dtype.kind == "f" and (full or array.size <= ALWAYS_FINITE_CELLS_MAX)
        if floats and not np.isfinite(array).all():
            found.append(f"I15 {name} is not finite")
    return found


def _small_floats(state: WorldState) -> np.ndarray:
    """Words of the arena that hold the small float64 arrays: one gather instead of ninety checks.

    Kept per state until its arena is built anew.
    """
    arena, words = _places.get(state, (None, None))
    if arena is not state.arena or words is None:
        start = state.arena.ctypes.data
        parts = [
            (array.ctypes.data - start) // 8 + np.arange(array.size)
            for array in state.arrays.values()
            if array.dtype == np.float64
            and array.size <= ALWAYS_FINITE_CELLS_MAX
            and 0 <= array.ctypes.data - start < state.arena.nbytes
        ]
        words = np.concatenate(parts)
        _places[state] = (state.arena, words)
    return words


def _books_and_holds(state: WorldState) -> list[str]:
    """Every list, map and slot of the books, and that accounts hold what their orders need."""
    found = []
    fault = check_book(state.book)
    if fault:
        found.append(f"I7 books: {BookFault(fault).name.lower()}")
    rows = int(state.clock[Clock.ROWS])
    markets = state.ledger.stock.shape[1]
    cash, counts = np.zeros(rows, np.int64), np.zeros(rows, np.int64)
    stock = np.zeros((rows, markets), np.int64)
    fault = check_held(state.book, state.ledger, rows, cash, stock, counts)
    if fault:
        found.append(f"I5 holds: {BookFault(fault).name.lower()}")
    return found
