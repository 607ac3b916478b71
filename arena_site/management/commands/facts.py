"""`manage.py facts`: does the world behave like an economy? The battery over fresh worlds."""

from __future__ import annotations

import json
import sys
import time
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from arena_site.model_pages import living, pictures
from arena_site.validation import arguments, battery, export, plots, report, runs, stability
from arena_site.validation.measures import WARM_UP_DAYS, YEAR_DAYS
from arena_site.validation.recording import Recording

TICKS_PER_DAY = 240
SEEDS = (11, 12, 13, 14, 15)
# With --tamper these must fail, or the battery would not see what it is there to see.
TAMPERED = ("conservation", "ac_size_1")
NOT_WITH_PAGES = ("years", "json", "plots", "portrait", "export", "tamper")


class Command(BaseCommand):
    help = (
        "Live through fresh worlds and hold them against the facts of real economies and markets: "
        "fact, value, band, literature, pass. Exit code 1 when a fact fails."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--seeds", type=arguments.seeds, help="default: 11 to 15")
        parser.add_argument("--agents", type=int, default=10_000)
        length = parser.add_mutually_exclusive_group()
        length.add_argument("--ticks", type=int, help="length of each run (default 86,400: a year)")
        length.add_argument("--days", type=int, help="the same in game days of 240 ticks")
        length.add_argument(
            "--years", type=int, help="judge stability over so many years instead of the battery"
        )
        parser.add_argument("--regions", type=int, help="default: a default world's")
        parser.add_argument("--jobs", type=int, choices=[1, 2], default=2, help="processes")
        parser.add_argument("--json", action="store_true", help="one JSON document on stdout")
        parser.add_argument("--plots", type=Path, metavar="DIR", help="pictures of the runs")
        parser.add_argument("--portrait", type=Path, metavar="FILE", help="one page of one world")
        parser.add_argument(
            "--model-plots", type=Path, metavar="DIR",
            help="instead of the battery: one world (default seed 1, two regions, 120 days after "
            "the warm-up) and a picture for each page of docs/models",
        )  # fmt: skip
        parser.add_argument("--export", type=Path, metavar="FILE", help="raw series, .npz")
        parser.add_argument("--tamper", action="store_true", help="negative control: must fail")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["model_plots"]:
            self._draw_model_pages(options)
            return
        started = time.monotonic()
        ticks = _ticks(options)
        try:
            runs.world_params(options["agents"], 1, options["regions"])
            pictures = options["plots"] or options["portrait"]
            plots.check(options["plots"], options["portrait"]) if pictures else None
            export.check(options["export"])
            _check_length(options["plots"], ticks)
        except (ValueError, arguments.MissingPicturesError) as error:
            raise CommandError(str(error)) from error
        plans = [
            runs.Plan(seed, options["agents"], ticks, options["regions"], options["tamper"])
            for seed in options["seeds"] or SEEDS
        ]
        records = runs.run_all(runs.live, plans, [ticks] * len(plans), options["jobs"], "facts")
        facts = stability.CRITERIA if options["years"] else battery.FACTS
        findings = battery.judge(records, facts)
        self._write(options, records)
        shown = report.as_data(findings, records)
        shown |= {"tampered": options["tamper"], "seconds": round(time.monotonic() - started, 1)}
        if options["json"]:
            self.stdout.write(json.dumps(shown, indent=2, allow_nan=False))
        else:
            self.stdout.write(report.table(findings))
            self.stdout.write(_last_line(shown))
        if options["tamper"]:
            _check_control(findings)
        if shown["passed"] < shown["total"]:
            sys.exit(1)

    def _draw_model_pages(self, options: dict[str, Any]) -> None:
        """Live through one world and draw it: no fact is judged, so nothing can fail."""
        others = [name for name in NOT_WITH_PAGES if options[name]]
        if others:
            raise CommandError(f"--model-plots judges no facts: leave --{others[0]} out")
        try:
            plots.check(options["model_plots"])
            plan = _pages_plan(options)
        except (ValueError, arguments.MissingPicturesError) as error:
            raise CommandError(str(error)) from error
        story = runs.run_all(living.live, [plan], [plan.ticks], 1, "facts")[0]
        for path in pictures.write_all(options["model_plots"], story):
            self.stdout.write(str(path))

    def _write(self, options: dict[str, Any], records: list[Recording]) -> None:
        if options["export"]:
            export.write(options["export"], records)
        if options["plots"]:
            plots.write_all(options["plots"], records)
        if options["portrait"]:
            plots.write_portrait(options["portrait"], records[0])


def _pages_plan(options: dict[str, Any]) -> living.Plan:
    """Return the run that the pages are drawn from; raises ValueError with the reason."""
    given = {"agents": options["agents"]}
    if options["seeds"]:
        if len(options["seeds"]) > 1:
            raise ValueError("the pages are drawn from one world: give one seed")
        given["seed"] = options["seeds"][0]
    if options["days"] is not None or options["ticks"] is not None:
        given["days"] = _ticks(options) // TICKS_PER_DAY
    if options["regions"] is not None:
        given["regions"] = options["regions"]
    return living.Plan(**given)


def _ticks(options: dict[str, Any]) -> int:
    if options["years"] is not None:
        ticks = options["years"] * YEAR_DAYS * TICKS_PER_DAY
    elif options["days"] is not None:
        ticks = options["days"] * TICKS_PER_DAY
    else:
        ticks = YEAR_DAYS * TICKS_PER_DAY if options["ticks"] is None else options["ticks"]
    try:
        return arguments.bounded_ticks(ticks)
    except ValueError as error:
        raise CommandError(str(error)) from error


def _check_length(plots_folder: Path | None, ticks: int) -> None:
    """Pictures of returns need some: raises ValueError for a run that ends with its warm-up."""
    least = (WARM_UP_DAYS + 1) * TICKS_PER_DAY
    if plots_folder is not None and ticks < least:
        raise ValueError(f"the pictures leave the warm-up out: run {least:,} ticks or more")


def _last_line(shown: dict[str, Any]) -> str:
    compared = shown["compared"]
    return (
        f"\n{shown['passed']} of {shown['total']} facts pass: {len(shown['seeds'])} seeds, "
        f"{shown['agents']:,} agents, {shown['ticks']:,} ticks each; "
        f"{compared['ticks_checked']:,} ticks checked, {compared['bars']:,} bars, "
        f"{compared['days']:,} days, {shown['seconds']} s."
    )


def _check_control(findings: list[battery.Finding]) -> None:
    """The control itself fails, with another exit code, when what was broken was not seen."""
    passed = [f.fact.name for f in findings if f.fact.name in TAMPERED and f.passed]
    if passed:
        raise CommandError(f"the battery did not see that {', '.join(passed)} was tampered with")
