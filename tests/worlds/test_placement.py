"""Many worlds on few hosts: spread by themselves, orphans taken, nothing in two hands."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence

import pytest

from tests.worlds.conftest import Arena, bid
from worlds import database, host, lease
from worlds.broadcast import Broadcaster
from worlds.host import Host

PATIENCE_SECONDS = 60.0
SLICE_SECONDS = 0.3  # a host that holds worlds looks for more only later in its slice


@pytest.fixture
def make_host() -> Iterator[Callable[[Sequence[Arena], str], Host]]:
    """Hosts that may claim any of some worlds."""
    made: list[Host] = []

    def make(arenas: Sequence[Arena], name: str) -> Host:
        engine = arenas[0].engine
        announcer = Broadcaster(engine, database.redis_client())
        made.append(Host(name, engine, announcer, only=[arena.world_id for arena in arenas]))
        return made[-1]

    yield make
    for each in made:
        each.close()


def take_turns(hosts: Sequence[Host], until: Callable[[], bool]) -> None:
    """Slices of all hosts in turn; fails when it never comes to it."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not until():
        assert time.monotonic() < deadline, [sorted(each.worlds) for each in hosts]
        for each in hosts:
            each.slice(SLICE_SECONDS)


def held(hosts: Sequence[Host]) -> list[int]:
    return sorted(len(each.worlds) for each in hosts)


def test_worlds_spread_over_hosts_and_stay(
    make_arena: Callable[..., Arena],
    make_host: Callable[..., Host],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(host, "SHARE_SECONDS", 0.1)
    arenas = [make_arena(rate=20.0) for _ in range(5)]
    first = make_host(arenas, "first")
    take_turns([first], lambda: len(first.worlds) == 5)
    second = make_host(arenas, "second")
    both = [first, second]
    take_turns(both, lambda: held(both) == [2, 3])
    epochs = [arena.head()[0] for arena in arenas]
    ticks = [arena.head()[3] for arena in arenas]
    later = time.monotonic() + 1.0
    take_turns(both, lambda: time.monotonic() > later)
    assert held(both) == [2, 3] and [arena.head()[0] for arena in arenas] == epochs
    assert not set(first.worlds) & set(second.worlds)
    assert all(arena.head()[3] > tick for arena, tick in zip(arenas, ticks, strict=True))


def test_a_released_host_leaves_all_and_each_world_decides(
    make_arena: Callable[..., Arena], make_host: Callable[..., Host]
) -> None:
    arenas = [make_arena(rate=5.0) for _ in range(4)]
    first, second = make_host(arenas, "first"), make_host(arenas, "second")
    take_turns([first], lambda: len(first.worlds) == 4)
    sent = [arena.send(arena.participant(), bid()).command_id for arena in arenas]
    first.stopping = True
    first.slice(1.0)
    assert not first.worlds
    take_turns([second], lambda: all(arena.depth() == 0 for arena in arenas))
    assert len(second.worlds) == 4
    assert [arena.journaled()[-1] for arena in arenas] == sent


def test_a_world_without_room_anywhere_is_taken_after_a_while(
    make_arena: Callable[..., Arena],
    make_host: Callable[..., Host],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(host, "AGENTS_PER_HOST", 700)
    arenas = [make_arena(rate=20.0) for _ in range(2)]
    only = make_host(arenas, "only")
    take_turns([only], lambda: len(only.worlds) == 1)
    only.slice(2 * SLICE_SECONDS)
    assert len(only.worlds) == 1, "the second is left to a host with room"
    monkeypatch.setattr(lease, "ORPHANED_SECONDS", 0.5)
    take_turns([only], lambda: len(only.worlds) == 2)


def test_a_hung_host_is_not_given_worlds(
    make_arena: Callable[..., Arena],
    make_host: Callable[..., Host],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(host, "SHARE_SECONDS", 0.05)
    arenas = [make_arena(rate=20.0) for _ in range(3)]
    first, hung = make_host(arenas, "first"), make_host(arenas, "hung")
    take_turns([first], lambda: len(first.worlds) == 3)
    hung._require_runner()
    monkeypatch.setattr(lease, "_ALIVE_SECONDS", 0.2)
    time.sleep(0.3)
    epochs = [arena.head()[0] for arena in arenas]
    later = time.monotonic() + 3 * SLICE_SECONDS
    take_turns([first], lambda: time.monotonic() > later)
    assert len(first.worlds) == 3 and [arena.head()[0] for arena in arenas] == epochs
