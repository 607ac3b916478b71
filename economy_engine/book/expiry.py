"""Orders end by time or by their owner's wish: sweeps at a step and a tick, and cancel-all.

Free functions over columns; none allocates.
"""

from __future__ import annotations

import numpy as np

from economy_engine import limits
from economy_engine.book.columns import BookColumns, BookCounter, ClosureReason, OutboxColumns
from economy_engine.book.pool import cancel_slot, closure_room, report_closure
from economy_engine.jit import kernel
from economy_engine.ledger.columns import LedgerColumns

_AI_CAPACITY = np.int64(BookCounter.AI_CAPACITY)
_PARTICIPANT_HIGH = np.int64(BookCounter.PARTICIPANT_HIGH_WATER)
_WHEEL_MASK = limits.WHEEL_SLOTS - 1
_CALENDAR_MASK = limits.CALENDAR_SLOTS - 1
_EXPIRED = np.int64(ClosureReason.EXPIRED)


@kernel
def sweep_expired_ai(book: BookColumns, ledger: LedgerColumns, step: int) -> int:
    """End the AI orders that expire at `step`; return how many. Called once at each step."""
    place = step & _WHEEL_MASK
    slot = np.int64(book.wheel[place])
    ended = 0
    while slot >= 0:
        behind = np.int64(book.orders[slot]["wheel_next"])
        if book.orders[slot]["expires"] <= step:
            cancel_slot(book, ledger, slot)
            ended += 1
        slot = behind
    return ended


@kernel
def sweep_expired_participants(book: BookColumns, ledger: LedgerColumns, outbox: OutboxColumns,
                               tick: int) -> int:  # fmt: skip
    """End and report the participants' orders that expire at `tick`; return how many.

    Called once at each tick. When the outbox is full the rest waits for the slot's next turn, 512
    ticks later; the outbox's bound makes that impossible while it is cleared every tick.
    """
    place = tick & _CALENDAR_MASK
    slot = np.int64(book.calendar[place])
    ended = 0
    while slot >= 0 and closure_room(outbox) > 0:
        behind = np.int64(book.orders[slot]["wheel_next"])
        if book.orders[slot]["expires"] <= tick:
            report_closure(book, outbox, slot, book.orders[slot]["quantity"], _EXPIRED, tick)
            cancel_slot(book, ledger, slot)
            ended += 1
        slot = behind
    return ended


@kernel
def cancel_all(book: BookColumns, ledger: LedgerColumns, outbox: OutboxColumns, row: int, m: int,
               reason: int, tick: int) -> int:  # fmt: skip
    """End and report the participants' orders of `row` (-1 all) in market `m` (-1 all).

    `reason` is a ClosureReason. Goes through the participants' part of the pool in slot order.
    Returns the number ended.
    """
    orders = book.orders
    ended = 0
    for slot in range(book.counters[_AI_CAPACITY], book.counters[_PARTICIPANT_HIGH]):
        if orders[slot]["quantity"] <= 0 or closure_room(outbox) < 1:
            continue
        if (row < 0 or orders[slot]["owner"] == row) and (m < 0 or orders[slot]["market"] == m):
            report_closure(book, outbox, slot, orders[slot]["quantity"], reason, tick)
            cancel_slot(book, ledger, slot)
            ended += 1
    return ended
