"""Projections: once and in order, together with their position, and again from nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from django.db import connection
from django.db.models import F
from django.test import Client
from structlog.testing import capture_logs

from economy_engine import commands, events
from economy_engine.events import Indicator
from markets.models import Balance, Candle, IndicatorPoint, OrderView
from markets.projections import PROJECTIONS
from tests.worlds.conftest import Arena, bid, run
from worlds import compatibility, projector, rebuild, recovery, retention, selectors
from worlds.models import Participant, World
from worlds.projections import on_participants
from worlds.projector import Batch


@pytest.fixture
def registry(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """An empty registry, filled by the test."""
    monkeypatch.setattr(projector, "_registered", {})
    yield projector.register


def played(arena: Arena) -> Participant:
    host = arena.host()
    participant = arena.participant()
    arena.settle(host)
    for n in range(1, 5):
        arena.send(participant, bid(quantity=n))
        arena.send(participant, bid(market=n, price=1, quantity=n))
        host.slice(0.05)
    run(host, lambda: arena.depth() == 0 and arena.head()[3] >= 6)
    host.release()
    return participant


def test_every_commit_is_applied_once_in_order(arena: Arena, registry: Callable[..., None]) -> None:
    seen: list[int] = []

    def note(batch: Batch) -> None:
        seen.extend(block.commit for block in batch.blocks)
        assert (batch.commit_from, batch.commit_to) == (seen[-len(batch.blocks)], seen[-1])

    registry("notes", note)
    played(arena)
    assert projector.project(arena.world_id) == {"notes": arena.head()[1]}
    assert projector.project(arena.world_id) == {"notes": 0}
    assert seen == list(range(1, arena.head()[1] + 1))
    assert selectors.wait_for_commit(arena.world_id, "notes", arena.head()[1], 0.0)
    assert not selectors.wait_for_commit(arena.world_id, "notes", arena.head()[1] + 1, 0.02)


def test_a_failing_handler_moves_nothing_and_stops_nobody(
    arena: Arena, registry: Callable[..., None]
) -> None:
    fails = [True]

    def write_then_fail(batch: Batch) -> None:
        World.objects.filter(pk=batch.world_id).update(name="touched")
        if fails:
            raise RuntimeError("planted")

    registry("bad", write_then_fail)
    registry("good", lambda batch: None)
    played(arena)
    applied = projector.project(arena.world_id)
    assert applied == {"bad": 0, "good": arena.head()[1]}
    assert selectors.applied_commit(arena.world_id, "bad") == -1
    assert World.objects.get(pk=arena.world_id).name != "touched"
    fails.clear()
    assert projector.project(arena.world_id)["bad"] == arena.head()[1]
    assert World.objects.get(pk=arena.world_id).name == "touched"


def test_one_process_at_a_time(arena: Arena, registry: Callable[..., None]) -> None:
    registry("notes", lambda batch: None)
    played(arena)
    projector.apply_next(arena.world_id, projector.registered()["notes"])
    arena.writer.execute("begin")
    arena.writer.execute("select from projection where world_id = %s for update", (arena.world_id,))
    assert projector.project(arena.world_id) == {"notes": 0}
    arena.writer.execute("rollback")


def test_order_ids_come_from_the_journal(arena: Arena, registry: Callable[..., None]) -> None:
    played(arena)
    ids = projector.OrderIds(arena.world_id)
    assert list(ids.resolve([1, 2, 3]).values()) == arena.journaled()[:3]
    assert ids[2] == arena.journaled()[1]
    with pytest.raises(LookupError):
        ids.resolve([10_000])


def test_participants_become_active_when_the_engine_registered_them(
    arena: Arena, registry: Callable[..., None]
) -> None:
    registry("participants", on_participants)
    participant = played(arena)
    assert participant.status == "pending"
    projector.project(arena.world_id)
    participant.refresh_from_db()
    assert participant.status == "active"


def rows(world_id: int) -> list[tuple]:
    """Orders and balances, without what only says when they were written."""
    orders = OrderView.objects.filter(world_id=world_id).order_by("seq")
    balances = Balance.objects.filter(world_id=world_id).order_by("participant_id", "asset")
    return [
        *orders.values_list("seq", "command_id", "status", "filled", "left", "value", "fee"),
        *balances.values_list("participant_id", "asset", "available", "held"),
    ]


def test_a_rebuild_gives_the_same_rows_also_from_pruned_blocks(
    arena: Arena, registry: Callable[..., None]
) -> None:
    handler, reset = PROJECTIONS["accounts"]
    registry("accounts", handler, reset)
    played(arena)
    projector.project(arena.world_id)
    before = rows(arena.world_id)
    assert len(before) > 8
    [whole] = rebuild.rebuild(arena.engine, arena.writer, arena.world)
    assert (whole.commits_read, whole.commits_replayed) == (arena.head()[1], 0)
    assert whole.missing is None and rows(arena.world_id) == before
    with connection.cursor() as cursor:
        cursor.execute("set session_replication_role = replica")
        cursor.execute(
            'delete from block where world_id = %s and "commit" <= %s',
            (arena.world_id, arena.head()[1] - 2),
        )
        cursor.execute("set session_replication_role = origin")
    [pruned] = rebuild.rebuild(arena.engine, arena.writer, arena.world)
    assert pruned.commits_read == 2 and pruned.commits_replayed > 2 and pruned.missing is None
    assert rows(arena.world_id) == before
    arena.writer.execute("delete from snapshot where world_id = %s", (arena.world_id,))
    [lost] = rebuild.rebuild(arena.engine, arena.writer, arena.world)
    assert lost.missing == f"commits 1 to {arena.head()[1] - 2}: no snapshot before them"
    with pytest.raises(LookupError):
        rebuild.rebuild(arena.engine, arena.writer, arena.world, ["nonsense"])


def told_before(world_id: int) -> list[tuple]:
    points = IndicatorPoint.objects.filter(world_id=world_id, interval=0)
    candles = Candle.objects.filter(world_id=world_id, interval=10)
    return [
        *points.order_by("indicator", "market", "tick").values_list(
            "indicator", "market", "tick", "value"
        ),
        *candles.order_by("market", "tick").values_list(
            "market", "tick", "open", "close", "volume", "flow"
        ),
    ]


def test_the_days_before_genesis_are_told_and_lived_again_when_pruned(
    make_arena: Callable[..., Arena], registry: Callable[..., None]
) -> None:
    for name in ("history", "markets", "attributions"):
        registry(name, *PROJECTIONS[name])
    arena = make_arena(warm_up_days=2)
    assert arena.head()[1] == 0
    assert set(projector.project(arena.world_id).values()) == {1}
    first = told_before(arena.world_id)
    assert len(first) > 500
    assert selectors.applied_commit(arena.world_id, "history") == 0
    genesis, _ = recovery.newest(arena.engine, arena.writer, arena.world_id, 0)
    indicators = genesis.memory.indicators
    assert indicators[int(Indicator.CPI), -1] == pytest.approx(100.0)
    played(arena)
    projector.project(arena.world_id)
    before = told_before(arena.world_id)
    done = rebuild.rebuild(arena.engine, arena.writer, arena.world)
    assert [each.commits_replayed for each in done] == [0, 0, 0]
    assert told_before(arena.world_id) == before
    with connection.cursor() as cursor:
        cursor.execute("set session_replication_role = replica")
        cursor.execute('delete from block where world_id = %s and "commit" <= 2', (arena.world_id,))
        cursor.execute("set session_replication_role = origin")
    pruned = rebuild.rebuild(arena.engine, arena.writer, arena.world)
    assert all(each.missing is None and each.commits_replayed for each in pruned)
    assert told_before(arena.world_id) == before


def test_partitions_are_made_ahead_and_dropped_behind(
    arena: Arena, settings: object, registry: Callable[..., None]
) -> None:
    today = datetime.now(UTC).date()
    far = today + timedelta(days=500)
    made = retention.ensure_partitions(far)
    assert made == [f"block_{far + timedelta(days=n):%Y%m%d}" for n in range(4)]
    assert retention.ensure_partitions(far) == []
    assert retention.stray_rows() == 0
    later = far + timedelta(days=settings.WORLD_BLOCK_KEEP_DAYS + 2)
    names = set(retention.prune_blocks(later)) - {f"block_{today:%Y%m%d}"}
    assert names >= set(made[:2]) and made[3] not in names
    retention.ensure_partitions()
    settings.WORLD_BLOCK_KEEP_BYTES = 0
    assert made[3] in retention.prune_blocks(later), "too many bytes: the oldest go first"
    retention.ensure_partitions()


def test_a_partition_that_a_projection_awaits_is_kept(
    arena: Arena, registry: Callable[..., None]
) -> None:
    registry("late", lambda batch: None)
    played(arena)
    projection = projector.registered()["late"]
    position = projector.ProjectionPosition.objects
    position.get_or_create(world_id=arena.world_id, name=projection.name)
    today = datetime.now(UTC).date()
    name = f"block_{today:%Y%m%d}"
    assert name not in retention.prune_blocks(today + timedelta(days=30))
    assert arena.one("select count(*) from block where world_id = %s") == arena.head()[1]


def of_another_size(monkeypatch: pytest.MonkeyPatch) -> None:
    """From here on stored rows of markets have another size than this version's."""
    wider = np.dtype([*events.MARKET_TICK_DTYPE.descr, ("of_the_future", "<i8")])
    number = next(key for key, (name, _) in events._NAMES.items() if name == "market_ticks")
    monkeypatch.setitem(events._NAMES, number, ("market_ticks", wider))


def test_a_world_of_another_version_is_given_up_calmly(
    make_arena: Callable[..., Arena],
    registry: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One line for six projections, no second try within a minute, and other worlds go on."""
    monkeypatch.setattr(projector, "_given_up", {})
    for name in ("one", "two", "three"):
        registry(name, lambda batch: None)
    old, new = make_arena(), make_arena()
    for each in (old, new):
        played(each)
    now = [1_000.0]  # hosts live by this clock too: they have played before
    monkeypatch.setattr(projector.around, "monotonic", lambda: now[0])
    read: list[int] = []
    reader = projector._Database.read
    monkeypatch.setattr(
        projector._Database,
        "read",
        lambda self, world_id, after, limit: (
            read.append(world_id) or reader(self, world_id, after, limit)
        ),
    )
    with monkeypatch.context() as changed, capture_logs() as lines:
        of_another_size(changed)
        for _ in range(5):
            assert projector.project(old.world_id) == {"one": 0, "two": 0, "three": 0}
            now[0] += 1.0
        assert [(each["event"], each["world"]) for each in lines] == [
            ("world cannot be read", old.world_id)
        ]
        assert "market_ticks has records of another size" in lines[0]["error"]
        assert read == [old.world_id] * 3
        found = compatibility.obstacle(old.world_id)
        assert found is not None and found.code == compatibility.UNREADABLE
        now[0] += projector.UNREADABLE_RETRY_SECONDS
        projector.project(old.world_id)
        assert len(read) == 6 and len(lines) == 1
    assert projector.project(new.world_id)["one"] == new.head()[1]
    assert projector.project(old.world_id)["one"] == 0, "its minute is not over"
    now[0] += projector.UNREADABLE_RETRY_SECONDS
    assert projector.project(old.world_id)["one"] == old.head()[1]
    assert projector._given_up == {} and compatibility.obstacle(old.world_id) is None


def test_balances_are_compared_with_the_engines_own_sums(arena: Arena) -> None:
    """I14: sound after orders and a retirement; one unit in one row is seen."""
    first, second = played(arena), arena.participant()
    host = arena.hosts[0]
    host.stopping = False
    arena.settle(host)
    arena.send(second, commands.RetireParticipant())
    arena.settle(host)
    host.release()
    projector.project(arena.world_id)
    mine = Balance.objects.filter(world_id=arena.world_id)
    assert set(mine.filter(participant_id=second.pk).values_list("available", "held")) == {(0, 0)}
    assert mine.get(participant_id=first.pk, asset=-1).available > 0
    assert projector.audit(arena.world_id) == []
    mine.filter(participant_id=first.pk, asset=-1).update(held=F("held") + 1)
    (found,) = projector.audit(arena.world_id)
    assert found.startswith("balances of asset -1 at commit ")
    mine.filter(participant_id=first.pk, asset=-1).delete()
    assert len(projector.audit(arena.world_id)) == 1


def test_the_oldest_waiting_command_is_told(arena: Arena) -> None:
    """I13: nobody decides, so its age grows."""
    assert arena.world_id not in selectors.waiting_seconds()
    arena.participant()
    age = selectors.waiting_seconds()[arena.world_id]
    assert selectors.waiting_seconds()[arena.world_id] - age > 0
    text = f'lea_command_wait_seconds{{world="{arena.world.slug}"}} '
    said = Client().get("/metrics").content.decode()
    assert float(said.split(text)[1].split()[0]) >= age
