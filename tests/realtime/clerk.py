"""A clerk who decides commands by a rule given by the test, with the real inbox and journal.

Socket tests need decided commands, not an economy: the clerk takes what waits and commits journal
rows, block and head with the writer's own functions, and announces on the private stream.
"""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import psycopg
import redis
from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import connection

from economy_engine import commands, events
from economy_engine.errors import RejectReason
from economy_engine.order_terms import OrderStatus
from tests.cleaning import forget
from worlds import database, inbox
from worlds.inbox import Waiting
from worlds.journal import Commit, JournalRow, Position, chain_next, write_commit
from worlds.models import Participant, World
from worlds.realtime.frames import Kind, Publication, pack_publication

# No worker claims a world of a newer engine than its own.
ENGINE_VERSION = 1_000_000
TAKE = 500

Rule = Callable[[Waiting], tuple[int, bytes]]


def executed(waiting: Waiting) -> tuple[int, bytes]:
    """Every command is executed; orders rest with all they ask for."""
    header, command = commands.decode(waiting.body)
    if isinstance(command, commands.PlaceOrder):
        fields = {"order_status": int(OrderStatus.NEW), "left": command.quantity}
        return 0, events.pack_result(int(header.kind), **fields)
    if isinstance(command, commands.CancelAll):
        return 0, events.pack_result(int(header.kind), canceled=3)
    status = int(OrderStatus.CANCELED)
    return 0, events.pack_result(int(header.kind), order_status=status, left=2)


def rejected(_waiting: Waiting) -> tuple[int, bytes]:
    """Every command fails for want of money."""
    return int(RejectReason.INSUFFICIENT_FUNDS), b""


class Clerk:
    """One world of its own, made here and written by hand."""

    def __init__(self) -> None:
        self.slug = f"t{uuid.uuid4().hex[:16]}"
        self.world = World.objects.create(
            slug=self.slug, name="Test", preset="lab", agents=1, seed=1, state="running"
        )
        self.position = Position(0, 0, 0, bytes(16))
        self.previous: dict[int, int] = {}
        self.players: list[Any] = []
        with connection.cursor() as cursor:
            cursor.execute(
                "insert into world_head (world_id, engine_version, tick, chain)"
                " values (%s, %s, 0, %s)",
                [self.world.pk, ENGINE_VERSION, bytes(16)],
            )
        self.writer: psycopg.Connection = database.writer_connect("test-clerk")
        self.redis = redis.Redis.from_url(settings.REDIS.traffic)
        self.set_applied(0)

    def close(self) -> None:
        self.writer.close()
        forget(self.world.pk, self.players)
        self.redis.delete(f"hot:{self.world.pk}")
        self.redis.close()

    def player(self, *, takes_part: bool = True) -> Any:
        """A player, with an active participant if asked for."""
        name = f"p{uuid.uuid4().hex[:16]}"
        user = get_user_model().objects.create_user(name, password="correct horse battery")
        self.players.append(user)
        if takes_part:
            Participant.objects.create(
                world=self.world, player=user, name=name, status=Participant.Status.ACTIVE
            )
        return user

    def participant_id(self, user: Any) -> int:
        return Participant.objects.get(world=self.world, player=user).pk

    def set_applied(self, commit: int) -> None:
        """Move the accounts projection."""
        with connection.cursor() as cursor:
            cursor.execute(
                "insert into projection (world_id, name, applied_commit, updated_at)"
                " values (%s, 'accounts', %s, now()) on conflict (world_id, name)"
                " do update set applied_commit = excluded.applied_commit",
                [self.world.pk, commit],
            )

    def waiting(self) -> int:
        return len(inbox.take(self.writer, self.world.pk, TAKE))

    def commit(self, rule: Rule = executed, *, announce: bool = True, touches: bool = True) -> int:
        """Decide what waits in one commit; returns how many commands that were."""
        taken = inbox.take(self.writer, self.world.pk, TAKE)
        rows, chain = [], self.position.chain
        for n, waiting in enumerate(taken, 1):
            status, result = rule(waiting)
            row = JournalRow(
                seq=self.position.seq + n, tick=self.position.tick,
                commit=self.position.commit + 1, participant_id=waiting.participant_id,
                ref_seq=0, status=status, command_id=waiting.command_id, key=waiting.key,
                digest=waiting.digest, payload=waiting.body, result=result, chain=b"",
            )  # fmt: skip
            chain = chain_next(chain, row)
            rows.append(replace(row, chain=chain))
        start = self.position
        position = Position(start.commit + 1, start.seq + len(rows), start.tick + 1, chain)
        made = Commit(
            position=position, ticks=1, rows=rows, taken_ids=[w.id for w in taken], events=b"",
            touches_participants=touches, digest=0, halted=False, state_changed=False,
            engine_version=ENGINE_VERSION,
        )  # fmt: skip
        write_commit(self.writer, self.world.pk, 0, start, made)
        self.position = position
        for participant_id in {row.participant_id for row in rows} if announce else ():
            self.announce(participant_id, {"orders": [], "fills": [], "balances": []})
        return len(rows)

    def announce(self, participant_id: int, data: Any) -> int:
        """Tell a participant's private stream of the newest commit."""
        commit = self.position.commit
        made = Publication(
            Kind.APPEND, 1, commit, time.time(), json.dumps(data).encode(), self.position.tick,
            self.previous.get(participant_id, 0),
        )  # fmt: skip
        self.previous[participant_id] = commit
        channel = f"t:{self.world.pk}:account:{participant_id}"
        self.redis.publish(channel, pack_publication(made))
        return commit
