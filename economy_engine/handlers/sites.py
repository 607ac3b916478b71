"""Sites: buy, run, enlarge, research, give back."""

from __future__ import annotations

import numpy as np

from economy_engine import works
from economy_engine.commands import BuySite, ResearchSite, SellSite, SetSite, UpgradeSite
from economy_engine.deals import LotOrigin
from economy_engine.errors import RejectReason
from economy_engine.goods import GOODS_COUNT, IP
from economy_engine.handlers.decision import Context, Decision, refused
from economy_engine.ledger.columns import CASH, AccountFlag
from economy_engine.schema import Clock
from economy_engine.state import WorldState
from economy_engine.systems.columns import Institution, Macro
from economy_engine.systems.venue import pay, use
from economy_engine.systems.works import patents, standing
from economy_engine.systems.works.founding import found_site
from economy_engine.systems.works.lots import leads_of, open_places, put_up
from economy_engine.systems.works.members import may_be_debited, member_of
from economy_engine.systems.works.sites import close_site, set_jobs, update_costs
from economy_engine.works import TIER_WORKERS, Pricing, SiteState, WorksEvent


def own_place(context: Context) -> int:
    """The place of the site that the command names, -1 when it is not the participant's own."""
    if context.ref_seq <= 0:
        return -1
    sites = context.state.arrays["sites"][: context.state.clock[Clock.SITES]]
    own = (sites["deed"] == context.ref_seq) & (sites["owner"] == context.row)
    found = np.flatnonzero(own & (sites["state"] != SiteState.FREE))
    return int(found[0]) if len(found) else -1


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
    if not may_be_debited(state, row):
        return RejectReason.ACCOUNT_FROZEN
    most = p.sites_newcomer if flags & int(AccountFlag.PROTECTED) else p.sites_each
    if int(member_of(state, row)["sites"]) + leads_of(state, row) >= most:
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
    reason = room_reason(state, row)
    if reason:
        return refused(reason)
    if open_places(state) <= 0:
        return refused(RejectReason.MAX_SITES)
    price = works.licence_minor(p, 1, _level(state))
    if int(ledger.cash[row]) < price:
        return refused(RejectReason.INSUFFICIENT_FUNDS)
    pay(ledger, row, state.institution(Institution.TREASURY), price)
    protected = bool(int(ledger.flags[row]) & int(AccountFlag.PROTECTED))
    first = protected and not member_of(state, row)["sites_ever"]
    place = found_site(state, row, command.market, context.seq, price, insured=first)
    tell(context, place, WorksEvent.SITE_BOUGHT, 1, -price)
    return Decision(result={"paid_minor": price}, touched=[(row, CASH)])


def sell(context: Context, command: SellSite) -> Decision:
    """Give a site back for half of its licence in its condition; a newcomer's first is insured.

    The treasury auctions what it gets.
    """
    state, row, place = context.state, context.row, own_place(context)
    if place < 0:
        return refused(RejectReason.SITE_NOT_FOUND)
    if not may_be_debited(state, row):
        return refused(RejectReason.ACCOUNT_FROZEN)
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
    put_up(
        state, int(site["market"]), LotOrigin.GIVEN_BACK, context.tick, tier=int(site["tier"]),
        level=int(site["level"]), condition=float(site["condition"]), given=back + refund,
    )  # fmt: skip
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
    if not may_be_debited(state, row):
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
    if not may_be_debited(state, row):
        return refused(RejectReason.ACCOUNT_FROZEN)
    units = works.research_units(state.params.works, level, int(site["tier"]))
    market = m - m % GOODS_COUNT + IP
    if int(state.ledger.stock[row, market]) < units:
        return refused(RejectReason.INSUFFICIENT_INVENTORY)
    use(state.ledger, row, market, units)
    state.day.used[market] += units
    site["level"], site["offer"] = level + 1, 0
    update_costs(state, site)
    tell(context, place, WorksEvent.RESEARCHED, units, 0)
    patents.grant(state, row, m, level + 1, context.tick)
    return Decision(result={"units": units, "level": level + 1}, touched=[(row, market)])
