"""Processes killed at every named step: nothing accepted is lost, nothing is decided twice.

A forked child hosts the world with one fault point armed, so that it ends there as by kill -9; then
a host of this process recovers. The negative control at the end shows that the check sees a loss.
"""

from __future__ import annotations

import os
import signal
import time
import traceback
import uuid

import pytest

from tests.worlds.conftest import Arena, bid, run
from worlds import database, faults, selectors, verification
from worlds.broadcast import Broadcaster
from worlds.host import Host

CHILD_SECONDS = 30.0
# Passed once before the others: in the claim, or only by commits that hold commands.
FIRST = [p for p in faults.POINTS if p.startswith(("claim", "snapshot", "commit.j", "commit.h"))]
POINTS = [point for point in faults.POINTS if point != "release.before"]


def child(arena: Arena, point: str, passage: int) -> int:
    """Host the world in a forked process that ends at a fault point; its process id."""
    pid = os.fork()
    if pid:
        return pid
    # Nothing inherited is closed here: a clean end of a connection is not a crash's.
    try:
        faults.arm(point, passage)
        announcer = Broadcaster(arena.engine, database.redis_client())
        host = Host("child", arena.engine, announcer, only=[arena.world_id])
        until = time.monotonic() + CHILD_SECONDS
        while time.monotonic() < until:
            host.slice(0.05)
    except BaseException:
        traceback.print_exc()
    os._exit(1)


@pytest.mark.parametrize("point", POINTS)
def test_a_crash_at_any_step_loses_and_doubles_nothing(
    arena: Arena, settings: object, point: str
) -> None:
    settings.WORLD_SNAPSHOT_EVERY_TICKS = 3
    participant = arena.participant()
    sent = [arena.send(participant, bid(quantity=n)).command_id for n in range(1, 6)]
    pid = child(arena, point, 1 if point in FIRST else 2)
    sent += [arena.send(participant, bid(quantity=n)).command_id for n in range(6, 9)]
    _, status = os.waitpid(pid, 0)
    assert os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL, point
    sent.append(arena.send(participant, bid(quantity=9)).command_id)
    host = arena.host("rescuer")
    arena.settle(host)
    tick = arena.head()[3]
    run(host, lambda: arena.head()[3] >= tick + 2)
    check(arena, participant.pk, sent)
    host.release()
    assert verification.verify(arena.engine, arena.writer, arena.world_id, "w").digest_equal


def check(arena: Arena, participant_id: int, sent: list[uuid.UUID]) -> None:
    """Every accepted command is decided once, in the order of acceptance, without a gap."""
    journaled = arena.journaled()
    assert journaled[1:] == sent
    assert arena.depth() == 0
    epoch, commit, seq, tick = arena.head()
    assert seq == len(journaled)
    statuses = selectors.command_statuses(arena.world_id, participant_id, sent)
    assert {status.status for status in statuses.values()} <= {"executed", "rejected"}
    assert len(statuses) == len(sent)
    blocks = arena.all('select "commit", epoch from block where world_id = %s order by "commit"')
    assert [number for number, _ in blocks] == list(range(1, commit + 1))
    epochs = [number for _, number in blocks]
    assert epochs == sorted(epochs) and epochs[-1] <= epoch
    assert arena.one("select sum(ticks) from block where world_id = %s") == tick


def test_the_check_sees_a_loss(arena: Arena) -> None:
    """Negative control: a row removed from inbox or journal must fail it."""
    participant = arena.participant()
    sent = [arena.send(participant, bid(quantity=n)).command_id for n in range(1, 4)]
    arena.writer.execute("delete from inbox where command_id = %s", (sent[1],))
    arena.settle(arena.host())
    with pytest.raises(AssertionError):
        check(arena, participant.pk, sent)
