"""Matching in price-time priority, and the settlement of each match.

The taker trades at the maker's price. A bid's hold is released by exactly what it pays; a taker
pays out of free cash as it goes, so price improvement never leaves its account. The seller pays
the fee out of the proceeds; a protected newcomer pays none.
"""

from __future__ import annotations

import numpy as np

from economy_engine import limits
from economy_engine.book.columns import (
    BookColumns,
    BookCounter,
    ClosureReason,
    OrderFlag,
    OutboxColumns,
    OutboxCount,
    SelfTrade,
)
from economy_engine.book.ladder import level_above, level_below
from economy_engine.book.pool import (
    cancel_slot,
    closure_room,
    free_slot,
    reduce_slot,
    report_closure,
)
from economy_engine.errors import RejectReason
from economy_engine.jit import inlined_inner, inner
from economy_engine.ledger.columns import AccountFlag, LedgerColumns
from economy_engine.units import fee_minor_up

_FILLS = np.int64(OutboxCount.FILLS)
_AI_CAPACITY = np.int64(BookCounter.AI_CAPACITY)
_FIRST_SELLER = np.int64(BookCounter.FIRST_SELLER)
_TAPE = limits.TAPE_TRADES
_SELF_TRADE = np.int64(RejectReason.SELF_TRADE)
_BUDGET = np.int64(RejectReason.BUDGET_EXCEEDED)
_BUSY = np.int64(RejectReason.ENGINE_BUSY)
_EXPIRE_TAKER = np.int64(SelfTrade.EXPIRE_TAKER)
_EXPIRE_MAKER = np.int64(SelfTrade.EXPIRE_MAKER)
_EXPIRE_BOTH = np.int64(SelfTrade.EXPIRE_BOTH)
_DECREMENT = np.int64(SelfTrade.DECREMENT)
_CLOSED_SELF = np.int64(ClosureReason.SELF_TRADE)
_REDUCED_SELF = np.int64(ClosureReason.SELF_TRADE_REDUCED)
_TYPE_MASK = np.int64(OrderFlag.TYPE_MASK)
_TIF_SHIFT = np.int64(OrderFlag.TIF_SHIFT)
_PROTECTED = np.int64(AccountFlag.PROTECTED)


@inlined_inner
def same_hands(ledger: LedgerColumns, row: int, other: int) -> bool:
    """Return True when two rows have one beneficial owner or belong to one group."""
    if ledger.owner[row] == ledger.owner[other]:
        return True
    return ledger.group[row] >= 0 and ledger.group[row] == ledger.group[other]


@inlined_inner
def crosses(book: BookColumns, m: int, side: int, level: int) -> bool:
    """Return True when an order at `level` would meet the other side at once."""
    if side == 0:
        return level >= book.best[m, 1]
    return level <= book.best[m, 0]


@inlined_inner
def settle(ledger: LedgerColumns, m: int, side: int, value: int, fee: int, lots: int, maker: int,
           taker: int, fee_row: int) -> None:  # fmt: skip
    """Move money and goods of one match; `side` is the taker's."""
    if side == 0:
        ledger.cash[taker] -= value
        ledger.stock[taker, m] += lots
        ledger.stock_held[maker, m] -= lots
        ledger.cash[maker] += value - fee
    else:
        ledger.stock[taker, m] -= lots
        ledger.cash[taker] += value - fee
        ledger.cash_held[maker] -= value
        ledger.stock[maker, m] += lots
    ledger.cash[fee_row] += fee


@inlined_inner
def count_sale(book: BookColumns, seller: int, lots: int, value: int) -> None:
    """Add a match to the day's sales of its seller, if the seller is one of those counted."""
    place = seller - book.counters[_FIRST_SELLER]
    if 0 <= place < book.sales.shape[0]:
        book.sales[place, 0] += lots
        book.sales[place, 1] += value


@inlined_inner
def count_trade(book: BookColumns, outbox: OutboxColumns, m: int, side: int, price: int, lots: int,
                value: int, tick: int) -> int:  # fmt: skip
    """Number a trade, add it to the tick's statistics and the public tape; return its number.

    The signed flow is the caller's: in an auction nobody takes. `side` is the tape's.
    """
    market = book.market
    number = market[m]["trades"] + 1
    market[m]["trades"] = number
    market[m]["last_price"] = price
    count = market[m]["trade_count"]
    market[m]["trade_count"] = count + 1
    if count == 0:
        market[m]["open"] = price
        market[m]["high"] = price
        market[m]["low"] = price
    elif price > market[m]["high"]:
        market[m]["high"] = price
    elif price < market[m]["low"]:
        market[m]["low"] = price
    market[m]["volume"] += lots
    market[m]["value"] += value
    tape = outbox.tape
    place = count % _TAPE
    tape[m, place]["tick"] = tick
    tape[m, place]["trade"] = number
    tape[m, place]["price"] = price
    tape[m, place]["quantity"] = lots
    tape[m, place]["taker_side"] = side
    return number


@inlined_inner
def report_fill(book: BookColumns, outbox: OutboxColumns, slot: int, side: int, number: int,
                price: int, lots: int, fee: int, waived: bool, taker: int, taker_seq: int,
                left: int, filled: int, value: int, taker_fee: int, tick: int) -> None:  # fmt: skip
    """Write down a match that touches a participant; called before the maker's order shrinks."""
    orders = book.orders
    fills = outbox.fills
    at = outbox.counts[_FILLS]
    outbox.counts[_FILLS] = at + 1
    fills[at]["tick"] = tick
    fills[at]["trade"] = number
    fills[at]["price"] = price
    fills[at]["quantity"] = lots
    fills[at]["fee"] = fee
    fills[at]["fee_waived"] = waived
    fills[at]["taker_row"] = taker
    fills[at]["taker_seq"] = taker_seq
    fills[at]["taker_side"] = side
    fills[at]["taker_left"] = left
    fills[at]["taker_filled"] = filled
    fills[at]["taker_value"] = value
    fills[at]["taker_fee"] = taker_fee
    fills[at]["maker_row"] = orders[slot]["owner"]
    fills[at]["maker_seq"] = orders[slot]["seq"]
    fills[at]["maker_slot"] = slot
    fills[at]["maker_original"] = orders[slot]["original"]
    fills[at]["maker_left"] = orders[slot]["quantity"] - lots
    fills[at]["maker_expires"] = orders[slot]["expires"]
    fills[at]["maker_limit"] = price
    fills[at]["market"] = orders[slot]["market"]
    fills[at]["maker_type"] = orders[slot]["flags"] & _TYPE_MASK
    fills[at]["maker_tif"] = (orders[slot]["flags"] >> _TIF_SHIFT) & _TYPE_MASK
    fills[at]["maker_filled"] = 0
    fills[at]["maker_value"] = 0
    fills[at]["maker_fee"] = 0
    detail = slot - book.counters[_AI_CAPACITY]
    if detail >= 0:
        details = book.details
        details[detail]["filled"] += lots
        details[detail]["value"] += price * lots
        if side == 0:
            details[detail]["fee"] += fee
        fills[at]["maker_filled"] = details[detail]["filled"]
        fills[at]["maker_value"] = details[detail]["value"]
        fills[at]["maker_fee"] = details[detail]["fee"]


@inner
def prevent_self_trade(book: BookColumns, ledger: LedgerColumns, outbox: OutboxColumns, slot: int,
                       left: int, mode: int, tick: int) -> int:  # fmt: skip
    """Apply a self-trade mode to the maker in `slot`; return what is left of the taker.

    A negative result -1 - left says that the taker ends here.
    """
    if mode == _EXPIRE_TAKER:
        return -1 - left
    standing = np.int64(book.orders[slot]["quantity"])
    if mode == _DECREMENT:
        if standing > left:
            reduce_slot(book, ledger, slot, standing - left)
            report_closure(book, outbox, slot, standing - left, _REDUCED_SELF, tick)
            return 0
        report_closure(book, outbox, slot, standing, _CLOSED_SELF, tick)
        cancel_slot(book, ledger, slot)
        return left - standing
    report_closure(book, outbox, slot, standing, _CLOSED_SELF, tick)
    cancel_slot(book, ledger, slot)
    return left if mode == _EXPIRE_MAKER else -1 - left


@inlined_inner
def match(book: BookColumns, ledger: LedgerColumns, outbox: OutboxColumns, m: int, side: int,
          limit: int, quantity: int, row: int, seq: int, mode: int, matches_max: int, fee_row: int,
          first_participant: int, tick: int) -> tuple[int, int, int, int, int]:  # fmt: skip
    """Trade an order against the other side as far as its limit level.

    The caller has made sure that the taker has what the whole order needs. `mode` is SelfTrade;
    every match and every order ended by self-trade prevention counts against `matches_max`.

    Returns (left, filled, value, fee, stop): lots, lots, minor units, minor units paid by the
    taker, and 0 or the RejectReason that ended the matching while the order still crossed.
    """
    orders = book.orders
    best = book.best
    increment = book.market[m]["price_increment"]
    facing = 2 * m + 1 - side
    left = np.int64(quantity)
    filled = np.int64(0)
    value = np.int64(0)
    fees = np.int64(0)
    work = 0
    while left > 0 and crosses(book, m, side, limit):
        if work >= matches_max:
            return left, filled, value, fees, _BUDGET
        work += 1
        level = np.int64(best[m, 1 - side])
        slot = np.int64(book.head[facing, level])
        maker = orders[slot]["owner"]
        if same_hands(ledger, row, maker):
            if maker >= first_participant and closure_room(outbox) < 1:
                return left, filled, value, fees, _BUSY
            left = prevent_self_trade(book, ledger, outbox, slot, left, mode, tick)
            if left < 0:
                return -1 - left, filled, value, fees, _SELF_TRADE
            continue
        told = maker >= first_participant or row >= first_participant
        if told and outbox.counts[_FILLS] >= outbox.fills.shape[0]:
            return left, filled, value, fees, _BUSY
        standing = np.int64(orders[slot]["quantity"])
        lots = min(left, standing)
        price = level * increment
        worth = price * lots
        seller = row if side == 1 else maker
        waived = ledger.flags[seller] & _PROTECTED != 0
        fee = np.int64(0) if waived else fee_minor_up(worth)
        settle(ledger, m, side, worth, fee, lots, maker, row, fee_row)
        count_sale(book, maker if side == 0 else row, lots, worth)
        number = count_trade(book, outbox, m, side, price, lots, worth, tick)
        if side == 0:
            book.market[m]["buy_volume"] += lots
        else:
            book.market[m]["sell_volume"] += lots
        left -= lots
        filled += lots
        value += worth
        if side == 1:
            fees += fee
        if told:
            report_fill(book, outbox, slot, side, number, price, lots, fee, waived, row, seq, left,
                        filled, value, fees, tick)  # fmt: skip
        if lots == standing:
            free_slot(book, ledger, slot)
        else:
            orders[slot]["quantity"] -= lots
            book.level_quantity[facing, level] -= lots
    return left, filled, value, fees, 0


@inner
def probe(book: BookColumns, ledger: LedgerColumns, m: int, side: int, limit: int, quantity: int,
          row: int, mode: int, matches_max: int) -> tuple[int, int, int]:  # fmt: skip
    """Return what `match` would do, without doing it: (lots filled, value, stop as in `match`)."""
    orders = book.orders
    increment = book.market[m]["price_increment"]
    levels = book.head.shape[1]
    facing = 2 * m + 1 - side
    left = np.int64(quantity)
    filled = np.int64(0)
    value = np.int64(0)
    work = 0
    level = np.int64(book.best[m, 1 - side])
    while left > 0:
        if side == 0:
            if level >= levels or level > limit:
                break
        elif level <= 0 or level < limit:
            break
        slot = np.int64(book.head[facing, level])
        while slot >= 0 and left > 0:
            if work >= matches_max:
                return filled, value, _BUDGET
            work += 1
            standing = np.int64(orders[slot]["quantity"])
            if same_hands(ledger, row, orders[slot]["owner"]):
                if mode in (_EXPIRE_TAKER, _EXPIRE_BOTH):
                    return filled, value, _SELF_TRADE
                if mode == _DECREMENT:
                    left -= min(left, standing)
            else:
                lots = min(left, standing)
                left -= lots
                filled += lots
                value += lots * level * increment
            slot = np.int64(orders[slot]["next"])
        if side == 0:
            level = np.int64(level_above(book.bitmap, book.summary, facing, level))
        else:
            level = np.int64(level_below(book.bitmap, book.summary, facing, level))
    return filled, value, 0
