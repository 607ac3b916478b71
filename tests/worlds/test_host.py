"""The host: waking, pacing, competition, halts, poison, breaches, Redis away."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable
from typing import Any

from django.core.files.storage import default_storage

from economy_engine import commands, events
from economy_engine.errors import RejectReason
from economy_engine.schema import Clock
from tests.worlds.conftest import Arena, bid, nowhere, run
from worlds import bundles, selectors, services
from worlds.journal import STATUS_EXECUTED, STATUS_POISON
from worlds.models import World

SLOW = 0.5


class Faulty:
    """The real engine with one planted fault, until it is mended."""

    def __init__(self, engine: Any) -> None:
        self._engine = engine
        self.poison: bytes | None = None
        self.fails_from_tick: int | None = None
        self.breach: str | None = None
        self.failures = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._engine, name)

    def apply(self, state: Any, given: list, ticks: int) -> Any:
        if any(command.payload == self.poison for command in given):
            self.failures += 1
            raise RuntimeError("a command that the engine cannot bear")
        last = self.fails_from_tick
        if last is not None and ticks and self.tick(state) + ticks > last:
            self.failures += 1
            raise RuntimeError("a tick that the engine cannot bear")
        return self._engine.apply(state, given, ticks)

    def breaches(self, state: Any, *, full: bool) -> list[str]:
        # The breach is of an order's doing: the halt itself goes through.
        if self.breach is not None and int(state.clock[Clock.SEQ]) > 1 and not self.halted(state):
            return [self.breach]
        return self._engine.breaches(state, full=full)


def test_ticks_are_paced_by_the_clock(make_arena: Callable[..., Arena]) -> None:
    arena = make_arena(rate=4.0)
    host = arena.host()
    run(host, lambda: host.worlds)
    before, started = arena.head()[3], time.monotonic()
    host.slice(2.0)
    elapsed = time.monotonic() - started
    assert abs(arena.head()[3] - before - 4.0 * elapsed) <= 2


def test_a_deficit_is_dropped_and_counted_not_caught_up(
    make_arena: Callable[..., Arena],
) -> None:
    arena = make_arena(rate=5.0)
    host = arena.host()
    run(host, lambda: host.worlds)
    held = host.worlds[arena.world_id]
    held.due = time.monotonic() - 100 / 5.0
    assert host._due_ticks(held) == 1, "a hundred behind: one tick is run, the rest is dropped"
    held.due = time.monotonic() - 7.5 / 5.0
    assert host._due_ticks(held) == 3, "within ten: three at most in a call"
    assert host._due_ticks(held) == 3
    held.due = time.monotonic() + 10
    assert host._due_ticks(held) == 0


def test_a_command_is_decided_between_ticks(make_arena: Callable[..., Arena]) -> None:
    arena = make_arena(rate=0.4)
    host = arena.host()
    run(host, lambda: host.worlds)
    held = host.worlds[arena.world_id]
    held.due = time.monotonic() + 60
    tick = arena.head()[3]
    participant = arena.participant()
    arena.send(participant, bid())
    host.slice(0.3)
    assert arena.depth() == 0 and arena.head()[3] == tick


def test_two_hosts_compete_and_one_writes(make_arena: Callable[..., Arena]) -> None:
    arena = make_arena(rate=SLOW)
    first, second = arena.host("first"), arena.host("second")
    participant = arena.participant()
    sent = []
    for n in range(1, 11):
        sent.append(arena.send(participant, bid(quantity=n)).command_id)
        first.slice(0.05)
        second.slice(0.05)
        assert len(first.worlds) + len(second.worlds) == 1
    holder, other = (first, second) if first.worlds else (second, first)
    epoch = arena.head()[0]
    holder.release()
    arena.send(participant, bid(quantity=11))
    arena.settle(other)
    assert other.worlds and arena.head()[0] == epoch + 1
    assert arena.journaled()[1:11] == sent
    assert arena.head()[2] == len(arena.journaled()) == 12


def test_a_dead_holder_is_replaced_at_once_and_nothing_is_doubled(
    make_arena: Callable[..., Arena],
) -> None:
    arena = make_arena(rate=SLOW)
    first, second = arena.host("first"), arena.host("second")
    participant = arena.participant()
    arena.settle(first)
    arena.send(participant, bid())
    pid = first._runner.connection.info.backend_pid
    arena.writer.execute("select pg_terminate_backend(%s, 1000)", (pid,))
    started = time.monotonic()
    arena.settle(second)
    assert time.monotonic() - started < 2.5, "long before the lease would have run out"
    assert second.worlds and len(arena.journaled()) == 2
    first.slice(0.05)
    assert not first.worlds, "the old holder found its session gone"


def test_a_release_leaves_a_snapshot_at_the_head(make_arena: Callable[..., Arena]) -> None:
    arena = make_arena(rate=SLOW)
    host = arena.host()
    arena.participant()
    arena.settle(host)
    host.stopping = True
    host.slice(1.0)
    assert not host.worlds
    _, commit, seq, tick = arena.head()
    newest = arena.one(
        'select kind, "commit", seq, tick from snapshot where world_id = %s'
        ' order by "commit" desc limit 1'
    )
    assert newest == ("release", commit, seq, tick)


def test_cancel_finds_its_order_in_the_batch_and_in_the_journal(
    make_arena: Callable[..., Arena],
) -> None:
    arena = make_arena(rate=SLOW)
    host = arena.host()
    participant = arena.participant()
    arena.settle(host)
    low = low_price(host, arena, 7)
    same, earlier, unknown = uuid.uuid4(), uuid.uuid4(), uuid.uuid4()
    arena.send(participant, bid(price=low), command_id=same)
    arena.send(participant, commands.CancelOrder(target=same.bytes))
    arena.send(participant, bid(price=low), command_id=earlier)
    arena.settle(host)
    names = host.worlds[arena.world_id].world.memory.order_ids
    assert earlier in {name.command_id for name in names.values()}
    arena.send(participant, commands.CancelOrder(target=earlier.bytes))
    arena.send(participant, commands.CancelOrder(target=unknown.bytes))
    arena.settle(host)
    rows = arena.all("select ref_seq, status from journal where world_id = %s order by seq")
    assert rows[1:5] == [(0, 0), (2, 0), (0, 0), (4, 0)]
    assert rows[5] == (0, int(RejectReason.ORDER_NOT_FOUND))
    assert not host.worlds[arena.world_id].world.memory.order_ids


def low_price(host: Any, arena: Arena, market: int) -> int:
    """A price at the low end of the band: such a bid rests."""
    state = host.worlds[arena.world_id].world.state
    row = state.book.market[market]
    return int(row["band_low"] + 1) * int(row["price_increment"])


def test_a_halted_world_answers_and_stands_still(make_arena: Callable[..., Arena]) -> None:
    arena = make_arena(rate=20.0)
    host = arena.host()
    participant = arena.participant()
    arena.settle(host)
    services.world_halt(world=arena.world, reason="test")
    arena.settle(host)
    tick = arena.head()[3]
    refused = arena.send(participant, bid())
    host.slice(0.5)
    assert arena.head()[3] == tick
    status = selectors.command_status(arena.world_id, participant.pk, refused.command_id)
    assert status is not None and status.reason_code == "world_halted"
    assert World.objects.get(pk=arena.world_id).state == "halted"
    head = selectors.world_head(arena.world_id)
    assert head is not None and head.state == "halted" and head.lag_ticks == 0
    services.world_resume(world=arena.world)
    run(host, lambda: arena.head()[3] > tick)
    assert World.objects.get(pk=arena.world_id).state == "running"


def test_a_poisonous_command_is_set_aside_and_the_others_are_decided(
    make_arena: Callable[..., Arena],
) -> None:
    arena = make_arena(rate=SLOW)
    faulty = Faulty(arena.engine)
    host = arena.host(engine=faulty)
    participant = arena.participant()
    arena.settle(host)
    before = arena.send(participant, bid(quantity=1))
    bad = arena.send(participant, bid(quantity=13))
    after = arena.send(participant, bid(quantity=2))
    header = commands.Header(participant=participant.pk)
    faulty.poison = commands.encode(bid(quantity=13), header)
    arena.settle(host)
    rows = dict(arena.all("select command_id, status from journal where world_id = %s"))
    assert rows[bad.command_id] == STATUS_POISON
    assert rows[before.command_id] != STATUS_POISON and rows[after.command_id] != STATUS_POISON
    assert arena.journaled()[1:] == [before.command_id, bad.command_id, after.command_id]
    assert 3 <= faulty.failures <= 5
    again = arena.send(participant, bid(quantity=3))
    arena.settle(host)
    status = selectors.command_status(arena.world_id, participant.pk, again.command_id)
    assert status is not None and status.status == "executed"
    # The mended engine replays the world without the poison.
    host.close()
    arena.settle(arena.host("other"))
    assert arena.hosts[-1] is not host


def test_a_failing_tick_halts_the_world(make_arena: Callable[..., Arena]) -> None:
    arena = make_arena(rate=20.0)
    faulty = Faulty(arena.engine)
    host = arena.host(engine=faulty)
    run(host, lambda: arena.head()[3] > 0)
    host.release()
    faulty.fails_from_tick = arena.head()[3]
    run(host, lambda: World.objects.get(pk=arena.world_id).state == "halted")
    assert faulty.failures >= 3
    header, command = commands.decode(bytes(arena.one(
        "select payload from journal where world_id = %s order by seq desc limit 1"
    )))  # fmt: skip
    assert isinstance(command, commands.Halt) and command.reason == 2
    assert header.participant == 0
    faulty.fails_from_tick = None
    tick = arena.head()[3]
    services.world_resume(world=arena.world)
    run(host, lambda: arena.head()[3] > tick)


def test_a_breach_drops_the_work_halts_first_and_keeps_a_bundle(
    make_arena: Callable[..., Arena],
) -> None:
    arena = make_arena(rate=SLOW)
    faulty = Faulty(arena.engine)
    host = arena.host(engine=faulty)
    participant = arena.participant()
    arena.settle(host)
    faulty.breach = "I2 money: planted"
    dropped = arena.send(participant, bid())

    def halted() -> bool:
        if World.objects.get(pk=arena.world_id).state == "halted":
            faulty.breach = None
            return True
        return False

    run(host, halted)
    rows = arena.all("select command_id, payload from journal where world_id = %s order by seq")
    _, halt = commands.decode(bytes(rows[1][1]))
    assert isinstance(halt, commands.Halt) and halt.reason == 1, "the halt came before the order"
    assert dropped.command_id not in [row[0] for row in rows[:2]]
    arena.settle(host)
    status = selectors.command_status(arena.world_id, participant.pk, dropped.command_id)
    assert status is not None and status.reason_code == "world_halted"
    folders, files = default_storage.listdir(f"bundles/{arena.world.slug}")
    assert not folders and len(files) == 1
    with default_storage.open(f"bundles/{arena.world.slug}/{files[0]}") as handle:
        shown = bundles.reproduce(arena.engine, handle.read())
    assert shown["recorded"] == ["I2 money: planted"]
    assert shown["reproduced"] is False, "the real engine has no such fault"
    assert json.dumps(shown)


def test_without_redis_the_game_goes_on(make_arena: Callable[..., Arena]) -> None:
    """Nobody is woken and nobody hears of it, but everything is decided at the next tick."""
    arena = make_arena(rate=10.0)
    host = arena.host()
    participant = arena.participant()
    arena.settle(host)
    host._redis, arena.announcements[0]._client = nowhere(), nowhere()
    host._wakes.close()
    host._wakes = host._redis.pubsub(ignore_subscribe_messages=True)
    host._subscribed = set()
    before = arena.head()
    sent = [arena.send(participant, bid(quantity=n)).command_id for n in range(1, 6)]
    run(host, lambda: arena.head()[3] >= before[3] + 5)
    assert arena.head()[0] == before[0], "the lease was kept"
    assert arena.journaled()[1:] == sent


def test_a_refused_statement_drops_one_world_and_keeps_the_session(
    make_arena: Callable[..., Arena],
) -> None:
    arena = make_arena(rate=SLOW)
    host = arena.host()
    run(host, lambda: host.worlds)
    session = host._runner.connection
    failed: list[int] = []
    advance = host._runner.advance

    def refuse(held: Any, ticks: int) -> int:
        if not failed:
            failed.append(1)
            session.execute("select 1 / 0")
        return advance(held, ticks)

    host._runner.advance = refuse
    arena.participant()
    arena.settle(host)
    assert failed and host._runner.connection is session
    assert arena.head()[2] == 1


def test_statuses_are_small_and_decodable(make_arena: Callable[..., Arena]) -> None:
    arena = make_arena(rate=SLOW)
    participant = arena.participant()
    for n in range(1, 4):
        arena.send(participant, bid(quantity=n))
    arena.settle(arena.host())
    for payload, status, result in arena.all(
        "select payload, status, result from journal where world_id = %s"
    ):
        kind = int.from_bytes(payload[:2], "little")
        assert len(result) <= 512
        assert bool(events.unpack_result(kind, result)) == (status == STATUS_EXECUTED)


def test_a_halt_that_arrives_with_a_tick_stops_the_world_at_once(arena: Arena) -> None:
    """A commit acts its commands first; the tick that was due with the halt is not run."""
    host = arena.host()
    run(host, lambda: host.worlds)
    services.world_halt(world=arena.world, reason="test")
    held = host.worlds[arena.world_id]
    runner = host._require_runner()
    before = held.world.position
    assert runner.advance(held, 3) == 1
    assert held.halted and held.world.position.tick == before.tick
    assert held.world.position.commit == before.commit + 1
