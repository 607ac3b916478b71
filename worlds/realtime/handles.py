"""Fan-out handles: how the hub reaches a socket without waiting for it.

A handle never blocks and never awaits: `offer` writes a frame if nothing waits, `write` queues it
behind what waits. daphne's adapter puts one into the connection's scope; under any other server,
and in tests, `AsgiHandle` stands in on the plain `send`.
"""

from __future__ import annotations

import asyncio
import socket
import time
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any, Protocol

import structlog

from worlds.realtime.frames import PING, Frame
from worlds.realtime.limits import NOTSENT_LOWAT_BYTES

EXTENSION = "arena.fan_out"
_STATE_OPEN = 3
_TCP_NOTSENT_LOWAT = getattr(socket, "TCP_NOTSENT_LOWAT", 25)

log = structlog.get_logger(__name__)


class FanOutHandle(Protocol):
    """What the hub needs of a socket. `alive_at` is monotonic time of the last pong."""

    alive_at: float
    pings: bool

    @property
    def open(self) -> bool: ...

    def buffered(self) -> int: ...

    def offer(self, frame: Frame) -> bool: ...

    def write(self, frame: Frame) -> None: ...

    def ping(self) -> None: ...

    def close(self, code: int) -> None: ...


class DaphneHandle:
    """Writes whole frames straight into the socket while Twisted's buffers are empty.

    By-passing the ASGI send, autobahn's framing and Twisted's buffering makes a delivery several
    times cheaper. Frames are never interleaved: what does not fit at once goes to Twisted's
    buffer, and as long as that holds anything, everything goes there.
    """

    __slots__ = ("_protocol", "_socket", "_transport", "alive_at", "pings")

    def __init__(self, protocol: Any) -> None:
        self._protocol = protocol
        self._transport = protocol.transport
        self._socket: socket.socket = protocol.transport.socket
        self.alive_at = time.monotonic()
        self.pings = True
        if self._socket.family in (socket.AF_INET, socket.AF_INET6):
            # Otherwise megabytes of stale ticks hide in the kernel before a slow reader shows.
            self._socket.setsockopt(socket.IPPROTO_TCP, _TCP_NOTSENT_LOWAT, NOTSENT_LOWAT_BYTES)
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    @staticmethod
    def fits(protocol: Any) -> bool:
        """Whether the transport is a plain socket: inside TLS bytes cannot go around Twisted."""
        transport = protocol.transport
        return hasattr(transport, "socket") and hasattr(transport, "_tempDataLen")

    @property
    def open(self) -> bool:
        return self._protocol.state == _STATE_OPEN and not self._transport.disconnected

    def buffered(self) -> int:
        transport = self._transport
        return len(transport.dataBuffer) - transport.offset + transport._tempDataLen

    def offer(self, frame: Frame) -> bool:
        """Write if nothing waits. False: something waits, nothing was written."""
        transport = self._transport
        if transport._tempDataLen or len(transport.dataBuffer) != transport.offset:
            return False
        if self._protocol.state != _STATE_OPEN:
            return True
        wire = frame.wire
        try:
            sent = self._socket.send(wire)
        except (BlockingIOError, InterruptedError):
            sent = 0
        except OSError:
            # The reactor finds the broken connection by itself and reports it once.
            return True
        if sent != len(wire):
            transport.write(wire[sent:])
        return True

    def write(self, frame: Frame) -> None:
        if not self.offer(frame) and self.open:
            self._transport.write(frame.wire)

    def ping(self) -> None:
        if self.open:
            self._transport.write(PING)

    def pong(self, _payload: bytes = b"") -> None:
        """Called by the server adapter for each pong."""
        self.alive_at = time.monotonic()

    def close(self, code: int) -> None:
        if self.open:
            self._protocol.sendClose(code=int(code))


class AsgiHandle:
    """The same on a plain ASGI `send`: a queue and one task that empties it."""

    __slots__ = ("_closed", "_queue", "_queued", "_send", "_task", "alive_at", "pings")

    def __init__(self, send: Callable[[dict[str, Any]], Awaitable[None]]) -> None:
        self._send = send
        self._queue: deque[Frame | int] = deque()
        self._queued = 0
        self._closed = False
        self._task: asyncio.Task[None] | None = None
        self.alive_at = time.monotonic()
        self.pings = False

    @property
    def open(self) -> bool:
        return not self._closed

    def buffered(self) -> int:
        return self._queued

    def offer(self, frame: Frame) -> bool:
        if self._queued:
            return False
        self.write(frame)
        return True

    def write(self, frame: Frame) -> None:
        if self._closed:
            return
        self._queued += len(frame)
        self._put(frame)

    def ping(self) -> None:
        """A plain ASGI server sends its own pings."""

    def close(self, code: int) -> None:
        if self._closed:
            return
        self._closed = True
        self._put(int(code))

    def _put(self, item: Frame | int) -> None:
        self._queue.append(item)
        if self._task is None or self._task.done():
            self._task = asyncio.ensure_future(self._drain())

    async def _drain(self) -> None:
        try:
            while self._queue:
                item = self._queue[0]
                if isinstance(item, Frame):
                    await self._send({"type": "websocket.send", "text": item.text})
                    self._queued -= len(item)
                else:
                    await self._send({"type": "websocket.close", "code": item})
                self._queue.popleft()
        except Exception as error:
            self._closed = True
            self._queue.clear()
            self._queued = 0
            log.info("socket_send_failed", error=type(error).__name__)
