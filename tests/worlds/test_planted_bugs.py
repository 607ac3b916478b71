"""Every planted bug is caught by the rule that guards against it, and in time."""

from __future__ import annotations

import json
from collections.abc import Sequence

import numpy as np
import pytest
from django.core.management import call_command

from arena_site.planted import run
from arena_site.planted.run import Caught
from arena_site.planted.state_bugs import BUGS
from economy_engine import commands
from economy_engine.params import preset
from tests.house.tidy import ROOT
from worlds.economy import Economy
from worlds.engine import Command

LEAST = 30


@pytest.fixture(scope="module")
def table(engine: Economy) -> list[Caught]:
    small = preset(
        "lab", agents=1_000, seed=7, ladder_levels=2_048, ai_orders_max=16_384,
        participant_orders_max=256, spare_rows=16, participants_max=64, calendar_max=256,
    )  # fmt: skip
    return run.run(engine, run.living(engine, small))


def test_all_planted_bugs_are_caught(table: Sequence[Caught]) -> None:
    assert [row for row in table if not row.caught] == []
    assert len(table) >= LEAST and len({row.bug for row in table}) == len(table)


def test_they_are_caught_within_a_tick_or_a_full_check(table: Sequence[Caught]) -> None:
    for row in table:
        assert row.distance_ticks <= (100 if row.expected in ("I5", "I7", "I12", "I15") else 1), row


def test_the_documented_table_is_the_tested_one(table: Sequence[Caught]) -> None:
    """Figures inside the messages depend on the world; the rest must not drift."""
    page = (ROOT / "docs/planted_bugs.md").read_text()
    for row in table:
        assert f"| {row.bug} | {row.planted_in} | {row.expected} " in page
    assert f"{len(table)} of {len(table)} caught." in page


def test_a_sound_world_breaks_no_rule(engine: Economy) -> None:
    """The negative control: nothing planted, nothing found."""
    state = engine.create(preset("lab", agents=1_000, seed=3, spare_rows=16))
    days = 2
    for tick in range(days * 60 + 5):
        block = engine.apply(state, [], 1).block
        assert engine.breaches(state, full=tick % 10 == 0) == []
        assert engine.reported_breaches(state, block) == []
    assert np.isfinite(state.agent.fear).all()


def test_a_world_that_resumed_in_between_was_not_halted(engine: Economy) -> None:
    """One commit may hold a resume, an order that trades, and a halt again."""
    state = engine.create(preset("lab", agents=1_000, seed=3, spare_rows=16))
    engine.apply(state, [], 20)
    orders = [commands.RegisterParticipant(guest=False), commands.Halt(reason=0)]
    orders += [commands.Resume(), run.bid(2), commands.Halt(reason=0)]
    payloads = [commands.encode(each, commands.Header(participant=9)) for each in orders]
    steps = [Command(seq, 0, payload) for seq, payload in enumerate(payloads, 1)]
    for part in (steps[:2], steps[2:]):
        applied = engine.apply(state, part, 0)
        assert all(decided.status == 0 for decided in applied.decisions)
        assert engine.breaches(state, full=True) == []
        assert engine.reported_breaches(state, applied.block) == []
    assert len(applied.block.fills), "nothing traded: the test compared nothing"


def test_a_bug_that_nothing_guards_against_fails_the_command(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    harmless = BUGS[0]._replace(name="a bug that does nothing", plant=lambda state: None)
    monkeypatch.setattr(run, "BUGS", [harmless])
    with pytest.raises(SystemExit):
        call_command("plant", "--json")
    assert json.loads(capsys.readouterr().out)["missed"] == ["a bug that does nothing"]
