"""The shadow: equal to a sound world, and the end of one that is not what its journal says."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from django.core.files.storage import default_storage
from django.core.management import CommandError, call_command

from economy_engine import commands
from tests.worlds.conftest import Arena, bid, run
from worlds.engine import HaltReason
from worlds.shadow import Shadow


def test_a_sound_world_is_followed_to_its_head(arena: Arena) -> None:
    host = arena.host()
    participant = arena.participant()
    arena.settle(host)
    shadow = Shadow(arena.engine, arena.writer, arena.world)
    assert shadow.follow(10.0)
    arena.send(participant, bid(quantity=2))
    run(host, lambda: arena.head()[3] >= 12)
    host.release()
    assert shadow.follow(10.0) and shadow.follow(10.0)
    compared = shadow.compared
    assert (compared.commits, compared.ticks) == (arena.head()[1], arena.head()[3])
    assert compared.digests > 3 and compared.snapshots == 1 and compared.difference is None


def test_a_shadow_that_is_too_slow_goes_on_from_a_newer_snapshot(
    arena: Arena, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("worlds.shadow.BEHIND_TICKS_MAX", 3)
    shadow = Shadow(arena.engine, arena.writer, arena.world)
    assert shadow.follow(10.0)
    host = arena.host()
    run(host, lambda: arena.head()[3] >= 12)
    host.release()
    assert shadow.follow(10.0)
    assert shadow.compared.ticks_skipped == arena.head()[3]


def test_a_world_that_changed_by_itself_is_halted_with_a_bundle(
    arena: Arena, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A coin moves in the live world's memory: no rule sees it, the shadow does."""
    host = arena.host()
    run(host, lambda: arena.head()[3] >= 4)
    shadow = Shadow(arena.engine, arena.writer, arena.world)
    assert shadow.follow(10.0)
    cash = host.worlds[arena.world_id].world.state.ledger.cash
    cash[3] -= 1
    cash[4] += 1
    before = arena.head()[1]
    run(host, lambda: arena.head()[1] >= before + 2)
    assert not shadow.follow(10.0)
    assert shadow.compared.difference is not None and "digest differs" in shadow.compared.difference
    assert not shadow.follow(10.0), "it stays with what it saw"
    run(host, lambda: host.worlds and host.worlds[arena.world_id].halted)
    payload = arena.one("select payload from journal where world_id = %s order by seq desc limit 1")
    _, halt = commands.decode(bytes(payload))
    assert halt == commands.Halt(reason=int(HaltReason.INVARIANT_BREACH))
    assert shadow.compared.bundle is not None
    with default_storage.open(shadow.compared.bundle) as handle:
        (tmp_path / "bundle.zip").write_bytes(handle.read())
    call_command("replay", "--bundle", str(tmp_path / "bundle.zip"), "--json")
    shown = json.loads(capsys.readouterr().out)
    assert shown["reproduced"] and shown["found"][0].startswith("I11")
    (tmp_path / "other.zip").write_bytes(b"no bundle")
    with pytest.raises(CommandError, match="not a bundle"):
        call_command("replay", "--bundle", str(tmp_path / "other.zip"))
