"""What must hold from one commit to the next, and inside what a commit reports.

A rule about change needs the figures of before: they are kept per state, outside of it, and the
first look at a state only takes them down. Numbers are those of the reliability table.
"""

from __future__ import annotations

from typing import NamedTuple
from weakref import WeakKeyDictionary

import numpy as np

from economy_engine.book.columns import BookCounter
from economy_engine.events import Block
from economy_engine.params import STEPS_PER_DAY
from economy_engine.schema import Clock
from economy_engine.state import WorldState
from economy_engine.units import FEE_DIVISOR

_GROWING = (Clock.TICK, Clock.STEP, Clock.SEQ, Clock.ENTRIES, Clock.CALENDAR_NUMBER)


class _Figures(NamedTuple):
    clock: np.ndarray
    goods_in: np.ndarray
    goods_out: np.ndarray
    trades: np.ndarray
    issued: int
    arrivals: int


_before: WeakKeyDictionary[WorldState, _Figures] = WeakKeyDictionary()


def changes(state: WorldState) -> list[str]:
    """Rules on what happened since the last look at this state, in words."""
    now = _Figures(
        state.clock.copy(),
        state.ledger.goods_in.copy(),
        state.ledger.goods_out.copy(),
        state.book.market["trades"].copy(),
        int(state.ledger.issued[0]),
        int(state.book.counters[BookCounter.ARRIVALS]),
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
    return found


def reported(block: Block) -> list[str]:
    """I8 on every fill that a commit reports: value, fee, both sides of a trade."""
    fills = block.fills
    if not len(fills):
        return []
    found = []
    if (fills["quantity"] <= 0).any() or (fills["price"] <= 0).any():
        found.append("I8 a fill without lots or price")
    if (fills["value"] != fills["price"] * fills["quantity"]).any():
        found.append("I8 a fill's value is not its price times its lots")
    # An uncross reports an order's matches as one fill: each of them was rounded up.
    least = np.where(fills["side"] == 1, -(-fills["value"] // FEE_DIVISOR), 0)
    several = (fills["side"] == 1) & (fills["is_maker"] == 1)
    most = least + np.where(several, fills["quantity"] - 1, 0)
    # A protected newcomer sells without a fee; whether one was protected then no report says.
    paid = fills["fee"] != 0
    if (paid & ((fills["fee"] < least) | (fills["fee"] > most))).any():
        found.append("I8 a fee is not the seller's 5 basis points, rounded up")
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
