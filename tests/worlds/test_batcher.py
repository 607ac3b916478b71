"""Group commit in an event loop: order, repeats, bounds, and commits whose outcome is unknown."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable
from typing import Any

import psycopg
import pytest

from economy_engine import commands
from tests.worlds.conftest import Arena, bid
from worlds import batcher as batching
from worlds import database, services, surroundings
from worlds.batcher import Batcher
from worlds.errors import IdempotencyConflict, InboxFull
from worlds.inbox import Receipt


def order(arena: Arena, participant: int, quantity: int, key: str | None = None) -> dict:
    """Arguments of a submission."""
    command = bid(quantity=quantity)
    return {
        "world_id": arena.world_id,
        "participant_id": participant,
        "command_id": uuid.uuid4(),
        "kind": 100,
        "body": commands.encode(command, commands.Header(participant=participant)),
        "key": key,
        "digest": services.request_digest(100, participant, command),
    }


def test_a_participants_commands_keep_their_order(arena: Arena) -> None:
    sent: dict[int, list[uuid.UUID]] = {5: [], 6: [], 7: []}

    async def submit() -> list[Receipt]:
        async with Batcher() as batcher:
            waiting = []
            for quantity in range(1, 101):
                for participant, ids in sent.items():
                    request = order(arena, participant, quantity)
                    ids.append(request["command_id"])
                    waiting.append(asyncio.ensure_future(batcher.submit_async(**request)))
            return await asyncio.gather(*waiting)

    receipts = asyncio.run(submit())
    assert {(receipt.status, receipt.repeated) for receipt in receipts} == {("accepted", False)}
    rows = arena.all("select participant_id, command_id from inbox where world_id = %s order by id")
    for participant, ids in sent.items():
        assert [number for p, number in rows if p == participant] == ids


def test_repeats_and_conflicts_are_answered_one_by_one(arena: Arena) -> None:
    async def submit() -> list[object]:
        async with Batcher() as batcher:
            requests = [order(arena, 5, 1, "a"), order(arena, 5, 1, "a"), order(arena, 5, 2, "a")]
            requests += [order(arena, 5, 3, "b"), dict(order(arena, 5, 3), key="b")]
            tasks = [batcher.submit_async(**request) for request in requests]
            return await asyncio.gather(*tasks, return_exceptions=True)

    first, repeat, conflict, other, again = asyncio.run(submit())
    assert isinstance(first, Receipt) and not first.repeated
    assert isinstance(repeat, Receipt) and repeat == first._replace(repeated=True)
    assert isinstance(conflict, IdempotencyConflict)
    assert isinstance(other, Receipt) and not other.repeated
    assert isinstance(again, Receipt) and again.command_id == other.command_id
    assert arena.depth() == 2


def test_an_unknown_commit_is_asked_again_with_the_same_ids(
    arena: Arena, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The connection dies after the commit and before the answer: nothing is accepted twice."""
    write = Batcher._write
    cut: list[int] = []

    async def cut_after_commit(self: Batcher, session: Any, batch: list, retried: bool) -> None:
        if cut:
            await write(self, session, batch, retried)
            return
        cut.append(len(batch))
        quiet = [(row, asyncio.get_running_loop().create_future()) for row, _ in batch]
        await write(self, session, quiet, retried)
        for _, future in quiet:
            future.exception()
        raise psycopg.OperationalError("the connection was cut in COMMIT")

    monkeypatch.setattr(Batcher, "_write", cut_after_commit)

    async def submit() -> list[Receipt]:
        async with Batcher(lanes=1) as batcher:
            tasks = [batcher.submit_async(**order(arena, 5, n)) for n in range(1, 21)]
            return await asyncio.gather(*tasks)

    receipts = asyncio.run(submit())
    assert cut and all(receipt.status == "accepted" for receipt in receipts)
    assert not any(receipt.repeated for receipt in receipts[: cut[0]])
    assert arena.depth() == 20


def test_killed_sessions_lose_nothing(arena: Arena) -> None:
    async def submit() -> list[Receipt]:
        async with Batcher() as batcher:
            receipts = []
            for n in range(1, 41):
                receipts.append(await batcher.submit_async(**order(arena, 5, n)))
                if n % 10 == 0:
                    arena.writer.execute(
                        "select pg_terminate_backend(pid) from pg_stat_activity"
                        " where application_name = 'lea-inbox' and datname = current_database()"
                    )
            return receipts

    assert len(asyncio.run(submit())) == 40
    assert arena.depth() == 40


def test_commands_wait_for_a_database_that_is_away(arena: Arena) -> None:
    """A restart of the database is a pause and no refusal."""
    connect, away = database.web_connect, [1] * 5

    async def refused() -> Any:
        if away:
            away.pop()
            raise psycopg.OperationalError("the database is starting up")
        return await connect()

    async def submit() -> Receipt:
        async with Batcher() as batcher:
            return await batcher.submit_async(**order(arena, 5, 1))

    with surroundings.replaced(surroundings.Surroundings(web_connect=refused)):
        assert asyncio.run(submit()).status == "accepted"
    assert not away and arena.depth() == 1


def test_the_queue_is_bounded(arena: Arena, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batching, "QUEUED_ROWS_MAX", 5)

    async def submit() -> list[object]:
        async with Batcher() as batcher:
            tasks = [batcher.submit_async(**order(arena, 5, n)) for n in range(1, 11)]
            return await asyncio.gather(*tasks, return_exceptions=True)

    answers = asyncio.run(submit())
    assert sum(isinstance(answer, InboxFull) for answer in answers) == 5
    assert arena.depth() == 5


def test_a_full_inbox_refuses(
    make_arena: Callable[..., Arena], settings: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    arena = make_arena()
    settings.WORLD_INBOX_ROWS_MAX = 3
    monkeypatch.setattr(batching, "ROOM_CHECK_SECONDS", 0.0)

    async def submit() -> list[object]:
        async with Batcher(lanes=1) as batcher:
            answers = []
            for n in range(1, 8):
                request = batcher.submit_async(**order(arena, 5, n))
                answers += await asyncio.gather(request, return_exceptions=True)
            return answers

    answers = asyncio.run(submit())
    assert [isinstance(answer, InboxFull) for answer in answers] == [False] * 4 + [True] * 3
    assert arena.depth() == 4
