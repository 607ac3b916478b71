"""Commands over a socket: two answers in their order, whatever happens in between."""

from __future__ import annotations

import asyncio
import uuid
from typing import Any

import pytest

from tests.realtime.clerk import Clerk, executed, rejected
from tests.realtime.support import Socket, off_loop, until
from worlds.models import Participant
from worlds.realtime import consumer as consumer_module
from worlds.realtime.runtime import get_realtime
from worlds.realtime.undecided import EARLY_AGES_SECONDS, Undecided, Who
from worlds.selectors import CommandStatus

ORDER = {"market": "OIL", "side": "buy", "type": "limit", "quantity": 5, "price": "6.001"}


@pytest.fixture
async def trader(sockets, clerk: Clerk) -> Socket:
    """A socket of a player who takes part."""
    return await sockets(await off_loop(clerk.player)()).open()


async def test_an_order_is_accepted_then_executed(trader, clerk):
    await trader.send(id=7, op="order.place", client_order_id="mine-1", **ORDER)
    accepted = await trader.next()
    command_id = accepted["command_id"]
    assert accepted == {"id": 7, "ok": True, "status": "accepted", "command_id": command_id}
    assert await trader.silent()
    assert await off_loop(clerk.commit)() == 1
    decided = await trader.reply(7)
    assert decided == {
        "id": 7,
        "ok": True,
        "status": "executed",
        "command_id": command_id,
        "seq": 1,
        "tick": 0,
        "commit": 1,
        "error": None,
        "result": {
            "id": command_id,
            "seq": 1,
            "market": "OIL",
            "side": "buy",
            "type": "limit",
            "tif": "gtc",
            "price": "6.001",
            "quantity": 5,
            "filled": 0,
            "left": 5,
            "status": "new",
            "reason": None,
            "average_price": None,
            "fee": "0.000",
            "tick": 0,
            "updated_tick": 0,
        },
    }
    assert len(get_realtime().undecided) == 0


async def test_a_rejection_has_the_one_error_shape(trader, clerk):
    await trader.send(id=1, op="order.place", **ORDER)
    assert (await trader.next())["status"] == "accepted"
    await off_loop(clerk.commit)(rejected)
    decided = await trader.reply(1)
    assert (decided["ok"], decided["status"], decided["result"]) == (False, "rejected", None)
    assert decided["error"]["code"] == "insufficient_funds"
    assert decided["error"]["world"] == clerk.slug


async def test_cancellations_are_decided_without_a_private_message(trader, clerk):
    target = str(uuid.uuid4())
    await trader.send(id=1, op="order.cancel", order=target)
    await trader.send(id=2, op="order.cancel_all", market="OIL")
    await trader.send(id=3, op="order.cancel_all")
    assert [(await trader.next())["status"] for _ in range(3)] == ["accepted"] * 3
    await off_loop(clerk.commit)(announce=False)
    assert (await trader.reply(1))["result"] == {
        "id": target, "status": "canceled", "filled": 0, "left": 2,
    }  # fmt: skip
    assert (await trader.reply(2))["result"] == {"canceled": 3}
    assert (await trader.reply(3))["status"] == "executed"


async def test_accepted_always_comes_first_and_orders_keep_their_order(trader, clerk):
    """A writer that commits without pause, thirty orders at once."""
    stop = asyncio.Event()

    async def write() -> None:
        while not stop.is_set():
            if await off_loop(clerk.waiting)():
                await off_loop(clerk.commit)()
            await asyncio.sleep(0)

    writing = asyncio.ensure_future(write())
    numbers = list(range(1, 31))
    for number in numbers:
        await trader.send(id=number, op="order.place", **ORDER)
    seen: dict[int, list[dict[str, Any]]] = {number: [] for number in numbers}
    while any(len(answers) < 2 for answers in seen.values()):
        message = await trader.next()
        seen[message["id"]].append(message)
    stop.set()
    await writing
    for answers in seen.values():
        assert [answer["status"] for answer in answers] == ["accepted", "executed"]
    seqs = [seen[number][1]["seq"] for number in numbers]
    assert seqs == sorted(seqs)


async def test_the_journal_is_asked_each_second_when_nothing_is_announced(trader, clerk):
    await trader.send(id=1, op="order.place", **ORDER)
    assert (await trader.next())["status"] == "accepted"
    await asyncio.sleep(EARLY_AGES_SECONDS[-1] + 0.1)
    await off_loop(clerk.commit)(announce=False)
    assert (await trader.reply(1))["status"] == "executed"


async def test_a_private_message_makes_the_journal_be_asked_at_once(trader, clerk):
    await trader.send(id=1, op="order.place", **ORDER)
    assert (await trader.next())["status"] == "accepted"
    await asyncio.sleep(EARLY_AGES_SECONDS[-1] + 0.1)
    loop = asyncio.get_running_loop()
    await off_loop(clerk.commit)()
    started = loop.time()
    assert (await trader.reply(1))["status"] == "executed"
    assert loop.time() - started < 0.5


async def test_a_repeated_order_has_one_command_and_both_ids_get_answers(trader, clerk):
    await trader.send(id=1, op="order.place", client_order_id="k1", **ORDER)
    await trader.send(id=2, op="order.place", client_order_id="k1", **ORDER)
    first, second = await trader.next(), await trader.next()
    assert first["command_id"] == second["command_id"]
    assert await off_loop(clerk.commit)() == 1
    answers = {answer["id"]: answer for answer in [await trader.next(), await trader.next()]}
    assert {answer["status"] for answer in answers.values()} == {"executed"}
    assert set(answers) == {1, 2}
    await trader.send(id=3, op="order.place", client_order_id="k1", **ORDER)
    third = [await trader.next(), await trader.next()]
    assert [answer["status"] for answer in third] == ["accepted", "executed"]
    assert {answer["command_id"] for answer in third} == {first["command_id"]}
    reply = await trader.call("order.place", client_order_id="k1", **(ORDER | {"quantity": 6}))
    assert reply["error"]["code"] == "idempotency_conflict"
    assert await off_loop(clerk.waiting)() == 0


@pytest.mark.parametrize(
    ("op", "fields", "code"),
    [
        ("order.place", {}, "missing_field"),
        ("order.place", ORDER | {"market": "GOLD"}, "unknown_symbol"),
        ("order.place", ORDER | {"side": "BUY"}, "bad_enum"),
        ("order.place", ORDER | {"price": 6.001}, "bad_type"),
        ("order.place", ORDER | {"price": "6.0001"}, "bad_precision"),
        ("order.place", ORDER | {"price": "1e3"}, "bad_type"),
        ("order.place", ORDER | {"price": "-1.000"}, None),
        ("order.place", ORDER | {"quantity": "5"}, "bad_type"),
        ("order.place", ORDER | {"quantity": 0}, None),
        ("order.place", ORDER | {"quantity": True}, "bad_type"),
        ("order.place", ORDER | {"extra": 1}, "unknown_field"),
        ("order.place", ORDER | {"client_order_id": "a b"}, "out_of_range"),
        ("order.place", ORDER | {"type": "market"}, "out_of_range"),
        ("order.cancel", {}, "missing_field"),
        ("order.cancel", {"order": "nonsense"}, "bad_type"),
        ("order.cancel", {"order": 7}, "bad_type"),
        ("order.cancel_all", {"market": "GOLD"}, "unknown_symbol"),
        ("order.cancel_all", {"order": str(uuid.uuid4())}, "unknown_field"),
    ],
)
async def test_bad_orders_have_no_effect(trader, clerk, op, fields, code):
    reply = await trader.call(op, **fields)
    assert reply["ok"] is False
    assert reply["error"]["errors"]
    if code is not None:
        assert reply["error"]["code"] == code
    assert await off_loop(clerk.waiting)() == 0


@pytest.mark.parametrize("op", ["order.place", "order.cancel", "order.cancel_all"])
async def test_anonymous_sockets_and_strangers_may_not_trade(sockets, clerk, op):
    fields = {
        "order.place": ORDER,
        "order.cancel": {"order": str(uuid.uuid4())},
        "order.cancel_all": {},
    }[op]
    anonymous = await sockets().open()
    assert (await anonymous.call(op, **fields))["error"]["code"] == "unauthorized"
    stranger = await sockets(await off_loop(clerk.player)(takes_part=False)).open()
    assert (await stranger.call(op, **fields))["error"]["code"] == "not_participating"
    assert await off_loop(clerk.waiting)() == 0


async def test_a_participant_who_joins_later_may_trade_on_the_same_socket(sockets, clerk):
    player = await off_loop(clerk.player)(takes_part=False)
    socket = await sockets(player).open()
    assert (await socket.call("order.cancel_all"))["ok"] is False
    await off_loop(Participant.objects.create)(world=clerk.world, player=player, name="x")
    assert (await socket.call("order.cancel_all"))["status"] == "accepted"


async def test_undecided_commands_of_a_socket_are_bounded(trader, clerk, monkeypatch):
    monkeypatch.setattr(consumer_module, "UNDECIDED_PER_SOCKET_MAX", 2)
    for _ in range(2):
        assert (await trader.call("order.cancel_all"))["ok"] is True
    reply = await trader.call("order.cancel_all")
    assert (reply["error"]["code"], reply["error"]["temporary"]) == ("engine_busy", True)
    assert await off_loop(clerk.waiting)() == 2


async def test_a_socket_that_leaves_forgets_its_commands(trader, clerk):
    await trader.call("order.place", **ORDER)
    undecided = get_realtime().undecided
    assert len(undecided) == 1
    await trader.close()
    await until(lambda: len(undecided) == 0)
    assert await off_loop(clerk.commit)() == 1


async def test_undecided_asks_in_batches_and_forgets_callbacks_one_by_one():
    asked: list[set[uuid.UUID]] = []
    decided: dict[uuid.UUID, CommandStatus] = {}

    async def ask(_who: Who, keys: Any) -> dict[uuid.UUID, CommandStatus]:
        asked.append(set(keys))
        return {key: decided[key] for key in keys if key in decided}

    undecided, who = Undecided(ask), Who(1, 2)
    keys = [uuid.uuid4() for _ in range(20)]
    told: list[tuple[int, CommandStatus]] = []
    callbacks = [lambda status, n=n: told.append((n, status)) for n in range(21)]
    for key, callback in zip(keys, callbacks, strict=False):
        undecided.add(key, who, callback)
    undecided.add(keys[0], who, callbacks[20])
    undecided.forget(keys[0], callbacks[0])
    undecided.forget(keys[1], callbacks[1])
    decided |= {key: CommandStatus(key, "executed", seq=20 - n) for n, key in enumerate(keys)}
    undecided.nudge(who)
    await until(lambda: len(told) == 19)
    assert sorted(n for n, _ in told) == list(range(2, 21))
    assert [status.seq for _, status in told] == sorted(status.seq for _, status in told)
    assert len(asked) <= 3
    assert len(undecided) == 0
    await undecided.close()


def test_the_clerk_leaves_a_chain_that_verifies(clerk):
    """The test's own writer obeys the journal's rules."""
    from worlds.journal import GENESIS_CHAIN, Position, read_rows

    clerk.commit(executed)
    start = Position(0, 0, 0, GENESIS_CHAIN)
    assert list(read_rows(clerk.writer, clerk.world.pk, start, clerk.position.seq)) == []
