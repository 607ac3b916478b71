"""The socket protocol on the real ASGI application: operations, errors, limits."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.realtime.support import Publisher, off_loop, until
from worlds.realtime.limits import GARBAGE_MAX, RATE_REFUSALS_MAX
from worlds.realtime.runtime import get_realtime

PROBLEM_MEMBERS = {
    "type", "title", "status", "code", "number", "detail", "errors", "request_id", "temporary",
    "retry_after", "world", "tick",
}  # fmt: skip
BOOK = {"market": "OIL", "bids": [], "asks": [], "increment": "0.001", "commit": 1}


@pytest.fixture
async def world(clerk, publisher: Publisher) -> Publisher:
    """Publishes for the world of the sockets."""
    publisher.world_id = clerk.world.pk
    return publisher


def assert_problem(reply: dict[str, Any], number: Any, code: str) -> dict[str, Any]:
    assert reply["id"] == number
    assert reply["ok"] is False
    error = reply["error"]
    assert set(error) == PROBLEM_MEMBERS
    assert error["code"] == code, error
    assert error["type"] == f"about:blank#{code}"
    return error


async def test_ping_answers_with_the_clock(sockets):
    socket = await sockets().open()
    reply = await socket.call("ping")
    assert (reply["ok"], reply["pong"]) == (True, True)
    assert reply["time_ms"] > 1_700_000_000_000


@pytest.mark.parametrize("number", [0, 7, 2**53 - 1, "a", "A-1_b.c:d", "x" * 36])
async def test_ids_come_back_as_they_were(sockets, number):
    socket = await sockets().open()
    await socket.send(id=number, op="ping")
    assert (await socket.reply(number))["ok"] is True


async def test_subscribe_snapshot_push_unsubscribe(sockets, world):
    await world.replace("book:OIL", BOOK, tick=4)
    socket = await sockets().open()
    reply = await socket.call("subscribe", topic="book:OIL")
    assert reply == {
        "id": 1,
        "ok": True,
        "topic": "book:OIL",
        "epoch": 1,
        "offset": 1,
        "tick": 4,
        "recovered": False,
        "snapshot": BOOK,
    }
    await world.replace("book:OIL", BOOK | {"commit": 2}, tick=5)
    push = await socket.push("book:OIL")
    assert push == {
        "topic": "book:OIL",
        "epoch": 1,
        "offset": 2,
        "tick": 5,
        "type": "replace",
        "data": BOOK | {"commit": 2},
    }
    assert (await socket.call("unsubscribe", topic="book:OIL"))["ok"] is True
    await world.replace("book:OIL", BOOK)
    assert await socket.silent()
    assert_problem(await socket.call("unsubscribe", topic="book:OIL"), 3, "not_subscribed")


async def test_subscribing_again_is_a_resync(sockets, world):
    socket = await sockets().open()
    await world.replace("world", {"n": 1})
    first = await socket.call("subscribe", topic="world")
    again = await socket.call("subscribe", topic="world", epoch=1, offset=first["offset"])
    assert (again["recovered"], again["snapshot"], again["offset"]) == (True, None, 1)
    await world.replace("world", {"n": 2})
    assert (await socket.push("world"))["offset"] == 2
    assert await socket.silent()


async def test_resume_answers_for_every_topic_and_sends_what_was_missed(sockets, world):
    keeper = await sockets().open()
    await keeper.call("subscribe", topic="trades:OIL")
    await keeper.call("subscribe", topic="world")
    for number in range(1, 5):
        await world.append("trades:OIL", number)
        await world.replace("world", {"n": number})
    while (await keeper.push("world"))["offset"] < 4:
        pass
    socket = await sockets().open()
    places = [
        {"topic": "trades:OIL", "epoch": 1, "offset": 2},
        {"topic": "world", "epoch": 1, "offset": 2},
        {"topic": "nonsense", "epoch": 1, "offset": 2},
        {"topic": "indicators"},
    ]
    reply = await socket.call("resume", topics=places)
    trades, state, wrong, fresh = reply["topics"]
    assert (trades["recovered"], trades["offset"], trades["snapshot"]) == (True, 2, None)
    assert (state["recovered"], state["offset"], state["snapshot"]) == (False, 4, {"n": 4})
    assert (wrong["topic"], wrong["error"]["code"]) == ("nonsense", "unknown_topic")
    assert (fresh["recovered"], fresh["snapshot"]) == (False, None)
    assert [(await socket.push("trades:OIL"))["offset"] for _ in range(2)] == [3, 4]


@pytest.mark.parametrize(
    ("text", "number", "code"),
    [
        ("{", None, "malformed_json"),
        ("", None, "malformed_json"),
        ("\x00", None, "malformed_json"),
        ('{"id":1,"op":"ping"} trailing', None, "malformed_json"),
        ('{"id":1,"op":NaN}', None, "malformed_json"),
        ('{"id":1,"op":"ping","op":"ping"}', None, "malformed_json"),
        ('{"id":1,"op":"\\ud800"}', None, "malformed_json"),
        ("[" * 10_000 + "]" * 5_000, None, "malformed_json"),
        ('{"id":1,"op":"ping","x":' + "[" * 7_000 + "]" * 7_000 + "}", None, "malformed_json"),
        ("[]", None, "bad_request"),
        ("1", None, "bad_request"),
        ('"ping"', None, "bad_request"),
        ("null", None, "bad_request"),
        ('{"op":"ping"}', None, "missing_field"),
        ('{"id":null,"op":"ping"}', None, "bad_type"),
        ('{"id":true,"op":"ping"}', None, "bad_type"),
        ('{"id":1.0,"op":"ping"}', None, "bad_type"),
        ('{"id":-1,"op":"ping"}', None, "bad_type"),
        ('{"id":9007199254740992,"op":"ping"}', None, "bad_type"),
        ('{"id":"","op":"ping"}', None, "bad_type"),
        ('{"id":"' + "x" * 37 + '","op":"ping"}', None, "bad_type"),
        ('{"id":"a b","op":"ping"}', None, "bad_type"),
        ('{"id":{},"op":"ping"}', None, "bad_type"),
        ('{"id":1}', 1, "missing_field"),
        ('{"id":1,"op":7}', 1, "bad_type"),
        ('{"id":1,"op":"nonsense"}', 1, "unknown_operation"),
        ('{"id":1,"op":"__class__"}', 1, "unknown_operation"),
        ('{"id":1,"op":"websocket.disconnect"}', 1, "unknown_operation"),
        ('{"id":1,"op":"close"}', 1, "unknown_operation"),
        ('{"id":1,"op":"ping","extra":1}', 1, "unknown_field"),
        ('{"id":1,"op":"subscribe"}', 1, "missing_field"),
        ('{"id":1,"op":"subscribe","topic":7}', 1, "bad_type"),
        ('{"id":1,"op":"subscribe","topic":""}', 1, "unknown_topic"),
        ('{"id":1,"op":"subscribe","topic":"' + "x" * 65 + '"}', 1, "unknown_topic"),
        ('{"id":1,"op":"subscribe","topic":"book:GOLD"}', 1, "unknown_topic"),
        ('{"id":1,"op":"subscribe","topic":"book:oil"}', 1, "unknown_topic"),
        ('{"id":1,"op":"subscribe","topic":"book:OIL:10"}', 1, "unknown_topic"),
        ('{"id":1,"op":"subscribe","topic":"candles:OIL"}', 1, "unknown_topic"),
        ('{"id":1,"op":"subscribe","topic":"candles:OIL:7"}', 1, "unknown_topic"),
        ('{"id":1,"op":"subscribe","topic":"account:1"}', 1, "unknown_topic"),
        ('{"id":1,"op":"subscribe","topic":"control:sockets"}', 1, "unknown_topic"),
        ('{"id":1,"op":"subscribe","topic":"world\\n"}', 1, "unknown_topic"),
        ('{"id":1,"op":"subscribe","topic":"world","epoch":"1","offset":1}', 1, "bad_type"),
        ('{"id":1,"op":"subscribe","topic":"world","epoch":1,"offset":true}', 1, "bad_type"),
        ('{"id":1,"op":"subscribe","topic":"world","epoch":-2}', 1, "out_of_range"),
        ('{"id":1,"op":"subscribe","topic":"world","offset":' + "9" * 30 + "}", 1, "out_of_range"),
        ('{"id":1,"op":"resume"}', 1, "bad_type"),
        ('{"id":1,"op":"resume","topics":[1]}', 1, "bad_type"),
        ('{"id":1,"op":"resume","topics":[{"topic":"world","x":1}]}', 1, "unknown_field"),
        ('{"id":1,"op":"unsubscribe","topic":"nonsense"}', 1, "unknown_topic"),
    ],
)
async def test_bad_input_gets_the_one_error_shape_and_the_socket_lives(sockets, text, number, code):
    socket = await sockets().open()
    await socket.link.send_input({"type": "websocket.receive", "text": text})
    assert_problem(await socket.next(), number, code)
    assert (await socket.call("ping"))["ok"] is True


async def test_a_binary_message_is_refused(sockets):
    socket = await sockets().open()
    await socket.link.send_to(bytes_data=b"\x00\xff")
    assert_problem(await socket.next(), None, "bad_request")


@pytest.mark.parametrize("unit", ["x", "ü", "\U0001f600"])
async def test_the_frame_limit_counts_bytes(sockets, settings, unit):
    socket = await sockets().open()
    limit = settings.SOCKET_FRAME_BYTES_MAX
    empty = len('{"id":1,"op":"ping","x":""}')
    fill = (limit - empty) // len(unit.encode())
    await socket.text('{"id":1,"op":"ping","x":"' + unit * fill + '"}')
    assert_problem(await socket.next(), 1, "unknown_field")
    await socket.text('{"id":1,"op":"ping","x":"' + unit * (fill + 1) + '____"}')
    assert_problem(await socket.next(), None, "frame_too_large")


async def test_repeated_garbage_closes_the_socket(sockets):
    socket = await sockets().open()
    for _ in range(GARBAGE_MAX - 1):
        await socket.text("garbage")
    assert_problem(await socket.next(), None, "malformed_json")
    assert (await socket.call("ping"))["ok"] is True
    for _ in range(GARBAGE_MAX):
        await socket.text("garbage")
    assert await socket.closed() == 4501


async def test_beyond_the_rate_messages_are_refused_then_the_socket_closes(sockets, settings):
    settings.SOCKET_MESSAGES_PER_SECOND, settings.SOCKET_MESSAGES_BURST = 1, 5
    socket = await sockets().open()
    for number in range(1, 7):
        await socket.send(id=number, op="ping")
    replies = [await socket.reply(number) for number in range(1, 7)]
    assert [reply["ok"] for reply in replies] == [True] * 5 + [False]
    error = assert_problem(replies[-1], 6, "rate_limited")
    assert (error["temporary"], error["retry_after"]) == (True, 1)
    for number in range(RATE_REFUSALS_MAX + 1):
        await socket.send(id=number, op="ping")
    assert await socket.closed() == 4013


async def test_topics_of_a_socket_are_bounded(sockets, clerk, settings):
    settings.SOCKET_TOPICS_MAX = 2
    socket = await sockets().open()
    for topic in ("world", "news"):
        assert (await socket.call("subscribe", topic=topic))["ok"] is True
    assert_problem(await socket.call("subscribe", topic="indicators"), 3, "channel_limit")
    assert (await socket.call("subscribe", topic="news"))["ok"] is True
    too_many = [{"topic": "world"}] * 3
    assert_problem(await socket.call("resume", topics=too_many), 5, "channel_limit")
    await socket.call("unsubscribe", topic="news")
    assert (await socket.call("subscribe", topic="indicators"))["ok"] is True


async def test_sockets_of_a_user_are_bounded(sockets, clerk, settings):
    settings.SOCKETS_PER_USER_MAX = 2
    player = await off_loop(clerk.player)()
    first, second = await sockets(player).open(), await sockets(player).open()
    third = await sockets(player).open()
    assert await third.closed() == 4504
    assert (await second.call("ping"))["ok"] is True
    await first.close()
    assert (await (await sockets(player).open()).call("ping"))["ok"] is True
    assert (await (await sockets().open()).call("ping"))["ok"] is True


async def test_sockets_of_a_process_are_bounded(sockets, settings):
    settings.SOCKETS_PER_PROCESS_MAX = 1
    await sockets().open()
    assert await (await sockets().open()).closed() == 4504


async def test_before_the_world_is_born_topics_wait(sockets, committed, settings):
    settings.WORLD_DEFAULT = "unborn"
    socket = await sockets().open()
    error = assert_problem(await socket.call("subscribe", topic="world"), 1, "world_not_ready")
    assert (error["temporary"], error["retry_after"]) == (True, 1)


async def test_a_failure_inside_is_told_without_its_text(sockets, monkeypatch):
    from worlds.realtime.consumer import SocketConsumer

    async def fail(_socket: Any, _request: Any) -> None:
        raise RuntimeError("secret")

    socket = await sockets().open()
    await socket.call("ping")
    consumers = list(get_realtime().registry._sockets)
    assert isinstance(consumers[0], SocketConsumer)
    consumers[0]._operations = {**consumers[0]._operations, "ping": fail}
    error = assert_problem(await socket.call("ping"), 2, "internal_error")
    assert "secret" not in json.dumps(error)


async def test_the_end_of_a_socket_leaves_nothing_behind(sockets, clerk):
    socket = await sockets(await off_loop(clerk.player)()).open()
    for topic in ("world", "book:OIL", "account"):
        assert (await socket.call("subscribe", topic=topic))["ok"] is True
    realtime = get_realtime()
    assert len(realtime.registry) == 1
    await socket.close()
    await until(lambda: len(realtime.registry) == 0)
    assert all(not topic.members for topic in realtime.hub._by_key.values())
    assert not realtime.registry._by_user


async def test_ws_market_offers_the_same_protocol(sockets, world):
    await world.replace("world", {"n": 1})
    socket = await sockets(path="/ws/market/").open()
    assert (await socket.call("subscribe", topic="world"))["snapshot"] == {"n": 1}


@pytest.mark.parametrize("path", ["/", "/ws", "/ws/nothing/", "/ws/market/x", "/admin/"])
async def test_unknown_addresses_are_refused(sockets, path):
    assert (await sockets(path=path).open()).connected is False
