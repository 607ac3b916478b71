"""Genesis: a balanced population, exact value, and nothing but the seed decides."""

import numpy as np
import pytest

from economy_engine import genesis, tick
from economy_engine.events import Indicator
from economy_engine.goods import GOODS
from economy_engine.ledger.columns import AccountKind
from economy_engine.params import cents
from economy_engine.systems.columns import Institution, Macro
from tests.engine.worlds import run, small_world


def test_value_is_exact_from_the_first_row_on():
    state = small_world(2_000)
    money, goods = state.conservation()
    assert money == 0
    assert not goods.any()
    assert state.ledger.issued[0] > 0
    assert (state.ledger.goods_in > 0).all()
    assert not state.ledger.goods_out.any()


def test_the_same_parameters_give_the_same_world():
    assert small_world(seed=5).digest() == small_world(seed=5).digest()
    assert small_world(seed=5).digest() != small_world(seed=6).digest()


def test_kinds_are_contiguous_and_institutions_follow():
    state = small_world(2_000)
    kind = state.ledger.kind
    rows = state.rows
    assert set(kind[: rows.firms]) == {AccountKind.HOUSEHOLD}
    assert set(kind[rows.firms : rows.traders]) == {AccountKind.FIRM}
    assert set(kind[rows.traders : rows.noise]) == {AccountKind.TRADER}
    assert set(kind[rows.noise : rows.makers]) == {AccountKind.NOISE}
    assert set(kind[rows.makers : rows.agents]) == {AccountKind.MAKER}
    assert set(kind[rows.agents : state.first_participant]) == {AccountKind.INSTITUTION}
    assert not kind[state.first_participant :].any()


def test_jobs_and_workers_agree():
    state = small_world(2_000)
    employer = state.household.employer
    counted = np.bincount(employer[employer >= 0], minlength=len(state.staff.workers))
    assert np.array_equal(counted, state.staff.workers)
    assert 0.0 <= state.macro[Macro.UNEMPLOYMENT] < 0.15


def test_prices_start_on_a_fine_grid():
    state = small_world()
    limit = state.params.increments_max
    for m, good in enumerate(GOODS):
        increment = int(state.book.market[m]["price_increment"])
        start = good.price_cents * good.start_factor * 10
        assert state.price.mid[m] == pytest.approx(start)
        assert start <= limit * increment + 0.5
        finer = [step for step in (1, 2, 5, 10, 20, 50, 100) if step < increment]
        assert not finer or start > limit * finer[-1]


def test_every_desk_has_members_and_normal_weights():
    state = small_world(2_000)
    traders = len(state.trader.base)
    for m in range(10):
        members = slice(m * traders // 10, (m + 1) * traders // 10)
        held = state.trader.base[members].sum()
        assert held == pytest.approx(2.0 * state.price.daily_volume[m])
        assert state.desk.desks[m] == min(80, members.stop - members.start)
        chartists = state.desk.chartist[m, : state.desk.desks[m]].sum()
        assert state.desk.fundamentalists[m] == state.desk.desks[m] - chartists


def test_institutions_get_their_start_money():
    state = small_world()
    households = len(state.household.employer)
    cash = state.ledger.cash
    assert cash[state.institution(Institution.TREASURY)] == households * cents(6_000)
    assert cash[state.institution(Institution.FUND)] == households * cents(20_000)
    pool = state.ledger.stock[state.institution(Institution.LENDING_POOL)]
    assert np.array_equal(pool, (4 * state.price.daily_volume).astype(np.int32))


def test_warm_up_reports_its_days_and_rebases_the_price_index():
    state, seen = small_world(500), []
    genesis.warm_up(state, 2, lambda day, days: seen.append((day, days)))
    assert seen == [(1, 2), (2, 2)]
    assert state.macro[Macro.CPI_BASE] == state.macro[Macro.CPI]
    assert state.emission.counts.tolist() == [0, 0]
    assert state.digest() != run(small_world(500), 120).digest()


def test_warm_up_tells_of_its_days_on_the_public_base():
    state = small_world(500)
    block = genesis.warm_up(state, 2)
    rows, base = block.market_ticks, float(state.macro[Macro.CPI])
    assert rows["tick"].min() == 9
    assert rows["tick"].max() == 120
    assert len(rows) == 13 * state.params.markets
    cpi = block.indicators[block.indicators["id"] == Indicator.CPI]
    assert cpi["tick"].tolist() == [60, 120]
    assert cpi["value"][-1] == pytest.approx(100.0)
    assert len(block.attributions) >= 47 * state.params.markets
    twin, whole = small_world(500), np.zeros(state.params.markets, np.int64)
    for _ in range(120):
        tick.advance(twin)
        whole += twin.book.market["volume"]
        tick.clear_reports(twin)
    volumes = np.zeros_like(whole)
    np.add.at(volumes, rows["market"], rows["volume"])
    assert volumes.tolist() == whole.tolist()
    assert base > 0.0
    assert (rows["high"] >= rows["low"]).all()


def test_a_warm_up_of_no_days_tells_nothing():
    block = genesis.warm_up(small_world(500), 0)
    assert not len(block.market_ticks)
    assert not len(block.indicators)
