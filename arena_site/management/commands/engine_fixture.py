"""What a released engine version owes for ever: write its fixture, or check one that exists."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser
from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

SMALL = {
    "ladder_levels": 1_024, "ai_orders_max": 4_096, "participant_orders_max": 64,
    "spare_rows": 8, "participants_max": 8, "calendar_max": 64,
}  # fmt: skip


class Command(BaseCommand):
    help = "Write the fixture of this engine version when it is released, or check fixtures."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        what = parser.add_mutually_exclusive_group(required=True)
        what.add_argument("--write", type=Path, help="folder that gets v<version>.json")
        what.add_argument("--check", type=Path, help="one fixture")

    def handle(self, *args: Any, **options: Any) -> None:
        from economy_engine.params import preset
        from worlds import released
        from worlds.economy import Economy

        engine = Economy()
        if options["write"]:
            path = options["write"] / f"v{engine.version}.json"
            if path.exists():
                raise CommandError(f"{path} exists: a released version's fixture never changes")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(released.write(engine, preset("lab", agents=500, seed=5, **SMALL)))
            self.stdout.write(f"{path}: {path.stat().st_size:,} bytes")
            return
        try:
            checked = released.check(engine, options["check"].read_text())
        except (OSError, ValueError, KeyError) as error:
            raise CommandError(f"{options['check']}: {error}") from error
        self.stdout.write(json.dumps(asdict(checked)))
        if checked.difference:
            sys.exit(1)
