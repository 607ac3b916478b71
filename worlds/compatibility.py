"""Which worlds this version cannot go on with, read from their rows alone: no kernel is loaded.

A world of a newer version is never taken. One of an older version needs a migration to this one
and a clean stop, which leaves a snapshot at its head. What it last told must be readable.
"""

from __future__ import annotations

from typing import NamedTuple

import zstandard
from django.db import connection

from economy_engine import events, migrations
from economy_engine.schema import ENGINE_VERSION
from worlds.recovery import decompress_events

NEWER_ENGINE = "newer_engine"
NEEDS_UPGRADE = "needs_upgrade"
NEEDS_CLEAN_STOP = "needs_clean_stop"
UNREADABLE = "unreadable"

_WORLDS = """
select h.world_id, w.slug, h.engine_version,
    exists (select from snapshot s where s.world_id = h.world_id and s."commit" = h."commit"),
    (select b.events from block b where b.world_id = h.world_id order by b."commit" desc limit 1)
from world_head h join worlds_world w on w.id = h.world_id
where %(only)s::bigint is null or h.world_id = %(only)s order by w.id
"""


class Obstacle(NamedTuple):
    """Why a world stands still: `code` for programs, `text` for people."""

    world_id: int
    slug: str
    code: str
    text: str


def obstacles(only: int | None = None) -> list[Obstacle]:
    """The worlds that no writer of this version can go on with; of all, or of one."""
    with connection.cursor() as cursor:
        cursor.execute(_WORLDS, {"only": only})
        rows = cursor.fetchall()
    found = []
    for world_id, slug, version, clean, newest in rows:
        said = _obstacle(version, clean, newest)
        if said is not None:
            found.append(Obstacle(world_id, slug, *said))
    return found


def obstacle(world_id: int) -> Obstacle | None:
    """What keeps one world from going on under this version; None when nothing does."""
    return next(iter(obstacles(world_id)), None)


def _obstacle(version: int, clean: bool, newest: bytes | None) -> tuple[str, str] | None:
    wrote = f"engine version {version} wrote it, and this is version {ENGINE_VERSION}"
    if version > ENGINE_VERSION:
        return NEWER_ENGINE, f"{wrote}, which is older"
    if not migrations.leads(version, ENGINE_VERSION):
        return NEEDS_UPGRADE, f"{wrote}, which has no way on from there"
    if version < ENGINE_VERSION and not clean:
        return NEEDS_CLEAN_STOP, f"{wrote}; it was not stopped cleanly by the version that wrote it"
    fault = _unreadable(newest)
    if fault is not None:
        return UNREADABLE, f"this version cannot read what it told last ({fault})"
    return None


def _unreadable(newest: bytes | None) -> str | None:
    """What is wrong with the newest block; None when it can be read, or there is none."""
    if newest is None:
        return None
    try:
        events.unpack(decompress_events(bytes(newest)))
    except (events.BlockError, zstandard.ZstdError) as error:
        return str(error)
    return None
