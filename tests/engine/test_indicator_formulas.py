"""The indicators' definitions against values worked out by hand or by numpy."""

import math

import numpy as np
import pytest

from economy_engine.systems import attribution
from economy_engine.systems.indicators import formulas, wealth, world
from tests.engine.worlds import run, small_world

OUT = 3


def ring(values, size, dtype=np.float64):
    """The ring that holds `values` after all of them were written, oldest first."""
    made = np.zeros(size, dtype)
    for number, value in enumerate(values):
        made[number % size] = value
    return made


def test_growth_prices_and_jobs():
    assert formulas.annual_change(110.0, 100.0, 90.0, 360.0) == pytest.approx(4 * math.log(1.1))
    assert math.isnan(formulas.annual_change(110.0, 0.0, 90.0, 360.0))
    assert formulas.deflator(210.0, 200.0) == pytest.approx(1.05)
    assert math.isnan(formulas.deflator(1.0, 0.0))
    assert formulas.vacancy_rate(5.0, 95.0) == pytest.approx(0.05)
    assert math.isnan(formulas.vacancy_rate(0.0, 0.0))
    assert formulas.unmet_needs(2.5, 100.0) == pytest.approx(0.025)


@pytest.mark.parametrize(
    ("gamma", "beta", "quantity", "elasticity"),
    [(3.0, 0.36, 6.0, -0.68), (2.0, 0.26, 5.0, -0.704), (0.3, 0.35, 2.0, -0.9025)],
)
def test_the_expenditure_system_implies_its_elasticity(gamma, beta, quantity, elasticity):
    assert formulas.model_elasticity(gamma, beta, quantity) == pytest.approx(elasticity)
    assert math.isnan(formulas.model_elasticity(gamma, beta, 0.0))


def test_stock_to_use_is_days():
    assert formulas.stock_to_use(300.0, 20.0) == 15.0
    assert math.isnan(formulas.stock_to_use(300.0, 0.0))


def test_elasticity_of_a_constant_elasticity_demand_is_found_without_error():
    prices = 100.0 * np.exp(0.02 * np.sin(np.arange(40.0)))
    use = 50.0 * prices**-0.7
    out = np.zeros(OUT)
    formulas.arc_elasticity(ring(use, 31), ring(prices, 31), 40, out)
    changes = np.diff(prices[9:]) / prices[9:-1]
    assert out[0] == pytest.approx(-0.7, abs=1e-9)
    assert out[1] == pytest.approx(0.0, abs=1e-9)
    assert out[2] == (np.abs(changes) >= 0.005).sum()


def test_elasticity_matches_least_squares_and_leaves_quiet_days_out():
    rng = np.random.default_rng(5)
    prices = 100.0 * np.exp(np.cumsum(rng.normal(0, 0.008, 25)))
    use = 80.0 * prices**-0.4 * np.exp(rng.normal(0, 0.01, 25))
    out = np.zeros(OUT)
    formulas.arc_elasticity(ring(use, 31), ring(prices, 31), 25, out)
    loud = np.abs(np.diff(prices) / prices[:-1]) >= 0.005
    x, y = np.diff(np.log(prices))[loud], np.diff(np.log(use))[loud]
    design = np.stack([x, np.ones_like(x)], axis=1)
    coefficients, residual, *_ = np.linalg.lstsq(design, y, rcond=None)
    error = math.sqrt(residual[0] / (len(x) - 2) / ((x - x.mean()) ** 2).sum())
    assert out == pytest.approx([coefficients[0], error, len(x)], rel=1e-9)


def test_elasticity_is_hidden_when_prices_stand_still():
    out = np.zeros(OUT)
    formulas.arc_elasticity(ring([10.0, 11, 12, 13], 31), ring([100.0] * 4, 31), 4, out)
    assert math.isnan(out[0])
    assert math.isnan(out[1])
    assert out[2] == 0


@pytest.mark.parametrize("count", [40, 1_000, 1_700])
def test_kyles_lambda_is_the_slope_on_normalized_flow(count):
    rng = np.random.default_rng(count)
    flow = rng.integers(-50, 51, count).astype(np.float32)
    volume = rng.integers(60, 140, count).astype(np.float32)
    returns = (0.004 * flow / 100 + rng.normal(0, 0.001, count)).astype(np.float32)
    out = np.zeros(OUT)
    rings = [ring(column, 1_000, np.float32) for column in (returns, flow, volume)]
    formulas.kyle_regression(*rings, count, out)
    last = slice(max(0, count - 1_000), None)
    mean = volume[last].astype(float).mean()
    x, y = flow[last].astype(float) / mean, returns[last].astype(float)
    assert out[0] == pytest.approx(np.polyfit(x, y, 1)[0], rel=1e-9)
    assert out[1] == pytest.approx(np.corrcoef(x, y)[0, 1] ** 2, rel=1e-9)
    assert out[2] == pytest.approx(mean)


def test_kyles_lambda_needs_thirty_bars_and_some_flow():
    out = np.zeros(OUT)
    empty = np.zeros(1_000, np.float32)
    formulas.kyle_regression(empty, empty, empty, 29, out)
    assert np.isnan(out).all()
    formulas.kyle_regression(empty, empty, empty + 1, 100, out)
    assert np.isnan(out[:2]).all()


def test_realized_volatility_of_the_newest_bars():
    returns = ring([9.0] * 10 + [0.03, 0.04], 8, np.float32)
    assert formulas.realized_volatility(returns, 12, 2) == pytest.approx(0.05, rel=1e-6)
    assert math.isnan(formulas.realized_volatility(returns, 1, 2))


def _variance_ratio(r, q):
    """Lo and MacKinlay 1988, straight from the text."""
    n, mean = len(r), r.mean()
    one = ((r - mean) ** 2).sum() / (n - 1)
    sums = np.array([r[k : k + q].sum() for k in range(n - q + 1)])
    many = ((sums - q * mean) ** 2).sum() / (q * (n - q + 1) * (1 - q / n))
    d2 = (r - mean) ** 2
    theta = sum(
        (2 * (q - j) / q) ** 2 * (d2[j:] * d2[:-j]).sum() / d2.sum() ** 2 for j in range(1, q)
    )
    ac1 = ((r[1:] - mean) * (r[:-1] - mean)).sum() / d2.sum()
    return many / one, (many / one - 1) / math.sqrt(theta), ac1


@pytest.mark.parametrize("count", [60, 480, 700])
def test_variance_ratio_is_lo_and_mackinlays(count):
    rng = np.random.default_rng(count)
    noise = rng.normal(0, 0.01, count + 1)
    returns = (noise[1:] - 0.4 * noise[:-1]).astype(np.float32)
    out = np.zeros(OUT)
    formulas.variance_ratio(ring(returns, 480, np.float32), count, 8, out)
    expected = _variance_ratio(returns[max(0, count - 480) :].astype(float), 8)
    assert out == pytest.approx(expected, rel=1e-8)
    assert out[0] < 0.8


def test_a_random_walk_is_efficient():
    returns = np.random.default_rng(1).normal(0, 0.01, 480).astype(np.float32)
    out = np.zeros(OUT)
    formulas.variance_ratio(returns, 480, 8, out)
    assert abs(out[1]) < 2.0
    assert abs(out[2]) < 3 / math.sqrt(480)


@pytest.mark.parametrize(
    ("holdings", "gini", "top"),
    [([1.0] * 100, 0.0, 0.01), ([0.0] * 99 + [5.0], 0.99, 1.0), ([1.0, 3.0], 0.25, 0.75)],
)
def test_inequality(holdings, gini, top):
    wealth_now = np.array(holdings)
    assert formulas.gini(wealth_now) == pytest.approx(gini)
    assert formulas.top_share(wealth_now) == pytest.approx(top)


def test_hill_index_of_a_pareto_tail():
    ranks = (np.arange(20_000) + 0.5) / 20_000
    pareto = np.sort((1.0 - ranks) ** (-1 / 1.6))
    assert formulas.hill_index(pareto) == pytest.approx(1.6, rel=0.01)
    assert math.isnan(formulas.hill_index(pareto[:100]))
    assert math.isnan(formulas.gini(np.zeros(5)))


@pytest.mark.parametrize(
    ("owners", "lots", "concentration"),
    [([1, 2], [5, 5], 0.5), ([1, 2, 2], [2, 1, 1], 0.5), ([1, 2, 3, 4], [1] * 4, 0.25),
     ([7], [3], 1.0)],
)  # fmt: skip
def test_herfindahl_counts_owners_not_rows(owners, lots, concentration):
    assert formulas.herfindahl(np.array(owners), np.array(lots)) == pytest.approx(concentration)


def test_herfindahl_of_nothing():
    assert math.isnan(formulas.herfindahl(np.array([1]), np.array([0])))


@pytest.mark.parametrize(
    ("alert", "fear", "greed", "sentiment", "after"),
    [
        (world.CALM, 0.40, 0.10, 0.30, world.PANIC),
        (world.CALM, 0.40, 0.10, 0.50, world.CALM),
        (world.PANIC, 0.30, 0.10, 0.50, world.PANIC),
        (world.PANIC, 0.20, 0.10, 0.30, world.CALM),
        (world.CALM, 0.10, 0.40, 0.70, world.EUPHORIA),
        (world.EUPHORIA, 0.90, 0.30, 0.20, world.EUPHORIA),
        (world.EUPHORIA, 0.90, 0.20, 0.20, world.CALM),
    ],
)
def test_alerts_begin_high_and_end_low(alert, fear, greed, sentiment, after):
    assert world.alert_after(alert, fear, greed, sentiment) == after


def test_fortunes_count_holds_goods_and_shares():
    state = run(small_world(500), 30)
    found = np.zeros(len(state.household.employer))
    wealth.list_fortunes(state.ledger, state.price.mid, state.household.shares, 2.0, 0, found)
    rows = len(found)
    stock = state.ledger.stock[:rows].astype(float) + state.ledger.stock_held[:rows]
    expected = state.ledger.cash[:rows] + state.ledger.cash_held[:rows] + stock @ state.price.mid
    assert found == pytest.approx(expected + 2.0 * state.household.shares, rel=1e-12)


@pytest.mark.parametrize(("a", "b"), [(3.0, 1.0), (2.0, 2.0), (1.0, 1.0 + 1e-9)])
def test_logarithmic_mean(a, b):
    mean = attribution.log_mean(a, b)
    assert min(a, b) <= mean <= max(a, b)
    assert mean * math.log(a / b) == pytest.approx(a - b, abs=1e-15)


def test_cost_is_split_without_a_rest():
    out = np.zeros(OUT)
    # wages 10 -> 11, multiplier 1.5 -> 1.8, inputs 5 -> 4: cost 20 -> 23.8
    attribution.cost_changes(23.8, 20.0, 11.0, 10.0, 4.0, 5.0, out)
    mean, paid = 3.8 / math.log(1.19), 4.8 / math.log(19.8 / 15)
    assert out[0] == pytest.approx(paid / mean * math.log(1.1))
    assert out[1] == pytest.approx(-1.0 / mean)
    assert out[2] == pytest.approx(paid / mean * math.log(1.2))
    assert out.sum() == pytest.approx(math.log(1.19), rel=1e-14)
