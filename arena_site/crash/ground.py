"""Databases of our own that may be killed, and a small world on them.

Everything lives in the state directory of the command and is discarded before and after.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import psycopg
from django.conf import settings
from django.db import connections

from arena_site.embedded import process as processes
from arena_site.embedded.claim import Claim, StateBusyError
from arena_site.embedded.game import discard
from arena_site.embedded.logs import pump
from arena_site.embedded.postgres import Postgres
from arena_site.embedded.process import Process
from arena_site.embedded.tasks import migrate
from arena_site.embedded.valkey import Valkey
from economy_engine.commands import RegisterParticipant
from economy_engine.params import preset
from worlds import birth, database, retention
from worlds.models import Participant, World
from worlds.services import command_submit

READY_SECONDS = 60.0
RETRY_SECONDS = 0.1
ASK_SECONDS = 0.02  # between two looks at one that starts: each costs it a session
TICK_RATE_HZ = 100.0
URLS = ("DATABASE_URL", "REDIS_URL")


class GroundError(Exception):
    """The databases cannot be had; the text says why."""


class Server:
    """A process that is killed and started again at will. All but `kill`: main thread only."""

    def __init__(self, process: Process, state: Path) -> None:
        self.process = process
        self._state = state
        self._popen: Any = None
        self.kills = 0
        self.started = -1  # starts after the first

    def start(self) -> float:
        """Start until it answers; returns the seconds that it took. What the dead one left behind
        may refuse the first tries."""
        started = time.monotonic()
        while True:
            if self.process.prepare is not None:
                self.process.prepare()
            self._popen = processes.spawn(self.process)
            log = self._state / "logs" / f"{self.process.name}.log"
            pump(self.process.name, self._popen, log, None, "")
            while not processes.exited(self._popen):
                if self.process.ready is None or self.process.ready():
                    self.started += 1
                    return time.monotonic() - started
                time.sleep(ASK_SECONDS)
            if time.monotonic() - started > READY_SECONDS:
                raise GroundError(f"{self.process.name} does not start: see {log}")
            time.sleep(RETRY_SECONDS)

    @property
    def pid(self) -> int:
        return int(self._popen.pid)

    @property
    def dead(self) -> bool:
        """Whether it ended."""
        return processes.exited(self._popen)

    def kill(self) -> None:
        """As when the machine is switched off for it: the process and its children, at once.

        From any thread: what another one starts meanwhile is not this one's to wait for.
        """
        self.kills += 1
        killed = self._popen
        for pid in (killed.pid, *_children(killed.pid)):
            processes.kill_one(pid)
        while not processes.exited(killed):
            time.sleep(0.001)

    def stop(self) -> None:
        """End it in order."""
        if self._popen is None or processes.exited(self._popen):
            return
        processes.signal_one(self._popen, self.process.stop_signal)
        deadline = time.monotonic() + self.process.stop_seconds
        while not processes.exited(self._popen):
            if time.monotonic() > deadline:
                self.kill()
            time.sleep(0.01)


def _children(pid: int) -> list[int]:
    found: list[int] = []
    for path in Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(OSError):
            found += [int(word) for word in path.read_text().split()]
    return found


@dataclass
class Ground:
    """The running databases, and how to make a world on them."""

    state: Path
    postgres: Server
    valkey: Server

    def __post_init__(self) -> None:
        self._postgres = self.postgres.process

    def session(self, name: str = "checker") -> psycopg.Connection:
        """A session of the checker, beside the worlds'."""
        return database.plain_connect(name)

    def restart_postgres(self, options: Sequence[str] = ()) -> float:
        """Kill PostgreSQL and start it again; seconds until it answers."""
        self.postgres.kill()
        extra = [item for option in options for item in ("-c", option)]
        self.postgres.process = replace(self._postgres, command=[*self._postgres.command, *extra])
        return self.postgres.start()


@contextlib.contextmanager
def ground(state: Path) -> Iterator[Ground]:
    """Fresh databases with all tables; nothing is left of them afterwards.

    Raises GroundError where a database was given by URL: that one is nobody's to kill.
    """
    given = [name for name in URLS if os.environ.get(name)]
    if given:
        raise GroundError(f"this kills databases, so it uses its own: unset {', '.join(given)}")
    try:
        claim = Claim(state, "crashtest")
    except StateBusyError as error:
        raise GroundError(f"{state} is in use (pid {error.holder.pid})") from error
    try:
        discard(state)
        cluster = Postgres(state)
        valkey = Server(Valkey(state / "redis").process(), state)
        made = Ground(state, Server(cluster.process(), state), valkey)
        try:
            made.postgres.start()
            made.valkey.start()
            migrate()
            os.environ.update(cluster.role_urls())
            retention.ensure_partitions()
            yield made
        finally:
            connections.close_all()
            made.valkey.stop()
            made.postgres.stop()
            discard(state)
    finally:
        claim.release()


def make_world(
    engine: Any,
    agents: int,
    seed: int,
    slug: str = "main",
    *,
    tick_rate_hz: float = TICK_RATE_HZ,
) -> World:
    """A world at its genesis, at a hundred ticks a second."""
    params = preset("sprint", agents=agents, seed=seed, spare_rows=64, participant_orders_max=4_096)
    with database.plain_connect("genesis") as session:
        return birth.create_world(
            engine,
            session,
            slug=slug,
            agents=agents,
            preset="sprint",
            seed=seed,
            warm_up_days=0,
            params=params,
            tick_rate_hz=tick_rate_hz,
        )


def join(world: World, count: int) -> list[int]:
    """Participants whose registrations wait in the inbox; their numbers."""
    numbers = []
    for number in range(count):
        participant = Participant.objects.create(world=world, name=f"checker-{number}")
        command_submit(
            world_id=world.pk,
            participant_id=participant.pk,
            command=RegisterParticipant(guest=False),
            command_id=uuid.uuid4(),
        )
        numbers.append(participant.pk)
    return numbers


# What a forked child inherits and must not touch: closing it would end the parent's sessions.
_inherited: list[Any] = []


def fork(body: Any) -> int:
    """Run `body()` in a forked process; its id. The child ends with it, or with its parent."""
    parent = os.getpid()
    pid = os.fork()
    if pid:
        return pid
    try:
        _end_with(parent)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        _inherited.append(connections["default"].connection)
        connections["default"].connection = None
        body()
    except BaseException as error:
        sys.stderr.write(f"child: {error!r}\n")
        os._exit(1)
    os._exit(0)


def _end_with(parent: int) -> None:
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(1, int(signal.SIGKILL), 0, 0, 0)
    if os.getppid() != parent:
        os._exit(1)


def state_directory() -> Path:
    """Where this command keeps its databases."""
    return Path(settings.STATE_DIR)
