"""What one gateway process shares between its sockets, made on first use in its event loop."""

from __future__ import annotations

import asyncio
from typing import Any
from weakref import WeakKeyDictionary

from django.conf import settings

from worlds.api.errors import Problem
from worlds.batcher import Batcher
from worlds.realtime import reads
from worlds.realtime.hub import TopicHub
from worlds.realtime.registry import SocketRegistry
from worlds.realtime.undecided import Undecided

CLOSE_SECONDS_MAX = 3.0


class Realtime:
    """Hub, registry, undecided commands and the batcher of one event loop."""

    def __init__(self) -> None:
        self.hub = TopicHub(settings.REDIS.traffic)
        self.registry = SocketRegistry()
        self.undecided = Undecided(reads.in_thread(reads.decided))
        self.hub.on_control = self.registry.on_control
        self.closing = False
        self._batcher: Batcher | None = None
        self._opening = asyncio.Lock()
        self._world: Any = None

    async def world(self) -> Any:
        """The world that sockets are about. Raises `Problem` until it is born."""
        if self._world is None:
            self._world = await reads.in_thread(reads.default_world)()
        if self._world is None:
            raise Problem("world_not_ready", retry_after=1)
        return self._world

    async def batcher(self) -> Batcher:
        """The group-commit door to the inbox, opened with the first order."""
        async with self._opening:
            if self._batcher is None:
                batcher = Batcher()
                await batcher.open()
                self._batcher = batcher
            return self._batcher

    async def shut_down(self, code: int) -> None:
        """Close all sockets, write what was submitted, end all tasks."""
        self.closing = True
        await self.registry.close_all(code)
        await self.close()

    async def close(self) -> None:
        """End all tasks and connections of this event loop."""
        self.closing = True
        if self._batcher is not None:
            await asyncio.wait_for(self._batcher.close(), CLOSE_SECONDS_MAX)
        await self.registry.close()
        await self.undecided.close()
        await self.hub.close()


_by_loop: WeakKeyDictionary[asyncio.AbstractEventLoop, Realtime] = WeakKeyDictionary()


def get_realtime() -> Realtime:
    """The shared parts of the running event loop."""
    loop = asyncio.get_running_loop()
    found = _by_loop.get(loop)
    if found is None:
        found = _by_loop[loop] = Realtime()
    return found


def existing_realtime() -> Realtime | None:
    """The same, unless nobody asked for them yet."""
    return _by_loop.get(asyncio.get_running_loop())
