"""Worlds of other engine versions: told apart from their rows, left alone by hosts, and refused
by the start of a game."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.core.management import call_command
from structlog.testing import capture_logs

from arena_site.embedded import tasks
from economy_engine import migrations
from economy_engine.schema import ENGINE_VERSION
from tests.stack import Stack
from tests.worlds.conftest import Arena, run
from worlds import compatibility, host


def written_by(arena: Arena, version: int, commit: int | None = None) -> None:
    """As if another version had written the world, and stopped at a later commit."""
    arena.writer.execute(
        'update world_head set engine_version = %s, "commit" = coalesce(%s, "commit")'
        " where world_id = %s",
        (version, commit, arena.world_id),
    )


@pytest.mark.parametrize(
    ("version", "migrated", "commit", "code"),
    [
        (ENGINE_VERSION, False, None, None),
        (ENGINE_VERSION, False, 9, None),
        (ENGINE_VERSION + 1, False, None, compatibility.NEWER_ENGINE),
        (ENGINE_VERSION - 1, False, None, compatibility.NEEDS_UPGRADE),
        (ENGINE_VERSION - 1, True, None, None),
        (ENGINE_VERSION - 1, True, 9, compatibility.NEEDS_CLEAN_STOP),
        (ENGINE_VERSION - 2, True, None, compatibility.NEEDS_UPGRADE),
    ],
)
def test_what_keeps_a_world_from_going_on(
    arena: Arena,
    monkeypatch: pytest.MonkeyPatch,
    version: int,
    migrated: bool,
    commit: int | None,
    code: str | None,
) -> None:
    if migrated:
        monkeypatch.setitem(migrations.MIGRATIONS, ENGINE_VERSION - 1, lambda stored: None)
    written_by(arena, version, commit)
    found = compatibility.obstacle(arena.world_id)
    assert (found.code if found else None) == code
    assert code is None or f"version {ENGINE_VERSION}" in found.text
    assert found in [None, *compatibility.obstacles()]
    reads = arena.engine.reads(version)
    assert reads == (code not in (compatibility.NEWER_ENGINE, compatibility.NEEDS_UPGRADE))


def test_hosts_leave_it_alone_without_a_word(
    arena: Arena, make_arena: Callable[..., Arena]
) -> None:
    written_by(arena, ENGINE_VERSION - 1)
    one = arena.host()
    with capture_logs() as lines:
        one.slice(0.6)
    assert not one.worlds and arena.head()[0] == 0 and lines == []


def test_a_world_that_cannot_be_rebuilt_is_tried_less_and_less_often(
    arena: Arena, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = arena.one("select path from snapshot where world_id = %s")
    stored = Path(host.snapshots.default_storage.path(path))
    kept = stored.read_bytes()
    stored.write_bytes(b"")
    monkeypatch.setattr(host, "UNLOADABLE_RETRY_SECONDS", (0.1, 0.4))
    one = arena.host()
    with capture_logs() as lines:
        one.slice(2.0)
    tries = [each for each in lines if each["event"] == "world cannot be rebuilt"]
    assert 3 <= len(tries) <= 7 and one._unloadable[arena.world_id] == len(tries)
    stored.write_bytes(kept)
    run(one, lambda: one.worlds)
    assert one._unloadable == {}


def test_a_planned_world_ends_the_start_and_another_is_told_of(arena: Arena) -> None:
    slug, state = arena.world.slug, Path("/the/state")
    assert slug not in tasks.check_worlds([slug], state)
    written_by(arena, ENGINE_VERSION - 1)
    assert f"world {slug} is left alone: engine version" in tasks.check_worlds(["main"], state)
    with pytest.raises(tasks.WorldsRefusedError) as refused:
        tasks.check_worlds([slug], state)
    text = str(refused.value)
    assert text.startswith(f"{slug} cannot go on: engine version {ENGINE_VERSION - 1} wrote it")
    assert "play --fresh" in text and "/the/state" in text and "start the version" in text
    with pytest.raises(tasks.WorldsRefusedError) as refused:
        tasks.check_worlds([slug], None)
    assert "--fresh" not in str(refused.value), "it would not empty somebody else's database"


def test_the_list_of_worlds_says_so(arena: Arena, capsys: pytest.CaptureFixture[str]) -> None:
    written_by(arena, ENGINE_VERSION - 1)
    call_command("worlds", "--json")
    rows = json.loads(capsys.readouterr().out)["worlds"]
    assert {row["slug"]: row["obstacle"] for row in rows}[arena.world.slug] == "needs_upgrade"
    call_command("worlds")
    assert "it cannot go on: engine version" in capsys.readouterr().out


OLD_WORLD = f"""
from django.core.management import call_command
from django.db import connection
call_command("migrate", verbosity=0)
from worlds.models import World
world = World.objects.create(
    slug="main", name="Main", preset="sprint", agents=100, seed=1, state="running")
with connection.cursor() as cursor:
    cursor.execute("insert into world_head (world_id, engine_version, tick, chain)"
                   " values (%s, {ENGINE_VERSION - 1}, 1, %s)", [world.pk, bytes(16)])
"""


@pytest.fixture
def old_game() -> Iterator[Stack]:
    """A state directory whose world an older version wrote."""
    game = Stack()
    game.manage("shell", "-c", OLD_WORLD)
    yield game
    game.stop()
    game.discard()


def test_play_says_once_what_is_the_matter_and_ends(old_game: Stack) -> None:
    with pytest.raises(RuntimeError):
        old_game.start()
    assert old_game.process is not None and old_game.process.returncode == 1
    said = (old_game.state / "play.log").read_text().splitlines()
    (line,) = [each for each in said if "cannot go on" in each]
    assert line.startswith(f"play: worlds: main cannot go on: engine version {ENGINE_VERSION - 1}")
    assert sum("play --fresh" in each for each in said) == 1
    logs = {path.stem for path in (old_game.state / "logs").iterdir()}
    assert "postgres" in logs, logs
    assert not logs & {"gateway", "general", "beat", "main", "world1", "world2"}
