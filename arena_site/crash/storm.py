"""Faults under load: two writers, a client with its own books, and everything around them failing.

Each phase injects one kind of fault again and again while commands go on being submitted. The
client sends what it got no answer to again, with the same ids, until it has one.
"""

from __future__ import annotations

import os
import random
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import psycopg
from django.db import DatabaseError, connections
from django.test.utils import override_settings

from arena_site.crash.books import Client
from arena_site.crash.ground import Ground, fork, join, make_world
from arena_site.crash.points import PARTICIPANTS, finish
from arena_site.crash.proxy import CutProxy
from arena_site.crash.trouble import JumpingClock, Troubled, poisonous
from worlds import database
from worlds import host as hosts
from worlds.broadcast import Broadcaster
from worlds.host import Host
from worlds.journal import STATUS_POISON

WRITERS = 2
LEASE_SECONDS = 0.5
SNAPSHOT_EVERY_TICKS = 25
PAUSE_SECONDS = 0.004
RETRY_SECONDS = 0.01
PATIENCE_SECONDS = 60.0
CUT_SHARE = 0.3
COUNTS = {
    "postgres_kills": 25,
    "commit_cuts": 1_000,
    "zombie_resumes": 200,
    "redis_losses": 20,
    "clock_jumps": 100,
    "poison_commands": 10,
    "tick_overruns": 50,
    "writer_kills": 100,
}

Progress = Callable[[int, int], None]


def counts(scale: float) -> dict[str, int]:
    """How often each fault is injected; at least twice."""
    return {name: max(2, round(count * scale)) for name, count in COUNTS.items()}


def run(
    ground: Ground, engine: Any, *, scale: float, seed: int, agents: int, progress: Progress
) -> dict[str, Any]:
    """All phases, then the comparison; the document of `crashtest --faults`."""
    started = time.monotonic()
    wanted = counts(scale)
    total, done = sum(wanted.values()), 0
    with override_settings(
        WORLD_SNAPSHOT_EVERY_TICKS=SNAPSHOT_EVERY_TICKS, WORLD_LEASE_SECONDS=LEASE_SECONDS
    ):
        world = make_world(engine, agents, seed)
        client = Client(world.pk, join(world, PARTICIPANTS), seed)
        client.listen()
        storm = Storm(ground, engine, world.pk, client, random.Random(seed))
        injected: dict[str, int] = {}
        for name, phase in PHASES.items():
            before = done

            def told(count: int, before: int = before) -> None:
                progress(before + count, total)

            injected[name] = phase(storm, wanted[name], told)
            done += wanted[name]
        storm.stop_writers()
        storm.resend()
        with ground.session() as session:
            report = finish(engine, world, client, session)
        client.close()
    extra = {"unknown_answers": storm.unknown, "claims": storm.epoch(), **storm.facts}
    enough = all(injected[name] >= count for name, count in wanted.items())
    report["passed"] = report["passed"] and enough and storm.clean
    seconds = round(time.monotonic() - started, 1)
    return {"seed": seed, "injected": injected} | extra | report | {"seconds": seconds}


@dataclass
class Storm:
    """The world under load: who writes it, who plays it, what is done to it."""

    ground: Ground
    engine: Any
    world_id: int
    client: Client
    draw: random.Random
    writers: list[int] = field(default_factory=list)
    unknown: int = 0
    facts: dict[str, int] = field(default_factory=dict)
    clean: bool = True

    # -- writers --------------------------------------------------------------------------------

    def start_writers(self, count: int = WRITERS, prepare: Callable[[], Any] | None = None) -> None:
        """Fork hosts of the world. `prepare` is called in each and may give it another engine."""
        self.writers += [fork(lambda: self._write(prepare)) for _ in range(count)]

    def _write(self, prepare: Callable[[], Any] | None) -> None:
        engine = (prepare() if prepare else None) or self.engine
        announcer = Broadcaster(engine, database.redis_client())
        host = Host(str(os.getpid()), engine, announcer, only=[self.world_id])
        signal.signal(signal.SIGTERM, lambda *_: setattr(host, "stopping", True))
        while not host.stopping:
            host.slice(0.2)
        host.close()

    def stop_writers(self) -> None:
        """Ask them to release their worlds and end."""
        for pid in self.writers:
            os.kill(pid, signal.SIGCONT)
            os.kill(pid, signal.SIGTERM)
        deadline = time.monotonic() + PATIENCE_SECONDS
        for pid in self.writers:
            while not os.waitpid(pid, os.WNOHANG)[0]:
                if time.monotonic() > deadline:
                    os.kill(pid, signal.SIGKILL)
                time.sleep(0.005)
        self.writers.clear()

    @contextmanager
    def writing(self, prepare: Callable[[], Any] | None = None) -> Iterator[None]:
        """Writers for the time of a phase."""
        self.start_writers(prepare=prepare)
        try:
            yield
        finally:
            self.stop_writers()

    # -- the player -----------------------------------------------------------------------------

    def play(self, until: Callable[[], Any], what: str) -> None:
        """Send and listen until something holds; raises TimeoutError when it never does."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not until():
            if time.monotonic() > deadline:
                raise TimeoutError(f"in vain: {what}")
            self.turn()

    def turn(self) -> None:
        """One command or two; without an answer it is unknown what became of them."""
        intents = [self.client.intend() for _ in range(self.draw.randint(1, 2))]
        self.persist(intents)
        self.client.listen()
        time.sleep(PAUSE_SECONDS)

    def persist(self, intents: list[int]) -> None:
        """Submit, again and again with the same ids, until there is an answer."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                self.client.submit(intents)
                return
            except (DatabaseError, psycopg.Error):
                self.unknown += 1
                connections["default"].close()
                self.on_lost_database()
                if time.monotonic() > deadline:
                    raise
                time.sleep(RETRY_SECONDS)

    def on_lost_database(self) -> None:
        """What the machine does meanwhile; a phase that kills PostgreSQL starts it here."""
        if self.ground.postgres.dead:
            self.ground.postgres.start()

    def resend(self) -> None:
        """Whatever is still without an answer."""
        waiting = self.client.unacked()
        for first in range(0, len(waiting), 100):
            self.persist(waiting[first : first + 100])

    # -- looking --------------------------------------------------------------------------------

    def query(self, text: str, *values: Any) -> tuple:
        """First row, on a session beside everybody's."""
        with self.ground.session() as session:
            row = session.execute(text, (*values, self.world_id)).fetchone()
        return row or ()

    def epoch(self) -> int:
        return int(self.query("select epoch from world_head where world_id = %s")[0])

    def holder(self) -> int:
        """Process id of who holds the world; 0 for nobody."""
        found = self.query("select holder from world_head where world_id = %s")[0]
        return int(found) if found else 0

    def seq(self) -> int:
        return int(self.query("select seq from world_head where world_id = %s")[0])

    def moved(self) -> Callable[[], bool]:
        """Whether a command was decided since this was called."""
        before = self.seq()
        return lambda: self.seq() > before


# -- phases -------------------------------------------------------------------------------------

Told = Callable[[int], None]


def _postgres_kills(storm: Storm, count: int, told: Told) -> int:
    """PostgreSQL and all its children killed at once while commands are on their way."""
    with storm.writing():
        for number in range(count):
            storm.play(storm.moved(), "a decision before the kill")
            delay = storm.draw.uniform(0.0, 0.05)
            timer = threading.Timer(delay, storm.ground.postgres.kill)
            timer.start()
            storm.play(lambda: storm.ground.postgres.started > number, "the kill")  # noqa: B023
            timer.join()
            storm.play(storm.moved(), "a decision after the kill")
            told(number + 1)
    return storm.ground.postgres.kills


def _commit_cuts(storm: Storm, count: int, told: Told) -> int:
    """Connections of writers and of the client cut before and after COMMIT."""
    settings = connections["default"].settings_dict
    directory = storm.ground.state / "proxy"
    proxy = CutProxy(directory, storm.ground.state / "pg", storm.draw.getrandbits(32))
    proxy.start()
    direct = {name: url for name, url in os.environ.items() if name.startswith("DATABASE_URL_")}
    server, settings["HOST"] = settings["HOST"], str(directory)
    os.environ.update({k: u.replace(str(server), str(directory)) for k, u in direct.items()})
    connections["default"].close()
    try:
        with storm.writing():
            proxy.cut(CUT_SHARE)
            while sum(proxy.cuts) < count:
                before = sum(proxy.cuts)
                storm.play(lambda: sum(proxy.cuts) > before, "a cut")  # noqa: B023
                told(min(sum(proxy.cuts), count))
            proxy.cut(0.0)
            storm.play(storm.moved(), "a decision after the cuts")
        storm.facts["cuts_before_commit"], storm.facts["cuts_after_commit"] = proxy.cuts
    finally:
        settings["HOST"] = server
        os.environ.update(direct)
        connections["default"].close()
        proxy.stop()
    return sum(proxy.cuts)


def _zombie_resumes(storm: Storm, count: int, told: Told) -> int:
    """The holder stopped until another has the world, then resumed: it must find itself fenced."""
    with storm.writing():
        for number in range(count):
            storm.play(storm.holder, "a holder")
            holder, epoch = storm.holder(), storm.epoch()
            os.kill(holder, signal.SIGSTOP)
            storm.play(lambda: storm.epoch() > epoch and storm.holder(), "another holder")  # noqa: B023
            os.kill(holder, signal.SIGCONT)
            storm.play(storm.moved(), "a decision beside the zombie")
            told(number + 1)
    return count


def _redis_losses(storm: Storm, count: int, told: Told) -> int:
    """The traffic server emptied, or killed and started empty, in turn."""
    valkey = storm.ground.valkey
    with storm.writing():
        for number in range(count):
            storm.play(storm.moved(), "a decision before the loss")
            if number % 2:
                valkey.kill()
                storm.play(storm.moved(), "a decision without Redis")
                (storm.ground.state / "redis" / "appendonlydir").rename(
                    storm.ground.state / "redis" / f"lost-{number}"
                )
                valkey.start()
            else:
                client = database.redis_client()
                client.flushall()
                client.close()
            storm.play(storm.moved(), "a decision after the loss")
            storm.play(lambda: _hot(storm), "views that are told again")
            told(number + 1)
    return count


def _hot(storm: Storm) -> bool:
    """Whether the world's views stand in Redis, quiet books among them."""
    client = database.redis_client()
    try:
        found: Any = client.hkeys(f"hot:{storm.world_id}")
        return sum(name.startswith(b"book:") for name in found) >= 10
    finally:
        client.close()


def _clock_jumps(storm: Storm, count: int, told: Told) -> int:
    """The database's clock set back and forth by an hour, the hosts' clock leaping ahead."""

    def prepare() -> None:
        hosts.time = JumpingClock(storm.draw.random())  # type: ignore[assignment]

    with storm.writing(prepare):
        for number in range(count):
            hours = 1 if number % 2 else -1
            with storm.ground.session() as session:
                session.execute(
                    "update world_head set until = until + %s * interval '1 hour'"
                    " where world_id = %s",
                    (hours, storm.world_id),
                )
            storm.play(storm.moved(), "a decision after the jump")
            told(number + 1)
    return count


def _poison_commands(storm: Storm, count: int, told: Told) -> int:
    """Commands that the engine cannot bear: set aside, all others decided."""
    with storm.writing(lambda: Troubled(storm.engine)):
        for number in range(count):
            storm.persist([storm.client.note(*poisonous(storm.client.anybody()))])
            storm.play(storm.moved(), "a decision beside the poison")
            storm.play(lambda: _poisoned(storm) > number, "the poison set aside")  # noqa: B023
            told(number + 1)
    storm.facts["poisoned"] = _poisoned(storm)
    storm.clean = storm.clean and storm.facts["poisoned"] == count
    return count


def _poisoned(storm: Storm) -> int:
    query = "select count(*) from journal where status = %s and world_id = %s"
    return int(storm.query(query, STATUS_POISON)[0])


def _tick_overruns(storm: Storm, count: int, told: Told) -> int:
    """Ticks that take many times their period: world time slips, commands are decided."""
    with storm.writing(lambda: Troubled(storm.engine, overrun_every=3)):
        before = int(storm.query("select tick from world_head where world_id = %s")[0])
        for number in range(count):
            wanted = before + 3 * (number + 1)
            storm.play(
                lambda: storm.query("select tick from world_head where world_id = %s")[0] >= wanted,  # noqa: B023
                "ticks",
            )
            told(number + 1)
        storm.play(storm.moved(), "a decision between slow ticks")
    return count


def _writer_kills(storm: Storm, count: int, told: Told) -> int:
    """The holder killed at any moment, another in its place."""
    with storm.writing():
        for number in range(count):
            storm.play(storm.holder, "a holder")
            holder, epoch = storm.holder(), storm.epoch()
            os.kill(holder, signal.SIGKILL)
            os.waitpid(holder, 0)
            storm.writers.remove(holder)
            storm.start_writers(1)
            storm.play(lambda: storm.epoch() > epoch and storm.holder(), "another holder")  # noqa: B023
            told(number + 1)
    return count


PHASES: dict[str, Callable[[Storm, int, Told], int]] = {
    "writer_kills": _writer_kills,
    "zombie_resumes": _zombie_resumes,
    "commit_cuts": _commit_cuts,
    "redis_losses": _redis_losses,
    "clock_jumps": _clock_jumps,
    "poison_commands": _poison_commands,
    "tick_overruns": _tick_overruns,
    "postgres_kills": _postgres_kills,
}
