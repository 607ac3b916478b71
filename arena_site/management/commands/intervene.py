"""`manage.py intervene NAME`: let a named event strike a running world, as a journaled command."""

from __future__ import annotations

import json
import time
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from economy_engine.commands import BadCommandError
from worlds import selectors, services
from worlds.errors import WorldError
from worlds.interventions import BY_NAME, INTERVENTIONS

WAIT_SECONDS_MAX = 60.0
POLL_SECONDS = 0.05


class Command(BaseCommand):
    help = (
        "Let a named event strike a running world: a resource shock, a drought, new money, a "
        "panic, a pinned rate. It is a command in the journal, so that a replay sees it, too."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", nargs="?", help=", ".join(BY_NAME))
        parser.add_argument("--list", action="store_true", help="name them all and stop")
        parser.add_argument("--world", default="main")
        parser.add_argument(
            "--size", type=float, help="another size: a factor, log points, credits, or the rate"
        )
        parser.add_argument("--good", metavar="CODE", help="another good, such as LITH")
        parser.add_argument("--days", type=int, help="term of a pinned rate in game days")
        parser.add_argument("--reason", default="", help="kept in the log")
        parser.add_argument(
            "--wait", type=float, default=5.0, help="seconds to wait for the decision (default 5)"
        )
        parser.add_argument("--json", action="store_true", help="one JSON document on stdout")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["list"]:
            for each in INTERVENTIONS:
                self.stdout.write(f"{each.name:<12}  {each.text}")
            return
        if options["name"] not in BY_NAME:
            known = ", ".join(BY_NAME)
            raise CommandError(f"There is no event {options['name']}. Known: {known}.")
        if not 0.0 <= options["wait"] <= WAIT_SECONDS_MAX:
            raise CommandError(f"--wait is 0 to {WAIT_SECONDS_MAX:.0f} seconds.")
        world = selectors.world_by_slug(options["world"])
        if world is None:
            raise CommandError(f"There is no world {options['world']}.")
        try:
            event = BY_NAME[options["name"]].changed(
                options["size"], options["good"], options["days"]
            )
            receipts = services.world_intervene(
                world=world, intervention=event, reason=options["reason"]
            )
        except (BadCommandError, ValueError, OverflowError, WorldError) as error:
            raise CommandError(f"{options['name']}: {error}; nothing was done") from error
        found = self._decided(world.pk, [each.command_id for each in receipts], options["wait"])
        self._tell(options, found)

    def _decided(self, world_id: int, ids: list[Any], wait: float) -> list[Any]:
        """What became of the commands, after a bounded wait."""
        until = time.monotonic() + wait
        while True:
            found = [
                selectors.command_status(world_id, services.SYSTEM_PARTICIPANT, each)
                for each in ids
            ]
            open_ones = [each for each in found if each is None or each.status == "accepted"]
            if not open_ones or time.monotonic() >= until:
                return found
            time.sleep(POLL_SECONDS)

    def _tell(self, options: dict[str, Any], found: list[Any]) -> None:
        rows = [
            {
                "command_id": str(each.command_id),
                "status": each.status,
                "tick": each.tick,
                "seq": each.seq,
                "reason": each.reason_code,
            }
            for each in found
            if each is not None
        ]
        if options["json"]:
            self.stdout.write(json.dumps({"event": options["name"], "commands": rows}))
        else:
            for row in rows:
                self.stdout.write(_sentence(options["name"], row))
        refused = [row["reason"] for row in rows if row["status"] == "rejected"]
        if refused:
            raise CommandError(f"the engine refused it: {', '.join(map(str, refused))}")


def _sentence(name: str, row: dict[str, Any]) -> str:
    if row["status"] == "executed":
        return f"{name}: executed at tick {row['tick']}, journal number {row['seq']}."
    if row["status"] == "rejected":
        return f"{name}: rejected, {row['reason']}."
    return f"{name}: accepted; it acts when the world runs (command {row['command_id']})."
