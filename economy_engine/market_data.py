"""What the public sees of the books: one row per market and tick, the best levels, the tape."""

from __future__ import annotations

import numpy as np

from economy_engine import events, limits
from economy_engine.book.columns import BookColumns
from economy_engine.book.upkeep import best_price, depth_near
from economy_engine.book.upkeep import depth as levels_of
from economy_engine.goods import GoodKind
from economy_engine.jit import kernel
from economy_engine.schema import TARIFF_CLASS
from economy_engine.state import WorldState

DEPTH_PPM = 10_000  # the depth of a row counts the lots within 1 % of the mid
# Levels a side in a block, by the number of regions: with all trades of a tape the public part of a
# tick stays below 8 kB in one and two regions.
BLOCK_LEVELS = (10, 3, 2, 2)
BLOCK_TRADES = (limits.TAPE_TRADES, 2, 1, 1)  # public trades per market and tick, likewise


@kernel
def fill_market_rows(book: BookColumns, rows: np.ndarray, tick: int) -> None:
    """Write one MARKET_TICK row per market from the statistics of this tick.

    rows: MARKET_TICK_DTYPE[M], modified in place. A tick without a trade repeats the last price.
    """
    levels = book.level_quantity.shape[1]
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
        rows[m]["best_bid"] = best_price(book, m, 0)
        rows[m]["best_ask"] = best_price(book, m, 1)
        rows[m]["bid_depth"] = depth_near(book, m, 0, DEPTH_PPM)
        rows[m]["ask_depth"] = depth_near(book, m, 1, DEPTH_PPM)
        bid, ask = np.int64(book.best[m, 0]), np.int64(book.best[m, 1])
        rows[m]["best_bid_depth"] = book.level_quantity[2 * m, bid] if bid > 0 else 0
        rows[m]["best_ask_depth"] = book.level_quantity[2 * m + 1, ask] if ask < levels else 0
        rows[m]["flow"] = market["buy_volume"] - market["sell_volume"]


def market_rows(state: WorldState, tick: int) -> np.ndarray:
    """Return the MARKET_TICK rows of this tick."""
    rows = np.zeros(state.params.markets, events.MARKET_TICK_DTYPE)
    fill_market_rows(state.book, rows, tick)
    return rows


@kernel
def fill_depth_rows(book: BookColumns, levels: int, best: np.ndarray, rows: np.ndarray) -> int:
    """Write the best levels of all markets, bids before asks; return how many rows there are.

    best: int64[levels, 2], scratch; rows: DEPTH_DTYPE[2 * M * levels], modified in place.
    """
    count = 0
    for m in range(book.market.shape[0]):
        for side in range(2):
            found = levels_of(book, m, side, levels, best)
            for place in range(found):
                rows[count]["market"] = m
                rows[count]["side"] = side
                rows[count]["price"] = best[place, 0]
                rows[count]["quantity"] = best[place, 1]
                count += 1
    return count


def depth_rows(state: WorldState, levels: int = 0) -> np.ndarray:
    """Return the DEPTH rows of all markets as the books stand now; 0 levels: those of a block."""
    if not levels:
        levels = BLOCK_LEVELS[state.params.regions - 1]
    levels = min(levels, limits.DEPTH_LEVELS_MAX)
    rows = np.zeros(2 * state.params.markets * levels, events.DEPTH_DTYPE)
    best = np.zeros((levels, 2), np.int64)
    return rows[: fill_depth_rows(state.book, levels, best, rows)]


def route_rows(state: WorldState) -> np.ndarray:
    """Return one ROUTE row per pair of regions as routes, tolls and tariffs stand now."""
    regions = state.params.regions
    rows = np.zeros(regions * (regions - 1), events.ROUTE_DTYPE)
    if not len(rows):
        return rows
    source, target = np.nonzero(~np.eye(regions, dtype=bool))
    rows["source"], rows["target"] = source, target
    rows["open"] = state.route.open[source, target]
    rows["delay_ticks"] = state.route.delay[source, target]
    rows["toll_bps"] = state.route.toll[source, target]
    rows["carrier_margin_bps"] = state.params.trade.carrier_margin_bps
    for kind in GoodKind:
        tariffs = state.arrays["fees"][target, TARIFF_CLASS + kind]
        rows[f"tariff_{kind.name.lower()}_bps"] = tariffs
    return rows


@kernel
def fill_tape_rows(book: BookColumns, tape: np.ndarray, most: int, rows: np.ndarray) -> int:
    """Write the last trades of this tick in each market, oldest first; return how many there are.

    tape: TAPE_DTYPE[M, ring]; most: int, trades a market, at most the ring; rows:
    TAPE_DTYPE[>= M * most] of events, modified in place.
    """
    count = 0
    for m in range(book.market.shape[0]):
        done = book.market[m]["trade_count"]
        for k in range(max(0, done - most), done):
            trade = tape[m, k % tape.shape[1]]
            rows[count]["market"] = m
            rows[count]["tick"] = trade["tick"]
            rows[count]["trade"] = trade["trade"]
            rows[count]["price"] = trade["price"]
            rows[count]["quantity"] = trade["quantity"]
            rows[count]["taker_side"] = trade["taker_side"]
            count += 1
    return count


def tape_rows(state: WorldState) -> np.ndarray:
    """Return the last trades of this tick in each market, at most BLOCK_TRADES, in their order."""
    most = BLOCK_TRADES[state.params.regions - 1]
    rows = np.zeros(state.params.markets * most, events.TAPE_DTYPE)
    return rows[: fill_tape_rows(state.book, state.outbox.tape, most, rows)]
