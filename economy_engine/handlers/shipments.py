"""Shipments of participants: goods sent from one region to another."""

from __future__ import annotations

import numpy as np

from economy_engine import events, limits
from economy_engine.commands import ShipGoods
from economy_engine.errors import RejectReason
from economy_engine.events import ShipmentEvent
from economy_engine.goods import ENRG, GOODS_COUNT
from economy_engine.handlers.decision import Context, Decision, refused
from economy_engine.ledger.columns import CASH, AccountFlag
from economy_engine.systems import logistics
from economy_engine.systems.columns import FreightCounter


def ship(context: Context, command: ShipGoods) -> Decision:
    """Take the goods and all that moving them costs; they arrive when the route's delay is over."""
    state, row = context.state, context.row
    ledger, counters = state.ledger, state.freight.counters
    if int(ledger.flags[row]) & AccountFlag.DEBITS_FROZEN:
        return refused(RejectReason.ACCOUNT_FROZEN)
    count = int(counters[FreightCounter.COUNT])
    moving = int(logistics.shipments_of(state.shipment, count, row))
    if moving >= limits.SHIPMENTS_PER_PARTICIPANT_MAX:
        return refused(RejectReason.MAX_SHIPMENTS)
    out = np.zeros(logistics.QUOTE_FIELDS, np.int64)
    trade = logistics.of(state)
    reason = RejectReason(
        int(
            logistics.dispatch(
                trade, np.int64(row), np.int64(command.market), np.int64(command.region),
                np.int64(command.quantity), out,
            )
        )
    )  # fmt: skip
    if reason:
        return refused(reason)
    number = int(counters[FreightCounter.NUMBER])
    source = command.market // GOODS_COUNT
    target = command.region * GOODS_COUNT + command.market % GOODS_COUNT
    arrives = context.tick + int(out[logistics.DELAY])
    result = {
        "shipment": number,
        "arrives_tick": arrives,
        "energy_lots": int(out[logistics.OWN_ENERGY]),
        "carrier_minor": int(out[logistics.CARRIER_MINOR]),
        "toll_minor": int(out[logistics.TOLL]),
        "tariff_minor": int(out[logistics.TARIFF]),
    }
    report = np.zeros(1, events.SHIPMENT_EVENT_DTYPE)
    report["number"], report["participant"] = number, context.header.participant
    report["tick"], report["event"] = context.tick, ShipmentEvent.DISPATCHED
    report["source"], report["target"] = command.market, target
    report["lots"], report["arrives_tick"] = command.quantity, arrives
    report["energy_lots"] = out[logistics.OWN_ENERGY]
    charged = int(out[[logistics.CARRIER_MINOR, logistics.TOLL, logistics.TARIFF]].sum())
    report["charged"] = charged
    touched = {(row, CASH), (row, command.market), (row, source * GOODS_COUNT + ENRG)}
    return Decision(result=result, touched=sorted(touched), shipment=report)
