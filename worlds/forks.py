"""Private branches: a copy of a running world at a past tick, as a world of its own.

A branch begins where its parent stood: same state, same seq, same chained hash; its own commits
count from zero. It ticks on in the workers like any world until it expires. Its parent is only
read. Ids of orders that were open at the branching are found in the parent's journal.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import structlog
from django.conf import settings
from django.core.files.storage import default_storage
from django.db import connection as django_connection
from django.db import transaction

from players.models import User
from worlds import birth, history, inbox, selectors
from worlds.engine import Engine
from worlds.errors import ForkRefused
from worlds.journal import Position
from worlds.models import Fork, World

EXPIRED_AT_ONCE = 16
_SLUG = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")
_LOCK = "select pg_advisory_lock(hashtextextended(%s, 0))"
_UNLOCK = "select pg_advisory_unlock(hashtextextended(%s, 0))"

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Forked:
    """A branch that was made. `digest_compared`: the parent's block had the digest of the tick."""

    world: World
    fork: Fork
    started_from: str
    digests_compared: int
    digest_compared: bool


def fork(
    engine: Engine,
    connection: psycopg.Connection,
    *,
    parent: World,
    tick: int,
    slug: str,
    owner: User | None = None,
    hours: float | None = None,
    progress: history.Progress | None = None,
) -> Forked:
    """Branch `parent` at `tick` under the name `slug`; it exists until `hours` have passed.

    `connection` is a session without statement timeout. Raises ForkRefused (name taken or bad,
    too many branches of this owner), TickUnreachable, ReplayMismatch; nothing was made then.
    """
    kept = settings.WORLD_FORK_HOURS if hours is None else hours
    if not 0 < kept <= settings.WORLD_FORK_HOURS_MAX:
        raise ForkRefused(f"a branch lives up to {settings.WORLD_FORK_HOURS_MAX} hours")
    if not _SLUG.fullmatch(slug):
        raise ForkRefused(f"{slug!r} is no name: 1 to 32 of a-z, 0-9 and -, not beginning with -")
    key = (f"forks of {owner.pk if owner else 0}",)
    connection.execute(_LOCK, key)
    try:
        _check_room(owner, slug)
        past = history.at_tick(engine, connection, parent.pk, tick, progress)
        head = selectors.world_head(parent.pk)
        assert head is not None, "a past needs a head"
        made = _store(engine, connection, parent, past, slug, owner, kept, head.tick_rate_hz)
    finally:
        connection.execute(_UNLOCK, key)
    inbox.wake_free()
    log.info("world branched", world=slug, parent=parent.slug, tick=tick)
    made.world.refresh_from_db()
    return Forked(made.world, made, past.started_from, past.digests_compared, past.digest_compared)


def _check_room(owner: User | None, slug: str) -> None:
    if World.objects.filter(slug=slug).exists():
        raise ForkRefused(f"there is a world {slug}")
    living = Fork.objects.filter(owner=owner).exclude(world__state=World.State.EXPIRED).count()
    if living >= settings.WORLD_FORKS_PER_OWNER_MAX:
        whose = owner.get_username() if owner else "the house"
        raise ForkRefused(f"{whose} has {living} branches, the most that may be kept at once")


def _store(
    engine: Any,
    connection: psycopg.Connection,
    parent: World,
    past: history.Past,
    slug: str,
    owner: User | None,
    hours: float,
    tick_rate_hz: float,
) -> Fork:
    """The rows of the branch, then its genesis; a branch without a head is taken away again."""
    born = past.world
    at = born.position
    born.position = Position(0, at.seq, past.tick, at.chain)
    born.memory.private_commits.clear()  # commits count anew
    with transaction.atomic():
        world = World.objects.create(
            slug=slug,
            name=f"{parent.name} at {past.tick}"[:64],
            preset=parent.preset,
            agents=parent.agents,
            seed=parent.seed,
            regions=parent.regions,
        )
        made = Fork.objects.create(
            world=world,
            parent=parent,
            seq=at.seq,
            tick=past.tick,
            digest=past.digest,
            owner=owner,
            expires_at=datetime.now(UTC) + timedelta(hours=hours),
        )
    try:
        birth.store_genesis(engine, connection, world, born, tick_rate_hz)
    except Exception:
        made.delete()
        world.delete()
        raise
    return made


def expire(now: datetime | None = None) -> list[str]:
    """End the branches whose time is over; their names.

    Without its head nobody can hold a branch: its writer's next commit is fenced. Snapshots go;
    the journal stays, as every journal does, and blocks go with their day.
    """
    moment = now or datetime.now(UTC)
    due = Fork.objects.filter(expires_at__lte=moment).exclude(world__state=World.State.EXPIRED)
    return [expire_one(each) for each in due.select_related("world")[:EXPIRED_AT_ONCE]]


def expire_one(made: Fork) -> str:
    """End one branch at once; its name is free again."""
    world = made.world
    name = world.slug
    with transaction.atomic(), django_connection.cursor() as cursor:
        cursor.execute("delete from world_head where world_id = %s", (world.pk,))
        cursor.execute("delete from inbox where world_id = %s", (world.pk,))
        cursor.execute("delete from snapshot where world_id = %s returning path", (world.pk,))
        paths = [row[0] for row in cursor.fetchall()]
        world.state = World.State.EXPIRED
        world.slug = f"x{world.pk}-{name}"[:32]
        world.save(update_fields=["state", "slug"])
    for path in paths:
        default_storage.delete(path)
    log.info("branch expired", world=name)
    return name
