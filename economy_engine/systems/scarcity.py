"""Scarcity: reserves, discovery, catastrophe, renewal, and what they do to cost.

    Scarcity Level   = 1 - (Current Reserves / Base Reserves)
    Price Multiplier = 1 + (Scarcity Level * Max Multiplier * Strategic Importance)

Extraction is booked when it happens, by the producers; the rest happens once a day. The multiplier
raises the labour part of a producer's marginal cost, as a scarcity rent. Draws are keyed by
(seed, step, market, stream), so that runs with and without an event see the same others.
Simplified: artificial goods have no geology: a quota is minted (and sold by `quota`), licences do
not run out.

Source: the seed; logistic renewal with its largest sustainable yield at half of the base.
"""

import numpy as np

from economy_engine.fmath import clip
from economy_engine.goods import CO2, GOODS_COUNT, GoodKind
from economy_engine.jit import kernel
from economy_engine.rng import Stream, uniform
from economy_engine.systems.venue import make

_FINITE = np.int64(GoodKind.FINITE)
_RENEWABLE = np.int64(GoodKind.RENEWABLE)
_DISCOVERY = np.int64(Stream.DISCOVERY)
_CATASTROPHE = np.int64(Stream.CATASTROPHE)
_RENEWAL_RATE = 0.02  # per day
_FOUND_MIN, _FOUND_SPAN = 0.05, 0.30  # of base
_LEFT_AFTER_CATASTROPHE = 0.6


@kernel
def scarcity_level(reserve: float, base: float) -> float:
    """Return the seed's Scarcity Level, kept in [0, 1].

    >>> scarcity_level(75.0, 100.0)
    0.25
    """
    return clip(1.0 - reserve / base, 0.0, 1.0)


@kernel
def price_multiplier(scarcity: float, max_multiplier: float, importance: float) -> float:
    """Return the seed's Price Multiplier.

    >>> price_multiplier(0.5, 4.0, 0.5)
    2.0
    """
    return 1.0 + scarcity * max_multiplier * importance


@kernel
def base_reserve(daily_use: float, depletion_rate: float) -> float:
    """Return the base of which normal use takes the seed's depletionRate per day, in lots.

    >>> base_reserve(50.0, 0.001)
    50000.0
    """
    return daily_use / depletion_rate


@kernel
def renewal(reserve: float, base: float, rate: float) -> float:
    """Return the logistic growth of a renewable reserve in one day, in lots."""
    return rate * reserve * (1.0 - reserve / base)


@kernel
def quota_factor(price: float, anchor: float) -> float:
    """Return today's mint of permits relative to the cap; `anchor` is the indexed base price.

    Above 1.25 times the anchor more is minted, below .85 times less, within [.2, 3].
    """
    ratio = price / anchor
    factor = 1.0
    if ratio > 1.25:
        factor += 4.0 * (ratio - 1.25)
    elif ratio < 0.85:
        factor += 2.5 * (ratio - 0.85)
    return clip(factor, 0.2, 3.0)


@kernel
def change_reserves(resource, goods, seed, step, discovery_probability, catastrophe_probability):
    """Renew, discover and strike for one day; `found` and `lost` carry the sizes in lots."""
    for m in range(resource.reserve.size):
        kind = goods.kind[m % GOODS_COUNT]
        resource.found[m] = 0.0
        resource.lost[m] = 0.0
        if kind == _RENEWABLE:
            rate = _RENEWAL_RATE * resource.renewal[m]
            resource.reserve[m] += renewal(resource.reserve[m], resource.base[m], rate)
        if kind == _FINITE and uniform(seed, step, m, _DISCOVERY) < discovery_probability:
            share = _FOUND_MIN + _FOUND_SPAN * uniform(seed, step, m, _DISCOVERY + 1)
            resource.found[m] = resource.base[m] * share
            resource.reserve[m] += resource.found[m]
        if kind != _FINITE and kind != _RENEWABLE:
            continue
        if uniform(seed, step, m, _CATASTROPHE) < catastrophe_probability:
            left = _LEFT_AFTER_CATASTROPHE * resource.reserve[m]
            resource.lost[m] = resource.reserve[m] - left
            resource.reserve[m] = left


@kernel
def mint_quota(ledger, firm, price, resource, day, goods, cpi, desk_row):
    """Give the treasury's desk the day's permits (integer lots, counted as goods entered).

    The cap of a market is the capacity of its sector, times the factor that climate leaves of it.
    What is offered counts as supply of the reference price: the new permits, and a fifth of the
    unsold ones beyond a day and a half.
    """
    for m in range(price.mid.size):
        if m % GOODS_COUNT != CO2:
            continue
        cap = 0.0
        for f in range(firm.market.size):
            if firm.market[f] == m:
                cap += firm.capacity[f] * resource.renewal[m]
        lots = int(cap * quota_factor(price.mid[m], goods.price[CO2] * cpi))
        unsold = np.int64(ledger.stock[desk_row, m] + ledger.stock_held[desk_row, m])
        make(ledger, desk_row, m, lots)
        day.produced[m] += lots
        price.supply[m] += max(0.3 * lots, lots + 0.2 * (unsold - 1.5 * cap))
