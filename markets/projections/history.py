"""Indicators and events of the world as a whole."""

from __future__ import annotations

from typing import Any

import numpy as np

from economy_engine.catalogue import Cadence, entry_of
from markets.projections.columns import gather, last_of_each, run
from markets.projections.rollup import lengths, trim
from markets.selectors import ticks_per_day

_TABLE = "markets_indicatorpoint"
# A value falls into one bucket of each interval that is no shorter than the time between two
# values. A bucket remembers the last tick that it has counted, so a block that comes again adds
# nothing.
_UPSERT_POINTS = """
WITH fresh AS (
    SELECT * FROM unnest(
        %s::bigint[], %s::smallint[], %s::smallint[], %s::float8[], %s::bigint[])
    AS t(tick, indicator, market, value, spacing)
), length AS (
    SELECT * FROM unnest(%s::int[], %s::bigint[]) AS t(interval, ticks)
)
INSERT INTO markets_indicatorpoint AS held (
    world_id, indicator, market, interval, tick, value, low, high, total, count, last_tick)
SELECT %s, indicator, market, interval, bucket, (array_agg(value ORDER BY fresh.tick DESC))[1],
       min(value), max(value), sum(value ORDER BY fresh.tick), count(*), max(fresh.tick)
FROM (
    SELECT length.interval, fresh.*, fresh.tick - fresh.tick %% length.ticks AS bucket
    FROM fresh JOIN length ON length.ticks >= fresh.spacing
) AS fresh
WHERE fresh.tick > coalesce((
    SELECT old.last_tick FROM markets_indicatorpoint AS old
    WHERE old.world_id = %s AND old.indicator = fresh.indicator AND old.market = fresh.market
      AND old.interval = fresh.interval AND old.tick = fresh.bucket), -1)
GROUP BY indicator, market, interval, bucket
ON CONFLICT (world_id, indicator, market, interval, tick) DO UPDATE SET
    value = EXCLUDED.value, low = least(held.low, EXCLUDED.low),
    high = greatest(held.high, EXCLUDED.high), total = held.total + EXCLUDED.total,
    count = held.count + EXCLUDED.count, last_tick = EXCLUDED.last_tick
"""

_INSERT_EVENTS = """
INSERT INTO markets_worldeventview (world_id, commit, position, tick, kind, market, value, detail)
SELECT %s, * FROM unnest(
    %s::bigint[], %s::int[], %s::bigint[], %s::smallint[], %s::smallint[], %s::float8[],
    %s::bigint[])
ON CONFLICT (world_id, commit, position) DO NOTHING
"""


def on_world_events(batch: Any) -> None:
    """Write the indicator points and world events of a batch; what is there already stays."""
    points, _ = gather(batch.blocks, "indicators")
    if len(points):
        _points(batch.world_id, points[np.isfinite(points["value"])])
    events, commits = gather(batch.blocks, "world_events")
    if len(events):
        # Numbered within their commit: the pair names an event for ever.
        starts = np.searchsorted(commits, commits)
        run(
            _INSERT_EVENTS,
            batch.world_id,
            commits,
            np.arange(len(events)) - starts,
            events["tick"],
            events["kind"],
            events["market"],
            np.nan_to_num(events["value"]),
            events["detail"],
        )


def _points(world_id: int, points: np.ndarray) -> None:
    """Write values into their buckets; of two values of one tick the later counts."""
    if not len(points):
        return
    day = ticks_per_day(world_id)
    points = points[last_of_each(points["tick"], points["id"], points["market"])]
    daily = {
        number: entry_of(number).cadence != Cadence.BAR for number in set(points["id"].tolist())
    }
    spacing = [day if daily[number] else 1 for number in points["id"].tolist()]
    run(
        _UPSERT_POINTS,
        points["tick"],
        points["id"],
        points["market"],
        points["value"],
        spacing,
        *lengths(day),
        world_id,
        world_id,
    )
    trim(_TABLE, world_id, int(points["tick"].min()), int(points["tick"].max()), day)


def reset_history(world_id: int) -> None:
    """Drop every row of the world, so that its blocks can be read again from the first."""
    run("DELETE FROM markets_indicatorpoint WHERE world_id = %s", world_id)
    run("DELETE FROM markets_worldeventview WHERE world_id = %s", world_id)
