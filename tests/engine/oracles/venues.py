"""One small interface over two implementations: the kernels, and the naive book.

Whatever is tested on books is written against `Venue`; `Twin` runs both and compares everything
that can be seen after every operation.
"""

from __future__ import annotations

from typing import Any

from economy_engine.book.columns import ClosureReason, MarketState
from economy_engine.book.order_book import Order, OrderBook
from economy_engine.ledger.columns import CASH
from economy_engine.ledger.ledger import Ledger
from tests.engine.oracles import naive_auction
from tests.engine.oracles.naive_ledger import NaiveLedger
from tests.engine.oracles.naive_order_book import NaiveOrderBook

MARKETS = 2
LEVELS = 128
ROWS = 12
FEE_ROW = 5
FIRST_PARTICIPANT = 6
OWNERS = {row: row for row in range(ROWS)} | {11: 10, 3: 2}  # 10 and 11 are one player's
GROUPS = {8: 1, 9: 1}
CASH_START = 20_000
STOCK_START = 300
PARTICIPANT_ROOM = 24


class KernelVenue:
    """The kernels behind the common interface."""

    def __init__(self) -> None:
        ledger = Ledger(ROWS, MARKETS)
        for row in range(ROWS):
            ledger.columns.owner[row] = OWNERS[row]
            ledger.columns.group[row] = GROUPS.get(row, -1)
            ledger.issue(row, CASH, CASH_START)
            for market in range(MARKETS):
                ledger.issue(row, market, STOCK_START)
        self.book = OrderBook(
            ledger, levels=LEVELS, ai_capacity=256, participant_capacity=PARTICIPANT_ROOM,
            first_participant=FIRST_PARTICIPANT, fee_row=FEE_ROW, outbox_rows=1_024,
        )  # fmt: skip
        self.handles: dict[int, tuple[int, int]] = {}

    def place(self, row: int, number: int, order: Order) -> tuple[Any, ...]:
        placed = self.book.place(row, number, order)
        if placed.slot >= 0:
            self.handles[number] = (placed.slot, placed.generation)
        return (placed.reason.code, placed.status.name.lower(), placed.filled, placed.value,
                placed.fee, placed.left, placed.closed_for.code, placed.price)  # fmt: skip

    def place_agent(self, row: int, number: int, *terms: Any) -> bool:
        slot = self.book.place_agent(row, *terms)
        if slot >= 0:
            self.handles[number] = (slot, int(self.book.columns.orders["generation"][slot]))
        return slot >= 0

    def cancel(self, number: int) -> int:
        return self.book.cancel(*self.handles.get(number, (-1, 0)))

    def reduce(self, number: int, lots: int) -> int:
        return self.book.reduce(*self.handles.get(number, (-1, 0)), lots)

    def advance(self) -> None:
        self.book.advance()

    def set_price_increment(self, market: int, new: int) -> None:
        assert self.book.set_price_increment(market, new) >= 0

    def set_band(self, market: int, low: int, high: int) -> None:
        self.book.set_band(market, low, high)

    def set_state(self, market: int, state: int) -> None:
        self.book.columns.market["state"][market] = state

    def indication(self, market: int, reference: int) -> tuple[int, int, int]:
        return self.book.indication(market, reference)

    def uncross(self, market: int, reference: int) -> tuple[int, int]:
        found = self.book.uncross(market, reference)
        self.set_state(market, MarketState.OPEN)
        return found

    def limit(self, *, fills_max: int, open_max: int) -> None:
        self.book.fills_max, self.book.open_max = fills_max, open_max

    def balance(self, row: int, asset: int) -> tuple[int, int]:
        return self.book.ledger.balance(row, asset)

    def queue(self, market: int, side: int) -> list[tuple[int, ...]]:
        return self.book.queue(market, side)

    def tally(self, market: int) -> tuple[int, ...]:
        record = self.book.columns.market[market]
        return (int(record["trades"]), int(record["last_price"]), int(record["volume"]),
                int(record["price_increment"]))  # fmt: skip

    def fills(self) -> list[tuple[int, ...]]:
        names = ["market", "trade", "price", "quantity", "fee", "maker_row", "taker_row",
                 "maker_left", "taker_left", "maker_seq", "taker_seq"]  # fmt: skip
        return [tuple(int(fill[name]) for name in names) for fill in self.book.fills()]

    def closures(self) -> list[tuple[Any, ...]]:
        return sorted(
            (int(each["seq"]), int(each["left"]), ClosureReason(int(each["reason"])).name.lower())
            for each in self.book.closures()
        )

    def check(self) -> None:
        self.book.check()


class NaiveVenue:
    """The naive book behind the common interface."""

    def __init__(self) -> None:
        ledger = NaiveLedger()
        for row in range(ROWS):
            legs = [(-1, CASH, -CASH_START), (row, CASH, CASH_START)]
            for market in range(MARKETS):
                legs += [(-1, market, -STOCK_START), (row, market, STOCK_START)]
            assert ledger.post(legs) == "ok"
        self.book = NaiveOrderBook(ledger, MARKETS, LEVELS, FIRST_PARTICIPANT, FEE_ROW, OWNERS,
                                   GROUPS, PARTICIPANT_ROOM)  # fmt: skip

    def place(self, row: int, number: int, order: Order) -> tuple[Any, ...]:
        result = self.book.place(row, number, order)
        return (result.reason, result.status, result.filled, result.value, result.fee, result.left,
                result.closed_for, result.price)  # fmt: skip

    def place_agent(self, row: int, number: int, *terms: Any) -> bool:
        return self.book.place_agent(row, number, *terms) is not None

    def cancel(self, number: int) -> int:
        return self.book.cancel(number)

    def reduce(self, number: int, lots: int) -> int:
        return self.book.reduce(number, lots)

    def advance(self) -> None:
        self.book.advance()

    def set_price_increment(self, market: int, new: int) -> None:
        self.book.set_price_increment(market, new)

    def set_band(self, market: int, low: int, high: int) -> None:
        self.book.market[market].low, self.book.market[market].high = low, high

    def set_state(self, market: int, state: int) -> None:
        self.book.market[market].state = state

    def indication(self, market: int, reference: int) -> tuple[int, int, int]:
        return naive_auction.find_price(self.book, market, reference)

    def uncross(self, market: int, reference: int) -> tuple[int, int]:
        found = naive_auction.uncross(self.book, market, reference)
        self.set_state(market, MarketState.OPEN)
        return found

    def limit(self, *, fills_max: int, open_max: int) -> None:
        self.book.fills_max, self.book.open_max = fills_max, open_max

    def balance(self, row: int, asset: int) -> tuple[int, int]:
        return self.book.ledger.free[row, asset], self.book.ledger.held[row, asset]

    def queue(self, market: int, side: int) -> list[tuple[int, ...]]:
        return [(e.price, e.row, e.lots, e.seq) for e in self.book.queue(market, side)]

    def tally(self, market: int) -> tuple[int, ...]:
        record = self.book.market[market]
        return record.trades, record.last, record.volume, record.increment

    def fills(self) -> list[tuple[int, ...]]:
        return list(self.book.fills)

    def closures(self) -> list[tuple[Any, ...]]:
        return sorted(self.book.closures)

    def check(self) -> None:
        self.book.ledger.check()


class Twin:
    """Both venues side by side; every call is made on both and must give the same."""

    def __init__(self) -> None:
        self.kernel = KernelVenue()
        self.naive = NaiveVenue()
        self.ids = 0

    def do(self, name: str, *args: Any, **options: Any) -> Any:
        """Call both; compare the results and everything that can be seen; return the result."""
        ours = getattr(self.kernel, name)(*args, **options)
        theirs = getattr(self.naive, name)(*args, **options)
        assert ours == theirs, f"{name}{args}: kernel {ours}, naive {theirs}"
        self.compare()
        return ours

    def new_id(self) -> int:
        self.ids += 1
        return self.ids

    def compare(self) -> None:
        """Assert equal books, trades, reports and balances, and that nothing was lost."""
        ours, theirs = self.kernel, self.naive
        for market in range(MARKETS):
            assert ours.tally(market) == theirs.tally(market)
            for side in (0, 1):
                assert ours.queue(market, side) == theirs.queue(market, side)
        assert ours.fills() == theirs.fills()
        assert ours.closures() == theirs.closures()
        for row in range(ROWS):
            for asset in range(-1, MARKETS):
                assert ours.balance(row, asset) == theirs.balance(row, asset), (row, asset)
        ours.check()
        theirs.check()
