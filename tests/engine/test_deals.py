"""Sites that change hands between participants, and every reason why they do not."""

from __future__ import annotations

import numpy as np
import pytest

from economy_engine import WorldState, commands, deals, works
from economy_engine.errors import RejectReason
from economy_engine.ledger.columns import AccountFlag
from economy_engine.order_terms import Side, is_rule_order
from economy_engine.params import WorksParams
from economy_engine.systems.columns import Institution, Macro
from economy_engine.systems.works.members import member_of
from economy_engine.units import fee_minor_up
from economy_engine.works import Pricing, SiteState, WorksEvent
from tests.engine.works_table import (
    ANY,
    DAY_TICKS,
    FOOD,
    OTHER,
    PLAYER,
    Table,
    kinds,
    living_world,
    two_players,
)
from tests.engine.works_table import rules as site_rules

PRICE = 1_400_000
OFFER, END, TAKE = commands.OfferSite, commands.EndOffer, commands.TakeSite


@pytest.fixture(scope="module")
def living() -> WorldState:
    """A small world in which trading has begun."""
    return living_world()


@pytest.fixture
def table(living: WorldState) -> Table:
    """A seller who is no newcomer any more, and somebody else with as much money."""
    return two_players(living)


def account(table: Table, row: int) -> int:
    ledger = table.state.ledger
    return int(ledger.cash[row]) + int(ledger.cash_held[row])


def test_the_bounds_of_a_price_by_hand() -> None:
    p = WorksParams()
    new = deals.site_worth(p, 1, 0, 1.0, ip_price=25_000.0, cpi=1.0)
    assert new == (750_000, 1_500_000, 3_000_000)
    worn = deals.site_worth(p, 2, 2, 0.5, ip_price=25_000.0, cpi=1.1)
    licence, research = 4_125_000, (4 + 16) * 25_000
    assert deals.research_lots(p, 2, 2) == 20
    assert worn == (licence // 4, licence // 2 + research, 2 * (licence + research))


# One row: what is done, by whom, what comes of it. The site is the player's; `=` is the outcome.
REFUSED = [
    ("a price below what the treasury gives", OFFER(ANY, 700_000), PLAYER, "DEAL_PRICE"),
    ("a price beyond the ceiling", OFFER(ANY, 9_000_000), PLAYER, "DEAL_PRICE"),
    ("an offer of somebody else's site", OFFER(ANY, PRICE), OTHER, "SITE_NOT_FOUND"),
    ("the end of no offer", END(ANY), PLAYER, "OFFER_NOT_FOUND"),
    ("the end of a stranger's offer", END(ANY), OTHER, "SITE_NOT_FOUND"),
    ("taking what is not offered", TAKE(ANY, PRICE), OTHER, "OFFER_NOT_FOUND"),
]
REFUSED_OFFERED = [
    ("taking one's own", TAKE(ANY, PRICE), PLAYER, "OWN_OFFER"),
    ("paying less than is asked", TAKE(ANY, PRICE - 1), OTHER, "OFFER_CHANGED"),
]


@pytest.mark.parametrize(
    ("words", "command", "who", "reason"), REFUSED, ids=[r[0] for r in REFUSED]
)
def test_refusals_of_a_site_that_is_not_offered(table, words, command, who, reason) -> None:
    deed = table.buy()
    assert table.reason(command, deed, who) == RejectReason[reason], words
    assert table.reason(command, 0, who) in (
        RejectReason.SITE_NOT_FOUND, RejectReason.OFFER_NOT_FOUND
    )  # fmt: skip


@pytest.mark.parametrize(
    ("words", "command", "who", "reason"), REFUSED_OFFERED, ids=[r[0] for r in REFUSED_OFFERED]
)
def test_refusals_of_an_offer(table, words, command, who, reason) -> None:
    deed = table.buy()
    table.result(OFFER(ANY, PRICE), deed)
    assert table.reason(command, deed, who) == RejectReason[reason], words


def test_money_and_site_change_hands_in_one_command(table: Table) -> None:
    deed, seller, buyer = table.buy(), table.row, table.row + 1
    told = table.act(OFFER(ANY, PRICE), deed)
    assert [int(row["offer"]) for row in told.block.sites] == [PRICE]
    fees = table.state.institution(Institution.FEES)
    before = [account(table, row) for row in (seller, buyer, fees)]
    fee = int(fee_minor_up(PRICE))
    assert fee == 700
    outcome = table.act(TAKE(ANY, PRICE + 5), deed, OTHER)
    assert outcome.results[0].executed
    after = [account(table, row) for row in (seller, buyer, fees)]
    assert [b - a for a, b in zip(before, after, strict=True)] == [PRICE - fee, -PRICE, fee]
    (row,) = outcome.block.sites
    assert (row["participant"], row["deed"], row["offer"], row["paid"]) == (OTHER, deed, 0, PRICE)
    assert kinds(outcome) == [WorksEvent.SITE_PASSED_ON, WorksEvent.SITE_TAKEN]
    assert [int(note["amount"]) for note in outcome.block.works] == [PRICE - fee, -PRICE]
    assert [int(note["participant"]) for note in outcome.block.works] == [PLAYER, OTHER]
    assert {int(row["participant"]) for row in outcome.block.balances} == {PLAYER, OTHER}
    told = {int(row["participant"]): int(row["sites"]) for row in outcome.block.members}
    assert told == {PLAYER: 0, OTHER: 1}
    assert table.reason(TAKE(ANY, PRICE), deed, OTHER) == RejectReason.OFFER_NOT_FOUND
    assert table.reason(commands.SellSite(ANY), deed, PLAYER) == RejectReason.SITE_NOT_FOUND
    assert table.act(commands.SellSite(ANY), deed, OTHER).results[0].executed


def test_orders_stay_behind_and_workers_go_with_the_site(table: Table) -> None:
    deed = table.buy()
    table.give(FOOD, 300)
    asking = site_rules(pricing=Pricing.MANUAL, price=1_000_000, workers=4, buy_inputs=False)
    table.result(asking, deed)
    table.tick(DAY_TICKS * 2)
    job = table.state.counts.sizes["F"]
    workers = int(table.state.staff.workers[job])
    assert workers > 0
    held = int(table.state.ledger.stock_held[table.row, FOOD])
    assert held >= 300
    table.result(OFFER(ANY, PRICE), deed)
    outcome = table.act(TAKE(ANY, PRICE), deed, OTHER)
    ended = [row for row in outcome.block.orders if is_rule_order(int(row["seq"]))]
    assert [(int(row["participant"]), int(row["side"])) for row in ended] == [(PLAYER, Side.ASK)]
    assert int(table.state.ledger.stock_held[table.row, FOOD]) == 0
    assert int(table.state.ledger.stock[table.row, FOOD]) >= held
    assert int(table.state.ledger.stock[table.row + 1, FOOD]) == 0
    assert int(table.state.staff.workers[job]) == workers
    assert int(table.state.staff.payer[job]) == table.row + 1
    before = account(table, table.row)
    table.tick(DAY_TICKS)
    assert account(table, table.row) == before  # wages and land fee are the new owner's
    site = table.state.arrays["sites"][0]
    assert int(site["owner"]) == table.row + 1


def test_the_sellers_rules_never_act_on_the_buyers_account(table: Table) -> None:
    """Asking next to nothing for the buyer's stock, or promising wages out of the buyer's cash."""
    deed = table.buy()
    trap = site_rules(pricing=Pricing.MANUAL, price=1, wage=50_000_000, workers=4)
    table.result(trap, deed)
    table.result(OFFER(ANY, PRICE), deed)
    table.act(TAKE(ANY, PRICE), deed, OTHER)
    site, mean = table.state.arrays["sites"][0], float(table.state.macro[Macro.MEAN_WAGE])
    assert (int(site["pricing"]), int(site["price"]), int(site["keep"])) == (Pricing.FOLLOW, 0, 0)
    assert int(site["wage"]) == int(mean * 1.02)
    job = table.state.counts.sizes["F"]
    assert float(table.state.staff.wage[job]) == float(site["wage"])


def test_an_offer_that_left_its_bounds_is_not_taken(table: Table) -> None:
    """A worn site offered for next to nothing and repaired since."""
    deed = table.buy()
    site = table.state.arrays["sites"][0]
    site["condition"] = 0.0
    table.result(OFFER(ANY, 1), deed)
    site["condition"] = 0.9
    assert table.reason(TAKE(ANY, 1), deed, OTHER) == RejectReason.DEAL_PRICE


def test_a_site_that_ended_is_reported_as_not_for_sale(table: Table) -> None:
    deed = table.buy()
    table.result(OFFER(ANY, PRICE), deed)
    outcome = table.act(commands.SellSite(ANY), deed, PLAYER)
    (last,) = outcome.block.sites
    assert (int(last["state"]), int(last["offer"])) == (0, 0)


def test_newcomers_neither_offer_nor_pay_more_than_is_fair(table: Table) -> None:
    deed, flags = table.buy(), table.state.ledger.flags
    flags[table.row] = AccountFlag.PROTECTED
    assert table.reason(OFFER(ANY, PRICE), deed) == RejectReason.NEWCOMER_PROTECTED
    flags[table.row] = 0
    flags[table.row + 1] = AccountFlag.PROTECTED
    table.result(OFFER(ANY, 1_600_000), deed)
    assert table.reason(TAKE(ANY, 1_600_000), deed, OTHER) == RejectReason.NEWCOMER_PROTECTED
    table.result(OFFER(ANY, 1_450_000), deed)
    table.state.arrays["sites"][0]["insured"] = 1
    assert table.act(TAKE(ANY, 1_450_000), deed, OTHER).results[0].executed
    assert int(table.state.arrays["sites"][0]["insured"]) == 0
    assert int(member_of(table.state, table.row + 1)["sites_ever"]) == 1
    table.state.arrays["members"][1]["sites"] = table.state.params.works.sites_newcomer
    second = table.buy()
    table.result(OFFER(ANY, PRICE), second)
    assert table.reason(TAKE(ANY, PRICE), second, OTHER) == RejectReason.MAX_SITES
    table.state.arrays["members"][1]["sites"] = 1


def test_accounts_that_are_frozen_or_poor_make_no_deal(table: Table) -> None:
    deed, flags = table.buy(), table.state.ledger.flags
    table.result(OFFER(ANY, PRICE), deed)
    flags[table.row + 1] = AccountFlag.DEBITS_FROZEN
    assert table.reason(TAKE(ANY, PRICE), deed, OTHER) == RejectReason.ACCOUNT_FROZEN
    flags[table.row + 1] = 0
    flags[table.row] = AccountFlag.DEBITS_FROZEN
    assert table.reason(OFFER(ANY, PRICE), deed) == RejectReason.ACCOUNT_FROZEN
    assert table.reason(TAKE(ANY, PRICE), deed, OTHER) == RejectReason.OFFER_NOT_FOUND
    flags[table.row] = 0
    ledger, treasury = table.state.ledger, table.state.institution(Institution.TREASURY)
    taken = int(ledger.cash[table.row + 1]) - PRICE + 1
    ledger.cash[table.row + 1] -= taken
    ledger.cash[treasury] += taken
    assert table.reason(TAKE(ANY, PRICE), deed, OTHER) == RejectReason.INSUFFICIENT_FUNDS


def test_no_room_for_the_reports_of_its_orders_means_no_deal(table: Table, monkeypatch) -> None:
    deed = table.buy()
    table.result(OFFER(ANY, PRICE), deed)
    monkeypatch.setattr("economy_engine.systems.works.standing.closure_room", lambda _: 0)
    assert table.reason(TAKE(ANY, PRICE), deed, OTHER) == RejectReason.ENGINE_BUSY


def test_an_offer_ends_with_what_it_was_of(table: Table) -> None:
    deed = table.buy()
    table.result(OFFER(ANY, PRICE), deed)
    assert kinds(table.act(END(ANY), deed)) == [WorksEvent.OFFER_ENDED]
    assert table.reason(TAKE(ANY, PRICE), deed, OTHER) == RejectReason.OFFER_NOT_FOUND
    ledger, treasury = table.state.ledger, table.state.institution(Institution.TREASURY)
    ledger.cash[treasury] -= 3_000_000
    ledger.cash[table.row] += 3_000_000
    table.result(OFFER(ANY, PRICE), deed)
    table.result(commands.UpgradeSite(ANY), deed)
    assert table.reason(TAKE(ANY, PRICE), deed, OTHER) == RejectReason.OFFER_NOT_FOUND
    table.result(OFFER(ANY, 3_000_000), deed)
    table.result(commands.RetireParticipant())
    assert table.reason(TAKE(ANY, 3_000_000), deed, OTHER) == RejectReason.OFFER_NOT_FOUND
    assert int(table.state.arrays["sites"][0]["state"]) == SiteState.FREE


def test_unpaid_days_are_bought_with_the_site(table: Table) -> None:
    deed = table.buy()
    site = table.state.arrays["sites"][0]
    site["state"], site["unpaid_days"] = works.SiteState.UNLICENSED, 9
    table.result(OFFER(ANY, PRICE), deed)
    table.act(TAKE(ANY, PRICE), deed, OTHER)
    assert (int(site["state"]), int(site["unpaid_days"])) == (works.SiteState.UNLICENSED, 9)
    site["next_production"] = 0
    table.tick(1)
    assert (int(site["state"]), int(site["unpaid_days"])) == (works.SiteState.OPEN, 0)
    assert np.count_nonzero(table.state.arrays["sites"]["owner"] == table.row + 1) == 1
