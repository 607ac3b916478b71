"""Accepting commands in an event loop: group commit without a timer.

While one INSERT of a lane is under way, everything that arrives for the lane waits and goes into
the next one; an idle lane adds no delay. A participant's commands always go through the same lane
and so keep their order.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from uuid import UUID

import psycopg
import redis
import structlog

from worlds import disk, inbox
from worlds import surroundings as around
from worlds.errors import ExecutionUnknown, InboxFull
from worlds.inbox import Receipt, Submission

__all__ = ["Batcher"]

LANES = 2
BATCH_ROWS_MAX = 500
QUEUED_ROWS_MAX = 20_000
RETRY_SECONDS_MAX = 10.0
TRY_WAIT_SECONDS = 0.05
ROOM_CHECK_SECONDS = 1.0

log = structlog.get_logger(__name__)
_Item = tuple[Submission, asyncio.Future[Receipt]]


class Batcher:
    """One per event loop. Use as `async with Batcher() as batcher`, or `open` and `close`."""

    def __init__(self, lanes: int = LANES) -> None:
        self._queues: list[deque[_Item]] = [deque() for _ in range(lanes)]
        self._events = [asyncio.Event() for _ in range(lanes)]
        self._tasks: list[asyncio.Task[None]] = []
        self._sessions: list[psycopg.AsyncConnection | None] = [None] * lanes
        self._redis: redis.asyncio.Redis | None = None
        self._queued = 0
        self._spans: dict[int, tuple[float, int]] = {}

    async def open(self) -> None:
        """Start the lanes; each connects when it has something to write."""
        self._redis = around.redis_async_client()
        self._tasks = [
            asyncio.create_task(self._run(lane), name=f"inbox-lane-{lane}")
            for lane in range(len(self._queues))
        ]

    async def close(self) -> None:
        """Write what waits, then stop."""
        while self._queued and not all(task.done() for task in self._tasks):
            await asyncio.sleep(0.01)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for session in self._sessions:
            if session is not None:
                await session.close()
        if self._redis is not None:
            await self._redis.aclose()

    async def __aenter__(self) -> Batcher:
        await self.open()
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.close()

    async def submit_async(
        self,
        *,
        world_id: int,
        participant_id: int,
        command_id: UUID,
        kind: int,
        body: bytes,
        key: str | None,
        digest: bytes,
    ) -> Receipt:
        """The first answer, after the commit.

        Raises IdempotencyConflict, InboxFull, ReadOnly, or ExecutionUnknown when the database could
        not be asked whether the commit went through.
        """
        row = inbox.submission(
            world_id=world_id,
            participant_id=participant_id,
            command_id=command_id,
            kind=kind,
            body=body,
            key=key,
            digest=digest,
        )
        refused = disk.refusal()
        if refused is not None:
            raise refused
        if self._queued >= QUEUED_ROWS_MAX:
            raise InboxFull(f"{self._queued} commands wait in this process")
        future: asyncio.Future[Receipt] = asyncio.get_running_loop().create_future()
        lane = hash((world_id, participant_id)) % len(self._queues)
        self._queues[lane].append((row, future))
        self._queued += 1
        self._events[lane].set()
        return await future

    async def _run(self, lane: int) -> None:
        queue, event = self._queues[lane], self._events[lane]
        while True:
            await event.wait()
            batch = _next_batch(queue)
            if not queue:
                event.clear()
            if not batch:
                continue
            try:
                await self._write_with_retries(lane, batch)
            except Exception as error:
                log.exception("inbox batch failed", rows=len(batch))
                for _, future in batch:
                    if not future.done():
                        future.set_exception(ExecutionUnknown(str(error)))
            finally:
                self._queued -= len(batch)

    async def _write_with_retries(self, lane: int, batch: Sequence[_Item]) -> None:
        """Write; on a lost connection or deadlock again with the SAME ids, so that nothing is
        accepted twice: an unknown commit answers as a repeat.

        Tried at short intervals and for seconds, so that a restart of the database is a pause for
        the players and no refusal.
        """
        deadline = around.monotonic() + RETRY_SECONDS_MAX
        retried = False
        while True:
            try:
                await self._write(await self._session(lane), batch, retried)
                return
            except (psycopg.OperationalError, psycopg.InterfaceError) as error:
                if around.monotonic() > deadline:
                    raise
                if not retried:
                    log.warning("inbox batch retried", error=str(error)[:200], rows=len(batch))
                retried = True
                await asyncio.sleep(TRY_WAIT_SECONDS)

    async def _session(self, lane: int) -> psycopg.AsyncConnection:
        """The lane's own session, made anew when it was lost."""
        session = self._sessions[lane]
        if session is None or session.closed:
            session = self._sessions[lane] = await around.web_connect()
        return session

    async def _write(
        self, connection: psycopg.AsyncConnection, batch: Sequence[_Item], retried: bool
    ) -> None:
        rows = [row for row, _ in batch]
        results: dict[int, Receipt | Exception] = {}
        for world_id in {row.world_id for row in rows}:
            full = await self._full(connection, world_id)
            results |= {n: full for n, row in enumerate(rows) if full and row[0] == world_id}
        for _ in range(inbox.TRIES_MAX):
            asked = [n for n in range(len(rows)) if n not in results]
            if not asked:
                break
            async with connection.transaction():
                decided = await _statements(connection, [rows[n] for n in asked])
            results |= {n: d for n, d in zip(asked, decided, strict=True) if d is not None}
        for n, (_, future) in enumerate(batch):
            result = results.get(n) or InboxFull("the key is being decided elsewhere; try again")
            if future.done():
                continue
            if isinstance(result, Exception):
                future.set_exception(result)
            else:
                # After an unknown commit our own first try looks like a repeat: it is none.
                own = retried and result.command_id == rows[n].command_id
                future.set_result(result._replace(repeated=False) if own else result)
        await self._wake({row.world_id for row in rows})

    async def _full(self, connection: psycopg.AsyncConnection, world_id: int) -> InboxFull | None:
        now = around.monotonic()
        checked_at, span = self._spans.get(world_id, (-ROOM_CHECK_SECONDS, 0))
        if now - checked_at >= ROOM_CHECK_SECONDS:
            cursor = await connection.execute(inbox.SPAN, (world_id,))
            found = await cursor.fetchone()
            span = found[0] if found else 0
            self._spans[world_id] = (now, span)
        if span < inbox.inbox_rows_max():
            return None
        return InboxFull(f"about {span} commands wait for world {world_id}")

    async def _wake(self, world_ids: set[int]) -> None:
        assert self._redis is not None
        try:
            for world_id in world_ids:
                await self._redis.publish(f"wake:{world_id}", b"")
        except redis.RedisError:
            return  # the next tick takes it


def _next_batch(queue: deque[_Item]) -> list[_Item]:
    """The oldest items; stops before an id that the batch has, which then goes as a repeat."""
    batch: list[_Item] = []
    ids: set[UUID] = set()
    while queue and len(batch) < BATCH_ROWS_MAX and queue[0][0].command_id not in ids:
        ids.add(queue[0][0].command_id)
        batch.append(queue.popleft())
    return batch


async def _statements(
    connection: psycopg.AsyncConnection, rows: Sequence[Submission]
) -> list[Receipt | Exception | None]:
    """Insert and look up inside the open transaction; None where it must be tried again."""
    values = inbox.insert_values(rows)
    cursor = await connection.execute(inbox.INSERT, values, binary=True)
    inserted = {found[0] for found in await cursor.fetchall()}
    statement = inbox.look_up(len(values[0]), len(inserted))
    cursor = await connection.execute(statement, values[:4], binary=True)
    verdicts, withdrawn = inbox.judge(rows, inserted, await cursor.fetchall())
    if withdrawn:
        await connection.execute(inbox.WITHDRAW, ([row.world_id for row in rows], withdrawn))
    return [verdict.error or verdict.receipt for verdict in verdicts]
