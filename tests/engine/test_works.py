"""Commands of the player economy: what each does, and every reason for refusing one."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from economy_engine import CommandEntry, TickEntry, WorldState, commands, create, preset, works
from economy_engine.apply import Outcome, apply
from economy_engine.errors import RejectReason
from economy_engine.events import pack, unpack, unpack_result
from economy_engine.goods import INDEX
from economy_engine.ledger.columns import AccountFlag
from economy_engine.order_terms import OrderType, Side, TimeInForce, is_rule_order
from economy_engine.schema import Clock
from economy_engine.systems.columns import Institution, Macro
from economy_engine.systems.works.members import close_members, member_of
from economy_engine.works import Pricing, SiteState, WorksEvent

OIL, WATR, IP, FOOD, ENRG, TOOL, CO2 = (
    INDEX[code] for code in ("OIL", "WATR", "IP", "FOOD", "ENRG", "TOOL", "CO2")
)
PLAYER, OTHER = 77, 12
DAY_TICKS = 60
ANY = bytes(15) + b"\1"
SIZES: dict[str, Any] = {
    "participant_orders_max": 1_024,
    "spare_rows": 64,
    "participants_max": 40,
    "sites_max": 6,
    "ladder_levels": 2_048,
    "ai_orders_max": 16_384,
    "social_hour_ticks": 300,
}


@pytest.fixture(scope="module")
def living() -> WorldState:
    """A small world in which trading has begun, an hour of people's time being 300 ticks."""
    state = create(preset("lab", 500, 11, **SIZES))
    apply(state, [TickEntry() for _ in range(20)])
    return state


class Table:
    """Plays commands of one participant on a copy of a world."""

    def __init__(self, state: WorldState) -> None:
        self.state = state.copy()
        self.act(commands.RegisterParticipant(guest=False))

    def act(self, command: Any, ref_seq: int = 0, participant: int = PLAYER) -> Outcome:
        clock = self.state.clock
        payload = commands.encode(command, commands.Header(participant=participant))
        entry = CommandEntry(int(clock[Clock.SEQ]) + 1, int(clock[Clock.TICK]), ref_seq, payload)
        outcome = apply(self.state, [entry])
        self.state.check()
        assert unpack(pack(outcome.block)).works.tolist() == outcome.block.works.tolist()
        return outcome

    def reason(self, command: Any, ref_seq: int = 0, participant: int = PLAYER) -> RejectReason:
        """The reason of a refusal, which must have changed nothing."""
        seq, entries = int(self.state.clock[Clock.SEQ]), int(self.state.clock[Clock.ENTRIES])
        before = self.state.digest()
        outcome = self.act(command, ref_seq, participant)
        self.state.clock[Clock.SEQ], self.state.clock[Clock.ENTRIES] = seq, entries
        assert self.state.digest() == before
        return outcome.results[0].reason

    def result(self, command: Any, ref_seq: int = 0) -> dict[str, int]:
        done = self.act(command, ref_seq).results[0]
        assert done.executed, done.reason.name
        return unpack_result(done.kind, done.packed)

    def tick(self, count: int = 1) -> Outcome:
        outcome = apply(self.state, [TickEntry() for _ in range(count)])
        self.state.check()
        return outcome

    def buy(self, market: int = FOOD) -> int:
        """Buy a site; returns its deed."""
        self.result(commands.BuySite(market))
        return int(self.state.clock[Clock.SEQ])

    def give(self, market: int, lots: int) -> None:
        """Put lots into the player's stock, out of the ground."""
        self.state.ledger.stock[self.row, market] += lots
        self.state.ledger.goods_in[market] += lots

    @property
    def row(self) -> int:
        return self.state.first_participant

    @property
    def cash(self) -> int:
        ledger = self.state.ledger
        return int(ledger.cash[self.row]) + int(ledger.cash_held[self.row])

    @property
    def treasury(self) -> int:
        return int(self.state.ledger.cash[self.state.institution(Institution.TREASURY)])

    def drain(self, left: int = 0) -> None:
        """Let the treasury take the player's cash."""
        ledger = self.state.ledger
        taken = int(ledger.cash[self.row]) - left
        ledger.cash[self.row] -= taken
        ledger.cash[self.state.institution(Institution.TREASURY)] += taken

    def empty_treasury(self) -> None:
        """Let the fund hold what the treasury had."""
        ledger = self.state.ledger
        treasury, fund = (
            self.state.institution(Institution.TREASURY), self.state.institution(Institution.FUND)
        )  # fmt: skip
        ledger.cash[fund] += ledger.cash[treasury]
        ledger.cash[treasury] = 0

    def grow_up(self) -> None:
        """End the newcomer's protection."""
        self.state.ledger.flags[self.row] = 0


@pytest.fixture
def table(living: WorldState) -> Table:
    return Table(living)


def kinds(outcome: Outcome) -> list[WorksEvent]:
    return [WorksEvent(int(kind)) for kind in outcome.block.works["kind"]]


def rules(**changes: Any) -> commands.SetSite:
    """Rules for a site of the first tier."""
    given: dict[str, Any] = {
        "target": ANY, "output": 50, "wage": 101_000, "workers": 3, "pricing": Pricing.FOLLOW,
        "price": 0, "markup_ppm": 0, "keep": 0, "buy_inputs": True,
    }  # fmt: skip
    return commands.SetSite(**(given | changes))


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
