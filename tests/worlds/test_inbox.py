"""Submission: what repeats answer, what conflicts refuse, and that refusals have no effect."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import psycopg
import pytest
from django.db import connections, transaction
from django.utils import timezone

from economy_engine import commands
from tests.worlds.conftest import Arena, bid, run
from worlds import database, faults, inbox, projector, selectors, services
from worlds.errors import AdmissionRefused, IdempotencyConflict, InboxFull

SLOW = 0.5  # ticks a second: commands alone


def test_a_command_is_accepted_then_decided(make_arena: Callable[..., Arena]) -> None:
    arena = make_arena(rate=SLOW)
    participant = arena.participant()
    receipt = arena.send(participant, bid())
    assert (receipt.status, receipt.repeated) == ("accepted", False)
    status = selectors.command_status(arena.world_id, participant.pk, receipt.command_id)
    assert status is not None and status.status == "accepted" and status.seq is None
    arena.settle(arena.host())
    status = selectors.command_status(arena.world_id, participant.pk, receipt.command_id)
    assert status is not None and status.seq == 2 and status.status in ("executed", "rejected")
    assert selectors.command_status(arena.world_id, 1, receipt.command_id) is None


def test_a_repeat_gets_the_first_answer_in_inbox_and_journal(
    make_arena: Callable[..., Arena],
) -> None:
    arena = make_arena(rate=SLOW)
    participant = arena.participant()
    first = arena.send(participant, bid(), key="mine")
    again = arena.send(participant, bid(), key="mine")
    assert again == first._replace(repeated=True)
    assert arena.depth() == 2
    arena.settle(arena.host())
    decided = arena.send(participant, bid(), key="mine")
    assert decided.repeated and decided.command_id == first.command_id
    assert decided.status in ("executed", "rejected")
    assert arena.depth() == 0, "the row of the repeat was taken back"
    assert arena.head()[2] == 2


def test_the_same_id_without_a_key_is_a_repeat(make_arena: Callable[..., Arena]) -> None:
    arena = make_arena(rate=SLOW)
    number = uuid.uuid4()
    arena.send(5, bid(), command_id=number)
    assert arena.send(5, bid(), command_id=number).repeated
    assert arena.one("select key from inbox where world_id = %s") == str(number)


@pytest.mark.parametrize("decided", [False, True])
def test_a_key_with_another_request_is_refused(
    make_arena: Callable[..., Arena], decided: bool
) -> None:
    arena = make_arena(rate=SLOW)
    participant = arena.participant()
    first = arena.send(participant, bid(), key="mine")
    if decided:
        arena.settle(arena.host())
    before = arena.depth()
    with pytest.raises(IdempotencyConflict):
        arena.send(participant, bid(quantity=2), key="mine")
    with pytest.raises(IdempotencyConflict):
        arena.send(participant.pk + 1, bid(), command_id=first.command_id)
    assert arena.depth() == before
    assert arena.send(participant.pk + 1, bid(), key="mine").repeated is False


def test_guards_decide_only_on_new_commands_and_undo_everything(
    make_arena: Callable[..., Arena],
) -> None:
    arena = make_arena(rate=SLOW)
    called: list[str] = []

    def refuse(cursor: object) -> None:
        called.append("refuse")
        raise AdmissionRefused("budget_exceeded", "no more today")

    arena.send(5, bid(), key="a")
    assert arena.send(5, bid(), key="a", guards=[refuse]).repeated
    with pytest.raises(AdmissionRefused):
        arena.send(5, bid(), key="b", guards=[refuse])
    assert called == ["refuse"]
    assert arena.depth() == 1


def test_the_writer_is_woken_after_the_commit_and_not_before(
    make_arena: Callable[..., Arena],
) -> None:
    arena = make_arena(rate=SLOW)
    client = database.redis_client()
    listener = client.pubsub(ignore_subscribe_messages=True)
    listener.subscribe(f"wake:{arena.world_id}")
    listener.get_message(timeout=0.5)
    with transaction.atomic():
        arena.send(5, bid())
        assert listener.get_message(timeout=0.05) is None
    assert listener.get_message(timeout=2.0) is not None
    listener.close()
    client.close()


def test_the_inbox_is_bounded(make_arena: Callable[..., Arena], settings: object) -> None:
    arena = make_arena(rate=SLOW)
    settings.WORLD_INBOX_ROWS_MAX = 3
    for _ in range(4):
        arena.send(5, bid())
        inbox._room.clear()
    with pytest.raises(InboxFull) as refused:
        arena.send(5, bid())
    assert refused.value.code == "engine_busy"
    assert arena.depth() == 4


def test_bad_submissions_are_refused_before_the_database() -> None:
    good = {
        "world_id": 1,
        "participant_id": 1,
        "command_id": uuid.uuid4(),
        "kind": 100,
        "body": commands.encode(bid(), commands.Header(participant=1)),
        "key": None,
        "digest": bytes(16),
    }
    inbox.submission(**good)
    for name, value in [
        ("kind", 101), ("body", b""), ("body", bytes(5_000)), ("key", ""), ("key", "k" * 129),
        ("digest", b"short"),
    ]:  # fmt: skip
        with pytest.raises(ValueError):
            inbox.submission(**(good | {name: value}))


def test_one_row_for_a_key_from_many_threads(make_arena: Callable[..., Arena]) -> None:
    arena = make_arena(rate=SLOW)
    barrier = threading.Barrier(8)

    def submit(_: int) -> inbox.Receipt:
        barrier.wait()
        try:
            return arena.send(5, bid(), key="race")
        finally:
            connections.close_all()

    with ThreadPoolExecutor(8) as pool:
        receipts = list(pool.map(submit, range(8)))
    assert len({receipt.command_id for receipt in receipts}) == 1
    assert [receipt.repeated for receipt in receipts].count(False) == 1
    assert arena.depth() == 1


def test_a_repeat_during_the_commit_waits_for_it(make_arena: Callable[..., Arena]) -> None:
    """Between the writer's delete and its commit the key is in neither table for others; the
    repeat must not be accepted a second time."""
    arena = make_arena(rate=SLOW)
    participant = arena.participant()
    first = arena.send(participant, bid(), key="mine")
    answers: list[inbox.Receipt] = []
    thread: list[threading.Thread] = []

    def repeat() -> None:
        try:
            answers.append(arena.send(participant, bid(), key="mine"))
        finally:
            connections.close_all()

    def during(name: str) -> None:
        if name == "commit.head_moved" and not thread:
            thread.append(threading.Thread(target=repeat))
            thread[0].start()
            thread[0].join(0.3)
            assert thread[0].is_alive(), "the repeat waits for the writer's transaction"

    host = arena.host()
    with faults.inject(during):
        run(host, lambda: bool(thread))
    thread[0].join(10)
    assert answers[0].command_id == first.command_id and answers[0].repeated
    assert answers[0].status in ("executed", "rejected")
    arena.settle(host)
    assert arena.journaled().count(first.command_id) == 1
    assert arena.head()[2] == 2


def test_a_batch_is_all_or_nothing(make_arena: Callable[..., Arena]) -> None:
    arena = make_arena(rate=SLOW)
    arena.send(5, bid(), key="taken")

    def row(key: str, quantity: int) -> inbox.Submission:
        command = bid(quantity=quantity)
        return inbox.submission(
            world_id=arena.world_id,
            participant_id=5,
            command_id=uuid.uuid4(),
            kind=100,
            body=commands.encode(command, commands.Header(participant=5)),
            key=key,
            digest=services.request_digest(100, 5, command),
        )

    with pytest.raises(IdempotencyConflict):
        inbox.submit_many([row("new", 1), row("taken", 9)])
    assert arena.depth() == 1
    receipts = inbox.submit_many([row("x", 1), row("taken", 1), row("y", 1)])
    assert [receipt.repeated for receipt in receipts] == [False, True, False]
    assert arena.depth() == 3


def test_joining_twice_gives_one_participant(
    make_arena: Callable[..., Arena],
) -> None:
    arena = make_arena(rate=SLOW)
    player = arena.player()
    first = services.participant_join(world=arena.world, player=player, command_id=uuid.uuid4())
    again = services.participant_join(world=arena.world, player=player, command_id=uuid.uuid4())
    assert first.pk == again.pk and arena.depth() == 1
    assert selectors.participant_for_player(player, arena.world) == first
    arena.settle(arena.host())
    grant = selectors.command_status(arena.world_id, first.pk, arena.journaled()[0])
    assert grant is not None and grant.status == "executed"
    assert grant.result is not None and grant.result["grant_minor"] > 0


def test_a_guest_not_seen_for_a_week_retires_once(make_arena: Callable[..., Arena]) -> None:
    arena = make_arena(rate=SLOW)
    host = arena.host()
    now = timezone.now()
    living = {}
    for name, is_guest, days in (("idle", True, 8), ("late", True, 6), ("claimed", False, 80)):
        player = arena.player()
        player.is_guest, player.last_seen_at = is_guest, now - timedelta(days=days)
        player.save()
        living[name] = services.participant_join(
            world=arena.world, player=player, command_id=uuid.uuid4()
        )
    arena.settle(host)
    projector.project(arena.world_id)
    assert services.guests_retire_idle(now=now) == 1
    assert services.guests_retire_idle(now=now) == 1, "a repeat is the same command"
    assert arena.depth() == 1
    arena.settle(host)
    projector.project(arena.world_id)
    status = {name: type(row).objects.get(pk=row.pk).status for name, row in living.items()}
    assert status == {"idle": "retired", "late": "active", "claimed": "active"}
    assert services.guests_retire_idle(now=now) == 0


def test_a_deadlock_is_tried_again(make_arena: Callable[..., Arena]) -> None:
    """Two gateways with the same keys in opposite order: both end with an answer."""
    arena = make_arena(rate=SLOW)
    one = database.plain_connect("other")
    insert = (
        "insert into inbox (world_id, participant_id, command_id, key, digest, body)"
        " values (%s, 5, %s, %s, %s, %s)"
    )
    body = commands.encode(bid(), commands.Header(participant=5))
    digest = services.request_digest(100, 5, bid())
    answers: list[object] = []
    one.execute("begin")
    one.execute("set local deadlock_timeout = '20s'")  # the other side is the victim
    one.execute(insert, (arena.world_id, uuid.uuid4(), "b", digest, body))

    def both() -> None:
        rows = [
            inbox.Submission(arena.world_id, 5, uuid.uuid4(), key, digest, body)
            for key in ("a", "b")
        ]
        try:
            answers.append(inbox.submit_many(rows))
        finally:
            connections.close_all()

    thread = threading.Thread(target=both)
    thread.start()
    thread.join(0.3)
    try:
        one.execute(insert, (arena.world_id, uuid.uuid4(), "a", digest, body))
        one.execute("commit")
    except psycopg.errors.DeadlockDetected:
        one.execute("rollback")
    thread.join(20)
    one.close()
    assert len(answers) == 1 and arena.depth() == 2
