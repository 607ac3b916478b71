"""`manage.py intervene` puts one clear command into the inbox, or says why not and puts none."""

from __future__ import annotations

import io
import json

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from economy_engine import commands
from economy_engine.commands import InjectShock, SetPolicyRate, ShockKind
from tests.markets.factories import make_world
from worlds.interventions import BY_NAME, INTERVENTIONS

pytestmark = pytest.mark.django_db


@pytest.fixture
def world():
    return make_world()


def _inbox():
    with connection.cursor() as cursor:
        cursor.execute("SELECT body FROM inbox ORDER BY id")
        return [commands.decode(bytes(row[0]))[1] for row in cursor.fetchall()]


def _intervene(*arguments: str) -> str:
    said = io.StringIO()
    call_command("intervene", *arguments, stdout=said)
    return said.getvalue()


@pytest.mark.parametrize(
    ("arguments", "command"),
    [
        (("drought",), InjectShock(ShockKind.DROUGHT, 3, 500_000)),
        (("drought", "--good", "LAND", "--size", "0.7"), InjectShock(11, 4, 700_000)),
        (("helicopter", "--size", "20"), InjectShock(ShockKind.CASH, -1, 20_000_000)),
        (("spiral", "--size", "0"), InjectShock(ShockKind.ISSUE, -1, 0)),
        (("rate_high", "--size", "0.12", "--days", "30"), SetPolicyRate(120_000, 30)),
        (("rate_free",), SetPolicyRate(0, 0)),
    ],
)
def test_an_event_becomes_its_command(world, arguments, command):
    text = _intervene(*arguments, "--world", world.slug, "--wait", "0")
    assert _inbox() == [command]
    assert "accepted; it acts when the world runs" in text


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("flood",), "There is no event flood. Known: oil_shock"),
        ((), "There is no event None"),
        (("drought", "--good", "GOLD"), "GOLD is no good: OIL"),
        (("panic", "--good", "OIL"), "strikes the whole world"),
        (("panic", "--days", "3"), "has no term"),
        (("rate_high", "--good", "OIL"), "is about no good"),
        (("helicopter", "--size", "1e9"), "size_ppm is outside"),
        (("helicopter", "--size", "inf"), "nothing was done"),
        (("drought", "--wait", "1000"), "--wait is 0 to 60"),
    ],
)
def test_what_cannot_be_is_refused_and_leaves_nothing(world, arguments, said):
    with pytest.raises(CommandError, match=said):
        _intervene(*arguments, "--world", world.slug)
    assert _inbox() == []


def test_an_unknown_world_is_named(world):
    with pytest.raises(CommandError, match="There is no world atlantis"):
        _intervene("panic", "--world", "atlantis")


def test_json_tells_the_command(world):
    told = json.loads(_intervene("panic", "--world", world.slug, "--wait", "0", "--json"))
    assert [each["status"] for each in told["commands"]] == ["accepted"]


def test_every_intervention_encodes_and_is_listed(world):
    listed = _intervene("--list")
    for each in INTERVENTIONS:
        assert each.name in listed
        assert BY_NAME[each.name] is each
        for command in each.event.commands(regions=2):
            assert commands.decode(commands.encode(command, commands.Header()))[1] == command
