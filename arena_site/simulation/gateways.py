"""Gateways: the real batcher in an event loop on virtual time, and the clients behind it."""

from __future__ import annotations

import asyncio
import selectors as os_selectors
from typing import TYPE_CHECKING

import psycopg
import redis

from arena_site.simulation.clients import Book
from arena_site.simulation.database import Cursor, Session
from arena_site.simulation.fibers import Scheduler
from arena_site.simulation.newborn import WORLD_ID
from arena_site.simulation.traffic import PubSub
from worlds import selectors
from worlds.batcher import Batcher

if TYPE_CHECKING:
    from arena_site.simulation.arena import Arena

ASK_AFTER_SECONDS = 1.0
QUIET_SECONDS = 0.5


class Gateway:
    """One process that takes commands for some participants."""

    def __init__(self, arena: Arena, books: list[Book]) -> None:
        self._arena, self._books = arena, books

    def run(self) -> None:
        """The body of the process: never ends, is killed."""
        ears = PubSub(self._arena.traffic)
        loop = VirtualLoop(self._arena.scheduler)
        try:
            loop.run_until_complete(self._serve(ears))
        finally:
            for task in asyncio.all_tasks(loop):
                task._log_destroy_pending = False  # type: ignore[attr-defined]
            loop.close()

    async def _serve(self, ears: PubSub) -> None:
        batcher = Batcher()  # never closed: a killed process tidies nothing up
        await batcher.open()
        await asyncio.gather(self._listen(ears), *(self._play(b, batcher) for b in self._books))

    async def _play(self, book: Book, batcher: Batcher) -> None:
        """One client: wants things, repeats itself, sometimes lies, and asks what became of it."""
        if not book.requests:
            book.register()
        while True:
            await asyncio.sleep(book.random.uniform(0.02, 0.4))
            waiting = [request for request in book.requests if request.open]
            for request in waiting:
                fresh = book.random.random() < 0.5
                await book.send(batcher, WORLD_ID, request, fresh=fresh)
            if self._arena.calm:
                if not any(request.open for request in book.requests):
                    await asyncio.sleep(QUIET_SECONDS)
                continue
            strikes = self._arena.plan.strikes
            decided = [request for request in book.requests if request.receipt is not None]
            if decided and book.random.random() < 0.15 and strikes("repeat with the key"):
                await book.send(batcher, WORLD_ID, book.random.choice(decided), fresh=True)
            elif decided and book.random.random() < 0.1 and strikes("another request with the key"):
                await book.try_conflict(batcher, WORLD_ID, book.random.choice(decided))
            elif not waiting:
                request = book.order(strikes("poison"))
                await book.send(batcher, WORLD_ID, request, fresh=True)

    async def _listen(self, ears: PubSub) -> None:
        asked_at = 0.0
        session: Session | None = None
        while True:
            await asyncio.sleep(0.02)
            try:
                if not ears.channels:
                    ears.subscribe("out")
                while (message := ears.get_message(0.0)) is not None:
                    for command_id, seq, status in message["data"].rows:
                        for book in self._books:
                            book.hear(command_id, seq, status)
            except redis.ConnectionError:
                continue
            if self._arena.scheduler.now - asked_at < ASK_AFTER_SECONDS:
                continue
            asked_at = self._arena.scheduler.now
            try:
                if session is None or session.closed:
                    session = self._arena.database.connect("status")
                for book in self._books:
                    await self._ask(session, book)
            except psycopg.Error:
                session = None

    async def _ask(self, session: Session, book: Book) -> None:
        """`GET /api/commands/<id>` for what was acknowledged and never announced."""
        unsure = [r for r in book.requests if r.receipt is not None and not r.announced]
        if not unsure:
            return
        ids = [r.receipt.command_id for r in unsure if r.receipt is not None]
        work = session.statement(
            selectors._STATUS, {"world": WORLD_ID, "participant": book.participant, "ids": ids}
        )
        cursor: Cursor | None = None
        try:
            while True:
                await asyncio.sleep(next(work))
        except StopIteration as done:
            cursor = done.value
        assert cursor is not None
        for command_id, status, seq, *_ in cursor.fetchall():
            if status is not None:
                book.hear(command_id, seq, status)


class _Selector(os_selectors.SelectSelector):
    """Waits in virtual time; nothing real is ever ready."""

    def __init__(self, scheduler: Scheduler) -> None:
        super().__init__()
        self._scheduler = scheduler

    def select(self, timeout: float | None = None) -> list:
        if timeout is None or timeout > 0:
            self._scheduler.pause(0.05 if timeout is None else timeout)
        return []


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop on the simulation's clock."""

    def __init__(self, scheduler: Scheduler) -> None:
        super().__init__(_Selector(scheduler))
        self._scheduler = scheduler
        self.set_exception_handler(lambda loop, context: None)

    def time(self) -> float:
        return self._scheduler.now
