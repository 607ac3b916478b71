"""Create a world: genesis, hidden warm-up, first snapshot, head."""

from __future__ import annotations

import secrets
import sys
import time
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from worlds import birth, database, retention, selectors
from worlds.errors import WorldError

PROGRESS_SECONDS = 1.0
SEED_BITS = 62


class Command(BaseCommand):
    help = "Create a world and let it live through its hidden first days."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", help="the world's slug, such as main")
        parser.add_argument("--agents", type=int, default=100_000)
        parser.add_argument("--preset", default="sprint", choices=["sprint", "persistent", "lab"])
        parser.add_argument("--regions", type=int, default=2, choices=range(1, 5))
        parser.add_argument("--seed", type=int, help="a random one when left out")
        parser.add_argument("--warmup-days", type=int, default=30)
        parser.add_argument("--if-missing", action="store_true", help="do nothing if it exists")

    def handle(self, *args: Any, **options: Any) -> None:
        from worlds.economy import Economy

        slug = options["name"]
        world = selectors.world_by_slug(slug)
        if world is not None and birth.has_head(world):
            if options["if_missing"]:
                self.stdout.write(f"World {slug} is there.")
                return
            raise CommandError(f"World {slug} exists.")
        given = options["seed"]
        seed = given if given is not None else secrets.randbits(SEED_BITS)
        if world is not None and given is None:
            seed = world.seed  # begun before and interrupted
        retention.ensure_partitions()
        self.stdout.write(f"World {slug}: {options['agents']:,} agents, warming the engine up.")
        engine = Economy()
        engine.warm()
        started = time.monotonic()
        with database.plain_connect("world-create") as connection:
            try:
                made = birth.create_world(
                    engine,
                    connection,
                    slug=slug,
                    agents=options["agents"],
                    preset=options["preset"],
                    seed=seed,
                    regions=options["regions"],
                    warm_up_days=options["warmup_days"],
                    progress=self._progress(started),
                )
            except (WorldError, ValueError) as error:
                raise CommandError(str(error)) from error
        seconds = time.monotonic() - started
        self.stdout.write(f"World {made.slug} is born after {seconds:.0f} s; seed {seed}.")

    def _progress(self, started: float) -> birth.Progress:
        """One line a second at most: days done, share, time left."""
        said_at = 0.0

        def progress(done: int, total: int) -> None:
            nonlocal said_at
            now = time.monotonic()
            if now - said_at < PROGRESS_SECONDS and done < total:
                return
            said_at = now
            left = (now - started) / done * (total - done)
            end = "\r" if sys.stdout.isatty() and done < total else "\n"
            text = f"Day {done} of {total} ({100 * done // total} %), {left:.0f} s left.  "
            self.stdout.write(text, ending=end)
            self.stdout.flush()

        return progress
