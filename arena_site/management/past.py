"""What the commands that look into a world's past share: its arguments, its world, its answers."""

from __future__ import annotations

import json
import time
from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from worlds import selectors
from worlds.errors import WorldError
from worlds.models import World

PROGRESS_SECONDS = 2.0


def whole(text: str) -> int:
    """A tick or number on the command line: digits, not negative."""
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise ArgumentTypeError(f"{text!r} is not a whole number of at least 0")
    return int(text)


class PastCommand(BaseCommand):
    """A command on a named world; with --json stdout is one document."""

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--world", default="main", help="the world's slug")
        parser.add_argument("--json", action="store_true", help="print one JSON document to stdout")

    def world(self, options: dict[str, Any]) -> World:
        """The world that was named. Raises CommandError."""
        world = selectors.world_by_slug(options["world"])
        if world is None or selectors.world_head(world.pk) is None:
            raise CommandError(f"There is no world {options['world']}.")
        return world

    def say(self, options: dict[str, Any], shown: dict[str, Any]) -> None:
        """Print a report, as one JSON document or line by line."""
        if options["json"]:
            self.stdout.write(json.dumps(shown))
            return
        for name, value in shown.items():
            self.stdout.write(f"{name.replace('_', ' ')}: {_plain(value)}")

    def progress(self) -> Any:
        """Says on stderr every two seconds how far a replay is."""
        said_at = time.monotonic()

        def progress(done: int, total: int) -> None:
            nonlocal said_at
            if time.monotonic() - said_at >= PROGRESS_SECONDS:
                said_at = time.monotonic()
                self.stderr.write(f"tick {done:,} of {total:,}")

        return progress


@contextmanager
def refusals() -> Iterator[None]:
    """What a world refuses is one line of error, never a traceback."""
    try:
        yield
    except (WorldError, LookupError, ValueError, OSError) as error:
        raise CommandError(str(error)) from error


def hexadecimal(digest: int) -> str:
    """A digest as people compare it."""
    return f"{digest % (1 << 64):016x}"


def _plain(value: Any) -> str:
    if isinstance(value, (dict, list)):
        return json.dumps(value)
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else f"{value}"
