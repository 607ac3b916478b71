"""Measures of recordings with known answers, and the verdict over markets and seeds."""

from __future__ import annotations

import math

import numpy as np
import pytest

from arena_site.validation import battery, measures, report, stability
from arena_site.validation.battery import INFINITE, Fact
from economy_engine.events import Indicator
from economy_engine.systems.columns import Macro
from tests.validation.recordings import BAR_TICKS, MARKETS, TICKS_PER_DAY, recording

BARS_PER_DAY = TICKS_PER_DAY // BAR_TICKS


def of_markets(values: list[float], **terms) -> Fact:
    return Fact("f", "f", 1, 2, "known", lambda record: np.array(values), **terms)


def of_seeds(values: dict[int, float], **terms) -> Fact:
    return Fact("f", "f", 1, 2, "known", lambda r: values[r.seed], per_market=False, **terms)


def judged(fact: Fact, seeds: int = 1) -> battery.Finding:
    records = [recording(31, seed) for seed in range(seeds)]
    return battery.judge(records, [fact])[0]


@pytest.mark.parametrize(
    ("values", "value", "outside", "passed"),
    [
        ([1.5] * 10, 1.5, 0, True),
        ([1.5] * 7 + [9.0] * 3, 1.5, 3, True),
        ([1.5] * 6 + [9.0] * 4, 1.5, 4, False),
        ([1.5] * 7 + [math.nan] * 3, 1.5, 3, True),
        ([1.5] * 6 + [math.nan] * 4, math.nan, 4, False),
        ([0.9] * 10, 0.9, 10, False),
    ],
)
def test_a_fact_of_markets_needs_its_median_and_seven_of_ten(values, value, outside, passed):
    found = judged(of_markets(values))
    assert found.value == pytest.approx(value, nan_ok=True)
    assert (found.outside, found.outside_max, found.passed) == (outside, 3, passed)


@pytest.mark.parametrize(
    ("values", "worst", "value", "passed"),
    [
        ({0: 1.5, 1: 1.6, 2: 9.0}, None, 1.6, True),
        ({0: 1.5, 1: 9.0, 2: 9.0}, None, 9.0, False),
        ({0: 1.5, 1: 1.6, 2: 9.0}, np.max, 9.0, False),
        ({0: 0.5, 1: 1.6, 2: 1.7}, np.min, 0.5, False),
        ({0: 1.5, 1: 1.6, 2: math.nan}, np.max, math.nan, False),
    ],
)
def test_a_fact_of_the_world_is_judged_by_median_or_worst_seed(values, worst, value, passed):
    found = judged(of_seeds(values, worst=worst), seeds=3)
    assert found.value == pytest.approx(value, nan_ok=True)
    assert found.passed is passed


def test_a_fact_without_a_value_fails_and_is_null_in_json():
    short = recording(20)
    findings = battery.judge([short])
    data = report.as_data(findings, [short])
    drift = next(each for each in data["facts"] if each["name"] == "price_drift")
    assert (drift["value"], drift["passed"]) == (None, False)
    assert data["total"] == len(battery.FACTS)
    assert data["passed"] == sum(each["passed"] for each in data["facts"])
    assert "price_drift" in {f.fact.name for f in findings if not f.passed}
    assert report.table(findings).count("\n") == len(findings) + 1


def test_prices_that_grow_evenly_have_their_drift_and_no_overshoot():
    record = recording()
    record.macro[:, Macro.CPI] = np.exp(0.03 * np.arange(360) / 360)
    assert measures.price_drift(record) == pytest.approx(0.03, abs=1e-4)
    assert measures.price_overshoot(record) == pytest.approx(math.exp(0.03 * 20 / 360) - 1)


def test_the_warm_up_counts_for_nothing():
    record = recording()
    record.macro[:30, Macro.UNEMPLOYMENT] = 0.9
    record.macro[30:, Macro.UNEMPLOYMENT] = 0.06
    record.mid[: 30 * BARS_PER_DAY] = 5_000.0
    record.volume[:BARS_PER_DAY] = 0.0
    record.one_sided[:30] = TICKS_PER_DAY
    record.makers[: 30 * TICKS_PER_DAY // 60] = 1.0
    record.levels[: 30 * TICKS_PER_DAY // 60] = 1
    assert measures.unemployment(record) == pytest.approx(0.06)
    assert measures.carbon_range(record) == pytest.approx([1.0])
    assert (measures.days_without_trade(record) == 0).all()
    assert (measures.one_sided(record) == 0).all()
    assert measures.maker_share(record) == pytest.approx([0.5] * MARKETS)
    assert (measures.bid_levels(record) == 12).all()


def test_what_is_wrong_after_it_counts():
    record = recording()
    record.volume[-BARS_PER_DAY:, 2] = 0.0
    record.one_sided[359, 3] = 120
    record.spread[:, 4] = np.nan
    record.mid[-1, 5] = 3_000.0
    assert measures.days_without_trade(record)[2] == 1
    assert measures.one_sided(record)[3] == pytest.approx(0.5 / 330)
    assert math.isnan(measures.median_spread(record)[4])
    assert measures.median_spread(record)[0] == pytest.approx(20.0)
    assert measures.carbon_range(record) == pytest.approx([3.0])


def test_flow_that_moves_the_price_is_found_beside_its_own_return():
    record = recording()
    flow = np.random.default_rng(2).standard_normal(record.mid.shape)
    record.flow[:] = flow
    record.volume[:] = 10.0
    record.mid[:] = 1_000.0 * np.exp(np.cumsum(0.001 * flow, axis=0))
    assert measures.flow_and_return(10)(record) == pytest.approx([1.0] * MARKETS)
    assert measures.flow_and_return(60)(record) == pytest.approx([1.0] * MARKETS)
    assert measures.kyle_lambda(10)(record) == pytest.approx([0.01] * MARKETS)


def test_a_rate_that_follows_core_inflation_correlates_with_it():
    record = recording(720)
    wave = np.sin(2 * np.pi * np.arange(720) / 300)
    record.macro[:, Macro.CORE] = np.exp(0.05 * wave)
    core = np.convolve(record.macro[:, Macro.CORE], np.ones(30) / 30)[:720]
    inflation = np.zeros(720)
    inflation[90:] = np.log(core[90:] / core[:-90])
    record.macro[:, Macro.POLICY_RATE] = 0.02 + inflation
    assert measures.rate_and_inflation(record) > 0.99
    record.macro[:, Macro.POLICY_RATE] *= -1.0
    assert measures.rate_and_inflation(record) < -0.99


def test_phillips_and_okun_have_their_signs():
    record = recording()
    jobless = 0.06 + 0.02 * np.sin(np.arange(360) / 25)
    record.macro[:, Macro.UNEMPLOYMENT] = jobless
    record.macro[:, Macro.MEAN_WAGE] = np.exp(np.cumsum(0.06 - jobless))
    record.macro[:, Macro.GDP] = np.exp(-2.0 * jobless)
    assert measures.wage_phillips(record) < -0.95
    assert measures.okun(record) < -0.95


def test_stability_sees_what_breaks_a_world():
    record = recording(3 * 360)
    record.macro[:, Macro.GINI] = 0.5
    good = {f.fact.name: f.passed for f in stability.judge_years([record])}
    assert all(good.values()), good
    bad = recording(3 * 360)
    bad.macro[:, Macro.GINI] = np.arange(1080) / 5_000
    bad.one_sided[100:105, 3] = 60
    bad.macro[900:, Macro.CPI] = 5.0
    bad.published[700, 4, 0] = 0.0
    bad.mid[5_000, 1] = np.nan
    bad.faults, bad.dropped = 1, 2
    found = {f.fact.name: f.passed for f in stability.judge_years([record, bad])}
    assert bad.daily_market(Indicator.RESERVES)[700, 0] == 0.0
    passed = [name for name, each in found.items() if each]
    assert passed == ["price_path_low", "days_without_trade"]


def test_every_fact_is_named_once_and_has_a_band():
    names = [fact.name for fact in battery.FACTS]
    assert len(set(names)) == len(names)
    assert all(fact.low <= fact.high and fact.literature for fact in battery.FACTS)
    assert not any(fact.low == -INFINITE and fact.high == INFINITE for fact in battery.FACTS)
