"""The open sockets of one gateway: how many, whose, alive, still logged in."""

from __future__ import annotations

import asyncio
import itertools
import json
import time
from collections import defaultdict
from typing import TYPE_CHECKING

import structlog
from django.conf import settings
from django.db import Error as DatabaseError

from worlds.realtime import metrics, sessions
from worlds.realtime.codes import CloseCode
from worlds.realtime.limits import PING_PERIOD_SECONDS, SESSION_CHECK_SECONDS, sockets_max
from worlds.realtime.reads import in_thread

if TYPE_CHECKING:
    from worlds.realtime.consumer import SocketConsumer

RECHECK_SECONDS = 1.0
CLOSE_SLICE = 200

log = structlog.get_logger(__name__)


class SocketRegistry:
    """Counts sockets and turns two wheels, one slot a second: pings and session checks.

    A wheel instead of a timer per socket: the work of a second is one loop over one slot.
    """

    def __init__(self) -> None:
        self._sockets: dict[SocketConsumer, tuple[int, int]] = {}
        self._by_user: defaultdict[int, set[SocketConsumer]] = defaultdict(set)
        self._pings: list[set[SocketConsumer]] = [set() for _ in range(PING_PERIOD_SECONDS)]
        self._checks: list[set[SocketConsumer]] = [set() for _ in range(SESSION_CHECK_SECONDS)]
        self._numbers = itertools.count()
        self._tasks: set[asyncio.Task[None]] = set()
        self._wheel: asyncio.Task[None] | None = None

    def __len__(self) -> int:
        return len(self._sockets)

    def join(self, socket: SocketConsumer) -> bool:
        """Count a socket in; False when the process or the user has enough of them."""
        if len(self._sockets) >= sockets_max():
            return False
        identity = socket.identity
        if identity is not None:
            mine = self._by_user[identity.user_id]
            if len(mine) >= settings.SOCKETS_PER_USER_MAX:
                return False
            mine.add(socket)
        number = next(self._numbers)
        slots = number % PING_PERIOD_SECONDS, number % SESSION_CHECK_SECONDS
        self._sockets[socket] = slots
        self._pings[slots[0]].add(socket)
        if identity is not None:
            self._checks[slots[1]].add(socket)
        metrics.SOCKETS.inc()
        if self._wheel is None or self._wheel.done():
            self._wheel = self._spawn(self._turn())
        return True

    def leave(self, socket: SocketConsumer) -> None:
        """The socket is gone."""
        slots = self._sockets.pop(socket, None)
        if slots is None:
            return
        metrics.SOCKETS.dec()
        self._pings[slots[0]].discard(socket)
        self._checks[slots[1]].discard(socket)
        if socket.identity is not None:
            mine = self._by_user[socket.identity.user_id]
            mine.discard(socket)
            if not mine:
                del self._by_user[socket.identity.user_id]

    # Wheels

    async def _turn(self) -> None:
        second = 0
        while self._sockets:
            await asyncio.sleep(1.0)
            second += 1
            self.ping_slot(self._pings[second % PING_PERIOD_SECONDS])
            due = self._checks[second % SESSION_CHECK_SECONDS]
            if due:
                self._spawn(self.check(tuple(due)))

    def ping_slot(self, slot: set[SocketConsumer]) -> None:
        """Ping quiet sockets; close those that were silent for a whole period after a ping."""
        now = time.monotonic()
        for socket in tuple(slot):
            handle = socket.subscriber.handle
            if not handle.pings:
                continue
            quiet_since = max(handle.alive_at, socket.subscriber.alive_at)
            if socket.pinged_at is not None and quiet_since < socket.pinged_at:
                socket.close(CloseCode.NO_PONG)
            elif now - quiet_since > PING_PERIOD_SECONDS / 2:
                socket.pinged_at = now
                handle.ping()

    async def check(self, sockets: tuple[SocketConsumer, ...]) -> None:
        """Close the sockets among these whose log-in no longer holds."""
        identities = {socket.identity for socket in sockets if socket.identity is not None}
        try:
            ended = await in_thread(sessions.ended)(identities)
        except DatabaseError as error:
            log.warning("session_check_failed", error=type(error).__name__)
            return
        for socket in sockets:
            if socket.identity in ended:
                socket.close(CloseCode.UNAUTHENTICATED)

    # Control messages

    def on_control(self, data: bytes) -> None:
        """A log-in ended somewhere: see `sessions.revoke_sockets`."""
        try:
            message = json.loads(data)
            user_id, digest = message["user"], message["session"]
        except (ValueError, KeyError, TypeError):
            log.warning("control_message_malformed")
            return
        sockets = tuple(self._by_user.get(user_id, ()))
        for socket in sockets:
            key = socket.identity.session_key if socket.identity is not None else ""
            if digest and sessions.session_digest(key) == digest:
                socket.close(CloseCode.UNAUTHENTICATED)
        if sockets and not digest:
            self._spawn(self._check_twice(user_id))

    async def _check_twice(self, user_id: int) -> None:
        # The message may overtake the transaction that ends the log-in.
        for wait in (0.0, RECHECK_SECONDS):
            await asyncio.sleep(wait)
            await self.check(tuple(self._by_user.get(user_id, ())))

    # The end

    async def close_all(self, code: int) -> None:
        """Close every socket, a slice at a time."""
        sockets = tuple(self._sockets)
        for start in range(0, len(sockets), CLOSE_SLICE):
            for socket in sockets[start : start + CLOSE_SLICE]:
                socket.close(code)
            await asyncio.sleep(0)

    async def close(self) -> None:
        """Stop the wheels."""
        tasks = [task for task in self._tasks if task is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _spawn(self, work) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task
