"""Orders, fills, balances and shipments of participants."""

from __future__ import annotations

from typing import Any

import numpy as np
from django.db import connection

from economy_engine.events import ShipmentEvent
from economy_engine.order_terms import OrderStatus
from markets.projections.columns import gather, last_of_each, run
from worlds import projector

_OPEN = (OrderStatus.NEW, OrderStatus.PARTIALLY_FILLED)

_UPSERT_ORDERS = """
INSERT INTO markets_orderview AS held (
    world_id, seq, command_id, participant_id, market, side, order_type, time_in_force, price,
    quantity, filled, "left", value, fee, status, reason, is_open, tick, updated_tick,
    expires_tick, commit)
SELECT %s, * FROM unnest(
    %s::bigint[], %s::uuid[], %s::bigint[], %s::smallint[], %s::smallint[], %s::smallint[],
    %s::smallint[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[],
    %s::bigint[], %s::smallint[], %s::smallint[], %s::boolean[], %s::bigint[], %s::bigint[],
    %s::bigint[], %s::bigint[])
ON CONFLICT (world_id, seq) DO UPDATE SET
    price = EXCLUDED.price, quantity = EXCLUDED.quantity, filled = EXCLUDED.filled,
    "left" = EXCLUDED."left", value = EXCLUDED.value, fee = EXCLUDED.fee,
    status = EXCLUDED.status, reason = EXCLUDED.reason, is_open = EXCLUDED.is_open,
    updated_tick = EXCLUDED.updated_tick, expires_tick = EXCLUDED.expires_tick,
    commit = EXCLUDED.commit
WHERE held.commit < EXCLUDED.commit
"""

_INSERT_FILLS = """
INSERT INTO markets_fillview (
    world_id, market, trade, side, order_seq, command_id, participant_id, price, quantity, value,
    fee, is_maker, tick, commit)
SELECT %s, * FROM unnest(
    %s::smallint[], %s::bigint[], %s::smallint[], %s::bigint[], %s::uuid[], %s::bigint[],
    %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[], %s::boolean[], %s::bigint[],
    %s::bigint[])
ON CONFLICT (world_id, market, trade, side) DO NOTHING
"""

_UPSERT_BALANCES = """
INSERT INTO markets_balance AS held (world_id, participant_id, asset, available, held, commit)
SELECT %s, * FROM unnest(
    %s::bigint[], %s::smallint[], %s::bigint[], %s::bigint[], %s::bigint[])
ON CONFLICT (world_id, participant_id, asset) DO UPDATE SET
    available = EXCLUDED.available, held = EXCLUDED.held, commit = EXCLUDED.commit
WHERE held.commit < EXCLUDED.commit
"""


_UPSERT_SHIPMENTS = """
INSERT INTO markets_shipmentview AS held (
    world_id, number, participant_id, source, target, quantity, energy_lots, charged, tick,
    arrives_tick, arrived, commit)
SELECT %s, * FROM unnest(
    %s::bigint[], %s::bigint[], %s::smallint[], %s::smallint[], %s::bigint[], %s::bigint[],
    %s::bigint[], %s::bigint[], %s::bigint[], %s::boolean[], %s::bigint[])
ON CONFLICT (world_id, number) DO UPDATE SET
    arrived = EXCLUDED.arrived, commit = EXCLUDED.commit
WHERE held.commit < EXCLUDED.commit
"""


def on_account_events(batch: Any) -> None:
    """Write the orders, fills, balances and shipments of a batch of blocks.

    Within a batch only the last state of an order or balance is written; an order's first tick
    stays the tick of its first event, also when that lies in an earlier batch.
    """
    _orders(batch)
    _fills(batch)
    _balances(batch)
    _shipments(batch)


def _orders(batch: Any) -> None:
    rows, commits = gather(batch.blocks, "orders")
    if not len(rows):
        return
    last = last_of_each(rows["seq"])
    seqs, first = np.unique(rows["seq"], return_index=True)
    first_tick = dict(zip(seqs.tolist(), rows["tick"][first].tolist(), strict=True))
    newest, at = rows[last], commits[last]
    ids = batch.order_ids.resolve(newest["seq"].tolist())
    run(
        _UPSERT_ORDERS,
        batch.world_id,
        newest["seq"],
        [ids[seq] for seq in newest["seq"].tolist()],
        newest["participant"],
        newest["market"],
        newest["side"],
        newest["type"],
        newest["tif"],
        newest["price"],
        newest["quantity"],
        newest["filled"],
        newest["left"],
        newest["value"],
        newest["fee"],
        newest["status"],
        newest["reason"],
        np.isin(newest["status"], [int(status) for status in _OPEN]),
        [first_tick[seq] for seq in newest["seq"].tolist()],
        newest["tick"],
        newest["expires_tick"],
        at,
    )


def _fills(batch: Any) -> None:
    rows, commits = gather(batch.blocks, "fills")
    if not len(rows):
        return
    ids = batch.order_ids.resolve(np.unique(rows["seq"]).tolist())
    run(
        _INSERT_FILLS,
        batch.world_id,
        rows["market"],
        rows["trade"],
        rows["side"],
        rows["seq"],
        [ids[seq] for seq in rows["seq"].tolist()],
        rows["participant"],
        rows["price"],
        rows["quantity"],
        rows["value"],
        rows["fee"],
        rows["is_maker"].astype(bool),
        rows["tick"],
        commits,
    )


def _balances(batch: Any) -> None:
    rows, commits = gather(batch.blocks, "balances")
    if not len(rows):
        return
    last = last_of_each(rows["participant"], rows["asset"])
    newest = rows[last]
    run(
        _UPSERT_BALANCES,
        batch.world_id,
        newest["participant"],
        newest["asset"],
        newest["available"],
        newest["held"],
        commits[last],
    )


def _shipments(batch: Any) -> None:
    """A departure tells what was charged, an arrival that it is over: both in one batch merge."""
    rows, commits = gather(batch.blocks, "shipments")
    if not len(rows):
        return
    numbers, first = np.unique(rows["number"], return_index=True)
    last = last_of_each(rows["number"])
    arrived = dict(zip(rows["number"][last].tolist(), rows["event"][last], strict=True))
    newest = dict(zip(rows["number"][last].tolist(), commits[last].tolist(), strict=True))
    begun = rows[first]
    run(
        _UPSERT_SHIPMENTS,
        batch.world_id,
        begun["number"],
        begun["participant"],
        begun["source"],
        begun["target"],
        begun["lots"],
        begun["energy_lots"],
        begun["charged"],
        begun["tick"],
        begun["arrives_tick"],
        [bool(arrived[number] == ShipmentEvent.ARRIVED) for number in numbers.tolist()],
        [newest[number] for number in numbers.tolist()],
    )


_LAST = "SELECT max(commit) FROM markets_balance WHERE world_id = %s AND commit <= %s"
_SUMS = """
SELECT asset, sum(available)::bigint, sum(held)::bigint FROM markets_balance
WHERE world_id = %s GROUP BY asset
"""


def audit_balances(world_id: int, applied_commit: int) -> list[str]:
    """Compare the sums of all balances with what the newest block that moved one says they are.

    Called with the projection's position held. Silent when that block was pruned.
    """
    with connection.cursor() as cursor:
        cursor.execute(_LAST, (world_id, applied_commit))
        commit = cursor.fetchone()[0]
        block = projector.block_at(world_id, commit) if commit is not None else None
        if block is None or not len(block.totals):
            return []
        cursor.execute(_SUMS, (world_id,))
        kept = {asset: (available, held) for asset, available, held in cursor.fetchall()}
    found = []
    for asset, available, held in block.totals.tolist():
        free, bound = kept.get(asset, (0, 0))
        if (free, bound) != (available, held):
            found.append(
                f"balances of asset {asset} at commit {commit}: {free} free and {bound} held,"
                f" the engine has {available} and {held}"
            )
    return found


def reset_accounts(world_id: int) -> None:
    """Drop every row of the world, so that its blocks can be read again from the first."""
    run("DELETE FROM markets_orderview WHERE world_id = %s", world_id)
    run("DELETE FROM markets_fillview WHERE world_id = %s", world_id)
    run("DELETE FROM markets_balance WHERE world_id = %s", world_id)
    run("DELETE FROM markets_shipmentview WHERE world_id = %s", world_id)
