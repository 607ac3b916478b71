"""Run every check: engine, worlds, API, sockets, browser and the house rules."""

from __future__ import annotations

import sys
from typing import Any

from django.core.management.base import BaseCommand

from arena_site.embedded import checks

HELP = """usage: manage.py test [--deep] [pytest arguments]

Runs all checks with pytest on two processes, with a PostgreSQL cluster and Valkey of its own.
It may run beside `play`. Whatever is given is passed on to pytest:

  manage.py test tests/engine           one directory
  manage.py test -k order -x            tests by name, stop at the first failure
  manage.py test -n 0 --pdb             one process, with the debugger
  manage.py test --deep                 large counts: many more examples and longer runs

Browser tests drive the system's Chromium (LEA_CHROMIUM, or chromium on PATH); without one they
are skipped, and with CI=true that is a failure. The exit code is pytest's; 3 when tests are
running already."""


class Command(BaseCommand):
    help = HELP

    def run_from_argv(self, argv: list[str]) -> None:
        """Arguments are pytest's, so they are not parsed here."""
        arguments = argv[2:]
        if "--help" in arguments or "-h" in arguments:
            print(HELP)
            return
        sys.exit(checks.run(arguments))

    def handle(self, *args: Any, **options: Any) -> None:
        sys.exit(checks.run([]))
