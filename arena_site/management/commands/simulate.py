"""The arena in one process from a seed, with faults; exit 1 when anything was lost, doubled or
different, or when a kind of fault never struck. A control switches a guard off and must fail."""

from __future__ import annotations

import json
import sys
import time
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from arena_site.management.past import whole

PROGRESS_SECONDS = 2.0
SEEDS = 200


class Command(BaseCommand):
    help = (
        "Simulate writers, a zombie, gateways, projector, database and broker outcomes from seeds."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        from arena_site.simulation.plan import CONTROLS

        parser.add_argument("--seeds", type=whole, default=SEEDS, help="how many, from --first on")
        parser.add_argument("--first", type=whole, default=1, help="the first seed")
        parser.add_argument("--seed", type=whole, help="this one alone, to see it again")
        parser.add_argument(
            "--control", choices=sorted(CONTROLS), help="negative control: " + "; ".join(
                f"{name}: {text}" for name, text in CONTROLS.items()
            ),
        )  # fmt: skip
        parser.add_argument("--json", action="store_true", help="print one JSON document to stdout")

    def handle(self, *args: Any, **options: Any) -> None:
        from arena_site.simulation import run

        alone = options["seed"]
        first = options["first"] if alone is None else alone
        seeds = range(first, first + (options["seeds"] if alone is None else 1))
        control = options["control"] or ""
        table = run.run_seeds(seeds, control, self._progress())
        shown = table.as_dict(first, control)
        unexercised = alone is None and bool(shown["unexercised"])
        passed = not shown["failing_seeds"] and not unexercised and bool(shown["seeds"])
        shown["passed"] = passed
        if options["json"]:
            self.stdout.write(json.dumps(shown, indent=2))
        else:
            self._table(shown)
        if not passed:
            sys.exit(1)

    def _table(self, shown: dict[str, Any]) -> None:
        for kind, count in shown["faults"].items():
            self.stdout.write(f"{kind:<32}{count:>8,}")
        for name in ("seeds", "acknowledged", "journaled", "ticks", "commits", "epochs", "seconds"):
            self.stdout.write(f"{name:<32}{shown[name]:>8,}")
        for each in shown["failures"]:
            self.stdout.write(f"seed {each['seed']}: {'; '.join(each['problems'])}")
            self.stdout.write(f"  again with: {each['reproduce']}")
        if shown["unexercised"]:
            self.stdout.write(f"never struck: {', '.join(shown['unexercised'])}")
        self.stdout.write("passed" if shown["passed"] else "FAILED")

    def _progress(self) -> Any:
        said_at = time.monotonic()

        def progress(done: int, total: int) -> None:
            nonlocal said_at
            if time.monotonic() - said_at >= PROGRESS_SECONDS:
                said_at = time.monotonic()
                print(f"seed {done:,} of {total:,}", file=sys.stderr)

        return progress
