"""`manage.py bench NAME`: figures beside a peer or limit measured in the same run."""

from __future__ import annotations

import importlib
import json
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

BENCHES = {
    "tick": "one tick of a large world, against a numpy Boltzmann exchange step",
    "book": "a recorded order flow, against a heap-and-deque book in plain Python",
    "soak": "the whole game with bots for minutes: memory, ticks, lag, disk",
    "replay": "a lived world replayed from its snapshot, against the 10 Hz it was lived at",
    "snapshot": "what a snapshot costs the tick, its size and loading, against a memory copy",
    "commands": "orders from an outside process through the socket door and in batches",
}


class Command(BaseCommand):
    help = "Measure one part of the arena: " + "; ".join(f"{n}: {t}" for n, t in BENCHES.items())
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", choices=sorted(BENCHES))
        parser.add_argument("--json", action="store_true", help="print one JSON document to stdout")
        parser.add_argument("--agents", type=int, default=100_000, help="agents in the world")
        parser.add_argument("--seed", type=int, default=11)
        parser.add_argument("--operations", type=int, default=1_000_000, help="operations (book)")
        parser.add_argument("--minutes", type=float, default=20.0, help="how long (soak)")
        parser.add_argument(
            "--seconds", type=float, default=60.0, help="seconds at the steady rate (commands)"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        module = importlib.import_module(f"arena_site.bench.{options['name']}")
        figures = module.run(options, progress=lambda text: print(text, file=sys.stderr))
        if not figures:
            raise CommandError("the bench measured nothing")
        if options["json"]:
            self.stdout.write(json.dumps(figures, indent=2))
            return
        width = max(len(name) for name in figures)
        for name, value in figures.items():
            shown = f"{value:,.3f}" if isinstance(value, float) else f"{value}"
            self.stdout.write(f"{name:<{width}}  {shown}")
