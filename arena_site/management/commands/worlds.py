"""List the worlds with state, tick, lag and holder; halt or resume one."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from worlds import compatibility, selectors, services
from worlds.models import World


class Command(BaseCommand):
    help = "Show the worlds; with --halt or --resume ask the writer of one for it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true")
        parser.add_argument("--halt", metavar="WORLD")
        parser.add_argument("--resume", metavar="WORLD")
        parser.add_argument("--reason", default="by the command line")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["halt"]:
            world = self._world(options["halt"])
            services.world_halt(world=world, reason=options["reason"])
        if options["resume"]:
            services.world_resume(world=self._world(options["resume"]))
        heads = selectors.world_heads()
        obstacles = {each.world_id: each for each in compatibility.obstacles()}
        if options["json"]:
            rows = []
            for head in heads:
                known = obstacles.get(head.world_id)
                more = {"lag_ticks": head.lag_ticks, "obstacle": known.code if known else None}
                rows.append(asdict(head) | more)
            self.stdout.write(json.dumps({"worlds": rows}))
            return
        for head in heads:
            holder = head.holder if head.held and head.holder else "nobody"
            self.stdout.write(
                f"{head.slug}: {head.state}, tick {head.tick:,}, commit {head.commit:,}, "
                f"seq {head.seq:,}, {head.lag_ticks:,} ticks behind, held by {holder}"
            )
            if head.world_id in obstacles:
                self.stdout.write(f"  it cannot go on: {obstacles[head.world_id].text}")

    def _world(self, slug: str) -> World:
        world = selectors.world_by_slug(slug)
        if world is None:
            raise CommandError(f"There is no world {slug}.")
        return world
