"""The order book said slowly: one list of resting orders, sorted whenever somebody looks.

No ladders, no slots, no levels: prices in minor units, every rule of the market in its own line.
It shares no rule with the kernels, only the words and the terms of an order.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from economy_engine.book.columns import MarketState
from economy_engine.book.order_book import Order
from economy_engine.order_terms import OrderType, SelfTrade, Side, TimeInForce
from tests.engine.oracles.naive_ledger import CASH, NaiveLedger


@dataclass
class Resting:
    """One order in the book; of a participant when `seq` is not 0."""

    id: int
    row: int
    market: int
    side: int
    price: int
    lots: int
    arrival: int
    original: int
    seq: int = 0
    expires: int | None = None
    filled: int = 0
    value: int = 0
    fee: int = 0
    mode: int = SelfTrade.EXPIRE_MAKER


@dataclass
class Result:
    """What became of a participant's order."""

    reason: str
    status: str = "rejected"
    filled: int = 0
    value: int = 0
    fee: int = 0
    left: int = 0
    closed_for: str = "ok"
    price: int = 0


@dataclass
class Market:
    """Grid, band and last trade of one market."""

    increment: int = 1
    low: int = 1
    high: int = 10**9
    last: int = 0
    trades: int = 0
    volume: int = 0
    state: int = 0


@dataclass
class NaiveOrderBook:
    """All markets, over a naive ledger."""

    ledger: NaiveLedger
    markets: int
    levels: int
    first_participant: int
    fee_row: int
    owner: dict[int, int]
    group: dict[int, int]
    participant_room: int
    fills_max: int = 500
    open_max: int = 300
    book: list[Resting] = field(default_factory=list)
    fills: list[tuple[int, ...]] = field(default_factory=list)
    closures: list[tuple[int, ...]] = field(default_factory=list)
    time: int = 0
    arrivals: int = 0

    def __post_init__(self) -> None:
        self.market = [Market(high=self.levels - 1) for _ in range(self.markets)]

    # Looking.

    def queue(self, market: int, side: int) -> list[Resting]:
        """Resting orders of a side, best price first, then first come."""
        sign = -1 if side == Side.BID else 1
        own = [each for each in self.book if (each.market, each.side) == (market, side)]
        return sorted(own, key=lambda each: (sign * each.price, each.arrival))

    def would_meet(self, market: int, side: int, limit: int) -> list[Resting]:
        """Resting orders on the other side that an order at `limit` could trade with, in turn.

        In a call auction there are none: orders only collect.
        """
        if self.market[market].state == MarketState.AUCTION:
            return []
        sign = 1 if side == Side.BID else -1
        return [each for each in self.queue(market, 1 - side) if sign * each.price <= sign * limit]

    def in_band(self, market: int, side: int, price: int) -> int | None:
        """The price after the band rule; None = refused."""
        low, high = self.market[market].low, self.market[market].high
        if side == Side.BID:
            return None if price < low else min(price, high)
        return None if price > high else max(price, low)

    def same_hands(self, row: int, other: int) -> bool:
        group = self.group.get(row)
        return self.owner[row] == self.owner[other] or (
            group is not None and group == self.group.get(other)
        )

    # Resting and leaving.

    def need(self, each: Resting, lots: int) -> tuple[int, int]:
        """Asset and amount that `lots` of an order hold."""
        if each.side == Side.BID:
            return CASH, each.price * lots
        return each.market, lots

    def rest(self, each: Resting) -> None:
        self.ledger.hold(each.row, *self.need(each, each.lots))
        self.book.append(each)

    def shrink(self, each: Resting, lots: int) -> None:
        """Take lots off a resting order and release their hold; at 0 it is gone."""
        asset, amount = self.need(each, lots)
        self.ledger.hold(each.row, asset, -amount)
        each.lots -= lots
        if each.lots == 0:
            self.book.remove(each)

    def close(self, each: Resting, lots: int, why: str) -> None:
        if each.seq:
            self.closures.append((each.seq, lots, why))

    # Matching.

    def trade(self, taker: dict, maker: Resting, lots: int) -> None:
        """One match at the maker's price; the seller pays 5 basis points, rounded up."""
        market, price = self.market[maker.market], maker.price
        value = price * lots
        fee = -(-value * 5 // 10_000)
        asset, amount = self.need(maker, lots)
        self.ledger.hold(maker.row, asset, -amount)
        buyer, seller = (maker.row, taker["row"]) if taker["side"] else (taker["row"], maker.row)
        legs = [(buyer, CASH, -value), (seller, CASH, value - fee), (self.fee_row, CASH, fee),
                (seller, maker.market, -lots), (buyer, maker.market, lots)]  # fmt: skip
        assert self.ledger.post(legs) == "ok"
        maker.lots -= lots
        maker.filled += lots
        maker.value += value
        taker["left"] -= lots
        taker["filled"] += lots
        taker["value"] += value
        if taker["side"] == Side.ASK:
            taker["fee"] += fee
        else:
            maker.fee += fee
        if maker.lots == 0:
            self.book.remove(maker)
        market.trades += 1
        market.last = price
        market.volume += lots
        if max(maker.row, taker["row"]) >= self.first_participant:
            self.fills.append((maker.market, market.trades, price, lots, fee, maker.row,
                               taker["row"], maker.lots, taker["left"], maker.seq,
                               taker["seq"]))  # fmt: skip

    def match(self, taker: dict, market: int, limit: int, mode: int, most: int) -> str:
        """Trade until done; return 'ok' or why it stopped while it still could have met orders."""
        for _ in range(most):
            meets = self.would_meet(market, taker["side"], limit)
            if not meets or taker["left"] == 0:
                return "ok"
            maker = meets[0]
            if not self.same_hands(taker["row"], maker.row):
                self.trade(taker, maker, min(taker["left"], maker.lots))
                continue
            if mode == SelfTrade.DECREMENT:
                lots = min(taker["left"], maker.lots)
                taker["left"] -= lots
                rest = maker.lots - lots
                self.close(maker, rest or lots, "self_trade_reduced" if rest else "self_trade")
                self.shrink(maker, lots)
                continue
            if mode != SelfTrade.EXPIRE_TAKER:
                self.close(maker, maker.lots, "self_trade")
                self.shrink(maker, maker.lots)
            if mode != SelfTrade.EXPIRE_MAKER:
                return "self_trade"
        meets = self.would_meet(market, taker["side"], limit)
        return "budget_exceeded" if meets and taker["left"] else "ok"

    def rehearse(self, row: int, market: int, side: int, limit: int, lots: int, mode: int,
                 most: int) -> tuple[int, int, str]:  # fmt: skip
        """What matching would fill and cost, and why it would stop."""
        left, filled, value = lots, 0, 0
        for number, maker in enumerate(self.would_meet(market, side, limit)):
            if left == 0:
                break
            if number == most:
                return filled, value, "budget_exceeded"
            take = min(left, maker.lots)
            if not self.same_hands(row, maker.row):
                left, filled, value = left - take, filled + take, value + take * maker.price
            elif mode in (SelfTrade.EXPIRE_TAKER, SelfTrade.EXPIRE_BOTH):
                return filled, value, "self_trade"
            elif mode == SelfTrade.DECREMENT:
                left -= take
        return filled, value, "ok"

    # Orders of participants.

    def refusal(self, row: int, order: Order, price: int, tif: int) -> str:
        """The first rule that a well-formed order breaks, in the order in which they are told."""
        market, side, lots, mode = order.market, order.side, order.quantity, order.self_trade
        meets = self.would_meet(market, side, price)
        if order.type == OrderType.POST_ONLY and meets:
            return "would_cross"
        rests = tif in (TimeInForce.GTC, TimeInForce.GTT)
        if rests:
            if sum(1 for each in self.book if each.row == row) >= self.open_max:
                return "max_open_orders"
            if sum(1 for each in self.book if each.seq) >= self.participant_room:
                return "engine_busy"
        if mode == SelfTrade.EXPIRE_TAKER and meets and self.same_hands(row, meets[0].row):
            return "self_trade"
        if side == Side.ASK and lots > self.ledger.free[row, market]:
            return "insufficient_inventory"
        cash = self.ledger.free[row, CASH]
        if rests:
            return "insufficient_funds" if side == Side.BID and price * lots > cash else "ok"
        filled, value, stop = self.rehearse(row, market, side, price, lots, mode, self.fills_max)
        if side == Side.BID and value > cash:
            return "insufficient_funds"
        if tif == TimeInForce.FOK and filled < lots:
            return stop if stop != "ok" else "unfillable"
        return "ok"

    def limit_of(self, order: Order) -> tuple[str, int]:
        """The limit price that an order acts with, or the reason for which it has none."""
        market, price = self.market[order.market], order.price
        if order.type == OrderType.MARKET:
            other = self.queue(order.market, 1 - order.side)
            if not other:
                return "no_liquidity", 0
            if price == 0:
                best = other[0].price // market.increment
                room = -(-best * 5 // 100)
                level = best + room if order.side == Side.BID else best - room
                price = max(1, min(level, self.levels - 1)) * market.increment
        if price < market.increment or price % market.increment:
            return "price_filter", 0
        cut = self.in_band(order.market, order.side, price)
        return ("percent_price", 0) if cut is None else ("ok", cut)

    def place(self, row: int, seq: int, order: Order) -> Result:
        """Place a participant's order."""
        if not 0 <= order.market < self.markets:
            return Result("unknown_symbol")
        if order.quantity < 1:
            return Result("lot_size")
        if order.tif == TimeInForce.GTT and order.expires_tick <= self.time:
            return Result("expired_command")
        state = self.market[order.market].state
        if state == MarketState.AUCTION and (
            order.type != OrderType.LIMIT or order.tif in (TimeInForce.IOC, TimeInForce.FOK)
        ):
            return Result("market_in_auction")
        if state == MarketState.HALTED:
            return Result("market_closed")
        tif = order.tif
        if order.type == OrderType.MARKET and tif != TimeInForce.FOK:
            tif = TimeInForce.IOC
        reason, price = self.limit_of(order)
        if reason == "ok":
            reason = self.refusal(row, order, price, tif)
        if reason != "ok":
            return Result(reason)
        taker = {"row": row, "side": order.side, "left": order.quantity, "filled": 0, "value": 0,
                 "fee": 0, "seq": seq}  # fmt: skip
        stop = self.match(taker, order.market, price, order.self_trade, self.fills_max)
        left = taker["left"]
        status, closed_for = "expired", stop
        if left and stop == "ok" and tif in (TimeInForce.GTC, TimeInForce.GTT):
            self.arrivals += 1
            self.rest(Resting(seq, row, order.market, order.side, price, left, self.arrivals,
                              order.quantity, seq,
                              order.expires_tick if tif == TimeInForce.GTT else None,
                              taker["filled"], taker["value"], taker["fee"],
                              order.self_trade))  # fmt: skip
            status = "partially_filled" if taker["filled"] else "new"
        elif taker["filled"] == order.quantity:
            status = "filled"
        elif stop == "ok":
            closed_for = "no_liquidity" if left else "self_trade"
        return Result("ok", status, taker["filled"], taker["value"], taker["fee"], left,
                      closed_for, price)  # fmt: skip

    # Orders of agents.

    def place_agent(self, row: int, number: int, market: int, side: int, price: int, lots: int,
                    lifetime: int, post_only: bool) -> int | None:  # fmt: skip
        """Place an agent's order, cut to what the row has; return its number if it rests."""
        grid = self.market[market].increment
        if self.market[market].state == MarketState.HALTED or lots <= 0:
            return None
        post_only = post_only and self.market[market].state == MarketState.OPEN
        other = self.queue(market, 1 - side)
        if post_only and other:
            price = (
                min(price, other[0].price - grid)
                if side == Side.BID
                else max(price, other[0].price + grid)
            )
        if post_only and not other and side == Side.BID:
            price = min(price, (self.levels - 1) * grid)
        cut = self.in_band(market, side, price)
        if cut is None:
            return None
        if side == Side.BID:
            lots = min(lots, self.ledger.free[row, CASH] // cut)
        else:
            lots = min(lots, self.ledger.free[row, market])
        if lots <= 0:
            return None
        taker = {"row": row, "side": side, "left": lots, "filled": 0, "value": 0, "fee": 0,
                 "seq": 0}  # fmt: skip
        self.match(taker, market, cut, SelfTrade.EXPIRE_MAKER, 4_096)
        if taker["left"] == 0 or lifetime <= 0:
            return None
        self.arrivals += 1
        self.rest(Resting(number, row, market, side, cut, taker["left"], self.arrivals, lots,
                          expires=self.time + min(lifetime, 511)))  # fmt: skip
        return number

    # Ends.

    def find(self, number: int) -> Resting | None:
        return next((each for each in self.book if each.id == number), None)

    def cancel(self, number: int) -> int:
        each = self.find(number)
        if each is None:
            return 0
        lots = each.lots
        self.shrink(each, lots)
        return lots

    def reduce(self, number: int, lots: int) -> int:
        each = self.find(number)
        if each is None or not 1 <= lots < each.lots:
            return 0
        released = each.lots - lots
        self.shrink(each, released)
        return released

    def advance(self) -> None:
        """One step and one tick later: clear reports, expire what is due."""
        self.time += 1
        self.fills.clear()
        self.closures.clear()
        for market in self.market:
            market.volume = 0
        for each in [e for e in self.book if e.expires is not None and e.expires <= self.time]:
            self.close(each, each.lots, "expired")
            self.shrink(each, each.lots)

    def set_price_increment(self, market: int, new: int) -> None:
        """Bids round down, asks up; whoever falls off the ladder is canceled."""
        last = (self.levels - 1) * new
        self.market[market].low = max(new, min(self.market[market].low // new * new, last))
        self.market[market].high = min(-(-self.market[market].high // new) * new, last)
        self.market[market].increment = new
        for each in [e for e in self.book if e.market == market]:
            bid = each.side == Side.BID
            price = min(each.price // new * new, last) if bid else -(-each.price // new) * new
            if not new <= price <= last:
                self.close(each, each.lots, "canceled")
                self.shrink(each, each.lots)
                continue
            moved = price != each.price
            self.ledger.hold(each.row, *self.need(each, -each.lots))
            each.price = price
            self.ledger.hold(each.row, *self.need(each, each.lots))
            if moved:
                self.close(each, each.lots, "rebased")
