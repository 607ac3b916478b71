"""Negative controls: the same checks on worlds that lack one protection each must see the harm.

Each control is run twice, whole and without its protection: the difference is the protection's.
"""

from __future__ import annotations

import os
import random
import signal
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.db import connections
from django.test.utils import override_settings

from arena_site.crash.books import Audit, Client
from arena_site.crash.ground import Ground, fork, join, make_world
from arena_site.crash.points import PARTICIPANTS, SLICE_SECONDS, settle
from worlds import database, faults, journal, lease
from worlds.broadcast import Broadcaster
from worlds.host import Host

ROUNDS = 5
SENDS = 20
UNHEARD_SHARE = 0.3
LEASE_SECONDS = 0.4
PATIENCE_SECONDS = 20.0
ASYNCHRONOUS = ("synchronous_commit=off", "wal_writer_delay=10s")
# The belts behind the fence: without them a stale writer is refused by an index instead.
BELTS = """
alter table journal drop constraint journal_gapless, drop constraint journal_one_per_command,
    drop constraint journal_one_per_key;
alter table block drop constraint block_pkey;
"""
_FENCE = "and epoch = %(epoch)s and commit = %(from_commit)s"
_NO_FENCE = "and (%(epoch)s::bigint, %(from_commit)s::bigint) is not null"
_NO_ENDING = "select %s::int, %s::int, %s::timestamptz"


def run(made: Ground, engine: Any, *, seed: int, agents: int) -> dict[str, Any]:
    """All three; `passed` when each harm was seen and each whole world was clean."""
    shown: dict[str, Any] = {}
    for name, control in CONTROLS.items():
        whole, broken = (
            control(_Stage(made, engine, seed, agents, protected)) for protected in (True, False)
        )
        shown[name] = {
            "protected": whole.as_dict(),
            "unprotected": broken.as_dict(),
            "seen": whole.clean and bool(broken.acked_lost or broken.duplicates),
        }
    return shown | {"passed": all(each["seen"] for each in shown.values())}


@dataclass(frozen=True)
class _Stage:
    """What a control plays on, with its protection or without."""

    made: Ground
    engine: Any
    seed: int
    agents: int
    protected: bool

    @contextmanager
    def play(self, *, keys: bool = True) -> Iterator[tuple[int, Client]]:
        """A world of its own and a client who listens from the beginning."""
        world = make_world(self.engine, self.agents, self.seed, f"control-{uuid.uuid4().hex[:8]}")
        client = Client(world.pk, join(world, PARTICIPANTS), self.seed, keys=keys)
        client.listen()
        with self.made.session() as session:
            session.execute("checkpoint")  # the world itself is never what is lost
        try:
            yield world.pk, client
        finally:
            client.close()

    def host(self, world_id: int) -> Host:
        announcer = Broadcaster(self.engine, database.redis_client())
        return Host("control", self.engine, announcer, only=[world_id])

    def compared(self, world_id: int, client: Client) -> Audit:
        """The books after everything that waits was decided."""
        host = self.host(world_id)
        with self.made.session() as session:
            settle(host, client, session, world_id)
            host.close()
            client.listen()
            return client.compare(session)


def _asynchronous_commit(stage: _Stage) -> Audit:
    """PostgreSQL killed again and again; without the protection it answers before it wrote."""
    made = stage.made
    if not stage.protected:
        made.restart_postgres(ASYNCHRONOUS)
    try:
        with stage.play() as (world_id, client):
            for _ in range(ROUNDS):
                host = stage.host(world_id)
                for _ in range(SENDS):
                    client.send(2)
                    host.slice(SLICE_SECONDS)
                    client.listen()
                client.send(3)
                made.restart_postgres(() if stage.protected else ASYNCHRONOUS)
                connections.close_all()
                host.close()
            return stage.compared(world_id, client)
    finally:
        if not stage.protected:
            made.restart_postgres()
            connections.close_all()


def _keys(stage: _Stage) -> Audit:
    """Answers that are lost after the commit, and clients who send again."""
    draw = random.Random(stage.seed)
    with stage.play(keys=stage.protected) as (world_id, client):
        host = stage.host(world_id)
        for _ in range(ROUNDS * SENDS):
            intents = [client.intend()]
            while draw.random() < UNHEARD_SHARE:
                client.submit_unheard(intents)
            client.submit(intents)
            host.slice(SLICE_SECONDS / 4)
            client.listen()
        host.close()
        return stage.compared(world_id, client)


def _fencing(stage: _Stage) -> Audit:
    """A writer stopped between applying and committing, resumed when another has done its work.

    Neither ends the other's session here, so that the fence alone has to hold.
    """
    ending, moving = lease._TERMINATE, journal._MOVE
    lease._TERMINATE = _NO_ENDING
    if not stage.protected:
        journal._MOVE = moving.replace(_FENCE, _NO_FENCE)
    try:
        with (
            override_settings(WORLD_LEASE_SECONDS=LEASE_SECONDS),
            stage.play() as (world_id, client),
            stage.made.session() as session,
        ):
            if not stage.protected:
                session.execute(BELTS)
            settled = stage.host(world_id)
            settle(settled, client, session, world_id)
            settled.close()
            client.send(5)
            stale = fork(lambda: _stopped_writer(stage, world_id))
            _await_stop(stale)
            second = fork(lambda: _writer(stage, world_id, 4 * LEASE_SECONDS))
            _await_end(second)
            os.kill(stale, signal.SIGCONT)
            _await_end(stale)
            if stage.protected:
                return stage.compared(world_id, client)
            return client.compare(session)
    finally:
        lease._TERMINATE, journal._MOVE = ending, moving


# The last one leaves tables without their belts.
CONTROLS: dict[str, Callable[[_Stage], Audit]] = {
    "synchronous_commit": _asynchronous_commit,
    "idempotency_keys": _keys,
    "fencing": _fencing,
}


def _stopped_writer(stage: _Stage, world_id: int) -> None:
    faults.arm("advance.applied", 1, signal.SIGSTOP)
    _writer(stage, world_id, 1.0)


def _writer(stage: _Stage, world_id: int, seconds: float) -> None:
    """Run the world for a while, and end without any release."""
    host = stage.host(world_id)
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        host.slice(SLICE_SECONDS)


def _await_stop(pid: int) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        seen, status = os.waitpid(pid, os.WNOHANG | os.WUNTRACED)
        if seen and os.WIFSTOPPED(status):
            return
        time.sleep(0.005)
    os.kill(pid, signal.SIGKILL)
    raise TimeoutError("the writer did not come to where it should stop")


def _await_end(pid: int) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        if os.waitpid(pid, os.WNOHANG)[0]:
            return
        time.sleep(0.005)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
