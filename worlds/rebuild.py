"""Dropping projections and deriving them again: stored blocks are read, pruned ones replayed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import psycopg
from django.db import transaction

from worlds import projector, recovery, snapshots
from worlds.engine import Engine
from worlds.errors import SnapshotUnusable
from worlds.journal import Position, chain_at
from worlds.models import Block, ProjectionPosition, World
from worlds.projector import Batch, DecodedBlock, OrderIds, Projection

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """What became of one projection. `missing`: what could not be derived, None when complete."""

    name: str
    commits_read: int
    commits_replayed: int
    reset: bool
    missing: str | None


def rebuild(
    engine: Engine,
    connection: psycopg.Connection,
    world: World,
    names: list[str] | None = None,
    progress: Progress | None = None,
) -> list[Rebuilt]:
    """Rebuild the named projections of a world, all by default, one after the other."""
    known = projector.registered()
    unknown = set(names or ()) - known.keys()
    if unknown:
        raise LookupError(f"unknown projections: {', '.join(sorted(unknown))}")
    wanted = [known[name] for name in names] if names else list(known.values())
    before = _Before(engine)
    return [_rebuild_one(engine, connection, world, each, before, progress) for each in wanted]


class _Before:
    """What the days before genesis told, lived through again at most once, and only if needed."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._block: Any = None

    def batches(self, world: World, state: recovery.World) -> list[Batch]:
        """One batch, or none for a world without such days or a fork; `state` is genesis."""
        if not self._engine.tick(state.state) or hasattr(world, "fork"):
            return []
        if self._block is None:
            self._block = self._engine.relive(state.state)
        tick = state.position.tick
        told = DecodedBlock(0, tick, 1, 0, world.created_at, self._block)
        return [Batch(world.pk, 0, 0, [told], OrderIds(world.pk))]


def _rebuild_one(
    engine: Engine,
    connection: psycopg.Connection,
    world: World,
    projection: Projection,
    before: _Before,
    progress: Progress | None,
) -> Rebuilt:
    ProjectionPosition.objects.get_or_create(world=world, name=projection.name)
    replayed, missing = 0, None
    with transaction.atomic():
        # Held until the pruned part is written: readers see the old rows until then.
        ProjectionPosition.objects.select_for_update().get(world=world, name=projection.name)
        if projection.reset is not None:
            projection.reset(world.pk)
        first = Block.objects.filter(world=world).order_by("commit").first()
        end = first.commit - 1 if first is not None else 0
        if first is not None and (end > 0 or (end == 0 and first.tick > first.ticks)):
            replayed, missing = _replay_pruned(engine, connection, world, projection, first, before)
        projector.move_position(world.pk, projection.name, end if first is not None else -1)
    read = 0
    while done := projector.apply_next(world.pk, projection):
        read += done
        if progress is not None:
            progress(projection.name, read, replayed)
    return Rebuilt(projection.name, read, replayed, projection.reset is not None, missing)


def _replay_pruned(
    engine: Engine,
    connection: psycopg.Connection,
    world: World,
    projection: Projection,
    first: Block,
    before: _Before,
) -> tuple[int, str | None]:
    """Derive what came before the first stored block by replay from the oldest snapshot."""
    end = Position(
        first.commit - 1,
        first.seq_from - 1,
        first.tick - first.ticks,
        chain_at(connection, world.pk, first.seq_from - 1) or b"",
    )
    oldest = snapshots.records(connection, world.pk, end.commit)
    if not oldest:
        return 0, f"commits 1 to {end.commit}: no snapshot before them"
    try:
        opened = snapshots.open_record(connection, world.pk, oldest[-1])
        state = recovery.load(engine, opened)
    except SnapshotUnusable as error:
        return 0, f"commits 1 to {end.commit}: {error}"
    start = oldest[-1]
    count = 0
    if start.commit == 0:
        try:
            for batch in before.batches(world, state):
                projection.handler(batch)
        except ValueError as error:
            return 0, f"commits 0 to {end.commit}: {error}"
    for batch in _batches(engine, connection, world, state, end):
        projection.handler(batch)
        count += len(batch.blocks)
    missing = f"commits 1 to {start.commit}: no older snapshot" if start.commit else None
    return count, missing


def _batches(
    engine: Engine,
    connection: psycopg.Connection,
    world: World,
    state: recovery.World,
    end: Position,
) -> Iterator[Batch]:
    order_ids = OrderIds(world.pk)
    blocks: list[DecodedBlock] = []
    genesis_tick, rate = state.position.tick, world.head.tick_rate_hz
    seq = state.position.seq
    for replayed in recovery.replay(engine, connection, world.pk, state, end):
        position = replayed.step.position
        # Wall time is for people only; of a pruned block it is what the tick rate says.
        at = world.created_at + timedelta(seconds=(position.tick - genesis_tick) / rate)
        block = replayed.applied.block
        blocks.append(
            DecodedBlock(position.commit, position.tick, seq + 1, position.seq, at, block)
        )
        seq = position.seq
        if len(blocks) >= projector.BATCH_COMMITS:
            yield Batch(world.pk, blocks[0].commit, blocks[-1].commit, blocks, order_ids)
            blocks = []
    if blocks:
        yield Batch(world.pk, blocks[0].commit, blocks[-1].commit, blocks, order_ids)
