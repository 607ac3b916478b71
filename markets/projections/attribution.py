"""Why prices moved, summed over buckets of ticks: log changes add up over time."""

from __future__ import annotations

from typing import Any

from economy_engine.events import ATTRIBUTION_PARTS
from markets.projections.columns import gather, run
from markets.projections.rollup import lengths, trim
from markets.selectors import ticks_per_day

_TABLE = "markets_attribution"
_NAMES = ", ".join(ATTRIBUTION_PARTS)
_ARRAYS = ", ".join("%s::float8[]" for _ in ATTRIBUTION_PARTS)
_SUMS = ", ".join(f"sum({name} ORDER BY fresh.tick)" for name in ATTRIBUTION_PARTS)
_MERGED = ", ".join(f"{name} = held.{name} + EXCLUDED.{name}" for name in ATTRIBUTION_PARTS)
# A bucket remembers the last tick that it has counted, so a block that comes again adds nothing.
_UPSERT = f"""
WITH fresh AS (
    SELECT * FROM unnest(%s::bigint[], %s::smallint[], {_ARRAYS}) AS t(tick, market, {_NAMES})
), length AS (
    SELECT * FROM unnest(%s::int[], %s::bigint[]) AS t(interval, ticks)
)
INSERT INTO {_TABLE} AS held (world_id, market, interval, tick, {_NAMES}, last_tick)
SELECT %s, market, interval, bucket, {_SUMS}, max(fresh.tick)
FROM (
    SELECT length.interval, fresh.*, fresh.tick - fresh.tick %% length.ticks AS bucket
    FROM fresh CROSS JOIN length
) AS fresh
WHERE fresh.tick > coalesce((
    SELECT old.last_tick FROM {_TABLE} AS old
    WHERE old.world_id = %s AND old.market = fresh.market AND old.interval = fresh.interval
      AND old.tick = fresh.bucket), -1)
GROUP BY market, interval, bucket
ON CONFLICT (world_id, market, interval, tick) DO UPDATE SET
    {_MERGED}, last_tick = EXCLUDED.last_tick
"""


def on_attributions(batch: Any) -> None:
    """Add the parts of a batch to their buckets; what was counted before adds nothing."""
    rows, _ = gather(batch.blocks, "attributions")
    if not len(rows):
        return
    day = ticks_per_day(batch.world_id)
    parts = [rows[name] for name in ATTRIBUTION_PARTS]
    stored, ticks = lengths(day)
    run(
        _UPSERT, rows["tick"], rows["market"], *parts, stored, ticks, batch.world_id,
        batch.world_id,
    )  # fmt: skip
    trim(_TABLE, batch.world_id, int(rows["tick"].min()), int(rows["tick"].max()), day)


def reset_attributions(world_id: int) -> None:
    """Drop every row of the world, so that its blocks can be read again from the first."""
    run(f"DELETE FROM {_TABLE} WHERE world_id = %s", world_id)
