"""Orders of participants: place, cancel, reduce, cancel all."""

from __future__ import annotations

from typing import Any

import numpy as np

from economy_engine import limits, units
from economy_engine.book.columns import (
    BookColumns,
    BookCounter,
    ClosureReason,
    OrderStatus,
    OrderType,
    PlaceResult,
)
from economy_engine.book.kernels import cancel_all, cancel_slot, place_participant, reduce_slot
from economy_engine.book.pool import closure_room, report_closure
from economy_engine.commands import CancelAll, CancelOrder, PlaceOrder, ReduceOrder
from economy_engine.errors import RejectReason
from economy_engine.events import OrderEvent
from economy_engine.handlers.decision import Context, Decision, refused
from economy_engine.jit import kernel
from economy_engine.ledger.columns import CASH, AccountFlag
from economy_engine.order_terms import Side
from economy_engine.systems.columns import Institution, Macro
from economy_engine.works import PPM

_AI_CAPACITY = int(BookCounter.AI_CAPACITY)
_HIGH_WATER = int(BookCounter.PARTICIPANT_HIGH_WATER)
_PROTECTED = int(AccountFlag.PROTECTED)


@kernel
def find_order(book: BookColumns, seq: int) -> int:
    """Return the slot of a participant's open order by its seq (int64), or -1."""
    for slot in range(book.counters[_AI_CAPACITY], book.counters[_HIGH_WATER]):
        if book.orders[slot]["seq"] == seq and book.orders[slot]["quantity"] > 0:
            return slot
    return -1


def _level(context: Context, command: PlaceOrder) -> int:
    """The limit in increments: -1 off the grid, 0 for a market order's own protection."""
    book = context.state.book
    if not 0 <= command.market < book.market.shape[0]:
        return -1
    if command.order_type == OrderType.MARKET and command.price == 0:
        return _newcomer_level(context, command)
    increment = int(book.market[command.market]["price_increment"])
    return int(units.level_exact(command.price, increment))


def _newcomer_level(context: Context, command: PlaceOrder) -> int:
    """The narrower protection of a newcomer's market order; 0 for everybody else's own."""
    state, book = context.state, context.state.book
    if not int(state.ledger.flags[context.row]) & _PROTECTED:
        return 0
    best = int(book.best[command.market, 1 - command.side])
    levels = book.head.shape[1]
    if not 0 < best < levels:
        return 0
    room = -((-best * state.params.works.newcomer_ppm) // PPM)
    if command.side == Side.BID:
        return min(best + room, levels - 1)
    return max(best - room, 1)


def _beyond_newcomer(context: Context, command: PlaceOrder) -> bool:
    """Whether a newcomer's bid would make a position larger than the newcomers' limit.

    Counted are the lots of the market, what all open bids hold, and this one. A bid beyond the
    cash is left to the check of funds.
    """
    state, row, m = context.state, context.row, command.market
    ledger = state.ledger
    if command.side != Side.BID or not int(ledger.flags[row]) & _PROTECTED:
        return False
    if not 0 <= m < state.params.markets:
        return False
    reference = float(state.price.reference[m])
    cost = command.quantity * (float(command.price) or reference)
    if cost > float(ledger.cash[row]):
        return False
    lots = int(ledger.stock[row, m]) + int(ledger.stock_held[row, m])
    most = state.params.works.position_wages * float(state.macro[Macro.MEAN_WAGE])
    return lots * reference + float(ledger.cash_held[row]) + cost > most


def _order_row(command: PlaceOrder, tick: int) -> dict[str, Any]:
    """The report of an order as it was asked for; the outcome is filled in by the caller."""
    return {
        "tick": tick,
        "market": command.market,
        "side": command.side,
        "type": command.order_type,
        "tif": command.time_in_force,
        "price": command.price,
        "quantity": command.quantity,
        "expires_tick": command.expires_tick,
    }


def place(context: Context, command: PlaceOrder) -> Decision:
    """Match an order at once; let the remainder rest if its terms allow it."""
    state, book = context.state, context.state.book
    if _beyond_newcomer(context, command):
        order = _order_row(command, context.tick)
        reason = RejectReason.MAX_POSITION
        order |= {"event": OrderEvent.REJECTED, "status": OrderStatus.REJECTED, "reason": reason}
        return Decision(reason=reason, order=order)
    level, out = _level(context, command), np.zeros(16, np.int64)
    reason = RejectReason(
        place_participant(
            book, state.ledger, state.outbox, out, command.market, command.side,
            command.order_type, level, command.quantity, context.row, context.seq,
            command.time_in_force, command.self_trade, command.expires_tick,
            limits.FILLS_PER_COMMAND_MAX, limits.OPEN_ORDERS_PER_PARTICIPANT_MAX,
            state.institution(Institution.FEES), state.first_participant, context.tick,
        )
    )  # fmt: skip
    order = _order_row(command, context.tick)
    if reason:
        order |= {"event": OrderEvent.REJECTED, "status": OrderStatus.REJECTED, "reason": reason}
        return Decision(reason=reason, order=order)
    status = OrderStatus(int(out[PlaceResult.STATUS]))
    order |= {
        "event": _EVENTS[status],
        "status": status,
        "reason": int(out[PlaceResult.REASON]),
        "price": int(out[PlaceResult.PRICE]),
        "filled": int(out[PlaceResult.FILLED]),
        "left": int(out[PlaceResult.LEFT]) if out[PlaceResult.SLOT] >= 0 else 0,
        "value": int(out[PlaceResult.VALUE]),
        "fee": int(out[PlaceResult.FEE]),
    }
    result = {
        "order_status": int(status),
        "reason": order["reason"],
        "filled": order["filled"],
        "value": order["value"],
        "fee": order["fee"],
        "left": order["left"],
    }
    touched = [(context.row, CASH), (context.row, command.market)]
    return Decision(result=result, order=order, touched=touched)


_EVENTS = {
    OrderStatus.NEW: OrderEvent.NEW,
    OrderStatus.PARTIALLY_FILLED: OrderEvent.TRADE,
    OrderStatus.FILLED: OrderEvent.TRADE,
    OrderStatus.EXPIRED: OrderEvent.EXPIRED,
}


def _own_slot(context: Context) -> tuple[int, RejectReason]:
    """The open order that the command names, if it is the participant's own.

    A foreign order and one that never was are told apart from nobody: both are not found.
    """
    if context.ref_seq <= 0:
        return -1, RejectReason.ORDER_NOT_FOUND
    slot = int(find_order(context.state.book, context.ref_seq))
    if slot < 0:
        return -1, RejectReason.ORDER_CLOSED
    if int(context.state.book.orders[slot]["owner"]) != context.row:
        return -1, RejectReason.ORDER_NOT_FOUND
    if closure_room(context.state.outbox) < 1:
        return -1, RejectReason.ENGINE_BUSY
    return slot, RejectReason.OK


def cancel(context: Context, command: CancelOrder) -> Decision:
    """End a resting order and release its hold."""
    slot, reason = _own_slot(context)
    if reason:
        return refused(reason)
    state, book = context.state, context.state.book
    left = int(book.orders[slot]["quantity"])
    market = int(book.orders[slot]["market"])
    report_closure(book, state.outbox, slot, left, ClosureReason.CANCELED, context.tick)
    cancel_slot(book, state.ledger, slot)
    touched = [(context.row, CASH), (context.row, market)]
    return Decision(
        result={"order_status": int(OrderStatus.CANCELED), "left": left}, touched=touched
    )


def reduce(context: Context, command: ReduceOrder) -> Decision:
    """Shrink a resting order to `quantity` lots remaining; it keeps its place in the queue."""
    slot, reason = _own_slot(context)
    if reason:
        return refused(reason)
    state, book = context.state, context.state.book
    if not 0 < command.quantity < int(book.orders[slot]["quantity"]):
        return refused(RejectReason.LOT_SIZE)
    market = int(book.orders[slot]["market"])
    reduce_slot(book, state.ledger, slot, command.quantity)
    report_closure(book, state.outbox, slot, command.quantity, ClosureReason.REDUCED, context.tick)
    touched = [(context.row, CASH), (context.row, market)]
    return Decision(
        result={"order_status": int(OrderStatus.NEW), "left": command.quantity}, touched=touched
    )


def cancel_every(context: Context, command: CancelAll) -> Decision:
    """End all resting orders of the participant, in one market or in all."""
    state = context.state
    if not -1 <= command.market < state.params.markets:
        return refused(RejectReason.UNKNOWN_SYMBOL)
    if closure_room(state.outbox) < int(state.ledger.open_orders[context.row]):
        return refused(RejectReason.ENGINE_BUSY)
    ended = cancel_all(
        state.book, state.ledger, state.outbox, context.row, command.market,
        ClosureReason.CANCELED, context.tick,
    )  # fmt: skip
    touched = [(context.row, asset) for asset in range(CASH, state.params.markets)]
    return Decision(result={"canceled": int(ended)}, touched=touched)
