"""Noise traders: a fixed number of groups that buy and sell without a reason.

An event makes one order per member of a group, same side and limit. A quarter is marketable, the
rest rests at a Pareto distance; the side leans against the stock, so that nobody runs dry.

Source: D. Gode and S. Sunder 1993, J. D. Farmer, P. Patelli, I. Zovko 2005; set P3.
"""

import numpy as np

from economy_engine.book.columns import Side
from economy_engine.fmath import clip, exponential, pareto, poisson
from economy_engine.goods import GOODS_COUNT
from economy_engine.jit import kernel, spliced
from economy_engine.rng import Stream, randint, stochastic_round, uniform
from economy_engine.systems.venue import submit

_STREAM = np.int64(Stream.NOISE)
_ACTIVATION = np.int64(Stream.ACTIVATION)
_BID, _ASK = np.int64(Side.BID), np.int64(Side.ASK)
_EVENT_SHIFT = 24
_STOCK_DAYS = 2.0
_GOODS = np.int64(GOODS_COUNT)


@kernel
def buy_probability(stock, normal_stock):
    """Return P(buy), .2 to .8: less the more stock there is."""
    excess = (stock - normal_stock) / (normal_stock + 1.0)
    return 0.5 - 0.3 * clip(excess, -1.0, 1.0)


@spliced
def trade_group(venue, agent, price, p, event, row0, count, size):
    """One event: choose a market of a region, side, limit and size; a group of it orders."""
    seed, step = venue.seed, venue.step
    regions = price.mid.size // GOODS_COUNT
    first = randint(count, seed, step, event, _STREAM)
    m = np.int64(agent.home[row0 + first])
    region = m // GOODS_COUNT
    start = region * count // regions
    members = (region + 1) * count // regions - start
    if uniform(seed, step, event, _STREAM + 1) >= 0.5:
        m = region * GOODS_COUNT + randint(_GOODS, seed, step, event, _STREAM + 2)
    volume = price.daily_volume[m] / members
    likes = buy_probability(venue.ledger.stock[row0 + first, m], _STOCK_DAYS * volume)
    side = _BID if uniform(seed, step, event, _STREAM + 3) < likes else _ASK
    far = pareto(uniform(seed, step, event, _STREAM + 5), p.tail) - 1.0
    distance = min(p.distance_max, p.distance * far)
    if uniform(seed, step, event, _STREAM + 4) < p.marketable_share:
        distance = -p.marketable_slip
    limit = price.mid[m] * (1.0 - distance if side == _BID else 1.0 + distance)
    wanted = exponential(uniform(seed, step, event, _STREAM + 6)) * p.size * volume
    begin = randint(members, seed, step, event, _STREAM + 7)
    for z in range(size):
        j = start + (begin + z) % members
        u = uniform(seed, step, j + (event << _EVENT_SHIFT), _STREAM + 8)
        lots = max(1, stochastic_round(wanted, u))
        submit(venue, m, side, limit, lots, row0 + j, p.order_life, 0)


@kernel
def trade_noise(venue, agent, price, p, row0, count):
    """Draw this step's noise events and run them; count: noise traders."""
    if count <= 0:
        return
    groups = p.groups_per_market * price.mid.size
    size = max(1, count // groups)
    rate = p.event_rate * min(count, groups)
    events = poisson(uniform(venue.seed, venue.step, price.mid.size, _ACTIVATION), rate)
    for event in range(events):
        if event % venue.phases == venue.phase:
            trade_group(venue, agent, price, p, event, row0, count, size)
