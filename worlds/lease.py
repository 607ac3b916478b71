"""Who may advance a world: claim, renew, release. Liveness is the holder's database session."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import psycopg
from django.conf import settings

from worlds.journal import Position

TERMINATE_WAIT_MS = 1_000
CANDIDATES_MAX = 8
# So long a world without commits waits for a host with room; then any host takes it.
ORPHANED_SECONDS = 2.0
# Hosts are known to each other by their sessions; one that asks for nothing may hang.
HOST_PREFIX = "lea-world:"
_ALIVE_SECONDS = 1.0

# Free: never held, the lease ran out by the database's clock, or the holder's session is gone.
# Newer worlds are never claimed; older ones only when a migration leads here and a snapshot stands
# at their head.
_CANDIDATES = """
select h.world_id, h.epoch, h.backend_pid, h.backend_start, w.agents,
    h.moved_at < clock_timestamp() - %(orphaned)s * interval '1 second'
from world_head h join worlds_world w on w.id = h.world_id
where (h.until < clock_timestamp() or not exists (
        select from pg_stat_activity a
        where a.pid = h.backend_pid and a.backend_start = h.backend_start))
  and (h.engine_version = %(version)s or (h.engine_version = any(%(older)s::int[]) and exists (
        select from snapshot s where s.world_id = h.world_id and s.commit = h.commit)))
  and (%(only)s::bigint[] is null or h.world_id = any(%(only)s))
  and h.world_id <> all(%(not_these)s)
order by h.until limit %(candidates)s
"""
_TERMINATE = """
select pg_terminate_backend(pid, %s) from pg_stat_activity
where pid = %s and backend_start = %s and pid <> pg_backend_pid()
"""
_CLAIM = """
update world_head h
set epoch = h.epoch + 1, holder = %(holder)s, backend_pid = pg_backend_pid(),
    backend_start = (select backend_start from pg_stat_activity where pid = pg_backend_pid()),
    until = clock_timestamp() + %(lease)s * interval '1 second',
    attempts = case when h.attempt_commit = h.commit then least(h.attempts + 1, 100) else 1 end,
    attempt_commit = h.commit
where h.world_id = %(world_id)s and h.epoch = %(epoch)s
returning h.epoch, h.commit, h.seq, h.tick, h.chain, h.digest, h.state, h.tick_rate_hz,
    h.engine_version, h.attempts, h.suspect, h.suspect_attempts, h.halt_pending
"""
_RENEW = """
update world_head set until = clock_timestamp() + %s * interval '1 second'
where world_id = %s and epoch = %s
"""
_RELEASE = """
update world_head set until = 'epoch', holder = null, backend_pid = null, backend_start = null
where world_id = %s and epoch = %s
"""
_SUSPECT = """
update world_head
set suspect_attempts = case when suspect = %(suspect)s
        then least(suspect_attempts + 1, 100) else 1 end,
    suspect = %(suspect)s
where world_id = %(world_id)s and epoch = %(epoch)s returning suspect_attempts
"""
_OTHERS = """
select min(held) from (
    select count(h.world_id) as held from pg_stat_activity a
    left join world_head h on h.backend_pid = a.pid and h.backend_start = a.backend_start
    where a.datname = current_database() and starts_with(a.application_name, %s)
      and a.pid <> pg_backend_pid()
      and a.state_change > clock_timestamp() - %s * interval '1 second'
    group by a.pid) hosts
"""
_HALT_PENDING = "update world_head set halt_pending = %s where world_id = %s and epoch = %s"


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to write a world under one epoch, and where its head stood when it was got.

    `attempts` counts claims at this same commit: above two, something fails again and again.
    """

    world_id: int
    epoch: int
    position: Position
    digest: int | None
    halted: bool
    tick_rate_hz: float
    engine_version: int
    attempts: int
    suspect: UUID | None
    suspect_attempts: int
    halt_pending: str | None
    agents: int


def claim_one(
    connection: psycopg.Connection,
    holder: str,
    engine_version: int,
    *,
    older: Sequence[int] = (),
    only: Sequence[int] | None = None,
    not_these: Sequence[int] = (),
    agents_max: int | None = None,
) -> Lease | None:
    """Claim one free world, ending its former holder's session first; None when none is free.

    `older`: the earlier engine versions whose snapshots can be migrated.
    A world of more than `agents_max` agents is left to hosts with room, unless none came for it.
    """
    candidates = connection.execute(
        _CANDIDATES,
        {
            "version": engine_version,
            "older": list(older),
            "only": list(only) if only is not None else None,
            "not_these": list(not_these),
            "candidates": CANDIDATES_MAX,
            "orphaned": ORPHANED_SECONDS,
        },
    ).fetchall()
    for world_id, epoch, pid, started, agents, orphaned in candidates:
        if agents_max is not None and agents > agents_max and not orphaned:
            continue
        if pid is not None:
            # A hung holder may keep the head's row locked; its session must go before we ask.
            connection.execute(_TERMINATE, (TERMINATE_WAIT_MS, pid, started))
        claimed = connection.execute(
            _CLAIM,
            {
                "holder": holder,
                "lease": settings.WORLD_LEASE_SECONDS,
                "world_id": world_id,
                "epoch": epoch,
            },
        ).fetchone()
        if claimed is not None:  # else somebody was quicker: the epoch moved
            return _lease(world_id, agents, claimed)
    return None


def _lease(world_id: int, agents: int, row: tuple) -> Lease:
    epoch, commit, seq, tick, chain, digest, state, hertz, version, attempts = row[:10]
    suspect, suspect_attempts, halt_pending = row[10:]
    return Lease(
        world_id=world_id,
        epoch=epoch,
        position=Position(commit, seq, tick, bytes(chain)),
        digest=digest,
        halted=state == "halted",
        tick_rate_hz=hertz,
        engine_version=version,
        attempts=attempts,
        suspect=suspect,
        suspect_attempts=suspect_attempts,
        halt_pending=halt_pending,
        agents=agents,
    )


def renew(connection: psycopg.Connection, world_id: int, epoch: int) -> bool:
    """Push the lease's end; False when the epoch is no longer ours."""
    values = (settings.WORLD_LEASE_SECONDS, world_id, epoch)
    return connection.execute(_RENEW, values).rowcount == 1


def release(connection: psycopg.Connection, world_id: int, epoch: int) -> bool:
    """Give the world up at once; False when the epoch is no longer ours."""
    return connection.execute(_RELEASE, (world_id, epoch)).rowcount == 1


def least_held(connection: psycopg.Connection) -> int | None:
    """How many worlds the idlest of the other living hosts holds; None when there is no other."""
    row = connection.execute(_OTHERS, (HOST_PREFIX, _ALIVE_SECONDS)).fetchone()
    return int(row[0]) if row and row[0] is not None else None


def mark_suspect(connection: psycopg.Connection, world_id: int, epoch: int, suspect: UUID) -> int:
    """Write down what is about to be tried alone, and learn how often it was tried before.

    The mark outlives the process: that is how a command that kills its writer is found.
    """
    values = {"suspect": suspect, "world_id": world_id, "epoch": epoch}
    found = connection.execute(_SUSPECT, values).fetchone()
    return int(found[0]) if found else 0


def mark_halt(connection: psycopg.Connection, world_id: int, epoch: int, reason: str) -> None:
    """Ask whoever claims the world next to journal a halt before anything else."""
    connection.execute(_HALT_PENDING, (reason[:200], world_id, epoch))
