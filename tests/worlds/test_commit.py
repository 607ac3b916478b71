"""The commit protocol: append-only, gapless, chained, fenced, all or nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import psycopg
import pytest

from economy_engine.schema import ENGINE_VERSION
from tests.worlds.conftest import Arena, bid, role_exists, run
from worlds import database, faults, journal, lease
from worlds.errors import ReplayMismatch
from worlds.journal import Position, chain_next, read_rows

SLOW = 0.5


def played(arena: Arena, orders: int = 5) -> None:
    """A world with a registered participant and some decided orders."""
    participant = arena.participant()
    for n in range(1, orders + 1):
        arena.send(participant, bid(quantity=n))
    arena.settle(arena.host())


@pytest.mark.parametrize("table", ["journal", "block"])
@pytest.mark.parametrize("act", ["update {} set tick = 0", "delete from {}", "truncate {}"])
def test_append_only_tables_refuse_changes(
    make_arena: Callable[..., Arena], table: str, act: str
) -> None:
    arena = make_arena(rate=SLOW)
    played(arena, 1)
    with pytest.raises(psycopg.errors.RestrictViolation):
        arena.writer.execute(act.format(table))


def test_partitions_refuse_changes_too(make_arena: Callable[..., Arena]) -> None:
    arena = make_arena(rate=SLOW)
    played(arena, 1)
    names = arena.all(
        "select relname from pg_inherits join pg_class on oid = inhrelid"
        " where inhparent = 'block'::regclass and %s > 0"
    )
    assert len(names) >= 2
    for (name,) in names:
        with pytest.raises(psycopg.errors.RestrictViolation):
            arena.writer.execute(f"truncate {name}")
    with pytest.raises(psycopg.errors.RestrictViolation):
        today = next(n for (n,) in reversed(names) if arena.writer.execute(
            f"select exists (select from {n})").fetchone()[0])  # fmt: skip
        arena.writer.execute(f"delete from {today}")


def test_the_web_role_cannot_write_the_journal(make_arena: Callable[..., Arena]) -> None:
    arena = make_arena(rate=SLOW)
    if not role_exists(arena.writer, "arena_web"):
        pytest.skip("the test's database user may not make roles")
    arena.writer.execute("select lea_grant_roles()")
    arena.writer.execute("set role arena_web")
    forbidden = [
        "insert into journal select * from journal",
        "update journal set tick = 0",
        "delete from journal",
        "insert into block select * from block",
        "update world_head set epoch = 0",
        "delete from snapshot",
        "update inbox set body = ''",
        "select lea_block_drop('block_20200101')",
    ]
    for statement in forbidden:
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            arena.writer.execute(statement)
    arena.writer.execute("select from journal limit 1")
    arena.writer.execute(
        "insert into inbox (world_id, participant_id, command_id, key, digest, body)"
        " values (%s, 1, gen_random_uuid(), 'k', %s, 'b')",
        (arena.world_id, bytes(16)),
    )
    arena.writer.execute("delete from inbox where world_id = %s", (arena.world_id,))
    arena.writer.execute("reset role")


def test_seq_is_gapless_and_chained_in_the_order_of_acceptance(
    make_arena: Callable[..., Arena],
) -> None:
    arena = make_arena(rate=SLOW)
    participant = arena.participant()
    sent = [arena.send(participant, bid(quantity=n)).command_id for n in range(1, 51)]
    arena.settle(arena.host())
    assert arena.journaled()[1:] == sent
    rows = list(
        read_rows(arena.writer, arena.world_id, Position(0, 0, 0, journal.GENESIS_CHAIN), 51)
    )
    assert [row.seq for row in rows] == list(range(1, 52))
    assert len({row.commit for row in rows}) < len(rows), "a batch shares a commit"


def test_every_altered_field_breaks_the_chain(make_arena: Callable[..., Arena]) -> None:
    arena = make_arena(rate=SLOW)
    played(arena, 2)
    row = next(iter(read_rows(
        arena.writer, arena.world_id, Position(0, 0, 0, journal.GENESIS_CHAIN), 1
    )))  # fmt: skip
    changes = {
        "seq": 2, "tick": row.tick + 1, "commit": 9, "participant_id": 1, "ref_seq": 1,
        "status": 1, "key": "x", "digest": bytes(16), "payload": row.payload + b"x",
        "result": row.result + b"x",
    }  # fmt: skip
    for name, value in changes.items():
        altered = replace(row, **{name: value})
        assert chain_next(journal.GENESIS_CHAIN, altered) != row.chain, name


def test_tampering_and_gaps_in_the_table_are_found(make_arena: Callable[..., Arena]) -> None:
    arena = make_arena(rate=SLOW)
    played(arena, 3)
    start = Position(0, 0, 0, journal.GENESIS_CHAIN)

    def read() -> None:
        list(read_rows(arena.writer, arena.world_id, start, 4))

    read()
    for statement in (
        "update journal set payload = payload || 'x' where world_id = %s and seq = 2",
        "delete from journal where world_id = %s and seq = 3",
        "delete from journal where world_id = %s and seq = 4",
    ):
        arena.writer.execute("begin")
        arena.writer.execute("set local session_replication_role = replica")
        arena.writer.execute(statement, (arena.world_id,))
        with pytest.raises(ReplayMismatch):
            read()
        arena.writer.execute("rollback")
    read()


def test_a_zombie_of_an_older_epoch_writes_nothing(make_arena: Callable[..., Arena]) -> None:
    arena = make_arena(rate=SLOW)
    zombie = arena.host("zombie")
    run(zombie, lambda: zombie.worlds)
    participant = arena.participant()
    before = arena.head()
    arena.writer.execute(
        "update world_head set epoch = epoch + 1 where world_id = %s", (arena.world_id,)
    )
    held = zombie.worlds[arena.world_id]
    zombie._advance(held, 1)
    assert not zombie.worlds, "it dropped the world"
    assert arena.head()[1:] == before[1:]
    assert arena.depth() == 1 and not arena.journaled()
    assert not [m for m in arena.announcements[0].made if not m.repeated and m.rows]
    arena.settle(zombie)  # it claims again, under a newer epoch
    assert arena.head()[0] == before[0] + 2
    assert len(arena.journaled()) == 1
    assert participant.pk > 0


@pytest.mark.parametrize("where", ["commit.begun", "commit.journal_written", "commit.head_moved"])
def test_a_lost_session_before_the_commit_leaves_nothing(
    make_arena: Callable[..., Arena], where: str
) -> None:
    arena = make_arena(rate=SLOW)
    host = arena.host()
    run(host, lambda: host.worlds)
    arena.participant()
    before = arena.head()
    seen: list[tuple] = []

    def kill(name: str) -> None:
        if name == where and not seen:
            pid = host.worlds and host._runner.connection.info.backend_pid
            arena.writer.execute("select pg_terminate_backend(%s, 1000)", (pid,))
            seen.append(arena.head())

    with faults.inject(kill):
        arena.settle(host)
    assert seen[0] == before
    assert len(arena.journaled()) == 1 and arena.head()[2] == 1
    assert arena.announcements[0].decided() == arena.journaled()


def test_an_unknown_commit_is_learned_from_the_head(make_arena: Callable[..., Arena]) -> None:
    """The commit went through, its answer did not: memory is dropped, and what was committed is
    announced once, by the claim after it."""
    arena = make_arena(rate=SLOW)
    host = arena.host()
    run(host, lambda: host.worlds)
    arena.participant()
    lost: list[str] = []

    def lose(name: str) -> None:
        if name == "commit.done" and not lost and arena.journaled():
            lost.append(name)
            host._runner.connection.close()
            raise psycopg.OperationalError("the answer to COMMIT was lost")

    with faults.inject(lose):
        run(host, lambda: lost and host.worlds)
    assert len(arena.journaled()) == 1 and arena.depth() == 0
    repeated = [made for made in arena.announcements[0].made if made.repeated and made.rows]
    assert [row.command_id for made in repeated for row in made.rows] == arena.journaled()


def test_leases_end_only_by_time_release_or_death(make_arena: Callable[..., Arena]) -> None:
    arena = make_arena(rate=SLOW)
    only = [arena.world_id]
    first, second = database.writer_connect("first"), database.writer_connect("second")
    held = lease.claim_one(first, "first", ENGINE_VERSION, only=only)
    assert held is not None and held.epoch == 1
    assert lease.claim_one(second, "second", ENGINE_VERSION, only=only) is None
    assert lease.claim_one(first, "first", ENGINE_VERSION, only=only) is None
    assert lease.renew(first, arena.world_id, 1)
    assert not lease.release(second, arena.world_id, 7)
    first.close()
    taken = None
    while taken is None:  # the session is gone as soon as the server noticed
        taken = lease.claim_one(second, "second", ENGINE_VERSION, only=only)
    assert taken.epoch == 2
    assert lease.release(second, arena.world_id, 2)
    assert lease.claim_one(second, "second", 0, only=only) is None, "a newer world is not taken"
    second.close()


def test_a_hung_holder_is_ended_before_the_claim(make_arena: Callable[..., Arena]) -> None:
    """It sits in a transaction with the head's row locked; its lease ran out."""
    arena = make_arena(rate=SLOW)
    hung, other = database.writer_connect("hung"), database.writer_connect("other")
    assert lease.claim_one(hung, "hung", ENGINE_VERSION, only=[arena.world_id]) is not None
    hung.execute("begin")
    hung.execute("update world_head set until = 'epoch' where world_id = %s", (arena.world_id,))
    arena.writer.execute("begin")
    arena.writer.execute("rollback")
    assert lease.claim_one(other, "other", ENGINE_VERSION, only=[arena.world_id]) is None
    hung.execute("commit")
    hung.execute("begin")
    hung.execute("select from world_head where world_id = %s for update", (arena.world_id,))
    claimed = lease.claim_one(other, "other", ENGINE_VERSION, only=[arena.world_id])
    assert claimed is not None and claimed.epoch == 2
    with pytest.raises(psycopg.OperationalError):
        hung.execute("commit")
    other.close()
