"""How a site comes about: a record with rules that work, and jobs on offer."""

from __future__ import annotations

from typing import Any

import numpy as np

from economy_engine.errors import ContractViolation
from economy_engine.params import STEPS_PER_DAY
from economy_engine.schema import Clock
from economy_engine.state import WorldState
from economy_engine.systems.columns import Macro
from economy_engine.systems.works.members import member_of
from economy_engine.systems.works.sites import capacity_of, set_jobs, update_costs
from economy_engine.works import TIER_WORKERS, Pricing, SiteState

_WAGE_OVER_MEAN = 1.02  # of a new site, so that it finds workers


def _free_place(state: WorldState) -> int:
    """The first place of the table that nobody has; the caller has made sure that there is one."""
    count = int(state.clock[Clock.SITES])
    free = np.flatnonzero(state.arrays["sites"][:count]["state"] == SiteState.FREE)
    if len(free):
        return int(free[0])
    if count >= state.params.sites_max:
        raise ContractViolation("a site was founded without room for it")
    state.clock[Clock.SITES] = count + 1
    return count


def found_site(
    state: WorldState, row: int, market: int, deed: int, paid: int, *, insured: bool,
    tier: int = 1, level: int = 0, condition: float = 1.0,
) -> int:  # fmt: skip
    """Give an account a site; returns its place. There must be room (`lots.open_places`).

    deed: seq of the command that got it; paid: minor units.
    """
    place, step = _free_place(state), int(state.clock[Clock.STEP])
    site = state.arrays["sites"][place]
    values: dict[str, Any] = {
        "owner": row,
        "market": market,
        "deed": deed,
        "condition": condition,
        "tier": tier,
        "level": level,
        "state": int(SiteState.OPEN),
        "insured": int(insured),
        "next_visit": step,
        "next_production": step + STEPS_PER_DAY,
        "paid": paid,
        "slots": -1,
    }
    for name, value in values.items():
        site[name] = value
    member = member_of(state, row)
    member["sites"] += 1
    member["sites_ever"] += 1
    set_first_rules(state, place)
    return place


def set_first_rules(state: WorldState, place: int) -> None:
    """Run a site by the rules of a new owner: it follows the market and hires for all its jobs."""
    site = state.arrays["sites"][place]
    rules = {
        "pricing": int(Pricing.FOLLOW),
        "price": 0,
        "markup_ppm": 0,
        "keep": 0,
        "buy_inputs": 1,
        "wanted": TIER_WORKERS[int(site["tier"]) - 1],
        "wage": int(float(state.macro[Macro.MEAN_WAGE]) * _WAGE_OVER_MEAN),
    }
    for name, value in rules.items():
        site[name] = value
    site["target"] = int(capacity_of(state, site))
    update_costs(state, site)
    set_jobs(state, place)
