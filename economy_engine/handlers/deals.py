"""Deals between participants: a site is offered at a price, taken, or offered no longer.

Money, site and jobs change hands in the one command that takes the offer. The seller pays the
books' fee out of the price.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from economy_engine import deals, units
from economy_engine.commands import EndOffer, OfferSite, TakeSite
from economy_engine.deals import SiteWorth
from economy_engine.errors import RejectReason
from economy_engine.goods import GOODS_COUNT, IP
from economy_engine.handlers.decision import Context, Decision, refused
from economy_engine.handlers.sites import own_place, room_reason, tell
from economy_engine.ledger.columns import CASH, AccountFlag
from economy_engine.schema import Clock
from economy_engine.state import WorldState
from economy_engine.systems.columns import Institution, Macro
from economy_engine.systems.venue import pay
from economy_engine.systems.works import standing
from economy_engine.systems.works.founding import set_first_rules
from economy_engine.systems.works.members import may_be_debited, member_of
from economy_engine.works import SiteState, WorksEvent

_PROTECTED = int(AccountFlag.PROTECTED)


def worth_of(state: WorldState, site: Any) -> SiteWorth:
    """Return the bounds of a site's price as the world stands."""
    m = int(site["market"])
    return deals.site_worth(
        state.params.works, int(site["tier"]), int(site["level"]), float(site["condition"]),
        ip_price=float(state.price.reference[m - m % GOODS_COUNT + IP]),
        cpi=float(state.macro[Macro.CPI]),
    )  # fmt: skip


def offer(context: Context, command: OfferSite) -> Decision:
    """Offer a site, or change its price; not for newcomers, whose grant is not transferable."""
    state, place = context.state, own_place(context)
    if place < 0:
        return refused(RejectReason.SITE_NOT_FOUND)
    if not may_be_debited(state, context.row):
        return refused(RejectReason.ACCOUNT_FROZEN)
    if int(state.ledger.flags[context.row]) & _PROTECTED:
        return refused(RejectReason.NEWCOMER_PROTECTED)
    site = state.arrays["sites"][place]
    worth = worth_of(state, site)
    if not worth.floor <= command.price <= worth.ceiling:
        return refused(RejectReason.DEAL_PRICE)
    site["offer"] = command.price
    tell(context, place, WorksEvent.SITE_OFFERED, 0, 0)
    return Decision()


def end_offer(context: Context, command: EndOffer) -> Decision:
    """Offer a site no longer."""
    state, place = context.state, own_place(context)
    if place < 0:
        return refused(RejectReason.SITE_NOT_FOUND)
    site = state.arrays["sites"][place]
    if not site["offer"]:
        return refused(RejectReason.OFFER_NOT_FOUND)
    site["offer"] = 0
    tell(context, place, WorksEvent.OFFER_ENDED, 0, 0)
    return Decision()


def _offered_place(context: Context) -> int:
    """The place of the offered site that the command names, -1 when there is none.

    A site whose owner may not part with anything counts as not offered.
    """
    if context.ref_seq <= 0:
        return -1
    state = context.state
    sites = state.arrays["sites"][: state.clock[Clock.SITES]]
    named = (sites["deed"] == context.ref_seq) & (sites["offer"] > 0)
    found = np.flatnonzero(named & (sites["state"] != SiteState.FREE))
    if not len(found):
        return -1
    place = int(found[0])
    return place if may_be_debited(state, int(sites[place]["owner"])) else -1


def take(context: Context, command: TakeSite) -> Decision:
    """Buy an offered site: the price and the site change hands, its orders are withdrawn."""
    state, row, place = context.state, context.row, _offered_place(context)
    if place < 0:
        return refused(RejectReason.OFFER_NOT_FOUND)
    site = state.arrays["sites"][place]
    price = int(site["offer"])
    if int(site["owner"]) == row:
        return refused(RejectReason.OWN_OFFER)
    if command.price < price:
        return refused(RejectReason.OFFER_CHANGED)
    reason = room_reason(state, row)
    if reason:
        return refused(reason)
    worth = worth_of(state, site)
    if not worth.floor <= price <= worth.ceiling:
        return refused(RejectReason.DEAL_PRICE)  # repaired, or prices moved, since it was offered
    if int(state.ledger.flags[row]) & _PROTECTED and price > worth.fair:
        return refused(RejectReason.NEWCOMER_PROTECTED)
    if int(state.ledger.cash[row]) < price:
        return refused(RejectReason.INSUFFICIENT_FUNDS)
    if not standing.withdraw(state, site, context.tick):
        return refused(RejectReason.ENGINE_BUSY)
    seller = int(site["owner"])
    _settle(context, place, price)
    _hand_over(context, place, price)
    return Decision(result={"paid_minor": price}, touched=[(row, CASH), (seller, CASH)])


def _settle(context: Context, place: int, price: int) -> None:
    """Pay the seller, who pays the fee."""
    state = context.state
    site = state.arrays["sites"][place]
    seller, ledger = int(site["owner"]), state.ledger
    fee = int(units.fee_minor_up(price))
    pay(ledger, context.row, seller, price)
    pay(ledger, seller, state.institution(Institution.FEES), fee)
    works = state.emission.works
    works.members.add(seller)
    works.note(
        seller, context.tick, WorksEvent.SITE_PASSED_ON, int(site["market"]), int(site["deed"]), 1,
        price - fee,
    )  # fmt: skip


def _hand_over(context: Context, place: int, price: int) -> None:
    """Make the buyer the owner; workers, condition, research and unpaid days stay.

    The rules are those of a new site: the seller's could sell the buyer's stock for next to
    nothing, or promise wages out of the buyer's cash, before the buyer ever saw them. The stock is
    the seller's: what was on offer of it tells nothing of the buyer's.
    """
    state, row = context.state, context.row
    site = state.arrays["sites"][place]
    member_of(state, int(site["owner"]))["sites"] -= 1
    buyer = member_of(state, row)
    buyer["sites"] += 1
    buyer["sites_ever"] += 1
    site["owner"], site["paid"] = row, price
    site["offer"] = site["insured"] = site["posted"] = 0
    site["unsold"] = 0.0
    site["next_visit"] = min(int(site["next_visit"]), int(state.clock[Clock.STEP]))
    set_first_rules(state, place)
    tell(context, place, WorksEvent.SITE_TAKEN, 1, -price)
