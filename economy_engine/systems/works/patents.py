"""Patents: who first reaches a level of research for a good may let others use it for a fee.

A patent blocks nobody's own research; a licence is the way around it, for money in place of
intellectual property. It belongs to a participant, not to a site, and ends with its term or with
its owner's account; then the level is open to be patented again. There is one place for each good
and level, so the table cannot overflow.
"""

from __future__ import annotations

import numpy as np

from economy_engine import deals
from economy_engine.deals import PATENT_DTYPE
from economy_engine.goods import GOODS_COUNT, IP
from economy_engine.state import WorldState
from economy_engine.works import LEVELS_MAX, WorksEvent

_NOBODYS = np.zeros(1, PATENT_DTYPE)[0]


def ip_price(state: WorldState) -> float:
    """Return the highest reference price of a lot of IP in any region, minor units."""
    return float(state.price.reference[IP::GOODS_COUNT].max())


def grant(state: WorldState, row: int, market: int, level: int, tick: int) -> None:
    """Give the patent of a level that a site of a market has reached, unless somebody has it."""
    place = deals.patent_place(market % GOODS_COUNT, level)
    patent = state.arrays["patents"][place]
    if patent["until"]:
        return
    days = state.params.works.patent_days * state.params.preset.clock.ticks_per_day
    patent["owner"], patent["until"] = row, tick + days
    report = state.emission.works
    report.patents.add(place)
    report.note(row, tick, WorksEvent.PATENT_GRANTED, market, 0, level)


def close_patents(state: WorldState, tick: int) -> None:
    """End the patents whose term is over, at a day's end."""
    until = state.arrays["patents"]["until"]
    for place in np.flatnonzero((until > 0) & (until <= tick)).tolist():
        _end(state, place, tick)


def end_patents_of(state: WorldState, row: int, tick: int) -> None:
    """End the patents of an account that closes."""
    table = state.arrays["patents"]
    for place in np.flatnonzero((table["until"] > 0) & (table["owner"] == row)).tolist():
        _end(state, place, tick)


def _end(state: WorldState, place: int, tick: int) -> None:
    table, report = state.arrays["patents"], state.emission.works
    good, level = place // LEVELS_MAX, place % LEVELS_MAX + 1
    report.note(int(table[place]["owner"]), tick, WorksEvent.PATENT_ENDED, good, 0, level)
    report.patents.add(place)
    table[place] = _NOBODYS
