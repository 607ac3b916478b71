"""Licences: the owner of a patent sets a fee, and others bring a site to its level for it."""

from __future__ import annotations

from economy_engine import deals
from economy_engine.commands import OfferLicence, TakeLicence
from economy_engine.errors import RejectReason
from economy_engine.goods import GOODS_COUNT
from economy_engine.handlers.decision import Context, Decision, refused
from economy_engine.handlers.sites import own_place, tell
from economy_engine.ledger.columns import CASH, AccountFlag
from economy_engine.state import WorldState
from economy_engine.systems.columns import Institution
from economy_engine.systems.venue import pay
from economy_engine.systems.works import patents
from economy_engine.systems.works.members import may_be_debited
from economy_engine.systems.works.sites import update_costs
from economy_engine.works import LEVELS_MAX, WorksEvent

_PROTECTED = int(AccountFlag.PROTECTED)


def offer(context: Context, command: OfferLicence) -> Decision:
    """Let others use an own patent for a fee, for another fee, or no longer."""
    state, row = context.state, context.row
    place = deals.patent_place(command.good, command.level)
    patent = state.arrays["patents"][place]
    if not patent["until"] or int(patent["owner"]) != row:
        return refused(RejectReason.PATENT_NOT_FOUND)
    if command.fee == 0 and not patent["fee"]:
        return refused(RejectReason.OFFER_NOT_FOUND)
    if command.fee and not _in_bounds(state, command.level, command.fee):
        return refused(RejectReason.DEAL_PRICE)
    patent["fee"] = command.fee
    report = state.emission.works
    report.patents.add(place)
    report.note(
        row, context.tick, WorksEvent.PATENT_LICENSED, command.good, 0, command.level
    )  # fmt: skip
    return Decision()


def _in_bounds(state: WorldState, level: int, fee: int) -> bool:
    p, ip_price = state.params.works, patents.ip_price(state)
    floor = deals.licence_floor(p, level, ip_price)
    return floor <= fee <= deals.licence_ceiling(p, level, ip_price)


def take(context: Context, command: TakeLicence) -> Decision:
    """Bring a site to the next level by somebody's patent, for its fee in place of IP.

    Not for newcomers: what costs its giver nothing would carry their grant away.
    """
    state, row, at = context.state, context.row, own_place(context)
    if at < 0:
        return refused(RejectReason.SITE_NOT_FOUND)
    site = state.arrays["sites"][at]
    level, tier = int(site["level"]) + 1, int(site["tier"])
    if level > LEVELS_MAX:
        return refused(RejectReason.SITE_AT_LIMIT)
    place = deals.patent_place(int(site["market"]) % GOODS_COUNT, level)
    patent, flags = state.arrays["patents"][place], state.ledger.flags
    owner = int(patent["owner"])
    if not patent["until"] or not patent["fee"] or not may_be_debited(state, owner):
        return refused(RejectReason.OFFER_NOT_FOUND)
    if owner == row:
        return refused(RejectReason.OWN_OFFER)
    cost = deals.licence_cost(int(patent["fee"]), tier)
    if command.price < cost:
        return refused(RejectReason.OFFER_CHANGED)
    if not may_be_debited(state, row):
        return refused(RejectReason.ACCOUNT_FROZEN)
    if int(flags[row]) & _PROTECTED:
        return refused(RejectReason.NEWCOMER_PROTECTED)
    if not _in_bounds(state, level, int(patent["fee"])):
        return refused(RejectReason.DEAL_PRICE)  # IP became dear or cheap since it was offered
    if int(state.ledger.cash[row]) < cost:
        return refused(RejectReason.INSUFFICIENT_FUNDS)
    _settle(context, place, cost, int(site["market"]))
    site["level"], site["offer"] = level, 0
    update_costs(state, site)
    tell(context, at, WorksEvent.LICENCE_TAKEN, level, -cost)
    touched = [(row, CASH), (owner, CASH)]
    return Decision(result={"paid_minor": cost, "level": level}, touched=touched)


def _settle(context: Context, place: int, cost: int, market: int) -> None:
    """Pay the treasury its part and the owner of the patent the rest."""
    state = context.state
    patent, ledger = state.arrays["patents"][place], state.ledger
    owner, level = int(patent["owner"]), place % LEVELS_MAX + 1
    fee = deals.patent_fee(state.params.works, cost)
    pay(ledger, context.row, state.institution(Institution.TREASURY), fee)
    pay(ledger, context.row, owner, cost - fee)
    patent["licences"] += 1
    patent["earned"] += cost - fee
    report = state.emission.works
    report.patents.add(place)
    report.note(owner, context.tick, WorksEvent.LICENCE_GIVEN, market, 0, level, cost - fee)
