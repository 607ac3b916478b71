"""Indicators and events of the world as a whole."""

from __future__ import annotations

from typing import Any

import numpy as np

from markets.projections.columns import gather, run

_INSERT_POINTS = """
INSERT INTO markets_indicatorpoint (world_id, tick, indicator, market, value)
SELECT %s, * FROM unnest(%s::bigint[], %s::smallint[], %s::smallint[], %s::float8[])
ON CONFLICT (world_id, indicator, market, tick) DO NOTHING
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
        finite = points[np.isfinite(points["value"])]
        run(
            _INSERT_POINTS,
            batch.world_id,
            finite["tick"],
            finite["id"],
            finite["market"],
            finite["value"],
        )
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


def reset_history(world_id: int) -> None:
    """Drop every row of the world, so that its blocks can be read again from the first."""
    run("DELETE FROM markets_indicatorpoint WHERE world_id = %s", world_id)
    run("DELETE FROM markets_worldeventview WHERE world_id = %s", world_id)
