"""What readers get of a commit: publications, stored views, private messages without a gap."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from economy_engine import commands
from tests.worlds.conftest import Arena, bid, nowhere, run
from tests.worlds.test_host import low_price
from worlds import broadcast, database
from worlds.realtime.frames import Kind, Publication, unpack_publication


class Listener:
    """Everything that is published of one world."""

    def __init__(self, world_id: int) -> None:
        self._client = database.redis_client()
        self._hear = self._client.pubsub(ignore_subscribe_messages=True)
        self._hear.psubscribe(f"t:{world_id}:*")
        self._hear.get_message(timeout=1.0)
        self._world_id = world_id
        self.heard: dict[str, list[Publication]] = {}

    def listen(self) -> dict[str, list[Publication]]:
        while (message := self._hear.get_message(timeout=0.1)) is not None:
            topic = message["channel"].decode().removeprefix(f"t:{self._world_id}:")
            self.heard.setdefault(topic, []).append(unpack_publication(message["data"]))
        return self.heard

    def levels_told(self, *markets: str) -> int:
        """Asks in the newest book of the deepest of these markets."""
        heard = self.listen()
        books = [heard[f"book:{market}"][-1] for market in markets if f"book:{market}" in heard]
        return max((len(data(book)["asks"]) for book in books), default=0)

    def hot(self, topic: str) -> Publication:
        raw = self._client.hget(f"hot:{self._world_id}", topic)
        assert raw is not None, topic
        return unpack_publication(raw)

    def close(self) -> None:
        self._hear.close()
        self._client.close()


@pytest.fixture
def listener(arena: Arena) -> Iterator[Listener]:
    made = Listener(arena.world_id)
    yield made
    made.close()


def data(publication: Publication) -> Any:
    return json.loads(publication.payload)


def test_public_topics_have_the_promised_shapes(arena: Arena, listener: Listener) -> None:
    host = arena.host()
    # Books are told ten times a second at most: several ticks may pass between two.
    run(host, lambda: arena.head()[3] >= 12 and listener.levels_told("FOOD", "ENRG") > 10)
    heard = listener.heard
    newest = data(heard["market_tick"][-1])
    assert {"markets", "day", "game_time"} == set(newest)
    assert [m["m"] for m in newest["markets"]][:2] == ["OIL", "LITH"]
    assert len(newest["markets"]) == 10
    fields = "m last bid ask change volume high low state auction"
    assert set(fields.split()) == set(newest["markets"][0])
    assert len(newest["markets"][0]["last"].split(".")[1]) == 3
    book = data(heard["book:FOOD"][-1])
    assert {"market", "bids", "asks", "increment", "commit"} == set(book)
    assert float(book["bids"][0][0]) < float(book["asks"][0][0])
    assert [float(p) for p, _ in book["asks"]] == sorted(float(p) for p, _ in book["asks"])
    assert listener.levels_told("FOOD", "ENRG") <= 25
    world = data(heard["world"][-1])
    assert world["state"] == "running" and world["commit"] == arena.head()[1]
    candle = data(heard["candles:FOOD:10"][-1])
    assert candle["interval"] == 10 and set(candle["candle"]) == set("tohlcv") | {"closed"}
    assert any(data(p)["candle"]["closed"] for p in heard["candles:FOOD:10"])
    assert {"sentiment", "fear", "greed"} <= set(data(heard["indicators"][-1]))
    trades = [trade for p in heard["trades:FOOD"] for trade in data(p)["trades"]]
    assert [t["id"] for t in trades] == sorted({t["id"] for t in trades})
    assert {"id", "price", "qty", "side", "tick"} == set(trades[0])


def test_offsets_grow_by_one_and_the_stored_view_is_the_newest(
    arena: Arena, listener: Listener
) -> None:
    host = arena.host()
    run(host, lambda: arena.head()[3] >= 8)
    heard = listener.listen()
    for topic, publications in heard.items():
        offsets = [publication.offset for publication in publications]
        assert offsets == list(range(1, len(offsets) + 1)), topic
        assert {publication.epoch for publication in publications} == {1}
        stored = listener.hot(topic)
        assert stored.offset == offsets[-1]
        if stored.kind is Kind.REPLACE:
            assert stored.payload == publications[-1].payload
    ring = data(listener.hot("trades:FOOD"))["trades"]
    told = [trade for p in heard["trades:FOOD"] for trade in data(p)["trades"]]
    assert ring == told[-50:]


def test_a_writer_that_lost_its_world_is_not_heard(make_arena: Callable[..., Arena]) -> None:
    arena = make_arena(rate=0.5)
    first, second = arena.host("first"), arena.host("second")
    participant = arena.participant()
    arena.settle(first)
    stale, made = first.worlds[arena.world_id], arena.announcements[0].made[-1]
    pid = first._runner.connection.info.backend_pid
    arena.writer.execute("select pg_terminate_backend(%s, 1000)", (pid,))
    run(second, lambda: second.worlds)
    arena.send(participant, bid())
    arena.settle(second)
    listener = Listener(arena.world_id)
    before = listener.hot("world")
    arena.announcements[0].announce(stale, made)
    assert listener.listen() == {}
    assert listener.hot("world") == before and before.epoch == 2
    listener.close()


def test_an_emptied_server_is_filled_again(make_arena: Callable[..., Arena]) -> None:
    arena = make_arena(rate=20.0)
    listener = Listener(arena.world_id)
    host = arena.host()
    run(host, lambda: arena.head()[3] >= 3)
    database.redis_client().delete(f"hot:{arena.world_id}")
    tick = arena.head()[3]
    run(host, lambda: arena.head()[3] >= tick + 4)
    assert data(listener.hot("book:FOOD"))["bids"], "an unchanged book is stored again"
    listener.close()


def test_a_participant_hears_of_every_commit_that_concerns_it(
    make_arena: Callable[..., Arena],
) -> None:
    arena = make_arena(rate=0.5)
    listener = Listener(arena.world_id)
    host = arena.host()
    participant = arena.participant()
    arena.settle(host)
    low = low_price(host, arena, 7)
    order = arena.send(participant, bid(price=low, quantity=3))
    arena.settle(host)
    arena.send(participant, commands.CancelOrder(target=order.command_id.bytes))
    arena.settle(host)
    arena.send(participant, commands.CancelOrder(target=order.command_id.bytes))
    arena.settle(host)
    heard = listener.listen()[f"account:{participant.pk}"]
    assert all(p.kind is Kind.APPEND for p in heard)
    assert [p.prev for p in heard] == [0, *[p.offset for p in heard[:-1]]]
    grant, placed, canceled, refused = (data(p) for p in heard)
    assert grant["balances"][0]["asset"] == "CASH" and grant["commands"][0]["status"] == "executed"
    assert placed["orders"][0]["id"] == str(order.command_id)
    assert (placed["orders"][0]["status"], placed["orders"][0]["left"]) == ("new", 3)
    held = next(b for b in placed["balances"] if b["asset"] == "CASH")
    assert float(held["held"]) == 3 * low / 1000
    assert canceled["orders"][0]["status"] == "canceled"
    assert canceled["orders"][0]["tick"] == placed["orders"][0]["tick"]
    assert not refused["orders"] and refused["commands"][0]["reason"] == "order_closed"
    listener.close()


def test_a_takeover_starts_an_epoch_and_keeps_private_streams_whole(
    make_arena: Callable[..., Arena],
) -> None:
    arena = make_arena(rate=0.5)
    listener = Listener(arena.world_id)
    first = arena.host("first")
    participant = arena.participant()
    arena.settle(first)
    low = low_price(first, arena, 7)
    order = arena.send(participant, bid(price=low))
    gone = arena.send(participant, bid(price=low))
    arena.send(participant, commands.CancelOrder(target=gone.command_id.bytes))
    arena.settle(first)
    first.worlds.clear()
    first.close()  # no release: its session ends, as with a crash
    second = arena.host("second")
    run(second, lambda: second.worlds)
    arena.send(participant, commands.CancelAll(market=-1))
    arena.settle(second)
    heard = listener.listen()[f"account:{participant.pk}"]
    by_commit = {p.offset: p for p in heard}
    assert [p.offset for p in heard] == sorted(p.offset for p in heard)
    assert len(by_commit) == len(heard) - 1, "the head was announced again"
    commits = sorted(by_commit)
    assert [by_commit[c].prev for c in commits] == [0, *commits[:-1]]
    twice = [p for p in heard if [q.offset for q in heard].count(p.offset) == 2]
    assert twice[0].payload == twice[1].payload, "the same message, to the byte"
    canceled = data(by_commit[commits[-1]])["orders"][0]
    assert canceled["id"] == str(order.command_id) and canceled["status"] == "canceled"
    assert {p.epoch for p in listener.heard["world"]} == {1, 2}
    listener.close()


def test_after_redis_was_away_everything_is_told_anew(
    make_arena: Callable[..., Arena], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(broadcast, "AWAY_SECONDS", 0.0)
    arena = make_arena(rate=20.0)
    listener = Listener(arena.world_id)
    host = arena.host()
    run(host, lambda: arena.head()[3] >= 3)
    client, arena.announcements[0]._client = arena.announcements[0]._client, nowhere()
    before = listener.listen()["market_tick"][-1].offset
    tick = arena.head()[3]
    run(host, lambda: arena.head()[3] >= tick + 2)
    database.redis_client().delete(f"hot:{arena.world_id}")
    arena.announcements[0]._client = client
    listener.heard.clear()
    tick = arena.head()[3]
    run(host, lambda: arena.head()[3] >= tick + 2)
    heard = listener.listen()
    assert heard["market_tick"][0].offset > before + 1, "the hole shows"
    assert data(listener.hot("book:FOOD"))["bids"], "an unchanged book is stored again"
    listener.close()
