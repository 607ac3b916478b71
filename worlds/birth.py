"""Genesis: a world is computed, stored as its first snapshot, and only then has a head.

It runs outside any lease. If it is interrupted, there is no head, so nobody claims the world, and
the next call computes the same world again.
"""

from __future__ import annotations

from collections.abc import Callable

import psycopg
import structlog
import zstandard

from worlds import inbox, recovery, snapshots
from worlds.engine import Block, Engine, signed
from worlds.errors import WorldError
from worlds.journal import GENESIS_CHAIN, Position
from worlds.memory import WriterMemory
from worlds.models import World

_LOCK = "select pg_advisory_lock(hashtextextended(%s, 0))"
_UNLOCK = "select pg_advisory_unlock(hashtextextended(%s, 0))"
TICK_RATE_HZ = 10.0

_HEAD = """
insert into world_head (world_id, state, tick_rate_hz, engine_version, seq, tick, digest, chain)
values (%s, %s, %s, %s, %s, %s, %s, %s)
"""

# The days before genesis are the block of commit 0: projections begin with it. It has no ticks of
# its own, since no journal entry made them.
_BLOCK = """
insert into block (world_id, commit, epoch, tick, ticks, seq_from, seq_to, touches_participants,
    digest, chain, events)
values (%s, 0, 0, %s, 0, 1, 0, false, %s, %s, %s)
"""

log = structlog.get_logger(__name__)
Progress = Callable[[int, int], None]


def has_head(world: World) -> bool:
    """Whether the world's genesis is complete."""
    return World.objects.filter(pk=world.pk, head__isnull=False).exists()


def create_world(
    engine: Engine,
    connection: psycopg.Connection,
    *,
    slug: str,
    agents: int,
    preset: str,
    seed: int,
    warm_up_days: int,
    regions: int = 1,
    params: object | None = None,
    tick_rate_hz: float = TICK_RATE_HZ,
    progress: Progress | None = None,
) -> World:
    """Create a world up to its head. `params` replaces the preset's (small worlds in tests).

    Raises WorldError when a complete world of that name exists, or one with other parameters was
    begun. `connection` is a session without statement timeout.
    """
    world, made = World.objects.get_or_create(
        slug=slug,
        defaults={
            "name": slug.title(),
            "preset": preset,
            "agents": agents,
            "seed": seed,
            "regions": regions,
        },
    )
    begun = (world.preset, world.agents, world.seed, world.regions)
    if not made and begun != (preset, agents, seed, regions):
        raise WorldError(f"world {slug} was begun with other parameters")
    key = (f"world {slug}",)
    connection.execute(_LOCK, key)
    try:
        if has_head(world):
            raise WorldError(f"world {slug} exists")
        given = params or engine.params(agents=agents, seed=seed, preset=preset, regions=regions)
        state = engine.create(given)
        told = engine.warm_up(state, warm_up_days, progress)
        memory = WriterMemory(*engine.memory_shape(state))
        memory.feed(told)
        position = Position(0, 0, engine.tick(state), GENESIS_CHAIN)
        born = recovery.World(state=state, memory=memory, position=position)
        store_genesis(engine, connection, world, born, tick_rate_hz, told)
    finally:
        connection.execute(_UNLOCK, key)
    inbox.wake_free()
    world.refresh_from_db()
    return world


def store_genesis(
    engine: Engine,
    connection: psycopg.Connection,
    world: World,
    born: recovery.World,
    tick_rate_hz: float,
    told: Block | None = None,
) -> None:
    """Make a world exist: its first snapshot, then its head at the position that `born` says.

    told: what the days before genesis told; becomes the block of commit 0.
    """
    at, digest = born.position, signed(engine.digest(born.state))
    name = "halted" if engine.halted(born.state) else "running"
    assert at.commit == 0 and at.tick == engine.tick(born.state)
    sections = recovery.sections(engine, born)
    header = snapshots.Header(
        format=snapshots.FORMAT,
        world_id=world.pk,
        engine_version=engine.version,
        commit=0,
        seq=at.seq,
        tick=at.tick,
        chain=at.chain.hex(),
        digest=digest,
        sections=tuple((name, len(raw)) for name, raw in sections),
    )
    stored = snapshots.store(header, [raw for _, raw in sections], world.slug)
    with connection.transaction():
        connection.execute("delete from snapshot where world_id = %s and commit = 0", (world.pk,))
        snapshots.catalogue(connection, "genesis", header, stored)
        connection.execute("update worlds_world set state = %s where id = %s", (name, world.pk))
        values = (world.pk, name, tick_rate_hz, engine.version, at.seq, at.tick, digest, at.chain)
        connection.execute(_HEAD, values)
        if told is not None and len(told.market_ticks):
            events = zstandard.ZstdCompressor().compress(engine.pack(told))
            connection.execute(_BLOCK, (world.pk, at.tick, digest, at.chain, events))
    log.info("world born", world=world.slug, tick=at.tick, bytes=stored[1])
