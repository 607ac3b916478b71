"""Steps that the supervisor does itself, in threads: migrations, known worlds, static files."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import django
from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

if TYPE_CHECKING:
    from worlds.compatibility import Obstacle

MIGRATION_LOCK = 7_201_942_011  # any number, the same for all who migrate this database


def migrate() -> str:
    """Apply what is missing, one process at a time; returns what to say."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(%s)", [MIGRATION_LOCK])
        try:
            executor = MigrationExecutor(connection)
            missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
            if missing:
                call_command("migrate", verbosity=0, interactive=False, stdout=sys.stderr)
        finally:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [MIGRATION_LOCK])
    finally:
        connection.close()
    return f"database migrated ({len(missing)} migrations)" if missing else "database is current"


class WorldsRefusedError(Exception):
    """This version cannot go on with a world that it is to run; the text says what to do."""


def check_worlds(planned: Collection[str], state: Path | None) -> str:
    """Refuse to start with planned worlds that stand still under this version.

    `state`: where `--fresh` begins anew; None when the database is somebody else's. Returns what to
    say of worlds that are not planned. Raises WorldsRefusedError.
    """
    from worlds import compatibility

    try:
        found = compatibility.obstacles()
    finally:
        connection.close()
    refused = [each for each in found if each.slug in planned]
    if refused:
        raise WorldsRefusedError(_refusal(refused, state))
    return "\n".join(f"world {each.slug} is left alone: {each.text}" for each in found)


def _refusal(refused: Sequence[Obstacle], state: Path | None) -> str:
    lines = [f"{each.slug} cannot go on: {each.text}" for each in refused]
    lines.append("To go on with it, start the version that wrote it.")
    if state is not None:
        lines += [
            "To begin anew:        python3 manage.py play --fresh",
            f"                      (discards the worlds and accounts in {state})",
            "To begin anew beside: ARENA_STATE=<another directory> python3 manage.py play",
        ]
    return "\n      ".join(lines)


def collect_static() -> str:
    """Collect and hash static files when an input changed; returns what to say."""
    stamp = Path(settings.STATIC_ROOT).with_suffix(".stamp")
    wanted = static_hash()
    if stamp.exists() and stamp.read_text() == wanted:
        return ""
    stamp.unlink(missing_ok=True)
    call_command("collectstatic", verbosity=0, interactive=False, clear=True, stdout=sys.stderr)
    stamp.parent.mkdir(parents=True, exist_ok=True)
    stamp.write_text(wanted)
    return "static files collected"


def static_hash() -> str:
    """Name, size and time of every input file, and the storage that hashes them."""
    from django.contrib.staticfiles.finders import get_finders

    digest = hashlib.sha256(f"{django.__version__} {settings.STORAGES['staticfiles']}".encode())
    for finder in get_finders():
        for name, storage in finder.list(None):
            facts = Path(storage.path(name)).stat()
            digest.update(f"{name} {facts.st_size} {facts.st_mtime_ns}\n".encode())
    return digest.hexdigest()
