"""What realtime tests use: a publisher, a handle that can stall, waiting with a bound."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

import redis.asyncio as redis
from channels.testing import WebsocketCommunicator
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY

from worlds.realtime.frames import Frame, Kind, Publication, pack_publication
from worlds.realtime.hub import TopicHub
from worlds.realtime.reads import in_thread
from worlds.realtime.subscriber import Subscriber
from worlds.realtime.topics import Topic, TopicKey, View

WAIT_SECONDS_MAX = 20.0

# Blocking helpers in asynchronous tests, with Django's connections closed behind them.
off_loop = in_thread


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


def log_in(user: Any) -> str:
    """A session of this user; returns its key."""
    session = import_module(settings.SESSION_ENGINE).SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.create()
    return session.session_key


HOST = "localhost:8000"


class Socket:
    """A client of the real ASGI application: origin check, session, router, consumer."""

    def __init__(self, user: Any, path: str, headers: Mapping[str, str]) -> None:
        from arena_site.asgi import application

        self.user = user
        self.session_key: str | None = None
        self._application = application
        self._path = path
        self._headers = {"host": HOST, "origin": f"http://{HOST}"} | dict(headers)
        self._number = 0
        self.link: WebsocketCommunicator | None = None

    async def open(self) -> Socket:
        headers = dict(self._headers)
        if self.user is not None:
            self.session_key = await off_loop(log_in)(self.user)
            headers["cookie"] = f"{settings.SESSION_COOKIE_NAME}={self.session_key}"
        raw = [(name.encode(), value.encode("latin1")) for name, value in headers.items() if value]
        self.link = WebsocketCommunicator(self._application, self._path, headers=raw)
        connected, code = await self.link.connect(timeout=WAIT_SECONDS_MAX)
        self.connected = connected
        self.refused_with = None if connected else code
        return self

    async def close(self) -> None:
        if self.link is not None and self.connected:
            self.connected = False
            with contextlib.suppress(asyncio.CancelledError):
                await self.link.disconnect(timeout=WAIT_SECONDS_MAX)

    async def send(self, **message: Any) -> None:
        await self.link.send_json_to(message)

    async def text(self, text: str) -> None:
        await self.link.send_to(text_data=text)

    async def next(self) -> dict[str, Any]:
        return await self.link.receive_json_from(timeout=WAIT_SECONDS_MAX)

    async def call(self, op: str, **fields: Any) -> dict[str, Any]:
        """Send an operation; returns its reply, pushes in between are dropped."""
        self._number += 1
        await self.send(id=self._number, op=op, **fields)
        return await self.reply(self._number)

    async def reply(self, number: int | str | None) -> dict[str, Any]:
        while True:
            message = await self.next()
            if "id" in message and message["id"] == number:
                return message

    async def push(self, topic: str) -> dict[str, Any]:
        """The next push of a topic; anything else in between is dropped."""
        while True:
            message = await self.next()
            if message.get("topic") == topic and "id" not in message:
                return message

    async def silent(self, seconds: float = 0.1) -> bool:
        """Whether nothing comes for a while."""
        return await self.link.receive_nothing(timeout=seconds)

    async def closed(self) -> int:
        """The code that the server closes with; messages before it are dropped."""
        while True:
            message = await self.link.receive_output(timeout=WAIT_SECONDS_MAX)
            if message["type"] == "websocket.close":
                return message["code"]
