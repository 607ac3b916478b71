"""Too little room: no commands, no snapshots, at last no ticks; and everything again with room."""

from __future__ import annotations

import shutil
import uuid
from collections import namedtuple
from typing import Any

import pytest

from tests.worlds.conftest import Arena, bid, run
from worlds import disk, services
from worlds.batcher import Batcher
from worlds.errors import ReadOnly
from worlds.models import World

Usage = namedtuple("Usage", "total used free")
MARK = 1_000


@pytest.fixture
def free(monkeypatch: pytest.MonkeyPatch, settings: Any) -> Any:
    """Say how many bytes are left."""
    settings.WORLD_DISK_FREE_BYTES_MIN = MARK

    def tell(count: int) -> None:
        monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(10_000, 0, count))
        disk.forget()

    tell(MARK)
    yield tell
    monkeypatch.undo()
    disk.forget()


def test_below_the_mark_nothing_is_taken_and_no_snapshot_stored(
    arena: Arena, settings: Any, free: Any
) -> None:
    settings.WORLD_SNAPSHOT_EVERY_TICKS = 5
    host = arena.host()
    participant = arena.participant()
    arena.settle(host)
    count = "select count(*) from snapshot where world_id = %s and kind = 'periodic'"
    run(host, lambda: arena.one(count) >= 1)
    free(MARK - 1)
    host.slice(0.1)
    with pytest.raises(ReadOnly):
        arena.send(participant, bid())
    assert arena.depth() == 0, "nothing was written"
    stored, tick = arena.one(count), arena.head()[3]
    run(host, lambda: arena.head()[3] >= tick + 20)
    assert arena.one(count) == stored, "ticks go on, snapshots do not"
    services.world_halt(world=arena.world, reason="an operator may still act")
    run(host, lambda: World.objects.get(pk=arena.world_id).state == "halted")
    services.world_resume(world=arena.world)
    arena.settle(host)
    free(MARK)
    sent = arena.send(participant, bid())
    arena.settle(host)
    assert arena.journaled()[-1] == sent.command_id
    run(host, lambda: arena.one(count) > stored)


def test_below_half_of_it_time_stands_still(arena: Arena, free: Any) -> None:
    host = arena.host()
    run(host, lambda: arena.head()[3] > 3)
    free(MARK // 2 - 1)
    host.slice(0.05)
    epoch, _, _, tick = arena.head()
    host.slice(0.3)
    assert arena.head()[3] == tick and arena.head()[0] == epoch, "held, and still"
    free(MARK)
    run(host, lambda: arena.head()[3] > tick)


async def test_the_batcher_refuses_as_well(free: Any) -> None:
    free(MARK - 1)
    with pytest.raises(ReadOnly):
        await Batcher().submit_async(
            world_id=1, participant_id=1, command_id=uuid.uuid4(), kind=1,
            body=b"\1\0", key=None, digest=bytes(16),
        )  # fmt: skip
