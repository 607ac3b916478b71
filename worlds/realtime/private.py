"""A participant's private stream on one socket: snapshot from the projection, then messages.

Attach first, keep back what comes, read the newest commit, wait until the projection stands there,
send the snapshot, then whatever was kept back and is newer. Offsets are commit numbers and each
message says the one before it, so a client sees a hole by itself whatever happens to gateways,
writers and Redis.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

import msgspec
import structlog
from django.db import Error as DatabaseError

from worlds.api.errors import Problem
from worlds.realtime import reads
from worlds.realtime.door import PrivateStream
from worlds.realtime.frames import Frame, reply_frame
from worlds.realtime.topics import Topic

if TYPE_CHECKING:
    from worlds.realtime.consumer import SocketConsumer

WAIT_SECONDS_MAX = 1.0
SETTLE_SECONDS_MAX = 30.0
POLL_SECONDS = 0.05
SETTLE_POLL_SECONDS = 0.5

log = structlog.get_logger(__name__)


class PrivateFeed:
    """One socket's use of one private stream."""

    def __init__(
        self, socket: SocketConsumer, stream: PrivateStream, topic: Topic, participant_id: int
    ) -> None:
        self.socket = socket
        self.stream = stream
        self.topic = topic
        self.participant_id = participant_id

    async def open(self, request_id: int | str, offset: int | None) -> None:
        """Answer a subscription; without a recoverable position that takes the projection."""
        socket, topic = self.socket, self.topic
        frames = None if offset is None else topic.since(max(offset, 0))
        if frames is not None and offset is not None:
            floor = max(topic.position, offset)
            socket.realtime.hub.add(topic, socket.subscriber)
            socket.subscriber.attach(topic, floor)
            socket.reply(request_id, self._place(offset, True))
            for frame in frames:
                socket.send_frame(frame)
            return
        socket.realtime.hub.attach_held(socket.subscriber, topic)
        try:
            commit, data, fresh = await self._snapshot(WAIT_SECONDS_MAX, POLL_SECONDS)
        except (Problem, DatabaseError, LookupError) as error:
            log.warning("private_snapshot_failed", error=type(error).__name__)
            socket.leave_topic(topic, keep_feed=True)
            socket.refuse(request_id, Problem("unavailable", retry_after=1))
            return
        members = {"id": request_id, "ok": True} | self._place(commit, False)
        if not fresh:
            members["stale"] = True
        socket.send_frame(reply_frame(members, ("snapshot", msgspec.json.encode(data))))
        if fresh:
            socket.subscriber.release(topic, commit)
        else:
            await self.settle()

    async def settle(self) -> None:
        """Send the snapshot anew once the projection has caught up, as a `replace` message."""
        self.socket.subscriber.hold(self.topic)
        try:
            commit, data, fresh = await self._snapshot(SETTLE_SECONDS_MAX, SETTLE_POLL_SECONDS)
        except (DatabaseError, LookupError) as error:
            log.warning("private_snapshot_failed", error=type(error).__name__)
            self.socket.subscriber.release(self.topic, -1)
            return
        body = {"topic": self.stream.wire, "offset": commit, "tick": None, "type": "replace"}
        self.socket.send_frame(Frame(msgspec.json.encode(body | {"data": data})))
        if not fresh:
            log.warning("projection_lags", projection=self.stream.projection, commit=commit)
        self.socket.subscriber.release(self.topic, commit)

    def _place(self, offset: int, recovered: bool) -> dict[str, Any]:
        return {"topic": self.stream.wire, "offset": offset, "recovered": recovered}

    async def _snapshot(self, wait: float, poll: float) -> tuple[int, dict[str, Any], bool]:
        """The commit a snapshot stands for, its data, and whether it holds all that was announced
        before the stream was attached."""
        world_id = self.topic.key.world_id
        head = await reads.in_thread(reads.head_commit)(world_id)
        deadline = time.monotonic() + wait
        while True:
            commit, data = await reads.in_thread(self.stream.snapshot)(self.participant_id)
            if commit >= head:
                return commit, data, True
            if not await reads.in_thread(reads.touched_between)(world_id, commit, head):
                return head, data, True
            if time.monotonic() >= deadline:
                return commit, data, False
            await asyncio.sleep(poll)
