"""What the public sees of the books: one row per market and tick, the best levels, the tape."""

from __future__ import annotations

import numpy as np

from economy_engine import events, limits
from economy_engine.book.columns import BookColumns
from economy_engine.book.ladder import level_above, level_below
from economy_engine.jit import kernel
from economy_engine.state import WorldState

DEPTH_SHARE = 100  # depth counts the lots within a hundredth of the best price
BLOCK_LEVELS = 10  # levels a side in a block


@kernel
def fill_market_rows(book: BookColumns, rows: np.ndarray, tick: int) -> None:
    """Write one MARKET_TICK row per market from the statistics of this tick.

    rows: MARKET_TICK_DTYPE[M], modified in place. A tick without a trade repeats the last price.
    """
    levels = book.head.shape[1]
    for m in range(book.market.shape[0]):
        market = book.market[m]
        last = market["last_price"]
        traded = market["trade_count"] > 0
        rows[m]["tick"] = tick
        rows[m]["market"] = m
        rows[m]["open"] = market["open"] if traded else last
        rows[m]["high"] = market["high"] if traded else last
        rows[m]["low"] = market["low"] if traded else last
        rows[m]["close"] = last
        rows[m]["volume"] = market["volume"]
        rows[m]["value"] = market["value"]
        rows[m]["trades"] = market["trade_count"]
        bid, ask = np.int64(book.best[m, 0]), np.int64(book.best[m, 1])
        increment = market["price_increment"]
        rows[m]["best_bid"] = bid * increment
        rows[m]["best_ask"] = ask * increment if ask < levels else 0
        lots = np.int64(0)
        level, stop = bid, bid - bid // DEPTH_SHARE
        while level > 0 and level >= stop:
            lots += book.level_quantity[m, level]
            level = level_below(book.bitmap, book.summary, m, level)
        rows[m]["bid_depth"] = lots
        lots = np.int64(0)
        level, stop = ask, ask + ask // DEPTH_SHARE
        while level < levels and level <= stop:
            lots += book.level_quantity[m, level]
            level = level_above(book.bitmap, book.summary, m, level)
        rows[m]["ask_depth"] = lots


@kernel
def fill_depth(book: BookColumns, m: int, side: int, out: np.ndarray) -> int:
    """Write the best levels of a side, best first; return how many.

    out: int64[n, 2], price in minor units and lots, modified in place; n levels at most.
    """
    levels = book.head.shape[1]
    increment = book.market[m]["price_increment"]
    level = np.int64(book.best[m, side])
    count = 0
    while count < out.shape[0] and 0 < level < levels:
        # The better side of the touch holds no order of this side, so a level has one side.
        out[count, 0] = level * increment
        out[count, 1] = book.level_quantity[m, level]
        count += 1
        if side == 0:
            level = level_below(book.bitmap, book.summary, m, level)
        else:
            level = level_above(book.bitmap, book.summary, m, level)
    return count


def market_rows(state: WorldState, tick: int) -> np.ndarray:
    """Return the MARKET_TICK rows of this tick."""
    rows = np.zeros(state.params.markets, events.MARKET_TICK_DTYPE)
    fill_market_rows(state.book, rows, tick)
    return rows


def depth(state: WorldState, market: int, side: int, levels: int) -> np.ndarray:
    """Return int64[n, 2], price in minor units and lots, best first, of at most `levels` levels."""
    out = np.zeros((min(levels, limits.DEPTH_LEVELS_MAX), 2), np.int64)
    return out[: fill_depth(state.book, market, side, out)]


def depth_rows(state: WorldState, levels: int = BLOCK_LEVELS) -> np.ndarray:
    """Return the DEPTH rows of all markets as the books stand now."""
    parts = []
    for market in range(state.params.markets):
        for side in (0, 1):
            best = depth(state, market, side, levels)
            rows = np.zeros(len(best), events.DEPTH_DTYPE)
            rows["market"], rows["side"] = market, side
            rows["price"], rows["quantity"] = best[:, 0], best[:, 1]
            parts.append(rows)
    return np.concatenate(parts)


def tape_rows(state: WorldState) -> np.ndarray:
    """Return at most the last five trades of this tick in each market, in order of trades."""
    counts = np.minimum(state.book.market["trade_count"], limits.TAPE_TRADES)
    used = np.arange(limits.TAPE_TRADES)[None, :] < counts[:, None]
    market = np.broadcast_to(np.arange(len(counts))[:, None], used.shape)[used]
    trades = state.outbox.tape[used]
    rows = np.zeros(len(trades), events.TAPE_DTYPE)
    rows["market"] = market
    for name in ("tick", "trade", "price", "quantity", "taker_side"):
        rows[name] = trades[name]
    return rows[np.lexsort((rows["trade"], rows["market"]))]
