"""Sites of participants: visited every 40 steps, producing once a day with the producers' formulas.

    output = min(target, workers * productivity / labour, inputs, 5 % of the reserve, storage)

Labour comes from the same pool as everybody's (`households.work`), inputs and tools from the
owner's stock, and what is made goes there. Extractors take from the reserve that all draw on. A day
of a site costs the land fee, paid to the treasury; unpaid, the site stands still, and after ten
unpaid days it is taken back. Simplified: no building time, no transport within a region.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from economy_engine import works
from economy_engine.deals import LotOrigin
from economy_engine.goods import GOODS, GOODS_COUNT, TOOL, GoodKind
from economy_engine.ledger.columns import CASH
from economy_engine.params import STEPS_PER_DAY
from economy_engine.rng import Stream, stochastic_round, uniform
from economy_engine.schema import Clock
from economy_engine.state import WorldState
from economy_engine.systems.columns import DayCount, Institution, Macro
from economy_engine.systems.venue import make, pay, use
from economy_engine.systems.works import standing
from economy_engine.systems.works.lots import put_up
from economy_engine.systems.works.members import (
    may_be_debited,
    member_of,
    storage_room,
    stored,
)
from economy_engine.works import SITE_DTYPE, TIER_WORKERS, SiteState, WorksEvent

_EXTRACTED = (GoodKind.FINITE, GoodKind.RENEWABLE)
_RESERVE_SHARE = 0.05  # of the reserve, at most, per day
_EMPTY = np.zeros(1, SITE_DTYPE)[0]


def job_of(state: WorldState, place: int) -> int:
    """Return the index of a site among the employers."""
    return state.counts.sizes["F"] + place


def skill_of(state: WorldState, site: Any) -> float:
    """Return the productivity of a site as it stands."""
    fed = bool(member_of(state, int(site["owner"]))["fed"])
    return works.productivity(int(site["level"]), fed, float(site["condition"]))


def capacity_of(state: WorldState, site: Any) -> float:
    """Return the lots per day that a site makes with all jobs filled."""
    labour = GOODS[int(site["market"]) % GOODS_COUNT].labour
    return TIER_WORKERS[int(site["tier"]) - 1] * skill_of(state, site) / labour


def update_costs(state: WorldState, site: Any) -> None:
    """Take marginal cost and scarcity rent of a site at today's prices."""
    m = int(site["market"])
    k = m % GOODS_COUNT
    good, price, resource = GOODS[k], state.price, state.resource
    inputs = 0.0
    for q in range(GOODS_COUNT):
        amount = float(state.goods.inputs[k, q])
        if amount > 0.0:
            inputs += amount * float(price.mid[m - k + q])
    share = float(resource.reserve[m]) / float(resource.base[m])
    rent = works.price_multiplier(good, share)
    skill, wage = skill_of(state, site), float(site["wage"])
    dear = works.marginal_cost(good.labour, skill, wage, rent, inputs)
    site["cost"] = dear
    site["rent"] = dear - works.marginal_cost(good.labour, skill, wage, 1.0, inputs)


def set_jobs(state: WorldState, place: int) -> None:
    """Offer the jobs that are wanted and not filled, or let workers go."""
    site, staff, job = state.arrays["sites"][place], state.staff, job_of(state, place)
    open_now = site["state"] == SiteState.OPEN
    missing = (int(site["wanted"]) if open_now else 0) - int(staff.workers[job])
    staff.vacancies[job] = max(0, missing)
    staff.layoffs[job] = max(0, -missing)
    staff.wage[job] = float(site["wage"])
    staff.payer[job] = site["owner"]
    staff.region[job] = int(site["market"]) // GOODS_COUNT


def visit_sites(state: WorldState, tick: int, step: int) -> None:
    """Let every site act whose visit is due, in the order of the table."""
    count = int(state.clock[Clock.SITES])
    if not count:
        return
    sites = state.arrays["sites"][:count]
    due = (sites["state"] != SiteState.FREE) & (sites["next_visit"] <= step)
    for place in np.flatnonzero(due).tolist():
        visit(state, place, tick, step)


def visit(state: WorldState, place: int, tick: int, step: int) -> None:
    """One visit of one site: withdraw, produce, hire, offer, buy."""
    site = state.arrays["sites"][place]
    site["next_visit"] = step + works.VISIT_STEPS
    if not standing.withdraw(state, site, tick):
        return
    if step >= int(site["next_production"]):
        site["next_production"] += STEPS_PER_DAY
        if not _pay_land_fee(state, place, site, tick):
            return
        if site["state"] == SiteState.OPEN:
            _work_a_day(state, place, site, tick, step)
    update_costs(state, site)
    set_jobs(state, place)
    if site["state"] != SiteState.OPEN:
        return
    placed = standing.offer(state, site, tick)
    if site["buy_inputs"]:
        output = min(float(site["target"]), capacity_of(state, site))
        standing.supply(state, site, output, tick, placed)


def _pay_land_fee(state: WorldState, place: int, site: Any, tick: int) -> bool:
    """Collect the fee of a day; returns False when the site was taken back."""
    p, row, m = state.params.works, int(site["owner"]), int(site["market"])
    report, deed = state.emission.works, int(site["deed"])
    fee = works.land_fee_minor(p, int(site["tier"]), float(state.macro[Macro.CPI]))
    report.sites.add(place)
    if not may_be_debited(state, row):  # stands still, and is not taken back for that
        site["state"], site["made"] = SiteState.UNLICENSED, 0
        report.note(row, tick, WorksEvent.FEE_UNPAID, m, deed, int(site["unpaid_days"]))
        return True
    if int(state.ledger.cash[row]) >= fee:
        pay(state.ledger, row, state.institution(Institution.TREASURY), fee)
        site["state"], site["unpaid_days"] = SiteState.OPEN, 0
        report.touched.append((row, CASH))
        report.note(row, tick, WorksEvent.LAND_FEE, m, deed, 0, -fee)
        return True
    site["state"] = SiteState.UNLICENSED
    site["unpaid_days"] += 1
    site["made"] = 0
    report.note(row, tick, WorksEvent.FEE_UNPAID, m, deed, int(site["unpaid_days"]))
    if int(site["unpaid_days"]) < p.fee_days:
        return True
    report.note(row, tick, WorksEvent.SITE_REVOKED, m, deed)
    take_back(state, place, tick)
    return False


def _work_a_day(state: WorldState, place: int, site: Any, tick: int, step: int) -> None:
    m, row = int(site["market"]), int(site["owner"])
    posted, left = int(site["posted"]), int(state.ledger.stock[row, m])
    site["unsold"] = min(1.0, left / posted) if posted > 0 else 0.0
    made = _produce(state, place, site, step)
    site["made"] = made
    site["made_total"] += made
    site["posted"] = max(0, int(state.ledger.stock[row, m]) - int(site["keep"]))
    full = max(1.0, capacity_of(state, site))
    p = state.params.works
    worn = p.wear_idle + p.wear * min(1.0, made / full)
    site["condition"] = max(0.0, float(site["condition"]) - worn)
    report = state.emission.works
    report.note(row, tick, WorksEvent.PRODUCED, m, int(site["deed"]), made)
    report.touched.append((row, m))
    _repair(state, site, tick)


def _output(state: WorldState, place: int, site: Any) -> float:
    """The lots that a site can make now: the least of all bounds."""
    m, row = int(site["market"]), int(site["owner"])
    k = m % GOODS_COUNT
    good, ledger = GOODS[k], state.ledger
    workers = int(state.staff.workers[job_of(state, place)])
    output = min(float(site["target"]), workers * skill_of(state, site) / good.labour)
    for q in range(GOODS_COUNT):
        amount = float(state.goods.inputs[k, q])
        if amount > 0.0:
            output = min(output, (int(ledger.stock[row, m - k + q]) + 0.999) / amount)
    if good.kind in _EXTRACTED:
        output = min(output, _RESERVE_SHARE * float(state.resource.reserve[m]))
    region = m // GOODS_COUNT
    room = storage_room(state, row, region) - stored(state, row, region)
    return min(output, float(room))


def _produce(state: WorldState, place: int, site: Any, step: int) -> int:
    """Turn labour, inputs and reserves into lots of the owner; returns the lots made."""
    output = _output(state, place, site)
    seed, m, row = state.params.seed, int(site["market"]), int(site["owner"])
    if output <= 0.0:
        return 0
    made = int(stochastic_round(output, uniform(seed, step, place, int(Stream.SITE))))
    if made <= 0:
        return 0
    k, ledger, day = m % GOODS_COUNT, state.ledger, state.day
    for q in range(GOODS_COUNT):
        amount = float(state.goods.inputs[k, q])
        if amount <= 0.0:
            continue
        market = m - k + q
        u = uniform(seed, step, place, int(Stream.SITE) + 1 + q)
        used = min(int(stochastic_round(amount * made, u)), int(ledger.stock[row, market]))
        use(ledger, row, market, used)
        day.used[market] += used
        day.counts[DayCount.INPUT_VALUE] += used * state.price.mid[market]
        day.counts[DayCount.REAL_OUTPUT] -= used * state.goods.price[q]
        state.price.demand[market] += used
        state.emission.works.touched.append((row, market))
    make(ledger, row, m, made)
    day.produced[m] += made
    day.counts[DayCount.OUTPUT_VALUE] += made * state.price.mid[m]
    day.counts[DayCount.REAL_OUTPUT] += made * state.goods.price[k]
    state.price.supply[m] += made
    if GOODS[k].kind in _EXTRACTED:
        state.resource.reserve[m] -= made
    return made


def _repair(state: WorldState, site: Any, tick: int) -> None:
    """Use tools of the owner once the condition is below the mark."""
    p, row, m = state.params.works, int(site["owner"]), int(site["market"])
    tools = m - m % GOODS_COUNT + TOOL
    step = p.repair * TIER_WORKERS[0] / TIER_WORKERS[int(site["tier"]) - 1]
    used = 0
    while float(site["condition"]) < p.repair_below and int(state.ledger.stock[row, tools]) > used:
        site["condition"] = min(1.0, float(site["condition"]) + step)
        used += 1
    if used:
        use(state.ledger, row, tools, used)
        state.day.used[tools] += used
        report = state.emission.works
        report.touched.append((row, tools))
        report.note(row, tick, WorksEvent.REPAIRED, m, int(site["deed"]), used)


def take_back(state: WorldState, place: int, tick: int) -> None:
    """End a site that its owner loses, and auction it. The caller has withdrawn its orders."""
    site = state.arrays["sites"][place]
    put_up(
        state, int(site["market"]), LotOrigin.TAKEN_BACK, tick, tier=int(site["tier"]),
        level=int(site["level"]), condition=float(site["condition"]),
    )  # fmt: skip
    close_site(state, place)


def close_site(state: WorldState, place: int) -> None:
    """End a site: workers are free, the record is empty and may be used again.

    The caller has withdrawn its orders.
    """
    site, job = state.arrays["sites"][place], job_of(state, place)
    employer = state.household.employer
    employer[employer == job] = -1
    staff = state.staff
    staff.workers[job] = staff.vacancies[job] = staff.layoffs[job] = 0
    staff.wage[job] = 0.0
    staff.payer[job] = -1
    member = member_of(state, int(site["owner"]))
    member["sites"] -= 1
    report = state.emission.works
    report.members.add(int(site["owner"]))
    report.sites.discard(place)
    last = site.copy()
    last["state"], last["offer"] = SiteState.FREE, 0
    report.closed.append(last)
    state.arrays["sites"][place] = _EMPTY
