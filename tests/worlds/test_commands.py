"""The doors of the command line: create, list, halt, verify, rebuild."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from arena_site.celery import PULSE, PULSE_KEY, app, queues
from tests.worlds.conftest import Arena, bid, run
from worlds import database, metrics, selectors
from worlds.models import World


def said(*arguments: str, **options: Any) -> str:
    out = StringIO()
    call_command(*arguments, stdout=out, stderr=StringIO(), **options)
    return out.getvalue()


def test_a_world_is_created_once(make_arena: Callable[..., Arena]) -> None:
    template = make_arena()
    slug = f"w{uuid.uuid4().hex[:12]}"
    flags = ["--agents", "500", "--preset", "lab", "--seed", "7", "--warmup-days", "1"]
    flags += ["--regions", "1"]
    text = said("world_create", slug, *flags)
    assert "Day 1 of 1" in text and "is born" in text
    world = World.objects.get(slug=slug)
    assert world.state == "running"
    head = selectors.world_head(world.pk)
    assert head is not None and (head.commit, head.seq, head.tick) == (0, 0, 60)
    assert "is there" in said("world_create", slug, "--if-missing")
    with pytest.raises(CommandError):
        said("world_create", slug)
    Arena(world, template.engine).close()


def test_an_interrupted_birth_is_begun_again(make_arena: Callable[..., Arena]) -> None:
    template = make_arena()
    slug = f"w{uuid.uuid4().hex[:12]}"
    World.objects.create(slug=slug, name=slug, preset="lab", agents=500, seed=9)
    flags = ["--agents", "500", "--preset", "lab", "--warmup-days", "0", "--if-missing"]
    flags += ["--regions", "1"]
    assert "seed 9" in said("world_create", slug, *flags)
    Arena(World.objects.get(slug=slug), template.engine).close()
    World.objects.create(slug=slug, name=slug, preset="lab", agents=501, seed=9)
    with pytest.raises(CommandError):
        said("world_create", slug, *flags)
    World.objects.filter(slug=slug).delete()


def test_worlds_are_listed_halted_and_resumed(make_arena: Callable[..., Arena]) -> None:
    arena = make_arena(rate=10.0)
    host = arena.host()
    run(host, lambda: arena.head()[3] > 0)
    slug = arena.world.slug
    assert f"{slug}: running" in said("worlds")
    listed = json.loads(said("worlds", "--json"))["worlds"]
    [mine] = [row for row in listed if row["slug"] == slug]
    assert mine["holder"] == "host" and mine["held"] and mine["epoch"] == 1
    said("worlds", "--halt", slug)
    arena.settle(host)
    assert f"{slug}: halted" in said("worlds")
    said("worlds", "--resume", slug)
    arena.settle(host)
    assert f"{slug}: running" in said("worlds")
    with pytest.raises(CommandError):
        said("worlds", "--halt", "nowhere")


def test_verify_says_what_it_compared_and_fails_when_tampered(arena: Arena) -> None:
    host = arena.host()
    participant = arena.participant()
    arena.send(participant, bid())
    run(host, lambda: arena.depth() == 0 and arena.head()[3] >= 3)
    host.release()
    slug = arena.world.slug
    report = json.loads(said("verify", "--world", slug, "--json"))
    assert report["digest_equal"] is True and report["entries"] == 2
    assert report["ticks"] >= 3 and report["digests_compared"] >= 1
    assert report["segments"] == [
        {"engine_version": arena.engine.version, "from": 0, "to": arena.head()[1]}
    ]
    out = StringIO()
    with pytest.raises(SystemExit) as stopped:
        call_command("verify", "--world", slug, "--json", "--tamper", stdout=out)
    assert stopped.value.code == 1
    assert json.loads(out.getvalue())["digest_equal"] is False
    with pytest.raises(CommandError):
        said("verify", "--world", "nowhere")


def test_rebuild_answers_for_each_projection(arena: Arena) -> None:
    host = arena.host()
    arena.participant()
    run(host, lambda: arena.head()[3] >= 3 and arena.depth() == 0)
    host.release()
    shown = json.loads(said("rebuild", "--world", arena.world.slug, "--json"))["projections"]
    assert {each["name"] for each in shown} >= {"participants", "accounts", "markets"}
    assert {each["commits_read"] for each in shown} == {arena.head()[1]}
    assert not any(each["missing"] for each in shown)


def test_workers_export_their_figures(arena: Arena) -> None:
    host = arena.host(f"metrics-{uuid.uuid4().hex[:8]}")
    arena.participant()
    run(host, lambda: arena.head()[3] >= 2)
    client = database.redis_client()
    text = b"".join(metrics.exported(client)).decode()
    label = f'world="{arena.world_id}"'
    for name in ("lea_tick_seconds_count", "lea_commit_seconds_count", "lea_world_tick"):
        assert f"{name}{{{label}}}" in text
    assert f'lea_commands_total{{status="executed",{label}}} 1.0' in text
    client.delete(f"metrics:{host.name}")
    client.close()


def test_pulses_reach_every_world_worker_and_nobody_else() -> None:
    """Publisher and consumer agree on exchange and routing key, and nothing durable is left."""
    options = app.conf.beat_schedule["pulse"]["options"]
    assert options["exchange"] is PULSE and options["declare"] == [PULSE]
    [own] = queues("world")
    assert own.exchange.type == "fanout" and not own.durable and own.auto_delete and own.no_ack
    assert own.routing_key == options["routing_key"] == PULSE_KEY
    assert [queue.name for queue in queues("general")] == ["general"]
    assert app.conf.task_acks_late is False and app.conf.accept_content == ["json"]
