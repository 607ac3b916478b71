"""Plant every bug of the catalogue into a small world and see which invariant catches it; exit 1
when one is not caught, or by another rule than the one that guards against it."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand

AGENTS = 1_000
SMALL = {
    "ladder_levels": 2_048, "ai_orders_max": 16_384, "participant_orders_max": 256,
    "spare_rows": 16, "participants_max": 64, "calendar_max": 256,
}  # fmt: skip


class Command(BaseCommand):
    help = "Plant deliberate bugs and print which invariant catches each, and after how many ticks."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="print one JSON document to stdout")
        parser.add_argument("--write", type=Path, help="write the table as a page")

    def handle(self, *args: Any, **options: Any) -> None:
        from arena_site.planted import run
        from economy_engine.params import preset
        from worlds.economy import Economy

        engine = Economy()
        raw = run.living(engine, preset("lab", agents=AGENTS, seed=7, **SMALL))
        rows = run.run(engine, raw)
        missed = [row.bug for row in rows if not row.caught]
        if options["write"]:
            options["write"].write_text(run.markdown(rows))
        if options["json"]:
            table = [row._asdict() | {"caught": row.caught} for row in rows]
            shown = {"planted": len(rows), "caught": len(rows) - len(missed), "missed": missed}
            self.stdout.write(json.dumps(shown | {"bugs": table}, indent=2))
        else:
            for row in rows:
                self.stdout.write(f"{row.bug:<58}{row.distance_ticks:>5}  {row.found}")
            self.stdout.write(f"{len(rows) - len(missed)} of {len(rows)} caught")
        if missed:
            sys.exit(1)
