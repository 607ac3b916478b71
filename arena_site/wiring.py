"""Every connection between apps, on one page. Each line of `connect` is a sentence."""

from __future__ import annotations


def connect() -> None:
    """Called once, when all apps are loaded."""
