"""Processes killed at every named step: nothing accepted is lost, nothing is decided twice.

The command runs on databases of its own. Its checker must see a loss, a double and a lie.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from arena_site.crash import storm
from arena_site.crash.books import Client
from arena_site.crash.points import schedule
from tests.stack import DROPPED, ROOT
from tests.worlds.conftest import Arena, run
from worlds import faults

POINTS = 300
DEEP_POINTS = 10_000
SCALE = 0.02
SECONDS_MAX = 900


@pytest.fixture
def crashtest(_test_database: None) -> Iterator[Any]:
    """`manage.py crashtest`: gives its exit code and its document."""
    state = Path(tempfile.mkdtemp(prefix="lea-crash-", dir="/tmp"))
    kept = {key: value for key, value in os.environ.items() if key not in DROPPED}
    own = {"ARENA_STATE": str(state), "ARENA_BOOTSTRAP": "0"}

    def command(*arguments: str) -> tuple[int, dict[str, Any]]:
        done = subprocess.run(
            [sys.executable, "manage.py", "crashtest", "--json", *arguments],
            cwd=ROOT,
            env=kept | own,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.stdout, done.stderr[-4000:]
        return done.returncode, json.loads(done.stdout)

    yield command
    shutil.rmtree(state, ignore_errors=True)


@pytest.mark.timeout(SECONDS_MAX)
def test_crashes_at_every_step_lose_and_double_nothing(crashtest: Any, deep: bool) -> None:
    points = DEEP_POINTS if deep else POINTS
    code, shown = crashtest("--points", str(points))
    assert shown["points"] == points
    assert len(shown["windows"]) == len(faults.WINDOWS) >= 9
    assert min(shown["windows"].values()) >= points // len(faults.WINDOWS)
    assert shown["acked"] > points and shown["heard"] > points / 2
    assert shown["acked_lost"] == shown["duplicates"] == shown["undecided"] == 0
    assert shown["digest_equal"] and shown["digests_compared"] > points / 3
    assert shown["projections_equal"] and shown["snapshots_compared"] > 0
    assert shown["passed"] and code == 0, shown


@pytest.mark.timeout(SECONDS_MAX)
def test_the_controls_are_seen(crashtest: Any) -> None:
    code, shown = crashtest("--negative")
    assert shown["synchronous_commit"]["unprotected"]["acked_lost"] > 0
    assert shown["fencing"]["unprotected"]["duplicates"] > 0
    assert shown["idempotency_keys"]["unprotected"]["duplicates"] > 0
    assert shown["passed"] and code == 0, shown


@pytest.mark.timeout(SECONDS_MAX)
def test_faults_under_load_lose_and_double_nothing(crashtest: Any, deep: bool) -> None:
    scale = 1.0 if deep else SCALE
    code, shown = crashtest("--faults", "--scale", str(scale))
    for name, count in storm.counts(scale).items():
        assert shown["injected"][name] >= count >= 2, name
    assert shown["cuts_before_commit"] and shown["cuts_after_commit"]
    assert (
        shown["unknown_answers"] > 0 and shown["poisoned"] == storm.counts(scale)["poison_commands"]
    )
    assert shown["acked"] == shown["sent"] > 50, "everything has an answer in the end"
    assert shown["passed"] and code == 0, shown


def test_every_point_is_planned_and_windows_in_equal_numbers() -> None:
    planned = schedule(1_000, 3)
    assert {point for _, point, _ in planned} == set(faults.POINTS)
    counts = [sum(window == name for window, _, _ in planned) for name in faults.WINDOWS]
    assert min(counts) >= 80 and sum(counts) == 1_000
    assert planned == schedule(1_000, 3) != schedule(1_000, 4)


@pytest.fixture
def client(arena: Arena) -> Iterator[Client]:
    """A checker with ten decided commands in its books."""
    made = Client(arena.world_id, [arena.participant().pk for _ in range(2)], 5)
    made.listen()
    for _ in range(5):
        made.send(2)
    host = arena.host()
    arena.settle(host)
    run(host, lambda: made.listen() or len(made._heard) >= 10)
    yield made
    made.close()


def alter(arena: Arena, statement: str, *values: Any) -> None:
    """Change the journal behind the guards' back."""
    with arena.writer.transaction():
        arena.writer.execute("set local session_replication_role = replica")
        assert arena.writer.execute(statement, values).rowcount == 1


def test_the_books_of_a_whole_world_are_clean(arena: Arena, client: Client) -> None:
    audit = client.compare(arena.writer)
    assert audit.clean, audit
    assert (audit.acked, audit.journaled, audit.heard) == (10, 12, 12)


def test_the_books_see_a_loss(arena: Arena, client: Client) -> None:
    alter(arena, "delete from journal where command_id = %s", client.acked[4])
    audit = client.compare(arena.writer)
    assert not audit.clean and audit.acked_lost == 1 and audit.gaps > 0


def test_the_books_see_a_double(arena: Arena, client: Client) -> None:
    again = uuid.uuid4()
    client._intent_of[again] = 4
    alter(
        arena,
        "insert into journal select world_id, seq + 100, tick, commit, participant_id, ref_seq,"
        " status, %s, 'again', digest, payload, result, chain from journal where command_id = %s",
        again,
        client.acked[4],
    )
    audit = client.compare(arena.writer)
    assert not audit.clean and audit.duplicates == 1


def test_the_books_see_a_lie(arena: Arena, client: Client) -> None:
    alter(arena, "update journal set tick = tick + 1 where command_id = %s", client.acked[4])
    audit = client.compare(arena.writer)
    assert not audit.clean and audit.heard_wrong == 1
