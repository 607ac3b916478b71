"""What the checks of the books must notice, and the upkeep of ladders, depth and slots."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

import numpy as np
import pytest

from economy_engine.book import checks, kernels, upkeep
from economy_engine.book.columns import BookCounter, ClosureReason
from economy_engine.book.ladder import highest_bit, level_above, level_below, lowest_bit, mark_level
from economy_engine.book.order_book import Order, OrderBook
from economy_engine.errors import ContractViolation, RejectReason
from economy_engine.ledger.columns import CASH, AccountFlag
from economy_engine.ledger.ledger import Ledger
from economy_engine.order_terms import Side, TimeInForce


def make_book(*, ai: int = 64, participants: int = 32, outbox_rows: int = 1_024) -> OrderBook:
    """Two agents (0, 1), the fee account (2) and three participants (3, 4, 5) with orders."""
    ledger = Ledger(6, 2)
    for row in range(6):
        ledger.issue(row, CASH, 100_000)
        ledger.issue(row, 0, 1_000)
        ledger.issue(row, 1, 1_000)
    return OrderBook(
        ledger, levels=128, ai_capacity=ai, participant_capacity=participants,
        first_participant=3, fee_row=2, outbox_rows=outbox_rows,
    )  # fmt: skip


def fill_book(book: OrderBook) -> None:
    for k in range(4):
        book.place(3, 10 + k, Order(0, Side.BID, 40 + k % 2, 5))
        book.place(4, 20 + k, Order(0, Side.ASK, 60 + k % 2, 5, tif=TimeInForce.GTT,
                                    expires_tick=5))  # fmt: skip
        book.place_agent(0, 0, Side.BID, 41, 3, 7)
        book.place_agent(1, 1, Side.ASK, 70, 3, 7)


def order_at(book: OrderBook, level: int) -> np.void:
    return book.columns.orders[book.columns.head[0, level]]


def spoil_quantity(book: OrderBook) -> None:
    order_at(book, 41)["quantity"] += 1


def spoil_links(book: OrderBook) -> None:
    order_at(book, 41)["prev"] = 3


def spoil_arrival(book: OrderBook) -> None:
    order_at(book, 41)["arrival"] = 10**6


def spoil_best(book: OrderBook) -> None:
    book.columns.best[0, 0] = 40


def spoil_crossed(book: OrderBook) -> None:
    book.columns.best[0, 0] = 65


def spoil_bitmap(book: OrderBook) -> None:
    book.columns.bitmap[0, 0] = 0


def spoil_free_slot(book: OrderBook) -> None:
    slot = int(book.columns.head[0, 41])
    book.cancel(slot, int(book.columns.orders["generation"][slot]))
    book.columns.orders["owner"][slot] = 1


def spoil_expiry(book: OrderBook) -> None:
    book.columns.calendar[5] = -1


def spoil_counts(book: OrderBook) -> None:
    book.columns.counters[BookCounter.AI_OPEN] += 1


def spoil_hold(book: OrderBook) -> None:
    book.ledger.hold(0, CASH, 1)


def spoil_open_orders(book: OrderBook) -> None:
    book.ledger.columns.open_orders[3] += 1


@pytest.mark.parametrize("spoil", [value for name, value in sorted(globals().items())
                                   if name.startswith("spoil_")])  # fmt: skip
def test_checks_notice(spoil: Callable[[OrderBook], None]) -> None:
    book = make_book()
    fill_book(book)
    book.check()
    spoil(book)
    with pytest.raises(ContractViolation):
        book.check()


def test_ladders_are_rebuilt_from_orders_alone() -> None:
    book = make_book()
    fill_book(book)
    book.cancel(int(book.columns.head[0, 41]), 0)
    names = ("head", "tail", "level_quantity", "bitmap", "summary", "best", "wheel", "calendar")
    before = [getattr(book.columns, name).copy() for name in names]
    for name in names:
        getattr(book.columns, name)[:] = 1
    upkeep.rebuild_ladders(book.columns)
    for name, copy in zip(names, before, strict=True):
        assert np.array_equal(getattr(book.columns, name), copy), name
    book.check()


def test_handles_of_freed_slots_are_stale() -> None:
    book = make_book()
    first = book.place(3, 1, Order(0, Side.BID, 40, 5))
    assert book.cancel(first.slot, first.generation) == 5
    second = book.place(4, 2, Order(0, Side.BID, 41, 7))
    assert (second.slot, second.generation) == (first.slot, first.generation + 1)
    assert book.cancel(first.slot, first.generation) == 0
    assert book.reduce(first.slot, first.generation, 1) == 0
    assert book.cancel(-1, 0) == book.cancel(10**6, 0) == 0
    assert book.is_open(second.slot, second.generation)


def test_full_pools() -> None:
    book = make_book(ai=2, participants=1)
    assert book.place_agent(0, 0, Side.BID, 40, 1, 5) >= 0
    assert book.place_agent(0, 0, Side.BID, 40, 1, 5) >= 0
    assert book.place_agent(0, 0, Side.BID, 40, 1, 5) == -1
    assert book.columns.counters[BookCounter.DROPPED] == 1
    assert book.place(3, 1, Order(0, Side.BID, 41, 1)).reason == RejectReason.OK
    assert book.place(4, 2, Order(0, Side.BID, 41, 1)).reason == RejectReason.ENGINE_BUSY
    book.check()


def test_full_outbox_loses_nothing() -> None:
    book = make_book(outbox_rows=2)
    book.fills_max = 2
    for k in range(5):
        assert book.place(3, 1 + k, Order(0, Side.BID, 40, 1)).reason == RejectReason.OK
    assert book.place_agent(0, 0, Side.ASK, 40, 5, 9) == -1
    assert len(book.fills()) == 2
    assert book.columns.counters[BookCounter.OUTBOX_DROPPED] == 1
    assert book.place(4, 9, Order(0, Side.ASK, 40, 1)).reason == RejectReason.ENGINE_BUSY
    assert book.depth(0, Side.BID) == [(40, 3)]
    book.check()


def test_frozen_rows_place_nothing() -> None:
    book = make_book()
    book.ledger.columns.flags[[0, 3]] = AccountFlag.DEBITS_FROZEN
    assert book.place_agent(0, 0, Side.BID, 40, 1, 5) == -1
    assert book.place(3, 1, Order(0, Side.BID, 40, 1)).reason == RejectReason.ACCOUNT_FROZEN


@pytest.mark.parametrize(("row", "market", "count"), [(3, -1, 4), (-1, -1, 8), (4, 1, 0)])
def test_cancel_all(row: int, market: int, count: int) -> None:
    book = make_book()
    fill_book(book)
    assert book.cancel_all(row, market, ClosureReason.HALTED) == count
    assert {int(each) for each in book.closures()["reason"]} <= {ClosureReason.HALTED}
    assert len(book.closures()) == count
    book.check()


def test_depth_and_mid() -> None:
    book = make_book()
    assert upkeep.mid(book.columns, 0) == 0.0
    fill_book(book)
    assert book.depth(0, Side.BID) == [(41, 22), (40, 10)]
    assert book.depth(0, Side.ASK, 1) == [(60, 10)]
    assert upkeep.mid(book.columns, 0) == 50.5
    assert upkeep.depth_near(book.columns, 0, 0, 200_000) == 22
    assert upkeep.depth_near(book.columns, 0, 1, 10_000) == 0
    book.place(5, 50, Order(0, Side.ASK, 41, 22))
    book.place(5, 51, Order(0, Side.ASK, 40, 10))
    assert upkeep.mid(book.columns, 0) == 40.0


def test_tape_keeps_the_last_five_trades_and_statistics_are_per_tick() -> None:
    book = make_book()
    for k in range(7):
        book.place(3, k, Order(0, Side.ASK, 50 + k, 1))
    book.place(4, 9, Order(0, Side.BID, 56, 7))
    record = book.columns.market[0]
    assert (record["open"], record["high"], record["low"]) == (50, 56, 50)
    assert (record["volume"], record["buy_volume"], record["sell_volume"]) == (7, 7, 0)
    assert sorted(book.outbox.tape[0]["trade"]) == [3, 4, 5, 6, 7]
    book.advance()
    assert (record["trades"], record["last_price"], record["volume"]) == (7, 56, 0)
    assert len(book.fills()) == 0


def test_expired_orders_of_other_turns_stay() -> None:
    book = make_book()
    book.place(3, 1, Order(0, Side.BID, 40, 5, tif=TimeInForce.GTT, expires_tick=2 + 512))
    for _ in range(3):
        book.advance()
    assert book.depth(0, Side.BID) == [(40, 5)]
    for _ in range(510):
        book.advance()
    assert book.depth(0, Side.BID) == [(40, 5)]
    book.advance()
    assert book.depth(0, Side.BID) == []


def test_increment_is_refused_off_the_series_or_without_room() -> None:
    book = make_book(outbox_rows=2)
    book.fills_max = 1
    for k in range(3):
        assert book.place(3, 1 + k, Order(0, Side.BID, 41, 1)).reason == RejectReason.OK
    assert book.set_price_increment(0, 3) == -1
    assert book.set_price_increment(0, 2) == -1
    assert book.depth(0, Side.BID) == [(41, 3)]
    book.check()


def test_bits() -> None:
    for low in range(64):
        for high in range(low, 64):
            word = np.uint64((1 << low) | (1 << high))
            assert (lowest_bit(word), highest_bit(word)) == (low, high)
    assert highest_bit(np.uint64(2**64 - 1)) == 63
    assert highest_bit(np.uint64(2**32 - 1)) == 31


@pytest.mark.parametrize("levels", [64, 128, 4_096, 8_192, 32_768])
def test_next_level_in_sparse_ladders(levels: int) -> None:
    random = Random(levels)
    for count in (0, 1, 2, 5, 40):
        bitmap = np.zeros((1, levels // 64), np.uint64)
        summary = np.zeros((1, -(-levels // 4_096)), np.uint64)
        used = sorted(random.sample(range(1, levels), count))
        for level in used:
            mark_level(bitmap, summary, 0, level)
        for level in [*used, 0, 1, levels - 1, *random.sample(range(levels), 20)]:
            above = min((each for each in used if each > level), default=levels)
            below = max((each for each in used if each < level), default=0)
            assert level_above(bitmap, summary, 0, level) == above
            assert level_below(bitmap, summary, 0, level) == below


def test_market_level_is_five_percent_through_the_best() -> None:
    book = make_book()
    assert kernels.market_level(book.columns, 0, 0) == 0
    fill_book(book)
    assert kernels.market_level(book.columns, 0, 0) == 63
    assert kernels.market_level(book.columns, 0, 1) == 38
    assert checks.not_crossed(book.columns) == 0
