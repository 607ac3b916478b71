"""The inbox: commands are durable before anybody decides them.

A submission inserts, then asks in a second statement what is known about its keys: a repeat gets
the first answer again, a reused key with another request is refused. The writer takes what waits
without locking it, and deletes it in the transaction that journals it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple
from uuid import UUID

import psycopg
import redis
from django.conf import settings
from django.db import OperationalError, connection, transaction

from worlds import database, disk
from worlds.errors import IdempotencyConflict, InboxFull
from worlds.journal import STATUS_EXECUTED

TRIES_MAX = 3
ROWS_MAX = 500
BODY_BYTES_MAX = 4_096
KEY_CHARS_MAX = 128
DIGEST_BYTES = 16
ROOM_CHECK_SECONDS = 1.0

Guard = Callable[[Any], None]
Word = Literal["accepted", "executed", "rejected"]

INSERT = """
insert into inbox (world_id, participant_id, command_id, key, digest, body)
select world_id, participant_id, command_id, key, digest, body
from unnest(%b::bigint[], %b::bigint[], %b::uuid[], %b::text[], %b::bytea[], %b::bytea[])
    with ordinality as asked (world_id, participant_id, command_id, key, digest, body, n)
order by n
on conflict do nothing
returning command_id
"""
_ASKED = """
select asked.n, found.* from unnest(%b::bigint[], %b::bigint[], %b::uuid[], %b::text[])
    with ordinality as asked (world_id, participant_id, command_id, key, n)
cross join lateral ({arms}) found order by asked.n, found.rank
"""
_IN_JOURNAL = """
    (select 1 as rank, j.participant_id, j.command_id, j.key, j.digest, j.status from journal j
     where j.world_id = asked.world_id and j.participant_id = asked.participant_id
       and j.key = asked.key limit 1)
    union all
    (select 2, j.participant_id, j.command_id, j.key, j.digest, j.status from journal j
     where j.world_id = asked.world_id and j.command_id = asked.command_id limit 1)
"""
_IN_INBOX = """
    union all
    (select 3, i.participant_id, i.command_id, i.key, i.digest, null from inbox i
     where i.world_id = asked.world_id and i.participant_id = asked.participant_id
       and i.key = asked.key limit 1)
    union all
    (select 4, i.participant_id, i.command_id, i.key, i.digest, null from inbox i
     where i.world_id = asked.world_id and i.command_id = asked.command_id limit 1)
"""
# Inbox and journal in ONE query, so in one snapshot: a command on its way from one to the other
# is in exactly one of them. LIMIT inside LATERAL keeps every probe on its unique index.
_LOOK_UP = _ASKED.format(arms=_IN_JOURNAL + _IN_INBOX)
# Rows that were all inserted stand in the inbox; only the journal can know them already.
_LOOK_UP_INSERTED = _ASKED.format(arms=_IN_JOURNAL)
WITHDRAW = "delete from inbox where world_id = any(%s) and command_id = any(%s)"
_TAKE = """
select i.id, i.command_id, i.participant_id, i.key, i.digest, i.body, i.created_at,
    exists (select from journal j where j.world_id = i.world_id and j.command_id = i.command_id)
    or exists (select from journal j where j.world_id = i.world_id
        and j.participant_id = i.participant_id and j.key = i.key)
from inbox i where i.world_id = %s order by i.id limit %s
"""
SPAN = "select coalesce(max(id) - min(id), 0) from inbox where world_id = %s"


class Submission(NamedTuple):
    """One command on its way in. `digest`: of the request as validated, 16 bytes."""

    world_id: int
    participant_id: int
    command_id: UUID
    key: str
    digest: bytes
    body: bytes


class Receipt(NamedTuple):
    """The first answer. `repeated`: the command was known before; `command_id` is the first's."""

    command_id: UUID
    status: Word
    repeated: bool


class Waiting(NamedTuple):
    """A command as the writer takes it; `decided`: already journaled, only to be removed."""

    id: int
    command_id: UUID
    participant_id: int
    key: str
    digest: bytes
    body: bytes
    created_at: Any
    decided: bool


@dataclass(slots=True)
class Verdict:
    """What the two statements said about one submission."""

    receipt: Receipt | None = None
    error: Exception | None = None


def submission(
    *,
    world_id: int,
    participant_id: int,
    command_id: UUID,
    kind: int,
    body: bytes,
    key: str | None,
    digest: bytes,
) -> Submission:
    """Check the bounds and fill in the key: a missing one is the command's own id."""
    if len(digest) != DIGEST_BYTES:
        raise ValueError(f"a digest has {DIGEST_BYTES} bytes, this one {len(digest)}")
    if not 0 < len(body) <= BODY_BYTES_MAX:
        raise ValueError(f"a body has 1 to {BODY_BYTES_MAX} bytes, this one {len(body)}")
    if key is not None and not 0 < len(key) <= KEY_CHARS_MAX:
        raise ValueError(f"a key has 1 to {KEY_CHARS_MAX} characters, this one {len(key)}")
    if int.from_bytes(body[:2], "little") != kind:
        raise ValueError("the body is not a command of this kind")
    named = str(command_id) if key is None else key
    return Submission(world_id, participant_id, command_id, named, digest, body)


def insert_values(rows: Sequence[Submission]) -> tuple[list, ...]:
    """Columns of INSERT; the first four are those of `look_up`."""
    columns = tuple(list(column) for column in zip(*rows, strict=True))
    return (*columns[:4], columns[4], columns[5])


def look_up(rows_count: int, inserted_count: int) -> str:
    """The second statement, for `rows_count` rows of which `inserted_count` were inserted."""
    return _LOOK_UP_INSERTED if inserted_count == rows_count else _LOOK_UP


def judge(
    rows: Sequence[Submission], inserted: set[UUID], found: Sequence[tuple]
) -> tuple[list[Verdict], list[UUID]]:
    """Decide each submission from what was found; also which own rows must be taken back.

    `found` holds (n, rank, participant_id, command_id, key, digest, status) in order of n and
    rank: journal before inbox, key before id. An undecided verdict means: insert again.
    """
    verdicts = [Verdict() for _ in rows]
    withdrawn: list[UUID] = []
    for n, rank, participant_id, command_id, key, digest, status in found:
        row, verdict = rows[n - 1], verdicts[n - 1]
        if verdict.receipt or verdict.error:
            continue
        own = row.command_id in inserted
        if rank > 2 and own and command_id != row.command_id:
            continue  # our row stands; another row's id cannot have this key as well
        if rank <= 2 and own:
            withdrawn.append(row.command_id)
        same = (participant_id, key, bytes(digest)) == (row.participant_id, row.key, row.digest)
        if not same:
            verdict.error = IdempotencyConflict("the key or id was used for another request")
        elif rank <= 2:
            word: Word = "executed" if status == STATUS_EXECUTED else "rejected"
            verdict.receipt = Receipt(command_id, word, True)
        else:
            verdict.receipt = Receipt(command_id, "accepted", not own)
    for row, verdict in zip(rows, verdicts, strict=True):
        if row.command_id in inserted and not (verdict.receipt or verdict.error):
            verdict.receipt = Receipt(row.command_id, "accepted", False)
    return verdicts, withdrawn


def submit(
    *,
    world_id: int,
    participant_id: int,
    command_id: UUID,
    kind: int,
    body: bytes,
    key: str | None,
    digest: bytes,
    guards: Sequence[Guard] = (),
) -> Receipt:
    """Accept one command in a transaction (the caller's, if one is open) and wake the writer.

    `guards` are called with the cursor, in order, only for a command that is new; each locks the
    rows that decide and raises AdmissionRefused to undo everything.
    Raises IdempotencyConflict, InboxFull, ReadOnly, AdmissionRefused; nothing was written then.
    """
    row = submission(
        world_id=world_id,
        participant_id=participant_id,
        command_id=command_id,
        kind=kind,
        body=body,
        key=key,
        digest=digest,
    )
    return submit_many([row], guards)[0]


def submit_many(rows: Sequence[Submission], guards: Sequence[Guard] = ()) -> list[Receipt]:
    """Accept several commands in one transaction, all or none; answers in the given order."""
    if not 0 < len(rows) <= ROWS_MAX:
        raise ValueError(f"1 to {ROWS_MAX} commands at once, not {len(rows)}")
    if len({row.command_id for row in rows}) != len(rows):
        raise ValueError("a command id stands twice in one call")
    refused = disk.refusal()
    if refused is not None and any(row.participant_id for row in rows):
        raise refused  # halts and resumes of the house itself are taken
    for world_id in {row.world_id for row in rows}:
        ensure_room(world_id)
    for attempt in range(TRIES_MAX):
        try:
            return _submit_once(rows, guards)
        except OperationalError as error:
            # Inside the caller's transaction a deadlock cannot be retried: it is rolled back.
            lost = isinstance(error.__cause__, psycopg.errors.DeadlockDetected)
            if not lost or connection.in_atomic_block or attempt == TRIES_MAX - 1:
                raise
    raise AssertionError("unreachable")


def _submit_once(rows: Sequence[Submission], guards: Sequence[Guard]) -> list[Receipt]:
    with transaction.atomic(), connection.cursor() as cursor:
        receipts: dict[int, Receipt] = {}
        for _ in range(TRIES_MAX):
            open_rows = [n for n in range(len(rows)) if n not in receipts]
            if not open_rows:
                break
            asked = [rows[n] for n in open_rows]
            inserted, found = _insert_and_look_up(insert_values(asked))
            verdicts, withdrawn = judge(asked, inserted, found)
            if withdrawn:
                cursor.execute(WITHDRAW, ([row.world_id for row in asked], withdrawn))
            for n, verdict in zip(open_rows, verdicts, strict=True):
                if verdict.error is not None:
                    raise verdict.error
                if verdict.receipt is not None:
                    receipts[n] = verdict.receipt
        if len(receipts) != len(rows):
            raise InboxFull("the command's key is being decided elsewhere; try again")
        if any(not receipt.repeated for receipt in receipts.values()):
            for guard in guards:
                guard(cursor)
        worlds = {row.world_id for row in rows}
        transaction.on_commit(lambda: wake(worlds), robust=True)
        return [receipts[n] for n in range(len(rows))]


def _insert_and_look_up(values: tuple[list, ...]) -> tuple[set[UUID], list[tuple]]:
    """The two statements of a submission, in the open transaction.

    On a cursor of the driver: prepared and with binary arrays a hundred commands cost half of
    what they do as the text that Django's cursors make of their values.
    """
    with connection.wrap_database_errors, psycopg.Cursor(connection.connection) as cursor:
        cursor.execute(INSERT, values, prepare=True, binary=True)
        inserted = {row[0] for row in cursor.fetchall()}
        statement = look_up(len(values[0]), len(inserted))
        cursor.execute(statement, values[:4], prepare=True, binary=True)
        return inserted, cursor.fetchall()


_room: dict[int, tuple[float, int]] = {}


def ensure_room(world_id: int) -> None:
    """Raise InboxFull when too much waits. Looked up once a second: the bound may be exceeded by
    what arrives in that second, and the span of ids never counts less than there is."""
    now = time.monotonic()
    checked_at, span = _room.get(world_id, (-ROOM_CHECK_SECONDS, 0))
    if now - checked_at >= ROOM_CHECK_SECONDS:
        with connection.cursor() as cursor:
            cursor.execute(SPAN, (world_id,))
            span = cursor.fetchone()[0]
        _room[world_id] = (now, span)
    if span >= inbox_rows_max():
        raise InboxFull(f"about {span} commands wait for world {world_id}")


def inbox_rows_max() -> int:
    """Commands that may wait for one world."""
    return getattr(settings, "WORLD_INBOX_ROWS_MAX", 100_000)


_client: redis.Redis | None = None


def wake(world_ids: Sequence[int] | set[int]) -> None:
    """Tell whoever holds these worlds that something waits. A hint: its loss costs one tick."""
    for world_id in sorted(world_ids):
        _publish(f"wake:{world_id}")


def wake_free() -> None:
    """Tell all hosts that there is a world to claim; without it they see it at their next scan."""
    _publish("wake:free")


def _publish(channel: str) -> None:
    global _client
    if _client is None:
        _client = database.redis_client()
    try:
        _client.publish(channel, b"")
    except redis.RedisError:
        return


def take(writer: psycopg.Connection, world_id: int, limit: int) -> list[Waiting]:
    """What waits, oldest first, at most `limit`; nothing is locked or removed here."""
    rows = writer.execute(_TAKE, (world_id, limit), prepare=True, binary=True).fetchall()
    return [Waiting(*row) for row in rows]
