"""Replay a world beside itself and compare everything that was recorded; exit 1 if anything
differs. With --tamper one payload is altered in memory, and the answer must be false."""

from __future__ import annotations

import json
import sys
import time
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from arena_site.management.past import whole
from worlds import bundles, database, selectors, verification
from worlds.errors import WorldError

PROGRESS_SECONDS = 2.0


class Command(BaseCommand):
    help = "Replay a world's journal and compare results, digests and snapshots."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--world", default="main")
        parser.add_argument("--since", type=int, default=0, help="start at a later snapshot")
        parser.add_argument("--from-tick", type=whole, help="start at the snapshot before it")
        parser.add_argument("--to-tick", type=whole, help="stop before passing it")
        parser.add_argument("--json", action="store_true")
        parser.add_argument("--tamper", action="store_true", help="negative control: must fail")
        parser.add_argument("--bundle", type=Path, help="reproduce a stored breach instead")

    def handle(self, *args: Any, **options: Any) -> None:
        from worlds.economy import Economy

        if options["bundle"]:
            self._reproduce(Economy(), options["bundle"])
            return
        world = selectors.world_by_slug(options["world"])
        if world is None:
            raise CommandError(f"There is no world {options['world']}.")
        limits = options["from_tick"], options["to_tick"]
        if None not in limits and limits[0] > limits[1]:
            raise CommandError(f"--from-tick {limits[0]} lies behind --to-tick {limits[1]}.")
        started = time.monotonic()
        with database.plain_connect("verify") as connection:
            try:
                report = verification.verify(
                    Economy(),
                    connection,
                    world.pk,
                    world.slug,
                    since=options["since"],
                    from_tick=options["from_tick"],
                    to_tick=options["to_tick"],
                    tamper=options["tamper"],
                    progress=self._progress(),
                )
            except (WorldError, LookupError) as error:
                raise CommandError(str(error)) from error
        shown = report.as_dict() | {"seconds": round(time.monotonic() - started, 2)}
        if options["json"]:
            self.stdout.write(json.dumps(shown))
        else:
            for name, value in shown.items():
                self.stdout.write(f"{name.replace('_', ' ')}: {value}")
        if not report.digest_equal:
            sys.exit(1)

    def _reproduce(self, engine: Any, path: Path) -> None:
        shown = bundles.reproduce(engine, path.read_bytes())
        self.stdout.write(json.dumps(shown, indent=2))
        if not shown["reproduced"]:
            sys.exit(1)

    def _progress(self) -> verification.Progress:
        said_at = time.monotonic()

        def progress(done: int, total: int) -> None:
            nonlocal said_at
            if time.monotonic() - said_at >= PROGRESS_SECONDS:
                said_at = time.monotonic()
                self.stderr.write(f"tick {done:,} of {total:,}")

        return progress
