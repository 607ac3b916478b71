"""Why a price moved: exact log decompositions of reference price, value and mid, per step.

    ln R = ln A + ln(R / A)                               A: average of the mid
    ln T = w ln A + w ln(1 + f (D / S - 1)) + (1 - w) ln(C (1 + markup)),  V follows T
    C = X + I,  X = W * PM                                wages W, scarcity multiplier PM, inputs I

- *Reference price* R: past trading is d ln A, the balance of demand and supply the rest.
- *Cost* C is a sum, so its log change is split by logarithmic means L(a, b) = (a - b) / ln(a / b):
  d ln C = dI / L(C) + [L(X) / L(C)] (d ln W + d ln PM), exact for changes of any size.
- *Value* V: the parts of ln T are levels; the parts v of ln V move towards them by the one factor
  d ln V / (ln T - ln V), so they add up to d ln V. Public news is added as its own part: value
  here is what traders hold a good to be worth, ln V + news.
- *Mid*: the parts of value without past trading; what they leave of d ln mid is order flow.

What rounding leaves goes to the last part of each sum, so that sums hold to one rounding. Permits
have no cost of their own: their anchor is the mean of their price and counts as past trading.

Source: logarithmic mean Divisia index, Y. Vartia 1976, B. W. Ang 2004.
"""

import numpy as np

from economy_engine.events import ATTRIBUTION_PARTS
from economy_engine.fmath import clip, log
from economy_engine.goods import CO2, GOODS_COUNT
from economy_engine.jit import inlined, kernel
from economy_engine.systems.gauge_columns import GaugeCount

_MID, _REFERENCE, _AVERAGE, _VALUE, _COST, _LABOUR, _INPUTS, _NEWS = range(8)  # `gauge.before`
PAST, BALANCE, WAGES, INPUTS, SCARCITY = range(5)  # `gauge.levels`, parts of ln V
_STARTED = np.int64(GaugeCount.STARTED)
_TINY = 1e-12
_GAP_MIN = 1e-9  # of logs; below it a change is rounding and counts as past trading
(
    SUM_MID,
    SUM_REFERENCE_PAST,
    SUM_REFERENCE_BALANCE,
    SUM_PAST,
    SUM_BALANCE,
    SUM_WAGES,
    SUM_INPUTS,
    SUM_SCARCITY,
    SUM_NEWS,
) = range(len(ATTRIBUTION_PARTS))


@kernel
def log_mean(a: float, b: float) -> float:
    """Return the logarithmic mean of two positive numbers, (a - b) / ln(a / b)."""
    ratio = log(a / b)
    if abs(ratio) < 1e-6:  # the series: one term of it is exact to 1e-13
        return 0.5 * (a + b)
    return (a - b) / ratio


@kernel
def cost_changes(cost, cost_before, labour, labour_before, inputs, inputs_before, out):
    """Split ln(cost / cost_before) into wages, inputs and scarcity; out: float64[3], in that order.

    labour: wages in the cost before the scarcity multiplier; what is neither input nor labour at
    its own price is scarcity. The three sum to the change to one rounding.
    """
    total = log(cost / cost_before)
    scale = log_mean(cost, cost_before)
    out[1] = (inputs - inputs_before) / scale
    paid, paid_before = cost - inputs, cost_before - inputs_before
    out[2] = 0.0
    if paid > _TINY and paid_before > _TINY and labour > _TINY and labour_before > _TINY:
        share = log_mean(paid, paid_before) / scale
        out[2] = share * (log(paid / labour) - log(paid_before / labour_before))
    out[0] = total - out[1] - out[2]


@kernel
def value_target(price, market, m):
    """Return ln T of a market, and the part of it that the balance of demand and supply makes."""
    weight = market.value_weight
    ratio = clip(price.demand[m] / max(price.supply[m], 1e-9), 0.5, 2.0)
    balance = weight * log(1.0 + market.value_flow * (ratio - 1.0))
    cost = (1.0 - weight) * log(price.cost[m] * (1.0 + market.markup))
    return weight * log(price.average[m]) + balance + cost, balance


@inlined
def remember(before, price, news, m):
    """Keep a market's values for the next step's differences."""
    before[m, _MID] = price.mid[m]
    before[m, _REFERENCE] = price.reference[m]
    before[m, _AVERAGE] = price.average[m]
    before[m, _VALUE] = price.fundamental[m]
    before[m, _COST] = price.cost[m]
    before[m, _LABOUR] = price.labour_cost[m]
    before[m, _INPUTS] = price.input_cost[m]
    before[m, _NEWS] = news.level[m]


@kernel
def start(gauge, price, news, market):
    """Take over the prices of now as the past; what is no balance begins as past trading."""
    for m in range(price.mid.size):
        total, balance = value_target(price, market, m)
        for part in range(5):
            gauge.levels[m, part] = 0.0
            gauge.targets[m, part] = 0.0
        gauge.targets[m, PAST] = total - balance
        gauge.levels[m, PAST] = log(price.fundamental[m]) - balance
        gauge.targets[m, BALANCE] = balance
        gauge.levels[m, BALANCE] = balance
        remember(gauge.before, price, news, m)
    gauge.counts[_STARTED] = 1


@inlined
def move_targets(target, before, price, market, m, split):
    """Bring the parts of ln T up to this step; their sum is ln T to one rounding."""
    total, balance = value_target(price, market, m)
    if m % GOODS_COUNT != CO2:
        cost_changes(
            price.cost[m], before[m, _COST], price.labour_cost[m], before[m, _LABOUR],
            price.input_cost[m], before[m, _INPUTS], split,
        )  # fmt: skip
        for part in range(3):
            target[m, WAGES + part] += (1.0 - market.value_weight) * split[part]
    target[m, BALANCE] = balance
    rest = total - balance
    for part in range(WAGES, WAGES + 3):
        rest -= target[m, part]
    target[m, PAST] = rest


@kernel
def attribute(gauge, price, news, market, split):
    """Add this step's changes of every market to the running bar, part by part.

    Called when mids, news, references and values of the step are known. split: float64[3], scratch.
    """
    before, levels, targets, sums = gauge.before, gauge.levels, gauge.targets, gauge.sums
    for m in range(price.mid.size):
        sums[m, SUM_MID] += log(price.mid[m] / before[m, _MID])
        past = log(price.average[m] / before[m, _AVERAGE])
        sums[m, SUM_REFERENCE_PAST] += past
        sums[m, SUM_REFERENCE_BALANCE] += log(price.reference[m] / before[m, _REFERENCE]) - past
        sums[m, SUM_NEWS] += news.level[m] - before[m, _NEWS]
        move_targets(targets, before, price, market, m, split)
        gap = 0.0
        for part in range(5):
            gap += targets[m, part] - levels[m, part]
        change = log(price.fundamental[m] / before[m, _VALUE])
        share = change / gap if abs(gap) > _GAP_MIN else 0.0
        rest = change
        for part in range(1, 5):
            moved = share * (targets[m, part] - levels[m, part])
            levels[m, part] += moved
            sums[m, SUM_PAST + part] += moved
            rest -= moved
        levels[m, PAST] += rest
        sums[m, SUM_PAST] += rest
        remember(before, price, news, m)
