"""Supply and demand: reference price, fundamental value, makers' values, volatility.

    Equilibrium Price = Current Price * (1 + Elasticity * (Demand / Supply - 1))

with the EMA of the mid as Current Price, Demand / Supply kept in [.5, 2] and the result within
maxPriceChange of the Current Price. Nobody is made to trade at it: firms and households quote
around it, speculators value with it. Simplified: the fundamental value V mixes flow and cost with
fixed weights; the seed's marginal-cost curve lives in the producers' ladders.

Source: the seed (formula, Kyle's lambda); A. Kyle 1985 and J.-P. Bouchaud 2018 for the square-root
impact; parameters are set P3.
"""

import math

import numpy as np

from economy_engine.book.columns import MarketState
from economy_engine.fmath import clip, exp, log
from economy_engine.goods import CO2, GOODS_COUNT
from economy_engine.jit import kernel
from economy_engine.params import STEPS_PER_DAY

_AUCTION = np.int64(MarketState.AUCTION)
_TINY = 1e-12
_FLOW_DECAY = 1.0 - 1.0 / (2 * STEPS_PER_DAY)  # demand and supply remember two days
_QUOTA_MEMORY = 4800.0  # steps; permits have no cost, their anchor is the mean price
_PROFILES = 3


@kernel
def equilibrium_price(
    current: float, elasticity: float, demand: float, supply: float, change_max: float
) -> float:
    """Return the seed's Equilibrium Price, in the unit of `current`.

    A supply of 0 counts as a ratio of 2; the result is within `change_max` of `current`.

    >>> equilibrium_price(100.0, 0.5, 120.0, 100.0, 0.5)
    110.0
    """
    ratio = clip(demand / max(supply, 1e-9), 0.5, 2.0)
    price = current * (1.0 + elasticity * (ratio - 1.0))
    return clip(price, (1.0 - change_max) * current, (1.0 + change_max) * current)


@kernel
def price_elasticity(
    quantity: float, quantity_change: float, price: float, price_change: float
) -> float:
    """Return (dQ / Q) / (dP / P); 0 where the price did not move."""
    if price_change == 0.0 or quantity == 0.0:
        return 0.0
    return (quantity_change / quantity) / (price_change / price)


@kernel
def consumer_surplus(
    subsistence: float, share: float, surplus_budget: float, price: float, price_max: float
) -> float:
    """Return the integral of the expenditure system's demand curve from `price` to `price_max`.

    Demand is `subsistence + share * surplus_budget / p`, so the integral is closed.
    """
    if price >= price_max:
        return 0.0
    return subsistence * (price_max - price) + share * surplus_budget * log(price_max / price)


@kernel
def kyle_impact(excess_flow: float, gain: float, impact_max: float) -> float:
    """Return the makers' log price move for a normalized excess of signed flow.

    Kyle's lambda in its square-root form: sign(x) * sqrt|x|, bounded.
    """
    size = gain * math.sqrt(abs(excess_flow))
    size = min(size, impact_max)
    return size if excess_flow >= 0.0 else -size


@kernel
def activity(variance: float, variance_base: float, gain: float, low: float, high: float) -> float:
    """Return how much more often desks act when markets move (self-excitation)."""
    return clip(1.0 + gain * (variance / (variance_base + _TINY) - 1.0), low, high)


@kernel
def update_mids(book, price, flow, levels):
    """Take over the books' mid prices (minor units) and the momentum of their returns.

    Without two sides the last trade counts, and without a trade the price of before; in a call
    auction the indicative price, and while nothing would trade at one the price of before.
    """
    for m in range(price.mid.size):
        bid, ask = book.best[m, 0], book.best[m, 1]
        increment = book.market[m]["price_increment"]
        mid = price.mid[m]
        if book.market[m]["state"] == _AUCTION:
            if book.auction[m]["price"] > 0:
                mid = np.float64(book.auction[m]["price"])
        elif bid > 0 and ask < levels:
            mid = 0.5 * (np.float64(bid) + np.float64(ask)) * np.float64(increment)
        elif book.market[m]["last_price"] > 0:
            mid = np.float64(book.market[m]["last_price"])
        step_return = log(mid / price.mid[m])
        price.mid[m] = mid
        flow.momentum[m] += (step_return - flow.momentum[m]) / 30.0


@kernel
def update_fair_values(price, flow, news, maker, flow_memory):
    """Move the value of each maker profile: flow, news, the mid, each other, and V.

    Profile g reacts with factor .5, 1, 1.5; the anchor to V and the consensus bound the loops.
    """
    for m in range(price.mid.size):
        normal = flow.flow[m] * STEPS_PER_DAY / price.daily_volume[m]
        flow.flow_mean[m] += (normal - flow.flow_mean[m]) / flow_memory
        move = kyle_impact(normal - flow.flow_mean[m], maker.impact, maker.impact_max)
        total = 0.0
        for g in range(_PROFILES):
            factor = 1.0 + maker.profile_gap * (g - 1)
            fair = flow.fair[m, g]
            fair *= (1.0 + move * factor) * exp(maker.news_weight * factor * news.shock[m])
            to_mid = (price.mid[m] - fair) * maker.follow / factor
            fair += to_mid + (flow.fair_mean[m] - fair) * maker.consensus
            anchor = price.fundamental[m] * exp(maker.news_weight * factor * news.level[m])
            fair += (anchor - fair) * maker.value_pull / factor
            flow.fair[m, g] = fair
            total += fair / _PROFILES
        squared = log(total / flow.fair_mean[m])
        squared *= squared
        flow.fair_mean[m] = total
        flow.variance_40[m] += (squared - flow.variance_40[m]) / 40.0
        flow.variance_400[m] += (squared - flow.variance_400[m]) / 400.0
        flow.variance_3000[m] += (squared - flow.variance_3000[m]) / 3000.0
        flow.variance_30000[m] += (squared - flow.variance_30000[m]) / 30000.0


@kernel
def update_references(price, market, change_max):
    """Advance P_eq and V of every market by one step; demand and supply fade."""
    for m in range(price.mid.size):
        price.average[m] += (price.mid[m] - price.average[m]) / market.price_memory
        average = price.average[m]
        price.reference[m] = equilibrium_price(
            average, market.adjustment_elasticity, price.demand[m], price.supply[m], change_max
        )
        ratio = clip(price.demand[m] / max(price.supply[m], 1e-9), 0.5, 2.0)
        if m % GOODS_COUNT == CO2:
            anchor = price.mid[m] / (1.0 + market.markup)
            price.cost[m] += (anchor - price.cost[m]) / _QUOTA_MEMORY
        flow_value = log(average * (1.0 + market.value_flow * (ratio - 1.0)))
        cost_value = log(price.cost[m] * (1.0 + market.markup))
        target = exp(market.value_weight * flow_value + (1.0 - market.value_weight) * cost_value)
        price.fundamental[m] += (target - price.fundamental[m]) / market.value_memory
        price.demand[m] *= _FLOW_DECAY
        price.supply[m] *= _FLOW_DECAY


@kernel
def reset_bands(book, price, change_max, levels):
    """Open the day: the band is maxPriceChange around the mid, in levels, inside the ladder."""
    for m in range(price.mid.size):
        mid = price.mid[m] / np.float64(book.market[m]["price_increment"])
        price.day_open[m] = price.mid[m]
        book.market[m]["band_low"] = max(1, int((1.0 - change_max) * mid))
        book.market[m]["band_high"] = min(levels - 1, int((1.0 + change_max) * mid) + 1)


@kernel
def count_flow(book, price, flow, first):
    """Add what was traded since the last count to the step's flow and the day's VWAP.

    first: whether the step begins here, which clears its flow.
    """
    for m in range(price.mid.size):
        market = book.market[m]
        bought = market["buy_volume"] - flow.seen[m, 0]
        sold = market["sell_volume"] - flow.seen[m, 1]
        if first:
            flow.flow[m] = 0
        flow.flow[m] += bought - sold
        price.day_quantity[m] += market["volume"] - flow.seen[m, 2]
        price.day_value[m] += market["value"] - flow.seen[m, 3]
        flow.seen[m, 0] = market["buy_volume"]
        flow.seen[m, 1] = market["sell_volume"]
        flow.seen[m, 2] = market["volume"]
        flow.seen[m, 3] = market["value"]
