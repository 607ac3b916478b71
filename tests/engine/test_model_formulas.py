"""Supply, wages, money, scarcity and moods: named formulas against values worked out by hand."""

import math

import pytest

from economy_engine import genesis
from economy_engine.goods import GoodKind
from economy_engine.ledger.columns import Issued
from economy_engine.systems import monetary, psychology, scarcity
from economy_engine.systems.behavior import firms, supply
from economy_engine.systems.columns import Institution, Macro
from tests.engine.worlds import small_world


@pytest.mark.parametrize(("level", "price"), [(0, 100.0), (1, 102.4), (2, 107.2), (3, 114.4)])
def test_level_price(level, price):
    assert supply.level_price(100.0, level) == pytest.approx(price)


@pytest.mark.parametrize(
    ("ask", "cost", "level", "price"),
    [
        (100.0, 80.0, 0, 100.0),
        (100.0, 80.0, 2, 107.2),  # 1.01 * 1.2 * 80 = 96.96 lies below
        (100.0, 80.0, 3, 121.2),
        (60.0, 80.0, 0, 68.68),
        (60.0, 80.0, 1, 80.8),
        (60.0, 80.0, 2, 96.96),
    ],
)
def test_no_quarter_is_sold_below_its_own_cost(ask, cost, level, price):
    assert supply.tier_price(ask, cost, level) == pytest.approx(price)


@pytest.mark.parametrize(
    ("ratio", "share"),
    [
        (0.85, 0.0),
        (0.90625, 0.0661764705882353),  # the rich quarter alone, (.90625 / .85 - 1) / .25
        (1.0, 0.25 * 0.7058823529411764),
        (1.0625, 0.25 + 0.25 * 0.25),
        (1.25, 0.5 + 0.25 * 0.16666666666666666),
        (1.5, 0.75),
        (1.875, 1.0),
        (9.0, 1.0),
    ],
)
def test_quarters_run_from_their_cost_to_their_cost_plus_markup(ratio, share):
    assert supply.running_share(ratio, 0.25) == pytest.approx(share)


def test_an_extractors_response_has_mean_slope_one_and_is_zero_at_the_markup():
    assert supply.tier_response(1.25, 0.25) == 0.0
    low, high = supply.tier_response(0.85, 0.25), supply.tier_response(1.875, 0.25)
    assert high - low == pytest.approx(math.log(1.875 / 0.85))
    assert low == pytest.approx(-0.5416666666666666 * math.log(1.875 / 0.85))
    responses = [supply.tier_response(0.8 + 0.05 * k, 0.25) for k in range(30)]
    assert responses == sorted(responses)


@pytest.mark.parametrize(
    ("ratio", "response"), [(1.25, 0.0), (1.5, math.log(1.2)), (0.1, -0.7), (9.0, 0.5)]
)
def test_a_makers_response(ratio, response):
    assert supply.markup_response(ratio, 0.25) == pytest.approx(response)


@pytest.mark.parametrize(
    ("expected", "unemployment", "growth"),
    [(0.02, 0.06, 0.02), (0.02, 0.04, 0.06), (0.02, 0.10, -0.06), (0.0, 0.0, 0.12)],
)
def test_phillips_curve(expected, unemployment, growth):
    assert supply.wage_growth(expected, 2.0, 0.06, unemployment) == pytest.approx(growth)


@pytest.mark.parametrize(
    ("real_rate", "pace"), [(0.02, 1.0), (0.0, 1.08), (0.12, 0.6), (0.30, 0.2), (0.9, 0.2)]
)
def test_expansion_pace(real_rate, pace):
    assert supply.expansion_pace(real_rate) == pytest.approx(pace)


@pytest.mark.parametrize(
    ("money", "turns", "output", "level"),
    [(100.0, 7.0, 350.0, 2.0), (100.0, 7.0, 0.0, 0.0), (0.0, 7.0, 10.0, 0.0)],
)
def test_quantity_theory_price_level(money, turns, output, level):
    assert monetary.price_level(money, turns, output) == pytest.approx(level)
    if level > 0.0:
        assert monetary.velocity(level * output, money) == pytest.approx(turns)


@pytest.mark.parametrize(("inflation", "share"), [(0.1, 0.0), (0.10001, 0.1), (0.5, 0.1)])
def test_tightening_share(inflation, share):
    assert monetary.tightening_share(inflation, 0.10, 0.10) == share


def _issue(state, inflation):
    state.macro[Macro.POLICY_INFLATION] = inflation
    policy = state.params.monetary
    treasury = state.institution(Institution.TREASURY)
    before = int(state.ledger.cash[treasury])
    day = policy.first_day + 20
    net = monetary.issue_money(state.ledger, state.day, state.macro, policy, day, state.rows.agents)
    assert int(state.ledger.cash[treasury]) - before == net
    state.check()
    return int(net), int(state.macro[Macro.MONEY])


def test_tightening_destroys_money_out_of_the_treasury():
    state = small_world(500)
    state.macro[Macro.UNEMPLOYMENT_MEAN] = 0.06
    net, money = _issue(state, 0.2)
    assert net == pytest.approx(money * (0.025 - 0.10) / 360, abs=2)
    destroyed = int(state.ledger.issued[Issued.DESTROYED])
    assert destroyed == pytest.approx(money * 0.10 / 360, abs=1)


def test_tightening_never_takes_more_than_the_treasury_has():
    state = small_world(500)
    treasury, household = state.institution(Institution.TREASURY), 0
    state.ledger.cash[household] += state.ledger.cash[treasury]
    state.ledger.cash[treasury] = 0
    net, money = _issue(state, 0.2)
    assert net == 0
    assert state.ledger.issued[Issued.DESTROYED] == int(money * 0.025 / 360)


def test_easing_issues_money_into_the_treasury():
    state = small_world(500)
    state.macro[Macro.UNEMPLOYMENT_MEAN] = 0.06
    net, money = _issue(state, 0.0)
    assert net == pytest.approx(money * (0.025 + 1.5 * 0.02) / 360, abs=2)
    assert state.ledger.issued[Issued.DESTROYED] == 0


@pytest.mark.parametrize(
    ("use", "rate", "base"), [(50.0, 0.001, 50_000.0), (50.0, 0.004, 12_500.0)]
)
def test_base_reserves_follow_the_seeds_depletion_rate(use, rate, base):
    assert scarcity.base_reserve(use, rate) == pytest.approx(base)


def test_genesis_takes_its_reserves_from_the_depletion_rate():
    state = small_world(500)
    kinds, use = state.goods.kind, state.price.daily_volume
    finite, renewable = kinds == GoodKind.FINITE, kinds == GoodKind.RENEWABLE
    assert state.resource.base[finite] == pytest.approx(1_000.0 * use[finite])
    assert state.resource.base[renewable] == pytest.approx(250.0 * use[renewable])
    config = state.params.config._replace(depletion_rate=0.002)
    hasty = genesis.create(state.params.with_changes(config=config))
    assert hasty.resource.base[finite] == pytest.approx(500.0 * use[finite])


@pytest.mark.parametrize(
    ("trend", "jobless", "herd", "world", "sentiment", "memory", "drift"),
    [
        (0.0, 0.0, 0.8, 0.5, 0.5, 0.5, 0.0),
        (3.0, 0.0, 0.0, 0.5, 0.5, 0.5, 0.36),
        (0.0, 1.0, 0.0, 0.5, 0.5, 0.5, -0.15),
        (0.0, 0.0, 0.5, 0.9, 0.5, 0.5, 0.2),
        (0.0, 0.0, 0.0, 0.5, 0.4, 0.6, 0.075),
    ],
)
def test_sentiment_drift(trend, jobless, herd, world, sentiment, memory, drift):
    found = psychology.sentiment_drift(trend, jobless, herd, world, sentiment, memory)
    assert found == pytest.approx(drift)


@pytest.mark.parametrize(
    ("trend", "excess", "jobless", "fear", "greed"),
    [
        (0.0, 0.0, 0.0, 0.0, 0.0),
        (-1.5, 0.0, 0.0, 0.5, 0.0),
        (1.5, 0.0, 0.0, 0.0, 0.5),
        (1.5, 2.0, 1.0, 0.5, 0.2),
        (-3.0, 3.0, 1.0, 1.0, 0.0),
    ],
)
def test_what_fear_and_greed_move_to(trend, excess, jobless, fear, greed):
    assert psychology.alarm(trend, excess, jobless) == pytest.approx(fear)
    assert psychology.lure(trend, excess) == pytest.approx(greed)


@pytest.mark.parametrize(
    ("excess", "fear", "level"), [(0.0, 0.0, 1.0), (2.0, 0.4, 0.3), (3.0, 1.0, 0.0)]
)
def test_what_confidence_moves_to(excess, fear, level):
    assert psychology.assurance(excess, fear) == pytest.approx(level)


def test_input_cost_is_at_mid_prices():
    state = small_world(500)
    state.price.mid.fill(100.0)
    found = firms.input_cost_of(state.goods, state.price, 7, 0)  # food: .3 + .3 + .1 lots
    assert found == pytest.approx(70.0)
