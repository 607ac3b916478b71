"""Work, household, prospecting and newcomers: what each command does, every reason against it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from economy_engine import WorldState, commands
from economy_engine.errors import RejectReason
from economy_engine.ledger.columns import AccountFlag
from economy_engine.order_terms import OrderType, Side, TimeInForce
from economy_engine.schema import Clock
from economy_engine.systems.columns import Macro
from economy_engine.systems.works.members import close_members, member_of
from economy_engine.works import SiteState, WorksEvent
from tests.engine.works_table import (
    ANY,
    DAY_TICKS,
    ENRG,
    FOOD,
    OIL,
    OTHER,
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


# Work.


def test_a_contract_pays_the_wage_each_day_until_its_term(table: Table) -> None:
    assert table.result(commands.StartWork()) == {"until_day": 30}
    before = table.cash
    outcome = table.tick(DAY_TICKS)
    wages = outcome.block.works[outcome.block.works["kind"] == WorksEvent.WAGE]
    assert len(wages) == 1
    paid = int(wages["amount"][0])
    assert table.cash == before + paid > before
    gross = float(table.state.macro[Macro.MEAN_WAGE])
    assert 0 < paid <= 0.81 * gross
    together = table.cash + table.treasury
    close_members(table.state, 1, 1)
    assert table.cash + table.treasury == together
    assert table.cash > before + paid
    member_of(table.state, table.row)["work_until"] = 2
    assert WorksEvent.WORK_STOPPED in kinds(table.tick(DAY_TICKS))
    earned = table.cash
    table.tick(DAY_TICKS)
    assert table.cash == earned


def test_an_empty_treasury_pays_nothing(table: Table) -> None:
    table.result(commands.StartWork())
    table.tick(39)
    table.empty_treasury()
    before = table.cash
    table.tick(1)
    assert 0 <= table.cash - before < 1_000


def test_work_is_stopped_once(table: Table) -> None:
    assert table.reason(commands.StopWork()) == RejectReason.NOT_WORKING
    table.result(commands.StartWork())
    table.result(commands.StopWork())
    assert table.reason(commands.StopWork()) == RejectReason.NOT_WORKING


@pytest.mark.parametrize(
    "command",
    [
        commands.StartWork(), commands.StopWork(), commands.SetNeeds(True), commands.BuySite(FOOD),
        commands.SellSite(ANY), rules(), commands.UpgradeSite(ANY), commands.ResearchSite(ANY),
        commands.BuyProspect(OIL, 1),
    ],
)  # fmt: skip
def test_strangers_have_no_economy(table: Table, command: Any) -> None:
    assert table.reason(command, participant=OTHER) == RejectReason.UNKNOWN_PARTICIPANT


# Household.


def test_a_fed_household_raises_productivity(table: Table) -> None:
    table.result(commands.SetNeeds(on=True))
    for good, lots in ((WATR, 2), (FOOD, 6), (ENRG, 5), (TOOL, 2)):
        table.give(good, lots)
    consumed = table.state.ledger.goods_out.copy()
    assert WorksEvent.NEEDS_MET in kinds(table.tick(DAY_TICKS))
    assert table.state.ledger.stock[table.row].sum() == 0
    assert (table.state.ledger.goods_out >= consumed).all()
    assert member_of(table.state, table.row)["fed"] == 1
    assert WorksEvent.NEEDS_MISSED in kinds(table.tick(DAY_TICKS))
    assert member_of(table.state, table.row)["fed"] == 0
    table.result(commands.SetNeeds(on=False))
    assert not set(kinds(table.tick(DAY_TICKS))) & {WorksEvent.NEEDS_MET, WorksEvent.NEEDS_MISSED}


def test_a_household_lives_in_a_region_of_the_world(table: Table) -> None:
    assert table.reason(commands.SetNeeds(True, 7)) == RejectReason.UNKNOWN_SYMBOL


# Prospecting.


def test_tickets_are_paid_and_finds_add_to_the_reserve(table: Table) -> None:
    table.state.ledger.cash[table.row] += 10_000_000
    table.state.ledger.issued[0] += 10_000_000
    finds = tickets = 0
    for _ in range(20):
        reserve, cash = float(table.state.resource.reserve[OIL]), table.cash
        got = table.result(commands.BuyProspect(OIL, 20))
        assert got["paid_minor"] == 20 * 20_000
        assert table.cash == cash - got["paid_minor"] + got["received_minor"]
        assert float(table.state.resource.reserve[OIL]) == reserve + got["found_lots"]
        assert got["received_minor"] == got["finds"] * 900_000
        finds, tickets = finds + got["finds"], tickets + 20
    assert 1 <= finds <= 24
    assert tickets == 400


def test_reasons_against_prospecting(table: Table) -> None:
    assert table.reason(commands.BuyProspect(FOOD, 1)) == RejectReason.NO_DEPOSITS
    assert table.reason(commands.BuyProspect(19, 1)) == RejectReason.UNKNOWN_SYMBOL
    flags = table.state.ledger.flags
    flags[table.row] |= np.uint16(AccountFlag.DEBITS_FROZEN)
    assert table.reason(commands.BuyProspect(OIL, 1)) == RejectReason.ACCOUNT_FROZEN
    table.grow_up()
    table.empty_treasury()
    assert table.reason(commands.BuyProspect(OIL, 20)) == RejectReason.TREASURY_SHORT
    table.drain(10)
    assert table.reason(commands.BuyProspect(OIL, 1)) == RejectReason.INSUFFICIENT_FUNDS


# Newcomers.


def test_protection_ends_by_the_calendar_and_not_for_the_rows_next_owner(table: Table) -> None:
    flags = table.state.ledger.flags
    assert int(flags[table.row]) & int(AccountFlag.PROTECTED)
    table.result(commands.RetireParticipant())
    table.act(commands.RegisterParticipant(guest=False), participant=OTHER)
    until = int(member_of(table.state, table.row)["protected_until"])
    assert until == int(table.state.clock[Clock.TICK]) + 600
    member_of(table.state, table.row)["protected_until"] = until
    table.tick(10)
    assert int(flags[table.row]) & int(AccountFlag.PROTECTED)
    outcome = table.tick(595)
    assert kinds(outcome).count(WorksEvent.PROTECTION_ENDED) == 1
    assert int(outcome.block.works["participant"][-1]) == OTHER
    assert not int(flags[table.row]) & int(AccountFlag.PROTECTED | AccountFlag.NEWCOMER)


def _sell_market(table: Table, lots: int = 10) -> np.void:
    order = commands.PlaceOrder(FOOD, Side.ASK, OrderType.MARKET, TimeInForce.IOC, lots, 0)
    outcome = table.act(order)
    return outcome.block.orders[0]


def test_newcomers_pay_no_fee(table: Table) -> None:
    table.give(FOOD, 20)
    protected = _sell_market(table)
    table.grow_up()
    grown = _sell_market(table)
    assert protected["filled"] > 0
    assert protected["fee"] == 0
    assert grown["fee"] == -(-int(grown["value"]) // 2_000) > 0


def test_newcomers_market_orders_are_cut_at_two_percent(table: Table) -> None:
    table.give(FOOD, 200_000)
    best = int(table.state.book.best[FOOD, Side.BID])
    increment = int(table.state.book.market[FOOD]["price_increment"])
    protected = _sell_market(table, 50_000)
    assert int(protected["price"]) == max(1, best + (-best * 20_000) // 1_000_000) * increment
    table.grow_up()
    best = int(table.state.book.best[FOOD, Side.BID])
    grown = _sell_market(table, 50_000)
    assert int(grown["price"]) <= (best - best // 25) * increment


def test_newcomers_positions_are_bounded(table: Table) -> None:
    table.state.ledger.cash[table.row] += 90_000_000
    table.state.ledger.issued[0] += 90_000_000
    low = int(table.state.book.market[FOOD]["band_low"]) + 5
    price = low * int(table.state.book.market[FOOD]["price_increment"])
    lots = int(40 * float(table.state.macro[Macro.MEAN_WAGE]) / price) + 2
    bid = commands.PlaceOrder(FOOD, Side.BID, OrderType.LIMIT, TimeInForce.GTC, lots, price)
    assert table.reason(bid) == RejectReason.MAX_POSITION
    table.grow_up()
    assert table.act(bid).results[0].executed


def test_registration_needs_room_in_the_calendar(table: Table) -> None:
    table.state.clock[Clock.CALENDAR] = len(table.state.arrays["calendar"])
    before = table.state.digest()
    outcome = table.act(commands.RegisterParticipant(guest=False), participant=OTHER)
    assert outcome.results[0].reason == RejectReason.ENGINE_BUSY
    assert before != 0


def test_retirement_closes_sites_and_frees_their_workers(table: Table) -> None:
    table.buy()
    table.tick(DAY_TICKS * 2)
    job = table.state.counts.sizes["F"]
    assert (table.state.household.employer == job).any()
    table.act(commands.RetireParticipant())
    assert not (table.state.household.employer == job).any()
    assert int(table.state.arrays["sites"][0]["state"]) == SiteState.FREE
    table.tick(DAY_TICKS)
