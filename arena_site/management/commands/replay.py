"""A world's state at a past tick, from the nearest snapshot and the journal; or a bundle's breach
once more. Exit 1 when the replay differs from the record, or a bundle shows nothing."""

from __future__ import annotations

import sys
import time
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError

from arena_site.management.past import PastCommand, hexadecimal, refusals, whole
from worlds import bundles, database, history
from worlds.errors import ReplayMismatch


class Command(PastCommand):
    help = "Replay a world to a tick and show its state there; with --bundle show a breach again."

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--to", type=whole, metavar="TICK", help="ticks done")
        parser.add_argument("--bundle", type=Path, help="reproduce a stored breach instead")

    def handle(self, *args: Any, **options: Any) -> None:
        from worlds.economy import Economy

        if (options["to"] is None) == (options["bundle"] is None):
            raise CommandError("Say --to TICK, or --bundle FILE.")
        if options["bundle"] is not None:
            self._reproduce(Economy(), options)
            return
        world = self.world(options)
        started = time.monotonic()
        with refusals(), database.plain_connect("replay") as connection:
            try:
                engine = Economy()
                past = history.at_tick(engine, connection, world.pk, options["to"], self.progress())
            except ReplayMismatch as difference:
                shown = {"world": world.slug, "tick": options["to"], "digest_equal": False}
                self.say(options, shown | {"first_difference": str(difference)})
                sys.exit(1)
        position = past.world.position
        self.say(
            options,
            {
                "world": world.slug,
                "tick": past.tick,
                "commit": position.commit,
                "seq": position.seq,
                "digest": hexadecimal(past.digest),
                "digest_equal": True,
                "digest_compared_at_tick": past.digest_compared,
                "digests_compared": past.digests_compared,
                "started_from": past.started_from,
                "start_tick": past.start_tick,
                "entries": past.entries,
                "ticks": past.ticks,
                "seconds": round(time.monotonic() - started, 3),
                "state": engine.summary(past.world.state),
            },
        )

    def _reproduce(self, engine: Any, options: dict[str, Any]) -> None:
        with refusals():
            shown = bundles.reproduce(engine, options["bundle"].read_bytes())
        self.say(options, shown)
        if not shown["reproduced"]:
            sys.exit(1)
