"""The pool of orders: taking and freeing slots, bringing an order to rest, ending it."""

from __future__ import annotations

from economy_engine.book.columns import BookColumns, BookCounter, OrderFlag, OutboxColumns
from economy_engine.book.columns import OutboxCount as Count
from economy_engine.book.ladder import join_expiry, join_level, leave_expiry, leave_level
from economy_engine.jit import inlined, inlined_inner, kernel
from economy_engine.ledger.columns import LedgerColumns

_AI_FREE = int(BookCounter.AI_FREE)
_PARTICIPANT_FREE = int(BookCounter.PARTICIPANT_FREE)
_AI_HIGH = int(BookCounter.AI_HIGH_WATER)
_PARTICIPANT_HIGH = int(BookCounter.PARTICIPANT_HIGH_WATER)
_AI_CAPACITY = int(BookCounter.AI_CAPACITY)
_AI_OPEN = int(BookCounter.AI_OPEN)
_PARTICIPANT_OPEN = int(BookCounter.PARTICIPANT_OPEN)
_ARRIVALS = int(BookCounter.ARRIVALS)
_TIMED = int(OrderFlag.TIMED)
_TYPE_MASK = int(OrderFlag.TYPE_MASK)
_TIF_SHIFT = int(OrderFlag.TIF_SHIFT)
_CLOSURES = int(Count.CLOSURES)


@inlined_inner
def participant_slots_left(book: BookColumns) -> int:
    """Return how many participants' orders can still come to rest."""
    counters = book.counters
    return counters[_PARTICIPANT_FREE] + book.orders.shape[0] - counters[_PARTICIPANT_HIGH]


@inlined_inner
def take_ai_slot(book: BookColumns) -> int:
    """Return a free AI slot (last freed first, then a fresh one), or -1 when the part is full."""
    counters = book.counters
    count = counters[_AI_FREE]
    if count > 0:
        counters[_AI_FREE] = count - 1
        counters[_AI_OPEN] += 1
        return book.free[count - 1]
    fresh = counters[_AI_HIGH]
    if fresh >= counters[_AI_CAPACITY]:
        return -1
    counters[_AI_HIGH] = fresh + 1
    counters[_AI_OPEN] += 1
    return fresh


@inlined_inner
def take_participant_slot(book: BookColumns) -> int:
    """Return a free participants' slot, or -1 when the part is full."""
    counters = book.counters
    count = counters[_PARTICIPANT_FREE]
    if count > 0:
        counters[_PARTICIPANT_FREE] = count - 1
        counters[_PARTICIPANT_OPEN] += 1
        return book.free[counters[_AI_CAPACITY] + count - 1]
    fresh = counters[_PARTICIPANT_HIGH]
    if fresh >= book.orders.shape[0]:
        return -1
    counters[_PARTICIPANT_HIGH] = fresh + 1
    counters[_PARTICIPANT_OPEN] += 1
    return fresh


@inlined_inner
def free_slot(book: BookColumns, ledger: LedgerColumns, slot: int) -> None:
    """Take an order out of level and expiry list and free its slot, zeroed but for generation.

    Holds are the caller's business.
    """
    leave_level(book, slot)
    leave_expiry(book, slot)
    orders = book.orders
    counters = book.counters
    ai_capacity = counters[_AI_CAPACITY]
    if slot < ai_capacity:
        count = counters[_AI_FREE]
        book.free[count] = slot
        counters[_AI_FREE] = count + 1
        counters[_AI_OPEN] -= 1
    else:
        count = counters[_PARTICIPANT_FREE]
        book.free[ai_capacity + count] = slot
        counters[_PARTICIPANT_FREE] = count + 1
        counters[_PARTICIPANT_OPEN] -= 1
        ledger.open_orders[orders[slot]["owner"]] -= 1
        book.details[slot - ai_capacity]["filled"] = 0
        book.details[slot - ai_capacity]["value"] = 0
        book.details[slot - ai_capacity]["fee"] = 0
    orders[slot]["price"] = 0
    orders[slot]["quantity"] = 0
    orders[slot]["original"] = 0
    orders[slot]["owner"] = 0
    orders[slot]["next"] = 0
    orders[slot]["prev"] = 0
    orders[slot]["wheel_next"] = 0
    orders[slot]["wheel_prev"] = 0
    orders[slot]["market"] = 0
    orders[slot]["side"] = 0
    orders[slot]["flags"] = 0
    orders[slot]["generation"] += 1
    orders[slot]["seq"] = 0
    orders[slot]["expires"] = 0
    orders[slot]["arrival"] = 0


@inlined_inner
def hold(book: BookColumns, ledger: LedgerColumns, m: int, side: int, level: int, lots: int,
         row: int) -> None:  # fmt: skip
    """Move what `lots` at `level` need from free to held; negative `lots` release it."""
    if side == 0:
        amount = level * book.market[m]["price_increment"] * lots
        ledger.cash[row] -= amount
        ledger.cash_held[row] += amount
    else:
        ledger.stock[row, m] -= lots
        ledger.stock_held[row, m] += lots


@inlined_inner
def rest(book: BookColumns, ledger: LedgerColumns, slot: int, m: int, side: int, level: int,
         left: int, original: int, row: int, seq: int, flags: int,
         expires: int) -> None:  # fmt: skip
    """Bring an order to rest in a slot that was taken for it, and hold its funds."""
    orders = book.orders
    hold(book, ledger, m, side, level, left, row)
    arrival = book.counters[_ARRIVALS] + 1
    book.counters[_ARRIVALS] = arrival
    orders[slot]["price"] = level
    orders[slot]["quantity"] = left
    orders[slot]["original"] = original
    orders[slot]["owner"] = row
    orders[slot]["market"] = m
    orders[slot]["side"] = side
    orders[slot]["flags"] = flags
    orders[slot]["seq"] = seq
    orders[slot]["expires"] = expires
    orders[slot]["arrival"] = arrival
    join_level(book, slot)
    if flags & _TIMED:
        join_expiry(book, slot)
    else:
        orders[slot]["wheel_next"] = -1
        orders[slot]["wheel_prev"] = -1


@kernel
def cancel_slot(book: BookColumns, ledger: LedgerColumns, slot: int) -> int:
    """End a resting order: release its hold and free its slot.

    Returns the lots released, 0 for a free slot (no effect). Reports nothing: the caller knows.
    """
    left = book.orders[slot]["quantity"]
    if left <= 0:
        return 0
    m = book.orders[slot]["market"]
    side = book.orders[slot]["side"]
    hold(book, ledger, m, side, book.orders[slot]["price"], -left, book.orders[slot]["owner"])
    free_slot(book, ledger, slot)
    return left


@kernel
def reduce_slot(book: BookColumns, ledger: LedgerColumns, slot: int, quantity: int) -> int:
    """Shrink a resting order to `quantity` lots; it keeps its place in the queue.

    Returns the lots released; 0 and no effect unless 1 <= quantity < what remains.
    """
    left = book.orders[slot]["quantity"]
    if quantity < 1 or quantity >= left:
        return 0
    m = book.orders[slot]["market"]
    side = book.orders[slot]["side"]
    level = book.orders[slot]["price"]
    hold(book, ledger, m, side, level, quantity - left, book.orders[slot]["owner"])
    book.orders[slot]["quantity"] = quantity
    book.level_quantity[2 * m + side, level] -= left - quantity
    return left - quantity


@kernel
def report_closure(book: BookColumns, outbox: OutboxColumns, slot: int, left: int, reason: int,
                   tick: int) -> None:  # fmt: skip
    """Write down that a participant's resting order ended, shrank or moved; AI orders are silent.

    Called before the slot is freed. The caller has made sure of room in the outbox.
    """
    ai_capacity = book.counters[_AI_CAPACITY]
    if slot < ai_capacity:
        return
    orders = book.orders
    at = outbox.counts[_CLOSURES]
    outbox.counts[_CLOSURES] = at + 1
    closures = outbox.closures
    details = book.details
    m = orders[slot]["market"]
    closures[at]["tick"] = tick
    closures[at]["seq"] = orders[slot]["seq"]
    closures[at]["price"] = orders[slot]["price"] * book.market[m]["price_increment"]
    closures[at]["original"] = orders[slot]["original"]
    closures[at]["left"] = left
    closures[at]["filled"] = details[slot - ai_capacity]["filled"]
    closures[at]["value"] = details[slot - ai_capacity]["value"]
    closures[at]["fee"] = details[slot - ai_capacity]["fee"]
    closures[at]["expires"] = orders[slot]["expires"]
    closures[at]["row"] = orders[slot]["owner"]
    closures[at]["market"] = m
    closures[at]["side"] = orders[slot]["side"]
    closures[at]["reason"] = reason
    closures[at]["type"] = orders[slot]["flags"] & _TYPE_MASK
    closures[at]["tif"] = (orders[slot]["flags"] >> _TIF_SHIFT) & _TYPE_MASK


@inlined
def closure_room(outbox: OutboxColumns) -> int:
    """Return how many closures the outbox can still take."""
    return outbox.closures.shape[0] - outbox.counts[_CLOSURES]
