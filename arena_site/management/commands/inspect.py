"""An agent or participant as it was at a past tick, and what it did in that tick."""

from __future__ import annotations

import time
from argparse import ArgumentParser
from typing import Any

from arena_site.management.past import PastCommand, hexadecimal, refusals, whole
from worlds import database, history


class Command(PastCommand):
    help = (
        "Show what an AI agent (by its number) or a participant had at a tick, and the orders and"
        " trades that it made in it. AI agents are not recorded: the tick is run once more."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--tick", type=whole, required=True, help="ticks done")
        who = parser.add_mutually_exclusive_group(required=True)
        who.add_argument("--agent", type=whole, metavar="ID", help="number of an AI agent")
        who.add_argument("--participant", type=whole, metavar="ID", help="a player in the world")

    def handle(self, *args: Any, **options: Any) -> None:
        from worlds.economy import Economy

        world = self.world(options)
        started = time.monotonic()
        with refusals(), database.plain_connect("inspect") as connection:
            seen = history.inspect(
                Economy(),
                connection,
                world.pk,
                options["tick"],
                agent=options["agent"],
                participant=options["participant"],
                progress=self.progress(),
            )
        shown = {
            "world": world.slug,
            "tick": options["tick"],
            "agent": options["agent"],
            "participant": options["participant"],
            "digest": hexadecimal(seen.digest),
            "digest_compared": seen.digest_compared,
            "started_from": seen.started_from,
            "state": seen.state,
            "actions": seen.actions,
            "seconds": round(time.monotonic() - started, 3),
        }
        self.say(options, shown)
