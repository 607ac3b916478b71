"""Market makers: three profiles that quote both sides around their own fair value.

Quotes stand at 1, 2 and 3 half spreads with one, two and three times the base size, shifted against
the stock; all are post-only, else the profiles would trade with each other, and keep a least gap to
the best price of the other side, else a resting order would pin the spread at one increment. Makers
borrow lots when
they run low. The fair values themselves are in `supply_demand`.

Source: M. Avellaneda and S. Stoikov 2008 (inventory skew), A. Kyle 1985 (impact); set P3.
"""

import math

import numpy as np

from economy_engine.book.columns import MarketState, Side
from economy_engine.fmath import clip
from economy_engine.jit import kernel, spliced
from economy_engine.rng import Stream, randint
from economy_engine.systems.behavior.lending import borrow, repay
from economy_engine.systems.columns import Macro
from economy_engine.systems.venue import submit, withdraw

_ROTATION = np.int64(Stream.ROTATION)
_TURN = np.int64(3)  # index of this kind in the rotation
_BID, _ASK = np.int64(Side.BID), np.int64(Side.ASK)
_OPEN = np.int64(MarketState.OPEN)
_LEVELS = 3
_TINY = 1e-12
_LOW_STOCK = 6  # base quotes


@kernel
def half_spread(base, multiplier, variance, variance_base):
    """Return the half spread as a share of the price; wider in volatile hours."""
    ratio = min(4.0, math.sqrt(variance / (variance_base + _TINY)))
    return base * multiplier * (0.6 + 0.4 * ratio)


@spliced
def remember(venue, maker, k, place, slot):
    """Keep the handle of a quote."""
    maker.slots[k, place] = slot
    if slot >= 0:
        maker.generations[k, place] = venue.book.orders[slot]["generation"]


@spliced
def quote_bounds(venue, p, m):
    """Return the highest bid and the lowest ask (minor units) that keep the gap of the market.

    Without bounds where a side is empty, and in a call auction, where nobody takes.
    """
    book = venue.book
    increment = np.float64(book.market[m]["price_increment"])
    bid_max, ask_min = np.inf, 0.0
    if book.market[m]["state"] == _OPEN:
        if book.best[m, 1] < venue.levels:
            bid_max = book.best[m, 1] * increment * (1.0 - p.gap_min)
        ask_min = book.best[m, 0] * increment * (1.0 + p.gap_min)
    return bid_max, ask_min


@spliced
def quote(venue, maker, price, flow, macro, p, k, row, per_market):
    """Replace the six quotes of one maker."""
    markets = price.mid.size
    m = k % markets
    profile = (k // markets) % 3
    ledger = venue.ledger
    for place in range(2 * _LEVELS):
        withdraw(venue, maker.slots[k, place], maker.generations[k, place])
        maker.slots[k, place] = -1
    repay(ledger, maker.debt, k, m, row, venue.agents)
    target = maker.target[k]
    position = np.float64(ledger.stock[row, m] - maker.debt[k] - target)
    skew = clip(position / max(1.0, np.float64(target)), -2.0, 2.0)
    center = flow.fair[m, profile] * (1.0 - p.skew * skew)
    multiplier = macro[Macro.VOLATILITY_MULTIPLIER]
    share = half_spread(p.half_spread, multiplier, flow.variance_40[m], flow.variance_30000[m])
    increment = np.float64(venue.book.market[m]["price_increment"])
    half = max(increment, center * share)
    unit = p.quote_share * price.daily_volume[m] / per_market
    lots = max(1, int(unit))
    if ledger.stock[row, m] < _LOW_STOCK * lots and maker.debt[k] < target:
        wanted = min(_LOW_STOCK * lots - ledger.stock[row, m], target - maker.debt[k])
        borrow(ledger, maker.debt, k, m, row, venue.agents, wanted)
    bid_max, ask_min = quote_bounds(venue, p, m)
    for level in range(_LEVELS):
        lots = max(1, int(unit * (1 + level)))
        away = half * (1 + level)
        slot = submit(venue, m, _BID, min(center - away, bid_max), lots, row, p.quote_life, 1)
        remember(venue, maker, k, level, slot)
        slot = submit(venue, m, _ASK, max(center + away, ask_min), lots, row, p.quote_life, 1)
        remember(venue, maker, k, _LEVELS + level, slot)


@kernel
def quote_makers(venue, maker, price, flow, macro, p, row0):
    """Let the makers quote whose turn it is, every `requote_steps` steps, rotating the start."""
    count = maker.target.size
    per_market = max(1, count // price.mid.size)
    start = randint(count, venue.seed, venue.step, _TURN, _ROTATION)
    for offset in range(count):
        k = (start + offset) % count
        due = k % p.requote_steps == venue.step % p.requote_steps
        if due and (k // p.requote_steps) % venue.phases == venue.phase:
            quote(venue, maker, price, flow, macro, p, k, row0 + k, per_market)
