"""The private stream: snapshot at a commit, then every later message, each once."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest

from tests.realtime.clerk import Clerk
from tests.realtime.support import Socket, off_loop, until
from worlds.realtime import private as private_module
from worlds.realtime.frames import Kind, Publication, pack_publication
from worlds.realtime.runtime import get_realtime

EMPTY = {"orders": [], "fills": [], "balances": [], "shipments": []}


class Account:
    """A socket of a participant and the hands to announce for it."""

    def __init__(self, clerk: Clerk, socket: Socket, participant_id: int) -> None:
        self.clerk, self.socket, self.participant_id = clerk, socket, participant_id

    async def happen(self, *, applied: bool = True, data: Any = EMPTY) -> int:
        """One commit that concerns the participant; the projection follows if asked for."""

        def work() -> int:
            self.clerk.commit(announce=False)
            if applied:
                self.clerk.set_applied(self.clerk.position.commit)
            return self.clerk.announce(self.participant_id, data)

        return await off_loop(work)()


@pytest.fixture
async def account(sockets, clerk: Clerk) -> Account:
    player = await off_loop(clerk.player)()
    socket = await sockets(player).open()
    return Account(clerk, socket, await off_loop(clerk.participant_id)(player))


@pytest.mark.parametrize("name", ["account", "orders", "fills", "balances"])
async def test_the_snapshot_stands_at_a_commit_and_messages_follow(account, name):
    await account.happen()
    reply = await account.socket.call("subscribe", topic=name)
    assert reply == {
        "id": 1,
        "ok": True,
        "topic": "account",
        "offset": 1,
        "recovered": False,
        "snapshot": EMPTY,
    }
    await account.happen(data={"orders": [], "fills": [], "balances": [{"asset": "CASH"}]})
    assert await account.socket.push("account") == {
        "topic": "account",
        "offset": 2,
        "prev": 1,
        "tick": 2,
        "type": "append",
        "data": {"orders": [], "fills": [], "balances": [{"asset": "CASH"}]},
    }


async def test_commits_that_concern_nobody_need_no_projection(account):
    """The projection is behind, but nothing it has not read touches a participant."""

    def quiet() -> None:
        for _ in range(3):
            account.clerk.commit(touches=False)

    await off_loop(quiet)()
    reply = await account.socket.call("subscribe", topic="account")
    assert (reply["offset"], "stale" in reply) == (3, False)


def watch_heads(monkeypatch: pytest.MonkeyPatch) -> threading.Semaphore:
    """A semaphore that is released each time a snapshot has read the head it waits for."""
    seen, read_head = threading.Semaphore(0), private_module.reads.head_commit

    def read(world_id: int) -> int:
        head = read_head(world_id)
        seen.release()
        return head

    monkeypatch.setattr(private_module.reads, "head_commit", read)
    return seen


async def test_the_snapshot_waits_for_the_projection(account, monkeypatch):
    monkeypatch.setattr(private_module, "WAIT_SECONDS_MAX", 5.0)
    heads = watch_heads(monkeypatch)
    await account.happen(applied=False)
    await account.socket.send(id=1, op="subscribe", topic="account")
    await account.socket.send(id=2, op="ping")
    assert (await account.socket.next())["id"] == 2
    assert await off_loop(heads.acquire)(timeout=20.0)
    second = await account.happen(applied=False)
    assert await account.socket.silent(0.2)
    await off_loop(account.clerk.set_applied)(1)
    reply = await account.socket.reply(1)
    assert (reply["offset"], "stale" in reply) == (1, False)
    push = await account.socket.push("account")
    assert (push["offset"], push["prev"]) == (second, 1)


async def test_a_projection_that_lags_gives_a_stale_snapshot_and_a_better_one_later(
    account, monkeypatch
):
    monkeypatch.setattr(private_module, "WAIT_SECONDS_MAX", 0.1)
    monkeypatch.setattr(private_module, "SETTLE_POLL_SECONDS", 0.05)
    heads = watch_heads(monkeypatch)
    await account.happen(applied=False)
    reply = await account.socket.call("subscribe", topic="account")
    assert (reply["stale"], reply["offset"]) == (True, 0)
    for _ in range(2):  # the head of the reply, and that of the better snapshot
        assert await off_loop(heads.acquire)(timeout=20.0)
    await account.happen(applied=False)
    third = await account.happen(applied=False)
    assert await account.socket.silent(0.2)
    await off_loop(account.clerk.set_applied)(third - 1)
    push = await account.socket.push("account")
    assert (push["type"], push["offset"], "prev" in push) == ("replace", third - 1, False)
    assert (await account.socket.push("account"))["offset"] == third


async def test_snapshot_and_messages_have_no_gap_under_load(account):
    """Sockets that join while commits come: offsets follow the snapshot without a hole."""
    total = 60

    async def write() -> None:
        for _ in range(total):
            await account.happen()

    async def follow(number: int) -> tuple[int, list[dict[str, Any]]]:
        await asyncio.sleep(0.02 * number)
        reply = await account.socket.call("subscribe", topic="account")
        pushes = []
        last = reply["offset"]
        while last < total:
            pushes.append(await account.socket.push("account"))
            last = pushes[-1]["offset"]
        return reply["offset"], pushes

    writing = asyncio.ensure_future(write())
    start, pushes = await follow(5)
    await writing
    assert 0 < start < total
    assert [push["offset"] for push in pushes] == list(range(start + 1, total + 1))
    assert [push["prev"] for push in pushes] == list(range(start, total))


async def test_a_known_position_is_recovered_from_the_gateway(sockets, account):
    first = account.socket
    await first.call("subscribe", topic="account")
    for _ in range(4):
        await account.happen()
    while (await first.push("account"))["offset"] < 4:
        pass
    other = await sockets(first.user).open()
    reply = await other.call("subscribe", topic="account", offset=2)
    assert reply == {"id": 1, "ok": True, "topic": "account", "offset": 2, "recovered": True}
    assert [(await other.push("account"))["offset"] for _ in range(2)] == [3, 4]
    unknown = await sockets(first.user).open()
    await account.happen()
    reply = await unknown.call("subscribe", topic="account", offset=99)
    assert reply["recovered"] is True
    nothing = await sockets(first.user).open()
    reply = await nothing.call("subscribe", topic="account")
    assert (reply["recovered"], reply["offset"]) == (False, 5)


async def test_a_hole_in_the_stream_is_filled_by_a_snapshot(account):
    socket = account.socket
    await socket.call("subscribe", topic="account")
    await account.happen()
    assert (await socket.push("account"))["offset"] == 1

    def lose_one() -> int:
        """A commit whose announcement is lost, then one that names it as the one before."""
        account.clerk.commit(announce=False)
        account.clerk.previous[account.participant_id] = account.clerk.position.commit
        account.clerk.set_applied(account.clerk.position.commit)
        account.clerk.commit(announce=False)
        account.clerk.set_applied(account.clerk.position.commit)
        return account.clerk.announce(account.participant_id, EMPTY)

    last = await off_loop(lose_one)()
    push = await socket.push("account")
    assert (push["type"], push["offset"]) == ("replace", last)
    following = await account.happen()
    push = await socket.push("account")
    assert (push["type"], push["offset"], push["prev"]) == ("append", following, last)


async def test_private_streams_are_their_owners_alone(sockets, clerk, account):
    stranger = await sockets(await off_loop(clerk.player)()).open()
    for socket in (account.socket, stranger):
        assert (await socket.call("subscribe", topic="account"))["ok"] is True
    await account.happen()
    assert (await account.socket.push("account"))["offset"] == 1
    assert await stranger.silent()
    anonymous = await sockets().open()
    for name in ("account", "orders", "fills", "balances"):
        reply = await anonymous.call("subscribe", topic=name)
        assert reply["error"]["code"] == "unauthorized"
    for name in (f"account:{account.participant_id}", "account:1"):
        reply = await stranger.call("subscribe", topic=name)
        assert reply["error"]["code"] == "unknown_topic"
    outsider = await sockets(await off_loop(clerk.player)(takes_part=False)).open()
    reply = await outsider.call("subscribe", topic="account")
    assert reply["error"]["code"] == "not_participating"


async def test_unsubscribing_while_the_snapshot_is_awaited(account):
    await account.happen(applied=False)
    await account.socket.send(id=1, op="subscribe", topic="account")
    await until(lambda: any(t.key.private and t.members for t in _topics()))
    assert (await account.socket.call("unsubscribe", topic="orders"))["ok"] is True
    await off_loop(account.clerk.set_applied)(1)
    assert await account.socket.silent(0.3)


async def test_repeated_announcements_reach_nobody_twice(account):
    socket = account.socket
    await socket.call("subscribe", topic="account")
    commit = await account.happen()
    assert (await socket.push("account"))["offset"] == commit
    again = Publication(Kind.APPEND, 2, commit, 0.0, b"{}", commit, 0)
    channel = f"t:{account.clerk.world.pk}:account:{account.participant_id}"
    await off_loop(account.clerk.redis.publish)(channel, pack_publication(again))
    assert await socket.silent()


def _topics() -> list[Any]:
    return list(get_realtime().hub._by_key.values())
