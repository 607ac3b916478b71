"""One socket as the hub sees it: what it listens to, what it missed, how far it lags."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from worlds.realtime import metrics
from worlds.realtime.codes import CloseCode
from worlds.realtime.frames import Frame
from worlds.realtime.handles import FanOutHandle
from worlds.realtime.limits import (
    BUFFERED_BYTES_MAX,
    HELD_FRAMES_MAX,
    QUEUED_BYTES_MAX,
    STALLED_SECONDS_MAX,
)
from worlds.realtime.topics import Topic

if TYPE_CHECKING:
    from worlds.realtime.hub import TopicHub


class Subscriber:
    """Delivers frames to a handle without ever waiting for it.

    While something waits in the handle, frames of conflating topics are left out and only the
    newest follows once it drained; all other frames queue up to a cap, then the socket is closed.
    """

    __slots__ = (
        "_dirty", "_floors", "_held", "_hub", "alive_at", "closed_with", "handle", "on_lost",
        "skipped", "stalled_since",
    )  # fmt: skip

    def __init__(
        self,
        hub: TopicHub,
        handle: FanOutHandle,
        on_lost: Callable[[Topic], None] | None = None,
    ) -> None:
        self._hub = hub
        self.handle = handle
        self.on_lost = on_lost
        self.alive_at = time.monotonic()
        self.closed_with: int | None = None
        self.stalled_since: float | None = None
        self.skipped = 0
        self._floors: dict[Topic, int] = {}
        self._dirty: dict[Topic, None] = {}
        self._held: dict[Topic, list[tuple[int, Frame]]] = {}

    @property
    def topics(self) -> tuple[Topic, ...]:
        return tuple(self._floors)

    def follows(self, topic: Topic) -> bool:
        return topic in self._floors

    # Called by the hub

    def attach(self, topic: Topic, floor: int, *, hold: bool = False) -> None:
        """Take frames above `floor`; hold them back until `release` when asked to."""
        self._floors[topic] = floor
        self._dirty.pop(topic, None)
        if hold:
            self._held[topic] = []

    def detach(self, topic: Topic) -> None:
        topic.remove(self)
        self._floors.pop(topic, None)
        self._dirty.pop(topic, None)
        self._held.pop(topic, None)

    def deliver(self, topic: Topic, frame: Frame, position: int, conflates: bool) -> None:
        """Offer one frame of a topic; frames that the snapshot contained are left out."""
        floor = self._floors.get(topic)
        if floor is None or position <= floor or self.closed_with is not None:
            return
        if self._held and topic in self._held:
            held = self._held[topic]
            held.append((position, frame))
            if len(held) > HELD_FRAMES_MAX:
                self.close(CloseCode.INSUFFICIENT_STATE)
        elif not self.handle.offer(frame):
            self._hub.stalled(self)
            if conflates:
                self._dirty[topic] = None
                self.skipped += 1
                metrics.SKIPS.inc()
            else:
                self._queue(frame, QUEUED_BYTES_MAX)

    def lost(self, topic: Topic) -> None:
        """The stream has a hole that the hub cannot fill: the door must read a new snapshot."""
        if self.on_lost is not None and self.closed_with is None:
            self.on_lost(topic)

    def reset(self, topic: Topic, floor: int) -> None:
        """A snapshot was sent: frames up to `floor` are in it."""
        if topic in self._floors:
            self._floors[topic] = floor

    # Called by the door

    def hold(self, topic: Topic) -> None:
        """Keep back what comes on this topic until `release`."""
        self._held.setdefault(topic, [])

    def release(self, topic: Topic, floor: int) -> None:
        """Send what was held back above `floor` and let the stream run."""
        for position, frame in self._held.pop(topic, []):
            if position > floor:
                self.send(frame)
        self.reset(topic, floor)

    def send(self, frame: Frame) -> None:
        """A reply: queued behind whatever waits."""
        if self.closed_with is None and not self.handle.offer(frame):
            self._hub.stalled(self)
            self._queue(frame, BUFFERED_BYTES_MAX)

    def close(self, code: int) -> None:
        """Close once; nothing is sent afterwards."""
        if self.closed_with is None:
            self.closed_with = int(code)
            metrics.CLOSES.labels(str(int(code))).inc()
            self._held.clear()
            self._dirty.clear()
            self.handle.close(int(code))

    def _queue(self, frame: Frame, bytes_max: int) -> None:
        if self.handle.buffered() + len(frame) > bytes_max:
            self.close(CloseCode.SLOW)
        else:
            self.handle.write(frame)

    # Called by the hub's sweep

    def sweep(self, now: float) -> bool:
        """Look after a stalled socket; whether it still needs looking after."""
        if self.closed_with is not None or not self.handle.open:
            return False
        waiting = self.handle.buffered()
        if waiting:
            if self.stalled_since is None:
                self.stalled_since = now
            if now - self.stalled_since > STALLED_SECONDS_MAX or waiting > BUFFERED_BYTES_MAX:
                self.close(CloseCode.SLOW)
                return False
            return True
        self.stalled_since = None
        while self._dirty:
            topic = next(iter(self._dirty))
            frame = topic.newest
            if frame is None or self.handle.offer(frame):
                del self._dirty[topic]
            else:
                return True
        return self.handle.buffered() > 0
