"""What must hold from one commit to the next, and inside what a commit reports.

A rule about change needs the figures of before: they are kept per state, outside of it, and the
first look at a state only takes them down. Numbers are those of the reliability table.
"""

from __future__ import annotations

from typing import NamedTuple
from weakref import WeakKeyDictionary

import numpy as np

from economy_engine import directory
from economy_engine.book.columns import BookCounter
from economy_engine.events import Block, WorldEvent
from economy_engine.ledger.columns import AccountFlag
from economy_engine.params import STEPS_PER_DAY
from economy_engine.schema import Clock
from economy_engine.state import WorldState
from economy_engine.units import FEE_DIVISOR

_GROWING = (Clock.TICK, Clock.STEP, Clock.SEQ, Clock.ENTRIES, Clock.CALENDAR_NUMBER)


class _Watched(NamedTuple):
    """Accounts that nothing may be taken from, and all that they have, holds included."""

    rows: np.ndarray
    generation: np.ndarray
    cash: np.ndarray
    stock: np.ndarray
    trades: int  # of the whole world


class _Figures(NamedTuple):
    clock: np.ndarray
    goods_in: np.ndarray
    goods_out: np.ndarray
    trades: np.ndarray
    issued: int
    arrivals: int
    frozen: _Watched


_NONE = np.zeros(0, np.int64)
_NOBODY = _Watched(_NONE, _NONE, _NONE, _NONE.reshape(0, 0), 0)
_before: WeakKeyDictionary[WorldState, _Figures] = WeakKeyDictionary()
_halted: WeakKeyDictionary[WorldState, _Watched] = WeakKeyDictionary()


def changes(state: WorldState) -> list[str]:
    """Rules on what happened since the last look at this state, in words."""
    frozen = _frozen_rows(state)
    now = _Figures(
        state.clock.copy(),
        state.ledger.goods_in.copy(),
        state.ledger.goods_out.copy(),
        state.book.market["trades"].copy(),
        int(state.ledger.issued[0]),
        int(state.book.counters[BookCounter.ARRIVALS]),
        _watched(state, frozen) if len(frozen) else _NOBODY,
    )
    before = _before.get(state)
    _before[state] = now
    if before is None:
        return []
    found = []
    clock, old = now.clock, before.clock
    for slot in _GROWING:
        if clock[slot] < old[slot]:
            found.append(f"I9 {slot.name.lower()} went back")
    acted = int(clock[Clock.SEQ] - old[Clock.SEQ])
    done = acted + int(clock[Clock.TICK] - old[Clock.TICK])
    if done != int(clock[Clock.ENTRIES] - old[Clock.ENTRIES]):
        found.append("I9 seq and tick moved by another number than the entries that acted")
    if (now.goods_in < before.goods_in).any() or (now.goods_out < before.goods_out).any():
        found.append("I3 lots that entered or left were taken back")
    if (now.trades < before.trades).any() or now.arrivals < before.arrivals:
        found.append("I7 a number of trades or arrivals went back")
    same_day = clock[Clock.STEP] // STEPS_PER_DAY == old[Clock.STEP] // STEPS_PER_DAY
    if now.issued != before.issued and same_day and not acted:
        found.append(f"I17 {now.issued - before.issued} minor units were issued without a reason")
    if _debited(before.frozen, now.frozen):
        found.append("I18 a frozen account was debited")
    return found


def reported(state: WorldState, block: Block) -> list[str]:
    """What a commit reports, against the state after it. Called once per commit: I18 of a halted
    world compares with the call before."""
    return _stood_still(state, block) + _fills(state, block)


def _frozen_rows(state: WorldState) -> np.ndarray:
    flags = state.ledger.flags[: int(state.clock[Clock.ROWS])]
    if not int(np.bitwise_or.reduce(flags)) & AccountFlag.DEBITS_FROZEN:
        return np.zeros(0, np.int64)
    return np.flatnonzero(flags & np.uint16(AccountFlag.DEBITS_FROZEN))


def _watched(state: WorldState, rows: np.ndarray) -> _Watched:
    ledger = state.ledger
    return _Watched(
        rows,
        ledger.generation[rows],
        ledger.cash[rows] + ledger.cash_held[rows],
        ledger.stock[rows] + ledger.stock_held[rows],
        int(state.book.market["trades"].sum()),
    )


def _debited(before: _Watched, now: _Watched) -> bool:
    """Whether an account that was watched before and is now has less of anything."""
    if not len(before.rows) or not len(now.rows):
        return False
    _, old, new = np.intersect1d(before.rows, now.rows, assume_unique=True, return_indices=True)
    less = (now.cash[new] < before.cash[old]) | (now.stock[new] < before.stock[old]).any(axis=1)
    return bool((less & (now.generation[new] == before.generation[old])).any())


def _stood_still(state: WorldState, block: Block) -> list[str]:
    """I18 of a halted world: nobody trades, and nothing is taken from a participant."""
    before = _halted.pop(state, None)
    if not state.clock[Clock.HALTED]:
        return []
    rows = np.arange(state.first_participant, int(state.clock[Clock.ROWS]))
    now = _halted[state] = _watched(state, rows)
    resumed = (block.world_events["kind"] == WorldEvent.RESUME).any()
    if before is None or resumed:
        return []
    if now.trades != before.trades or _debited(before, now):
        return ["I18 an account was debited in a halted world"]
    return []


def _fees(state: WorldState, block: Block) -> list[str]:
    """I8: the fee of a sale is 5 basis points rounded up, and none for a protected newcomer."""
    fills = block.fills
    sold = fills["side"] == 1
    waived = fills["fee_waived"] != 0
    owed = sold & ~waived
    least = np.where(owed, -(-fills["value"] // FEE_DIVISOR), 0)
    # An uncross reports an order's matches as one fill: each of them was rounded up.
    most = least + np.where(owed & (fills["is_maker"] == 1), fills["quantity"] - 1, 0)
    found = []
    if ((fills["fee"] < least) | (fills["fee"] > most)).any():
        found.append("I8 a fee is not the seller's 5 basis points, rounded up")
    # Protection begins and ends with a report of the member: without one it was as it is.
    sure = ~np.isin(fills["participant"], block.members["participant"])
    for participant in np.unique(fills["participant"][sold & sure]).tolist():
        row = directory.row_of(state, participant)
        if row == directory.NO_ROW:
            continue
        protected = bool(state.ledger.flags[row] & np.uint16(AccountFlag.PROTECTED))
        if (waived[sold & (fills["participant"] == participant)] != protected).any():
            found.append("I8 a fee was waived for a seller without protection, or not for one")
            break
    if (waived & ~sold).any():
        found.append("I8 a buyer's fee was waived")
    return found


def _fills(state: WorldState, block: Block) -> list[str]:
    """I8 on every fill that a commit reports: value, fee, both sides of a trade."""
    fills = block.fills
    if not len(fills):
        return []
    found = []
    if (fills["quantity"] <= 0).any() or (fills["price"] <= 0).any():
        found.append("I8 a fill without lots or price")
    if (fills["value"] != fills["price"] * fills["quantity"]).any():
        found.append("I8 a fill's value is not its price times its lots")
    found += _fees(state, block)
    order = np.lexsort((fills["trade"], fills["market"]))
    one, other = fills[order[:-1]], fills[order[1:]]
    same = (one["market"] == other["market"]) & (one["trade"] == other["trade"])
    one, other = one[same], other[same]
    if (one["price"] != other["price"]).any():
        found.append("I8 the two sides of a trade differ")
    # An uncross is one trade of many resting orders; elsewhere a trade has a maker and a taker.
    pair = (one["is_maker"] == 0) | (other["is_maker"] == 0)
    one, other = one[pair], other[pair]
    if (one["side"] == other["side"]).any() or (one["is_maker"] == other["is_maker"]).any():
        found.append("I8 a trade has two takers, two makers, or two sides that are one")
    if (one["quantity"] != other["quantity"]).any():
        found.append("I8 the two sides of a trade differ")
    if (one["participant"] == other["participant"]).any():
        found.append("I8 a participant traded with itself")
    return found
