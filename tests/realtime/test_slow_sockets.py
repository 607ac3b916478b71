"""Sockets that do not drain: conflation, caps, cut-offs; nobody else notices."""

from __future__ import annotations

import asyncio

from tests.realtime.support import Reader, until
from worlds.realtime import subscriber as subscriber_module
from worlds.realtime.codes import CloseCode
from worlds.realtime.frames import Frame
from worlds.realtime.limits import BUFFERED_BYTES_MAX, HELD_FRAMES_MAX, QUEUED_BYTES_MAX


async def test_a_stalled_reader_gets_only_the_newest_when_it_drains(hub, publisher, world_id):
    slow, quick = Reader(hub), Reader(hub)
    for reader in (slow, quick):
        await reader.subscribe(world_id, "market_tick")
        await reader.subscribe(world_id, "book:OIL")
    slow.handle.stalled = True
    for number in range(1, 31):
        await publisher.replace("market_tick", {"n": number})
    await publisher.replace("book:OIL", {"b": 1})
    await until(lambda: len(quick.handle.frames) == 31)
    assert len(slow.handle.waiting) == 1
    assert slow.subscriber.skipped == 30
    slow.handle.drain()
    await until(lambda: len(slow.handle.frames) == 3)
    data = [message["data"] for message in slow.handle.messages]
    assert data == [{"n": 1}, {"n": 30}, {"b": 1}]
    assert slow.subscriber.stalled_since is None


async def test_an_appended_topic_queues_up_to_its_cap_then_closes(hub, publisher, world_id):
    slow, quick = Reader(hub), Reader(hub)
    for reader in (slow, quick):
        await reader.subscribe(world_id, "news")
    slow.handle.stalled = True
    big = "x" * 8_000
    for number in range(40):
        await publisher.append("news", f"{number}{big}")
    await until(lambda: slow.handle.closed_with is not None)
    assert slow.handle.closed_with == CloseCode.SLOW
    assert slow.handle.buffered() <= QUEUED_BYTES_MAX
    await until(lambda: len(quick.handle.frames) == 40)


async def test_a_reader_within_the_cap_loses_nothing(hub, publisher, world_id):
    slow = Reader(hub)
    await slow.subscribe(world_id, "trades:OIL")
    slow.handle.stalled = True
    for number in range(1, 101):
        await publisher.append("trades:OIL", number)
    await until(lambda: len(slow.handle.waiting) == 100)
    slow.handle.drain()
    assert slow.handle.offsets == list(range(1, 101))


async def test_a_socket_that_never_drains_is_closed(hub, publisher, world_id, monkeypatch):
    monkeypatch.setattr(subscriber_module, "STALLED_SECONDS_MAX", 0.2)
    slow = Reader(hub)
    await slow.subscribe(world_id, "market_tick")
    slow.handle.stalled = True
    await publisher.replace("market_tick", {"n": 1})
    await publisher.replace("market_tick", {"n": 2})
    await until(lambda: slow.handle.closed_with == CloseCode.SLOW)


async def test_replies_have_a_bound_of_their_own(hub):
    slow = Reader(hub)
    slow.handle.stalled = True
    frame = Frame(b"x" * 60_000)
    while slow.handle.closed_with is None:
        slow.subscriber.send(frame)
        assert slow.handle.buffered() <= BUFFERED_BYTES_MAX
    assert slow.handle.closed_with == CloseCode.SLOW
    sent = len(slow.handle.waiting)
    slow.subscriber.send(frame)
    assert len(slow.handle.waiting) == sent


async def test_held_frames_have_a_bound(hub, publisher, world_id):
    reader = Reader(hub)
    await reader.subscribe(world_id, "trades:OIL")
    reader.subscriber.hold(reader.topic())
    for number in range(HELD_FRAMES_MAX + 1):
        await publisher.append("trades:OIL", number)
    await until(lambda: reader.handle.closed_with == CloseCode.INSUFFICIENT_STATE)
    assert reader.handle.frames == []


async def test_released_frames_follow_the_snapshot_in_order(hub, publisher, world_id):
    reader = Reader(hub)
    await reader.subscribe(world_id, "trades:OIL")
    topic = reader.topic()
    reader.subscriber.hold(topic)
    for number in range(1, 6):
        await publisher.append("trades:OIL", number)
    await until(lambda: topic.position == (1 << 64) + 5)
    reader.subscriber.release(topic, (1 << 64) + 3)
    await publisher.append("trades:OIL", 6)
    await until(lambda: reader.handle.offsets == [4, 5, 6])
    await asyncio.sleep(0.02)
    assert reader.handle.offsets == [4, 5, 6]
