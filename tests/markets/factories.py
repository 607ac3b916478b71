"""Plain functions that make worlds, blocks and batches by hand."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from django.db import connection

from economy_engine import events
from economy_engine.schema import ENGINE_VERSION
from markets.projections import PROJECTIONS
from players.models import User
from worlds.models import Participant, World

EMPTY = bytes(16)


@dataclass(frozen=True)
class HandBlock:
    """A block as the projector decodes it."""

    commit: int
    tick: int
    block: events.Block


@dataclass(frozen=True)
class HandBatch:
    """A batch as the projector hands it over; order ids follow from the seq."""

    world_id: int
    blocks: Sequence[HandBlock]

    @property
    def order_ids(self) -> HandBatch:
        return self

    def resolve(self, seqs: Iterable[int]) -> dict[int, uuid.UUID]:
        return {seq: order_id(seq) for seq in seqs}


def order_id(seq: int) -> uuid.UUID:
    """The command id that these tests give to a seq."""
    return uuid.UUID(int=seq + (1 << 64))


def make_world(
    slug: str = "main", preset: str = "sprint", tick: int = 0, commit: int = 0, regions: int = 1
) -> World:
    """A running world with a head that nobody holds."""
    world = World.objects.create(
        slug=slug, name="Main", preset=preset, agents=100, seed=1, state=World.State.RUNNING,
        regions=regions,
    )  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO world_head (world_id, state, tick_rate_hz, engine_version, epoch, until,"
            ' "commit", seq, tick, digest, chain)'
            " VALUES (%s, 'running', 10, %s, 1, now() + interval '1 hour', %s, 0, %s, 0, %s)",
            [world.pk, ENGINE_VERSION, commit, tick, EMPTY],
        )
    return world


def make_player(name: str, **fields: Any) -> User:
    """A player who can log in by force only."""
    return User.objects.create(username=name, **fields)


def make_participant(world: World, name: str) -> Participant:
    """An active participant with a player of its own."""
    return Participant.objects.create(
        world=world, player=make_player(name), name=name, status=Participant.Status.ACTIVE
    )


def rows(section: str, *values: Mapping[str, Any]) -> np.ndarray:
    """Rows of a block section; what is not given is zero."""
    dtype = getattr(events.Block(), section).dtype
    made = np.zeros(len(values), dtype)
    for row, fields in zip(made, values, strict=True):
        for name, value in fields.items():
            row[name] = value
    return made


def make_block(commit: int, tick: int = 0, **sections: np.ndarray) -> HandBlock:
    """A block that went through the bytes, as all blocks do."""
    packed = events.pack(events.Block(**sections))
    return HandBlock(commit=commit, tick=tick, block=events.unpack(packed))


def project(world: World, *blocks: HandBlock, names: Sequence[str] = tuple(PROJECTIONS)) -> None:
    """Run the projections over the blocks as one batch, and move their positions."""
    batch = HandBatch(world_id=world.pk, blocks=blocks)
    for name in names:
        handler, _ = PROJECTIONS[name]
        handler(batch)
        move(world, name, blocks[-1].commit)


def move(world: World, projection: str, commit: int) -> None:
    """Say how far a projection has read."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO projection (world_id, name, applied_commit) VALUES (%s, %s, %s)"
            " ON CONFLICT (world_id, name) DO UPDATE SET applied_commit = excluded.applied_commit",
            [world.pk, projection, commit],
        )
