"""The database of a simulation: sessions that die, commits that fail before or after, locks that
time out. What statements mean is in `statements`; one that is not there is not accepted."""

from __future__ import annotations

import asyncio
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from typing import Any

import psycopg

from arena_site.simulation.fibers import Scheduler
from arena_site.simulation.plan import Plan
from arena_site.simulation.tables import MustWait, OneRow, Table, Transaction
from worlds import inbox

TIMEOUT_SECONDS = 2.0  # statement_timeout, lock_timeout and idle_in_transaction_session_timeout
LATENCY_SECONDS = (0.0002, 0.002)
POLL_SECONDS = 0.003


class SimulatedDatabase:
    """The tables of one world and the sessions on them. Controls switch a guard off."""

    def __init__(self, scheduler: Scheduler, plan: Plan, control: str = "") -> None:
        self.scheduler, self.plan, self.control = scheduler, plan, control
        self.clock_offset = 0.0
        self.down_until = 0.0
        self.sessions: list[Session] = []
        self.head: OneRow | None = None
        self.world: dict[str, Any] = {}
        self.inbox = Table("inbox", ("world_id", "command_id"),
                           ("world_id", "participant_id", "key"), ("id",))  # fmt: skip
        self.journal = Table("journal", ("world_id", "seq"), ("world_id", "command_id"),
                             ("world_id", "participant_id", "key"))  # fmt: skip
        self.block = Table("block", ("world_id", "commit"))
        self.snapshot = Table("snapshot", ("world_id", "commit"))
        self.projection = OneRow({"applied_commit": -1, "batches": ()})
        self.inbox_ids = 0
        self.pids = 0
        self.early: list[tuple[int, int, bytes]] = []  # commit, tick, chain told too early
        if control == "keys":
            self.inbox.checked = {("id",)}
            self.journal.checked = {("world_id", "seq")}
        if control == "fence":
            self.journal.checked = set()
            self.block.checked = set()

    def clock(self) -> float:
        """The database's own clock."""
        return self.scheduler.now + self.clock_offset

    def connect(self, name: str) -> Session:
        """A new session. Raises OperationalError while the database is down."""
        if self.scheduler.now < self.down_until:
            raise psycopg.OperationalError("the database is starting up")
        self.pids += 1
        fiber = self.scheduler.current
        session = Session(self, name, self.pids, fiber.group if fiber else "")
        self.sessions.append(session)
        return session

    async def web_connect(self) -> AsyncSession:
        """A new session for an event loop."""
        return AsyncSession(self.connect("lea-inbox"))

    def restart(self) -> None:
        """Every session is gone with what it had not committed."""
        for session in list(self.sessions):
            session.die()
        self.down_until = self.scheduler.now + self.plan.between(0.2, 1.2)

    def leave(self, group: str) -> None:
        """The process of these sessions is dead; its sockets are closed."""
        for session in list(self.sessions):
            if session.group == group:
                session.die()

    def reap(self) -> None:
        """End sessions that sit in an open transaction for too long."""
        for session in list(self.sessions):
            idle = self.scheduler.now - session.used_at
            if session.txn is not None and not session.busy and idle > TIMEOUT_SECONDS:
                session.die()


class Cursor:
    """Rows of a statement, all at once."""

    def __init__(self, rows: list[tuple], rowcount: int | None = None) -> None:
        self._rows = rows
        self.rowcount = len(rows) if rowcount is None else rowcount

    def fetchone(self) -> tuple | None:
        return self._rows[0] if self._rows else None

    def fetchall(self) -> list[tuple]:
        return self._rows


class Session:
    """A connection as psycopg has them: autocommit, with explicit transactions."""

    def __init__(self, database: SimulatedDatabase, name: str, pid: int, group: str) -> None:
        self.database, self.name, self.pid, self.group = database, name, pid, group
        self.started_at = database.clock()
        self.alive = True
        self.busy = False
        self.txn: Transaction | None = None
        self.used_at = database.scheduler.now

    @property
    def closed(self) -> bool:
        return not self.alive

    def die(self) -> None:
        """Gone, with whatever was open."""
        if self.alive:
            self.alive = False
            self.database.sessions.remove(self)
        if self.txn is not None:
            self.txn.rollback()
            self.txn = None

    def close(self) -> None:
        self.die()

    def execute(self, sql: str, values: Any = (), **_: Any) -> Cursor:
        """Run a statement and give way while it takes its time."""
        return self._drive(self.statement(sql, values))

    def _drive(self, work: Generator[float, None, Any]) -> Any:
        try:
            while True:
                self.database.scheduler.pause(next(work))
        except StopIteration as done:
            return done.value

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing; the outcome of its commit may be unknown."""
        self.begin()
        try:
            yield
        except BaseException:
            self.rollback()
            raise
        self._drive(self.commit())

    @contextmanager
    def cursor(self) -> Iterator[Session]:
        yield self

    @contextmanager
    def copy(self, sql: str) -> Iterator[_Copy]:
        taken = _Copy()
        yield taken
        self.execute(sql, (taken.data,))

    # What both kinds of sessions are made of: generators that yield how long to wait.

    def begin(self) -> None:
        self._check()
        self.txn = Transaction(self)
        self.used_at = self.database.scheduler.now

    def rollback(self) -> None:
        if self.txn is not None:
            self.txn.rollback()
            self.txn = None

    def statement(self, sql: str, values: Any) -> Generator[float, None, Cursor]:
        """Run one statement, in the open transaction or in one of its own."""
        from arena_site.simulation.statements import STATEMENTS

        database = self.database
        self._check()
        self.busy = True
        try:
            yield database.plan.between(*LATENCY_SECONDS)
            self._check()
            if database.plan.strikes("statement cut"):
                self.die()
                raise psycopg.OperationalError("the connection is lost")
            if sql is inbox.INSERT and database.plan.strikes("deadlock"):
                raise psycopg.errors.DeadlockDetected("deadlock detected")
            txn = self.txn or Transaction(self)
            try:
                cursor = yield from self._patiently(STATEMENTS[sql], txn, values)
            except psycopg.Error:
                if self.txn is None:
                    txn.rollback()
                raise
        finally:
            self.busy = False
            self.used_at = database.scheduler.now
        if self.txn is None:
            self.txn = txn
            yield from self.commit()
        return cursor

    def _patiently(self, run: Any, txn: Transaction, values: Any) -> Generator[float, None, Cursor]:
        """Try again until no other transaction is in the way."""
        since = self.database.scheduler.now
        while True:
            try:
                return run(self.database, txn, values)
            except MustWait as wait:
                assert wait.holder.owner is not self
            if self.database.scheduler.now - since > TIMEOUT_SECONDS:
                raise psycopg.errors.LockNotAvailable("canceling statement due to lock timeout")
            yield POLL_SECONDS
            self.database.reap()
            self._check()

    def commit(self) -> Generator[float, None, None]:
        """End the open transaction; whether it took effect the caller may not learn."""
        self._check()
        txn, plan = self.txn, self.database.plan
        assert txn is not None
        if not txn.wrote:
            self.txn = None
            txn.commit()
            return
        self.busy = True
        try:
            if plan.strikes("commit refused"):
                self.rollback()
                raise psycopg.OperationalError("the commit was refused")
            if plan.strikes("cut before commit"):
                self.die()
                raise psycopg.OperationalError("the connection is lost")
            yield plan.between(*LATENCY_SECONDS)
            self._check()
            self.txn = None
            txn.commit()
            if plan.strikes("cut after commit"):
                self.die()
                raise psycopg.OperationalError("the connection is lost")
            yield plan.between(*LATENCY_SECONDS)
            if not self.alive:
                raise psycopg.OperationalError("the connection is lost")
        finally:
            self.busy = False
            self.used_at = self.database.scheduler.now

    def _check(self) -> None:
        self.database.reap()
        if not self.alive:
            raise psycopg.OperationalError("the connection is closed")


class _Copy:
    def __init__(self) -> None:
        self.data = b""

    def write(self, data: bytes) -> None:
        self.data += data


class AsyncSession:
    """The same for an event loop."""

    def __init__(self, session: Session) -> None:
        self.session = session

    async def execute(self, sql: str, values: Any = (), **_: Any) -> AsyncCursor:
        return AsyncCursor(await _drive(self.session.statement(sql, values)))

    def transaction(self) -> _AsyncTransaction:
        return _AsyncTransaction(self.session)

    @property
    def closed(self) -> bool:
        return not self.session.alive

    async def close(self) -> None:
        self.session.close()


class _AsyncTransaction:
    """A class and no generator: a killed loop can leave it behind without a word."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def __aenter__(self) -> None:
        self._session.begin()

    async def __aexit__(self, kind: object, *rest: object) -> None:
        if kind is None:
            await _drive(self._session.commit())
        else:
            self._session.rollback()


class AsyncCursor:
    def __init__(self, cursor: Cursor) -> None:
        self._cursor = cursor

    async def fetchone(self) -> tuple | None:
        return self._cursor.fetchone()

    async def fetchall(self) -> list[tuple]:
        return self._cursor.fetchall()


async def _drive(work: Generator[float, None, Any]) -> Any:
    try:
        while True:
            await asyncio.sleep(next(work))
    except StopIteration as done:
        return done.value
