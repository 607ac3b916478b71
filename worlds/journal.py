"""The commit: journal rows, one block and the fenced head in one short transaction.

What is not in here did not happen. The head's row is lease, fence and position at once: its update
names the epoch and the commit that the writer started from, so a writer that lost its world, or
whose memory is ahead of the truth, writes nothing.
"""

from __future__ import annotations

import struct
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from uuid import UUID

import psycopg
from django.conf import settings

from economy_engine.errors import RejectReason
from worlds import faults
from worlds.errors import Fenced, ReplayMismatch

GENESIS_CHAIN = bytes(16)
RESULT_BYTES_MAX = 512
READ_ROWS = 2_000
STATUS_EXECUTED = int(RejectReason.OK)
STATUS_POISON = int(RejectReason.POISON)

_COPY = """copy journal (world_id, seq, tick, commit, participant_id, ref_seq, status,
    command_id, key, digest, payload, result, chain) from stdin (format binary)"""
_COPY_HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_COPY_FOOTER = b"\xff\xff"
_FIXED = struct.Struct(">hiqiqiqiqiqiqihi16s")
_LENGTH = struct.Struct(">i")
_CHAINED = struct.Struct("<qqqqqh16sHHH")

_MOVE = """
with head as (
    update world_head
    set commit = %(commit)s, seq = %(seq)s, tick = %(tick)s, digest = %(digest)s,
        chain = %(chain)s, state = %(state)s, engine_version = %(engine_version)s,
        until = clock_timestamp() + %(lease)s * interval '1 second',
        moved_at = clock_timestamp(), attempt_commit = null, attempts = 0,
        suspect = null, suspect_attempts = 0, halt_pending = null
    where world_id = %(world_id)s and epoch = %(epoch)s and commit = %(from_commit)s
    returning world_id
)
insert into block (world_id, commit, epoch, tick, ticks, seq_from, seq_to,
    touches_participants, digest, chain, events)
select world_id, %(commit)s, %(epoch)s, %(tick)s, %(ticks)s, %(seq_from)s, %(seq)s,
    %(touches)s, %(digest)s, %(chain)s, %(events)s from head
"""
_HEAD_OF = "select commit, seq, tick, chain from world_head where world_id = %s"
_CHAIN_AT = """
select chain from journal where world_id = %s and seq = %s
union all
select chain from snapshot where world_id = %s and seq = %s and kind = 'genesis' limit 1
"""
# The journals that a world's history runs through, each with the last seq that counts.
LINEAGE = """
with recursive line (world_id, seq_max) as (
    select %s::bigint, 9223372036854775807
    union all
    select f.parent_id, least(f.seq, line.seq_max)
    from worlds_fork f join line on f.world_id = line.world_id)
select j.seq, j.command_id, j.tick from line
join journal j on j.world_id = line.world_id and j.seq <= line.seq_max
where j.seq = any(%s)
"""
_TAKEN = "delete from inbox where world_id = %s and id = any(%s)"
_WORLD_STATE = "update worlds_world set state = %s where id = %s and state <> %s"
_READ = """select seq, tick, commit, participant_id, ref_seq, status, command_id, key, digest,
    payload, result, chain from journal where world_id = %s and seq > %s and seq <= %s
    order by seq limit %s"""


@dataclass(frozen=True, slots=True)
class Position:
    """Where a world stands: the newest commit and what it came to."""

    commit: int
    seq: int
    tick: int
    chain: bytes


@dataclass(frozen=True, slots=True)
class JournalRow:
    """One decided command, as stored. `tick`: ticks done before it acted."""

    seq: int
    tick: int
    commit: int
    participant_id: int
    ref_seq: int
    status: int
    command_id: UUID
    key: str
    digest: bytes
    payload: bytes
    result: bytes
    chain: bytes


@dataclass(frozen=True, slots=True)
class Commit:
    """What one transaction writes. `digest`: of the state, signed 64 bits, None without a tick."""

    position: Position
    ticks: int
    rows: Sequence[JournalRow]
    taken_ids: Sequence[int]
    events: bytes
    touches_participants: bool
    digest: int | None
    halted: bool
    state_changed: bool
    engine_version: int


def chain_next(previous: bytes, row: JournalRow) -> bytes:
    """The chained hash of a row: 16 bytes over everything that is stored, in its order."""
    key = row.key.encode()
    fixed = _CHAINED.pack(
        row.seq,
        row.tick,
        row.commit,
        row.participant_id,
        row.ref_seq,
        row.status,
        row.command_id.bytes,
        len(key),
        len(row.payload),
        len(row.result),
    )
    body = b"".join((previous, fixed, key, row.digest, row.payload, row.result))
    return blake2b(body, digest_size=16).digest()


def _copy_row(world_id: int, row: JournalRow) -> bytes:
    fixed = _FIXED.pack(
        13, 8, world_id, 8, row.seq, 8, row.tick, 8, row.commit,
        8, row.participant_id, 8, row.ref_seq, 2, row.status, 16, row.command_id.bytes,
    )  # fmt: skip
    parts = [fixed]
    for value in (row.key.encode(), row.digest, row.payload, row.result, row.chain):
        parts += (_LENGTH.pack(len(value)), value)
    return b"".join(parts)


def write_commit(
    connection: psycopg.Connection, world_id: int, epoch: int, start: Position, made: Commit
) -> None:
    """Commit `made` on top of `start`.

    Raises Fenced when the head is not where this writer left it: nothing is written then. After
    any other exception the outcome is unknown and memory must be rebuilt from the head.
    """
    assert made.position.seq == start.seq + len(made.rows), "seq is gapless"
    assert made.position.commit == start.commit + 1, "commits are gapless"
    assert made.position.tick == start.tick + made.ticks, "ticks are gapless"
    faults.point("commit.begun")
    if made.rows or made.taken_ids or made.state_changed:
        with connection.transaction():
            _write_journal(connection, world_id, made.rows)
            faults.point("commit.journal_written")
            if made.taken_ids:
                connection.execute(_TAKEN, (world_id, list(made.taken_ids)), prepare=True)
            if made.state_changed:
                state = "halted" if made.halted else "running"
                connection.execute(_WORLD_STATE, (state, world_id, state))
            faults.point("commit.head_next")
            _move_head(connection, world_id, epoch, start, made)
            faults.point("commit.head_moved")
    else:
        # Ticks alone: head and block in one statement, which is a transaction of its own.
        _move_head(connection, world_id, epoch, start, made)
    faults.point("commit.done")


def _write_journal(
    connection: psycopg.Connection, world_id: int, rows: Sequence[JournalRow]
) -> None:
    if not rows:
        return
    packed = [_copy_row(world_id, row) for row in rows]
    half = (len(packed) + 1) // 2
    with connection.cursor() as cursor, cursor.copy(_COPY) as copy:
        copy.write(_COPY_HEADER + b"".join(packed[:half]))
        faults.point("commit.journal_half")
        copy.write(b"".join(packed[half:]) + _COPY_FOOTER)


def _move_head(
    connection: psycopg.Connection, world_id: int, epoch: int, start: Position, made: Commit
) -> None:
    values = {
        "world_id": world_id,
        "epoch": epoch,
        "from_commit": start.commit,
        "commit": made.position.commit,
        "seq_from": start.seq + 1,
        "seq": made.position.seq,
        "tick": made.position.tick,
        "ticks": made.ticks,
        "digest": made.digest,
        "chain": made.position.chain,
        "state": "halted" if made.halted else "running",
        "engine_version": made.engine_version,
        "lease": settings.WORLD_LEASE_SECONDS,
        "touches": made.touches_participants,
        "events": made.events,
    }
    cursor = connection.execute(_MOVE, values, prepare=True, binary=True)
    if cursor.rowcount != 1:
        raise Fenced(f"world {world_id}: commit {start.commit} of epoch {epoch} is not the head")


def read_rows(
    connection: psycopg.Connection, world_id: int, start: Position, seq_to: int
) -> Iterator[JournalRow]:
    """Rows after `start` up to `seq_to`, each checked: no gap, and its chained hash is right.

    Raises ReplayMismatch at the first row that is missing or was altered.
    """
    seq, chain = start.seq, start.chain
    while seq < seq_to:
        rows = connection.execute(_READ, (world_id, seq, seq_to, READ_ROWS), binary=True).fetchall()
        if not rows:
            raise ReplayMismatch(f"world {world_id}: the journal ends at {seq}, not at {seq_to}")
        for row in follow(seq, chain, [JournalRow(*values) for values in rows]):
            yield row
            seq, chain = row.seq, row.chain


def follow(seq: int, chain: bytes, rows: Sequence[JournalRow]) -> Iterator[JournalRow]:
    """The rows, each checked against the one before (I9 no gap, I10 its chained hash).

    Raises ReplayMismatch at the first that does not follow.
    """
    for row in rows:
        if row.seq != seq + 1:
            raise ReplayMismatch(f"I9 journal entry {seq + 1} is missing")
        if chain_next(chain, row) != row.chain:
            raise ReplayMismatch(f"I10 journal entry {row.seq} was altered")
        yield row
        seq, chain = row.seq, row.chain


def head_of(connection: psycopg.Connection, world_id: int) -> Position:
    """The world's head now. Raises LookupError when it has none."""
    row = connection.execute(_HEAD_OF, (world_id,)).fetchone()
    if row is None:
        raise LookupError(f"world {world_id} has no head")
    commit, seq, tick, chain = row
    return Position(commit, seq, tick, bytes(chain))


def chain_at(connection: psycopg.Connection, world_id: int, seq: int) -> bytes | None:
    """The chained hash at `seq`; zeroes at genesis, at a branch's beginning that of the world it
    was taken from, None when there is no such entry."""
    if seq == 0:
        return GENESIS_CHAIN
    found = connection.execute(_CHAIN_AT, (world_id, seq, world_id, seq)).fetchone()
    return bytes(found[0]) if found else None


def lineage_names(
    connection: psycopg.Connection, world_id: int, seqs: Collection[int]
) -> list[tuple[int, UUID, int]]:
    """(seq, command id, tick) of these commands, from the journals of a world and its parents."""
    found = connection.execute(LINEAGE, (world_id, list(seqs)), binary=True).fetchall()
    return [(row[0], row[1], row[2]) for row in found]
