"""One topic as a gateway knows it: newest view, what came since, who listens."""

from __future__ import annotations

from collections import deque
from typing import NamedTuple, Protocol

from worlds.realtime.frames import Frame, Kind, Publication, push_frame
from worlds.realtime.limits import (
    CATCH_UP_FRAMES_MAX,
    RECOVERY_FRAMES_MAX,
    RESTART_SECONDS,
    RING_BYTES_MAX,
    RING_FRAMES_MAX,
)


class TopicKey(NamedTuple):
    """Which stream of which world; `wire` is the name that clients use for it."""

    world_id: int
    name: str
    wire: str
    private: bool = False

    @property
    def channel(self) -> str:
        """The Redis channel."""
        return f"t:{self.world_id}:{self.name}"

    @property
    def hot_key(self) -> str:
        """The Redis hash of newest views, by topic name."""
        return f"hot:{self.world_id}"


class Member(Protocol):
    """Whoever takes the frames of a topic."""

    def deliver(self, topic: Topic, frame: Frame, position: int, conflates: bool) -> None: ...

    def lost(self, topic: Topic) -> None: ...


class Entry(NamedTuple):
    """A frame in the ring; `prev` is the position before it, None when that is unknown."""

    position: int
    prev: int | None
    frame: Frame


class View(NamedTuple):
    """What a new subscriber gets: a snapshot unless recovered, and the frames after it."""

    epoch: int
    offset: int
    recovered: bool
    payload: bytes | None
    frames: list[Frame]
    floor: int


class Topic:
    """State and members of a stream. Every method is synchronous: no gap by construction."""

    __slots__ = (
        "_members_tuple", "_ring", "_ring_bytes", "base", "key", "kind", "linger", "lost_since",
        "members", "newest", "position", "published_at", "ready",
    )  # fmt: skip

    def __init__(self, key: TopicKey) -> None:
        self.key = key
        self.kind = Kind.REPLACE
        self.position = -1
        self.published_at = 0.0
        self.base: Publication | None = None
        self.newest: Frame | None = None
        self.members: dict[Member, None] = {}
        self.ready = False
        self.lost_since: int | None = None
        self.linger: object | None = None
        self._members_tuple: tuple[Member, ...] | None = None
        self._ring: deque[Entry] = deque()
        self._ring_bytes = 0

    # Members

    def add(self, member: Member) -> None:
        self.members[member] = None
        self._members_tuple = None

    def remove(self, member: Member) -> None:
        if self.members.pop(member, 0) is None:
            self._members_tuple = None

    def listeners(self) -> tuple[Member, ...]:
        """The members at this moment; stays valid while others come and go."""
        if self._members_tuple is None:
            self._members_tuple = tuple(self.members)
        return self._members_tuple

    # Stream

    @property
    def conflates(self) -> bool:
        """Whether only the newest frame matters."""
        return self.kind is Kind.REPLACE

    def apply(self, publication: Publication) -> Frame | None:
        """Take a publication; its frame, or None when it is old.

        A hole in an `append` topic marks the topic as lost from the position before it.
        """
        if self.key.private:
            publication = publication._replace(epoch=0)
        position = publication.position
        restarted = position < self.position and (
            publication.published_at > self.published_at + RESTART_SECONDS
        )
        if position <= self.position and not restarted:
            return None
        before = self.position
        hole = before >= 0 and self._follows_a_hole(publication, before)
        self.kind = publication.kind
        self.position = position
        self.published_at = publication.published_at
        frame = push_frame(self.key.wire, publication, private=self.key.private)
        if self.conflates:
            self.base = publication
            self.newest = frame
            return frame
        if hole or restarted:
            self.forget(before)
        self._remember(publication, before, frame)
        return frame

    def _follows_a_hole(self, publication: Publication, before: int) -> bool:
        """Whether something between the position before and this message never came.

        Private streams say so themselves. Others count by one within an epoch; a publisher that
        failed to send leaves a number out, and a new epoch leaves open what the old one lost.
        """
        if self.key.private:
            return publication.prev is not None and publication.prev > before
        return publication.position != before + 1

    def _remember(self, publication: Publication, before: int, frame: Frame) -> None:
        prev: int | None = publication.prev
        if prev is None and before >= 0 and self.lost_since is None:
            prev = before
        self._ring.append(Entry(publication.position, prev, frame))
        self._ring_bytes += len(frame)
        while len(self._ring) > RING_FRAMES_MAX or self._ring_bytes > RING_BYTES_MAX:
            if len(self._ring) == 1:
                break
            self._ring_bytes -= len(self._ring.popleft().frame)

    def forget(self, last_good: int) -> None:
        """The stream may have a hole after `last_good`; nothing older can be recovered."""
        if self.lost_since is None:
            self.lost_since = last_good
        self._ring.clear()
        self._ring_bytes = 0

    def rebase(self, view: Publication) -> None:
        """Take a stored view as the snapshot that later frames follow."""
        if self.key.private:
            view = view._replace(epoch=0)
        if self.base is not None and view.position < self.base.position:
            restarted = view.published_at > self.base.published_at + RESTART_SECONDS
            if not restarted:
                return
        self.base = view
        if self.position < 0:
            self.kind = view.kind
            self.advance(view)
            if self.conflates:
                self.newest = push_frame(self.key.wire, view, private=self.key.private)

    def advance(self, view: Publication) -> None:
        """Everything up to this view is known; messages it contains are old when they come."""
        if view.position > self.position:
            self.position = view.position
            self.published_at = view.published_at

    # Recovery

    def since(self, position: int) -> list[Frame] | None:
        """The frames after a position, or None when some of them are gone."""
        if position > self.position and not self.key.private:
            return None
        later = [entry for entry in self._ring if entry.position > position]
        if not later:
            known = bool(self._ring) or position == self.position
            return [] if known and self.lost_since is None else None
        first = later[0]
        if first.prev is None or first.prev > position or len(later) > RECOVERY_FRAMES_MAX:
            return None
        return [entry.frame for entry in later]

    def view(self, position: int | None = None) -> View:
        """What a subscriber at `position` (None: a new one) must get now."""
        if position is not None:
            frames = self.since(position)
            if frames is not None:
                epoch, offset = position >> 64, position & (2**64 - 1)
                return View(epoch, offset, True, None, frames, max(self.position, position))
        base = self.base
        if base is None:
            frames = [entry.frame for entry in self._ring]
            epoch = max(self.position, 0) >> 64
            return View(epoch, 0, False, None, frames, self.position)
        frames = [entry.frame for entry in self._ring if entry.position > base.position]
        floor = max(self.position, base.position)
        return View(base.epoch, base.offset, False, base.payload, frames, floor)

    @property
    def stale(self) -> bool:
        """Whether the stored view lies so far back that it should be read anew."""
        if self.conflates or self.key.private:
            return False
        after = self.base.position if self.base is not None else -1
        return sum(entry.position > after for entry in self._ring) > CATCH_UP_FRAMES_MAX
