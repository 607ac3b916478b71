"""Goods on their way between regions: what moving them costs, who carries them, when they arrive.

    energy   = lots * freight of the good                      (thousandths of a lot of energy)
    carrier  = energy not paid in kind * mid of energy * (1 + carrier margin)
    toll     = value * toll of the route,  tariff = value * tariff of the region and class
    value    = lots * mid of the market that the goods leave

Whole lots of energy come out of the mover's own stock as far as it has them; the rest is bought by
the carrier, an institution that is paid at dispatch, bids for energy in the region of departure and
uses it up, so transport is a demand for energy in either case. Toll goes to the route's owner, or
like the tariff to the treasury. Lots on their way stand on the transit row in the market that they
left; on arrival they leave there and enter the other region's market, so every tick's count of
goods is exact. Simplified: a shipment that has left arrives, whatever happens to its route.

Source: iceberg transport cost after P. Samuelson 1954, paid here in a real good.
"""

from typing import NamedTuple

import numpy as np

from economy_engine.errors import RejectReason
from economy_engine.goods import ENRG, GOODS_COUNT, GoodsTable
from economy_engine.jit import kernel, spliced
from economy_engine.ledger.columns import CASH, ISSUER, LedgerColumns
from economy_engine.ledger.kernels import transfer
from economy_engine.limits import BPS, SHIPMENT_LOTS_MAX
from economy_engine.schema import TARIFF_CLASS
from economy_engine.state import WorldState
from economy_engine.systems.columns import (
    DayColumns,
    FreightColumns,
    FreightCounter,
    Institution,
    PriceColumns,
    RouteColumns,
    ShipmentColumns,
)
from economy_engine.systems.venue import pay, submit, withdraw
from economy_engine.units import ENERGY_MILLI, carrier_price, round_half_away, share_up

QUOTE_FIELDS = 6
OWN_ENERGY, CARRIER_MILLI, CARRIER_MINOR, TOLL, TARIFF, DELAY = range(QUOTE_FIELDS)
_CASH, _ISSUER = np.int64(CASH), np.int64(ISSUER)
_TREASURY, _TRANSIT = np.int64(Institution.TREASURY), np.int64(Institution.TRANSIT)
_CARRIER = np.int64(Institution.CARRIER)
_COUNT, _NUMBER = np.int64(FreightCounter.COUNT), np.int64(FreightCounter.NUMBER)
_ENERGY = np.int64(ENRG)
_BID = np.int64(0)
_MILLI = np.int64(ENERGY_MILLI)
_OK = np.int64(RejectReason.OK)
_UNKNOWN_ROUTE = np.int64(RejectReason.UNKNOWN_ROUTE)
_ROUTE_CLOSED = np.int64(RejectReason.ROUTE_CLOSED)
_NOT_SHIPPABLE = np.int64(RejectReason.NOT_SHIPPABLE)
_UNKNOWN_SYMBOL = np.int64(RejectReason.UNKNOWN_SYMBOL)
_LOT_SIZE = np.int64(RejectReason.LOT_SIZE)
_FUNDS = np.int64(RejectReason.INSUFFICIENT_FUNDS)
_INVENTORY = np.int64(RejectReason.INSUFFICIENT_INVENTORY)
_BUSY = np.int64(RejectReason.ENGINE_BUSY)
_CARRIER_STEPS = 10  # between two bids of the carrier
_CARRIER_SLIP = 1.04
_CARRIER_LIFE = 20  # steps


class Logistics(NamedTuple):
    """What kernels need to move goods."""

    ledger: LedgerColumns
    price: PriceColumns
    goods: GoodsTable
    day: DayColumns
    route: RouteColumns
    shipment: ShipmentColumns
    freight: FreightColumns
    fees: np.ndarray  # int64[R, 8], basis points: base, then the tariff of each GoodKind
    agents: int  # first institution row
    tick: int  # ticks done before the running one
    carrier_margin: int  # basis points


def of(state: WorldState) -> Logistics:
    """Return the columns of a state; stale when its arena is built anew."""
    return Logistics(
        state.ledger,
        state.price,
        state.goods,
        state.day,
        state.route,
        state.shipment,
        state.freight,
        state.arrays["fees"],
        state.rows.agents,
        int(state.clock[0]),
        state.params.trade.carrier_margin_bps,
    )


def open_routes(state: WorldState) -> None:
    """Lay out the routes of a new world: between all regions, longer ones take longer."""
    route, trade = state.route, state.params.trade
    per_day = state.params.preset.clock.ticks_per_day
    for source in range(state.params.regions):
        for target in range(state.params.regions):
            away = abs(source - target)
            route.open[source, target] = 1 if away else 0
            route.toll[source, target] = trade.toll_bps if away else 0
            route.delay[source, target] = away * trade.delay_days * per_day


def set_open(state: WorldState, region: int) -> None:
    """Open or close a region's routes: closed while unrest is at either end."""
    unrest = state.freight.unrest_until
    for other in range(state.params.regions):
        if other != region:
            calm = 1 if unrest[region] < 0 and unrest[other] < 0 else 0
            state.route.open[region, other] = calm
            state.route.open[other, region] = calm


@kernel
def quote_shipment(trade, row, market, region, lots, out):
    """Work out what a shipment would cost; nothing is changed.

    Parameters
    ----------
    row: int64, the mover; -1 for one without energy of its own. market: where the goods are.
    region: where they shall go. lots: 1..SHIPMENT_LOTS_MAX.
    out: int64[QUOTE_FIELDS], written: own energy lots, carried energy in thousandths of a lot,
        its price, toll, tariff (minor units), delay (ticks).

    Returns
    -------
    RejectReason: 0, UNKNOWN_SYMBOL, UNKNOWN_ROUTE, LOT_SIZE, NOT_SHIPPABLE, ROUTE_CLOSED.
    """
    regions = trade.route.open.shape[0]
    if market < 0 or market >= trade.price.mid.size:
        return _UNKNOWN_SYMBOL
    k, source = market % GOODS_COUNT, market // GOODS_COUNT
    if region < 0 or region >= regions or region == source:
        return _UNKNOWN_ROUTE
    if lots < 1 or lots > SHIPMENT_LOTS_MAX:
        return _LOT_SIZE
    if trade.goods.freight[k] < 0:
        return _NOT_SHIPPABLE
    if trade.route.open[source, region] == 0:
        return _ROUTE_CLOSED
    energy_market = source * GOODS_COUNT + _ENERGY
    energy = lots * trade.goods.freight[k]
    own = np.int64(0)
    if row >= 0:
        free = np.int64(trade.ledger.stock[row, energy_market])
        if energy_market == market:
            free -= lots
        own = max(np.int64(0), min(free, energy // _MILLI))
    value = lots * round_half_away(trade.price.mid[market])
    carried = energy - own * _MILLI
    mid = round_half_away(trade.price.mid[energy_market])
    out[OWN_ENERGY] = own
    out[CARRIER_MILLI] = carried
    out[CARRIER_MINOR] = carrier_price(carried, mid, trade.carrier_margin)
    out[TOLL] = share_up(value, trade.route.toll[source, region])
    out[TARIFF] = share_up(value, trade.fees[region, TARIFF_CLASS + trade.goods.kind[k]])
    out[DELAY] = trade.route.delay[source, region]
    return _OK


@kernel
def dispatch(trade, row, market, region, lots, out):
    """Send free lots of a row to another region, and take all that it costs; all or nothing.

    Parameters as `quote_shipment`, with a row. The shipment's number is the new
    `freight.counters[NUMBER]`.

    Returns
    -------
    RejectReason: those of `quote_shipment`, INSUFFICIENT_INVENTORY, INSUFFICIENT_FUNDS, ENGINE_BUSY
    when no more shipments fit. A refused shipment has changed nothing.
    """
    reason = quote_shipment(trade, row, market, region, lots, out)
    if reason != _OK:
        return reason
    ledger, shipment, freight = trade.ledger, trade.shipment, trade.freight
    if ledger.stock[row, market] < lots:
        return _INVENTORY
    if ledger.cash[row] < out[CARRIER_MINOR] + out[TOLL] + out[TARIFF]:
        return _FUNDS
    place = freight.counters[_COUNT]
    if place >= shipment.lots.size:
        return _BUSY
    if transfer(ledger, row, trade.agents + _TRANSIT, np.int64(market), lots) != 0:
        return _BUSY
    source = market // GOODS_COUNT
    target = region * GOODS_COUNT + market % GOODS_COUNT
    energy_market = source * GOODS_COUNT + _ENERGY
    transfer(ledger, row, _ISSUER, energy_market, out[OWN_ENERGY])
    trade.day.used[energy_market] += out[OWN_ENERGY]
    owner = np.int64(trade.route.owner[source, region])
    if owner < 0:
        owner = trade.agents + _TREASURY
    transfer(ledger, row, owner, _CASH, out[TOLL])
    transfer(ledger, row, trade.agents + _TREASURY, _CASH, out[TARIFF])
    transfer(ledger, row, trade.agents + _CARRIER, _CASH, out[CARRIER_MINOR])
    freight.owed[source] += out[CARRIER_MILLI]
    freight.counters[_COUNT] = place + 1
    freight.counters[_NUMBER] += 1
    shipment.number[place] = freight.counters[_NUMBER]
    shipment.arrives[place] = trade.tick + out[DELAY]
    shipment.lots[place] = lots
    shipment.row[place] = row
    shipment.generation[place] = ledger.generation[row]
    shipment.source[place] = market
    shipment.target[place] = target
    freight.inbound[target] += lots
    return _OK


@spliced
def forget(shipment, place, last):
    """Take an entry out of the table: the last one moves into its place, and is zeroed."""
    shipment.number[place] = shipment.number[last]
    shipment.arrives[place] = shipment.arrives[last]
    shipment.lots[place] = shipment.lots[last]
    shipment.row[place] = shipment.row[last]
    shipment.generation[place] = shipment.generation[last]
    shipment.source[place] = shipment.source[last]
    shipment.target[place] = shipment.target[last]
    shipment.number[last] = 0
    shipment.arrives[last] = 0
    shipment.lots[last] = 0
    shipment.row[last] = 0
    shipment.generation[last] = 0
    shipment.source[last] = 0
    shipment.target[last] = 0


@kernel
def receive(trade, tick, first_participant, arrivals, arrived):
    """Hand out what arrives at `tick` or should have before, and report participants' goods.

    arrivals: ARRIVAL_DTYPE[shipments], arrived: int64[1], both modified. What belonged to a row
    that was given back since goes to the treasury.
    """
    ledger, shipment, freight = trade.ledger, trade.shipment, trade.freight
    place = np.int64(0)
    while place < freight.counters[_COUNT]:
        if shipment.arrives[place] > tick:
            place += 1
            continue
        lots = shipment.lots[place]
        source, target = np.int64(shipment.source[place]), np.int64(shipment.target[place])
        row = np.int64(shipment.row[place])
        here = ledger.generation[row] == shipment.generation[place]
        taker = row if here else trade.agents + _TREASURY
        transfer(ledger, trade.agents + _TRANSIT, _ISSUER, source, lots)
        transfer(ledger, _ISSUER, taker, target, lots)
        freight.inbound[target] -= lots
        if here and row >= first_participant and arrived[0] < arrivals.size:
            report = arrivals[arrived[0]]
            report["number"] = shipment.number[place]
            report["row"] = row
            report["source"] = source
            report["target"] = target
            report["lots"] = lots
            report["arrives"] = shipment.arrives[place]
            arrived[0] += 1
        last = freight.counters[_COUNT] - 1
        forget(shipment, place, last)
        freight.counters[_COUNT] = last


@kernel
def shipments_of(shipment, count, row):
    """Return how many of the first `count` shipments belong to a row."""
    found = 0
    for place in range(count):
        if shipment.row[place] == row:
            found += 1
    return found


@kernel
def carry(venue, trade):
    """Let the carrier use up the energy that it was paid for, and bid for what it lacks."""
    if venue.step % _CARRIER_STEPS != 0 or venue.phase != 0:
        return
    freight, ledger = trade.freight, trade.ledger
    row = np.int64(trade.agents + _CARRIER)
    for region in range(freight.owed.size):
        m = region * GOODS_COUNT + _ENERGY
        withdraw(venue, freight.slot[region], freight.generation[region])
        freight.slot[region] = -1
        used = min(np.int64(ledger.stock[row, m]), freight.owed[region] // _MILLI)
        if used > 0:
            transfer(ledger, row, _ISSUER, m, used)
            trade.day.used[m] += used
            freight.owed[region] -= used * _MILLI
        lots = freight.owed[region] // _MILLI
        if lots <= 0:
            continue
        trade.price.demand[m] += lots / 24.0  # a day has 24 bids: the need is counted once
        limit = trade.price.reference[m] * _CARRIER_SLIP
        slot = submit(venue, m, _BID, limit, lots, row, _CARRIER_LIFE, 0)
        freight.slot[region] = slot
        if slot >= 0:
            freight.generation[region] = venue.book.orders[slot]["generation"]


@kernel
def settle_carrier(trade):
    """Pay the carrier's cash beyond twice what it still has to buy to the treasury, once a day."""
    need = np.int64(0)
    for region in range(trade.freight.owed.size):
        mid = round_half_away(trade.price.mid[region * GOODS_COUNT + _ENERGY])
        need += carrier_price(trade.freight.owed[region], mid, np.int64(BPS))
    row = trade.agents + _CARRIER
    pay(trade.ledger, row, trade.agents + _TREASURY, trade.ledger.cash[row] - need)
