"""Firms: tiers of extractors on the book, the floor of permits, and who pays when cash is short."""

import numpy as np
import pytest

from economy_engine.goods import CO2, LAND, WATR
from economy_engine.state import WorldState
from economy_engine.systems.behavior import firms, supply
from economy_engine.systems.columns import CreditTotal, DayCount, Institution, Macro
from economy_engine.systems.scarcity import price_multiplier, scarcity_level
from tests.engine.worlds import run, small_world

COST = 1_000_000.0  # of a day, minor units


def _asks(state: WorldState, f: int) -> list[tuple[float, int]]:
    """(price, lots) of the firm's resting asks, in the order they were placed."""
    found = []
    own = int(state.firm.market[f])
    for slot, generation in zip(state.firm.slots[f], state.firm.generations[f], strict=True):
        order = state.book.orders[slot]
        if slot < 0 or order["generation"] != generation or order["quantity"] <= 0:
            continue
        if order["market"] == own and order["side"] == 1:
            increment = int(state.book.market[own]["price_increment"])
            found.append((float(order["price"]) * increment, int(order["quantity"])))
    return found


def test_extractors_offer_quarters_of_their_capacity_from_their_costs_on():
    """Water and land need no inputs, so their marginal cost follows from the columns alone."""
    state = run(small_world(2_000), 75)
    goods, seen = state.goods, 0
    for f in np.flatnonzero((state.firm.market == WATR) | (state.firm.market == LAND)):
        m = int(state.firm.market[f])
        scarcity = scarcity_level(float(state.resource.reserve[m]), float(state.resource.base[m]))
        rent = price_multiplier(scarcity, goods.max_multiplier[m], goods.importance[m])
        skill, wage = float(state.firm.productivity[f]), float(state.staff.wage[f])
        cost = supply.marginal_cost(goods.labour[m], skill, wage, rent, 0.0)
        asks = _asks(state, f)
        if len(asks) < 4:
            continue  # some were sold, or stood above the day's band
        seen += 1
        prices = [price for price, _ in asks]
        assert prices == sorted(prices)
        for price, tier in zip(prices, supply.TIERS, strict=True):
            assert price > 0.97 * 1.01 * tier * cost
        quarter = int(state.firm.capacity[f] / 4) + 1
        assert asks[1][1] <= 1.01 * quarter + 1
        assert asks[2][1] <= 1.01 * quarter + 1
        assert prices[3] == pytest.approx(max(1.515 * cost, prices[0] * 1.144), rel=0.05)
    assert seen >= 1


def test_permits_keep_their_reserve_price_in_a_full_store():
    state = run(small_world(500), 60)
    issuers = np.flatnonzero(state.firm.market == CO2)
    for f in issuers:
        lots = int(20 * state.firm.capacity[f])
        state.ledger.stock[state.rows.firms + f, CO2] += lots
        state.ledger.goods_in[CO2] += lots
    state.price.average[CO2] *= 0.3
    run(state, 75)
    reserve = 0.75 * state.goods.price[CO2] * float(state.macro[Macro.CPI])
    prices = [price for f in issuers for price, _ in _asks(state, f)]
    assert prices
    assert (state.firm.unsold[issuers] > 5.5).any()
    assert min(prices) > 0.99 * reserve


def _short_of_cash(state: WorldState, cash: int) -> int:
    """Leave firm 0 with `cash` and return its row."""
    row, treasury = state.rows.firms, state.institution(Institution.TREASURY)
    state.ledger.cash[treasury] += state.ledger.cash[row] - cash
    state.ledger.cash[row] = cash
    return row


def _settle(state: WorldState, stock: float, *, solvent: bool = True, cost: float = COST) -> None:
    params = state.params
    firms.settle_cash(
        state.ledger, state.credit, state.day, state.macro, params.firm, params.credit,
        0, state.rows.firms, state.rows.agents, cost, stock, solvent,
    )  # fmt: skip
    state.check()


def test_a_firm_that_is_short_borrows_first():
    state = small_world(500)
    row = _short_of_cash(state, 0)
    _settle(state, stock=10 * COST)
    assert state.credit.loan[0] == state.ledger.cash[row] == COST / 2
    assert state.day.counts[DayCount.RECAPITALIZED_FIRMS] == 0


def test_the_fund_helps_where_credit_ends():
    state = small_world(500)
    row = _short_of_cash(state, 0)
    share = int(state.ledger.cash[state.institution(Institution.FUND)]) // 50
    _settle(state, stock=0.4 * COST)
    assert state.credit.loan[0] == 0.2 * COST
    helped = int(state.day.counts[DayCount.RECAPITALIZED_FIRMS])
    assert helped == min(int(0.3 * COST), share)
    assert state.ledger.cash[row] == 0.2 * COST + helped


def test_the_fund_does_not_help_an_insolvent_firm():
    state = small_world(500)
    row = _short_of_cash(state, 0)
    _settle(state, stock=0.0, solvent=False)
    assert state.ledger.cash[row] == state.credit.loan[0] == 0
    assert state.day.counts[DayCount.RECAPITALIZED_FIRMS] == 0


def test_profits_lend_without_collateral():
    state = small_world(500)
    _short_of_cash(state, 0)
    state.credit.earnings[0] = 0.01 * COST
    _settle(state, stock=0.0, solvent=False)
    assert state.credit.loan[0] == pytest.approx(0.2 * COST)


def test_loans_are_repaid_before_anything_is_paid_out():
    state = small_world(500)
    row = _short_of_cash(state, 0)
    _settle(state, stock=10 * COST)
    loan = int(state.credit.loan[0])
    fund = int(state.ledger.cash[state.institution(Institution.FUND)])
    buffer = int(6 * COST + state.params.firm.buffer_flat)
    extra = buffer - loan + loan // 2
    state.ledger.cash[row] += extra
    state.ledger.cash[state.institution(Institution.TREASURY)] -= extra
    _settle(state, stock=10 * COST)
    assert state.credit.loan[0] == loan - loan // 2
    assert state.credit.totals[CreditTotal.REPAID] == loan // 2
    assert state.ledger.cash[state.institution(Institution.FUND)] == fund


def test_the_flat_part_of_the_buffer_follows_the_price_level():
    flat = int(small_world(500).params.firm.buffer_flat)
    left = {}
    for level in (1.0, 1.5):
        state = small_world(500)
        row = _short_of_cash(state, 2 * flat)
        state.macro[Macro.CPI] = level
        _settle(state, stock=0.0, cost=0.0)
        left[level] = int(state.ledger.cash[row])
    assert left == {1.0: 2 * flat - flat // 5, 1.5: 2 * flat - flat // 10}
