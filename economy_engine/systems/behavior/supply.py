"""What producers would sell and make at which price: the seed's multi-level supply curve.

    marginal cost = labour / productivity * wage * Price Multiplier + inputs at mid prices
    ask = max(1.01 * cost, P_eq^th * (cost * (1 + mu))^(1 - th) * e^offset)

Makers of goods offer three levels at ask * (1, 1.024, 1.072). The four quarters of an extractor's
capacity cost .85, 1, 1.2 and 1.5 times the marginal cost; each visit offers three quarters of a
day's capacity and the rest of the stock at four levels, none below its own cost plus one percent,
so that the offer is cut quarter by quarter when the price falls. A quarter runs in part from its
cost on and fully from its cost plus markup. The response of planned output to the price is the
running share of the quarters, less the share at the usual markup, over the mean slope of that
share: its mean elasticity is that of the calibrated response of the other producers.

Source: the seed (multi-level supply from marginal costs); cost tiers of economy.md 3.3;
H. Hotelling 1931 for the rent in the multiplier; parameters of set P3.
"""

import numpy as np

from economy_engine.fmath import clip, exp, log
from economy_engine.jit import kernel

TIERS = (0.85, 1.0, 1.2, 1.5)  # cost of a quarter of capacity / marginal cost, rising
TIERS_COUNT = np.int64(len(TIERS))
_QUARTER = 1.0 / len(TIERS)


@kernel
def marginal_cost(labour, productivity, wage, multiplier, input_cost):
    """Return minor units per lot; the scarcity multiplier acts on the labour part."""
    return labour / productivity * wage * multiplier + input_cost


@kernel
def blended_price(reference, cost, markup, weight, offset):
    """Return the geometric mean of the reference price and cost plus markup, times e^offset."""
    blended = exp(weight * log(reference) + (1.0 - weight) * log(cost * (1.0 + markup)))
    return blended * exp(offset)


@kernel
def asking_price(reference, cost, markup, weight, offset):
    """Return the price of the first supply level: never below cost plus one percent."""
    return max(1.01 * cost, blended_price(reference, cost, markup, weight, offset))


@kernel
def level_price(ask, level):
    """Return the price of supply level 0, 1, 2, ...: ask * (1, 1.024, 1.072, ...)."""
    return ask * (1.0 + 0.012 * level + 0.012 * level * level)


@kernel
def tier_price(ask, cost, level):
    """Return the price of a quarter of an extractor: its level, but never below its own cost.

    >>> tier_price(100.0, 80.0, 3)
    121.2
    """
    return max(level_price(ask, level), 1.01 * TIERS[level] * cost)


@kernel
def running_share(ratio, markup):
    """Return the share of capacity, 0..1, that pays at `ratio` = price / marginal cost."""
    share = 0.0
    for level in range(TIERS_COUNT):
        share += _QUARTER * clip((ratio / TIERS[level] - 1.0) / markup, 0.0, 1.0)
    return share


@kernel
def tier_response(ratio, markup):
    """Return the response of an extractor's output to price / marginal cost, 0 at 1 + markup.

    Its mean slope over the logarithm of the ratio, from nothing to all of the capacity, is 1.
    """
    whole = log(TIERS[TIERS_COUNT - 1] * (1.0 + markup) / TIERS[0])
    return (running_share(ratio, markup) - running_share(1.0 + markup, markup)) * whole


@kernel
def markup_response(ratio, markup):
    """Return the response of a maker's output: ln(ratio / (1 + markup)) within -.7..+.5."""
    return clip(log(ratio / (1.0 + markup)), -0.7, 0.5)


@kernel
def offered_flow(made, unsold, wanted):
    """Return the lots per day that count as supply in the reference price.

    Of the stock only a fifth of what exceeds the wanted one counts: the stock is the integral of
    supply less demand, and a price that integrates an integral swings without damping.
    """
    return max(0.3 * made, made + 0.2 * (unsold - wanted))


@kernel
def wage_growth(expected_inflation, slope, natural, unemployment):
    """Return the Phillips curve's growth of wages per year."""
    return expected_inflation + slope * (natural - unemployment)


@kernel
def expansion_pace(real_rate):
    """Return how much of their growth sold-out firms dare: 1 at 2 % real, at least .2."""
    return max(0.2, 1.0 - 4.0 * (real_rate - 0.02))
