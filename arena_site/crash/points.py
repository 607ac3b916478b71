"""Crash points: children of a warm parent run a world and are killed at named steps.

A client of the parent submits all the while and writes down what it is told. In the end its books
are held against the journal, the journal against a replay, the projections against a rebuild.
"""

from __future__ import annotations

import os
import random
import signal
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import psycopg
from django.test.utils import override_settings

from arena_site.crash.books import Client
from arena_site.crash.ground import Ground, fork, join, make_world
from worlds import database, faults, projector, rebuild, verification
from worlds.broadcast import Broadcaster
from worlds.host import Host

PARTICIPANTS = 6
CHILD_SECONDS = 20.0
SLICE_SECONDS = 0.02
SETTLE_SECONDS = 60.0
SNAPSHOT_EVERY_TICKS = 8
TRIES_MAX = 3
# Passed by every commit, so that a later passage can be chosen; the others once or with commands.
OFTEN = ("before_take", "after_take", "after_apply", "after_commit", "announce")

Progress = Callable[[int, int], None]


class NotHitError(Exception):
    """A fault point was not passed in several tries: the harness is broken, not the world."""


@dataclass(slots=True)
class Outcome:
    """What all points together came to."""

    points: int = 0
    windows: Counter[str] = field(default_factory=Counter)
    missed: int = 0
    report: dict[str, Any] = field(default_factory=dict)


def schedule(points: int, seed: int) -> list[tuple[str, str, int]]:
    """Window, point and passage of each crash: windows in equal numbers, in random order."""
    draw = random.Random(seed)
    names = list(faults.WINDOWS)
    planned = []
    for number in range(points):
        window = names[number % len(names)]
        # In turn and not at random: with few crashes, too, every point of a window is struck.
        steps = faults.WINDOWS[window]
        passage = draw.randint(1, 4) if window in OFTEN else 1
        planned.append((window, steps[number // len(names) % len(steps)], passage))
    draw.shuffle(planned)
    return planned


def run(
    ground: Ground, engine: Any, *, points: int, seed: int, agents: int, progress: Progress
) -> dict[str, Any]:
    """All crashes, then the comparison; the document of `crashtest --json`."""
    started = time.monotonic()
    outcome = Outcome()
    with override_settings(WORLD_SNAPSHOT_EVERY_TICKS=SNAPSHOT_EVERY_TICKS):
        world = make_world(engine, agents, seed)
        client = Client(world.pk, join(world, PARTICIPANTS), seed)
        with ground.session() as session:
            crashes = _Crashes(engine, world.pk, client, session, seed)
            for number, (window, point, passage) in enumerate(schedule(points, seed)):
                outcome.missed += crashes.strike(point, passage)
                outcome.points += 1
                outcome.windows[window] += 1
                progress(number + 1, points)
            outcome.report = finish(engine, world, client, session)
        client.close()
    windows = {name: outcome.windows[name] for name in faults.WINDOWS}
    head = {"points": outcome.points, "windows": windows, "missed": outcome.missed, "seed": seed}
    return head | outcome.report | {"seconds": round(time.monotonic() - started, 1)}


class _Crashes:
    def __init__(
        self, engine: Any, world_id: int, client: Client, session: psycopg.Connection, seed: int
    ) -> None:
        self._engine = engine
        self._world_id = world_id
        self._client = client
        self._session = session
        self._random = random.Random(seed + 1)

    def strike(self, point: str, passage: int) -> int:
        """Kill one child at a point; how often one lived on because it never came there."""
        for missed in range(TRIES_MAX):
            passage = passage if missed == 0 else 1
            self._client.send(self._random.randint(1, 3))
            pid = fork(lambda: host_until_killed(self._engine, self._world_id, point, passage))  # noqa: B023
            self._client.send(self._random.randint(1, 2))
            struck = self._await(pid)
            self._await_session()
            if struck:
                return missed
        raise NotHitError(f"{point} was not passed in {TRIES_MAX} tries")

    def _await(self, pid: int) -> bool:
        """Listen until the child is gone; whether it was killed."""
        while True:
            ended, status = os.waitpid(pid, os.WNOHANG)
            self._client.listen()
            if ended:
                return os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
            time.sleep(0.002)

    def _await_session(self) -> None:
        """Until the database noticed the death: otherwise every claim waits for its scan."""
        deadline = time.monotonic() + 1.0
        while time.monotonic() < deadline and holder_lives(self._session, self._world_id):
            time.sleep(0.001)


def holder_lives(session: psycopg.Connection, world_id: int) -> bool:
    """Whether the session of the world's holder is there."""
    row = session.execute(
        "select exists (select from world_head h join pg_stat_activity a"
        " on a.pid = h.backend_pid and a.backend_start = h.backend_start where h.world_id = %s)",
        (world_id,),
    ).fetchone()
    return bool(row and row[0])


def host_until_killed(engine: Any, world_id: int, point: str, passage: int) -> None:
    """The child: run, project and release the world again and again until the point is passed."""
    faults.arm(point, passage)
    host = Host("child", engine, Broadcaster(engine, database.redis_client()), only=[world_id])
    until = time.monotonic() + CHILD_SECONDS
    while time.monotonic() < until:
        host.slice(SLICE_SECONDS)
        if point.startswith("project."):
            projector.project(world_id)
        if point.startswith("release.") and host.worlds:
            host.release()


def settle(host: Host, client: Client, session: psycopg.Connection, world_id: int) -> None:
    """Run the world until nothing waits and what was decided was heard."""
    deadline = time.monotonic() + SETTLE_SECONDS
    waiting = True
    while waiting and time.monotonic() < deadline:
        host.slice(SLICE_SECONDS)
        client.listen()
        row = session.execute(
            "select exists (select from inbox where world_id = %s)", (world_id,)
        ).fetchone()
        waiting = bool(row and row[0]) or not host.worlds


def finish(engine: Any, world: Any, client: Client, session: psycopg.Connection) -> dict[str, Any]:
    """Bring the world to rest and compare: books, replay, projections."""
    host = Host("checker", engine, Broadcaster(engine, database.redis_client()), only=[world.pk])
    try:
        settle(host, client, session, world.pk)
        host.release()
        client.listen()
    finally:
        host.close()
    audit = client.compare(session)
    proof = verification.verify(engine, session, world.pk, world.slug)
    projected = projections_equal(engine, session, world)
    return audit.as_dict() | {
        "ticks": proof.ticks,
        "commits": proof.commits,
        "digests_compared": proof.digests_compared,
        "snapshots_compared": proof.snapshots_compared,
        "digest_equal": proof.digest_equal,
        "first_difference": proof.first_difference,
        "projections_equal": projected,
        "passed": audit.clean and proof.digest_equal and proof.digests_compared > 0 and projected,
    }


# Tables of projections, with the columns that a rebuild numbers or dates anew left out.
PROJECTED = ("markets_orderview", "markets_fillview", "markets_balance", "markets_candle")


def projections_equal(engine: Any, session: psycopg.Connection, world: Any) -> bool:
    """Bring the projections up to date, then derive them anew: the rows must be the same."""
    projector.project(world.pk)
    before = _rows(session, world.pk, PROJECTED)
    rebuild.rebuild(engine, session, world)
    return before == _rows(session, world.pk, PROJECTED)


def _rows(session: psycopg.Connection, world_id: int, tables: Sequence[str]) -> list[Any]:
    found = []
    for table in tables:
        query = (
            f"select count(*), md5(coalesce(string_agg(r, '|' order by r), '')) from ("
            f"select (to_jsonb(t) - 'id')::text as r from {table} t where world_id = %s) rows"
        )
        found.append(session.execute(query, (world_id,)).fetchone())
    return found
