"""`manage.py scenario NAME`: a scripted event beside the same world without it."""

from __future__ import annotations

import json
import sys
import time
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from arena_site.scenarios import pairs, plots, verdict
from arena_site.scenarios.catalogue import AFTER_DAYS, BY_NAME, EVENT_DAY, SCENARIOS
from arena_site.validation import arguments, runs
from arena_site.validation import plots as pictures

ALL = "all"
DAYS_MAX = 720


class Command(BaseCommand):
    help = (
        "Let an event strike a world and compare it with its undisturbed twin: expected and "
        "measured answers with sign and size. Exit code 1 when one of those marked * is wrong."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", nargs="?", help=f"{', '.join(BY_NAME)}, or {ALL}")
        parser.add_argument("--list", action="store_true", help="name them all and stop")
        parser.add_argument("--seeds", type=int, default=5, help="how many seeds (default 5)")
        parser.add_argument("--first-seed", type=int, default=11)
        parser.add_argument("--agents", type=int, default=10_000)
        parser.add_argument("--regions", type=int, help="default: a default world's")
        parser.add_argument("--day", type=int, default=EVENT_DAY, help="game day of the event")
        parser.add_argument("--days", type=int, default=AFTER_DAYS, help="game days after it")
        parser.add_argument("--signs-only", action="store_true", help="do not judge sizes")
        parser.add_argument("--jobs", type=int, choices=[1, 2], default=2, help="processes")
        parser.add_argument("--json", action="store_true", help="one JSON document on stdout")
        parser.add_argument("--plot", type=Path, metavar="FILE", help="a picture, or a folder")
        parser.add_argument("--tamper", action="store_true", help="negative control: must fail")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["list"]:
            self._list(options["json"])
            return
        names, plans = self._plans(options)
        started = time.monotonic()
        ticks = [plan.ticks for plan in plans]
        try:
            lived = runs.run_all(pairs.live_pairs, plans, ticks, options["jobs"], "scenario")
        except ValueError as error:
            raise CommandError(str(error)) from error
        found = []
        for number, name in enumerate(names):
            of_name = [each[number] for each in lived]
            found.append((BY_NAME[name], verdict.answers(BY_NAME[name], of_name)))
            if options["plot"]:
                plots.write(_picture(options["plot"], name, names), BY_NAME[name], of_name)
        self._tell(found, options, [plan.seed for plan in plans], time.monotonic() - started)

    def _plans(self, options: dict[str, Any]) -> tuple[list[str], list[pairs.PairPlan]]:
        name = options["name"]
        if name is None:
            raise CommandError(f"Give a scenario or `{ALL}`; --list names them.")
        if name != ALL and name not in BY_NAME:
            raise CommandError(f"There is no scenario {name}. Known: {', '.join(BY_NAME)}, {ALL}.")
        names = list(BY_NAME) if name == ALL else [name]
        if not 1 <= options["seeds"] <= arguments.SEEDS_MAX:
            raise CommandError(f"--seeds is how many: 1 to {arguments.SEEDS_MAX}.")
        if not (1 <= options["day"] <= DAYS_MAX and 1 <= options["days"] <= DAYS_MAX):
            raise CommandError(f"--day and --days are game days, 1 to {DAYS_MAX}.")
        seeds = range(options["first_seed"], options["first_seed"] + options["seeds"])
        try:
            runs.world_params(options["agents"], seeds[0], options["regions"])
            if options["plot"]:
                several = options["plot"] if len(names) > 1 else None
                one = options["plot"] if len(names) == 1 else None
                pictures.check(several, one)
        except (ValueError, arguments.MissingPicturesError) as error:
            raise CommandError(str(error)) from error
        return names, [
            pairs.PairPlan(
                seed, options["agents"], options["regions"], options["day"], options["days"],
                tuple(names), options["tamper"],
            )
            for seed in seeds
        ]  # fmt: skip

    def _list(self, as_json: bool) -> None:
        if as_json:
            self.stdout.write(json.dumps({each.name: each.text for each in SCENARIOS}, indent=2))
            return
        width = max(map(len, BY_NAME))
        for each in SCENARIOS:
            self.stdout.write(f"{each.name:<{width}}  {each.text}")

    def _tell(
        self, found: list[Any], options: dict[str, Any], seeds: list[int], seconds: float
    ) -> None:
        size = not options["signs_only"]
        data = [verdict.as_data(scenario, answered, size=size) for scenario, answered in found]
        passed = sum(each["passed"] for each in data)
        shown = {
            "passed": passed,
            "total": len(data),
            "seeds": seeds,
            "agents": options["agents"],
            "compared": sum(len(each["answers"]) * len(seeds) for each in data),
            "sizes_judged": size,
            "tampered": options["tamper"],
            "seconds": round(seconds, 1),
            "scenarios": data,
        }
        if options["json"]:
            self.stdout.write(json.dumps(shown, indent=2, allow_nan=False))
        else:
            for (scenario, answered), each in zip(found, data, strict=True):
                word = "pass" if each["passed"] else "FAIL"
                self.stdout.write(f"\n{scenario.name}: {scenario.text}: {word}")
                self.stdout.write("\n".join(verdict.lines(answered)))
            self.stdout.write(
                f"\n{passed} of {len(data)} scenarios pass; {shown['compared']} comparisons over "
                f"{len(seeds)} seeds of {options['agents']:,} agents, {shown['seconds']} s."
            )
        if passed < len(data):
            sys.exit(1)


def _picture(path: Path, name: str, names: list[str]) -> Path:
    """One scenario: the file that was asked for; several: a folder with one each."""
    if len(names) == 1:
        return path
    path.mkdir(parents=True, exist_ok=True)
    return path / f"{name}.png"
