"""The seed's formulas and the model's, against values worked out by hand."""

import math

import numpy as np
import pytest

from economy_engine.systems import monetary, psychology, scarcity, supply_demand
from economy_engine.systems.behavior import desks, households, makers, noise, supply
from tests.engine.worlds import small_world


@pytest.mark.parametrize(
    ("current", "elasticity", "demand", "supply", "price"),
    [
        (100.0, 0.5, 120.0, 100.0, 110.0),
        (100.0, 0.5, 100.0, 100.0, 100.0),
        (100.0, 0.02, 150.0, 100.0, 101.0),
        (200.0, 0.02, 10.0, 100.0, 198.0),  # the ratio is kept at .5
        (200.0, 0.02, 5.0, 0.0, 204.0),  # no supply counts as a ratio of 2
        (100.0, 3.0, 200.0, 100.0, 150.0),  # maxPriceChange
        (100.0, 3.0, 50.0, 100.0, 50.0),
    ],
)
def test_equilibrium_price(current, elasticity, demand, supply, price):
    found = supply_demand.equilibrium_price(current, elasticity, demand, supply, 0.5)
    assert found == pytest.approx(price, rel=1e-12)


@pytest.mark.parametrize(
    ("quantity", "dq", "price", "dp", "elasticity"),
    [(100.0, -10.0, 50.0, 10.0, -0.5), (80.0, 8.0, 10.0, -1.0, -1.0), (5.0, 1.0, 9.0, 0.0, 0.0)],
)
def test_price_elasticity(quantity, dq, price, dp, elasticity):
    assert supply_demand.price_elasticity(quantity, dq, price, dp) == pytest.approx(elasticity)


def test_consumer_surplus_is_the_integral_of_demand():
    found = supply_demand.consumer_surplus(2.0, 0.5, 100.0, 10.0, 50.0)
    prices = np.linspace(10.0, 50.0, 200_001)
    demand = 2.0 + 0.5 * 100.0 / prices
    area = float(((demand[1:] + demand[:-1]) / 2 * np.diff(prices)).sum())
    assert found == pytest.approx(area, rel=1e-6)
    assert supply_demand.consumer_surplus(2.0, 0.5, 100.0, 50.0, 50.0) == 0.0


@pytest.mark.parametrize(
    ("flow", "impact"), [(0.0, 0.0), (4.0, 0.001), (-4.0, -0.001), (1e6, 0.004), (-1e6, -0.004)]
)
def test_kyle_impact(flow, impact):
    assert supply_demand.kyle_impact(flow, 5e-4, 0.004) == pytest.approx(impact)


@pytest.mark.parametrize(
    ("fear", "greed", "herding", "extremity", "multiplier"),
    [
        (0.0, 0.0, 0.0, 0.0, 1.0),
        (1.0, 0.0, 0.0, 0.0, 1.3),
        (0.0, 1.0, 0.0, 0.0, 1.3),
        (0.0, 0.0, 1.0, 0.0, 1.5),
        (0.0, 0.0, 0.0, 1.0, 1.4),
        (1.0, 1.0, 1.0, 1.0, 2.5),
        (0.2, 0.1, 0.5, 0.3, 1.46),
    ],
)
def test_volatility_multiplier(fear, greed, herding, extremity, multiplier):
    found = psychology.volatility_multiplier(fear, greed, herding, extremity, 0.3, 0.3)
    assert found == pytest.approx(multiplier, rel=1e-12)


@pytest.mark.parametrize(
    ("direction", "majority", "herding"),
    [(0.0, 0.5, 0.0), (0.4, 0.7, 0.4), (-0.4, 0.7, 0.4), (1.0, 1.0, 1.0)],
)
def test_herding_factor(direction, majority, herding):
    assert psychology.majority_share(direction) == pytest.approx(majority)
    assert psychology.herding_factor(majority) == pytest.approx(herding)


def test_sentiment_extremity_and_mood():
    assert psychology.sentiment_extremity(0.5) == 0.0
    assert psychology.sentiment_extremity(0.0) == psychology.sentiment_extremity(1.0) == 1.0
    assert psychology.mood(0.5, 0.2, 0.1, (0.4, 0.3, 0.3)) == pytest.approx(0.47)


@pytest.mark.parametrize(
    ("reserve", "base", "level"), [(100.0, 100.0, 0.0), (75.0, 100.0, 0.25), (130.0, 100.0, 0.0)]
)
def test_scarcity_level(reserve, base, level):
    assert scarcity.scarcity_level(reserve, base) == pytest.approx(level)


@pytest.mark.parametrize(
    ("level", "most", "importance", "multiplier"),
    [(0.0, 4.0, 0.85, 1.0), (0.5, 4.0, 0.5, 2.0), (0.1, 3.0, 0.9, 1.27), (1.0, 0.0, 0.0, 1.0)],
)
def test_price_multiplier(level, most, importance, multiplier):
    assert scarcity.price_multiplier(level, most, importance) == pytest.approx(multiplier)


def test_renewal_peaks_at_half_of_the_base():
    assert scarcity.renewal(500.0, 1_000.0, 0.02) == pytest.approx(5.0)
    assert scarcity.renewal(1_000.0, 1_000.0, 0.02) == 0.0
    assert scarcity.renewal(400.0, 1_000.0, 0.02) < 5.0


@pytest.mark.parametrize(
    ("price", "factor"),
    [(100.0, 1.0), (125.0, 1.0), (150.0, 2.0), (500.0, 3.0), (75.0, 0.75), (1.0, 0.2)],
)
def test_quota_factor(price, factor):
    assert scarcity.quota_factor(price, 100.0) == pytest.approx(factor)


def test_quantity_theory_velocity():
    assert monetary.velocity(7.0e9, 1.0e9) == 7.0
    assert monetary.velocity(7.0e9, 0.0) == 0.0


def test_inflation_sum_is_the_plain_sum_of_its_terms():
    assert monetary.inflation_sum(0.02, 0.01, -0.005, 0.003, 0.002) == pytest.approx(0.03)
    terms = monetary.inflation_terms(0.06, 0.2, 0.04, 0.6, 0.1, 0.3, 0.02)
    assert terms == pytest.approx((0.01, 0.01, 0.004, 0.006))
    bounded = monetary.inflation_terms(9.0, -9.0, 0.0, 0.5, 0.0, 0.0, 0.02)
    assert bounded == pytest.approx((0.05, -0.025, 0.0, 0.0))


@pytest.mark.parametrize(
    ("inflation", "gap", "rate"),
    [
        (0.02, 0.0, 0.04),
        (0.04, 0.0, 0.07),
        (0.02, 0.02, 0.05),
        (-0.10, -0.1, 0.0),  # floor
        (0.12, 0.0, 0.20),  # .02 + .12 + .05 + tightening .01
        (0.30, 0.0, 0.25),  # ceiling
    ],
)
def test_taylor_rate(inflation, gap, rate):
    found = monetary.taylor_rate(inflation, 0.02, gap, 0.02, 0.10, 0.25)
    assert found == pytest.approx(rate)


def test_output_gap_by_okun():
    assert monetary.output_gap(0.06, 0.06, 2.0) == 0.0
    assert monetary.output_gap(0.09, 0.06, 2.0) == pytest.approx(-0.06)


@pytest.mark.parametrize(
    ("inflation", "unemployment", "share"),
    [
        (0.02, 0.05, 0.0),
        (0.0, 0.05, 0.03),
        (0.03, 0.09, 0.03),
        (0.05, 0.20, 0.0),  # inflation too high for a weak labor market to count
        (-0.5, 0.5, 0.12),  # bound
    ],
)
def test_easing_issue(inflation, unemployment, share):
    p = small_world(500).params.monetary
    assert monetary.easing_issue(inflation, unemployment, p) == pytest.approx(share)


def test_producers_cost_and_price():
    assert supply.marginal_cost(0.04, 1.0, 100_000.0, 1.5, 420.0) == pytest.approx(6_420.0)
    middle = supply.asking_price(1_000.0, 800.0, 0.25, 0.3, 0.0)
    assert middle == pytest.approx(1_000.0)
    assert supply.asking_price(100.0, 800.0, 0.25, 1.0, 0.0) == pytest.approx(808.0)


def test_households_spend_demand_and_tax():
    assert households.spending_propensity(0.0, 0.5, 0.5, 0.2) == 1.0
    assert households.spending_propensity(0.1, 0.5, 0.5, 0.2) == pytest.approx(0.95)
    assert households.spending_propensity(9.0, 0.5, 0.5, 0.2) == 0.6
    assert households.expenditure_demand(3.0, 0.36, 9.0, 100.0, 1.0) == pytest.approx(7.0)
    assert households.wealth_tax(50.0, 10.0, 0.06, 0.3) == 0.0
    assert households.wealth_tax(410.0, 10.0, 0.06, 0.3) == pytest.approx(0.06 + 0.175)


def test_desks_targets_and_switching():
    p = small_world(500).params.desk
    assert desks.target_position(p, 0.0) == 1.0
    assert desks.target_position(p, 0.1) == pytest.approx(1.6)
    assert desks.target_position(p, 9.0) == 3.0
    assert desks.target_position(p, -9.0) == -0.5
    assert desks.switching_index(p, 0.0, 0.0, 0.0) == pytest.approx(-0.3)
    assert desks.switching_index(p, 1.0, 0.1, 9.0) == pytest.approx(-0.3 + 0.9 + 1.0 - 3.75)
    assert desks.switching_index(p, 1.0, 9.0, 0.0) == 4.0


def test_activity_spreads_and_noise():
    assert supply_demand.activity(2e-6, 1e-6, 0.8, 0.3, 4.0) == pytest.approx(1.8, rel=1e-5)
    assert supply_demand.activity(0.0, 1e-6, 0.8, 0.3, 4.0) == 0.3
    assert makers.half_spread(0.0015, 1.0, 1e-6, 1e-6) == pytest.approx(0.0015, rel=1e-5)
    assert makers.half_spread(0.0015, 2.0, 1.0, 1e-6) == pytest.approx(0.0015 * 2 * 2.2)
    assert noise.buy_probability(20.0, 20.0) == 0.5
    assert noise.buy_probability(1e9, 20.0) == pytest.approx(0.2)
    assert math.isclose(noise.buy_probability(0.0, 1e9), 0.8, rel_tol=1e-6)
