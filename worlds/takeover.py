"""From a fresh lease to a world in memory: rebuilt at its head, its head announced again."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection

import psycopg
import structlog

from worlds import metrics, recovery
from worlds import surroundings as around
from worlds.engine import Engine
from worlds.journal import lineage_names
from worlds.lease import Lease
from worlds.memory import OrderName
from worlds.runner import FAILURES_MAX, Announcer, Held, Made

_SLUG = "select slug from worlds_world where id = %s"

log = structlog.get_logger(__name__)


def take_over(
    engine: Engine,
    connection: psycopg.Connection,
    claimed: Lease,
    keepalive: Callable[[], None],
) -> Held:
    """Rebuild a claimed world. Raises ReplayMismatch, SnapshotUnusable, or what `keepalive` does
    when the lease is lost meanwhile."""
    started = time.monotonic()
    restored = recovery.restore(
        engine, connection, claimed.world_id, claimed.position, keepalive=keepalive
    )
    row = connection.execute(_SLUG, (claimed.world_id,)).fetchone()
    state = restored.world.state
    held = Held(
        slug=row[0] if row else str(claimed.world_id),
        lease=claimed,
        world=restored.world,
        halted=engine.halted(state),
        due=around.monotonic(),
        careful=claimed.attempts > FAILURES_MAX or claimed.suspect is not None,
        snapshot_tick=claimed.position.tick,
        snapshot_commit=restored.snapshot_commit,
        checked_tick=claimed.position.tick,
    )
    names = order_names(connection, claimed.world_id, engine.open_order_seqs(state))
    held.world.memory.order_ids = names
    metrics.claims_total.labels(held.label).inc()
    log.info(
        "claimed",
        world=held.slug,
        epoch=claimed.epoch,
        commit=claimed.position.commit,
        tick=claimed.position.tick,
        replayed_ticks=restored.ticks,
        replayed_commands=restored.commands,
        milliseconds=round((time.monotonic() - started) * 1000),
    )
    return held


def announce_head(
    engine: Engine, connection: psycopg.Connection, announcer: Announcer, held: Held
) -> None:
    """Announce the newest commit again: its writer may have died before it did. Readers know a
    commit's number and skip a repeat."""
    made = recovery.head_commit(engine, connection, held.world_id, held.world.position)
    if made is None:
        return
    memory = held.world.memory
    spoken_of = {*made["block"].orders["seq"].tolist(), *made["block"].fills["seq"].tolist()}
    memory.order_ids |= order_names(connection, held.world_id, spoken_of)
    announcer.announce(held, Made(**made, repeated=True))
    memory.forget_orders(engine.closed_orders(made["block"]))


def order_names(
    connection: psycopg.Connection, world_id: int, seqs: Collection[int]
) -> dict[int, OrderName]:
    """What the journal knows of these orders' commands; a branch's parents know the older ones."""
    found = lineage_names(connection, world_id, seqs)
    return {seq: OrderName(command_id, tick) for seq, command_id, tick in found}
