"""Follow a live world with a replay of its own journal; halt it with a bundle where they differ.
Low priority, and asleep for most of the time: `--share` says for how much of it at most."""

from __future__ import annotations

import os
import sys
import time
from argparse import ArgumentParser
from dataclasses import asdict
from typing import Any

from django.core.management.base import CommandError

from arena_site.management.past import PastCommand, refusals
from worlds import database, shadow

TURN_SECONDS = 0.25
NICENESS = 15


class Command(PastCommand):
    help = "Replay a world behind the live one and compare every digest; exit 1 at a difference."

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--seconds", type=float, help="stop after these; for ever by default")
        parser.add_argument("--share", type=float, default=0.1, help="of one processor, at most")

    def handle(self, *args: Any, **options: Any) -> None:
        from worlds.economy import Economy

        share, started = options["share"], time.monotonic()
        if not 0 < share <= 1:
            raise CommandError("--share is above 0 and at most 1.")
        world = self.world(options)
        os.nice(NICENESS)
        engine = Economy()
        engine.warm()
        with refusals(), database.plain_connect("shadow") as connection:
            follower = shadow.Shadow(engine, connection, world)
            while follower.follow(TURN_SECONDS):
                spent = time.monotonic()
                if options["seconds"] is not None and spent - started >= options["seconds"]:
                    break
                time.sleep(TURN_SECONDS * (1 - share) / share)
        self.say(options, {"world": world.slug, **asdict(follower.compared)})
        if follower.compared.difference is not None:
            sys.exit(1)
