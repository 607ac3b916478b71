"""Call auctions: orders collect, then one uncross at one price for everybody.

The price is the one, of all levels from the lowest ask to the highest bid,

1. at which most lots trade: max over p of min(bids at p or above, asks at p or below);
2. of these, the one with the smallest imbalance |bids - asks|;
3. of these, the one closest to the reference, the last price before the auction.

Maximal prices form one run of levels (bids fall with p, asks rise), and so do those of the smallest
imbalance among them, so rule 3 always leaves one. Orders trade at it in price-time priority; a
buyer gets back what its hold was above the price, the seller pays the fee. Where two orders of the
same hands would meet, the later acts as the taker and its self-trade mode decides; that happens
before the price is final, so that the uncross itself has no such pair.

Source: the usual rules of exchanges' opening and volatility auctions (maximal volume, minimal
surplus, reference price); D. Easley, M. O'Hara, "Market microstructure", 1995, on call markets.
"""

from __future__ import annotations

import numpy as np

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
from economy_engine.book.matching import count_sale, count_trade, same_hands
from economy_engine.book.pool import (
    cancel_slot,
    closure_room,
    free_slot,
    reduce_slot,
    report_closure,
)
from economy_engine.jit import inlined_inner, inner, kernel
from economy_engine.ledger.columns import AccountFlag, LedgerColumns
from economy_engine.units import fee_minor_up

ROUNDS_MAX = 16  # searches for a price in one tick; what is left then waits for the next

_PROTECTED = np.int64(AccountFlag.PROTECTED)
_FILLS = np.int64(OutboxCount.FILLS)
_OBSERVED = np.int64(OutboxCount.OBSERVED)
_AI_CAPACITY = np.int64(BookCounter.AI_CAPACITY)
_PARTICIPANT_OPEN = np.int64(BookCounter.PARTICIPANT_OPEN)
_EXPIRE_TAKER = np.int64(SelfTrade.EXPIRE_TAKER)
_EXPIRE_MAKER = np.int64(SelfTrade.EXPIRE_MAKER)
_DECREMENT = np.int64(SelfTrade.DECREMENT)
_CLOSED_SELF = np.int64(ClosureReason.SELF_TRADE)
_REDUCED_SELF = np.int64(ClosureReason.SELF_TRADE_REDUCED)
_TWO_BITS = np.int64(OrderFlag.TYPE_MASK)
_TIF_SHIFT = np.int64(OrderFlag.TIF_SHIFT)
_MODE_SHIFT = np.int64(OrderFlag.MODE_SHIFT)


@inner
def lots_beyond(book: BookColumns, m: int, side: int, level: int) -> int:
    """Return the lots of a side that would trade at `level`: bids at or above, asks at or below."""
    ladder = 2 * m + side
    end = book.head.shape[1]
    at = np.int64(book.best[m, side])
    lots = np.int64(0)
    while 0 < at < end and (at >= level if side == 0 else at <= level):
        lots += book.level_quantity[ladder, at]
        if side == 0:
            at = np.int64(level_below(book.bitmap, book.summary, ladder, at))
        else:
            at = np.int64(level_above(book.bitmap, book.summary, ladder, at))
    return lots


@inner
def best_run(book: BookColumns, m: int) -> tuple[int, int]:
    """Return the first and the last level of the run that rules 1 and 2 leave; (0, 0) for none.

    Walks the levels in use between lowest ask and highest bid once, upward; between two of them
    neither bids nor asks change.
    """
    bids, asks = 2 * m, 2 * m + 1
    level = np.int64(book.best[m, 1])
    high = np.int64(book.best[m, 0])
    first, last = np.int64(0), np.int64(0)
    most, least = np.int64(0), np.int64(0)
    wanted = lots_beyond(book, m, 0, level)
    offered = np.int64(0)
    next_ask = level
    next_bid = np.int64(level_above(book.bitmap, book.summary, bids, level - 1))
    while level <= high:
        if next_ask == level:
            offered += book.level_quantity[asks, level]
            next_ask = np.int64(level_above(book.bitmap, book.summary, asks, level))
        until = min(next_ask - 1, next_bid)
        lots = min(wanted, offered)
        gap = abs(wanted - offered)
        if lots > most or (lots == most and gap < least):
            first, last, most, least = level, until, lots, gap
        elif lots == most and gap == least:
            last = until
        if until == next_bid:
            wanted -= book.level_quantity[bids, next_bid]
            next_bid = np.int64(level_above(book.bitmap, book.summary, bids, next_bid))
        level = until + 1
    return first, last


@kernel
def find_price(book: BookColumns, m: int, reference: int) -> tuple[int, int, int]:
    """Return the level of a call auction, the lots that trade there, and the imbalance.

    reference: int64, minor units; imbalance: bids less asks at the level, in lots. All are 0 when
    nothing would trade. Linear in the levels in use between lowest ask and highest bid.
    """
    first, last = best_run(book, m)
    if first == 0:
        return np.int64(0), np.int64(0), np.int64(0)
    increment = book.market[m]["price_increment"]
    near = (2 * reference + increment) // (2 * increment)
    level = min(max(near, first), last)
    wanted = lots_beyond(book, m, 0, level)
    offered = lots_beyond(book, m, 1, level)
    return level, min(wanted, offered), wanted - offered


@inlined_inner
def order_behind(book: BookColumns, m: int, side: int, slot: int) -> int:
    """Return the order next in priority on its side, or -1."""
    behind = np.int64(book.orders[slot]["next"])
    if behind >= 0:
        return behind
    ladder = 2 * m + side
    level = np.int64(book.orders[slot]["price"])
    if side == 0:
        level = np.int64(level_below(book.bitmap, book.summary, ladder, level))
        return np.int64(book.head[ladder, level]) if level > 0 else np.int64(-1)
    level = np.int64(level_above(book.bitmap, book.summary, ladder, level))
    return np.int64(book.head[ladder, level]) if level < book.head.shape[1] else np.int64(-1)


@inner
def cut_order(book: BookColumns, ledger: LedgerColumns, outbox: OutboxColumns, slot: int,
              lots: int, tick: int) -> None:  # fmt: skip
    """Take `lots` off an order for self-trade prevention; the whole order ends with its last."""
    rest = np.int64(book.orders[slot]["quantity"]) - lots
    if rest > 0:
        reduce_slot(book, ledger, slot, rest)
        report_closure(book, outbox, slot, rest, _REDUCED_SELF, tick)
        return
    report_closure(book, outbox, slot, lots, _CLOSED_SELF, tick)
    cancel_slot(book, ledger, slot)


@kernel
def prevent_own_trades(book: BookColumns, ledger: LedgerColumns, outbox: OutboxColumns, m: int,
                       level: int, tick: int) -> int:  # fmt: skip
    """Rehearse the uncross at `level` and take out what would meet its own hands.

    The later order of such a pair is the taker; its mode decides which of the two gives up what it
    has left (expire_taker, expire_maker, expire_both) or whether both shrink by the smaller
    (decrement). What an order would have traded before stays. Returns the number of such pairs, or
    -1 when the outbox has no room for more.
    """
    orders = book.orders
    bid = np.int64(book.head[2 * m, book.best[m, 0]])
    ask = np.int64(book.head[2 * m + 1, book.best[m, 1]])
    bid_left = np.int64(orders[bid]["quantity"])
    ask_left = np.int64(orders[ask]["quantity"])
    pairs = np.int64(0)
    while bid >= 0 and ask >= 0 and orders[bid]["price"] >= level >= orders[ask]["price"]:
        lots = min(bid_left, ask_left)
        bid_cut, ask_cut = np.int64(0), np.int64(0)
        if same_hands(ledger, orders[bid]["owner"], orders[ask]["owner"]):
            if closure_room(outbox) < 2:
                return -1
            pairs += 1
            later_bid = orders[bid]["arrival"] > orders[ask]["arrival"]
            later = bid if later_bid else ask
            mode = (orders[later]["flags"] >> _MODE_SHIFT) & _TWO_BITS
            if mode == _DECREMENT:
                bid_cut, ask_cut = lots, lots
            else:
                if mode != _EXPIRE_MAKER:
                    bid_cut, ask_cut = (bid_left, ask_cut) if later_bid else (bid_cut, ask_left)
                if mode != _EXPIRE_TAKER:
                    bid_cut, ask_cut = (bid_cut, ask_left) if later_bid else (bid_left, ask_cut)
            bid_left -= bid_cut
            ask_left -= ask_cut
        else:
            bid_left -= lots
            ask_left -= lots
        bid_now, ask_now = bid, ask
        if bid_left == 0:
            bid = order_behind(book, m, 0, bid)
            if bid >= 0:
                bid_left = np.int64(orders[bid]["quantity"])
        if ask_left == 0:
            ask = order_behind(book, m, 1, ask)
            if ask >= 0:
                ask_left = np.int64(orders[ask]["quantity"])
        if bid_cut > 0:
            cut_order(book, ledger, outbox, bid_now, bid_cut, tick)
        if ask_cut > 0:
            cut_order(book, ledger, outbox, ask_now, ask_cut, tick)
    return pairs


@inner
def report_share(book: BookColumns, outbox: OutboxColumns, slot: int, number: int, price: int,
                 lots: int, fee: int, waived: bool, tick: int) -> None:  # fmt: skip
    """Write down what one order traded in an uncross: one record, one price.

    Called when the order's lots and details are those after the uncross.
    """
    orders = book.orders
    fills = outbox.fills
    details = book.details
    detail = slot - book.counters[_AI_CAPACITY]
    at = outbox.counts[_FILLS]
    outbox.counts[_FILLS] = at + 1
    fills[at]["tick"] = tick
    fills[at]["trade"] = number
    fills[at]["price"] = price
    fills[at]["quantity"] = lots
    fills[at]["fee"] = fee
    fills[at]["fee_waived"] = waived
    fills[at]["taker_row"] = -1
    fills[at]["taker_seq"] = 0
    fills[at]["taker_side"] = 1 - orders[slot]["side"]
    fills[at]["taker_left"] = 0
    fills[at]["taker_filled"] = 0
    fills[at]["taker_value"] = 0
    fills[at]["taker_fee"] = 0
    fills[at]["maker_row"] = orders[slot]["owner"]
    fills[at]["maker_seq"] = orders[slot]["seq"]
    fills[at]["maker_slot"] = slot
    fills[at]["maker_original"] = orders[slot]["original"]
    fills[at]["maker_left"] = orders[slot]["quantity"]
    fills[at]["maker_expires"] = orders[slot]["expires"]
    m = orders[slot]["market"]
    fills[at]["maker_limit"] = orders[slot]["price"] * book.market[m]["price_increment"]
    fills[at]["market"] = m
    fills[at]["maker_type"] = orders[slot]["flags"] & _TWO_BITS
    fills[at]["maker_tif"] = (orders[slot]["flags"] >> _TIF_SHIFT) & _TWO_BITS
    fills[at]["maker_filled"] = details[detail]["filled"] if detail >= 0 else lots
    fills[at]["maker_value"] = details[detail]["value"] if detail >= 0 else price * lots
    fills[at]["maker_fee"] = details[detail]["fee"] if detail >= 0 else fee


@inner
def close_share(book: BookColumns, ledger: LedgerColumns, outbox: OutboxColumns, slot: int,
                number: int, price: int, lots: int, fee: int, tick: int) -> None:  # fmt: skip
    """Take what an order traded off its rest, report it, and free its slot with the last lot."""
    orders = book.orders
    left = orders[slot]["quantity"] - lots
    ladder = 2 * orders[slot]["market"] + orders[slot]["side"]
    orders[slot]["quantity"] = left
    book.level_quantity[ladder, orders[slot]["price"]] -= lots
    detail = slot - book.counters[_AI_CAPACITY]
    if detail >= 0:
        details = book.details
        details[detail]["filled"] += lots
        details[detail]["value"] += price * lots
        details[detail]["fee"] += fee
    if detail >= 0 or outbox.counts[_OBSERVED] != 0:
        waived = orders[slot]["side"] == 1 and ledger.flags[orders[slot]["owner"]] & _PROTECTED != 0
        report_share(book, outbox, slot, number, price, lots, fee, waived, tick)
    if left == 0:
        free_slot(book, ledger, slot)


@kernel
def trade_at(book: BookColumns, ledger: LedgerColumns, outbox: OutboxColumns, m: int, level: int,
             fee_row: int, tick: int) -> int:  # fmt: skip
    """Trade all bids at or above `level` with all asks at or below it, in priority, at `level`.

    The caller has made sure that no pair is of the same hands and that the outbox has room for one
    fill per participant's order. Each match is a trade with a number; an order's fill carries the
    number of its last one. Nobody takes, so the signed flow does not move. Returns the lots.
    """
    orders = book.orders
    price = level * book.market[m]["price_increment"]
    total = np.int64(0)
    bid_lots, ask_lots, ask_fee = np.int64(0), np.int64(0), np.int64(0)
    number = np.int64(0)
    bid = np.int64(book.head[2 * m, book.best[m, 0]])
    ask = np.int64(book.head[2 * m + 1, book.best[m, 1]])
    while bid >= 0 and ask >= 0 and orders[bid]["price"] >= level >= orders[ask]["price"]:
        bid_left = np.int64(orders[bid]["quantity"]) - bid_lots
        ask_left = np.int64(orders[ask]["quantity"]) - ask_lots
        lots = min(bid_left, ask_left)
        worth = price * lots
        buyer, seller = orders[bid]["owner"], orders[ask]["owner"]
        fee = np.int64(0) if ledger.flags[seller] & _PROTECTED else fee_minor_up(worth)
        held = orders[bid]["price"] * book.market[m]["price_increment"] * lots
        ledger.cash_held[buyer] -= held
        ledger.cash[buyer] += held - worth
        ledger.stock[buyer, m] += lots
        ledger.stock_held[seller, m] -= lots
        ledger.cash[seller] += worth - fee
        ledger.cash[fee_row] += fee
        later_bid = orders[bid]["arrival"] > orders[ask]["arrival"]
        number = count_trade(book, outbox, m, 0 if later_bid else 1, price, lots, worth, tick)
        count_sale(book, np.int64(seller), lots, worth)
        total += lots
        bid_lots += lots
        ask_lots += lots
        ask_fee += fee
        bid_now, ask_now = bid, ask
        if lots == bid_left:
            bid = order_behind(book, m, 0, bid)
            close_share(book, ledger, outbox, bid_now, number, price, bid_lots, 0, tick)
            bid_lots = np.int64(0)
        if lots == ask_left:
            ask = order_behind(book, m, 1, ask)
            close_share(book, ledger, outbox, ask_now, number, price, ask_lots, ask_fee, tick)
            ask_lots, ask_fee = np.int64(0), np.int64(0)
    if bid_lots > 0:
        close_share(book, ledger, outbox, bid, number, price, bid_lots, 0, tick)
    if ask_lots > 0:
        close_share(book, ledger, outbox, ask, number, price, ask_lots, ask_fee, tick)
    return total


@kernel
def uncross(book: BookColumns, ledger: LedgerColumns, outbox: OutboxColumns, m: int,
            reference: int, fee_row: int, tick: int) -> tuple[int, int]:  # fmt: skip
    """End the collecting of orders: find the price, and trade at it.

    Returns the price in minor units and the lots, both 0 when nothing meets; (-1, 0) when outbox or
    rounds ran out, in which case the book may still be crossed and the caller tries again later.
    """
    for _ in range(ROUNDS_MAX):
        level, lots, _ = find_price(book, m, reference)
        if lots == 0:
            return np.int64(0), np.int64(0)
        room = outbox.fills.shape[0] - outbox.counts[_FILLS]
        if room < book.counters[_PARTICIPANT_OPEN]:
            break
        pairs = prevent_own_trades(book, ledger, outbox, m, level, tick)
        if pairs < 0:
            break
        if pairs == 0:
            traded = trade_at(book, ledger, outbox, m, level, fee_row, tick)
            return level * book.market[m]["price_increment"], traded
    return np.int64(-1), np.int64(0)
