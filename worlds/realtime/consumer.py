"""The base of every WebSocket address: one protocol, whatever the topics and operations.

Messages of one socket are handled one after another, so that orders keep their order. Everything
the server sends goes through the socket's fan-out handle, so that replies and pushes keep theirs.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine, Mapping
from typing import Any
from uuid import UUID

import structlog
from channels.consumer import AsyncConsumer
from django.conf import settings

from worlds.api.commands import command_shape
from worlds.api.errors import Problem, problem_body, problem_of
from worlds.errors import WorldError
from worlds.realtime import metrics, reads
from worlds.realtime.codes import CloseCode
from worlds.realtime.door import Door, Handler, Request
from worlds.realtime.envelope import decode_message, make_request, message_id
from worlds.realtime.frames import Frame, reply_frame
from worlds.realtime.handles import EXTENSION, AsgiHandle
from worlds.realtime.hub import HubUnavailableError
from worlds.realtime.limits import (
    GARBAGE_MAX,
    RATE_REFUSALS_MAX,
    SESSION_CHECK_SECONDS,
    UNDECIDED_PER_SOCKET_MAX,
    TokenBucket,
)
from worlds.realtime.operations import COMMON
from worlds.realtime.private import PrivateFeed
from worlds.realtime.runtime import Realtime, get_realtime
from worlds.realtime.sessions import Identity
from worlds.realtime.subscriber import Subscriber
from worlds.realtime.topics import Topic, TopicKey
from worlds.realtime.undecided import Who

log = structlog.get_logger(__name__)


Describe = Callable[[Any], dict[str, Any] | None]


def _no_result(_status: Any) -> None:
    return None


class _Nudge:
    """A member of a private stream that only says: ask the journal now."""

    def __init__(self, realtime: Realtime, who: Who) -> None:
        self._realtime, self._who = realtime, who

    def deliver(self, _topic: Topic, _frame: Frame, _position: int, _conflates: bool) -> None:
        self._realtime.undecided.nudge(self._who)

    def lost(self, _topic: Topic) -> None:
        self._realtime.undecided.nudge(self._who)


class SocketConsumer(AsyncConsumer):
    """One socket. Subclasses set `door`."""

    # No layer has this name: sockets on the hub need no channel and no second receive task.
    channel_layer_alias = "none"
    door: Door

    realtime: Realtime
    subscriber: Subscriber
    identity: Identity | None = None
    pinged_at: float | None = None

    def __init__(self) -> None:
        self._bucket = TokenBucket(
            settings.SOCKET_MESSAGES_PER_SECOND, settings.SOCKET_MESSAGES_BURST
        )
        self._garbage = 0
        self._operations: Mapping[str, Handler] = {**COMMON, **self.door.operations}
        self._participant: Any = None
        self._participant_at = 0.0
        self._nudge: tuple[Topic, _Nudge] | None = None
        self._watching: asyncio.Task[None] | None = None
        self._undecided: dict[Callable[[Any], None], UUID] = {}
        self._feeds: dict[Topic, tuple[PrivateFeed, asyncio.Task[None]]] = {}

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """The life of a socket. Channels' own loop would cost a task for every message."""
        self.scope, self.base_send = scope, send
        message = await receive()
        if message["type"] != "websocket.connect":
            return
        try:
            await self._connect()
            while True:
                message = await receive()
                if message["type"] == "websocket.disconnect":
                    return
                await self.dispatch(message)
        finally:
            self._leave()

    async def _connect(self) -> None:
        self.realtime = get_realtime()
        user, session = self.scope.get("user"), self.scope.get("session")
        if user is not None and user.is_authenticated and session is not None:
            self.identity = Identity(user.pk, session.session_key)
        await self.base_send({"type": "websocket.accept"})
        offered = self.scope.get("extensions", {}).get(EXTENSION)
        handle = offered if offered is not None else AsgiHandle(self.base_send)
        self.subscriber = Subscriber(self.realtime.hub, handle, self._lost)
        if self.realtime.closing:
            self.close(CloseCode.SHUTDOWN)
        elif not self.realtime.registry.join(self):
            self.close(CloseCode.CONNECTION_LIMIT)

    def _leave(self) -> None:
        if not hasattr(self, "subscriber"):
            return
        self.realtime.registry.leave(self)
        for _feed, task in self._feeds.values():
            task.cancel()
        self._feeds.clear()
        self.realtime.hub.leave(self.subscriber)
        if self._nudge is not None:
            self.realtime.hub.remove(*self._nudge)
        if self._watching is not None:
            self._watching.cancel()
        for decided, command_id in self._undecided.items():
            self.realtime.undecided.forget(command_id, decided)

    # In

    async def dispatch(self, message: Mapping[str, Any]) -> None:
        """Handle one message. Channels' own version goes through a thread for every one."""
        if message["type"] != "websocket.receive" or self.subscriber.closed_with is not None:
            return
        self.subscriber.alive_at = time.monotonic()
        number: int | str | None = None
        try:
            value = decode_message(message)
            number = message_id(value)
            self._check_rate()
            request = make_request(value, self._operations)
        except Problem as problem:
            self._count_rate_or_garbage(problem)
            self.refuse(number, problem)
            self._close_if_hopeless()
            return
        self._garbage = 0
        began = time.monotonic()
        await self._operate(request)
        self._bucket.excuse(time.monotonic() - began)

    async def _operate(self, request: Request) -> None:
        try:
            await self._operations[request.op](self, request)
            outcome = "ok"
        except Problem as problem:
            outcome = "refused"
            self.refuse(request.id, problem)
        except Exception as error:
            outcome = "failed"
            self.refuse(request.id, problem_of(error))
        metrics.MESSAGES.labels(outcome).inc()

    def _check_rate(self) -> None:
        if not self._bucket.take():
            raise Problem("rate_limited")

    def _count_rate_or_garbage(self, problem: Problem) -> None:
        metrics.MESSAGES.labels("rejected").inc()
        if problem.code != "rate_limited":
            self._garbage += 1
            # A message that cannot be read still counts against the rate.
            self._bucket.take()

    def _close_if_hopeless(self) -> None:
        if self._bucket.refused > RATE_REFUSALS_MAX:
            self.close(CloseCode.RATE)
        elif self._garbage >= GARBAGE_MAX:
            self.close(CloseCode.BAD_REQUEST)

    # Out

    def send_frame(self, frame: Frame) -> None:
        """Send a finished frame behind whatever waits."""
        self.subscriber.send(frame)

    def reply(self, number: int | str, members: dict[str, Any]) -> None:
        """A successful answer."""
        self.send_frame(reply_frame({"id": number, "ok": True} | members))

    def refuse(self, number: int | str | None, problem: Problem) -> None:
        """An answer that says what was wrong; `id` is null when the message had none."""
        members = {"id": number, "ok": False, "error": self.problem_body(problem)}
        self.send_frame(reply_frame(members))

    def problem_body(self, problem: Problem) -> dict[str, Any]:
        """The one error shape."""
        return problem_body(problem, world=settings.WORLD_DEFAULT)

    def close(self, code: int) -> None:
        """Close the socket; what it still receives is not read."""
        self.subscriber.close(code)

    # Topics

    def check_topic_room(self, topic: Topic) -> None:
        """Raise `Problem` when this topic would be one too many."""
        held = self.subscriber.topics
        if topic not in held and len(held) >= settings.SOCKET_TOPICS_MAX:
            raise Problem("channel_limit")

    def open_feed(self, feed: PrivateFeed, work: Coroutine[Any, Any, None]) -> None:
        """Run the opening of a private stream beside the socket's other messages."""
        self._cancel_feed(feed.topic)
        task = asyncio.get_running_loop().create_task(self._guard(work))
        self._feeds[feed.topic] = (feed, task)

    async def _guard(self, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except Exception:
            log.exception("private_stream_failed")
            self.close(CloseCode.INSUFFICIENT_STATE)

    def _cancel_feed(self, topic: Topic) -> None:
        found = self._feeds.pop(topic, None)
        if found is not None:
            found[1].cancel()

    def leave_topic(self, topic: Topic, *, keep_feed: bool = False) -> None:
        """Unsubscribe."""
        if not keep_feed:
            self._cancel_feed(topic)
        self.realtime.hub.remove(topic, self.subscriber)

    def _lost(self, topic: Topic) -> None:
        found = self._feeds.get(topic)
        if found is not None:
            feed, _task = found
            self.subscriber.hold(topic)
            self.open_feed(feed, feed.settle())

    # Commands

    async def participant(self) -> Any:
        """The participant of this socket's player. Raises `Problem` when there is none."""
        if self.identity is None:
            raise Problem("unauthorized")
        now = time.monotonic()
        if self._participant is None or now - self._participant_at > SESSION_CHECK_SECONDS:
            self._participant_at = now
            world = await self.realtime.world()
            read = reads.in_thread(reads.participant)
            self._participant = await read(self.scope["user"], world)
        if self._participant is None:
            raise Problem("not_participating")
        return self._participant

    async def submit(
        self,
        number: int | str,
        prepared: Any,
        describing: Callable[[UUID], Describe] | None = None,
    ) -> None:
        """Put a command into the inbox: `accepted` after that commit, the outcome later.

        `prepared` has `command_id, kind, body, key, digest`; `describing` gives, for the id under
        which the command was accepted, what makes a result of its status. The outcome is only
        asked for after `accepted` was sent.
        """
        if len(self._undecided) >= UNDECIDED_PER_SOCKET_MAX:
            raise Problem("engine_busy", "Too many commands of this socket are undecided.")
        participant = await self.participant()
        who = Who(participant.world_id, participant.pk)
        if self._nudge is None and (self._watching is None or self._watching.done()):
            # Beside the order: without Redis this would hold it up for seconds.
            self._watching = asyncio.get_running_loop().create_task(self._watch(who))
        batcher = await self.realtime.batcher()
        try:
            receipt = await batcher.submit_async(
                world_id=who.world_id, participant_id=who.participant_id, **prepared._asdict()
            )
        except WorldError as error:
            raise Problem(error.code, str(error)) from None
        command_id = receipt.command_id
        self.reply(number, {"status": "accepted", "command_id": str(command_id)})
        describe = describing(command_id) if describing is not None else _no_result

        def decided(status: Any) -> None:
            self._undecided.pop(decided, None)
            self._send_outcome(number, command_id, status, describe)

        self._undecided[decided] = command_id
        self.realtime.undecided.add(command_id, who, decided)
        if receipt.status != "accepted":
            self.realtime.undecided.nudge(who)

    def _send_outcome(
        self,
        number: int | str,
        command_id: UUID,
        status: Any,
        describe: Describe,
    ) -> None:
        executed = status.status == "executed"
        members = {"id": number, "ok": executed} | command_shape(command_id, status)
        members["result"] = describe(status) if executed else None
        if members["error"] is not None:
            members["error"]["world"] = settings.WORLD_DEFAULT
        self.send_frame(reply_frame(members))

    async def _watch(self, who: Who) -> None:
        """Let the participant's private stream say when something was decided."""
        if self._nudge is not None:
            return
        key = TopicKey(who.world_id, f"account:{who.participant_id}", "account", private=True)
        try:
            topic = await self.realtime.hub.prime(key)
        except HubUnavailableError:
            # The journal is asked each second in any case.
            return
        nudge = _Nudge(self.realtime, who)
        self.realtime.hub.add(topic, nudge)
        self._nudge = (topic, nudge)
