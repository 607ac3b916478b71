"""The hub on a real Valkey: snapshot, positions, recovery, holes, lingering."""

from __future__ import annotations

import asyncio
import json
import os
import time

import pytest

from tests.realtime.support import Publisher, Reader, until
from worlds.realtime import hub as hub_module
from worlds.realtime.frames import Kind
from worlds.realtime.hub import HubUnavailableError, TopicHub
from worlds.realtime.limits import CATCH_UP_FRAMES_MAX, RING_FRAMES_MAX
from worlds.realtime.topics import TopicKey


def position(epoch: int, offset: int) -> int:
    return (epoch << 64) + offset


async def test_one_message_reaches_every_subscriber_as_the_same_bytes(hub, publisher, world_id):
    readers = [Reader(hub) for _ in range(3)]
    for reader in readers:
        await reader.subscribe(world_id, "market_tick")
    await publisher.replace("market_tick", {"day": 1}, tick=5)
    await until(lambda: all(reader.handle.frames for reader in readers))
    assert readers[0].handle.messages == [
        {
            "topic": "market_tick",
            "epoch": 1,
            "offset": 1,
            "tick": 5,
            "type": "replace",
            "data": {"day": 1},
        }
    ]
    assert len({id(reader.handle.frames[0]) for reader in readers}) == 1


async def test_a_fresh_hub_answers_from_the_stored_view(hub, publisher, world_id):
    await publisher.replace("indicators", {"cpi": "100.00"}, tick=3)
    view = await Reader(hub).subscribe(world_id, "indicators")
    assert (view.epoch, view.offset, view.recovered) == (1, 1, False)
    assert json.loads(view.payload) == {"cpi": "100.00"}


async def test_a_topic_that_nobody_published_has_no_snapshot(hub, world_id):
    view = await Reader(hub).subscribe(world_id, "news")
    assert (view.epoch, view.offset, view.payload, view.frames) == (0, 0, None, [])


async def test_a_later_subscriber_gets_the_newest_state(hub, publisher, world_id):
    first = Reader(hub)
    await first.subscribe(world_id, "world")
    for number in range(3):
        await publisher.replace("world", {"n": number})
    await until(lambda: len(first.handle.frames) == 3)
    view = await Reader(hub).subscribe(world_id, "world")
    assert (view.offset, json.loads(view.payload)) == (3, {"n": 2})


@pytest.mark.parametrize("readers_count", [12])
async def test_subscribing_while_messages_flow_leaves_no_gap(
    hub, publisher, world_id, readers_count
):
    """Snapshot and messages of an appended stream together are all items, each once."""
    total = 400
    readers: list[tuple[Reader, list[int]]] = []

    async def publish() -> None:
        for number in range(1, total + 1):
            await publisher.append("trades:OIL", number)
            if number % 7 == 0:
                await asyncio.sleep(0)

    async def join(wait: float) -> None:
        await asyncio.sleep(wait)
        reader = Reader(hub)
        view = await reader.subscribe(world_id, "trades:OIL")
        snapshot = json.loads(view.payload) if view.payload else []
        assert view.offset == (snapshot[-1] if snapshot else 0)
        readers.append((reader, snapshot))

    await asyncio.gather(publish(), *(join(0.004 * n) for n in range(readers_count)))
    last = [total]
    await until(lambda: all((r.handle.offsets or s)[-1:] == last for r, s in readers))
    for reader, snapshot in readers:
        pushed = [item for message in reader.handle.messages for item in message["data"]]
        seen = snapshot + pushed
        assert seen == list(range(seen[0], total + 1))
        assert reader.handle.offsets == pushed


async def test_resume_within_the_ring_sends_what_was_missed(hub, publisher, world_id):
    reader = Reader(hub)
    await reader.subscribe(world_id, "trades:OIL")
    for number in range(1, 11):
        await publisher.append("trades:OIL", number)
    await until(lambda: len(reader.handle.frames) == 10)
    other = Reader(hub)
    view = await other.subscribe(world_id, "trades:OIL", position(1, 7))
    assert (view.recovered, view.payload, view.offset) == (True, None, 7)
    assert other.handle.offsets == [8, 9, 10]
    view = await Reader(hub).subscribe(world_id, "trades:OIL", position(1, 10))
    assert (view.recovered, view.frames) == (True, [])


async def test_a_fresh_hub_recovers_from_the_stored_view_on(hub, publisher, world_id):
    for number in range(1, 6):
        await publisher.append("trades:OIL", number)
    reader = Reader(hub)
    view = await reader.subscribe(world_id, "trades:OIL", position(1, 5))
    assert (view.recovered, view.frames) == (True, [])
    await publisher.append("trades:OIL", 6)
    await until(lambda: reader.handle.offsets == [6])
    assert (await Reader(hub).subscribe(world_id, "trades:OIL", position(1, 5))).recovered


@pytest.mark.parametrize("known", [(2, 7), (0, 7), (1, 11), (1, 2)])
async def test_resume_from_elsewhere_gets_a_snapshot(hub, publisher, world_id, known):
    """Another epoch, a position not reached yet, one from before the hub listened."""
    for number in range(1, 6):
        await publisher.append("trades:OIL", number)
    first = Reader(hub)
    await first.subscribe(world_id, "trades:OIL")
    for number in range(6, 11):
        await publisher.append("trades:OIL", number)
    await until(lambda: len(first.handle.frames) == 5)
    reader = Reader(hub)
    view = await reader.subscribe(world_id, "trades:OIL", position(*known))
    assert view.recovered is False
    seen = json.loads(view.payload) + [m["data"][0] for m in reader.handle.messages]
    assert seen == list(range(1, 11))


async def test_resume_beyond_the_ring_gets_a_snapshot(hub, publisher, world_id):
    reader = Reader(hub)
    await reader.subscribe(world_id, "trades:OIL")
    for number in range(1, RING_FRAMES_MAX + 20):
        await publisher.append("trades:OIL", number)
    await until(lambda: len(reader.handle.frames) == RING_FRAMES_MAX + 19)
    view = await Reader(hub).subscribe(world_id, "trades:OIL", position(1, 5))
    assert view.recovered is False
    assert len(view.frames) <= CATCH_UP_FRAMES_MAX


async def test_a_replaced_topic_is_recovered_only_at_its_newest(hub, publisher, world_id):
    reader = Reader(hub)
    await reader.subscribe(world_id, "book:OIL")
    for number in range(3):
        await publisher.replace("book:OIL", {"n": number})
    await until(lambda: len(reader.handle.frames) == 3)
    assert (await Reader(hub).subscribe(world_id, "book:OIL", position(1, 3))).recovered is True
    behind = await Reader(hub).subscribe(world_id, "book:OIL", position(1, 2))
    assert (behind.recovered, json.loads(behind.payload)) == (False, {"n": 2})


async def test_old_and_doubled_publications_are_dropped(hub, publisher, world_id):
    reader = Reader(hub)
    await reader.subscribe(world_id, "trades:OIL")
    for offset in (1, 2, 2, 1, 3):
        await publisher.append("trades:OIL", offset, offset=offset)
    await until(lambda: reader.handle.offsets == [1, 2, 3])


async def test_malformed_publications_do_no_harm(hub, publisher, world_id):
    reader = Reader(hub)
    await reader.subscribe(world_id, "world")
    channel = f"t:{world_id}:world"
    for raw in (b"", b"\xff" * 24, b"x" * 100):
        await publisher.client.publish(channel, raw)
    await publisher.client.publish("control:sockets", b"\xff not json")
    await publisher.replace("world", {"n": 1})
    await until(lambda: reader.handle.offsets == [1])


async def test_a_new_epoch_of_an_appended_topic_starts_with_the_whole_view(
    hub, publisher, world_id
):
    """The writer before may have died between commit and announcement."""
    reader = Reader(hub)
    await reader.subscribe(world_id, "trades:OIL")
    await publisher.append("trades:OIL", "a")
    await until(lambda: len(reader.handle.frames) == 1)
    publisher.epoch, publisher.offsets["trades:OIL"] = 2, 0
    publisher.rings["trades:OIL"].append("lost")
    await publisher.append("trades:OIL", "b")
    await publisher.append("trades:OIL", "c")
    await until(lambda: reader.handle.messages[-1]["data"][-1] == "c")
    start = next(m for m in reader.handle.messages if m["epoch"] == 2)
    assert start["type"] == "replace"
    assert start["data"][:3] == ["a", "lost", "b"]
    later = reader.handle.messages[reader.handle.messages.index(start) + 1 :]
    seen = start["data"] + [item for message in later for item in message["data"]]
    assert seen == ["a", "lost", "b", "c"]


async def test_a_number_left_out_starts_the_stream_anew(hub, publisher, world_id):
    """A publisher that could not send leaves a hole in the offsets."""
    reader = Reader(hub)
    await reader.subscribe(world_id, "news")
    await publisher.append("news", "a")
    await until(lambda: reader.handle.offsets == [1])
    publisher.rings["news"].append("never sent")
    await publisher.append("news", "c", offset=3)
    await until(lambda: len(reader.handle.frames) == 2)
    start = reader.handle.messages[-1]
    assert (start["type"], start["offset"]) == ("replace", 3)
    assert start["data"] == ["a", "never sent", "c"]
    await publisher.append("news", "d")
    await until(lambda: reader.handle.messages[-1]["data"] == ["d"])


async def test_a_stream_that_restarts_lower_is_taken_after_a_while(hub, publisher, world_id):
    reader = Reader(hub)
    await reader.subscribe(world_id, "world")
    publisher.epoch = 9
    await publisher.replace("world", {"n": 1})
    await until(lambda: len(reader.handle.frames) == 1)
    publisher.epoch, publisher.offsets["world"] = 1, 0
    await publisher.replace("world", {"n": 2})
    await publisher.replace("world", {"n": 3}, published_at=time.time() + 60)
    await until(lambda: len(reader.handle.frames) == 2)
    # Positions of subscribers that came before the restart do not hide it from them.
    assert reader.handle.messages[-1]["data"] == {"n": 3}


async def _kill_hub_connection(publisher: Publisher) -> None:
    name = f"lea-hub-{os.getpid()}"
    for client in await publisher.client.client_list():
        if client["name"] == name:
            await publisher.client.client_kill_filter(_id=client["id"])


async def test_after_a_lost_connection_missed_views_are_sent(hub, publisher, world_id, monkeypatch):
    monkeypatch.setattr(hub_module, "RECONNECT_SECONDS_MIN", 0.3)
    reader = Reader(hub)
    for name in ("world", "trades:OIL", "indicators"):
        await reader.subscribe(world_id, name)
    await publisher.replace("world", {"n": 1})
    await publisher.replace("indicators", {"cpi": "1"})
    await publisher.append("trades:OIL", "a")
    await until(lambda: len(reader.handle.frames) == 3)
    await _kill_hub_connection(publisher)
    await asyncio.sleep(0.05)
    await publisher.replace("world", {"n": 2})
    await publisher.append("trades:OIL", "b")
    await until(lambda: len(reader.handle.frames) >= 5)
    later = {message["topic"]: message for message in reader.handle.messages[3:]}
    assert later["world"]["data"] == {"n": 2}
    assert later["trades:OIL"] | {"tick": None} == {
        "topic": "trades:OIL",
        "epoch": 1,
        "offset": 2,
        "tick": None,
        "type": "replace",
        "data": ["a", "b"],
    }
    assert "indicators" not in later
    # Positions from before the hole are answered with a snapshot.
    view = await Reader(hub).subscribe(world_id, "trades:OIL", position(1, 1))
    assert view.recovered is False
    await publisher.append("trades:OIL", "c")
    await until(lambda: reader.handle.messages[-1]["data"] == ["c"])


async def test_the_last_subscriber_leaves_after_a_linger(hub, publisher, world_id, monkeypatch):
    monkeypatch.setattr(hub_module, "LINGER_SECONDS", 0.15)
    channel = f"t:{world_id}:world"

    async def receivers() -> int:
        return dict(await publisher.client.pubsub_numsub(channel))[channel.encode()]

    first, second = Reader(hub), Reader(hub)
    await first.subscribe(world_id, "world")
    await second.subscribe(world_id, "world")
    assert await receivers() == 1
    hub.leave(first.subscriber)
    hub.leave(second.subscriber)
    assert await receivers() == 1
    back = Reader(hub)
    await back.subscribe(world_id, "world")
    await asyncio.sleep(0.25)
    assert await receivers() == 1
    hub.leave(back.subscriber)
    await asyncio.sleep(0.3)
    assert await receivers() == 0
    again = Reader(hub)
    await again.subscribe(world_id, "world")
    await publisher.replace("world", {"n": 1})
    await until(lambda: again.handle.offsets == [1])


async def test_without_redis_a_subscription_fails_in_time(monkeypatch, world_id):
    monkeypatch.setattr(hub_module, "SUBSCRIBE_SECONDS_MAX", 0.2)
    hub = TopicHub("unix:///nonexistent/redis.sock")
    with pytest.raises(HubUnavailableError):
        await hub.prime(TopicKey(world_id, "world", "world"))
    await hub.close()


async def test_leaving_during_a_fan_out_stops_delivery(hub, publisher, world_id):
    readers = [Reader(hub) for _ in range(1_100)]
    for reader in readers:
        await reader.subscribe(world_id, "world")
    topic = readers[0].topic()
    frame = topic.apply(publisher.publication("world", {"n": 1}, Kind.REPLACE))
    fan_out = asyncio.ensure_future(hub._fan_out(topic, frame, topic.position))
    await asyncio.sleep(0)
    hub.leave(readers[-1].subscriber)
    late = Reader(hub)
    view = await late.subscribe(world_id, "world")
    await fan_out
    assert [len(r.handle.frames) for r in readers[:-1]] == [1] * 1_099
    assert readers[-1].handle.frames == []
    assert (view.offset, late.handle.frames) == (1, [])
