"""Kill worlds at named steps and prove that nothing was lost, doubled or told wrong.

Exit codes: 0 all is as it must be, 1 something is not, 2 the test could not run."""

from __future__ import annotations

import argparse
import json
import logging
import sys
import time
from typing import Any

from django.core.management.base import BaseCommand, CommandError

PROGRESS_SECONDS = 5.0
BAR_WIDTH = 30


class Command(BaseCommand):
    help = __doc__ or ""
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--points", type=int, default=1_000, help="crashes (1000)")
        parser.add_argument("--seed", type=int, default=7)
        parser.add_argument("--agents", type=int, default=500, help="agents of the world (500)")
        parser.add_argument("--json", action="store_true", help="print one JSON document")
        parser.add_argument(
            "--faults",
            action="store_true",
            help="faults under load instead: databases killed, connections cut, zombies, clocks",
        )
        parser.add_argument(
            "--scale", type=float, default=1.0, help="share of the full counts of faults (1)"
        )
        parser.add_argument(
            "--recovery",
            action="store_true",
            help="outages instead, as an outside client at 50 orders a second sees them",
        )
        parser.add_argument(
            "--kind",
            action="append",
            choices=("worker_killed", "worker_hung", "postgres_killed", "rolling_restart"),
            help="with --recovery: only outages of this kind, may be given more than once",
        )
        parser.add_argument("--injections", type=int, default=30, help="outages of each kind (30)")
        parser.add_argument(
            "--negative",
            action="store_true",
            help="negative controls instead: asynchronous commit, no fencing, no keys must be seen",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        from arena_site.crash import ground, points
        from worlds.economy import Economy

        if options["verbosity"] < 2:  # what writers say of the faults they are given is expected
            logging.getLogger("worlds").setLevel(logging.CRITICAL)
        engine = Economy()
        self.stderr.write("loading the engine")
        engine.warm()
        state = ground.state_directory()
        try:
            with ground.ground(state) as made:
                shown = self._run(made, engine, options)
        except (ground.GroundError, points.NotHitError, TimeoutError) as error:
            raise CommandError(str(error), returncode=2) from error
        if options["json"]:
            self.stdout.write(json.dumps(shown))
        else:
            for name, value in shown.items():
                self.stdout.write(f"{name.replace('_', ' ')}: {value}")
        if not shown["passed"]:
            sys.exit(1)

    def _run(self, made: Any, engine: Any, options: dict[str, Any]) -> dict[str, Any]:
        from arena_site.crash import controls, outage, points, storm

        shared = {"seed": options["seed"], "agents": options["agents"]}
        if options["negative"]:
            return controls.run(made, engine, **shared)
        bar = Bar(self.stderr)
        if options["recovery"]:
            count, kinds = options["injections"], options["kind"] or ()
            return outage.run(made, engine, injections=count, kinds=kinds, progress=bar, **shared)
        if options["faults"]:
            return storm.run(made, engine, scale=options["scale"], progress=bar, **shared)
        return points.run(made, engine, points=options["points"], progress=bar, **shared)


class Bar:
    """How far it is: a bar on a terminal, a line every few seconds elsewhere."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream
        self._started = self._said_at = time.monotonic()
        self._drawn = stream.isatty()

    def __call__(self, done: int, total: int) -> None:
        now = time.monotonic()
        if now - self._said_at < (0.1 if self._drawn else PROGRESS_SECONDS) and done < total:
            return
        self._said_at = now
        left = (now - self._started) / done * (total - done)
        filled = BAR_WIDTH * done // total
        bar = f"[{'#' * filled}{' ' * (BAR_WIDTH - filled)}] {done} of {total}, {left:.0f} s left"
        self._stream.write(f"\r{bar}" if self._drawn else bar, ending="" if self._drawn else "\n")
        if self._drawn and done == total:
            self._stream.write("")
