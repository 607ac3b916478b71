"""What realtime tests use: a publisher, a handle that can stall, waiting with a bound."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from typing import Any

import redis.asyncio as redis

from worlds.realtime.frames import Frame, Kind, Publication, pack_publication
from worlds.realtime.hub import TopicHub
from worlds.realtime.subscriber import Subscriber
from worlds.realtime.topics import Topic, TopicKey, View

WAIT_SECONDS_MAX = 5.0


async def until(condition: Callable[[], Any], what: str = "condition") -> None:
    """Wait for a condition; fails after `WAIT_SECONDS_MAX`."""
    end = time.monotonic() + WAIT_SECONDS_MAX
    while not condition():
        assert time.monotonic() < end, f"never: {what}"
        await asyncio.sleep(0.005)


class Publisher:
    """The sending side of topics, as `worlds` does it."""

    def __init__(self, client: redis.Redis, world_id: int) -> None:
        self.client = client
        self.world_id = world_id
        self.epoch = 1
        self.offsets: dict[str, int] = {}
        self.rings: dict[str, list[Any]] = {}

    def publication(self, topic: str, data: Any, kind: Kind, **fields: Any) -> Publication:
        offset = fields.pop("offset", self.offsets.get(topic, 0) + 1)
        self.offsets[topic] = offset
        payload = json.dumps(data).encode()
        made = Publication(kind, self.epoch, offset, time.time(), payload)
        return made._replace(**fields)

    async def replace(self, topic: str, data: Any, **fields: Any) -> int:
        made = self.publication(topic, data, Kind.REPLACE, **fields)
        return await self._send(topic, made, made)

    async def append(self, topic: str, item: Any, **fields: Any) -> int:
        """Publish a list of one; the stored view is the last 50."""
        ring = self.rings.setdefault(topic, [])
        ring.append(item)
        del ring[:-50]
        made = self.publication(topic, [item], Kind.APPEND, **fields)
        return await self._send(topic, made, made._replace(payload=json.dumps(ring).encode()))

    async def private(self, topic: str, data: Any, commit: int, prev: int) -> int:
        """Publish on a private stream: no stored view."""
        made = self.publication(topic, data, Kind.APPEND, offset=commit, prev=prev, tick=commit)
        channel = f"t:{self.world_id}:{topic}"
        await self.client.publish(channel, pack_publication(made))
        return commit

    async def store(self, topic: str, view: Publication) -> None:
        await self.client.hset(f"hot:{self.world_id}", topic, pack_publication(view))

    async def _send(self, topic: str, message: Publication, view: Publication) -> int:
        await self.store(topic, view)
        await self.client.publish(f"t:{self.world_id}:{topic}", pack_publication(message))
        return message.offset


class RecordingHandle:
    """A handle that writes into a list, or stalls: then frames wait and count as buffered."""

    def __init__(self) -> None:
        self.frames: list[Frame] = []
        self.waiting: list[Frame] = []
        self.stalled = False
        self.open = True
        self.closed_with: int | None = None
        self.alive_at = time.monotonic()
        self.pings = True
        self.pings_sent = 0

    def buffered(self) -> int:
        return sum(len(frame) for frame in self.waiting)

    def offer(self, frame: Frame) -> bool:
        if self.waiting:
            return False
        self.write(frame)
        return True

    def write(self, frame: Frame) -> None:
        (self.waiting if self.stalled else self.frames).append(frame)

    def drain(self) -> None:
        self.stalled = False
        self.frames += self.waiting
        self.waiting.clear()

    def ping(self) -> None:
        self.pings_sent += 1

    def close(self, code: int) -> None:
        self.closed_with = code
        self.open = False

    @property
    def messages(self) -> list[dict[str, Any]]:
        return [json.loads(frame.text) for frame in self.frames]

    @property
    def offsets(self) -> list[int]:
        return [message["offset"] for message in self.messages]


class Reader:
    """A subscriber with a recording handle."""

    def __init__(self, hub: TopicHub) -> None:
        self.hub = hub
        self.handle = RecordingHandle()
        self.subscriber = Subscriber(hub, self.handle)

    async def subscribe(self, world_id: int, name: str, position: int | None = None) -> View:
        topic = await self.hub.prime(TopicKey(world_id, name, name))
        view = self.hub.attach(self.subscriber, topic, position)
        for frame in view.frames:
            self.subscriber.send(frame)
        return view

    def topic(self) -> Topic:
        return self.subscriber.topics[0]
