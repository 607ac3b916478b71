"""`bench book`: one recorded flow through the real book and through a book in plain Python."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from statistics import median
from typing import Any

import numpy as np
from numba import njit

from arena_site.bench import flow as flows
from arena_site.bench.plain_book import PlainBook
from economy_engine.book.columns import (
    BookColumns,
    OrderType,
    OutboxColumns,
    PlaceResult,
    SelfTrade,
    TimeInForce,
    allocate,
    allocate_outbox,
)
from economy_engine.book.kernels import cancel_slot, place_participant
from economy_engine.jit import inlined
from economy_engine.ledger.columns import LedgerColumns
from economy_engine.ledger.columns import allocate as allocate_ledger
from economy_engine.limits import FILLS_PER_COMMAND_MAX

LEVELS = 32_768
OWNERS = 1_000
POOL = 1_048_576
ROUNDS = 3
OPERATIONS_MIN = 10_000
_LIMIT, _MARKET = int(OrderType.LIMIT), int(OrderType.MARKET)
_GTC, _IOC = int(TimeInForce.GTC), int(TimeInForce.IOC)
_TAKER = int(SelfTrade.EXPIRE_TAKER)
_SLOT, _GENERATION = int(PlaceResult.SLOT), int(PlaceResult.GENERATION)
_FILLS_MAX = FILLS_PER_COMMAND_MAX
# In the loop, as the engine has it in its own: a call with thirty columns costs more than the step.
_place = inlined(getattr(place_participant, "py_func", place_participant))


@njit(cache=True)
def _run(
    book: BookColumns,
    ledger: LedgerColumns,
    outbox: OutboxColumns,
    out: np.ndarray,
    flow: flows.Flow,
    slots: np.ndarray,
    generations: np.ndarray,
    trades: np.ndarray,
    first_participant: int,
) -> int:
    """Apply every operation as an outside order; copy the trades out as they are reported."""
    count = 0
    for row in range(flow.op.size):
        if flow.op[row] == flows.CANCEL:
            target = flow.target[row]
            slot = slots[target]
            lives = slot >= 0 and book.orders[slot]["generation"] == generations[target]
            if lives and book.orders[slot]["seq"] == target + 1:
                cancel_slot(book, ledger, slot)
            slots[target] = -1
            continue
        market = flow.op[row] == flows.MARKET
        out[_SLOT] = -1
        _place(
            book, ledger, outbox, out, 0, flow.side[row],
            _MARKET if market else _LIMIT, flow.level[row], flow.quantity[row],
            first_participant + flow.owner[row], row + 1, _IOC if market else _GTC,
            _TAKER, 0, _FILLS_MAX, POOL, 0, first_participant, 0,
        )  # fmt: skip
        slots[row] = out[_SLOT]
        generations[row] = out[_GENERATION]
        for fill in range(outbox.counts[0]):
            trades[count, 0] = outbox.fills[fill]["maker_seq"] - 1
            trades[count, 1] = row
            trades[count, 2] = outbox.fills[fill]["price"]
            trades[count, 3] = outbox.fills[fill]["quantity"]
            count += 1
        outbox.counts[:] = 0
    return count


def _touch(array: np.ndarray) -> None:
    """Make the system give real memory to an array now; the game allocates everything at start."""
    raw = array.reshape(-1).view(np.uint8)
    raw[::1024] = raw[::1024]


def _real(flow: flows.Flow) -> tuple[float, np.ndarray]:
    book = allocate(1, LEVELS, 64, POOL)
    ledger = allocate_ledger(OWNERS + 1, 1)
    ledger.cash[1:] = 2**45
    ledger.stock[1:] = 2**30
    outbox = allocate_outbox(1, fills=2_048, closures=2_048)
    slots = np.full(flow.op.size, -1, np.int64)
    generations = np.zeros(flow.op.size, np.int64)
    trades = np.zeros((2 * flow.op.size, 4), np.int64)
    for array in (*book, *ledger, *outbox, trades):
        _touch(array)
    arguments = (book, ledger, outbox, np.zeros(16, np.int64), flow, slots, generations, trades, 1)
    started = time.perf_counter()
    count = _run(*arguments)
    return time.perf_counter() - started, trades[:count]


def _plain(flow: flows.Flow) -> tuple[float, np.ndarray]:
    book = PlainBook()
    gc.collect()
    started = time.perf_counter()
    book.run(flow)
    seconds = time.perf_counter() - started
    return seconds, np.array(book.trades, np.int64).reshape(-1, 4)


def run(options: dict[str, Any], progress: Callable[[str], None]) -> dict[str, Any]:
    """Interleave both books over the same flow and compare every trade."""
    operations = max(int(options["operations"]), OPERATIONS_MIN)
    flow = flows.record(operations, OWNERS, LEVELS, int(options["seed"]))
    progress("compiling the book")
    _real(flows.Flow(*(column[:2_000] for column in flow)))
    real, plain, equal, trades = [], [], True, 0
    for turn in range(ROUNDS):
        progress(f"round {turn + 1} of {ROUNDS}")
        seconds, made = _real(flow)
        real.append(seconds)
        seconds, expected = _plain(flow)
        plain.append(seconds)
        equal &= bool(np.array_equal(made, expected))
        trades = len(made)
    ops, python_ops = operations / median(real), operations / median(plain)
    return {
        "operations": operations,
        "trades": trades,
        "ops_per_s": round(ops),
        "python_ops_per_s": round(python_ops),
        "ratio_python": round(ops / python_ops, 2),
        "trades_equal": equal,
    }
