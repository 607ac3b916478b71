"""Start the whole game and keep it running until Ctrl-C."""

from __future__ import annotations

import argparse
import os
import sys
from typing import Any

from django.core.management.base import BaseCommand

from arena_site.embedded import game

HELP = """Start everything: PostgreSQL, Valkey, the world, its workers and the site.

The first start compiles the engine and gives birth to a world; the site is shown meanwhile.
Ctrl-C stops all of it, a second Ctrl-C hurries. Exit codes: 0 stopped, 1 something failed,
3 the game is running already."""


class Command(BaseCommand):
    help = HELP
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.formatter_class = argparse.RawDescriptionHelpFormatter
        port = os.environ.get("PORT")
        parser.add_argument(
            "--port", type=int, default=int(port) if port else None,
            help="where the site listens on this machine; 0 takes a free one (default: 8000, "
            "or the next that is free)",
        )  # fmt: skip
        parser.add_argument("--fresh", action="store_true", help="discard all data, begin anew")
        parser.add_argument("--worlds", type=_positive, default=1, help="how many worlds (1)")
        parser.add_argument(
            "--world-workers", type=_positive, default=2, help="processes that run worlds (2)"
        )
        parser.add_argument(
            "--agents", type=_positive, default=100_000, help="agents of a new world (100000)"
        )
        parser.add_argument(
            "--regions", type=int, default=2, choices=range(1, 5),
            help="regions of a new world, each with its own markets (2)",
        )  # fmt: skip
        parser.add_argument("--no-open", action="store_true", help="do not open a browser")
        parser.add_argument(
            "--json", action="store_true",
            help="print one JSON document when all is up; everything else goes to stderr",
        )  # fmt: skip

    def handle(self, *args: Any, **options: Any) -> None:
        request = game.Request(
            port=options["port"],
            fresh=options["fresh"],
            worlds=options["worlds"],
            world_workers=options["world_workers"],
            agents=options["agents"],
            regions=options["regions"],
            open_browser=not options["no_open"],
            as_json=options["json"],
        )
        sys.exit(game.run(request))


def _positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError("must be 1 or more")
    return value
