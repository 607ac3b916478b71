"""Projections: rows derived from blocks, in commit order, each with a position of its own.

A handler writes in the transaction that moves its position, so a batch is applied once or not at
all. Blocks are read by one task at a time per projection; nothing here holds up a tick.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

import structlog
import zstandard
from django.db import connection, transaction

from economy_engine import events
from economy_engine.order_terms import is_rule_order
from worlds import faults
from worlds import surroundings as around
from worlds.journal import LINEAGE
from worlds.models import Fork, ProjectionPosition
from worlds.rule_orders import order_id

BATCH_COMMITS = 200
BATCHES_MAX = 500
EVENTS_BYTES_MAX = 256 * 1024 * 1024
UNREADABLE_RETRY_SECONDS = 60.0

_READ = """
select "commit", tick, seq_from, seq_to, created_at, events from block
where world_id = %s and "commit" > %s order by "commit" limit %s
"""

log = structlog.get_logger(__name__)
# When a projection that met an unreadable block is tried again, by world and name.
_given_up: dict[tuple[int, str], float] = {}
Handler = Callable[["Batch"], None]
Reset = Callable[[int], None]
Audit = Callable[[int, int], list[str]]  # world, applied commit; what differs, in words


@dataclass(frozen=True, slots=True)
class DecodedBlock:
    """One commit's events. `tick`: ticks done after it; commands have seq_from..seq_to."""

    commit: int
    tick: int
    seq_from: int
    seq_to: int
    created_at: datetime
    block: events.Block


class OrderIds:
    """From a command's seq to its UUID, looked up in the journal in one query per call.

    Orders that sites placed by rule are called by their number.
    """

    def __init__(self, world_id: int) -> None:
        self._world_id = world_id
        self._known: dict[int, UUID] = {}

    def resolve(self, seqs: Collection[int]) -> Mapping[int, UUID]:
        """The UUIDs of these commands; raises LookupError when the journal lacks one."""
        wanted = {int(seq) for seq in seqs}
        self._known |= {seq: order_id(seq) for seq in wanted if is_rule_order(seq)}
        missing = list(wanted - self._known.keys())
        if missing:
            with connection.cursor() as cursor:
                cursor.execute(LINEAGE, (self._world_id, missing))
                self._known |= {seq: command_id for seq, command_id, _ in cursor.fetchall()}
        if not wanted <= self._known.keys():
            raise LookupError(f"the journal has no entries {wanted - self._known.keys()}")
        return {seq: self._known[seq] for seq in wanted}

    def __getitem__(self, seq: int) -> UUID:
        return self.resolve([seq])[seq]


@dataclass(frozen=True, slots=True)
class Batch:
    """Consecutive commits of a world, for a handler."""

    world_id: int
    commit_from: int
    commit_to: int
    blocks: list[DecodedBlock]
    order_ids: OrderIds


@dataclass(frozen=True, slots=True)
class Projection:
    """A registered handler; `reset` deletes a world's rows for a rebuild, `audit` compares them
    with what the blocks say they must be."""

    name: str
    handler: Handler
    reset: Reset | None
    audit: Audit | None = None


_registered: dict[str, Projection] = {}


def register(
    name: str, handler: Handler, reset: Reset | None = None, audit: Audit | None = None
) -> None:
    """Add a projection; called once each, from the wiring page."""
    if name in _registered:
        raise ValueError(f"projection {name} is registered twice")
    _registered[name] = Projection(name, handler, reset, audit)


def registered() -> Mapping[str, Projection]:
    """All projections by name, in order of registration."""
    return dict(_registered)


def project(world_id: int) -> dict[str, int]:
    """Bring every projection of a world up to the newest block; commits applied, by name.

    A projection that another process is working on is left to it; one that fails is logged and
    tried again at the next call, and does not keep the others from going on. Where another engine
    version wrote the next block, the world is logged once and that projection waits a minute.
    """
    cache: dict[tuple[int, int], Batch] = {}
    return {
        name: _bring_up(world_id, projection, cache) for name, projection in _registered.items()
    }


def audit(world_id: int) -> list[str]:
    """I14: what projections differ in from the engine's own figures at the commit that they are at.

    A fork starts with balances that no block of its own tells, so it is not asked.
    """
    if Fork.objects.filter(world_id=world_id).exists():
        return []
    found: list[str] = []
    for name, projection in _registered.items():
        if projection.audit is None:
            continue
        with DATABASE.held(world_id, name) as applied_commit:
            if applied_commit is not None:
                found += projection.audit(world_id, applied_commit)
    return found


def _bring_up(world_id: int, projection: Projection, cache: dict[tuple[int, int], Batch]) -> int:
    applied, key = 0, (world_id, projection.name)
    if around.monotonic() < _given_up.get(key, 0.0):
        return applied
    for _ in range(BATCHES_MAX):
        try:
            done = apply_next(world_id, projection, cache)
            _given_up.pop(key, None)
        except (events.BlockError, zstandard.ZstdError) as error:
            _give_up(key, error)
            return applied
        except Exception:
            log.exception("projection failed", projection=projection.name, world=world_id)
            return applied
        if done == 0:
            return applied
        applied += done
    return applied


def _give_up(key: tuple[int, str], error: Exception) -> None:
    """Wait with a projection whose next block cannot be read; the world's first one says so."""
    world_id, name = key
    if all(world != world_id for world, _ in list(_given_up)):
        log.error(
            "world cannot be read",
            world=world_id,
            projection=name,
            error=str(error),
            retry_seconds=UNREADABLE_RETRY_SECONDS,
        )
    _given_up[key] = around.monotonic() + UNREADABLE_RETRY_SECONDS


class Store(Protocol):
    """Where blocks are read and positions kept; the real one is Django's connection."""

    def held(self, world_id: int, name: str) -> AbstractContextManager[int | None]:
        """In one transaction that ends with the block: how far the projection is, its row locked;
        None when somebody else is at it."""

    def read(self, world_id: int, after: int, limit: int) -> Sequence[tuple]:
        """Rows of the next blocks."""

    def move(self, world_id: int, name: str, commit: int) -> None:
        """Note how far the projection is, in the transaction of `held`."""


class _Database:
    @contextmanager
    def held(self, world_id: int, name: str) -> Iterator[int | None]:
        ProjectionPosition.objects.get_or_create(world_id=world_id, name=name)
        with transaction.atomic():
            rows = ProjectionPosition.objects.select_for_update(skip_locked=True)
            position = rows.filter(world_id=world_id, name=name).first()
            yield None if position is None else position.applied_commit

    def read(self, world_id: int, after: int, limit: int) -> Sequence[tuple]:
        with connection.cursor() as cursor:
            cursor.execute(_READ, (world_id, after, limit))
            return cursor.fetchall()

    def move(self, world_id: int, name: str, commit: int) -> None:
        move_position(world_id, name, commit)


DATABASE: Store = _Database()


def apply_next(
    world_id: int,
    projection: Projection,
    cache: dict[tuple[int, int], Batch] | None = None,
    store: Store = DATABASE,
) -> int:
    """Apply the next batch of one projection; 0 when there is none or somebody is at it."""
    with store.held(world_id, projection.name) as applied_commit:
        if applied_commit is None:
            return 0
        batch = _read(world_id, applied_commit, {} if cache is None else cache, store)
        if batch is None:
            return 0
        faults.point("project.read")
        projection.handler(batch)
        faults.point("project.written")
        store.move(world_id, projection.name, batch.commit_to)
        faults.point("project.moved")
    faults.point("project.done")
    return len(batch.blocks)


def move_position(world_id: int, name: str, commit: int) -> None:
    """Note how far a projection is; in the transaction of what it wrote."""
    with connection.cursor() as cursor:
        cursor.execute(
            "update projection set applied_commit = %s, updated_at = clock_timestamp()"
            " where world_id = %s and name = %s",
            (commit, world_id, name),
        )


def _read(
    world_id: int, after: int, cache: dict[tuple[int, int], Batch], store: Store = DATABASE
) -> Batch | None:
    known = cache.get((world_id, after))
    if known is not None:
        return known
    blocks = [_decoded(row) for row in store.read(world_id, after, BATCH_COMMITS)]
    if not blocks:
        return None
    batch = Batch(world_id, blocks[0].commit, blocks[-1].commit, blocks, OrderIds(world_id))
    cache.clear()  # projections go together: one batch is enough
    cache[world_id, after] = batch
    return batch


def _decoded(row: tuple) -> DecodedBlock:
    commit, tick, seq_from, seq_to, created_at, packed = row
    raw = zstandard.ZstdDecompressor().decompress(bytes(packed), max_output_size=EVENTS_BYTES_MAX)
    return DecodedBlock(commit, tick, seq_from, seq_to, created_at, events.unpack(raw))


def block_at(world_id: int, commit: int) -> events.Block | None:
    """The stored block of a commit; None when it was pruned."""
    with connection.cursor() as cursor:
        cursor.execute(_READ, (world_id, commit - 1, 1))
        row = cursor.fetchone()
    return _decoded(row).block if row and row[0] == commit else None


def blocks_after(world_id: int, after: int) -> Iterator[Batch]:
    """Stored blocks in batches, oldest first."""
    while True:
        batch = _read(world_id, after, {})
        if batch is None:
            return
        yield batch
        after = batch.commit_to
