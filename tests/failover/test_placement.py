"""Three worlds on two workers of the running game: spread, orphaned, restarted, without beat."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest
from psycopg.rows import dict_row

from arena_site.embedded.postgres import DATABASE, OWNER
from tests.stack import ROOT, Stack, running

pytestmark = [pytest.mark.stack, pytest.mark.timeout(600)]

SLUGS = ["main", "world-2", "world-3"]
PATIENCE_SECONDS = 120.0  # a world left to another host in vain is kept for 30 s
SINCE_COMMITS = 250


@pytest.fixture(scope="module")
def worlds() -> Iterator[Stack]:
    """The game with three small worlds and two world workers."""
    with running("--worlds", "3", "--world-workers", "2", "--agents", "1000") as stack:
        yield stack


def heads(stack: Stack) -> dict[str, dict[str, Any]]:
    """Every world's head by name."""
    with psycopg.connect(
        host=str(stack.state / "pg"), user=OWNER, dbname=DATABASE, row_factory=dict_row
    ) as session:
        rows = session.execute(
            "select w.slug, h.tick, h.epoch, h.holder, h.commit from world_head h"
            " join worlds_world w on w.id = h.world_id order by w.id"
        )
        return {row["slug"]: row for row in rows}


def pid_of(stack: Stack, name: str) -> int:
    children = json.loads((stack.state / "holder.json").read_text())["children"]
    return int(children[name][0])


def wait_for(stack: Stack, true: Callable[[dict[str, dict[str, Any]]], bool]) -> dict[str, Any]:
    deadline = time.monotonic() + PATIENCE_SECONDS
    found: dict[str, Any] = {}
    while time.monotonic() < deadline:
        with contextlib.suppress(psycopg.OperationalError):  # it may be the database that died
            found = heads(stack)
            if true(found):
                return found
        time.sleep(0.1)
    raise AssertionError(found)


def holders(found: dict[str, dict[str, Any]]) -> set[int]:
    """Process ids of those who hold the worlds; 0 for nobody."""
    return {int((head["holder"] or ":0").rpartition(":")[2]) for head in found.values()}


def moved(before: dict[str, dict[str, Any]]) -> Callable[[dict[str, dict[str, Any]]], bool]:
    return lambda now: all(now[slug]["tick"] > before[slug]["tick"] + 5 for slug in SLUGS)


def pace_hz(stack: Stack, seconds: float) -> float:
    """Ticks a second that the first world makes."""
    before, started = heads(stack)[SLUGS[0]]["tick"], time.monotonic()
    time.sleep(seconds)
    return float(heads(stack)[SLUGS[0]]["tick"] - before) / (time.monotonic() - started)


def test_three_worlds_live_on_both_workers(worlds: Stack) -> None:
    both = {pid_of(worlds, "world1"), pid_of(worlds, "world2")}
    found = wait_for(worlds, lambda now: sorted(now) == SLUGS and holders(now) == both)
    wait_for(worlds, moved(found))


def test_orphans_are_claimed_and_worlds_spread_again(worlds: Stack) -> None:
    killed, other = pid_of(worlds, "world1"), pid_of(worlds, "world2")
    before = heads(worlds)
    os.kill(killed, signal.SIGKILL)
    wait_for(worlds, lambda now: killed not in holders(now) and 0 not in holders(now))
    after = wait_for(worlds, moved(before))
    assert all(after[slug]["epoch"] >= before[slug]["epoch"] for slug in SLUGS)
    wait_for(worlds, lambda now: len(holders(now) - {0}) == 2)
    assert other == pid_of(worlds, "world2")


def test_a_rolling_restart_leaves_no_world_behind(worlds: Stack) -> None:
    for name in ("world1", "world2"):
        before, pid = heads(worlds), pid_of(worlds, name)
        os.kill(pid, signal.SIGTERM)
        wait_for(worlds, lambda now, pid=pid: pid not in holders(now))
        wait_for(worlds, moved(before))
        wait_for(worlds, lambda now: len(holders(now) - {0}) == 2)


def test_two_beats_and_none(worlds: Stack) -> None:
    celery = [sys.executable, "-m", "celery", "-A", "arena_site", "--quiet"]
    schedule = ["--pidfile=", "-s", str(worlds.state / "second"), "-l", "ERROR"]
    second = subprocess.Popen(
        [*celery, "beat", *schedule],
        cwd=ROOT,
        env=worlds.environment | {"LEA_ROLE": "beat", "ARENA_SERVICES": "running"},
        stderr=subprocess.DEVNULL,
    )
    try:
        deadline, rate = time.monotonic() + PATIENCE_SECONDS, 0.0
        while not 9 < rate < 11:  # a world that had to wait makes up for it first
            assert time.monotonic() < deadline, f"two pulses are not two ticks: {rate:.1f} Hz"
            rate = pace_hz(worlds, seconds=4.0)
            assert second.poll() is None, "the second beat lives"
    finally:
        second.kill()
        second.wait()
    before = heads(worlds)
    os.kill(pid_of(worlds, "beat"), signal.SIGKILL)
    after = wait_for(worlds, moved(before))
    assert {after[slug]["epoch"] for slug in SLUGS} >= {before[slug]["epoch"] for slug in SLUGS}


def test_a_killed_database_is_started_again(worlds: Stack) -> None:
    before, pid = heads(worlds), pid_of(worlds, "postgres")
    os.kill(pid, signal.SIGKILL)
    deadline = time.monotonic() + PATIENCE_SECONDS
    while pid_of(worlds, "postgres") == pid:
        assert time.monotonic() < deadline, "it was not started again"
        time.sleep(0.05)
    wait_for(worlds, moved(before))


@pytest.fixture
def standing_still(worlds: Stack) -> Iterator[None]:
    """The worlds stop and leave the processor to those who look at their past."""
    names = ("world1", "world2", "general")
    stopped = [pid_of(worlds, name) for name in names]
    for pid in stopped:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in stopped:
            os.kill(pid, signal.SIGCONT)


@pytest.mark.usefixtures("standing_still")
def test_after_all_that_every_world_is_what_its_journal_says(worlds: Stack) -> None:
    """From genesis the world that changed hands most often, the last snapshots on of the others."""
    found = heads(worlds)
    most = max(SLUGS, key=lambda slug: found[slug]["epoch"])
    for slug in SLUGS:
        since = 0 if slug == most else max(0, found[slug]["commit"] - SINCE_COMMITS)
        shown = json.loads(
            worlds.manage("verify", "--world", slug, "--since", str(since), "--json")
        )
        assert shown["digest_equal"] and shown["digests_compared"] > 10, shown
