"""Sites under the hammer: where they come from, how bids are held, who gets them."""

from __future__ import annotations

import pytest

from economy_engine import WorldState, commands, deals, works
from economy_engine.deals import LotOrigin, LotState
from economy_engine.errors import RejectReason
from economy_engine.ledger.columns import AccountFlag
from economy_engine.limits import AUCTION_LOTS_MAX
from economy_engine.schema import Clock
from economy_engine.systems.columns import SITES_LISTED, CreditTotal, Institution, Macro
from economy_engine.systems.works import auctions, lots
from economy_engine.systems.works.members import member_of
from economy_engine.works import SiteState, WorksEvent
from tests.engine.works_table import (
    ANY,
    CO2,
    DAY_TICKS,
    FOOD,
    OIL,
    OTHER,
    PLAYER,
    Table,
    kinds,
    living_world,
    two_players,
)

TERM_TICKS = 15 * DAY_TICKS
RESERVE = 750_000  # of a new site of the first tier
BID = commands.BidSite


@pytest.fixture(scope="module")
def living() -> WorldState:
    """A small world in which trading has begun."""
    return living_world()


@pytest.fixture
def table(living: WorldState) -> Table:
    """Two players with money, no newcomers any more."""
    return two_players(living, cash_minor=5_000_000)


def put_up(table: Table, market: int = FOOD) -> int:
    """The player gives a site back, which is auctioned; the number of the lot."""
    table.result(commands.SellSite(ANY), table.buy(market))
    return int(table.state.clock[Clock.LOTS])


def cash(table: Table, place: int) -> int:
    return int(table.state.ledger.cash[table.row + place])


def held(table: Table) -> int:
    return int(table.state.ledger.cash[table.state.institution(Institution.BIDS)])


def test_the_next_bid_and_the_tier_by_hand() -> None:
    assert [deals.next_bid(750, best) for best in (0, 750, 751, 1_000, 1)] == [
        750, 787, 788, 1_050, 2
    ]  # fmt: skip
    assert [deals.tier_of(capacity, 0.05) for capacity in (79.9, 80.0, 159.0, 640.0, 9e9)] == [
        0, 1, 1, 4, 5
    ]  # fmt: skip


def test_a_site_that_is_given_back_is_auctioned(table: Table) -> None:
    deed = table.buy()
    outcome = table.act(commands.SellSite(ANY), deed)
    (lot,) = outcome.block.lots
    told = [int(lot[name]) for name in ("number", "market", "tier", "reserve", "best", "bids")]
    assert told == [1, FOOD, 1, RESERVE, 0, 0]
    assert (lot["origin"], lot["state"]) == (LotOrigin.GIVEN_BACK, LotState.OPEN)
    assert int(lot["ends"]) - int(lot["opened"]) == TERM_TICKS


def test_the_reserve_is_never_below_what_the_treasury_gave(table: Table) -> None:
    table.state.ledger.flags[table.row] = AccountFlag.PROTECTED
    got = table.result(commands.SellSite(ANY), table.buy())
    assert got["insurance_minor"] == 375_000
    assert int(table.state.arrays["lots"][0]["reserve"]) == RESERVE + 375_000


def test_bids_are_held_and_given_back_when_they_are_beaten(table: Table) -> None:
    number = put_up(table)
    first, second = cash(table, 0), cash(table, 1)
    assert table.result(BID(number, RESERVE))["paid_minor"] == RESERVE
    assert (cash(table, 0), held(table)) == (first - RESERVE, RESERVE)
    assert table.reason(BID(number, 787_499), 0, OTHER) == RejectReason.BID_TOO_LOW
    outcome = table.act(BID(number, 787_500), 0, OTHER)
    assert outcome.results[0].executed
    assert (cash(table, 0), cash(table, 1), held(table)) == (first, second - 787_500, 787_500)
    assert kinds(outcome) == [WorksEvent.BID_RETURNED, WorksEvent.BID_PLACED]
    assert {int(row["participant"]) for row in outcome.block.balances} == {PLAYER, OTHER}
    (lot,) = outcome.block.lots
    assert (int(lot["participant"]), int(lot["best"]), int(lot["bids"])) == (OTHER, 787_500, 2)


def test_the_best_bid_wins_the_site_and_pays_the_treasury(table: Table) -> None:
    number = put_up(table)
    site = table.state.arrays["lots"][0]
    site["level"], site["condition"], site["tier"] = 2, 0.6, 2
    table.result(BID(number, 900_000), 0, OTHER)
    deed = int(table.state.clock[Clock.SEQ])
    state = table.state
    outcome = table.tick(TERM_TICKS)
    assert held(table) == 0
    (won,) = [row for row in outcome.block.works if row["kind"] == WorksEvent.SITE_WON]
    assert (int(won["participant"]), int(won["deed"]), int(won["quantity"])) == (OTHER, deed, 2)
    lot = outcome.block.lots[-1]
    assert (int(lot["state"]), int(lot["participant"])) == (LotState.SOLD, OTHER)
    new = state.arrays["sites"][0]
    assert (int(new["owner"]), int(new["deed"])) == (table.row + 1, deed)
    assert (int(new["tier"]), int(new["level"]), int(new["paid"])) == (2, 2, 900_000)
    assert int(new["state"]) == SiteState.OPEN
    assert int(member_of(state, table.row + 1)["sites"]) == 1
    assert not state.arrays["lots"].tobytes().strip(b"\0")
    assert table.reason(BID(number, 2_000_000)) == RejectReason.AUCTION_NOT_FOUND
    table.result(commands.UpgradeSite(ANY), deed, OTHER)


def test_the_treasury_gets_the_bid_to_the_unit(table: Table) -> None:
    number = put_up(table)
    table.result(BID(number, 900_000))
    lot, treasury = table.state.arrays["lots"][0], table.treasury
    lot["ends"] = int(table.state.clock[Clock.TICK])
    auctions.close_lots(table.state, int(table.state.clock[Clock.TICK]))
    assert table.treasury == treasury + 900_000
    table.state.check()


def test_nobody_bids_and_nothing_happens(table: Table) -> None:
    put_up(table)
    outcome = table.tick(TERM_TICKS)
    assert [int(lot["state"]) for lot in outcome.block.lots] == [LotState.UNSOLD]
    assert not table.state.arrays["lots"].tobytes().strip(b"\0")
    assert int(table.state.arrays["sites"][0]["state"]) == SiteState.FREE


def test_a_late_bid_leaves_a_day_to_answer(table: Table) -> None:
    number = put_up(table)
    early = table.result(BID(number, RESERVE))["ends_tick"]
    table.state.arrays["lots"][0]["ends"] = int(table.state.clock[Clock.TICK]) + 2
    late = table.result(BID(number, 900_000), 0, OTHER)["ends_tick"]
    assert early == TERM_TICKS + int(table.state.clock[Clock.TICK])
    assert late == DAY_TICKS + int(table.state.clock[Clock.TICK])


def test_reasons_against_a_bid(table: Table) -> None:
    number, flags = put_up(table), table.state.ledger.flags
    assert table.reason(BID(number + 1, RESERVE)) == RejectReason.AUCTION_NOT_FOUND
    assert table.reason(BID(number, RESERVE - 1)) == RejectReason.BID_TOO_LOW
    flags[table.row] = AccountFlag.DEBITS_FROZEN
    assert table.reason(BID(number, RESERVE)) == RejectReason.ACCOUNT_FROZEN
    flags[table.row] = 0
    table.result(BID(number, RESERVE))
    assert table.reason(BID(number, 2_000_000)) == RejectReason.OWN_OFFER
    table.result(BID(number, 800_000), 0, OTHER)
    table.drain(839_999)
    assert table.reason(BID(number, 840_000)) == RejectReason.INSUFFICIENT_FUNDS


def test_what_is_led_counts_as_a_site(table: Table) -> None:
    first, second = put_up(table), put_up(table, OIL)
    most = table.state.params.works.sites_newcomer
    assert most == 2
    table.result(BID(first, RESERVE))
    table.result(BID(second, RESERVE))
    table.state.ledger.flags[table.row] = AccountFlag.PROTECTED
    assert table.reason(commands.BuySite(FOOD)) == RejectReason.MAX_SITES
    table.state.ledger.flags[table.row] = 0
    ledger, treasury = table.state.ledger, table.state.institution(Institution.TREASURY)
    ledger.cash[treasury] -= 9_000_000
    ledger.cash[table.row] += 9_000_000
    for _ in range(table.state.params.sites_max - 2):
        table.buy()
    assert table.reason(commands.BuySite(FOOD)) == RejectReason.MAX_SITES
    assert lots.open_places(table.state) == 0
    table.tick(TERM_TICKS)
    assert int(table.state.clock[Clock.SITES]) == table.state.params.sites_max


def test_who_leaves_gets_the_bid_back_and_loses_the_sites_to_auctions(table: Table) -> None:
    number = put_up(table)
    table.buy(OIL)
    table.result(BID(number, RESERVE))
    before = cash(table, 1)
    outcome = table.act(commands.RetireParticipant())
    table.state.check()
    assert (held(table), cash(table, 1)) == (0, before)
    told = {int(lot["number"]): lot for lot in outcome.block.lots}
    assert {number: int(lot["best"]) for number, lot in told.items()} == {1: 0, 2: 0}
    assert int(told[2]["origin"]) == LotOrigin.TAKEN_BACK
    table.result(BID(number, RESERVE), 0, OTHER)


def fail(table: Table, capacity: float, market: int = FOOD) -> None:
    """A firm leaves capacity behind, as `credit.list_site` enters it."""
    totals = table.state.credit.totals
    entry = table.state.credit.sites[int(totals[CreditTotal.SITES]) % SITES_LISTED]
    entry["market"], entry["capacity"] = market, capacity
    totals[CreditTotal.SITES] += 1


def test_what_failed_firms_leave_is_auctioned_at_the_days_end(table: Table) -> None:
    fail(table, 170.0)
    fail(table, 10.0)  # fewer jobs than a site has
    fail(table, 900.0, CO2)  # permits are not made
    outcome = table.tick(DAY_TICKS)
    (lot,) = outcome.block.lots
    told = [int(lot[name]) for name in ("number", "market", "tier", "origin", "reserve")]
    assert told[:4] == [1, FOOD, 2, LotOrigin.FAILED_FIRM]
    cpi = float(table.state.macro[Macro.CPI])
    assert told[4] == works.resale_minor(table.state.params.works, 2, 0.7, cpi)
    assert int(table.state.credit.totals[CreditTotal.AUCTIONED]) == 3


def test_a_full_table_lets_firms_wait_and_licences_lapse(table: Table) -> None:
    tick = int(table.state.clock[Clock.TICK])
    for _ in range(AUCTION_LOTS_MAX):
        assert lots.put_up(table.state, OIL, LotOrigin.TAKEN_BACK, tick, tier=1)
    table.result(commands.SellSite(ANY), table.buy())
    assert int(table.state.clock[Clock.LOTS]) == AUCTION_LOTS_MAX
    fail(table, 170.0)
    table.tick(DAY_TICKS)
    assert int(table.state.credit.totals[CreditTotal.AUCTIONED]) == 0
    table.state.arrays["lots"][5]["ends"] = int(table.state.clock[Clock.TICK]) + 1
    outcome = table.tick(DAY_TICKS)
    opened = [int(lot["number"]) for lot in outcome.block.lots if lot["state"] == LotState.OPEN]
    assert opened == [AUCTION_LOTS_MAX + 1]
    assert int(table.state.credit.totals[CreditTotal.AUCTIONED]) == 1
    for _ in range(SITES_LISTED + 7):
        fail(table, 170.0)
    table.tick(DAY_TICKS)
    assert int(table.state.credit.totals[CreditTotal.AUCTIONED]) == 8  # seven gave way
