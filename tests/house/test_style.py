"""Lint, format and types, as the editor and the commit hook see them."""

from __future__ import annotations

import subprocess
import sys

from tests.house.tidy import ROOT

DJANGO_HALF = ["arena_site", "agents", "chat", "guilds", "markets", "players", "worlds"]


def run(*command: str) -> str:
    """Empty when the tool is content, else what it said."""
    done = subprocess.run(
        [sys.executable, "-m", *command], cwd=ROOT, capture_output=True, text=True, check=False
    )
    return "" if done.returncode == 0 else done.stdout + done.stderr


def test_lint():
    assert run("ruff", "check", "--no-cache", "--output-format", "concise", ".") == ""


def test_format():
    assert run("ruff", "format", "--no-cache", "--check", ".") == ""


def test_types():
    assert run("mypy", *DJANGO_HALF) == ""
