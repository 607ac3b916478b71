"""Attribution is exact, and what is published equals a slow recomputation from the states."""

import numpy as np
import pytest

from economy_engine import tick
from economy_engine.events import ATTRIBUTION_PARTS, Indicator
from economy_engine.systems import shocks
from economy_engine.systems.columns import BAR_STEPS
from economy_engine.systems.shocks import ShockKind
from tests.engine.worlds import small_world

REFERENCE = ("reference_past", "reference_balance")
VALUE = tuple(name for name in ATTRIBUTION_PARTS if name.startswith("value"))


def _levels(state):
    price = state.price
    return np.stack(
        [np.log(price.mid), np.log(price.reference), np.log(price.fundamental) + state.news.level]
    )


def _watch(state, ticks, at_tick=lambda state, number: None):
    """The published rows, and the logs that they speak of, both per bar of ten ticks."""
    rows, levels = [], []
    for number in range(ticks):
        at_tick(state, number)
        tick.advance(state)
        if len(made := state.emission.take_attributions()):
            rows.append(made)
            levels.append(_levels(state))
        elif number == 0:
            levels.append(_levels(state))
        tick.clear_reports(state)
    return rows, levels


def _assert_exact(rows, levels):
    assert len(rows) > 2
    for made, before, after in zip(rows, levels[:-1], levels[1:], strict=True):
        moved = after - before
        assert made["mid"] == pytest.approx(moved[0], abs=1e-12)
        assert sum(made[name] for name in REFERENCE) == pytest.approx(moved[1], abs=1e-12)
        assert sum(made[name] for name in VALUE) == pytest.approx(moved[2], abs=1e-12)


def test_parts_sum_to_the_change_of_every_market():
    state = small_world(1_000, preset="sprint")
    rows, levels = _watch(state, 15 * BAR_STEPS + 1)
    assert [int(made["tick"][0]) for made in rows] == [10 * k + 1 for k in range(1, 16)]
    _assert_exact(rows, levels)
    for made in rows:
        assert made["market"].tolist() == list(range(10))
    total = {name: sum(float(np.abs(made[name]).sum()) for made in rows) for name in VALUE}
    assert all(total.values()), total


def test_shocks_show_up_under_their_name_and_stay_exact():
    def shake(state, number):
        if number == 20:
            assert shocks.inject(state, ShockKind.NEWS, 0, -0.2)
        if number == 50:
            assert shocks.inject(state, ShockKind.RESERVE, 1, 0.3)

    rows, levels = _watch(small_world(1_000, preset="sprint"), 401, shake)
    _assert_exact(rows, levels)
    news = [float(made["value_news"][0]) for made in rows]
    assert min(news) < -0.15
    scarcity = sum(made["value_scarcity"] for made in rows)
    assert scarcity[1] > 0.0
    assert scarcity[1] == max(scarcity)


def test_a_copy_in_the_middle_of_a_bar_tells_the_same():
    state = small_world(500, preset="sprint")
    _watch(state, 25)
    twin = state.copy()
    mine, theirs = _watch(state, 30)[0], _watch(twin, 30)[0]
    assert len(mine) == len(theirs) == 3
    for one, other in zip(mine, theirs, strict=True):
        assert np.array_equal(one, other)


def test_a_day_is_told_once_with_finite_figures_and_its_sums_begin_anew():
    state = small_world(1_000)
    told = {}
    for _ in range(2 * 60):
        tick.advance(state)
        _, values = state.emission.take()
        for row in values:
            assert np.isfinite(row["value"]), Indicator(row["id"])
            told.setdefault((int(row["id"]), int(row["market"])), []).append(float(row["value"]))
        tick.clear_reports(state)
    for identity in (Indicator.GDP, Indicator.UNMET_NEEDS, Indicator.MONEY_TURNOVER):
        assert len(told[identity, -1]) == 2, identity
    for market in range(10):
        assert len(told[Indicator.PRODUCER_SURPLUS, market]) == 2
        assert 0.0 < told[Indicator.HERFINDAHL, market][-1] <= 1.0
    assert not state.book.sales.any()
    assert not state.day.consumer_surplus.any()
    surplus = told[Indicator.CONSUMER_SURPLUS, 7]
    assert all(value > 0.0 for value in surplus)
    assert all(value > 0.0 for value in told[Indicator.MODEL_SURPLUS, 7])
    for left, right in zip(
        told[Indicator.MONEY_TURNOVER, -1], told[Indicator.OUTPUT_TURNOVER, -1], strict=True
    ):
        assert left == pytest.approx(right, rel=1e-12)
    terms = (Indicator.SEED_BASE, Indicator.SEED_MONEY, Indicator.SEED_VELOCITY,
             Indicator.SEED_DEMAND, Indicator.SEED_BEHAVIOR)  # fmt: skip
    assert all(len(told[term, -1]) == 2 for term in terms)


def test_sales_of_producers_are_their_trades():
    """What the books count for producers is what their ledgers gave away."""
    state = small_world(1_000)
    first = state.rows.firms
    firms = state.rows.traders - first
    for _ in range(40):
        before = (
            state.ledger.stock[first : first + firms]
            + state.ledger.stock_held[first : first + firms]
        )
        sold = state.book.sales.copy()
        made = state.day.produced.copy()
        tick.advance(state)
        after = (
            state.ledger.stock[first : first + firms]
            + state.ledger.stock_held[first : first + firms]
        )
        lots = (state.book.sales - sold)[:, 0]
        for m in range(10):
            mine = state.firm.market == m
            gone = (before - after)[mine, m].sum() + state.day.produced[m] - made[m]
            assert lots[mine].sum() == gone, m
        tick.clear_reports(state)
    assert state.book.sales[:, 1].sum() > 0
