"""The end of an auction: the best bid goes to the treasury, its bidder gets the site.

A bid is taken when it is placed and held by the institution of bids, so the winner can always pay;
room for the site is kept from then on. An auction without a bid ends without effect.
"""

from __future__ import annotations

import numpy as np

from economy_engine.deals import LOT_DTYPE, LotState
from economy_engine.ledger.columns import CASH, AccountFlag
from economy_engine.schema import Clock
from economy_engine.state import WorldState
from economy_engine.systems.columns import Institution
from economy_engine.systems.venue import pay
from economy_engine.systems.works import lots as table
from economy_engine.systems.works.founding import found_site
from economy_engine.systems.works.members import member_of
from economy_engine.works import WorksEvent

_EMPTY = np.zeros(1, LOT_DTYPE)[0]


def close_lots(state: WorldState, tick: int) -> None:
    """End the auctions whose time has come, in the order of the table."""
    if not state.clock[Clock.LOTS]:
        return
    lots = state.arrays["lots"]
    for place in np.flatnonzero((lots["number"] > 0) & (lots["ends"] <= tick)).tolist():
        sold = bool(lots[place]["best"])
        if sold:
            _award(state, place, tick)
        table.report_lot(state, place, LotState.SOLD if sold else LotState.UNSOLD)
        lots[place] = _EMPTY


def _award(state: WorldState, place: int, tick: int) -> None:
    lot, ledger = state.arrays["lots"][place], state.ledger
    row, price, market = int(lot["bidder"]), int(lot["best"]), int(lot["market"])
    bids, treasury = state.institution(Institution.BIDS), state.institution(Institution.TREASURY)
    pay(ledger, bids, treasury, price)
    protected = int(ledger.flags[row]) & int(AccountFlag.PROTECTED)
    first = bool(protected and not member_of(state, row)["sites_ever"])
    site = found_site(
        state, row, market, int(lot["seq"]), price, insured=first, tier=int(lot["tier"]),
        level=int(lot["level"]), condition=float(lot["condition"]),
    )  # fmt: skip
    report = state.emission.works
    report.sites.add(site)
    report.members.add(row)
    report.note(row, tick, WorksEvent.SITE_WON, market, int(lot["seq"]), int(lot["tier"]))


def return_bid(state: WorldState, place: int, tick: int) -> int:
    """Give the best bid of a lot back; returns the row that it was of."""
    lot = state.arrays["lots"][place]
    row, price = int(lot["bidder"]), int(lot["best"])
    pay(state.ledger, state.institution(Institution.BIDS), row, price)
    lot["best"] = lot["seq"] = lot["bidder"] = 0
    report = state.emission.works
    report.touched.append((row, CASH))
    report.note(row, tick, WorksEvent.BID_RETURNED, int(lot["market"]), 0, 0, price)
    return row


def return_bids_of(state: WorldState, row: int, tick: int) -> None:
    """Give back the bids of an account that closes; others have a day more to bid."""
    lots = state.arrays["lots"]
    for place in np.flatnonzero((lots["best"] > 0) & (lots["bidder"] == row)).tolist():
        return_bid(state, place, tick)
        prolong(state, place, tick)
        table.report_lot(state, place)


def prolong(state: WorldState, place: int, tick: int) -> None:
    """Leave a game day at least to answer; every bid is a twentieth higher, so this ends."""
    lot = state.arrays["lots"][place]
    lot["ends"] = max(int(lot["ends"]), tick + state.params.preset.clock.ticks_per_day)
