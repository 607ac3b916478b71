"""Released engine versions: each has a fixture, each fixture can be read, and the reader would
notice a change."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from economy_engine import migrations, snapshot
from economy_engine.migrations import Stored
from tests.house.tidy import ROOT
from worlds import released
from worlds.economy import Economy

FIXTURES = ROOT / "tests/fixtures/engine"
RELEASED = re.compile(r"engine version (\d+)", re.IGNORECASE)


@pytest.fixture(scope="module")
def fixture(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The fixture that a release of today would leave."""
    folder = tmp_path_factory.mktemp("released")
    call_command("engine_fixture", "--write", str(folder))
    with pytest.raises(CommandError, match="never changes"):
        call_command("engine_fixture", "--write", str(folder))
    return next(folder.iterdir()).read_text()


def test_every_released_version_has_a_fixture_that_can_be_read(engine: Economy) -> None:
    changelog = (ROOT / "CHANGELOG.md").read_text().partition("## Unreleased")[2]
    sections = changelog.split("\n## ")[1:]
    owed = {int(number) for section in sections for number in RELEASED.findall(section)}
    files = {int(path.stem[1:]): path for path in FIXTURES.glob("v*.json")}
    assert owed <= files.keys()
    for version, path in files.items():
        checked = released.check(engine, path.read_text())
        assert checked.difference is None and checked.commands_decoded, version


def test_this_version_gives_its_own_results_again(engine: Economy, fixture: str) -> None:
    checked = released.check(engine, fixture)
    assert checked.replayed and checked.difference is None
    assert checked.digests_compared == released.TICKS
    assert checked.results_compared == checked.commands_decoded > 30
    executed = [row[3] == 0 for each in json.loads(fixture)["entries"] for row in each["commands"]]
    assert sum(executed) > 25, "a fixture of refusals shows little"


def test_a_changed_result_or_digest_is_noticed(engine: Economy, fixture: str) -> None:
    document = json.loads(fixture)
    document["entries"][20]["digest"] = "0" * 16
    found = released.check(engine, json.dumps(document)).difference
    assert found == "the digest after tick 21 differs"
    document = json.loads(fixture)
    document["entries"][0]["commands"][0][4] = "00"
    assert released.check(engine, json.dumps(document)).difference == "command 1 has another result"


def test_an_older_world_is_migrated_and_lives_on(
    engine: Economy, fixture: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The next version renames a column; worlds of this one are taken over."""
    now = engine.version

    class Next(Economy):
        version = now + 1

    monkeypatch.setattr(snapshot, "ENGINE_VERSION", now + 1)
    with pytest.raises(ValueError, match="no migration to"):
        released.check(Next(), fixture)
    seen: list[Any] = []

    def step(stored: Stored) -> None:
        policy = stored.array("macro")
        seen.append(policy.size)
        policy[47] = 1.0  # a slot that the new version gives a meaning
        stored.replace("macro", policy)
        stored.rename("sites", "of_the_past")

    monkeypatch.setitem(migrations.MIGRATIONS, now, step)
    checked = released.check(Next(), fixture)
    assert seen == [48] and not checked.replayed and checked.difference is None
    monkeypatch.setattr(snapshot, "ENGINE_VERSION", now)
    path = tmp_path / "newer.json"
    document = json.loads(fixture)
    path.write_text(json.dumps(document | {"snapshot": "not a snapshot"}))
    with pytest.raises(CommandError):
        call_command("engine_fixture", "--check", str(path))


def test_a_migration_must_keep_what_it_does_not_name() -> None:
    stored = Stored({"engine_version": 1}, {"clock": ({"dtype": '[["", "<i8"]]'}, bytes(16))})
    assert stored.array("clock").tolist() == [0, 0]
    with pytest.raises(ValueError, match="16 bytes, not 8"):
        stored.replace("clock", stored.array("clock")[:1])
    with pytest.raises(ValueError, match="written by engine version 1, this is 0"):
        migrations.migrate(stored, 0)
