"""Processes are started in order, restarted with patience, and never left behind."""

from __future__ import annotations

import contextlib
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.house.tidy import ROOT

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
GONE_SECONDS = 10.0


class Supervised:
    def __init__(self, state: Path, plan: str) -> None:
        self.state = state
        self.popen = subprocess.Popen(
            [sys.executable, "-m", "tests.house.supervised", str(state), plan],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
        )

    def read_until(self, text: str) -> str:
        assert self.popen.stdout is not None
        seen = ""
        while text not in seen and (line := self.popen.stdout.readline()):
            seen += line
        assert text in seen, seen
        return seen

    def end(self, number: signal.Signals) -> int:
        self.popen.send_signal(number)
        return self.popen.wait(GONE_SECONDS)

    def descendants(self) -> list[int]:
        """Living processes with our state directory on their command line, us apart."""
        found = []
        for path in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                ours = str(self.state).encode() in (path / "cmdline").read_bytes()
                if ours and int(path.name) != self.popen.pid:
                    found.append(int(path.name))
        return found

    def nothing_left(self) -> bool:
        deadline = time.monotonic() + GONE_SECONDS
        while self.descendants() and time.monotonic() < deadline:
            time.sleep(0.05)
        return self.descendants() == []


@pytest.fixture
def supervise(tmp_path: Path) -> Iterator[type]:
    started: list[Supervised] = []

    def start(plan: str) -> Supervised:
        started.append(Supervised(tmp_path / "state", plan))
        return started[-1]

    yield start  # type: ignore[misc]
    for one in started:
        one.popen.kill()
        one.popen.wait()


def test_order_and_readiness(supervise):
    game = supervise("steady")
    said = game.read_until("UP")
    assert said.index("first is done") < said.index("second is up")
    deadline = time.monotonic() + GONE_SECONDS  # a process has its command line a moment later
    while len(found := game.descendants()) < 2 and time.monotonic() < deadline:
        time.sleep(0.05)
    assert len(found) == 2
    assert game.end(signal.SIGTERM) == 0
    assert game.nothing_left()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
def test_nothing_is_left_whatever_ended_it(supervise, number):
    game = supervise("steady")
    game.read_until("UP")
    grandchildren = wait_for_children(game)
    game.end(number)
    assert game.nothing_left()
    if number is not signal.SIGKILL:  # then nobody is there to end what a child left behind
        assert not any(alive(pid) for pid in grandchildren)


def wait_for_children(game: Supervised) -> list[int]:
    """The processes that the plan's processes started themselves."""
    deadline = time.monotonic() + GONE_SECONDS
    while not (found := children_of(game.descendants())):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return found


def children_of(pids: list[int]) -> list[int]:
    found = []
    for pid in pids:
        for path in Path(f"/proc/{pid}/task").glob("*/children"):
            found += [int(word) for word in path.read_text().split()]
    return found


def alive(pid: int) -> bool:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False


def test_a_start_after_a_kill_works_at_once(supervise):
    game = supervise("steady")
    game.read_until("UP")
    game.end(signal.SIGKILL)
    again = supervise("steady")
    again.read_until("UP")
    # The killed game's children are still dying, and a child between fork and exec has no command
    # line: what stays is what counts.
    deadline, stays = time.monotonic() + GONE_SECONDS, 0
    while stays < 5 and time.monotonic() < deadline:
        stays = stays + 1 if len(again.descendants()) == 2 else 0
        time.sleep(0.05)
    assert stays == 5, again.descendants()
    assert again.end(signal.SIGTERM) == 0


def test_a_deaf_process_is_killed_after_its_time(supervise):
    game = supervise("stubborn")
    game.read_until("deaf\n")
    started = time.monotonic()
    assert game.end(signal.SIGTERM) == 0
    assert time.monotonic() - started >= 1.0
    assert game.nothing_left()


def test_a_crash_loop_is_given_up_with_the_reason(supervise):
    game = supervise("crashing")
    said = game.read_until("ended 5 times within a minute")
    assert said.count("again in") == 4
    assert "no luck" in (game.popen.stdout.read() if game.popen.stdout else "")
    assert game.popen.wait(GONE_SECONDS) == 1


def test_a_database_that_dies_is_started_again(supervise):
    game = supervise("database")
    game.read_until("UP")
    said = game.read_until("alive again")
    assert "data ended with SIGABRT; again in 0.1 s" in said
    assert game.end(signal.SIGTERM) == 0
    assert game.nothing_left()


def test_a_failed_step_says_why(supervise):
    game = supervise("failing")
    game.read_until("the reason")
    assert game.popen.wait(GONE_SECONDS) == 1


def test_an_optional_step_may_fail(supervise):
    game = supervise("optional")
    said = game.read_until("UP")
    assert "extra failed with exit code 3; going on without" in said
    assert game.end(signal.SIGTERM) == 0


def test_a_second_start_is_refused(supervise):
    supervise("steady").read_until("UP")
    second = supervise("steady")
    assert second.popen.wait(GONE_SECONDS) == 1
