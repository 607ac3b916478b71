"""Drop a world's projections and derive them again from its blocks."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from worlds import database, rebuild, selectors
from worlds.errors import WorldError


class Command(BaseCommand):
    help = "Rebuild the projections of a world; pruned blocks are derived by replay."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--world", default="main")
        parser.add_argument("--only", nargs="*", help="names of projections; all by default")
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        from worlds.economy import Economy

        world = selectors.world_by_slug(options["world"])
        if world is None:
            raise CommandError(f"There is no world {options['world']}.")
        with database.plain_connect("rebuild") as connection:
            try:
                done = rebuild.rebuild(
                    Economy(), connection, world, options["only"], self._progress
                )
            except (WorldError, LookupError) as error:
                raise CommandError(str(error)) from error
        if options["json"]:
            self.stdout.write(json.dumps({"projections": [asdict(each) for each in done]}))
        for each in done if not options["json"] else []:
            text = (
                f"{each.name}: {each.commits_read} commits read, {each.commits_replayed} replayed"
            )
            self.stdout.write(text + (f"; missing {each.missing}" if each.missing else ""))
        if any(each.missing for each in done):
            sys.exit(1)

    def _progress(self, name: str, read: int, replayed: int) -> None:
        self.stderr.write(f"{name}: {read} commits read, {replayed} replayed")
