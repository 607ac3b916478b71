"""Arbitrageurs: they buy a good where it is cheap, ship it, and sell it where it is dear.

    gain = sale / cost - 1
    sale = mid there * (1 - fee) * (1 - impact * lots on their way / volume)
    cost = mid here * (1 + toll + tariff) + energy * mid of energy * (1 + carrier margin)

A visit looks at a few markets, keyed by hash, and bids in the best of them when the gain is above
the margin, for a part of what would bring the gain down to it: goods on their way count as if they
had been sold, since a trader that forgets its shipments floods the far market a day later. What was
bought goes on the next ship; what has arrived, or no longer pays, is sold where it is. Orders stand
on the same books as everybody's, in price-time priority. Bounded by cash and by the shipments'
table. Simplified: no hedge, no stock held over, one good per visit.

Source: S. Enke 1951 and P. Samuelson 1952 (spatial price equilibrium); waiting for the delayed
effect of one's own action after O. Smith 1957.
"""

import numpy as np

from economy_engine.book.columns import Side
from economy_engine.fmath import clip
from economy_engine.goods import ENRG, GOODS_COUNT
from economy_engine.jit import kernel, spliced
from economy_engine.limits import BPS, FEE_BPS, SHIPMENT_LOTS_MAX
from economy_engine.rng import Stream, randint, stochastic_round, uniform
from economy_engine.schema import TARIFF_CLASS
from economy_engine.systems.capital import settle_capital
from economy_engine.systems.columns import FreightCounter, Institution
from economy_engine.systems.logistics import dispatch
from economy_engine.systems.venue import submit, withdraw

_STREAM = np.int64(Stream.ARBITRAGE)
_ROTATION = np.int64(Stream.ROTATION)
_TURN = np.int64(4)  # index of this kind in the rotation
_BID, _ASK = np.int64(Side.BID), np.int64(Side.ASK)
_COUNT = np.int64(FreightCounter.COUNT)
_FUND = np.int64(Institution.FUND)
_ORDERS = 4
_SHARE_OF_CASH = 0.5  # of free cash, at most, in one bid
_PART = 3.0  # of what a market can take, over the number of arbitrageurs
_NOTHING = -1.0


@kernel
def shipping_cost(mid, toll_bps, tariff_bps, freight_milli, energy_mid, margin_bps):
    """Return what a lot costs on arrival in the other region, minor units (float64)."""
    duties = mid * (toll_bps + tariff_bps) / BPS
    return mid + duties + freight_milli / 1000.0 * energy_mid * (1.0 + margin_bps / BPS)


@kernel
def expected_sale(mid, inbound, volume, impact):
    """Return what a lot is expected to bring after the fee: less the more is on its way."""
    pressure = clip(impact * inbound / volume, 0.0, 0.9)
    return mid * (1.0 - FEE_BPS / BPS) * (1.0 - pressure)


@spliced
def gain_of(trade, p, m, region):
    """Return the expected gain per unit of cost of taking a lot of market m to a region."""
    k, source = m % GOODS_COUNT, m // GOODS_COUNT
    if trade.goods.freight[k] < 0 or trade.route.open[source, region] == 0:
        return _NOTHING
    target = region * GOODS_COUNT + k
    price = trade.price
    cost = shipping_cost(
        price.mid[m],
        trade.route.toll[source, region],
        trade.fees[region, TARIFF_CLASS + trade.goods.kind[k]],
        trade.goods.freight[k],
        price.mid[source * GOODS_COUNT + ENRG],
        trade.carrier_margin,
    )
    inbound = np.float64(trade.freight.inbound[target])
    sale = expected_sale(price.mid[target], inbound, price.daily_volume[target], p.impact)
    return sale / cost - 1.0


@spliced
def best_region(trade, p, m):
    """Return (gain, region) of the best place to take a lot of market m to."""
    best, place = _NOTHING, -1
    for region in range(trade.route.open.shape[0]):
        gain = gain_of(trade, p, m, region)
        if gain > best:
            best = gain
            place = region
    return best, place


@spliced
def remember(venue, arbitrageur, a, count, slot):
    """Keep the handle of an order; returns how many there are."""
    if slot < 0 or count >= _ORDERS:
        return count
    arbitrageur.slots[a, count] = slot
    arbitrageur.generations[a, count] = venue.book.orders[slot]["generation"]
    return count + 1


@spliced
def clear_stock(venue, trade, arbitrageur, p, a, row, out):
    """Ship what still pays, offer the rest where it is; returns the number of own orders."""
    ledger, price = trade.ledger, trade.price
    count = 0
    for m in range(price.mid.size):
        if ledger.stock[row, m] <= 0:
            continue
        gain, region = best_region(trade, p, m)
        if gain > 0.0:
            lots = min(np.int64(ledger.stock[row, m]), np.int64(SHIPMENT_LOTS_MAX))
            dispatch(trade, row, np.int64(m), np.int64(region), lots, out)
        left = np.int64(ledger.stock[row, m])
        if left > 0 and count < _ORDERS:
            limit = price.mid[m] * (1.0 - p.slip)
            slot = submit(venue, m, _ASK, limit, left, row, p.order_life, 0)
            count = remember(venue, arbitrageur, a, count, slot)
    return count


@spliced
def seek(venue, trade, arbitrageur, p, a, row, count):
    """Look at a few markets and bid in the one with the largest gain, if it is large enough."""
    ledger, price = trade.ledger, trade.price
    best, market, place = p.margin, np.int64(-1), np.int64(-1)
    for z in range(p.samples):
        m = randint(price.mid.size, venue.seed, venue.step, a, _STREAM + 2 + z)
        gain, region = best_region(trade, p, m)
        if gain > best:
            best, market, place = gain, m, np.int64(region)
    if market < 0:
        return
    target = place * GOODS_COUNT + market % GOODS_COUNT
    volume = min(price.daily_volume[market], price.daily_volume[target])
    part = min(1.0, _PART / arbitrageur.next_visit.size)
    wanted = (best - p.margin) / p.impact * volume * part
    wanted = min(wanted, _SHARE_OF_CASH * ledger.cash[row] / price.mid[market])
    lots = stochastic_round(wanted, uniform(venue.seed, venue.step, a, _STREAM + 1))
    if lots <= 0 or count >= _ORDERS:
        return
    limit = price.mid[market] * (1.0 + min(p.slip, 0.5 * best))
    slot = submit(venue, market, _BID, limit, lots, row, p.order_life, 0)
    remember(venue, arbitrageur, a, count, slot)


@kernel
def trade_arbitrageurs(venue, trade, arbitrageur, p, row0, out):
    """Let every arbitrageur act whose visit is due, from a start that rotates by keyed hash.

    row0: row of arbitrageur 0; out: int64[QUOTE_FIELDS], scratch.
    """
    many = arbitrageur.next_visit.size
    if many == 0:
        return
    start = randint(many, venue.seed, venue.step, _TURN, _ROTATION)
    for offset in range(many):
        a = (start + offset) % many
        if arbitrageur.next_visit[a] > venue.step or a % venue.phases != venue.phase:
            continue
        pause = p.visit_min + randint(p.visit_span, venue.seed, venue.step, a, _STREAM)
        arbitrageur.next_visit[a] = venue.step + pause
        for z in range(_ORDERS):
            withdraw(venue, arbitrageur.slots[a, z], arbitrageur.generations[a, z])
            arbitrageur.slots[a, z] = -1
        row = np.int64(row0 + a)
        count = clear_stock(venue, trade, arbitrageur, p, a, row, out)
        seek(venue, trade, arbitrageur, p, a, row, count)


@kernel
def settle_arbitrageurs(trade, arbitrageur, day, macro, p, row0):
    """Settle the capital of all arbitrageurs once a day, goods on their way at the target's mid."""
    ledger, shipment = trade.ledger, trade.shipment
    many = arbitrageur.next_visit.size
    arbitrageur.moving[:] = 0.0
    for place in range(trade.freight.counters[_COUNT]):
        a = shipment.row[place] - row0
        if 0 <= a < many:
            value = shipment.lots[place] * trade.price.mid[shipment.target[place]]
            arbitrageur.moving[a] += value
    for a in range(many):
        row = row0 + a
        value = arbitrageur.moving[a] + np.float64(ledger.cash_held[row])
        for m in range(trade.price.mid.size):
            lots = np.float64(ledger.stock[row, m]) + np.float64(ledger.stock_held[row, m])
            value += lots * trade.price.mid[m]
        start = arbitrageur.start_equity[a]
        fund = trade.agents + _FUND
        settle_capital(ledger, day, macro, p, row, fund, value, 0, 1.0, start)
