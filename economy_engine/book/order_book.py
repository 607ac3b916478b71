"""`OrderBook`: owner of the columns of all books, for tests, tools and notebooks.

The world calls the kernels on its own columns; this class holds a set, checks what comes in and
turns codes into words. It adds no rule.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from economy_engine import limits
from economy_engine.book import auction, checks, kernels, upkeep
from economy_engine.book.columns import (
    ClosureReason,
    OrderStatus,
    OrderType,
    OutboxCount,
    PlaceResult,
    SelfTrade,
    Side,
    TimeInForce,
    allocate,
    allocate_outbox,
)
from economy_engine.errors import ContractViolation, RejectReason
from economy_engine.ledger.ledger import Ledger


class Placed(NamedTuple):
    """What became of a participant's order; prices and money in minor units."""

    reason: RejectReason
    status: OrderStatus = OrderStatus.REJECTED
    slot: int = -1
    generation: int = 0
    filled: int = 0
    value: int = 0
    fee: int = 0
    left: int = 0
    closed_for: RejectReason = RejectReason.OK
    price: int = 0


class Order(NamedTuple):
    """Terms of a participant's order; `price` in minor units, 0 = protection of a market order."""

    market: int
    side: Side
    price: int
    quantity: int
    type: OrderType = OrderType.LIMIT
    tif: TimeInForce = TimeInForce.GTC
    self_trade: SelfTrade = SelfTrade.EXPIRE_TAKER
    expires_tick: int = 0


class OrderBook:
    """All books of a small world over one ledger."""

    def __init__(
        self,
        ledger: Ledger,
        *,
        levels: int,
        ai_capacity: int,
        participant_capacity: int,
        first_participant: int,
        fee_row: int,
        outbox_rows: int = 4_096,
    ) -> None:
        self.ledger = ledger
        markets = ledger.columns.stock.shape[1]
        self.columns = allocate(markets, levels, ai_capacity, participant_capacity)
        self.outbox = allocate_outbox(markets, outbox_rows, outbox_rows)
        self.first_participant = first_participant
        self.fee_row = fee_row
        self.tick = 0
        self.step = 0
        self.fills_max = limits.FILLS_PER_COMMAND_MAX
        self.open_max = limits.OPEN_ORDERS_PER_PARTICIPANT_MAX
        self._out = np.zeros(16, np.int64)

    def place(self, row: int, seq: int, order: Order) -> Placed:
        """Place a participant's order; off the grid is PRICE_FILTER."""
        level = self.level_of(order.market, order.price)
        if order.type != OrderType.MARKET and level == 0:
            level = -1
        reason = RejectReason(
            kernels.place_participant(
                self.columns, self.ledger.columns, self.outbox, self._out, order.market,
                int(order.side), int(order.type), level, order.quantity, row, seq, int(order.tif),
                int(order.self_trade), order.expires_tick, self.fills_max, self.open_max,
                self.fee_row, self.first_participant, self.tick,
            )
        )  # fmt: skip
        if reason:
            return Placed(reason)
        out = self._out
        return Placed(
            reason=reason,
            status=OrderStatus(int(out[PlaceResult.STATUS])),
            slot=int(out[PlaceResult.SLOT]),
            generation=int(out[PlaceResult.GENERATION]),
            filled=int(out[PlaceResult.FILLED]),
            value=int(out[PlaceResult.VALUE]),
            fee=int(out[PlaceResult.FEE]),
            left=int(out[PlaceResult.LEFT]),
            closed_for=RejectReason(int(out[PlaceResult.REASON])),
            price=int(out[PlaceResult.PRICE]),
        )

    def place_agent(
        self, row: int, market: int, side: int, price: int, quantity: int, lifetime: int,
        post_only: bool = False,
    ) -> int:  # fmt: skip
        """Place an AI agent's order that lives `lifetime` steps; return its slot or -1."""
        return int(
            kernels.place_ai(
                self.columns, self.ledger.columns, self.outbox, market, int(side),
                price // self.increment(market), quantity, row, self.step + lifetime, self.step,
                post_only, self.fee_row, self.first_participant, self.tick,
            )
        )  # fmt: skip

    def cancel(self, slot: int, generation: int) -> int:
        """End the order of a handle; return the lots released, 0 when the handle is stale."""
        if not self.is_open(slot, generation):
            return 0
        return int(kernels.cancel_slot(self.columns, self.ledger.columns, slot))

    def reduce(self, slot: int, generation: int, quantity: int) -> int:
        """Shrink the order of a handle; return the lots released."""
        if not self.is_open(slot, generation):
            return 0
        return int(kernels.reduce_slot(self.columns, self.ledger.columns, slot, quantity))

    def cancel_all(self, row: int, market: int, reason: ClosureReason) -> int:
        """End all participants' orders of a row and market (-1 = all)."""
        return int(
            kernels.cancel_all(self.columns, self.ledger.columns, self.outbox, row, market,
                               int(reason), self.tick)
        )  # fmt: skip

    def advance(self) -> None:
        """Go on by one step and one tick: expire what is due, clear the tick's reports."""
        self.step += 1
        self.tick += 1
        kernels.reset_statistics(self.columns, self.outbox)
        kernels.sweep_expired_ai(self.columns, self.ledger.columns, self.step)
        kernels.sweep_expired_participants(
            self.columns, self.ledger.columns, self.outbox, self.tick
        )

    def indication(self, market: int, reference: int) -> tuple[int, int, int]:
        """Return price, lots and imbalance that an uncross would have now; zeros for none."""
        level, lots, imbalance = auction.find_price(self.columns, market, reference)
        return int(level) * self.increment(market), int(lots), int(imbalance)

    def uncross(self, market: int, reference: int) -> tuple[int, int]:
        """Trade a call auction's orders at one price; return it and the lots."""
        price, lots = auction.uncross(
            self.columns, self.ledger.columns, self.outbox, market, reference, self.fee_row,
            self.tick,
        )  # fmt: skip
        return int(price), int(lots)

    def set_price_increment(self, market: int, increment: int) -> int:
        """Move a market to another increment; see `upkeep.set_price_increment`."""
        return int(
            upkeep.set_price_increment(self.columns, self.ledger.columns, self.outbox, market,
                                       increment, self.tick)
        )  # fmt: skip

    def set_band(self, market: int, low: int, high: int) -> None:
        """Set the price band in minor units, both on the grid."""
        self.columns.market["band_low"][market] = self.level_of(market, low)
        self.columns.market["band_high"][market] = self.level_of(market, high)

    def increment(self, market: int) -> int:
        """Return the price increment in minor units."""
        return int(self.columns.market["price_increment"][market])

    def level_of(self, market: int, price: int) -> int:
        """Return the level of a price, 0 for 0, -1 off the grid."""
        if not 0 <= market < self.columns.market.shape[0]:
            return -1
        whole, rest = divmod(price, self.increment(market))
        return -1 if rest or price < 0 else whole

    def is_open(self, slot: int, generation: int) -> bool:
        """Return True while a handle names a resting order."""
        if not 0 <= slot < self.columns.orders.shape[0]:
            return False
        order = self.columns.orders[slot]
        return bool(order["quantity"] > 0 and order["generation"] == generation)

    def depth(self, market: int, side: int, levels: int = 10) -> list[tuple[int, int]]:
        """Return (price, lots) of the best levels of a side."""
        out = np.zeros((levels, 2), np.int64)
        count = upkeep.depth(self.columns, market, int(side), levels, out)
        return [(int(price), int(lots)) for price, lots in out[:count]]

    def queue(self, market: int, side: int) -> list[tuple[int, int, int, int]]:
        """Return (price, row, lots, seq) of every resting order of a side, best and first first."""
        found = []
        levels = self.columns.head.shape[1]
        level = int(self.columns.best[market, int(side)])
        while 0 < level < levels:
            slot = int(self.columns.head[2 * market + int(side), level])
            while slot >= 0:
                order = self.columns.orders[slot]
                price = level * self.increment(market)
                found.append(
                    (price, int(order["owner"]), int(order["quantity"]), int(order["seq"]))
                )
                slot = int(order["next"])
            level = int(upkeep.next_level(self.columns, market, int(side), level))
        return found

    def fills(self) -> np.ndarray:
        """Return the fills reported since the outbox was cleared."""
        return self.outbox.fills[: self.outbox.counts[OutboxCount.FILLS]]

    def closures(self) -> np.ndarray:
        """Return the closures reported since the outbox was cleared."""
        return self.outbox.closures[: self.outbox.counts[OutboxCount.CLOSURES]]

    def check(self) -> None:
        """Raise ContractViolation unless books, holds and totals are in order."""
        fault = checks.BookFault(checks.check_book(self.columns))
        if fault:
            raise ContractViolation(f"book: {fault.name}")
        rows, markets = self.ledger.columns.stock.shape
        fault = checks.BookFault(
            checks.check_held(self.columns, self.ledger.columns, rows, np.zeros(rows, np.int64),
                              np.zeros((rows, markets), np.int64), np.zeros(rows, np.int64))
        )  # fmt: skip
        if fault:
            raise ContractViolation(f"holds: {fault.name}")
        self.ledger.check()
