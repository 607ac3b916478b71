"""Orders enter: the kernels that systems and command handlers call.

`place_ai`, `place_participant`, `reset_statistics`; with those of its neighbors that end orders
(`expiry`, `pool`) and read books (`upkeep`). All are free functions over columns; none allocates.
A refused order has had no effect on any column.
"""

from __future__ import annotations

import numpy as np

from economy_engine import limits
from economy_engine.book.columns import (
    BookColumns,
    BookCounter,
    MarketState,
    OrderFlag,
    OrderStatus,
    OrderType,
    OutboxColumns,
    OutboxCount,
    PlaceResult,
    SelfTrade,
    TimeInForce,
)
from economy_engine.book.expiry import (
    cancel_all,
    sweep_expired_ai,
    sweep_expired_participants,
)
from economy_engine.book.matching import crosses, match, probe, same_hands
from economy_engine.book.pool import (
    cancel_slot,
    closure_room,
    participant_slots_left,
    reduce_slot,
    rest,
    take_ai_slot,
    take_participant_slot,
)
from economy_engine.book.upkeep import depth, depth_near, mid, rebuild_ladders, set_price_increment
from economy_engine.errors import RejectReason
from economy_engine.jit import inlined_inner, kernel
from economy_engine.ledger.columns import AccountFlag, LedgerColumns

__all__ = [
    "cancel_all",
    "cancel_slot",
    "depth",
    "depth_near",
    "market_level",
    "mid",
    "place_ai",
    "place_participant",
    "rebuild_ladders",
    "reduce_slot",
    "reset_statistics",
    "set_price_increment",
    "sweep_expired_ai",
    "sweep_expired_participants",
]

_FROZEN = np.int64(AccountFlag.DEBITS_FROZEN | AccountFlag.CREDITS_FROZEN)
_OPEN = np.int64(MarketState.OPEN)
_AUCTION = np.int64(MarketState.AUCTION)
_HALTED = np.int64(MarketState.HALTED)
_TIMED = np.int64(OrderFlag.TIMED)
_TIF_SHIFT = np.int64(OrderFlag.TIF_SHIFT)
_MODE_SHIFT = np.int64(OrderFlag.MODE_SHIFT)
_EXPIRE_TAKER = np.int64(SelfTrade.EXPIRE_TAKER)
_EXPIRE_MAKER = np.int64(SelfTrade.EXPIRE_MAKER)
_LIMIT = np.int64(OrderType.LIMIT)
_MARKET = np.int64(OrderType.MARKET)
_POST_ONLY = np.int64(OrderType.POST_ONLY)
_GTC = np.int64(TimeInForce.GTC)
_IOC = np.int64(TimeInForce.IOC)
_FOK = np.int64(TimeInForce.FOK)
_GTT = np.int64(TimeInForce.GTT)
_DROPPED = np.int64(BookCounter.DROPPED)
_OUTBOX_DROPPED = np.int64(BookCounter.OUTBOX_DROPPED)
_BUDGET_DROPPED = np.int64(BookCounter.BUDGET_DROPPED)
_AI_CAPACITY = np.int64(BookCounter.AI_CAPACITY)
# Plain integers would be compiled as literals, each with kernels of its own.
_NO_SEQ = np.int64(0)
_NONE = np.int64(0)
_AI_FILLS_MAX = np.int64(limits.FILLS_PER_AI_ORDER_MAX)
_AI_PLACED = np.int64(BookCounter.AI_PLACED)
_FILLS = np.int64(OutboxCount.FILLS)
_BUDGET = np.int64(RejectReason.BUDGET_EXCEEDED)
_SELF = np.int64(RejectReason.SELF_TRADE)
_NO_LIQUIDITY = np.int64(RejectReason.NO_LIQUIDITY)
_AI_FLAGS = _TIMED | (_GTT << _TIF_SHIFT) | (_EXPIRE_MAKER << _MODE_SHIFT)


@inlined_inner
def band_level(book: BookColumns, m: int, side: int, level: int) -> int:
    """Return the level that an order may have under the price band, or 0 when it is refused.

    The aggressive side of the band cuts (a bid above, an ask below); the passive side refuses.
    """
    low = book.market[m]["band_low"]
    high = book.market[m]["band_high"]
    if side == 0:
        if level < low:
            return 0
        return min(level, high)
    if level > high:
        return 0
    return max(level, low)


@kernel
def market_level(book: BookColumns, m: int, side: int) -> int:
    """Return the protected limit level of a market order, or 0 when the other side is empty.

    5 % through the best price, rounded away from it so that the best level is always in reach.
    """
    best = np.int64(book.best[m, 1 - side])
    levels = book.head.shape[1]
    if best <= 0 or best >= levels:
        return 0
    room = -((-best * limits.MARKET_PROTECTION_PPM) // 1_000_000)
    if side == 0:
        return min(best + room, levels - 1)
    return max(best - room, 1)


@kernel
def place_ai(book: BookColumns, ledger: LedgerColumns, outbox: OutboxColumns, m: int, side: int,
             level: int, quantity: int, row: int, expires_step: int, step: int, post_only: bool,
             fee_row: int, first_participant: int, tick: int) -> int:  # fmt: skip
    """Place an AI agent's order: match what crosses, let the remainder rest.

    The quantity is cut to the free funds or lots of the row. Post-only moves the level to one
    increment before the best price of the other side; then the band rule applies. Own resting
    orders that are met expire (EXPIRE_MAKER). Lifetimes are cut to 511 steps, and an order that
    has expired by `step` does not rest. In a call auction nothing matches: the order rests at its
    limit even where the book is crossed, and post-only has no meaning.

    Parameters
    ----------
    m, side: market and Side; level: limit in increments, any integer; quantity: lots.
    row: int, the account; fee_row: the account of fees; first_participant: first such row.
    expires_step, step: int64; tick: int64, for reports.

    Returns
    -------
    The slot where the remainder rests, or -1. All columns are modified in place.
    """
    state = book.market[m]["state"]
    if quantity <= 0 or state == _HALTED or ledger.flags[row] & _FROZEN:
        return -1
    if post_only and state == _OPEN:
        level = min(level, book.best[m, 1] - 1) if side == 0 else max(level, book.best[m, 0] + 1)
    level = band_level(book, m, side, level)
    if level <= 0:
        return -1
    left = np.int64(min(quantity, limits.QUANTITY_LOTS_MAX))
    if side == 0:
        price = level * book.market[m]["price_increment"]
        if price * left > ledger.cash[row]:
            left = ledger.cash[row] // price
    elif left > ledger.stock[row, m]:
        left = np.int64(ledger.stock[row, m])
    if left <= 0:
        return -1
    original = left
    book.counters[_AI_PLACED] += 1
    if state == _OPEN and crosses(book, m, side, level):
        left, _, _, _, stop = match(book, ledger, outbox, m, side, level, left, row, _NO_SEQ,
                                    _EXPIRE_MAKER, _AI_FILLS_MAX, fee_row, first_participant,
                                    tick)  # fmt: skip
        if stop != 0:
            book.counters[_BUDGET_DROPPED if stop == _BUDGET else _OUTBOX_DROPPED] += 1
            return -1
    if left <= 0 or expires_step <= step:
        return -1
    slot = take_ai_slot(book)
    if slot < 0:
        book.counters[_DROPPED] += 1
        return -1
    expires = min(expires_step, step + limits.AI_LIFETIME_STEPS_MAX)
    rest(book, ledger, slot, m, side, level, left, original, row, _NO_SEQ, _AI_FLAGS, expires)
    return slot


@inlined_inner
def check_fields(book: BookColumns, ledger: LedgerColumns, m: int, side: int, order_type: int,
                 quantity: int, row: int, tif: int, mode: int, expires_tick: int,
                 tick: int) -> int:  # fmt: skip
    """Return the first RejectReason that the fields of a participant's order meet, or 0."""
    if m < 0 or m >= book.market.shape[0]:
        return RejectReason.UNKNOWN_SYMBOL
    if side < 0 or side > 1 or order_type < 0 or order_type > _POST_ONLY:
        return RejectReason.BAD_ENUM
    if tif < _GTC or tif > _GTT or mode < 0 or mode > SelfTrade.DECREMENT:
        return RejectReason.BAD_ENUM
    if order_type == _POST_ONLY and (tif in (_IOC, _FOK)):
        return RejectReason.BAD_ENUM
    if quantity < 1 or quantity > limits.QUANTITY_LOTS_MAX:
        return RejectReason.LOT_SIZE
    if tif == _GTT and expires_tick <= tick:
        return RejectReason.EXPIRED_COMMAND
    if ledger.flags[row] & _FROZEN:
        return RejectReason.ACCOUNT_FROZEN
    state = book.market[m]["state"]
    if state == _AUCTION:
        if order_type != _LIMIT or tif in (_IOC, _FOK):
            return RejectReason.MARKET_IN_AUCTION
    elif state != _OPEN:
        return RejectReason.MARKET_CLOSED
    return 0


@inlined_inner
def check_room(book: BookColumns, ledger: LedgerColumns, outbox: OutboxColumns, row: int,
               rests: bool, fills_max: int, open_max: int) -> int:  # fmt: skip
    """Return MAX_OPEN_ORDERS or ENGINE_BUSY when an order has no room, else 0."""
    if rests:
        if ledger.open_orders[row] >= open_max:
            return RejectReason.MAX_OPEN_ORDERS
        if participant_slots_left(book) < 1:
            return RejectReason.ENGINE_BUSY
    if outbox.fills.shape[0] - outbox.counts[_FILLS] < fills_max:
        return RejectReason.ENGINE_BUSY
    if closure_room(outbox) < fills_max:
        return RejectReason.ENGINE_BUSY
    return 0


@inlined_inner
def check_funds(book: BookColumns, ledger: LedgerColumns, m: int, side: int, level: int,
                quantity: int, row: int, tif: int, mode: int, fills_max: int,
                crossing: bool) -> int:  # fmt: skip
    """Return the RejectReason that funds, lots, own orders or FOK give to an order, or 0.

    A bid that may rest needs cash for all of it at its limit; one that cannot rest needs what it
    would pay now. An ask always needs all of its lots.
    """
    if mode == _EXPIRE_TAKER and crossing:
        first = book.head[2 * m + 1 - side, book.best[m, 1 - side]]
        if same_hands(ledger, row, book.orders[first]["owner"]):
            return RejectReason.SELF_TRADE
    if side == 1 and quantity > ledger.stock[row, m]:
        return RejectReason.INSUFFICIENT_INVENTORY
    if tif in (_IOC, _FOK):
        lots, value, stop = probe(book, ledger, m, side, level, quantity, row, mode, fills_max)
        if side == 0 and value > ledger.cash[row]:
            return RejectReason.INSUFFICIENT_FUNDS
        if tif == _FOK and lots < quantity:
            return stop if stop != 0 else RejectReason.UNFILLABLE
    elif side == 0 and level * book.market[m]["price_increment"] * quantity > ledger.cash[row]:
        return RejectReason.INSUFFICIENT_FUNDS
    return 0


@kernel
def place_participant(book: BookColumns, ledger: LedgerColumns, outbox: OutboxColumns,
                      out: np.ndarray, m: int, side: int, order_type: int, level: int,
                      quantity: int, row: int, seq: int, tif: int, mode: int, expires_tick: int,
                      fills_max: int, open_max: int, fee_row: int, first_participant: int,
                      tick: int) -> int:  # fmt: skip
    """Place a participant's order.

    Parameters
    ----------
    out: int64[16], PlaceResult; written only when the order is executed.
    order_type, tif, mode: OrderType, TimeInForce, SelfTrade. MARKET never rests.
    level: limit in increments; -1 = the price was off the grid; 0 with MARKET = protection 5 %
        from the best price. expires_tick: counts with GTT only.
    fills_max: bound on matches; the remainder of an order that reaches it expires.

    Returns
    -------
    In a call auction only LIMIT orders with GTC or GTT are taken; they rest, whatever they cross.

    RejectReason, 0 = executed; checked in this order: fields, price, band, post-only, room, self
    trade, inventory, funds, fill-or-kill. A refused order changes nothing.
    """
    reason = check_fields(book, ledger, m, side, order_type, quantity, row, tif, mode,
                          expires_tick, tick)  # fmt: skip
    if reason != 0:
        return reason
    if order_type == _MARKET:
        if tif != _FOK:
            tif = _IOC
        protected = market_level(book, m, side)
        if protected == 0:
            return RejectReason.NO_LIQUIDITY
        if level == 0:
            level = protected
    if level < 1:
        return RejectReason.PRICE_FILTER
    level = np.int64(band_level(book, m, side, level))
    if level == 0:
        return RejectReason.PERCENT_PRICE
    crossing = book.market[m]["state"] == _OPEN and crosses(book, m, side, level)
    if order_type == _POST_ONLY and crossing:
        return RejectReason.WOULD_CROSS
    rests = tif in (_GTC, _GTT)
    reason = check_room(book, ledger, outbox, row, rests, fills_max, open_max)
    if reason == 0:
        reason = check_funds(book, ledger, m, side, level, quantity, row, tif, mode, fills_max,
                             crossing)  # fmt: skip
    if reason != 0:
        return reason
    left, filled, value, fee, stop = np.int64(quantity), _NONE, _NONE, _NONE, _NONE
    if crossing:
        left, filled, value, fee, stop = match(book, ledger, outbox, m, side, level, quantity, row,
                                               seq, mode, fills_max, fee_row, first_participant,
                                               tick)  # fmt: skip
    slot = np.int64(-1)
    if left > 0 and stop == 0 and rests:
        slot = np.int64(take_participant_slot(book))
        flags = order_type | (tif << _TIF_SHIFT) | (_TIMED if tif == _GTT else 0)
        flags |= mode << _MODE_SHIFT
        rest(book, ledger, slot, m, side, level, left, quantity, row, seq, flags,
             expires_tick if tif == _GTT else 0)  # fmt: skip
        ledger.open_orders[row] += 1
        detail = slot - book.counters[_AI_CAPACITY]
        book.details[detail]["filled"] = filled
        book.details[detail]["value"] = value
        book.details[detail]["fee"] = fee
    write_result(book, out, m, level, quantity, slot, left, filled, value, fee, stop)
    return 0


@inlined_inner
def write_result(book: BookColumns, out: np.ndarray, m: int, level: int, quantity: int, slot: int,
                 left: int, filled: int, value: int, fee: int, stop: int) -> None:  # fmt: skip
    """Write what became of an executed order to `out` (PlaceResult)."""
    reason = np.int64(stop)
    if slot >= 0:
        status = OrderStatus.PARTIALLY_FILLED if filled > 0 else OrderStatus.NEW
        out[PlaceResult.GENERATION] = book.orders[slot]["generation"]
    else:
        status = OrderStatus.FILLED if filled == quantity else OrderStatus.EXPIRED
        out[PlaceResult.GENERATION] = 0
        if filled < quantity and stop == 0:
            reason = np.int64(_NO_LIQUIDITY if left > 0 else _SELF)
    out[PlaceResult.SLOT] = slot
    out[PlaceResult.FILLED] = filled
    out[PlaceResult.VALUE] = value
    out[PlaceResult.FEE] = fee
    out[PlaceResult.LEFT] = left
    out[PlaceResult.STATUS] = status
    out[PlaceResult.REASON] = reason
    out[PlaceResult.PRICE] = level * book.market[m]["price_increment"]


@kernel
def reset_statistics(book: BookColumns, outbox: OutboxColumns) -> None:
    """Start a new tick: zero the markets' statistics (the tape with them) and the outbox.

    Called after the events of the tick, and of the commands before it, have been taken out.
    """
    for m in range(book.market.shape[0]):
        book.market[m]["trade_count"] = 0
        book.market[m]["open"] = 0
        book.market[m]["high"] = 0
        book.market[m]["low"] = 0
        book.market[m]["volume"] = 0
        book.market[m]["value"] = 0
        book.market[m]["buy_volume"] = 0
        book.market[m]["sell_volume"] = 0
    outbox.counts[:] = 0
