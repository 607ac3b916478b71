"""Writes around a world: joining and leaving it, halting and resuming it, each by a command."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Any

import structlog
from django.conf import settings
from django.db import transaction

from economy_engine import commands
from players.models import User
from worlds import inbox
from worlds.engine import HaltReason
from worlds.inbox import Receipt
from worlds.interventions import Intervention
from worlds.models import Participant, World

SYSTEM_PARTICIPANT = 0
NAME_CHARS_MAX = 64
GUESTS_PER_BATCH_MAX = 200

Command = Any

log = structlog.get_logger(__name__)


def request_digest(*parts: object) -> bytes:
    """The digest of a request as validated: kind, account and fields, 16 bytes."""
    return blake2b(repr(parts).encode(), digest_size=16).digest()


def command_submit(
    *,
    world_id: int,
    participant_id: int,
    command: Command,
    command_id: uuid.UUID,
    key: str | None = None,
    actor: int = 0,
    origin: int = commands.Origin.SYSTEM,
    authority: int = 0,
) -> Receipt:
    """Encode a command of the house itself (not a player's request) and put it into the inbox."""
    kind = int(command.kind)
    header = commands.Header(
        participant=participant_id, actor=actor, origin=origin, authority=authority
    )
    return inbox.submit(
        world_id=world_id,
        participant_id=participant_id,
        command_id=command_id,
        kind=kind,
        body=commands.encode(command, header),
        key=key,
        digest=request_digest(kind, participant_id, command),
    )


@transaction.atomic
def participant_join(*, world: World, player: User, command_id: uuid.UUID) -> Participant:
    """The player's participant in a world: the row, and the command that registers it.

    A second call gives the same participant and submits nothing.
    """
    locked = User.objects.select_for_update().get(pk=player.pk)
    living = Participant.objects.filter(world=world, player=locked)
    known = living.exclude(status=Participant.Status.RETIRED).first()
    if known is not None:
        return known
    participant = Participant.objects.create(
        world=world, player=locked, name=locked.get_username()[:NAME_CHARS_MAX]
    )
    command_submit(
        world_id=world.pk,
        participant_id=participant.pk,
        command=commands.RegisterParticipant(guest=locked.is_guest),
        command_id=command_id,
        actor=locked.pk,
    )
    return participant


def guests_retire_idle(*, now: datetime) -> int:
    """Ask for the retirement of guests not seen for a week; returns how many were asked for.

    At most a batch at a time. The command's id is made of participant and day, so that repeats of
    a day are one command and one refused today is tried tomorrow.
    """
    idle = Participant.objects.filter(
        world__state=World.State.RUNNING,
        status=Participant.Status.ACTIVE,
        player__is_guest=True,
        player__last_seen_at__lt=now - timedelta(days=settings.GUEST_IDLE_DAYS),
    )
    asked = 0
    for participant in idle.order_by("pk")[:GUESTS_PER_BATCH_MAX]:
        command_submit(
            world_id=participant.world_id,
            participant_id=participant.pk,
            command=commands.RetireParticipant(),
            command_id=uuid.uuid5(participant.uuid, f"idle {now.date().isoformat()}"),
        )
        asked += 1
    if asked:
        log.info("idle guests retire", count=asked)
    return asked


def world_halt(
    *,
    world: World,
    reason: str,
    actor: User | None = None,
    command_id: uuid.UUID | None = None,
    breach: bool = False,
) -> Receipt:
    """Ask for a halt: reads go on, ticks stop, orders are refused until it is resumed. `breach`:
    because the world is not what its journal says."""
    log.warning("halt asked for", world=world.slug, actor=_name(actor), reason=reason)
    return command_submit(
        world_id=world.pk,
        participant_id=SYSTEM_PARTICIPANT,
        command=commands.Halt(
            reason=int(HaltReason.INVARIANT_BREACH if breach else HaltReason.OPERATOR)
        ),
        command_id=command_id or uuid.uuid4(),
        actor=actor.pk if actor else 0,
        origin=commands.Origin.ADMIN,
    )


def world_resume(
    *, world: World, actor: User | None = None, command_id: uuid.UUID | None = None
) -> Receipt:
    """Ask for the end of a halt."""
    log.warning("resume asked for", world=world.slug, actor=_name(actor))
    return command_submit(
        world_id=world.pk,
        participant_id=SYSTEM_PARTICIPANT,
        command=commands.Resume(),
        command_id=command_id or uuid.uuid4(),
        actor=actor.pk if actor else 0,
        origin=commands.Origin.ADMIN,
    )


def world_intervene(
    *, world: World, intervention: Intervention, reason: str, actor: User | None = None
) -> list[Receipt]:
    """Let a named event strike a world: a command in its inbox per market that it is about.

    Raises BadCommandError for a size out of range; nothing is submitted then.
    """
    log.warning(
        "intervention asked for", world=world.slug, name=intervention.name, actor=_name(actor),
        reason=reason,
    )  # fmt: skip
    steps = intervention.event.commands(world.regions)
    for step in steps:
        commands.encode(step, commands.Header())
    with transaction.atomic():
        return [
            command_submit(
                world_id=world.pk,
                participant_id=SYSTEM_PARTICIPANT,
                command=step,
                command_id=uuid.uuid4(),
                actor=actor.pk if actor else 0,
                origin=commands.Origin.ADMIN,
            )
            for step in steps
        ]


def _name(actor: User | None) -> str:
    return actor.get_username() if actor else "system"
