"""The containers run commands that exist, with the roles and flags of `play`."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.core.management import get_commands, load_command_class

from arena_site.embedded import plan
from tests.house.tidy import ROOT

COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker" / "compose.yml").read_text())
DOCKERFILE = (ROOT / "docker" / "Dockerfile").read_text()
OWN = {name: one for name, one in COMPOSE["services"].items() if one["image"] == "arena"}
PLANNED = {
    "gateway": "gateway",
    "world-worker": "world1",
    "general-worker": "general",
    "beat": "beat",
}


@pytest.fixture(scope="module")
def planned(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    state: Path = tmp_path_factory.mktemp("state")
    lines = plan.game(plan.Options(state=state, port=8000))
    return {line.name: line for line in lines}


@pytest.mark.parametrize("name", OWN)
def test_command_exists(name: str):
    command = OWN[name]["command"]
    assert command[0] == "python"
    if command[1] == "manage.py":
        registered = get_commands()
        assert command[2] in registered
        chosen = load_command_class(registered[command[2]], command[2])
        chosen.create_parser("manage.py", command[2]).parse_args(command[3:])
    else:
        assert command[1] == "-m"
        assert importlib.util.find_spec(command[2]) is not None


@pytest.mark.parametrize(("name", "line"), PLANNED.items())
def test_container_runs_what_play_runs(name: str, line: str, planned: dict[str, Any]):
    """Same module, same role, and every long flag of the one is a flag of the other."""
    process = planned[line]
    ours, theirs = OWN[name]["command"], list(process.command)
    assert ours[1:3] == theirs[1:3]
    assert OWN[name]["environment"]["LEA_ROLE"] == process.environment["LEA_ROLE"]
    flags = {item.split("=")[0] for item in ours if item.startswith("--")} - {"--proxy"}
    assert flags == {item.split("=")[0] for item in theirs if item.startswith("--")} - {"--quiet"}


def test_only_the_gateway_is_reachable_and_only_from_this_host():
    open_ports = {name: one["ports"] for name, one in COMPOSE["services"].items() if "ports" in one}
    assert open_ports == {"gateway": ["127.0.0.1:8000:8000"]}


def test_everything_waits_for_the_migration():
    for name, one in OWN.items():
        if name != "migrate":
            assert one["depends_on"]["migrate"]["condition"] == "service_completed_successfully"


def test_image_is_unprivileged_and_made_from_the_lock():
    assert re.findall(r"^USER (\w+)$", DOCKERFILE, re.M) == ["arena"]
    assert "ARENA_BOOTSTRAP=0" in DOCKERFILE
    assert "--require-hashes --only-binary :all:" in DOCKERFILE
    for path in re.findall(r"^COPY (?!--from)(\S+) ", DOCKERFILE, re.M):
        assert (ROOT / path).exists()


def test_no_secret_has_a_default():
    text = (ROOT / "docker" / "compose.yml").read_text()
    for name in ("SECRET_KEY", "POSTGRES_PASSWORD"):
        assert set(re.findall(rf"\$\{{{name}(\W)", text)) == {":"}
        assert f"{name}:-" not in text
