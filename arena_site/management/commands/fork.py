"""A private branch of a running world from any tick that is kept; it ticks on in the workers."""

from __future__ import annotations

import time
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError

from arena_site.management.past import PastCommand, hexadecimal, refusals, whole
from players.models import User
from worlds import database, forks


class Command(PastCommand):
    help = "Branch a world at a past tick under a new name; the branch ends after some hours."

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--tick", type=whole, required=True, help="ticks done")
        parser.add_argument("--name", required=True, help="the branch's slug")
        parser.add_argument("--owner", metavar="USERNAME", help="whose branch; the house's if none")
        parser.add_argument("--hours", type=float, help="how long it is kept")

    def handle(self, *args: Any, **options: Any) -> None:
        from worlds.economy import Economy

        world = self.world(options)
        owner = None
        if options["owner"] is not None:
            owner = User.objects.filter(username=options["owner"]).first()
            if owner is None:
                raise CommandError(f"There is no player {options['owner']}.")
        started = time.monotonic()
        with refusals(), database.plain_connect("fork") as connection:
            made = forks.fork(
                Economy(),
                connection,
                parent=world,
                tick=options["tick"],
                slug=options["name"],
                owner=owner,
                hours=options["hours"],
                progress=self.progress(),
            )
        shown = {
            "world": made.world.slug,
            "parent": world.slug,
            "tick": made.fork.tick,
            "seq": made.fork.seq,
            "digest": hexadecimal(made.fork.digest),
            "digest_compared_at_tick": made.digest_compared,
            "digests_compared": made.digests_compared,
            "started_from": made.started_from,
            "owner": options["owner"],
            "expires_at": made.fork.expires_at.isoformat(),
            "seconds": round(time.monotonic() - started, 3),
        }
        self.say(options, shown)
