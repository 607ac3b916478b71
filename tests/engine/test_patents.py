"""Patents and licences: who gets one, what others pay for its use, and when it ends."""

from __future__ import annotations

import pytest

from economy_engine import WorldState, commands, deals
from economy_engine.errors import RejectReason
from economy_engine.ledger.columns import AccountFlag
from economy_engine.params import WorksParams
from economy_engine.schema import Clock
from economy_engine.systems.columns import Institution
from economy_engine.systems.works import patents
from economy_engine.works import LEVELS_MAX, WorksEvent
from tests.engine.works_table import (
    ANY,
    DAY_TICKS,
    FOOD,
    IP,
    OIL,
    OTHER,
    PLAYER,
    Table,
    kinds,
    living_world,
    two_players,
)

FEE = 40_000  # between half and twice what the research itself costs
RESEARCH, FREE, TAKE = commands.ResearchSite(ANY), commands.OfferLicence, commands.TakeLicence


@pytest.fixture(scope="module")
def living() -> WorldState:
    """A small world in which trading has begun."""
    return living_world()


@pytest.fixture
def table(living: WorldState) -> Table:
    """Two players, no newcomers any more; the player can research."""
    table = two_players(living)
    ledger, treasury = table.state.ledger, table.state.institution(Institution.TREASURY)
    ledger.cash[treasury] -= 9_000_000
    ledger.cash[table.row] += 9_000_000
    table.give(IP, 100)
    return table


def other_buys(table: Table, market: int = FOOD) -> int:
    """A site of the other player; its deed."""
    table.result(commands.BuySite(market), 0, OTHER)
    return int(table.state.clock[Clock.SEQ])


def licensed(table: Table, fee: int = FEE) -> int:
    """The player lets food's first level be used for a fee; the deed of the other's site."""
    table.result(RESEARCH, table.buy())
    table.result(FREE(FOOD, 1, fee))
    return other_buys(table)


def test_places_costs_and_parts_by_hand() -> None:
    p = WorksParams()
    assert deals.patent_place(0, 1) == 0
    assert deals.patent_place(9, LEVELS_MAX) == deals.PATENTS - 1 == 249
    assert [deals.licence_cost(FEE, tier) for tier in (1, 2, 5)] == [40_000, 80_000, 640_000]
    assert deals.research_worth(p, 1, 1, 25_000.0) == 2 * 25_000
    assert deals.research_worth(p, 3, 2, 25_000.0) == 2 * 9 * 2 * 25_000
    assert deals.licence_ceiling(p, 1, 25_000.0) == 100_000
    assert [deals.patent_fee(p, cost) for cost in (1, 10, 11, 20_000)] == [1, 1, 2, 2_000]


def test_the_first_to_reach_a_level_gets_its_patent(table: Table) -> None:
    outcome = table.act(RESEARCH, table.buy())
    assert kinds(outcome) == [WorksEvent.RESEARCHED, WorksEvent.PATENT_GRANTED]
    (patent,) = outcome.block.patents
    told = [int(patent[name]) for name in ("good", "level", "participant", "fee", "licences")]
    assert told == [FOOD, 1, PLAYER, 0, 0]
    assert int(patent["until"]) == int(table.state.clock[Clock.TICK]) + 360 * DAY_TICKS
    again = table.act(RESEARCH, table.buy())
    assert WorksEvent.PATENT_GRANTED not in kinds(again)
    assert len(again.block.patents) == 0
    other = table.act(RESEARCH, table.buy(OIL))
    assert [int(row["good"]) for row in other.block.patents] == [OIL]


def test_a_licence_takes_the_place_of_research(table: Table) -> None:
    deed, state = licensed(table), table.state
    treasury = state.institution(Institution.TREASURY)
    rows = (table.row, table.row + 1, treasury)
    before = [int(state.ledger.cash[row]) for row in rows]
    cost_before = float(state.arrays["sites"][1]["cost"])
    outcome = table.act(TAKE(ANY, FEE), deed, OTHER)
    assert outcome.results[0].executed
    after = [int(state.ledger.cash[row]) for row in rows]
    assert [b - a for a, b in zip(before, after, strict=True)] == [36_000, -40_000, 4_000]
    site = state.arrays["sites"][1]
    assert int(site["level"]) == 1
    assert float(site["cost"]) < cost_before
    assert kinds(outcome) == [WorksEvent.LICENCE_GIVEN, WorksEvent.LICENCE_TAKEN]
    assert [int(row["amount"]) for row in outcome.block.works] == [36_000, -40_000]
    (patent,) = outcome.block.patents
    assert (int(patent["licences"]), int(patent["earned"])) == (1, 36_000)
    assert table.reason(TAKE(ANY, FEE), deed, OTHER) == RejectReason.OFFER_NOT_FOUND  # level 2


def test_a_larger_site_pays_for_its_jobs(table: Table) -> None:
    deed = licensed(table)
    table.state.arrays["sites"][1]["tier"] = 3
    assert table.reason(TAKE(ANY, 4 * FEE - 1), deed, OTHER) == RejectReason.OFFER_CHANGED
    assert table.result(TAKE(ANY, 4 * FEE), deed, OTHER) == {"paid_minor": 4 * FEE, "level": 1}


def test_reasons_against_a_licence(table: Table) -> None:
    deed, flags = licensed(table), table.state.ledger.flags
    own = table.buy()
    cases = [
        (TAKE(ANY, FEE), own, PLAYER, RejectReason.OWN_OFFER),
        (TAKE(ANY, FEE), deed, PLAYER, RejectReason.SITE_NOT_FOUND),
        (TAKE(ANY, FEE - 1), deed, OTHER, RejectReason.OFFER_CHANGED),
        (FREE(FOOD, 1, 10_000_000), 0, PLAYER, RejectReason.DEAL_PRICE),
        (FREE(FOOD, 1, 5), 0, OTHER, RejectReason.PATENT_NOT_FOUND),
        (FREE(FOOD, 2, 5), 0, PLAYER, RejectReason.PATENT_NOT_FOUND),
        (FREE(OIL, 1, 0), 0, PLAYER, RejectReason.PATENT_NOT_FOUND),
    ]
    for command, ref_seq, who, reason in cases:
        assert table.reason(command, ref_seq, who) == reason
    for row, reason in (
        (table.row, RejectReason.OFFER_NOT_FOUND), (table.row + 1, RejectReason.ACCOUNT_FROZEN)
    ):  # fmt: skip
        flags[row] = AccountFlag.DEBITS_FROZEN
        assert table.reason(TAKE(ANY, FEE), deed, OTHER) == reason
        flags[row] = 0
    fair = deals.research_worth(table.state.params.works, 1, 1, patents.ip_price(table.state))
    table.result(FREE(FOOD, 1, fair))
    flags[table.row + 1] = AccountFlag.PROTECTED
    assert table.reason(TAKE(ANY, fair), deed, OTHER) == RejectReason.NEWCOMER_PROTECTED
    flags[table.row + 1] = 0
    ledger, treasury = table.state.ledger, table.state.institution(Institution.TREASURY)
    left = int(ledger.cash[table.row + 1]) - fair + 1
    ledger.cash[table.row + 1] -= left
    ledger.cash[treasury] += left
    assert table.reason(TAKE(ANY, fair), deed, OTHER) == RejectReason.INSUFFICIENT_FUNDS
    table.result(FREE(FOOD, 1, 0))
    assert table.reason(TAKE(ANY, FEE), deed, OTHER) == RejectReason.OFFER_NOT_FOUND
    assert table.reason(FREE(FOOD, 1, 0)) == RejectReason.OFFER_NOT_FOUND
    table.state.arrays["sites"][1]["level"] = LEVELS_MAX
    assert table.reason(TAKE(ANY, FEE), deed, OTHER) == RejectReason.SITE_AT_LIMIT


def test_nobodys_own_research_is_blocked(table: Table) -> None:
    deed = licensed(table)
    table.state.ledger.stock[table.row, IP] -= 2
    table.state.ledger.stock[table.row + 1, IP] += 2
    assert table.result(RESEARCH, deed, OTHER) == {"units": 2, "level": 1}


def test_a_patent_stays_with_its_owner_when_the_site_is_sold(table: Table) -> None:
    first = table.buy()
    table.result(RESEARCH, first)
    table.result(commands.OfferSite(ANY, 1_500_000), first)
    table.result(commands.TakeSite(ANY, 1_500_000), first, OTHER)
    table.result(FREE(FOOD, 1, FEE))
    assert table.reason(FREE(FOOD, 1, FEE), 0, OTHER) == RejectReason.PATENT_NOT_FOUND


def test_a_patent_ends_with_its_term_and_with_its_owner(table: Table) -> None:
    deed = licensed(table)
    patent = table.state.arrays["patents"][deals.patent_place(FOOD, 1)]
    patent["until"] = int(table.state.clock[Clock.TICK]) + 2
    outcome = table.tick(DAY_TICKS)
    assert WorksEvent.PATENT_ENDED in kinds(outcome)
    assert [(int(row["participant"]), int(row["until"])) for row in outcome.block.patents] == [
        (0, 0)
    ]
    assert table.reason(TAKE(ANY, FEE), deed, OTHER) == RejectReason.OFFER_NOT_FOUND
    granted = table.act(RESEARCH, table.buy())
    assert WorksEvent.PATENT_GRANTED in kinds(granted)
    outcome = table.act(commands.RetireParticipant())
    assert WorksEvent.PATENT_ENDED in kinds(outcome)
    assert [int(row["participant"]) for row in outcome.block.patents] == [0]
    assert not table.state.arrays["patents"].tobytes().strip(b"\0")
