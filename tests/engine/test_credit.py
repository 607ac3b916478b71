"""The bank: formulas by hand, every loan with its claim, limits, losses, failed firms."""

import numpy as np
import pytest

from economy_engine import tick
from economy_engine.errors import ContractViolation
from economy_engine.events import Indicator, WorldEvent
from economy_engine.goods import FOOD
from economy_engine.ledger.columns import Issued
from economy_engine.ledger.kernels import money_supply
from economy_engine.params import CreditParams
from economy_engine.state import WorldState
from economy_engine.systems import credit, credit_reports
from economy_engine.systems.columns import SITES_LISTED, CreditTotal, Institution, Macro
from tests.engine.worlds import run, small_world

P = CreditParams()


def _bank(state: WorldState) -> int:
    return state.institution(Institution.BANK)


def _lend(state: WorldState, f: int, wanted: int, limit: float = 1e15) -> int:
    row = state.rows.firms + f
    ledger, agents = state.ledger, state.rows.agents
    return int(credit.take_loan(ledger, state.credit, P, f, row, agents, wanted, limit))


def _food_firm(state: WorldState) -> int:
    return int(np.flatnonzero(state.firm.market == FOOD)[0])


@pytest.mark.parametrize(
    ("policy", "spread", "rate"), [(0.04, 0.03, 0.07), (0.0, 0.03, 0.03), (-0.01, 0.03, 0.03)]
)
def test_loan_rate(policy, spread, rate):
    assert credit.loan_rate(policy, spread) == pytest.approx(rate)


@pytest.mark.parametrize(
    ("loan", "rate", "interest"),
    [(360_000, 0.07, 70), (360_000, 0.0, 0), (5_142, 0.07, 0), (5_143, 0.07, 1), (0, 0.2, 0)],
)
def test_a_days_interest_leaves_the_fraction_with_the_debtor(loan, rate, interest):
    assert credit.daily_interest(loan, rate) == interest


@pytest.mark.parametrize(
    ("collateral", "earnings", "limit"),
    [(1_000.0, 0.0, 500.0), (1_000.0, 10.0, 700.0), (1_000.0, -50.0, 500.0), (0.0, 0.0, 0.0)],
)
def test_credit_limit(collateral, earnings, limit):
    assert credit.credit_limit(collateral, earnings, 0.5, 20.0) == pytest.approx(limit)


@pytest.mark.parametrize(
    ("capital", "claims", "room"),
    [(100.0, 250.0, 150.0), (100.0, 400.0, 0.0), (100.0, 900.0, 0.0), (-5.0, 0.0, 0.0)],
)
def test_lending_room_keeps_the_capital_ratio(capital, claims, room):
    assert credit.lending_room(capital, claims, 0.25) == pytest.approx(room)


@pytest.mark.parametrize(
    ("equity", "insolvent"), [(10.0, False), (-50.0, False), (-51.0, True), (-500.0, True)]
)
def test_insolvency_begins_beyond_the_bound(equity, insolvent):
    assert credit.is_insolvent(equity, 100.0, 0.5) == insolvent


def test_the_bank_keeps_a_floor_or_a_share_of_its_claims():
    assert credit.capital_wanted(1_000.0, 0.12, 50.0) == pytest.approx(120.0)
    assert credit.capital_wanted(1_000.0, 0.12, 500.0) == 500.0


def test_a_loan_makes_money_and_an_equal_claim_and_a_repayment_ends_both():
    state = small_world(500)
    row = state.rows.firms
    base, cash = int(state.ledger.issued[Issued.BASE]), int(state.ledger.cash[row])
    assert _lend(state, 0, 70_000) == 70_000
    assert state.ledger.cash[row] == cash + 70_000
    assert state.credit.loan[0] == state.credit.totals[CreditTotal.LOANS] == 70_000
    assert state.ledger.issued[Issued.CREDIT] == 70_000
    assert state.ledger.issued[Issued.BASE] == base
    assert money_supply(state.ledger) == base + 70_000
    state.check()
    assert credit.repay_loan(state.ledger, state.credit, 0, row, 30_000) == 30_000
    assert credit.repay_loan(state.ledger, state.credit, 0, row, 10**12) == 40_000
    assert credit.repay_loan(state.ledger, state.credit, 0, row, 1) == 0
    assert state.ledger.issued[Issued.CREDIT] == 0
    assert state.ledger.cash[row] == cash
    state.check()


def test_loans_end_at_the_firms_limit_and_at_the_banks_capital():
    state = small_world(500)
    assert _lend(state, 0, 1_000, limit=600.0) == 600
    assert _lend(state, 0, 1_000, limit=600.0) == 0
    capital = int(state.ledger.cash[_bank(state)])
    most = int(capital / P.capital_ratio)
    assert _lend(state, 1, 10 * most) == most - 600
    assert _lend(state, 2, 10) == 0
    state.check()


def test_interest_goes_to_the_bank_and_what_is_missing_is_told():
    state = small_world(500)
    row, bank = state.rows.firms, _bank(state)
    _lend(state, 0, 360_000)
    before, ledger, agents = int(state.ledger.cash[bank]), state.ledger, state.rows.agents
    assert credit.pay_interest(ledger, state.credit, P, 0, row, agents, 0.04) == 0
    assert ledger.cash[bank] == before + 70
    everything = int(ledger.cash[row])
    ledger.cash[row] -= everything
    ledger.cash[agents] += everything
    assert credit.pay_interest(ledger, state.credit, P, 0, row, agents, 0.04) == 70
    assert state.credit.totals[CreditTotal.INTEREST] == 70
    state.check()


def test_profit_goes_to_the_fund_and_a_thin_bank_is_given_capital():
    state = small_world(500)
    bank, fund = _bank(state), state.institution(Institution.FUND)
    ledger, households = state.ledger, len(state.household.employer)
    floor = int(P.capital_per_household) * households
    assert ledger.cash[bank] == floor
    ledger.cash[bank] += 5_000
    ledger.cash[fund] -= 5_000
    credit.close_bank(ledger, state.credit, state.macro, P, households, state.rows.agents)
    assert ledger.cash[bank] == floor
    ledger.cash[fund] += floor
    ledger.cash[bank] = 0
    share = int(ledger.cash[fund]) // 50
    credit.close_bank(ledger, state.credit, state.macro, P, households, state.rows.agents)
    assert ledger.cash[bank] == min(floor // 2, share)
    state.macro[Macro.CPI] = 0.01  # the floor is indexed
    credit.close_bank(ledger, state.credit, state.macro, P, households, state.rows.agents)
    assert ledger.cash[bank] == floor // 100
    state.check()


def _ruin(state: WorldState, f: int) -> int:
    """Leave a firm with a loan, no cash and no prospects; returns the loan."""
    row, treasury = state.rows.firms + f, state.institution(Institution.TREASURY)
    loan = _lend(state, f, 20_000_000)
    state.ledger.cash[treasury] += state.ledger.cash[row]
    state.ledger.cash[row] = 0
    state.credit.distress[f] = P.failure_days - 1
    return loan


def test_a_firm_that_cannot_pay_fails_at_the_banks_cost_and_is_founded_anew():
    state = run(small_world(500), 60)
    f = _food_firm(state)
    row, bank = state.rows.firms + f, _bank(state)
    workers, capacity = int(state.staff.workers[f]), float(state.firm.capacity[f])
    loan = _ruin(state, f)
    assert loan == 20_000_000
    told = []
    for _ in range(60 + 16):
        tick.advance(state)
        state.check()
        events, values = state.emission.take()
        told += events[events["kind"] == WorldEvent.FIRM_FAILED].tolist()
        failed = values[values["id"] == Indicator.BANKRUPTCIES]["value"]
        if len(failed):
            assert failed[0] == 1.0
        tick.clear_reports(state)
        if state.credit.failures[f]:
            break
    assert state.credit.failures[f] == 1
    assert state.credit.loan[f] == state.credit.distress[f] == 0
    totals = state.credit.totals
    assert totals[CreditTotal.WRITTEN_OFF] > 0
    assert totals[CreditTotal.REPAID] + totals[CreditTotal.WRITTEN_OFF] == loan
    assert state.firm.capacity[f] == pytest.approx(P.refound_size * capacity)
    assert (state.ledger.stock[bank] + state.ledger.stock_held[bank]).sum() > 0
    assert (state.ledger.stock[row] + state.ledger.stock_held[row]).sum() == 0
    assert not (state.firm.slots[f] >= 0).any()
    assert 0 < state.staff.layoffs[f] == state.staff.workers[f] <= workers
    assert state.ledger.cash[row] > 0
    site = state.credit.sites[0]
    assert (site["firm"], site["market"]) == (f, FOOD)
    assert site["capacity"] == pytest.approx((1.0 - P.refound_size) * capacity)
    for _ in range(60):
        tick.advance(state)
        events, _ = state.emission.take()
        told += events[events["kind"] == WorldEvent.FIRM_FAILED].tolist()
        tick.clear_reports(state)
    assert [item[2:3] + item[4:] for item in told] == [(FOOD, f)]
    assert not (state.household.employer == f).sum() > state.staff.workers[f]
    seized = state.ledger.stock[bank] + state.ledger.stock_held[bank]
    run(state, 240)
    left = state.ledger.stock[bank] + state.ledger.stock_held[bank]
    assert left.sum() < seized.sum()  # sold on the books
    state.check()


def test_a_solvent_firm_in_good_time_does_not_fail():
    state = run(small_world(500), 60)
    f = _food_firm(state)
    state.credit.distress[f] = P.failure_days - 1
    run(state, 80)
    assert state.credit.failures[f] == 0
    assert state.credit.distress[f] == 0


def test_a_loss_beyond_the_banks_cash_stays_booked_until_it_is_covered():
    state = small_world(500)
    bank, fund = _bank(state), state.institution(Institution.FUND)
    treasury = state.institution(Institution.TREASURY)
    loan = _lend(state, 0, 30_000_000)
    totals, ledger, agents = state.credit.totals, state.ledger, state.rows.agents
    state.credit.loan[0] = 0
    totals[CreditTotal.LOANS] -= loan
    totals[CreditTotal.BAD] += loan
    for row in (bank, fund):
        ledger.cash[treasury] += ledger.cash[row]
        ledger.cash[row] = 0
    credit.cover_losses(ledger, state.credit, agents)
    assert totals[CreditTotal.BAD] == loan
    state.check()
    ledger.cash[bank] += 1_000
    ledger.cash[fund] += 100_000
    ledger.cash[treasury] -= 101_000
    credit.cover_losses(ledger, state.credit, agents)
    assert totals[CreditTotal.BAD] == loan - 1_000 - 100_000 // 50
    assert ledger.issued[Issued.CREDIT] == totals[CreditTotal.BAD]
    assert _lend(state, 1, 10) == 0  # no capital, no loans
    state.check()


@pytest.mark.parametrize("broken", ["loan", "total", "money"])
def test_a_claim_that_does_not_match_is_seen(broken):
    state = small_world(500)
    _lend(state, 0, 5_000)
    if broken == "loan":
        state.credit.loan[0] += 1
    elif broken == "total":
        state.credit.totals[CreditTotal.LOANS] -= 1
    else:
        state.ledger.issued[Issued.CREDIT] -= 1
        state.ledger.issued[Issued.BASE] += 1
    with pytest.raises(ContractViolation, match="claims"):
        state.check()


def test_many_failures_in_a_day_are_all_counted_and_some_are_told():
    state = small_world(500)
    for number in range(SITES_LISTED + 10):
        credit.list_site(state.credit, number, FOOD, 1, 2.0)
        state.credit.totals[CreditTotal.FAILURES] += 1
    credit_reports.publish_credit(state, 1)
    events, values = state.emission.take()
    assert len(events) == credit_reports.FAILURES_TOLD_MAX
    assert events["detail"][0] == 10  # the oldest that is still listed
    counted = values[values["id"] == Indicator.BANKRUPTCIES]
    assert counted["value"].tolist() == [SITES_LISTED + 10.0]
    credit_reports.publish_credit(state, 2)
    events, values = state.emission.take()
    assert len(events) == 0
    assert values[values["id"] == Indicator.BANKRUPTCIES]["value"].tolist() == [0.0]
