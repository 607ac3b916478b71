"""Reads: worlds and their heads, participants of a player, what became of a command."""

from __future__ import annotations

import time
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib.auth.models import AnonymousUser
from django.db import connection

from economy_engine import events
from economy_engine.errors import RejectReason
from players.models import User
from worlds.models import Participant, World

WAIT_SECONDS_MAX = 5.0
POLL_SECONDS = 0.01
STATUS_IDS_MAX = 500

# One query over both tables, so that a command on its way between them is never missed.
_STATUS = """
select command_id, status, seq, tick, "commit", get_byte(payload, 0) + 256 * get_byte(payload, 1),
    result
from journal where world_id = %(world)s and participant_id = %(participant)s
    and command_id = any(%(ids)s)
union all
select command_id, null, null, null, null, null, null
from inbox where world_id = %(world)s and participant_id = %(participant)s
    and command_id = any(%(ids)s)
"""
_HEAD = """
select w.id, w.slug, h.state, h.tick, h."commit", h.seq, h.epoch, h.holder, h.engine_version,
    h.tick_rate_hz, extract(epoch from clock_timestamp() - h.moved_at)::float8,
    h.until > clock_timestamp()
from world_head h join worlds_world w on w.id = h.world_id
"""
_WAITING = """
select world_id, extract(epoch from clock_timestamp() - min(created_at))::float8
from inbox group by world_id
"""


@dataclass(frozen=True, slots=True)
class Head:
    """Where a world stands. `age_seconds`: since the newest commit; `held`: under a lease."""

    world_id: int
    slug: str
    state: str
    tick: int
    commit: int
    seq: int
    epoch: int
    holder: str | None
    engine_version: int
    tick_rate_hz: float
    age_seconds: float
    held: bool

    @property
    def lag_ticks(self) -> int:
        """Ticks that the world is behind its rate since the newest commit."""
        if self.state == "halted":
            return 0
        return max(0, int(self.age_seconds * self.tick_rate_hz) - 1)


@dataclass(frozen=True, slots=True)
class CommandStatus:
    """What became of a command: accepted (nothing else is known yet), executed or rejected.

    `reason` is the number of the reject reason, 0 when executed; `result` the engine's record.
    """

    command_id: UUID
    status: str
    seq: int | None = None
    tick: int | None = None
    commit: int | None = None
    reason: int = 0
    result: dict[str, Any] | None = None

    @property
    def reason_code(self) -> str | None:
        """The stable word of the reason; None when executed."""
        return RejectReason(self.reason).code if self.reason else None


def world_by_slug(slug: str) -> World | None:
    """The world of that name, whatever its state."""
    return World.objects.filter(slug=slug).first()


def world_head(world_id: int) -> Head | None:
    """The head, None while the world is being created."""
    with connection.cursor() as cursor:
        cursor.execute(f"{_HEAD} where h.world_id = %s", (world_id,))
        found = cursor.fetchone()
    return Head(*found) if found else None


def world_heads() -> list[Head]:
    """All heads, by world."""
    with connection.cursor() as cursor:
        cursor.execute(f"{_HEAD} order by w.id")
        return [Head(*row) for row in cursor.fetchall()]


def waiting_seconds() -> dict[int, float]:
    """I13: of every world with waiting commands the age of the oldest."""
    with connection.cursor() as cursor:
        cursor.execute(_WAITING)
        return dict(cursor.fetchall())


def participant_for_player(player: User | AnonymousUser, world: World) -> Participant | None:
    """The player's living participant in the world; the only way to one on a player's behalf."""
    if not player.is_authenticated:
        return None
    living = Participant.objects.filter(world=world, player=player).select_related("world")
    return living.exclude(status=Participant.Status.RETIRED).first()


def command_status(world_id: int, participant_id: int, command_id: UUID) -> CommandStatus | None:
    """What became of a participant's command; None when it never sent such a one."""
    return command_statuses(world_id, participant_id, [command_id]).get(command_id)


def command_statuses(
    world_id: int, participant_id: int, command_ids: Collection[UUID]
) -> dict[UUID, CommandStatus]:
    """The same for several, in one query; ids that are not the participant's are left out."""
    if len(command_ids) > STATUS_IDS_MAX:
        raise ValueError(f"at most {STATUS_IDS_MAX} ids at once")
    ids = list(command_ids)
    with connection.cursor() as cursor:
        cursor.execute(_STATUS, {"world": world_id, "participant": participant_id, "ids": ids})
        found = cursor.fetchall()
    statuses: dict[UUID, CommandStatus] = {}
    for command_id, status, seq, tick, commit, kind, result in found:
        if status is None:
            statuses.setdefault(command_id, CommandStatus(command_id, "accepted"))
            continue
        word = "rejected" if status else "executed"
        packed = bytes(result)
        decoded = events.unpack_result(kind, packed) if packed else None
        statuses[command_id] = CommandStatus(command_id, word, seq, tick, commit, status, decoded)
    return statuses


def applied_commit(world_id: int, projection: str) -> int:
    """How far a projection has read; -1 before its first block."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select applied_commit from projection where world_id = %s and name = %s",
            (world_id, projection),
        )
        found = cursor.fetchone()
    return found[0] if found else -1


def wait_for_commit(
    world_id: int, projection: str, min_commit: int, timeout_seconds: float
) -> bool:
    """Wait, a bounded time, until the projection holds a commit; False when it does not."""
    until = time.monotonic() + min(timeout_seconds, WAIT_SECONDS_MAX)
    while applied_commit(world_id, projection) < min_commit:
        if time.monotonic() >= until:
            return False
        time.sleep(POLL_SECONDS)
    return True
