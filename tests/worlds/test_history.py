"""The past: states at any tick, one account's deeds, ranges, private branches, and refusals."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from economy_engine import commands
from tests.worlds.conftest import Arena, bid, run
from worlds import forks, history, verification
from worlds.engine import signed
from worlds.errors import ForkRefused, ReplayMismatch, TickUnreachable
from worlds.models import Fork, World

TICKS = 14
DECIDED = 9  # the registration and two orders, four times


@pytest.fixture
def played(arena: Arena) -> tuple[Arena, dict[int, int], int]:
    """A world that stands still again, its digest after each commit by tick, its participant."""
    host = arena.host()
    participant = arena.participant()
    arena.settle(host)
    for n in range(1, 5):
        arena.send(participant, bid(quantity=n))
        arena.send(participant, bid(price=6_000))  # rests
        host.slice(0.05)
    journal = "select count(*), max(tick) from journal where world_id = %s"
    run(host, lambda: arena.all(journal)[0][0] == DECIDED)
    quiet = arena.all(journal)[0][1] + TICKS  # so many ticks of the agents alone
    run(host, lambda: arena.head()[3] >= quiet)
    host.release()
    found = arena.all("select tick, digest from block where world_id = %s and digest is not null")
    return arena, dict(found), participant.pk


def test_every_tick_is_the_one_that_was_recorded(played: tuple) -> None:
    arena, digests, _ = played
    for tick in range(arena.head()[3] + 1):
        past = history.at_tick(arena.engine, arena.writer, arena.world_id, tick)
        assert arena.engine.tick(past.world.state) == past.tick == tick
        assert past.digest == signed(arena.engine.digest(past.world.state))
        if tick in digests:
            assert past.digest == digests[tick] and past.digest_compared


def test_a_tick_that_is_not_there_is_refused_with_what_can_be_had(played: tuple) -> None:
    arena, _, _ = played
    with pytest.raises(TickUnreachable, match="the head is at tick"):
        history.at_tick(arena.engine, arena.writer, arena.world_id, 10**6)
    arena.writer.execute(
        "delete from snapshot where world_id = %s and kind = 'genesis'", (arena.world_id,)
    )
    with pytest.raises(TickUnreachable, match="tick 1 cannot be had any more: the first tick"):
        history.at_tick(arena.engine, arena.writer, arena.world_id, 1)


def test_an_agents_deeds_add_up_to_what_it_has(played: tuple) -> None:
    """A noise trader's goods change by trades and by nothing else; the tick is the same tick."""
    arena, digests, _ = played
    engine, traded = arena.engine, 0
    last = arena.one("select max(tick) from journal where world_id = %s")
    for tick in range(last + 1, arena.head()[3]):
        base = history.at_tick(engine, arena.writer, arena.world_id, tick).world.state
        for agent in range(base.rows.noise, base.rows.makers):
            state = base.copy()
            before = engine.agent(state, agent)
            did = engine.observe_tick(state, agent)
            if tick + 1 in digests:
                assert signed(engine.digest(state)) == digests[tick + 1]
            after = engine.agent(state, agent)
            moved: dict[str, int] = {}
            for trade in did["trades"]:
                sign = 1 if trade["side"] == "buy" else -1
                moved[trade["market"]] = moved.get(trade["market"], 0) + sign * trade["lots"]
            for code in {*before["holdings"], *after["holdings"], *moved}:
                assert _lots(after, code) - _lots(before, code) == moved.get(code, 0)
            assert {each["arrival"] for each in after["orders"]} == (
                {each["arrival"] for each in [*before["orders"], *did["placed"]]}
                - {each["arrival"] for each in did["ended"]}
            )
            traded += len(did["trades"])
    assert traded, "nobody traded: the test compared nothing"
    seen = history.inspect(engine, arena.writer, arena.world_id, max(digests), agent=3)
    assert seen.digest == digests[max(digests)] and seen.digest_compared
    assert {"sentiment", "fear", "greed"} <= seen.state["mood"].keys()
    assert seen.state["kind"] == "household" and "employer_row" in seen.state


def _lots(state: dict[str, Any], code: str) -> int:
    held = state["holdings"].get(code, {"lots": 0, "held_lots": 0})
    return int(held["lots"]) + int(held["held_lots"])


def test_a_participants_commands_stand_at_their_tick(played: tuple) -> None:
    arena, _, participant = played
    rows = arena.all("select seq, tick from journal where world_id = %s order by seq")
    told = {}
    for tick in sorted({row[1] + 1 for row in rows}):
        seen = history.inspect(
            arena.engine, arena.writer, arena.world_id, tick, participant=participant
        )
        assert seen.actions is not None
        told |= {each["seq"]: tick - 1 for each in seen.actions["commands"]}
    assert told == dict(rows) and len(told) == DECIDED
    with pytest.raises(LookupError, match="participant 1 is not in the world"):
        history.inspect(arena.engine, arena.writer, arena.world_id, 3, participant=1)
    with pytest.raises(LookupError, match="there is no agent 500"):
        history.inspect(arena.engine, arena.writer, arena.world_id, 3, agent=500)


def test_a_range_is_verified_and_tampering_in_it_is_found(played: tuple) -> None:
    arena, digests, _ = played
    middle = sorted(digests)[len(digests) // 2]
    report = verification.verify(
        arena.engine, arena.writer, arena.world_id, "w", from_tick=1, to_tick=middle
    )
    assert report.digest_equal and report.end_tick <= middle
    assert report.digests_compared == sum(tick <= middle for tick in digests)
    false = verification.verify(
        arena.engine, arena.writer, arena.world_id, "w", to_tick=middle, tamper=True
    )
    assert not false.digest_equal
    with pytest.raises(TickUnreachable, match="is not in what can be verified"):
        verification.verify(arena.engine, arena.writer, arena.world_id, "w", from_tick=10**6)


def test_an_altered_past_is_refused(played: tuple) -> None:
    arena, digests, _ = played
    with arena.writer.transaction():
        arena.writer.execute("set local session_replication_role = replica")
        arena.writer.execute(
            "update block set digest = digest + 1 where world_id = %s and tick = %s",
            (arena.world_id, max(digests)),
        )
    with pytest.raises(ReplayMismatch, match="digest differs"):
        history.inspect(arena.engine, arena.writer, arena.world_id, max(digests), agent=3)


@pytest.fixture
def branch(played: tuple, settings: Any) -> Iterator[tuple[Arena, Arena, dict[int, int]]]:
    """A branch at the middle of the parent's life."""
    arena, digests, _ = played
    tick = sorted(digests)[len(digests) // 2]
    made = forks.fork(
        arena.engine, arena.writer, parent=arena.world, tick=tick,
        slug=f"b{arena.world.slug[1:]}"[:32],
    )  # fmt: skip
    assert made.fork.tick == tick and made.fork.digest == digests[tick]
    other = Arena(made.world, arena.engine)
    yield arena, other, digests
    other.close()


def test_a_branch_ticks_on_and_its_parent_is_untouched(branch: tuple) -> None:
    arena, other, _digests = branch
    before = arena.head()
    lineage = Fork.objects.get(world=other.world)
    assert lineage.parent == arena.world and other.head()[1:] == (0, lineage.seq, lineage.tick)
    host = other.host("branch")
    newcomer = other.participant()
    run(host, lambda: other.depth() == 0 and other.head()[3] >= lineage.tick + 8)
    other.send(newcomer, bid(quantity=2))
    other.settle(host)
    host.release()
    assert arena.head() == before
    assert other.one("select min(seq) from journal where world_id = %s") == lineage.seq + 1
    report = verification.verify(other.engine, other.writer, other.world_id, "b")
    assert report.digest_equal and report.entries == 2 and report.started_from == "genesis"
    again = forks.fork(
        other.engine, other.writer, parent=other.world, tick=lineage.tick + 3,
        slug=f"c{other.world.slug[1:]}"[:32],
    )  # fmt: skip
    third = Arena(again.world, other.engine)
    try:
        host = third.host("branch of a branch")
        run(host, lambda: third.head()[3] >= lineage.tick + 6)
        assert host.worlds[third.world_id].world.memory.order_ids, "open orders keep their names"
    finally:
        third.close()


def test_a_branch_without_commands_lives_the_parents_life(branch: tuple) -> None:
    """The parent had no more commands after the last: same state, same entries, same bits."""
    arena, other, digests = branch
    last = arena.one("select max(tick) from journal where world_id = %s")
    if Fork.objects.get(world=other.world).tick <= last:
        made = forks.fork(
            arena.engine, arena.writer, parent=arena.world, tick=last + 1,
            slug=f"d{arena.world.slug[1:]}"[:32],
        )  # fmt: skip
        other = Arena(made.world, arena.engine)
    host = other.host("branch")
    run(host, lambda: other.head()[3] >= max(digests))
    host.release()
    tick = max(digests)
    own = history.at_tick(arena.engine, other.writer, other.world_id, tick)
    parents = history.at_tick(arena.engine, arena.writer, arena.world_id, tick)
    assert own.digest == parents.digest == digests[tick] and own.ticks
    if other.world != branch[1].world:
        other.close()


def test_branches_have_a_quota_a_name_and_an_end(
    branch: tuple, settings: Any, admin_client_of: Callable[[], Client]
) -> None:
    arena, other, _ = branch
    settings.WORLD_FORKS_PER_OWNER_MAX = 1
    make = {"parent": arena.world, "tick": 1}
    with pytest.raises(ForkRefused, match="the most that may be kept"):
        forks.fork(arena.engine, arena.writer, slug="another", **make)
    settings.WORLD_FORKS_PER_OWNER_MAX = 9
    with pytest.raises(ForkRefused, match="there is a world"):
        forks.fork(arena.engine, arena.writer, slug=other.world.slug, **make)
    with pytest.raises(ForkRefused, match="is no name"):
        forks.fork(arena.engine, arena.writer, slug="Not a name", **make)
    with pytest.raises(ForkRefused, match="hours"):
        forks.fork(arena.engine, arena.writer, slug="for-ever", hours=10**6, **make)
    assert World.objects.filter(slug__in=["another", "for-ever"]).count() == 0
    client = admin_client_of()
    page = client.get("/admin/worlds/fork/").content.decode()
    assert other.world.slug in page and arena.world.slug in page
    host = other.host("branch")
    run(host, lambda: host.worlds)
    assert forks.expire() == []
    assert forks.expire(datetime.now(UTC) + timedelta(days=8)) == [other.world.slug]
    host.slice(0.1)
    assert not host.worlds, "the writer of an expired branch is fenced"
    other.world.refresh_from_db()
    assert other.world.state == World.State.EXPIRED
    assert other.one("select count(*) from snapshot where world_id = %s") == 0
    assert forks.expire(datetime.now(UTC) + timedelta(days=8)) == []


@pytest.fixture
def admin_client_of(arena: Arena) -> Callable[[], Client]:
    """A log-in that sees the admin."""

    def make() -> Client:
        user = arena.player()
        user.is_staff = user.is_superuser = True
        user.save()
        client = Client()
        client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
        return client

    return make


def test_the_commands_speak_json_and_refuse_in_one_line(
    played: tuple, capsys: pytest.CaptureFixture[str]
) -> None:
    arena, digests, participant = played
    name, tick = arena.world.slug, max(digests)

    def said(*arguments: Any) -> dict[str, Any]:
        call_command(*map(str, arguments), "--world", name, "--json")
        return json.loads(capsys.readouterr().out)

    shown = said("replay", "--to", tick)
    assert int(shown["digest"], 16) == digests[tick] % 2**64 and shown["digest_compared_at_tick"]
    assert shown["state"]["participants"] == 1
    seen = said("inspect", "--tick", tick, "--agent", 7)
    assert seen["state"]["kind"] == "household" and seen["digest"] == shown["digest"]
    assert said("inspect", "--tick", tick, "--participant", participant)["state"]["orders"]
    assert said("verify", "--to-tick", tick, "--from-tick", 2)["digest_equal"]
    for bad in (["replay"], ["replay", "--to", "9999999"], ["inspect", "--tick", "1", "--agent",
                "9999999"], ["verify", "--from-tick", "5", "--to-tick", "2"]):  # fmt: skip
        with pytest.raises(CommandError):
            call_command(*bad, "--world", name)
    with pytest.raises(CommandError, match="no world nowhere"):
        call_command("replay", "--to", "1", "--world", "nowhere")


def test_a_branch_by_the_command(played: tuple, capsys: pytest.CaptureFixture[str]) -> None:
    arena, _digests, _ = played
    owner = arena.player()
    slug = f"e{arena.world.slug[1:]}"[:32]
    with pytest.raises(CommandError, match="no player nobody"):
        call_command("fork", "--world", arena.world.slug, "--tick", "3", "--name", slug,
                     "--owner", "nobody")  # fmt: skip
    call_command("fork", "--world", arena.world.slug, "--tick", "3", "--name", slug,
                 "--owner", owner.username, "--json")  # fmt: skip
    shown = json.loads(capsys.readouterr().out)
    other = Arena(World.objects.get(slug=slug), arena.engine)
    assert shown["tick"] == 3 and shown["owner"] == owner.username
    assert Fork.objects.get(world=other.world).owner == owner
    Fork.objects.filter(world=other.world).update(owner=None)
    other.close()


def test_commands_are_told_apart_from_later_ones(played: tuple) -> None:
    """A command after the tick is not part of the tick's state."""
    arena, _, participant = played
    first = arena.one("select min(tick) from journal where world_id = %s")
    state = history.at_tick(arena.engine, arena.writer, arena.world_id, first).world.state
    if first > 0:
        assert arena.engine.row_of(state, participant) < 0
    later = history.at_tick(arena.engine, arena.writer, arena.world_id, first + 1).world.state
    assert arena.engine.row_of(later, participant) >= 0
    assert commands.CommandKind.REGISTER_PARTICIPANT
