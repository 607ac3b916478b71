"""The topic hub: one per process and event loop, between Redis and the sockets.

It receives each topic once, whatever the number of sockets, builds the frame once and offers the
same bytes to every subscribed handle. It never awaits a socket. The first subscriber of a topic
subscribes in Redis, and the topic leaves some time after its last one, so that a page reload
finds it warm.

A new subscriber gets the stored view and the frames after it in one synchronous step. The order
subscribe, confirmation, view, attach leaves no gap, provided the publisher stores the view of a
topic before it publishes the message.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import time
from collections.abc import Callable, Coroutine
from typing import Any

import redis.asyncio as redis
import structlog
from redis.exceptions import RedisError

from worlds.realtime import metrics
from worlds.realtime.frames import (
    BadPublicationError,
    Frame,
    Kind,
    Publication,
    push_frame,
    unpack_publication,
)
from worlds.realtime.limits import (
    FAN_OUT_SLICE,
    LINGER_SECONDS,
    STALL_POLL_SECONDS,
    SUBSCRIBE_SECONDS_MAX,
)
from worlds.realtime.subscriber import Subscriber
from worlds.realtime.topics import Member, Topic, TopicKey, View
from worlds.realtime.traffic import Message, Receiver

CONTROL_CHANNEL = "control:sockets"
RECONNECT_SECONDS_MIN = 0.05
RECONNECT_SECONDS_MAX = 2.0
VIEW_RETRY_SECONDS = 0.25

log = structlog.get_logger(__name__)


class HubUnavailableError(Exception):
    """Redis does not answer, so that nothing can be subscribed at the moment."""


class TopicHub:
    """Topics, their members and the one connection that feeds them."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._topics: dict[str, Topic] = {}
        self._by_key: dict[TopicKey, Topic] = {}
        self._waiters: dict[Topic, asyncio.Event] = {}
        self._receiver: Receiver | None = None
        self._redis = redis.Redis.from_url(url)
        self._stalled: dict[Subscriber, None] = {}
        self._tasks: set[asyncio.Task[Any]] = set()
        self._sweeper: asyncio.Task[None] | None = None
        self._closing = False
        self.on_control: Callable[[bytes], None] | None = None
        self._runner = self._spawn(self._run())

    def _spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    # Subscribing

    async def prime(self, key: TopicKey) -> Topic:
        """The topic, received and with its stored view read.

        Attach without awaiting anything in between. Raises `HubUnavailableError` after
        `SUBSCRIBE_SECONDS_MAX` without Redis.
        """
        topic = self._topic(key)
        if topic.stale:
            await self._read_view(topic)
        if not topic.ready:
            event = self._waiters.setdefault(topic, asyncio.Event())
            try:
                await asyncio.wait_for(event.wait(), SUBSCRIBE_SECONDS_MAX)
            except TimeoutError:
                raise HubUnavailableError(key.channel) from None
        # It may have left while this waited, when its linger ended.
        if self._by_key.get(key) is not topic:
            return await self.prime(key)
        return topic

    def attach(self, subscriber: Subscriber, topic: Topic, position: int | None = None) -> View:
        """Subscribe; returns what the subscriber must be sent first, before anything awaits."""
        view = topic.view(position)
        self.add(topic, subscriber)
        subscriber.attach(topic, view.floor)
        return view

    def attach_held(self, subscriber: Subscriber, topic: Topic) -> None:
        """Subscribe, but keep back all frames until the subscriber releases them."""
        self.add(topic, subscriber)
        subscriber.attach(topic, -1, hold=True)

    @property
    def closing(self) -> bool:
        return self._closing

    def add(self, topic: Topic, member: Member) -> None:
        """Let a member take the frames of a topic from now on."""
        if isinstance(topic.linger, asyncio.TimerHandle):
            topic.linger.cancel()
            topic.linger = None
        topic.add(member)

    def remove(self, topic: Topic, member: Member) -> None:
        """Take a member away; the last one leaves the topic lingering."""
        if isinstance(member, Subscriber):
            member.detach(topic)
        else:
            topic.remove(member)
        self._linger(topic)

    def leave(self, subscriber: Subscriber) -> None:
        """The socket is gone: remove it everywhere."""
        for topic in subscriber.topics:
            self.remove(topic, subscriber)
        self._stalled.pop(subscriber, None)

    def _topic(self, key: TopicKey) -> Topic:
        topic = self._by_key.get(key)
        if topic is None:
            topic = Topic(key)
            self._by_key[key] = topic
            self._topics[key.channel] = topic
            metrics.TOPICS.inc()
            if self._receiver is not None:
                self._spawn(self._subscribe(self._receiver, key.channel))
            self._linger(topic)
        return topic

    def _linger(self, topic: Topic) -> None:
        if not topic.members and topic.linger is None and not self._closing:
            loop = asyncio.get_running_loop()
            topic.linger = loop.call_later(LINGER_SECONDS, self._drop, topic)

    def _drop(self, topic: Topic) -> None:
        topic.linger = None
        if topic.members or self._by_key.get(topic.key) is not topic:
            return
        del self._by_key[topic.key]
        del self._topics[topic.key.channel]
        metrics.TOPICS.dec()
        waiter = self._waiters.pop(topic, None)
        if waiter is not None:
            waiter.set()
        if self._receiver is not None:
            self._spawn(self._unsubscribe(self._receiver, topic.key.channel))

    async def _subscribe(self, receiver: Receiver, channel: str) -> None:
        # On an error the reading side sees the same, connects again and subscribes to everything.
        with contextlib.suppress(RedisError, OSError):
            await receiver.subscribe(channel)

    async def _unsubscribe(self, receiver: Receiver, channel: str) -> None:
        with contextlib.suppress(RedisError, OSError):
            if channel not in self._topics:
                await receiver.unsubscribe(channel)

    # Receiving

    async def _run(self) -> None:
        pause = RECONNECT_SECONDS_MIN
        while not self._closing:
            receiver = Receiver(self._url, f"lea-hub-{os.getpid()}")
            try:
                await receiver.connect()
                # First this: a topic made while the line below waits subscribes by itself.
                self._receiver = receiver
                await receiver.subscribe(CONTROL_CHANNEL, *self._topics)
                pause = RECONNECT_SECONDS_MIN
                # Checked anew: the library may swallow a cancellation while it connects.
                while not self._closing:
                    await self._take(await receiver.receive())
            except (RedisError, OSError) as error:
                log.warning("hub_disconnected", error=type(error).__name__)
            finally:
                self._receiver = None
                with contextlib.suppress(RedisError, OSError):
                    await receiver.close()
            for topic in self._topics.values():
                topic.forget(topic.position)
            metrics.RECONNECTS.inc()
            await asyncio.sleep(pause * random.uniform(0.5, 1.0))
            pause = min(pause * 2, RECONNECT_SECONDS_MAX)

    async def _take(self, message: Message) -> None:
        if message.channel == CONTROL_CHANNEL:
            if message.kind == "message" and self.on_control is not None:
                self.on_control(message.data)
            return
        topic = self._topics.get(message.channel)
        if topic is None:
            return
        if message.kind == "subscribe":
            self._spawn(self._confirmed(topic))
        elif message.kind == "message":
            await self._publish(topic, message.data)

    async def _publish(self, topic: Topic, data: bytes) -> None:
        metrics.PUBLICATIONS.inc()
        try:
            publication = unpack_publication(data)
        except BadPublicationError as error:
            metrics.DROPPED.labels("malformed").inc()
            log.warning("publication_malformed", topic=topic.key.channel, error=str(error))
            return
        lost_before = topic.lost_since is not None
        frame = topic.apply(publication)
        if frame is None:
            metrics.DROPPED.labels("old").inc()
            return
        if topic.lost_since is not None and topic.ready and not topic.conflates:
            if not topic.key.private:
                # It is in the ring: whoever mends the hole sends it after the new view.
                if not lost_before:
                    self._spawn(self._confirmed(topic))
                return
            if not lost_before:
                # Told first, so that the members hold the message back behind a new snapshot.
                await self._mend(topic)
        await self._fan_out(topic, frame, topic.position)

    async def _fan_out(self, topic: Topic, frame: Frame, position: int) -> None:
        members = topic.listeners()
        conflates = topic.conflates
        metrics.DELIVERIES.inc(len(members))
        for start in range(0, len(members), FAN_OUT_SLICE):
            if start:
                await asyncio.sleep(0)
            for member in members[start : start + FAN_OUT_SLICE]:
                member.deliver(topic, frame, position, conflates)

    # Views

    async def _confirmed(self, topic: Topic) -> None:
        """Redis delivers the topic from now on: read the stored view, mend a hole."""
        while not await self._read_view(topic):
            if self._receiver is None or self._by_key.get(topic.key) is not topic:
                return
            await asyncio.sleep(VIEW_RETRY_SECONDS)
        await self._mend(topic)
        topic.ready = True
        waiter = self._waiters.pop(topic, None)
        if waiter is not None:
            waiter.set()

    async def _read_view(self, topic: Topic) -> bool:
        """Read the stored view; False when Redis did not answer."""
        try:
            raw = await self._redis.hget(topic.key.hot_key, topic.key.name)
        except (RedisError, OSError):
            return False
        if isinstance(raw, bytes):
            try:
                topic.rebase(unpack_publication(raw))
            except BadPublicationError as error:
                metrics.DROPPED.labels("malformed").inc()
                log.warning("view_malformed", topic=topic.key.channel, error=str(error))
        return True

    async def _mend(self, topic: Topic) -> None:
        """After a hole: members get the newest view unless nothing was missed."""
        last_good, topic.lost_since = topic.lost_since, None
        if last_good is None or not topic.ready:
            return
        base = topic.base
        if topic.key.private:
            for member in topic.listeners():
                member.lost(topic)
        elif base is None or base.position == last_good == topic.position:
            return
        elif not topic.conflates:
            self._send_view(topic, base)
            topic.advance(base)
        elif base.position > topic.position:
            topic.advance(base)
            topic.newest = push_frame(topic.key.wire, base)
            await self._fan_out(topic, topic.newest, topic.position)

    def _send_view(self, topic: Topic, base: Publication) -> None:
        """Push the whole view of an `append` topic: `replace` tells clients to start over."""
        view = topic.view()
        frames = [push_frame(topic.key.wire, base._replace(kind=Kind.REPLACE)), *view.frames]
        for member in topic.listeners():
            for frame in frames:
                member.deliver(topic, frame, view.floor, False)
            if isinstance(member, Subscriber):
                member.reset(topic, view.floor)

    # Slow sockets

    def stalled(self, subscriber: Subscriber) -> None:
        """Something waits in this socket: look after it until it drained."""
        if subscriber.stalled_since is None:
            subscriber.stalled_since = time.monotonic()
        self._stalled[subscriber] = None
        if self._sweeper is None or self._sweeper.done():
            self._sweeper = self._spawn(self._sweep())

    async def _sweep(self) -> None:
        while self._stalled:
            await asyncio.sleep(STALL_POLL_SECONDS)
            now = time.monotonic()
            for subscriber in tuple(self._stalled):
                if not subscriber.sweep(now):
                    self._stalled.pop(subscriber, None)

    # The end

    async def close(self) -> None:
        """Stop receiving and end every task of the hub."""
        self._closing = True
        for topic in self._topics.values():
            if isinstance(topic.linger, asyncio.TimerHandle):
                topic.linger.cancel()
        tasks = [task for task in self._tasks if task is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        with contextlib.suppress(RedisError, OSError):
            await self._redis.aclose()
