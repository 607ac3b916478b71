"""Sites that come to the treasury are put up: what failed firms leave, and what players give up.

    reserve = max(what the treasury gives for such a site, what it has given for this one)

A table of 64 lots. While it is full, capacity of failed firms waits in its own list (where the
oldest of 64 gives way), and a site that a player gives up is not sold again: its licence lapses.
"""

from __future__ import annotations

import numpy as np

from economy_engine import works
from economy_engine.deals import LotOrigin, LotState, tier_of
from economy_engine.goods import GOODS, GOODS_COUNT
from economy_engine.limits import AUCTION_LOTS_MAX
from economy_engine.schema import Clock
from economy_engine.state import WorldState
from economy_engine.systems.columns import SITES_LISTED, CreditTotal, Macro


def auction_ticks(state: WorldState) -> int:
    """Return for how many ticks a site is under the hammer, if nobody bids at the end."""
    return state.params.works.auction_days * state.params.preset.clock.ticks_per_day


def report_lot(state: WorldState, place: int, standing: LotState = LotState.OPEN) -> None:
    """Report a lot as it is now."""
    lot = state.arrays["lots"][place].copy()
    state.emission.works.lots[int(lot["number"])] = (lot, int(standing))


def put_up(
    state: WorldState, market: int, origin: LotOrigin, tick: int, *, tier: int, level: int = 0,
    condition: float = 1.0, given: int = 0,
) -> bool:  # fmt: skip
    """Auction a site; False (and no effect) when the table is full.

    given: minor units that the treasury has given for it.
    """
    lots = state.arrays["lots"]
    free = np.flatnonzero(lots["number"] == 0)
    if not len(free):
        return False
    place, cpi = int(free[0]), float(state.macro[Macro.CPI])
    state.clock[Clock.LOTS] += 1
    lot = lots[place]
    lot["number"], lot["market"], lot["origin"] = state.clock[Clock.LOTS], market, int(origin)
    lot["tier"], lot["level"], lot["condition"] = tier, level, condition
    lot["opened"], lot["ends"] = tick, tick + auction_ticks(state)
    lot["reserve"] = max(1, given, works.resale_minor(state.params.works, tier, condition, cpi))
    report_lot(state, place)
    return True


def put_up_failed(state: WorldState, tick: int) -> None:
    """Auction the capacity that failed firms have left, the oldest first, while there is room."""
    totals, listed = state.credit.totals, state.credit.sites
    end = int(totals[CreditTotal.SITES])
    number = max(int(totals[CreditTotal.AUCTIONED]), end - SITES_LISTED)
    while number < end:
        entry = listed[number % SITES_LISTED]
        market = int(entry["market"])
        tier = tier_of(float(entry["capacity"]), GOODS[market % GOODS_COUNT].labour)
        if tier and works.may_be_made(market):
            condition = state.params.works.auction_condition
            origin = LotOrigin.FAILED_FIRM
            if not put_up(state, market, origin, tick, tier=tier, condition=condition):
                break
        number += 1
    totals[CreditTotal.AUCTIONED] = number


def leads_of(state: WorldState, row: int) -> int:
    """Return how many auctions an account leads: each may become a site of it."""
    lots = state.arrays["lots"]
    return int(np.count_nonzero((lots["best"] > 0) & (lots["bidder"] == row)))


def open_places(state: WorldState) -> int:
    """Return how many more sites may come about: free places less those that bids will take."""
    sites = state.arrays["sites"][: state.clock[Clock.SITES]]
    taken = int(np.count_nonzero(sites["state"] != works.SiteState.FREE))
    led = int(np.count_nonzero(state.arrays["lots"]["best"]))
    return state.params.sites_max - taken - led


assert AUCTION_LOTS_MAX >= SITES_LISTED
