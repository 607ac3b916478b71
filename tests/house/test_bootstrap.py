"""The environment is made once, added to, rebuilt when a lock changes, and never half-made.

Real environments from locks that name no package, so that no network is needed.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.house.tidy import ROOT

LOCKS = {"requirements.lock", "requirements-test.lock", "requirements-extra.lock"}
SESSION = "import sys\ndef execute(argv):\n    print('inside', sys.prefix, *argv[1:])\n"


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout with nothing but the door and its bootstrap."""
    folder = tmp_path / "arena"
    package = folder / "arena_site"
    (package / "embedded").mkdir(parents=True)
    for name in ("manage.py", "arena_site/__init__.py", "arena_site/bootstrap.py"):
        shutil.copy(ROOT / name, folder / name)
    (package / "embedded" / "__init__.py").touch()
    (package / "embedded" / "session.py").write_text(SESSION)
    for name in LOCKS:
        (folder / name).write_text("# nothing\n")
    return folder


def manage(
    folder: Path, *arguments: str, path: str = "/usr/bin:/bin"
) -> subprocess.CompletedProcess[str]:
    """Run the door as a shell would: outside of any environment, without uv."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("ARENA_", "DJANGO_"))}
    environment["PATH"] = path
    python = getattr(sys, "_base_executable", sys.executable)
    return subprocess.run(
        [python, "manage.py", *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def stamp(folder: Path) -> dict[str, str]:
    return json.loads((folder / ".venv" / "arena-stamp.json").read_text())


def test_made_once_then_added_to_then_rebuilt(checkout: Path):
    first = manage(checkout, "play")
    assert first.stdout.split() == ["inside", str(checkout / ".venv"), "play"], first.stderr
    assert list(stamp(checkout)) == ["requirements.lock"]
    assert manage(checkout, "play").stderr == ""

    (checkout / ".venv" / "marker").touch()
    assert manage(checkout, "test").returncode == 0
    assert set(stamp(checkout)) == LOCKS
    assert (checkout / ".venv" / "marker").exists()
    assert manage(checkout, "play").stderr == ""

    (checkout / "requirements.lock").write_text("# nothing, said anew\n")
    assert manage(checkout, "play").returncode == 0
    assert not (checkout / ".venv" / "marker").exists()
    assert set(stamp(checkout)) == LOCKS
    assert sorted(path.name for path in checkout.glob(".venv*")) == [".venv"]
    pip = subprocess.run([checkout / ".venv" / "bin" / "pip", "--version"], capture_output=True)
    assert pip.returncode == 0, "scripts of a renamed environment name its interpreter"


@pytest.mark.parametrize(
    "asked", [["--plots=pictures"], ["--portrait", "a.png"], ["--model-plots", "pictures"]]
)
def test_pictures_bring_the_extra_lock_and_only_they(checkout: Path, asked: list[str]):
    assert manage(checkout, "facts", "--seeds", "1").returncode == 0
    assert list(stamp(checkout)) == ["requirements.lock"]
    (checkout / ".venv" / "marker").touch()
    assert manage(checkout, "facts", *asked).returncode == 0
    assert set(stamp(checkout)) == {"requirements.lock", "requirements-extra.lock"}
    assert (checkout / ".venv" / "marker").exists()
    assert manage(checkout, "scenario", "panic", "--plot", "a.png").stderr == ""


def test_a_failed_installation_leaves_no_environment(checkout: Path):
    (checkout / "requirements.lock").write_text("no-such-package-of-the-arena==1.0\n")
    failed = manage(checkout, "play")
    assert failed.returncode == 1
    assert "installation failed" in failed.stderr
    assert "Traceback" not in failed.stderr
    assert not (checkout / ".venv").exists()


def test_pip_does_what_uv_cannot(checkout: Path, tmp_path: Path):
    """Neither a uv that fails nor a lock of it that cannot be had keeps anybody from playing."""
    tools = tmp_path / "tools"
    tools.mkdir()
    asked = tmp_path / "asked"
    (tools / "uv").write_text(f'#!/bin/sh\necho "$1 $2" >> {asked}\nexit 1\n')
    (tools / "uv").chmod(0o755)
    done = manage(checkout, "play", path=f"{tools}:/usr/bin:/bin")
    assert done.stdout.split() == ["inside", str(checkout / ".venv"), "play"], done.stderr
    assert asked.read_text().splitlines() == ["venv --seed", "pip install"]
    assert "uv could not do it, going on with pip" in done.stderr

    (checkout / "requirements-uv.lock").write_text("no-such-package-of-the-arena==1.0\n")
    (checkout / "requirements.lock").write_text("# nothing, said anew\n")
    again = manage(checkout, "play")
    assert again.returncode == 0 and list(stamp(checkout)) == ["requirements.lock"]
    assert sorted(path.name for path in checkout.glob(".venv*")) == [".venv"]


def test_an_environment_of_somebody_else_is_left_alone(checkout: Path):
    (checkout / ".venv").mkdir()
    refused = manage(checkout, "play")
    assert refused.returncode == 1
    assert "was not made by this project" in refused.stderr
    assert list((checkout / ".venv").iterdir()) == []


def test_containers_skip_it(checkout: Path):
    environment = {**os.environ, "ARENA_BOOTSTRAP": "0"}
    done = subprocess.run(
        [sys.executable, "manage.py", "play"],
        cwd=checkout,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.split()[0] == "inside"
    assert not (checkout / ".venv").exists()


def test_the_door_is_short_and_speaks_to_any_python():
    text = (ROOT / "manage.py").read_text()
    assert text.count("\n") < 40
    compile(text, "manage.py", "exec", dont_inherit=True)
    assert "sys.version_info < (3, 11)" in text
