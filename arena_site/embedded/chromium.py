"""Finds the browser that tests drive, and how to start it without a network life of its own."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
MISSING = "no Chromium here: apt-get install chromium, or set LEA_CHROMIUM to its path"
OPTIONS = [
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def find_chromium() -> Path | None:
    """`LEA_CHROMIUM`, else what PATH has."""
    given = os.environ.get("LEA_CHROMIUM")
    if given:
        return Path(given)
    found = (shutil.which(name) for name in NAMES)
    return next((Path(path) for path in found if path), None)


def launch_options() -> list[str]:
    """Arguments for the browser; as root it cannot have its sandbox."""
    return [*OPTIONS, "--no-sandbox"] if os.geteuid() == 0 else list(OPTIONS)
