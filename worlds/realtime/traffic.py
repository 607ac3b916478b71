"""The hub's one receiving connection to Redis.

The client library's own subscriber object connects again by itself and subscribes again behind
one's back; a hub must know that there was a hole. So this speaks the four message kinds on a bare
connection of the library, which brings addresses, log-in and parsing.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import redis.asyncio as redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

CONNECT_SECONDS_MAX = 5.0


class Message(NamedTuple):
    """What came: `kind` is `subscribe`, `unsubscribe` or `message`."""

    kind: str
    channel: str
    data: bytes


class Receiver:
    """Subscribes to channels and hands out messages; any error ends it for good."""

    def __init__(self, url: str, name: str) -> None:
        options: dict[str, Any] = {"protocol": 2, "client_name": name}
        options["retry"] = Retry(NoBackoff(), 0)
        if not url.startswith("unix:"):
            options["socket_connect_timeout"] = CONNECT_SECONDS_MAX
            options["socket_keepalive"] = True
        self._pool = redis.ConnectionPool.from_url(url, **options)
        self._connection: Any = None

    async def connect(self) -> None:
        self._connection = self._pool.make_connection()
        await self._connection.connect()

    async def subscribe(self, *channels: str) -> None:
        await self._command("SUBSCRIBE", *channels)

    async def unsubscribe(self, *channels: str) -> None:
        await self._command("UNSUBSCRIBE", *channels)

    async def _command(self, *words: str) -> None:
        connection = self._connection
        if connection is None or not connection.is_connected:
            raise redis.ConnectionError("not connected")
        await connection.send_packed_command(connection.pack_command(*words), check_health=False)

    async def receive(self) -> Message:
        """The next message; raises `RedisError` or `OSError` when the connection ended."""
        while True:
            parts = await self._connection.read_response(disable_decoding=True, timeout=math.inf)
            if isinstance(parts, list) and len(parts) == 3:
                kind, channel, data = parts
                return Message(
                    kind.decode(), channel.decode(), data if isinstance(data, bytes) else b""
                )

    async def close(self) -> None:
        if self._connection is not None:
            await self._connection.disconnect(nowait=True)
