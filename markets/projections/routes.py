"""Ways between regions, as the newest block tells of them."""

from __future__ import annotations

from typing import Any

from markets.projections.columns import run

_COSTS = (
    "delay_ticks",
    "toll_bps",
    "tariff_produced_bps",
    "tariff_finite_bps",
    "tariff_renewable_bps",
    "tariff_artificial_bps",
    "carrier_margin_bps",
)
# A route is written when it changed: most batches write none.
_UPSERT = """
INSERT INTO markets_routeview AS held (
    world_id, source, target, is_open, delay_ticks, toll_bps, tariff_produced_bps,
    tariff_finite_bps, tariff_renewable_bps, tariff_artificial_bps, carrier_margin_bps, commit)
SELECT %s, fresh.*, %s FROM unnest(
    %s::smallint[], %s::smallint[], %s::boolean[], %s::bigint[], %s::int[], %s::int[], %s::int[],
    %s::int[], %s::int[], %s::int[]) AS fresh
ON CONFLICT (world_id, source, target) DO UPDATE SET
    is_open = EXCLUDED.is_open, delay_ticks = EXCLUDED.delay_ticks, toll_bps = EXCLUDED.toll_bps,
    tariff_produced_bps = EXCLUDED.tariff_produced_bps,
    tariff_finite_bps = EXCLUDED.tariff_finite_bps,
    tariff_renewable_bps = EXCLUDED.tariff_renewable_bps,
    tariff_artificial_bps = EXCLUDED.tariff_artificial_bps,
    carrier_margin_bps = EXCLUDED.carrier_margin_bps, commit = EXCLUDED.commit
WHERE held.commit < EXCLUDED.commit AND
    (held.is_open, held.delay_ticks, held.toll_bps, held.tariff_produced_bps,
     held.tariff_finite_bps, held.tariff_renewable_bps, held.tariff_artificial_bps,
     held.carrier_margin_bps) IS DISTINCT FROM
    (EXCLUDED.is_open, EXCLUDED.delay_ticks, EXCLUDED.toll_bps, EXCLUDED.tariff_produced_bps,
     EXCLUDED.tariff_finite_bps, EXCLUDED.tariff_renewable_bps, EXCLUDED.tariff_artificial_bps,
     EXCLUDED.carrier_margin_bps)
"""


def on_routes(batch: Any) -> None:
    """Write the routes of the newest block that has some."""
    told = [decoded for decoded in batch.blocks if len(decoded.block.routes)]
    if not told:
        return
    rows = told[-1].block.routes
    costs = [rows[name] for name in _COSTS]
    is_open = rows["open"].astype(bool)
    run(_UPSERT, batch.world_id, told[-1].commit, rows["source"], rows["target"], is_open, *costs)


def reset_routes(world_id: int) -> None:
    """Drop every row of the world, so that its blocks can be read again from the first."""
    run("DELETE FROM markets_routeview WHERE world_id = %s", world_id)
