"""The figures of each market at a day's end, as one table that is filled by a kernel.

`figures` is float64[len(FIGURES), M]; NaN stands for no value today.
"""

import math

import numpy as np

from economy_engine.events import Indicator
from economy_engine.goods import GOODS_COUNT, GoodKind
from economy_engine.jit import kernel
from economy_engine.params import STEPS_PER_DAY
from economy_engine.state import WorldState
from economy_engine.systems.behavior.firms import input_cost_of, marginal_cost
from economy_engine.systems.columns import BAR_STEPS
from economy_engine.systems.gauge_columns import GAUGE_FIGURES, GaugeCount
from economy_engine.systems.indicators import formulas
from economy_engine.systems.scarcity import price_multiplier, scarcity_level

FIGURES: tuple[Indicator, ...] = (
    Indicator.EQUILIBRIUM_PRICE,
    Indicator.SUPPLY,
    Indicator.DEMAND,
    Indicator.VOLATILITY,
    Indicator.PRODUCTION,
    Indicator.CONSUMPTION,
    Indicator.VWAP,
    Indicator.RESERVES,
    Indicator.SCARCITY,
    Indicator.PRICE_ELASTICITY,
    Indicator.PRICE_ELASTICITY_ERROR,
    Indicator.PRICE_ELASTICITY_DAYS,
    Indicator.MODEL_ELASTICITY,
    Indicator.CONSUMER_SURPLUS,
    Indicator.MODEL_SURPLUS,
    Indicator.PRODUCER_SURPLUS,
    Indicator.KYLE_LAMBDA,
    Indicator.KYLE_FIT,
    Indicator.IMPACT_PER_PERCENT,
    Indicator.HERFINDAHL,
    Indicator.REALIZED_VOLATILITY,
    Indicator.PRICE_MULTIPLIER,
    Indicator.STOCK_TO_USE,
    Indicator.VARIANCE_RATIO,
    Indicator.VARIANCE_RATIO_Z,
    Indicator.AUTOCORRELATION,
    Indicator.MARGINAL_COST,
    Indicator.FUNDAMENTAL_VALUE,
    Indicator.DAY_VOLUME,
)
assert len(FIGURES) == GAUGE_FIGURES
IDENTITIES = np.array([int(each) for each in FIGURES], np.int64)
_AT = {identity: np.int64(place) for place, identity in enumerate(FIGURES)}
BARS_PER_DAY = STEPS_PER_DAY // BAR_STEPS
IMPACT_SHARE = 0.01  # of a day's volume
_FINITE, _RENEWABLE = np.int64(GoodKind.FINITE), np.int64(GoodKind.RENEWABLE)
_BARS, _LONG_BARS = np.int64(GaugeCount.BARS), np.int64(GaugeCount.LONG_BARS)
_DAYS = np.int64(GaugeCount.DAYS)
_REFERENCE, _SUPPLY = _AT[Indicator.EQUILIBRIUM_PRICE], _AT[Indicator.SUPPLY]
_DEMAND, _VOLATILITY = _AT[Indicator.DEMAND], _AT[Indicator.VOLATILITY]
_PRODUCED, _USED = _AT[Indicator.PRODUCTION], _AT[Indicator.CONSUMPTION]
_VWAP, _RESERVES = _AT[Indicator.VWAP], _AT[Indicator.RESERVES]
_SCARCITY, _MULTIPLIER = _AT[Indicator.SCARCITY], _AT[Indicator.PRICE_MULTIPLIER]
_SLOPE, _MODEL = _AT[Indicator.PRICE_ELASTICITY], _AT[Indicator.MODEL_ELASTICITY]
_CONSUMER, _INTEGRAL = _AT[Indicator.CONSUMER_SURPLUS], _AT[Indicator.MODEL_SURPLUS]
_PRODUCER, _LAMBDA = _AT[Indicator.PRODUCER_SURPLUS], _AT[Indicator.KYLE_LAMBDA]
_IMPACT, _CONCENTRATION = _AT[Indicator.IMPACT_PER_PERCENT], _AT[Indicator.HERFINDAHL]
_REALIZED, _COVER = _AT[Indicator.REALIZED_VOLATILITY], _AT[Indicator.STOCK_TO_USE]
_RATIO, _COST = _AT[Indicator.VARIANCE_RATIO], _AT[Indicator.MARGINAL_COST]
_VALUE, _VOLUME = _AT[Indicator.FUNDAMENTAL_VALUE], _AT[Indicator.DAY_VOLUME]


@kernel
def remember_use(gauge, day, price):
    """Put the day's use and VWAP of every market into their rings."""
    place = gauge.counts[_DAYS] % gauge.use.shape[1]
    for m in range(price.vwap.size):
        gauge.use[m, place] = np.float64(day.consumed[m] + day.used[m])
        gauge.vwaps[m, place] = price.vwap[m]
    gauge.counts[_DAYS] += 1


@kernel
def mean_use(use, count):
    """Return the mean of the newest 30 days in a ring float64[D]; NaN without a day."""
    days = min(count, use.size - 1)
    if days <= 0:
        return math.nan
    total = 0.0
    for back in range(days):
        total += use[(count - 1 - back) % use.size]
    return total / days


@kernel
def fill_prices(figures, price, flow, day, ledger):
    """Write what stands in the columns already, and the day's sums."""
    for m in range(price.mid.size):
        figures[_REFERENCE, m] = price.reference[m]
        figures[_SUPPLY, m] = price.supply[m]
        figures[_DEMAND, m] = price.demand[m]
        figures[_VOLATILITY, m] = math.sqrt(flow.variance_400[m] * STEPS_PER_DAY)
        figures[_PRODUCED, m] = day.produced[m]
        figures[_USED, m] = day.consumed[m] + day.used[m]
        figures[_VWAP, m] = price.vwap[m]
        figures[_COST, m] = price.cost[m]
        figures[_VALUE, m] = price.fundamental[m]
        figures[_CONSUMER, m] = day.consumer_surplus[m]
        figures[_INTEGRAL, m] = day.model_surplus[m]
        figures[_COVER, m] = np.float64(ledger.goods_in[m] - ledger.goods_out[m])


@kernel
def fill_statistics(figures, gauge, goods, households, out):
    """Write what is measured over rings; out: float64[3], scratch."""
    counts = gauge.counts
    for m in range(figures.shape[1]):
        k = m % GOODS_COUNT
        formulas.arc_elasticity(gauge.use[m], gauge.vwaps[m], counts[_DAYS], out)
        for offset in range(3):
            figures[_SLOPE + offset, m] = out[offset]
        formulas.kyle_regression(
            gauge.returns[m], gauge.flows[m], gauge.volumes[m], counts[_BARS], out
        )
        figures[_LAMBDA, m] = out[0]
        figures[_LAMBDA + 1, m] = out[1]
        figures[_IMPACT, m] = out[0] * IMPACT_SHARE * BARS_PER_DAY
        figures[_REALIZED, m] = formulas.realized_volatility(
            gauge.returns[m], counts[_BARS], BARS_PER_DAY
        )
        formulas.variance_ratio(
            gauge.long_returns[m], counts[_LONG_BARS], formulas.EFFICIENCY_LAG, out
        )
        for offset in range(3):
            figures[_RATIO + offset, m] = out[offset]
        use = mean_use(gauge.use[m], counts[_DAYS])
        figures[_COVER, m] = formulas.stock_to_use(figures[_COVER, m], use)
        if goods.basket[k] > 0.0:
            figures[_MODEL, m] = formulas.model_elasticity(
                goods.subsistence[k], goods.budget_share[k], figures[_USED, m] / households
            )
        else:
            figures[_MODEL, m] = math.nan
            figures[_CONSUMER, m] = math.nan
            figures[_INTEGRAL, m] = math.nan


@kernel
def fill_resources(figures, resource, goods):
    """Write reserves, scarcity and the seed's Price Multiplier of what comes out of the ground."""
    for m in range(figures.shape[1]):
        k = m % GOODS_COUNT
        for place in (_RESERVES, _SCARCITY, _MULTIPLIER):
            figures[place, m] = math.nan
        if goods.kind[k] == _FINITE or goods.kind[k] == _RENEWABLE:
            level = scarcity_level(resource.reserve[m], resource.base[m])
            figures[_RESERVES, m] = resource.reserve[m] / resource.base[m]
            figures[_SCARCITY, m] = level
            figures[_MULTIPLIER, m] = price_multiplier(
                level, goods.max_multiplier[k], goods.importance[k]
            )


@kernel
def fill_producers(figures, book, firm, staff, price, resource, goods):
    """Write the producers' surplus: what they sold today, less marginal cost of now times lots."""
    for m in range(figures.shape[1]):
        figures[_PRODUCER, m] = 0.0
    for f in range(firm.market.size):
        m = firm.market[f]
        k = m % GOODS_COUNT
        level = scarcity_level(resource.reserve[m], resource.base[m])
        rent = price_multiplier(level, goods.max_multiplier[k], goods.importance[k])
        inputs = input_cost_of(goods, price, k, m - k)
        cost = marginal_cost(goods.labour[k], firm.productivity[f], staff.wage[f], rent, inputs)
        figures[_PRODUCER, m] += book.sales[f, 1] - cost * book.sales[f, 0]


def fill_sales(figures: np.ndarray, state: WorldState) -> None:
    """Write concentration of the producers' sales by beneficial owner."""
    sold, first = state.book.sales[:, 0], state.rows.firms
    owners = state.ledger.owner[first : first + len(sold)]
    for m in range(figures.shape[1]):
        mine = state.firm.market == m
        figures[_CONCENTRATION, m] = formulas.herfindahl(owners[mine], sold[mine])


def fill(state: WorldState, volumes: np.ndarray) -> np.ndarray:
    """Return the table of the day that ends; volumes: int64[M], lots traded in it."""
    figures, goods = state.gauge_figures, state.goods
    remember_use(state.gauge, state.day, state.price)
    fill_prices(figures, state.price, state.flow, state.day, state.ledger)
    households = float(len(state.household.employer)) / state.params.regions
    fill_statistics(figures, state.gauge, goods, households, state.gauge_scratch[1])
    fill_resources(figures, state.resource, goods)
    fill_producers(figures, state.book, state.firm, state.staff, state.price, state.resource, goods)
    fill_sales(figures, state)
    figures[_VOLUME] = volumes
    return figures
