"""What must hold of a world's state at every commit, checked on the live state.

Numbers are those of the reliability table: I1-I4 double entry, conservation of money and goods,
no negative balance; I5 holds equal resting orders; I7 books not crossed and time priority; I12 who
stands on which row; I15 finite floats; I19 bounds. What holds between commits (I3, I9, I17) and of
their fills (I8) is in `continuity`, I9 and I10 of records are the journal's, I11 is replay's. I6
waits for unique items. A breach halts the world.
"""

from __future__ import annotations

from weakref import WeakKeyDictionary

import numpy as np

from economy_engine import limits
from economy_engine.book.checks import BookFault, check_book, check_held, not_crossed
from economy_engine.book.columns import BookCounter, OrderFlag
from economy_engine.ledger.columns import AccountKind
from economy_engine.ledger.kernels import (
    GOODS_BROKEN,
    MONEY_BROKEN,
    NEGATIVE,
    check_conservation,
    money_supply,
)
from economy_engine.schema import Clock
from economy_engine.state import WorldState
from worlds import continuity

ALWAYS_FINITE_CELLS_MAX = 4_096  # arrays up to this size are checked at every commit
NAMED_MAX = 8
MOODS = ("sentiment", "fear", "greed", "confidence", "memory")

_places: WeakKeyDictionary[WorldState, tuple[np.ndarray, np.ndarray]] = WeakKeyDictionary()


def breaches(state: WorldState, *, full: bool) -> list[str]:
    """The rules that do not hold, in words; empty when all is well.

    `full` adds what costs a pass over all orders and floats (every 100 ticks).
    """
    found = continuity.changes(state)
    found += _conservation(state, 0 if full else state.rows.firms)
    found += _crossed(state)
    found += _not_finite(state, full=full)
    found += _directory(state)
    if full:
        found += _fields(state)
        if not found:  # lists of a bad order must not be followed
            found += _books_and_holds(state)
    return found[:NAMED_MAX]


def _conservation(state: WorldState, first_held: int) -> list[str]:
    """I2 to I4. Rows below `first_held` are taken to hold no goods in orders: households."""
    markets = state.ledger.stock.shape[1]
    sums = np.zeros(markets + 1, np.int64)
    rows = int(state.clock[Clock.ROWS])
    faults = check_conservation(state.ledger, first_held, rows, sums)
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
    if state.bids_missing():
        found.append(f"I2 auctions: bids are off by {state.bids_missing()}")
    return found


def _crossed(state: WorldState) -> list[str]:
    return ["I7 a book is crossed"] if not_crossed(state.book) else []


def _not_finite(state: WorldState, *, full: bool) -> list[str]:
    if not full and np.isfinite(state.arena.view(np.float64)[_small_floats(state)]).all():
        return _mood(state)
    found = []
    for name, array in state.arrays.items():
        floats = array.dtype.kind == "f" and (full or array.size <= ALWAYS_FINITE_CELLS_MAX)
        if floats and not np.isfinite(array).all():
            found.append(f"I15 {name} is not finite")
    return found


def _mood(state: WorldState) -> list[str]:
    """One of the large columns of psychology in turn: what is not finite spoils its sum."""
    name = MOODS[int(state.clock[Clock.ENTRIES]) % len(MOODS)]
    if np.isfinite(getattr(state.agent, name).sum()):
        return []
    return [f"I15 agent.{name} is not finite"]


def _directory(state: WorldState) -> list[str]:
    """I12: participants' ids are sorted and single, each on a row of its own that is in use."""
    count, rows_used = int(state.clock[Clock.PARTICIPANTS]), int(state.clock[Clock.ROWS])
    ids = state.arrays["participants.ids"][:count]
    rows = state.arrays["participants.rows"][:count]
    if (ids[1:] <= ids[:-1]).any():
        return ["I12 the participants' directory is out of order"]
    first = state.first_participant
    free = state.arrays["free_rows"][: int(state.clock[Clock.FREE_ROWS])]
    stands = np.concatenate([rows, free])
    if ((stands < first) | (stands >= rows_used)).any():
        return ["I12 a participant's row, or a free one, is not a row of participants"]
    if (state.ledger.kind[rows] != AccountKind.PARTICIPANT).any():
        return ["I12 a participant stands on a row of another kind"]
    if np.bincount(stands - first, minlength=1).max() > 1:
        return ["I12 two participants stand on one row, or one on a free row"]
    return []


def _fields(state: WorldState) -> list[str]:
    """Bounds of single values: orders, balances, moods, jobs."""
    found = []
    orders, counters = state.book.orders, state.book.counters
    live = orders[orders["quantity"] > 0]
    rows = int(state.clock[Clock.ROWS])
    if ((live["owner"] < 0) | (live["owner"] >= rows)).any():
        found.append("I5 an order's owner is not a row in use")
    places = (live["market"] >= 0) & (live["market"] < state.params.markets)
    if not places.all() or (live["side"] & ~1).any():
        found.append("I7 an order stands in no market or on no side")
    ai = orders[: int(counters[BookCounter.AI_HIGH_WATER])]
    timed = (ai["quantity"] > 0) & (ai["flags"] & OrderFlag.TIMED > 0)
    if (ai["expires"][timed] < state.clock[Clock.STEP] - 1).any():
        found.append("I7 an order rests after its expiry")
    if int(state.ledger.cash[:rows].max()) > limits.MONEY_MINOR_MAX:
        found.append("I19 a balance is larger than money may be")
    for name in ("sentiment", "fear", "greed", "confidence"):
        mood = getattr(state.agent, name)
        if float(mood.min()) < 0.0 or float(mood.max()) > 1.0:
            found.append(f"I15 agent.{name} is not between 0 and 1")
    employer = state.household.employer
    if int(employer.min()) < -1 or int(employer.max()) >= len(state.staff.workers):
        found.append("I12 a household works for nobody that there is")
    elif (np.bincount(employer[employer >= 0], minlength=len(state.staff.workers))
          != state.staff.workers).any():  # fmt: skip
        found.append("I12 firms and households disagree on who works where")
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
