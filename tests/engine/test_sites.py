"""Commands of sites: what each does, and every reason for refusing one."""

from __future__ import annotations

import numpy as np
import pytest

from economy_engine import WorldState, commands, works
from economy_engine.errors import RejectReason
from economy_engine.events import unpack_result
from economy_engine.ledger.columns import AccountFlag
from economy_engine.order_terms import Side, is_rule_order
from economy_engine.schema import Clock
from economy_engine.systems.columns import Institution, Macro
from economy_engine.systems.works import standing
from economy_engine.systems.works.members import member_of
from economy_engine.works import Pricing, SiteState, WorksEvent
from tests.engine.works_table import (
    ANY,
    CO2,
    DAY_TICKS,
    FOOD,
    IP,
    OIL,
    OTHER,
    PLAYER,
    TOOL,
    WATR,
    Table,
    kinds,
    living_world,
    rules,
)


@pytest.fixture(scope="module")
def living() -> WorldState:
    """A small world in which trading has begun."""
    return living_world()


@pytest.fixture
def table(living: WorldState) -> Table:
    return Table(living)


# Sites.


def test_buying_a_site_pays_the_treasury_and_opens_jobs(table: Table) -> None:
    price = works.licence_minor(table.state.params.works, 1, float(table.state.macro[Macro.CPI]))
    cash, treasury = table.cash, table.treasury
    outcome = table.act(commands.BuySite(FOOD))
    assert unpack_result(420, outcome.results[0].packed) == {"paid_minor": price}
    assert (table.cash, table.treasury) == (cash - price, treasury + price)
    (row,) = outcome.block.sites
    assert (row["participant"], row["market"], row["tier"], row["wanted"]) == (PLAYER, FOOD, 1, 4)
    assert row["insured"] == 1
    assert kinds(outcome) == [WorksEvent.SITE_BOUGHT]
    job = table.state.counts.sizes["F"]
    assert int(table.state.staff.vacancies[job]) == 4
    assert int(table.state.staff.payer[job]) == table.row


def test_reasons_against_buying(table: Table) -> None:
    assert table.reason(commands.BuySite(CO2)) == RejectReason.RECIPE_NOT_ALLOWED
    assert table.reason(commands.BuySite(19)) == RejectReason.UNKNOWN_SYMBOL
    table.state.ledger.flags[table.row] |= np.uint16(AccountFlag.DEBITS_FROZEN)
    assert table.reason(commands.BuySite(FOOD)) == RejectReason.ACCOUNT_FROZEN
    table.grow_up()
    table.drain(1_000)
    assert table.reason(commands.BuySite(FOOD)) == RejectReason.INSUFFICIENT_FUNDS


def test_newcomers_have_two_sites_and_a_world_has_room_for_some(table: Table) -> None:
    ledger, treasury = table.state.ledger, table.state.institution(Institution.TREASURY)
    ledger.cash[treasury] -= 15_000_000
    ledger.cash[table.row] += 15_000_000
    for _ in range(2):
        table.buy()
    assert table.reason(commands.BuySite(FOOD)) == RejectReason.MAX_SITES
    table.grow_up()
    for _ in range(4):
        table.buy(OIL)
    assert table.reason(commands.BuySite(FOOD)) == RejectReason.MAX_SITES


def test_a_site_hires_produces_and_sells_on_the_books(table: Table) -> None:
    deed = table.buy()
    orders, made = [], 0
    for _ in range(4):
        block = table.tick(DAY_TICKS).block
        orders += [row for row in block.orders if is_rule_order(int(row["seq"]))]
        made += sum(int(row["quantity"]) for row in block.works if row["kind"] == 8)
    site = table.state.arrays["sites"][0]
    assert int(site["deed"]) == deed
    assert made == int(site["made_total"]) > 20
    assert int(table.state.staff.workers[table.state.counts.sizes["F"]]) == 4
    assert {int(row["side"]) for row in orders} == {Side.BID, Side.ASK}
    assert all(int(row["participant"]) == PLAYER for row in orders)
    assert 0.0 < float(site["condition"]) < 1.0
    assert float(site["cost"]) > 0.0


def test_a_rules_order_can_be_canceled_like_any_other(table: Table) -> None:
    table.give(FOOD, 500)
    deed = table.buy()
    table.result(rules(pricing=Pricing.MANUAL, price=1_000_000, buy_inputs=False), deed)
    rows = table.tick(1).block.orders
    asks = [row for row in rows if row["side"] == Side.ASK and row["left"] > 0]
    assert len(asks) == 1
    seq = int(asks[0]["seq"])
    assert is_rule_order(seq)
    assert int(table.state.ledger.stock_held[table.row, FOOD]) == 500
    table.result(commands.CancelOrder(ANY), ref_seq=seq)
    assert int(table.state.ledger.stock_held[table.row, FOOD]) == 0


def test_rules_are_checked(table: Table) -> None:
    deed = table.buy()
    assert table.reason(rules(), 0) == RejectReason.SITE_NOT_FOUND
    assert table.reason(rules(), deed + 50) == RejectReason.SITE_NOT_FOUND
    assert table.reason(rules(workers=5), deed) == RejectReason.SITE_AT_LIMIT
    manual = rules(pricing=Pricing.MANUAL, price=0)
    assert table.reason(manual, deed) == RejectReason.PRICE_FILTER
    table.result(rules(keep=9), deed)
    site = table.state.arrays["sites"][0]
    assert (int(site["wanted"]), int(site["keep"]), int(site["target"])) == (3, 9, 50)
    table.act(commands.RegisterParticipant(guest=False), participant=OTHER)
    for command in (rules(), commands.SellSite(ANY), commands.UpgradeSite(ANY)):
        assert table.reason(command, deed, OTHER) == RejectReason.SITE_NOT_FOUND


def test_kept_lots_are_not_offered(table: Table) -> None:
    table.give(FOOD, 100)
    deed = table.buy()
    high = rules(pricing=Pricing.MANUAL, price=10_000_000, keep=60, buy_inputs=False)
    table.result(high, deed)
    table.tick(1)
    assert int(table.state.ledger.stock_held[table.row, FOOD]) == 40


def test_no_workers_come_for_nothing_and_all_go_when_unpaid(table: Table) -> None:
    deed = table.buy()
    table.tick(DAY_TICKS * 2)
    job = table.state.counts.sizes["F"]
    assert int(table.state.staff.workers[job]) > 0
    table.result(rules(buy_inputs=False, output=0, workers=0), deed)
    table.tick(DAY_TICKS * 2)
    assert int(table.state.staff.workers[job]) == 0
    assert not (table.state.household.employer == job).any()


def test_a_wage_that_nobody_can_pay_hires_nobody_and_moves_no_mean(table: Table) -> None:
    """Public work, benefits and firms go by the mean wage: a promise must not raise it."""
    deed, job = table.buy(), table.state.counts.sizes["F"]
    table.tick(DAY_TICKS)
    assert int(table.state.staff.workers[job]) > 0
    before = float(table.state.macro[Macro.MEAN_WAGE])
    table.result(rules(wage=2_147_483_647, workers=4), deed)
    table.tick(DAY_TICKS)
    assert int(table.state.staff.workers[job]) == 0
    assert float(table.state.macro[Macro.MEAN_WAGE]) == pytest.approx(before, rel=0.02)
    table.result(commands.StartWork())
    earned = table.cash
    table.tick(DAY_TICKS)
    assert table.cash - earned < 2 * before


def test_unpaid_workers_leave_and_an_unpaid_site_is_taken_back(table: Table) -> None:
    table.buy()
    table.tick(DAY_TICKS * 2)
    seen: list[WorksEvent] = []
    for _ in range(11):
        table.state.ledger.stock[table.row, :] = 0
        table.state.ledger.goods_out[:] = table.state.ledger.goods_in - (
            table.state.ledger.stock.sum(axis=0, dtype=np.int64)
            + table.state.ledger.stock_held.sum(axis=0, dtype=np.int64)
        )
        table.drain()
        outcome = table.tick(DAY_TICKS)
        seen += kinds(outcome)
    job = table.state.counts.sizes["F"]
    assert seen.count(WorksEvent.FEE_UNPAID) == 10
    assert WorksEvent.SITE_REVOKED in seen
    assert int(table.state.staff.workers[job]) == 0
    assert int(table.state.arrays["sites"][0]["state"]) == SiteState.FREE
    assert int(member_of(table.state, table.row)["sites"]) == 0


def test_selling_gives_half_back_and_insures_a_newcomers_first(table: Table) -> None:
    deed, cash = table.buy(), table.cash
    got = table.result(commands.SellSite(ANY), deed)
    assert got["received_minor"] == 750_000
    assert got["insurance_minor"] == 375_000
    assert table.cash == cash + 1_125_000
    second = table.buy()
    assert table.result(commands.SellSite(ANY), second)["insurance_minor"] == 0
    assert table.reason(commands.SellSite(ANY), second) == RejectReason.SITE_NOT_FOUND


def test_a_poor_treasury_buys_no_site(table: Table) -> None:
    deed = table.buy()
    table.empty_treasury()
    assert table.reason(commands.SellSite(ANY), deed) == RejectReason.TREASURY_SHORT


def test_a_place_is_used_again_under_a_new_deed(table: Table) -> None:
    first = table.buy()
    table.result(commands.SellSite(ANY), first)
    second = table.buy(OIL)
    site = table.state.arrays["sites"][0]
    assert (int(site["deed"]), int(site["market"])) == (second, OIL)
    assert int(table.state.clock[Clock.SITES]) == 1


def test_extraction_takes_from_the_reserve(table: Table) -> None:
    deed = table.buy(OIL)
    table.give(TOOL, 40)
    table.result(rules(output=100, workers=4, wage=200_000), deed)
    makes = 0
    for _ in range(3):
        for row in table.tick(DAY_TICKS).block.works:
            makes += int(row["quantity"]) if row["kind"] == WorksEvent.PRODUCED else 0
    assert makes > 0
    table.state.resource.reserve[OIL] = 20.0
    table.state.arrays["sites"][0]["next_production"] = 0
    table.state.arrays["sites"][0]["next_visit"] = 0
    block = table.tick(1).block
    made = [int(row["quantity"]) for row in block.works if row["kind"] == WorksEvent.PRODUCED]
    assert made in ([0], [1])


def test_tools_repair_a_worn_site(table: Table) -> None:
    table.buy()
    table.give(TOOL, 5)
    site = table.state.arrays["sites"][0]
    site["condition"], site["next_production"] = 0.5, 0
    outcome = table.tick(1)
    repaired = [int(r["quantity"]) for r in outcome.block.works if r["kind"] == WorksEvent.REPAIRED]
    assert repaired == [5]
    assert float(site["condition"]) == pytest.approx(0.998, abs=0.01)


def test_upgrades_and_research(table: Table) -> None:
    deed = table.buy()
    assert table.reason(commands.ResearchSite(ANY), deed) == RejectReason.INSUFFICIENT_INVENTORY
    table.give(IP, 10)
    assert table.result(commands.ResearchSite(ANY), deed) == {"units": 2, "level": 1}
    assert table.result(commands.ResearchSite(ANY), deed) == {"units": 8, "level": 2}
    assert int(table.state.ledger.stock[table.row, IP]) == 0
    table.drain(100)
    assert table.reason(commands.UpgradeSite(ANY), deed) == RejectReason.INSUFFICIENT_FUNDS
    ledger, treasury = table.state.ledger, table.state.institution(Institution.TREASURY)
    ledger.cash[treasury] -= 2_250_000
    ledger.cash[table.row] += 2_250_000
    assert table.result(commands.UpgradeSite(ANY), deed) == {"paid_minor": 2_250_000, "tier": 2}
    table.result(rules(workers=8), deed)
    table.state.arrays["sites"][0]["tier"] = works.TIERS_MAX
    table.state.arrays["sites"][0]["level"] = works.LEVELS_MAX
    assert table.reason(commands.UpgradeSite(ANY), deed) == RejectReason.SITE_AT_LIMIT
    assert table.reason(commands.ResearchSite(ANY), deed) == RejectReason.SITE_AT_LIMIT
    table.state.arrays["sites"][0]["tier"] = 1
    table.state.ledger.flags[table.row] |= np.uint16(AccountFlag.DEBITS_FROZEN)
    assert table.reason(commands.UpgradeSite(ANY), deed) == RejectReason.ACCOUNT_FROZEN


def test_nothing_leaves_a_frozen_account_and_its_sites_wait(table: Table) -> None:
    """No fee, wage, meal, storage fee, lot or retirement; and it all goes on afterwards."""
    table.grow_up()
    deed = table.buy(FOOD)
    table.result(commands.SetNeeds(on=True, region=0))
    table.result(rules(keep=2_000), deed)
    for market in range(table.state.params.markets):
        table.give(market, 900)
    table.tick(DAY_TICKS)
    ledger, row = table.state.ledger, table.row
    site = table.state.arrays["sites"][0]
    assert site["state"] == SiteState.OPEN and table.state.staff.workers.sum() > 0
    table.act(commands.CancelAll(-1))
    assert standing.withdraw(table.state, site, int(table.state.clock[Clock.TICK]))
    ledger.flags[row] |= np.uint16(AccountFlag.DEBITS_FROZEN)
    before = np.append(ledger.stock[row] + ledger.stock_held[row], ledger.cash[row])
    outcome = table.tick(12 * DAY_TICKS)
    after = np.append(ledger.stock[row] + ledger.stock_held[row], ledger.cash[row])
    assert (after >= before).all(), "something left the account"
    assert site["state"] == SiteState.UNLICENSED and site["unpaid_days"] == 0
    assert WorksEvent.SITE_REVOKED not in kinds(outcome)
    for command in (commands.ResearchSite(ANY), commands.RetireParticipant()):
        assert table.reason(command, deed) == RejectReason.ACCOUNT_FROZEN
    ledger.flags[row] &= ~np.uint16(AccountFlag.DEBITS_FROZEN)
    outcome = table.tick(2 * DAY_TICKS)
    assert site["state"] == SiteState.OPEN and ledger.cash[row] < after[-1]
    assert {WorksEvent.LAND_FEE, WorksEvent.NEEDS_MET, WorksEvent.STORAGE_FEE} <= {*kinds(outcome)}


# Storage.


def test_a_full_storage_stops_production_and_costs_a_fee(table: Table) -> None:
    table.buy(FOOD)
    table.give(WATR, 5_000)
    site = table.state.arrays["sites"][0]
    table.tick(DAY_TICKS)
    site["next_production"] = site["next_visit"] = 0
    outcome = table.tick(1)
    made = [int(r["quantity"]) for r in outcome.block.works if r["kind"] == WorksEvent.PRODUCED]
    assert made == [0]
    outcome = table.tick(DAY_TICKS)
    fees = outcome.block.works[outcome.block.works["kind"] == WorksEvent.STORAGE_FEE]
    assert len(fees) == 1
    assert int(fees["quantity"][0]) >= 2_000
    assert int(fees["amount"][0]) < 0
