"""Candles and the market board: last price, best prices, day figures, book and tape."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
from django.db import connection

from economy_engine.events import WorldEvent
from economy_engine.goods import GOODS
from economy_engine.params import cents
from economy_engine.units import increment_for
from markets.projections.columns import gather, last_of_each, run
from markets.projections.routes import on_routes, reset_routes
from markets.selectors import CANDLE_INTERVALS, DAY_INTERVAL, ticks_per_day

DEPTH_LEVELS_MAX = 25
TAPE_MAX = 50
WINDOW_TICKS = 864_000
WINDOW_INTERVAL = 3_000
CHANGE_DAYS = 30
# How long fine candles are kept, in ticks; coarser ones stay.
KEEP_TICKS = {10: 864_000, 100: 7 * 864_000}
TRIM_EVERY_TICKS = 3_000
GENESIS_LEVELS = 12_000

# Rows of the batch fall into one bucket per interval. A bucket remembers the last tick that it
# has counted, so a block that comes again adds nothing.
_UPSERT_CANDLES = """
WITH fresh AS (
    SELECT * FROM unnest(
        %s::bigint[], %s::smallint[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[],
        %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[],
        %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[])
    AS t(tick, market, open, high, low, close, volume, value, trades, flow, bid, ask,
         best_bid_depth, best_ask_depth, bid_depth, ask_depth)
), length AS (
    SELECT * FROM unnest(%s::int[], %s::bigint[]) AS t(interval, ticks)
), counted AS (
    SELECT length.interval, fresh.market, fresh.tick - fresh.tick %% length.ticks AS bucket,
           fresh.tick, fresh.open, fresh.high, fresh.low, fresh.close, fresh.volume, fresh.value,
           fresh.trades, fresh.flow, fresh.best_bid_depth, fresh.best_ask_depth,
           fresh.bid_depth, fresh.ask_depth,
           CASE WHEN bid > 0 AND ask > 0 THEN (bid + ask) / 2.0::float8 END AS mid,
           CASE WHEN bid > 0 AND ask > 0 THEN 2.0::float8 * (ask - bid) / (ask + bid) END AS spread
    FROM fresh CROSS JOIN length
    LEFT JOIN markets_candle AS held
        ON held.world_id = %s AND held.market = fresh.market
        AND held.interval = length.interval
        AND held.tick = fresh.tick - fresh.tick %% length.ticks
    WHERE fresh.tick > coalesce(held.last_tick, -1)
)
INSERT INTO markets_candle AS held (
    world_id, market, interval, tick, open, high, low, close, volume, value, trades, last_tick,
    flow, mid, ticks, spread, two_sided, best_bid_depth, best_ask_depth, bid_depth, ask_depth)
SELECT %s, market, interval, bucket, (array_agg(open ORDER BY tick))[1], max(high), min(low),
       (array_agg(close ORDER BY tick DESC))[1], sum(volume)::bigint, sum(value)::bigint,
       sum(trades)::bigint, max(tick), sum(flow)::bigint,
       (array_agg(mid ORDER BY tick DESC) FILTER (WHERE mid IS NOT NULL))[1], count(*),
       coalesce(sum(spread ORDER BY tick), 0), count(spread), sum(best_bid_depth)::bigint,
       sum(best_ask_depth)::bigint, sum(bid_depth)::bigint, sum(ask_depth)::bigint
FROM counted GROUP BY market, interval, bucket
ON CONFLICT (world_id, market, interval, tick) DO UPDATE SET
    high = greatest(held.high, EXCLUDED.high), low = least(held.low, EXCLUDED.low),
    close = EXCLUDED.close, volume = held.volume + EXCLUDED.volume,
    value = held.value + EXCLUDED.value, trades = held.trades + EXCLUDED.trades,
    last_tick = EXCLUDED.last_tick, flow = held.flow + EXCLUDED.flow,
    mid = coalesce(EXCLUDED.mid, held.mid), ticks = held.ticks + EXCLUDED.ticks,
    spread = held.spread + EXCLUDED.spread, two_sided = held.two_sided + EXCLUDED.two_sided,
    best_bid_depth = held.best_bid_depth + EXCLUDED.best_bid_depth,
    best_ask_depth = held.best_ask_depth + EXCLUDED.best_ask_depth,
    bid_depth = held.bid_depth + EXCLUDED.bid_depth,
    ask_depth = held.ask_depth + EXCLUDED.ask_depth
"""
_CANDLE_FIELDS = (
    "tick", "market", "open", "high", "low", "close", "volume", "value", "trades", "flow",
    "best_bid", "best_ask", "best_bid_depth", "best_ask_depth", "bid_depth", "ask_depth",
)  # fmt: skip

_UPSERT_STATS = """
WITH fresh AS (
    SELECT * FROM unnest(
        %(market)s::smallint[], %(tick)s::bigint[], %(last)s::bigint[], %(bid)s::bigint[],
        %(ask)s::bigint[], %(bid_depth)s::bigint[], %(ask_depth)s::bigint[],
        %(commit)s::bigint[])
    AS t(market, tick, last, bid, ask, bid_depth, ask_depth, commit)
)
INSERT INTO markets_marketstat AS held (
    world_id, market, tick, last, bid, ask, bid_depth, ask_depth, high, low, volume, value,
    trades, change_from, increment, bids, asks, tape, commit)
SELECT %(world)s, fresh.market, fresh.tick, fresh.last, fresh.bid, fresh.ask, fresh.bid_depth,
       fresh.ask_depth, w.high, w.low, w.volume, w.value, w.trades, base.price, start.increment,
       '[]', '[]', '[]', fresh.commit
FROM fresh
JOIN unnest(%(every)s::smallint[], %(increments)s::bigint[]) AS start(market, increment)
    ON start.market = fresh.market
CROSS JOIN LATERAL (
    SELECT coalesce(max(c.high), fresh.last) AS high, coalesce(min(c.low), fresh.last) AS low,
           coalesce(sum(c.volume), 0)::bigint AS volume,
           coalesce(sum(c.value), 0)::bigint AS value,
           coalesce(sum(c.trades), 0)::bigint AS trades
    FROM markets_candle c
    WHERE c.world_id = %(world)s AND c.market = fresh.market AND c.interval = %(interval)s
      AND c.tick > fresh.tick - %(window)s
) AS w
CROSS JOIN LATERAL (
    SELECT coalesce(
        (SELECT c.close FROM markets_candle c
         WHERE c.world_id = %(world)s AND c.market = fresh.market AND c.interval = 0
           AND c.tick <= fresh.tick - %(change_ticks)s ORDER BY c.tick DESC LIMIT 1),
        (SELECT c.close FROM markets_candle c
         WHERE c.world_id = %(world)s AND c.market = fresh.market AND c.interval = 0
         ORDER BY c.tick LIMIT 1),
        fresh.last) AS price
) AS base
ON CONFLICT (world_id, market) DO UPDATE SET
    tick = EXCLUDED.tick, last = EXCLUDED.last, bid = EXCLUDED.bid, ask = EXCLUDED.ask,
    bid_depth = EXCLUDED.bid_depth, ask_depth = EXCLUDED.ask_depth, high = EXCLUDED.high,
    low = EXCLUDED.low, volume = EXCLUDED.volume, value = EXCLUDED.value,
    trades = EXCLUDED.trades, change_from = EXCLUDED.change_from, commit = EXCLUDED.commit
WHERE held.commit < EXCLUDED.commit
"""

_UPDATE_BOOKS = """
UPDATE markets_marketstat AS held SET bids = fresh.bids, asks = fresh.asks, commit = fresh.commit
FROM unnest(%s::smallint[], %s::jsonb[], %s::jsonb[], %s::bigint[])
    AS fresh(market, bids, asks, commit)
WHERE held.world_id = %s AND held.market = fresh.market AND held.commit <= fresh.commit
"""

_UPDATE_INCREMENTS = """
UPDATE markets_marketstat AS held SET increment = fresh.increment
FROM unnest(%s::smallint[], %s::bigint[]) AS fresh(market, increment)
WHERE held.world_id = %s AND held.market = fresh.market AND fresh.increment > 0
"""

_UPDATE_TAPES = """
UPDATE markets_marketstat AS held SET tape = fresh.tape
FROM unnest(%s::smallint[], %s::jsonb[]) AS fresh(market, tape)
WHERE held.world_id = %s AND held.market = fresh.market
"""


def on_market_events(batch: Any) -> None:
    """Write candles, then the board that is computed from them, then book and tape."""
    rows, commits = gather(batch.blocks, "market_ticks")
    if len(rows):
        rows = _with_quiet_ticks(rows)
        day = ticks_per_day(batch.world_id)
        _candles(batch.world_id, rows, day)
        _stats(batch.world_id, rows, commits, day)
        _trim(batch.world_id, int(rows["tick"].min()), int(rows["tick"].max()))
    _increments(batch)
    _books(batch)
    _tapes(batch)
    on_routes(batch)


def _with_quiet_ticks(rows: np.ndarray) -> np.ndarray:
    """A tick without trades opens, peaks and ends at the last price."""
    rows = rows.copy()
    for name in ("open", "high", "low"):
        rows[name] = np.where(rows[name] > 0, rows[name], rows["close"])
    return rows


def _candles(world_id: int, rows: np.ndarray, day: int) -> None:
    priced = rows[rows["close"] > 0]
    intervals = [*CANDLE_INTERVALS, DAY_INTERVAL]
    run(
        _UPSERT_CANDLES,
        *(priced[name] for name in _CANDLE_FIELDS),
        intervals,
        [*CANDLE_INTERVALS, day],
        world_id,
        world_id,
    )


def _stats(world_id: int, rows: np.ndarray, commits: np.ndarray, day: int) -> None:
    last = last_of_each(rows["market"])
    newest = rows[last]
    names = ("market", "tick", "bid_depth", "ask_depth")
    parameters = {name: newest[name].tolist() for name in names}
    parameters |= {
        "last": newest["close"].tolist(),
        "bid": newest["best_bid"].tolist(),
        "ask": newest["best_ask"].tolist(),
        "commit": commits[last].tolist(),
        "world": world_id,
        "interval": WINDOW_INTERVAL,
        "window": WINDOW_TICKS,
        "change_ticks": CHANGE_DAYS * day,
        "every": sorted(set(newest["market"].tolist())),
    }
    parameters["increments"] = [_increment_at_genesis(market) for market in parameters["every"]]
    with connection.cursor() as cursor:
        cursor.execute(_UPSERT_STATS, parameters)


def _increment_at_genesis(market: int) -> int:
    good = GOODS[market % len(GOODS)]
    return increment_for(cents(good.price_cents * good.start_factor), GENESIS_LEVELS)


def _increments(batch: Any) -> None:
    """A market's new price increment, as the day's end announced it."""
    events, _ = gather(batch.blocks, "world_events")
    if not len(events):
        return
    changed = events[events["kind"] == WorldEvent.PRICE_INCREMENT_CHANGED]
    if len(changed):
        newest = changed[last_of_each(changed["market"])]
        run(_UPDATE_INCREMENTS, newest["market"], newest["detail"], batch.world_id)


def _books(batch: Any) -> None:
    """The newest block with depth tells the whole book: a side without rows is empty."""
    deep = [decoded for decoded in batch.blocks if len(decoded.block.depth)]
    if not deep:
        return
    newest = deep[-1]
    markets: dict[int, tuple[list[list[int]], list[list[int]]]] = {}
    for row in newest.block.depth.tolist():
        market, side, price, quantity = row
        levels = markets.setdefault(market, ([], []))[side]
        if len(levels) < DEPTH_LEVELS_MAX:
            levels.append([price, quantity])
    run(
        _UPDATE_BOOKS,
        list(markets),
        [json.dumps(bids) for bids, _ in markets.values()],
        [json.dumps(asks) for _, asks in markets.values()],
        [newest.commit] * len(markets),
        batch.world_id,
    )


def _tapes(batch: Any) -> None:
    """Keep the newest 50 public trades of each market; a trade's number is its identity."""
    rows, _ = gather(batch.blocks, "tape")
    if not len(rows):
        return
    fresh: dict[int, dict[int, list[int]]] = {}
    names = ["market", "trade", "price", "quantity", "taker_side", "tick"]
    for market, *trade in zip(*(rows[name].tolist() for name in names), strict=True):
        fresh.setdefault(market, {})[trade[0]] = trade
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT market, tape FROM markets_marketstat"
            " WHERE world_id = %s AND market = ANY(%s::smallint[])",
            [batch.world_id, list(fresh)],
        )
        for market, tape in cursor.fetchall():
            held = json.loads(tape) if isinstance(tape, str) else tape
            fresh[market] = {trade[0]: trade for trade in held} | fresh[market]
    tapes = [
        json.dumps([trades[number] for number in sorted(trades)[-TAPE_MAX:]])
        for trades in fresh.values()
    ]
    run(_UPDATE_TAPES, list(fresh), tapes, batch.world_id)


def _trim(world_id: int, tick_from: int, tick_to: int) -> None:
    """Forget fine candles that are old; due when the batch crosses a multiple of 3,000 ticks."""
    if (tick_from - 1) // TRIM_EVERY_TICKS == tick_to // TRIM_EVERY_TICKS:
        return
    due = tick_to - tick_to % TRIM_EVERY_TICKS
    for interval, keep in KEEP_TICKS.items():
        run(
            "DELETE FROM markets_candle WHERE world_id = %s AND interval = %s AND tick < %s",
            world_id,
            interval,
            due - keep,
        )


def reset_markets(world_id: int) -> None:
    """Drop every row of the world, so that its blocks can be read again from the first."""
    run("DELETE FROM markets_candle WHERE world_id = %s", world_id)
    run("DELETE FROM markets_marketstat WHERE world_id = %s", world_id)
    reset_routes(world_id)
