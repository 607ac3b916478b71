"""Who may import whom: the contracts hold, and each of them can be broken."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

from tests.house.tidy import ROOT

# One deliberate fault for each contract, in their order in pyproject.toml.
FAULTS = [
    ("worlds/selectors.py", "import markets.selectors"),
    ("economy_engine/tick.py", "import time"),
    ("economy_engine/junk_drawer.py", ""),
    ("economy_engine/schema.py", "import economy_engine.systems.monetary"),
    ("economy_engine/book/kernels.py", "import economy_engine.commands"),
    ("markets/selectors.py", "import economy_engine.tick"),
    ("markets/selectors.py", "import markets.services"),
    ("worlds/services.py", "import worlds.runner"),
    ("worlds/api/views.py", "import worlds.lease"),
    ("markets/consumers.py", "import markets.models"),
]


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    program = "import sys; from importlinter.cli import lint_imports_command as c; sys.exit(c())"
    return subprocess.run(
        [sys.executable, "-c", program, "--no-cache"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )


def contracts() -> list[str]:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())
    return [contract["name"] for contract in settings["tool"]["importlinter"]["contracts"]]


def test_contracts_hold():
    done = lint(ROOT)
    assert f"{len(contracts())} kept, 0 broken" in done.stdout, done.stdout + done.stderr


def test_every_contract_can_be_broken(tmp_path: Path):
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    packages = tomllib.loads((ROOT / "pyproject.toml").read_text())
    for package in packages["tool"]["importlinter"]["root_packages"]:
        ignored = shutil.ignore_patterns("__pycache__", "*.html", "*.js")
        shutil.copytree(ROOT / package, tmp_path / package, ignore=ignored)
    for path, line in FAULTS:
        with (tmp_path / path).open("a") as handle:
            handle.write(f"\n{line}\n")
    done = lint(tmp_path)
    kept = [name for name in contracts() if f"{name} BROKEN" not in done.stdout]
    assert kept == [], done.stdout + done.stderr
