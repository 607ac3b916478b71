"""Bids for the sites that the treasury auctions."""

from __future__ import annotations

import numpy as np

from economy_engine.commands import BidSite
from economy_engine.deals import next_bid
from economy_engine.errors import RejectReason
from economy_engine.handlers.decision import Context, Decision, refused
from economy_engine.handlers.sites import room_reason
from economy_engine.ledger.columns import CASH
from economy_engine.systems.columns import Institution
from economy_engine.systems.venue import pay
from economy_engine.systems.works import auctions
from economy_engine.systems.works.lots import open_places, report_lot
from economy_engine.works import WorksEvent


def bid(context: Context, command: BidSite) -> Decision:
    """Bid for a site: the money is held, the bid before is given back at once."""
    state, row = context.state, context.row
    found = np.flatnonzero(state.arrays["lots"]["number"] == command.lot)
    if not len(found):
        return refused(RejectReason.AUCTION_NOT_FOUND)
    place = int(found[0])
    lot, price = state.arrays["lots"][place], command.price
    led = bool(lot["best"])
    if led and int(lot["bidder"]) == row:
        return refused(RejectReason.OWN_OFFER)
    if price < next_bid(int(lot["reserve"]), int(lot["best"])):
        return refused(RejectReason.BID_TOO_LOW)
    reason = room_reason(state, row)
    if reason:
        return refused(reason)
    if not led and open_places(state) <= 0:
        return refused(RejectReason.MAX_SITES)
    if int(state.ledger.cash[row]) < price:
        return refused(RejectReason.INSUFFICIENT_FUNDS)
    if led:
        auctions.return_bid(state, place, context.tick)
    pay(state.ledger, row, state.institution(Institution.BIDS), price)
    lot["best"], lot["bidder"], lot["seq"] = price, row, context.seq
    lot["bids"] += 1
    auctions.prolong(state, place, context.tick)
    report_lot(state, place)
    report = state.emission.works
    report.members.add(row)
    report.note(row, context.tick, WorksEvent.BID_PLACED, int(lot["market"]), 0, 0, -price)
    result = {"paid_minor": price, "ends_tick": int(lot["ends"])}
    return Decision(result=result, touched=[(row, CASH)])
