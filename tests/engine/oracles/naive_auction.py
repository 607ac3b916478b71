"""The uncross of a call auction said slowly: try every price, sort every queue, pair lot by lot.

Works on a `NaiveOrderBook`; shares no rule with the kernels.
"""

from __future__ import annotations

from dataclasses import dataclass

from economy_engine.order_terms import SelfTrade, Side
from tests.engine.oracles.naive_ledger import CASH
from tests.engine.oracles.naive_order_book import NaiveOrderBook, Resting


def willing(book: NaiveOrderBook, market: int, side: int, price: int) -> list[Resting]:
    """Orders of a side that take this price, in priority."""
    sign = 1 if side == Side.BID else -1
    return [each for each in book.queue(market, side) if sign * each.price >= sign * price]


def find_price(book: NaiveOrderBook, market: int, reference: int) -> tuple[int, int, int]:
    """Price, lots and imbalance; zeros when nothing would trade."""
    grid = book.market[market].increment
    bids_asks = [each.price for each in book.book if each.market == market]
    prices = range(min(bids_asks, default=grid), max(bids_asks, default=0) + 1, grid)
    best: tuple[tuple[int, int, int, int], int, int, int] | None = None
    for price in prices:
        bids = sum(each.lots for each in willing(book, market, Side.BID, price))
        asks = sum(each.lots for each in willing(book, market, Side.ASK, price))
        lots = min(bids, asks)
        rank = (-lots, abs(bids - asks), abs(price - reference), -price)
        if lots and (best is None or rank < best[0]):
            best = (rank, price, lots, bids - asks)
    return (0, 0, 0) if best is None else best[1:]


@dataclass
class Lot:
    """One lot of an order, on its way to a partner."""

    order: Resting


def pair_up(book: NaiveOrderBook, market: int, price: int) -> tuple[Resting, Resting, int] | None:
    """The first two orders of the same hands that would meet, and the lots of each other before.

    None when the uncross has no such pair. The number is the lots that were paired before them.
    """
    bids = [Lot(o) for o in willing(book, market, Side.BID, price) for _ in range(o.lots)]
    asks = [Lot(o) for o in willing(book, market, Side.ASK, price) for _ in range(o.lots)]
    for place, (bid, ask) in enumerate(zip(bids, asks, strict=False)):
        if book.same_hands(bid.order.row, ask.order.row):
            return bid.order, ask.order, place
    return None


def lots_before(book: NaiveOrderBook, each: Resting, price: int) -> int:
    """Lots of the same side with priority over an order."""
    own = willing(book, each.market, each.side, price)
    return sum(other.lots for other in own[: own.index(each)])


def give_up(book: NaiveOrderBook, each: Resting, lots: int) -> None:
    """An order loses lots to self-trade prevention."""
    rest = each.lots - lots
    book.close(each, rest or lots, "self_trade_reduced" if rest else "self_trade")
    book.shrink(each, lots)


def prevent(book: NaiveOrderBook, market: int, price: int) -> int:
    """Take out own pairs at this price, first met first; return how many there were."""
    pairs = 0
    while (met := pair_up(book, market, price)) is not None:
        bid, ask, place = met
        pairs += 1
        bid_left = bid.lots - (place - lots_before(book, bid, price))
        ask_left = ask.lots - (place - lots_before(book, ask, price))
        later_bid = bid.arrival > ask.arrival
        later, earlier = (bid, ask) if later_bid else (ask, bid)
        later_left, earlier_left = (bid_left, ask_left) if later_bid else (ask_left, bid_left)
        if later.mode == SelfTrade.DECREMENT:
            later_left = earlier_left = min(bid_left, ask_left)
        losses = {later.id: 0, earlier.id: 0}
        if later.mode != SelfTrade.EXPIRE_MAKER:
            losses[later.id] = later_left
        if later.mode != SelfTrade.EXPIRE_TAKER:
            losses[earlier.id] = earlier_left
        for each in (bid, ask):
            if losses[each.id]:
                give_up(book, each, losses[each.id])
    return pairs


def trade(book: NaiveOrderBook, market: int, price: int) -> int:
    """Pair all willing orders in priority at one price; return the lots."""
    record, total = book.market[market], 0
    shares: dict[int, list[int]] = {}
    parties: list[Resting] = []
    while True:
        bids = willing(book, market, Side.BID, price)
        asks = willing(book, market, Side.ASK, price)
        if not bids or not asks:
            break
        bid, ask = bids[0], asks[0]
        lots = min(bid.lots, ask.lots)
        value = price * lots
        fee = -(-value * 5 // 10_000)
        book.ledger.hold(bid.row, CASH, -bid.price * lots)
        book.ledger.hold(ask.row, market, -lots)
        legs = [(bid.row, CASH, -value), (ask.row, CASH, value - fee), (book.fee_row, CASH, fee),
                (ask.row, market, -lots), (bid.row, market, lots)]  # fmt: skip
        assert book.ledger.post(legs) == "ok"
        record.trades += 1
        record.last = price
        record.volume += lots
        total += lots
        for each, cost in ((bid, 0), (ask, fee)):
            each.lots -= lots
            each.filled += lots
            each.value += value
            each.fee += cost
            share = shares.setdefault(each.id, [0, 0, 0])
            share[0] += lots
            share[1] += cost
            share[2] = record.trades
            if each not in parties:
                parties.append(each)
            if each.lots == 0:
                book.book.remove(each)
    for each in sorted(parties, key=lambda o: (shares[o.id][2], o.lots > 0, o.side)):
        if each.seq:
            lots, fee, number = shares[each.id]
            book.fills.append((market, number, price, lots, fee, each.row, -1, each.lots, 0,
                               each.seq, 0))  # fmt: skip
    return total


def uncross(book: NaiveOrderBook, market: int, reference: int) -> tuple[int, int]:
    """Find the price, without own pairs, and trade at it."""
    while True:
        price, lots, _ = find_price(book, market, reference)
        if not lots:
            return 0, 0
        if not prevent(book, market, price):
            return price, trade(book, market, price)
