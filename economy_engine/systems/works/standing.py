"""Orders that a site places by its owner's rule: ordinary orders of the participant.

They rest in the participants' part of the pool, pay the same fees, keep price and time priority and
are reported like all others. They have no command: their numbers come from a counter of the state,
beyond all numbers of commands. A rule that cannot have its order (no money, no room, a closed
market) goes without it until the next visit.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from economy_engine import limits, works
from economy_engine.book.columns import ClosureReason, OrderStatus, PlaceResult
from economy_engine.book.kernels import cancel_slot, place_participant
from economy_engine.book.pool import closure_room, report_closure
from economy_engine.goods import GOODS, GOODS_COUNT, INDEX, TOOL
from economy_engine.ledger.columns import CASH
from economy_engine.order_terms import (
    RULE_ORDER_FIRST,
    RULE_ORDER_TICKS,
    OrderEvent,
    OrderType,
    SelfTrade,
    Side,
    TimeInForce,
)
from economy_engine.schema import Clock
from economy_engine.state import WorldState
from economy_engine.systems.columns import Institution
from economy_engine.units import level_ceil, level_floor

SLOTS = 8
_EVENTS = {
    OrderStatus.NEW: OrderEvent.NEW,
    OrderStatus.PARTIALLY_FILLED: OrderEvent.TRADE,
    OrderStatus.FILLED: OrderEvent.TRADE,
    OrderStatus.EXPIRED: OrderEvent.EXPIRED,
}


def place(
    state: WorldState, row: int, market: int, side: int, level: int, lots: int, tick: int
) -> tuple[int, int]:
    """Place one order of a rule; returns (slot, generation), slot -1 when nothing rests."""
    terms: dict[str, Any] = {
        "tick": tick,
        "market": market,
        "side": side,
        "type": OrderType.LIMIT,
        "tif": TimeInForce.GTT,
        "quantity": lots,
        "expires_tick": tick + RULE_ORDER_TICKS,
    }
    seq = RULE_ORDER_FIRST + int(state.clock[Clock.RULE_ORDERS])
    out = np.zeros(16, np.int64)
    reason = place_participant(
        state.book, state.ledger, state.outbox, out, market, side, int(OrderType.LIMIT), level,
        lots, row, seq, int(TimeInForce.GTT), int(SelfTrade.EXPIRE_TAKER), terms["expires_tick"],
        limits.FILLS_PER_COMMAND_MAX, limits.OPEN_ORDERS_PER_PARTICIPANT_MAX,
        state.institution(Institution.FEES), state.told_from, tick,
    )  # fmt: skip
    if reason:
        return -1, 0
    state.clock[Clock.RULE_ORDERS] += 1
    status, slot = OrderStatus(int(out[PlaceResult.STATUS])), int(out[PlaceResult.SLOT])
    report = state.emission.works
    report.orders.append(
        terms
        | {
            "seq": seq,
            "row": row,
            "event": _EVENTS[status],
            "status": status,
            "reason": int(out[PlaceResult.REASON]),
            "price": int(out[PlaceResult.PRICE]),
            "filled": int(out[PlaceResult.FILLED]),
            "left": int(out[PlaceResult.LEFT]) if slot >= 0 else 0,
            "value": int(out[PlaceResult.VALUE]),
            "fee": int(out[PlaceResult.FEE]),
        }
    )
    report.touched += [(row, CASH), (row, market)]
    return slot, int(out[PlaceResult.GENERATION])


def withdraw(state: WorldState, site: Any, tick: int) -> bool:
    """Cancel the site's own orders; False (and nothing done) without room to report them."""
    book = state.book
    if closure_room(state.outbox) < SLOTS:
        return False
    row = int(site["owner"])
    for z in range(SLOTS):
        slot = int(site["slots"][z])
        site["slots"][z] = -1
        if slot < 0:
            continue
        order = book.orders[slot]
        if order["generation"] != site["generations"][z] or order["quantity"] <= 0:
            continue
        market = int(order["market"])
        left = int(order["quantity"])
        report_closure(book, state.outbox, slot, left, ClosureReason.CANCELED, tick)
        cancel_slot(book, state.ledger, slot)
        state.emission.works.touched += [(row, CASH), (row, market)]
    return True


def _keep(site: Any, z: int, placed: tuple[int, int]) -> int:
    """Remember the handle of an own order; returns the number of handles."""
    slot, generation = placed
    if slot < 0 or z >= SLOTS:
        return z
    site["slots"][z], site["generations"][z] = slot, generation
    return z + 1


def offer(state: WorldState, site: Any, tick: int) -> int:
    """Offer what the owner has of the site's good beyond what is kept; returns own orders."""
    row, m = int(site["owner"]), int(site["market"])
    lots = int(state.ledger.stock[row, m]) - int(site["keep"])
    if lots <= 0:
        return 0
    ask = works.asking_price(
        int(site["pricing"]), int(site["price"]), int(site["markup_ppm"]), float(site["cost"]),
        float(state.price.reference[m]),
    )  # fmt: skip
    market = state.book.market[m]
    level = int(level_ceil(works.whole(ask), int(market["price_increment"])))
    level = max(1, min(level, int(market["band_high"])))
    return _keep(site, 0, place(state, row, m, int(Side.ASK), level, lots, tick))


def supply(state: WorldState, site: Any, output: float, tick: int, placed: int) -> None:
    """Bid for three days of inputs, and for the tools of the upkeep, out of free cash.

    The wages of a day are left in the account.
    """
    row, m = int(site["owner"]), int(site["market"])
    k = m % GOODS_COUNT
    first = m - k
    wants = {
        INDEX[code]: works.input_lots(amount * output, int(state.ledger.stock[row, first + q]))
        for code, amount in GOODS[k].inputs.items()
        for q in (INDEX[code],)
    }
    if int(state.ledger.stock[row, first + TOOL]) < 1:
        wants[TOOL] = max(wants.get(TOOL, 0), 1)
    wages = int(site["wanted"]) * int(site["wage"])
    for q, lots in sorted(wants.items()):
        market = first + q
        rules = state.book.market[market]
        increment = int(rules["price_increment"])
        limit = works.whole(works.bid_price(float(state.price.reference[market])))
        level = min(int(level_floor(limit, increment)), int(rules["band_high"]))
        if level < 1:
            continue
        lots = min(lots, (int(state.ledger.cash[row]) - wages) // (level * increment))
        if lots > 0:
            bought = place(state, row, market, int(Side.BID), level, lots, tick)
            placed = _keep(site, placed, bought)
