"""Sites: buy, run, enlarge, research, give back."""

from __future__ import annotations

from typing import Any

import numpy as np

from economy_engine import works
from economy_engine.commands import BuySite, ResearchSite, SellSite, SetSite, UpgradeSite
from economy_engine.errors import RejectReason
from economy_engine.goods import GOODS_COUNT, IP
from economy_engine.handlers.decision import Context, Decision, refused
from economy_engine.ledger.columns import CASH, AccountFlag
from economy_engine.params import STEPS_PER_DAY
from economy_engine.schema import Clock
from economy_engine.state import WorldState
from economy_engine.systems.columns import Institution, Macro
from economy_engine.systems.venue import pay, use
from economy_engine.systems.works import standing
from economy_engine.systems.works.members import member_of
from economy_engine.systems.works.sites import capacity_of, close_site, set_jobs, update_costs
from economy_engine.works import TIER_WORKERS, Pricing, SiteState, WorksEvent

_WAGE_OVER_MEAN = 1.02  # of a new site, so that it finds workers
_DEBITS = int(AccountFlag.DEBITS_FROZEN)


def own_place(context: Context) -> int:
    """The place of the site that the command names, -1 when it is not the participant's own."""
    if context.ref_seq <= 0:
        return -1
    sites = context.state.arrays["sites"][: context.state.clock[Clock.SITES]]
    own = (sites["deed"] == context.ref_seq) & (sites["owner"] == context.row)
    found = np.flatnonzero(own & (sites["state"] != SiteState.FREE))
    return int(found[0]) if len(found) else -1


def _free_place(state: WorldState) -> int:
    """The first place of the table that nobody has; -1 when it is full."""
    count = int(state.clock[Clock.SITES])
    free = np.flatnonzero(state.arrays["sites"][:count]["state"] == SiteState.FREE)
    if len(free):
        return int(free[0])
    return count if count < state.params.sites_max else -1


def tell(context: Context, place: int, kind: WorksEvent, quantity: int, amount: int) -> None:
    """Report a site and its owner's economy as changed, and what happened to them."""
    site = context.state.arrays["sites"][place]
    report = context.state.emission.works
    report.sites.add(place)
    report.members.add(context.row)
    report.note(
        context.row, context.tick, kind, int(site["market"]), int(site["deed"]), quantity, amount
    )


def _level(state: WorldState) -> float:
    return float(state.macro[Macro.CPI])


def room_reason(state: WorldState, row: int) -> RejectReason:
    """Return why an account may not have one more site; OK when it may."""
    flags, p = int(state.ledger.flags[row]), state.params.works
    if flags & _DEBITS:
        return RejectReason.ACCOUNT_FROZEN
    most = p.sites_newcomer if flags & int(AccountFlag.PROTECTED) else p.sites_each
    if int(member_of(state, row)["sites"]) >= most:
        return RejectReason.MAX_SITES
    return RejectReason.OK


def buy(context: Context, command: BuySite) -> Decision:
    """Buy a site of the first tier from the treasury; it starts with rules that work."""
    state, row = context.state, context.row
    p, ledger = state.params.works, state.ledger
    if not 0 <= command.market < state.params.markets:
        return refused(RejectReason.UNKNOWN_SYMBOL)
    if not works.may_be_made(command.market):
        return refused(RejectReason.RECIPE_NOT_ALLOWED)
    reason, place = room_reason(state, row), _free_place(state)
    if reason:
        return refused(reason)
    if place < 0:
        return refused(RejectReason.MAX_SITES)
    price = works.licence_minor(p, 1, _level(state))
    if int(ledger.cash[row]) < price:
        return refused(RejectReason.INSUFFICIENT_FUNDS)
    pay(ledger, row, state.institution(Institution.TREASURY), price)
    state.clock[Clock.SITES] = max(int(state.clock[Clock.SITES]), place + 1)
    member = member_of(state, row)
    protected = bool(int(ledger.flags[row]) & int(AccountFlag.PROTECTED))
    first = protected and not member["sites_ever"]
    member["sites"] += 1
    member["sites_ever"] += 1
    _found(context, place, command.market, price, insured=first)
    tell(context, place, WorksEvent.SITE_BOUGHT, 1, -price)
    return Decision(result={"paid_minor": price}, touched=[(row, CASH)])


def _found(context: Context, place: int, market: int, price: int, *, insured: bool) -> None:
    """Fill the record of a new site."""
    state, step = context.state, int(context.state.clock[Clock.STEP])
    site = state.arrays["sites"][place]
    values: dict[str, Any] = {
        "owner": context.row,
        "market": market,
        "deed": context.seq,
        "condition": 1.0,
        "tier": 1,
        "state": int(SiteState.OPEN),
        "pricing": int(Pricing.FOLLOW),
        "buy_inputs": 1,
        "insured": int(insured),
        "wanted": TIER_WORKERS[0],
        "wage": int(float(state.macro[Macro.MEAN_WAGE]) * _WAGE_OVER_MEAN),
        "next_visit": step,
        "next_production": step + STEPS_PER_DAY,
        "paid": price,
        "slots": -1,
    }
    for name, value in values.items():
        site[name] = value
    site["target"] = int(capacity_of(state, site))
    update_costs(state, site)
    set_jobs(state, place)


def sell(context: Context, command: SellSite) -> Decision:
    """Give a site back for half of its licence in its condition; a newcomer's first is insured."""
    state, row, place = context.state, context.row, own_place(context)
    if place < 0:
        return refused(RejectReason.SITE_NOT_FOUND)
    p, ledger, site = state.params.works, state.ledger, state.arrays["sites"][place]
    back = works.resale_minor(p, int(site["tier"]), float(site["condition"]), _level(state))
    refund = 0
    if site["insured"] and int(ledger.flags[row]) & int(AccountFlag.PROTECTED):
        refund = int(p.insurance * max(0, int(site["paid"]) - back))
    treasury = state.institution(Institution.TREASURY)
    if int(ledger.cash[treasury]) < back + refund:
        return refused(RejectReason.TREASURY_SHORT)
    if not standing.withdraw(state, site, context.tick):
        return refused(RejectReason.ENGINE_BUSY)
    pay(ledger, treasury, row, back + refund)
    tell(context, place, WorksEvent.SITE_SOLD, 1, back)
    if refund:
        tell(context, place, WorksEvent.INSURANCE, 1, refund)
    close_site(state, place)
    return Decision(
        result={"received_minor": back, "insurance_minor": refund}, touched=[(row, CASH)]
    )


def set_rules(context: Context, command: SetSite) -> Decision:
    """Run a site by other rules; they act at its next visit, which is the next step."""
    state, place = context.state, own_place(context)
    if place < 0:
        return refused(RejectReason.SITE_NOT_FOUND)
    site = state.arrays["sites"][place]
    if command.workers > TIER_WORKERS[int(site["tier"]) - 1]:
        return refused(RejectReason.SITE_AT_LIMIT)
    if command.pricing == Pricing.MANUAL and command.price < 1:
        return refused(RejectReason.PRICE_FILTER)
    site["target"], site["wage"], site["wanted"] = command.output, command.wage, command.workers
    site["pricing"], site["price"] = command.pricing, command.price
    site["markup_ppm"], site["keep"] = command.markup_ppm, command.keep
    site["buy_inputs"] = int(command.buy_inputs)
    site["next_visit"] = min(int(site["next_visit"]), int(state.clock[Clock.STEP]))
    update_costs(state, site)
    set_jobs(state, place)
    tell(context, place, WorksEvent.SITE_SET, 0, 0)
    return Decision()


def upgrade(context: Context, command: UpgradeSite) -> Decision:
    """Buy the next tier of a site: twice the jobs for more than twice the price."""
    state, row, place = context.state, context.row, own_place(context)
    if place < 0:
        return refused(RejectReason.SITE_NOT_FOUND)
    site = state.arrays["sites"][place]
    tier = int(site["tier"])
    if tier >= works.TIERS_MAX:
        return refused(RejectReason.SITE_AT_LIMIT)
    if int(state.ledger.flags[row]) & _DEBITS:
        return refused(RejectReason.ACCOUNT_FROZEN)
    price = works.upgrade_minor(state.params.works, tier, _level(state))
    if int(state.ledger.cash[row]) < price:
        return refused(RejectReason.INSUFFICIENT_FUNDS)
    pay(state.ledger, row, state.institution(Institution.TREASURY), price)
    site["tier"], site["offer"] = tier + 1, 0  # what was offered was the smaller one
    site["paid"] += price
    tell(context, place, WorksEvent.SITE_UPGRADED, tier + 1, -price)
    return Decision(result={"paid_minor": price, "tier": tier + 1}, touched=[(row, CASH)])


def research(context: Context, command: ResearchSite) -> Decision:
    """Use up intellectual property for two percent more productivity."""
    state, row, place = context.state, context.row, own_place(context)
    if place < 0:
        return refused(RejectReason.SITE_NOT_FOUND)
    site = state.arrays["sites"][place]
    level, m = int(site["level"]), int(site["market"])
    if level >= works.LEVELS_MAX:
        return refused(RejectReason.SITE_AT_LIMIT)
    units = works.research_units(state.params.works, level, int(site["tier"]))
    market = m - m % GOODS_COUNT + IP
    if int(state.ledger.stock[row, market]) < units:
        return refused(RejectReason.INSUFFICIENT_INVENTORY)
    use(state.ledger, row, market, units)
    state.day.used[market] += units
    site["level"], site["offer"] = level + 1, 0
    update_costs(state, site)
    tell(context, place, WorksEvent.RESEARCHED, units, 0)
    return Decision(result={"units": units, "level": level + 1}, touched=[(row, market)])
