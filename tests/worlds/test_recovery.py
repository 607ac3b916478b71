"""Snapshots, replay, verification: the same world again, or a refusal that says why."""

from __future__ import annotations

import random
from collections.abc import Callable

import numpy as np
import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from economy_engine import commands, schema
from tests.worlds.conftest import Arena, bid, run
from worlds import recovery, snapshots, verification
from worlds.errors import ReplayMismatch, SnapshotUnusable
from worlds.host import Host
from worlds.journal import Position

TICKS = 12


def played(arena: Arena, ticks: int = TICKS) -> Host:
    """A world with orders between its ticks, still held."""
    host = arena.host()
    participant = arena.participant()
    arena.settle(host)
    for n in range(1, 6):
        arena.send(participant, bid(quantity=n))
        arena.send(participant, bid(market=n, price=1))
        host.slice(0.05)
    arena.send(participant, commands.CancelAll(market=-1))
    run(host, lambda: arena.depth() == 0 and arena.head()[3] >= ticks)
    return host


def position(arena: Arena) -> Position:
    return verification.head_of(arena.writer, arena.world_id)


def restored(arena: Arena) -> recovery.World:
    return recovery.restore(
        arena.engine, arena.writer, arena.world_id, position(arena), keepalive=lambda: None
    ).world


def equal(arena: Arena, one: recovery.World, other: recovery.World) -> None:
    """Every bit of state and of the writer's memory."""
    assert arena.engine.digest(one.state) == arena.engine.digest(other.state)
    for spec in schema.SCHEMA:
        assert one.state.parts(spec) == other.state.parts(spec), spec.name
        for low, high in one.state.parts(spec):
            mine, theirs = one.state.arrays[spec.name], other.state.arrays[spec.name]
            assert np.array_equal(mine[low:high], theirs[low:high]), spec.name
    assert one.position == other.position
    for name in ("candles", "window", "day_closes", "days"):
        assert np.array_equal(getattr(one.memory, name), getattr(other.memory, name)), name
    assert one.memory.private_commits == other.memory.private_commits
    assert one.memory.tape == other.memory.tape
    assert one.memory.news == other.memory.news
    assert one.memory.indicators == other.memory.indicators


def test_replay_and_snapshot_give_the_live_world(arena: Arena) -> None:
    host = played(arena)
    live = host.worlds[arena.world_id].world
    from_genesis = restored(arena)
    equal(arena, live, from_genesis)
    host.release()
    assert arena.one("select count(*) from snapshot where world_id = %s") >= 2
    from_snapshot = restored(arena)
    assert from_snapshot.memory.order_ids == {}
    equal(arena, from_genesis, from_snapshot)
    for world in (from_genesis, from_snapshot):
        for _ in range(3):
            arena.engine.apply(world.state, [], 1)
    assert arena.engine.digest(from_genesis.state) == arena.engine.digest(from_snapshot.state)


def test_verify_is_equal_and_tampering_is_found(arena: Arena) -> None:
    played(arena).release()
    report = verification.verify(arena.engine, arena.writer, arena.world_id, "w")
    assert report.digest_equal and report.first_difference is None
    assert report.started_from == "genesis"
    assert report.entries == arena.head()[2] == 12
    assert report.ticks == arena.head()[3] >= TICKS
    assert report.digests_compared >= TICKS / 3 and report.snapshots_compared >= 1
    false = verification.verify(arena.engine, arena.writer, arena.world_id, "w", tamper=True)
    assert not false.digest_equal and false.first_difference


def test_tampering_a_world_without_commands_is_found(arena: Arena) -> None:
    host = arena.host()
    run(host, lambda: arena.head()[3] >= 3)
    host.release()
    assert verification.verify(arena.engine, arena.writer, arena.world_id, "w").digest_equal
    false = verification.verify(arena.engine, arena.writer, arena.world_id, "w", tamper=True)
    assert not false.digest_equal


def test_a_world_whose_blocks_were_pruned_is_the_same(arena: Arena) -> None:
    """Without blocks only the ends of commits without commands are unknown."""
    host = played(arena)
    host.release()
    first, last = arena.one('select min("commit"), max("commit") from block where world_id = %s')
    arena.writer.execute("begin")
    arena.writer.execute("set local session_replication_role = replica")
    arena.writer.execute(
        'delete from block where world_id = %s and "commit" < %s',
        (arena.world_id, (first + last) // 2),
    )
    arena.writer.execute("delete from snapshot where world_id = %s and kind <> 'genesis'",
                         (arena.world_id,))  # fmt: skip
    world = restored(arena)
    arena.writer.execute(
        'delete from block where world_id = %s and "commit" < %s', (arena.world_id, last + 1)
    )
    without = restored(arena)
    arena.writer.execute("rollback")
    whole = restored(arena)
    digest = arena.engine.digest(whole.state)
    assert digest == arena.engine.digest(world.state) == arena.engine.digest(without.state)
    assert np.array_equal(whole.memory.candles, without.memory.candles)
    derived = list(recovery.steps(
        arena.writer, arena.world_id, Position(0, 0, 0, bytes(16)), position(arena)
    ))  # fmt: skip
    numbers = [step.position.commit for step in derived]
    assert numbers == sorted(set(numbers))


@pytest.mark.parametrize("damage", ["flip", "cut", "empty", "gone", "foreign"])
def test_a_damaged_snapshot_is_refused_and_the_one_before_is_used(
    arena: Arena, damage: str
) -> None:
    host = played(arena)
    live = host.worlds[arena.world_id].world
    host.release()
    path = arena.one('select path from snapshot where world_id = %s order by "commit" desc limit 1')
    with default_storage.open(path) as handle:
        stored = handle.read()
    default_storage.delete(path)
    damaged = {
        "flip": stored[:100] + bytes([stored[100] ^ 1]) + stored[101:],
        "cut": stored[:-7],
        "empty": b"",
        "foreign": snapshots.pack(
            snapshots.Header(1, arena.world_id + 1, 1, 0, 0, 0, bytes(16).hex(), 0, ()), []
        ),
    }
    if damage != "gone":
        assert default_storage.save(path, ContentFile(damaged[damage])) == path
    found = recovery.restore(
        arena.engine, arena.writer, arena.world_id, position(arena), keepalive=lambda: None
    )
    assert found.snapshots_refused == 1 and found.ticks + found.commands > 0
    equal(arena, live, found.world)


def test_every_flipped_byte_of_a_container_is_refused(arena: Arena) -> None:
    record = snapshots.records(arena.writer, arena.world_id, 0)[0]
    with default_storage.open(record.path) as handle:
        stored = bytearray(handle.read())
    chosen = random.Random(7)
    for _ in range(200):
        at = chosen.randrange(len(stored))
        stored[at] ^= 1 << chosen.randrange(8)
        default_storage.delete(record.path)
        default_storage.save(record.path, ContentFile(bytes(stored)))
        with pytest.raises(SnapshotUnusable):
            snapshots.open_record(arena.writer, arena.world_id, record)
        stored = bytearray(stored)
    with pytest.raises(SnapshotUnusable):
        recovery.newest(arena.engine, arena.writer, arena.world_id, 0)


def test_a_snapshot_of_another_journal_is_refused(arena: Arena) -> None:
    """A restored backup: the catalogue is newer than the journal that it stands on."""
    played(arena).release()
    record = snapshots.records(arena.writer, arena.world_id, arena.head()[1])[0]
    arena.writer.execute("begin")
    arena.writer.execute("set local session_replication_role = replica")
    arena.writer.execute(
        "update journal set chain = decode(repeat('ab', 16), 'hex')"
        " where world_id = %s and seq = %s", (arena.world_id, record.seq),
    )  # fmt: skip
    with pytest.raises(SnapshotUnusable):
        snapshots.open_record(arena.writer, arena.world_id, record)
    arena.writer.execute("rollback")


def test_a_block_with_another_digest_stops_the_replay(arena: Arena) -> None:
    played(arena)
    arena.hosts[0].worlds.clear()
    arena.writer.execute("begin")
    arena.writer.execute("set local session_replication_role = replica")
    arena.writer.execute(
        "update block set digest = digest + 1 where world_id = %s and digest is not null",
        (arena.world_id,),
    )
    with pytest.raises(ReplayMismatch):
        restored(arena)
    arena.writer.execute("rollback")


def test_a_world_that_cannot_be_rebuilt_is_left_alone(
    make_arena: Callable[..., Arena],
) -> None:
    arena = make_arena(rate=0.5)
    participant = arena.participant()
    host = arena.host()
    arena.settle(host)
    host.worlds.clear()
    host.close()
    arena.writer.execute("delete from snapshot where world_id = %s", (arena.world_id,))
    other = arena.host("other")
    other.slice(0.5)
    assert not other.worlds and arena.head()[0] == 2, "tried once, then barred for a while"
    arena.send(participant, bid())
    assert arena.depth() == 1, "commands are still accepted"


def test_old_snapshots_are_pruned_and_genesis_is_kept(arena: Arena, settings: object) -> None:
    settings.WORLD_SNAPSHOT_EVERY_TICKS = 2
    played(arena, 16).release()
    arena.writer.execute(
        "update snapshot set created_at = created_at - interval '2 days' where world_id = %s",
        (arena.world_id,),
    )
    before = arena.one("select count(*) from snapshot where world_id = %s")
    pruned = snapshots.prune(arena.writer, arena.world_id)
    kinds = [k for (k,) in arena.all(
        'select kind from snapshot where world_id = %s order by "commit"'
    )]  # fmt: skip
    assert kinds[0] == "genesis" and len(kinds) == min(before, 4)
    assert pruned == before - len(kinds)
    _, files = default_storage.listdir(f"worlds/{arena.world.slug}")
    assert len(files) == len(kinds)


def test_a_clean_stop_upgrades_and_a_crash_does_not(make_arena: Callable[..., Arena]) -> None:
    arena = make_arena(rate=0.5)

    class Newer:
        version = arena.engine.version + 1

        def __getattr__(self, name: str) -> object:
            return getattr(arena.engine, name)

    host = arena.host()
    arena.participant()
    arena.settle(host)
    newer = arena.host("newer", engine=Newer())
    host.worlds.clear()
    host.close()  # a crash: the head is past the newest snapshot
    newer.slice(0.4)
    assert not newer.worlds
    again = arena.host("again")
    run(again, lambda: again.worlds)
    again.release()
    again.close()
    run(newer, lambda: arena.head()[2] == 2)
    _, upgrade = commands.decode(bytes(arena.one(
        "select payload from journal where world_id = %s and seq = 2"
    )))  # fmt: skip
    assert isinstance(upgrade, commands.Upgrade)
    assert (upgrade.old, upgrade.new) == (arena.engine.version, arena.engine.version + 1)
    assert upgrade.digest_before == upgrade.digest_after
    found = arena.one("select engine_version from world_head where world_id = %s")
    assert found == arena.engine.version + 1
    last = arena.host("last")
    newer.release()
    last.slice(0.4)
    assert not last.worlds, "an older engine never takes a newer world"


def test_files_that_a_dead_writer_left_are_swept_when_they_are_old(
    arena: Arena, monkeypatch: pytest.MonkeyPatch
) -> None:
    host = arena.host()
    run(host, lambda: host.worlds)
    host.release()
    folder = f"worlds/{arena.world.slug}"
    kept = set(default_storage.listdir(folder)[1])
    default_storage.save(f"{folder}/000000000001-1.zst", ContentFile(b"half of it"))
    slug = arena.world.slug
    assert snapshots.sweep(arena.writer, arena.world_id, slug) == 0, "it may still be written"
    monkeypatch.setattr(snapshots, "STRAY_SECONDS", -1.0)
    assert snapshots.sweep(arena.writer, arena.world_id, slug) == 1
    assert set(default_storage.listdir(folder)[1]) == kept
