"""Lend the databases of a state directory to one command, and give every command its services.

A command attaches to what is running, else starts the databases for its own duration.
"""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from arena_site.embedded.claim import Claim, StateBusyError, held
from arena_site.embedded.numba_cache import engine_environment
from arena_site.state_dir import beside, state_dir

ROOT = Path(__file__).resolve().parent.parent.parent
ATTACH_SECONDS = 60.0
# Commands that touch no database, or that arrange for one themselves.
SELF_SUFFICIENT = {
    "help", "version", "check", "play", "test", "makemigrations", "collectstatic", "findstatic",
    "diffsettings", "startapp", "spectacular", "makemessages", "compilemessages",
}  # fmt: skip
# Commands that keep a state directory of their own, so that they may run beside `play`.
SEPARATE = {"bench", "crashtest", "simulate", "facts", "scenario"}


class ServicesError(Exception):
    """The databases cannot be had; the text says why."""


def execute(argv: list[str]) -> None:
    """Run a management command with the services that it needs."""
    from django.core.management import execute_from_command_line

    command = argv[1] if len(argv) > 1 else "help"
    prepare_environment(command)
    asks_help = any(item in {"-h", "--help", "--version"} for item in argv[1:])
    if asks_help or command in SELF_SUFFICIENT | SEPARATE or command.startswith("-"):
        execute_from_command_line(argv)
        return
    try:
        with services(command=command):
            execute_from_command_line(argv)
    except ServicesError as error:
        sys.exit(f"{command}: {error}")


def prepare_environment(command: str) -> None:
    """State directory and kernel cache, set before Django and numba are imported."""
    state = state_dir(ROOT)
    cache_home = state
    if command in SEPARATE and "ARENA_STATE" not in os.environ:
        state = beside(state, command)
        os.environ["ARENA_STATE"] = str(state)
    if command not in SELF_SUFFICIENT and "NUMBA_CACHE_DIR" not in os.environ:
        for key, value in engine_environment(ROOT, cache_home).items():
            os.environ.setdefault(key, value)


@contextlib.contextmanager
def services(
    state: Path | None = None, *, command: str = "a command", unsafe: bool = False
) -> Iterator[None]:
    """The databases of `state` are there inside the block; ours end with it.

    `unsafe` switches durability off, for clusters that are thrown away. Nothing happens where
    `DATABASE_URL` and `REDIS_URL` are given, or where a supervisor started this process.
    """
    chosen = state or state_dir(ROOT)
    if os.environ.get("ARENA_SERVICES") == "running" or not wanted():
        yield
        return
    try:
        claim = Claim(chosen, command)
    except StateBusyError:
        attach(chosen)
        yield
        return
    from arena_site.embedded.supervisor import StartFailedError, Supervisor

    try:
        supervisor = Supervisor(databases(chosen, unsafe=unsafe), claim, None)
        try:
            supervisor.start()
            yield
        except StartFailedError as error:
            raise ServicesError(str(error)) from error
        finally:
            supervisor.stop()
    finally:
        claim.release()


def wanted() -> list[str]:
    """Which services are ours to start: those without a URL."""
    names = {"DATABASE_URL": "postgres", "REDIS_URL": "valkey"}
    return [name for key, name in names.items() if not os.environ.get(key)]


def databases(state: Path, *, unsafe: bool = False) -> list:
    """The database lines of a plan."""
    from arena_site.embedded.accounts import AccountError
    from arena_site.embedded.postgres import Postgres, PostgresError
    from arena_site.embedded.valkey import Valkey, ValkeyError

    plan = []
    try:
        if "postgres" in wanted():
            plan.append(Postgres(state, unsafe=unsafe).process())
        if "valkey" in wanted():
            plan.append(Valkey(state / "redis", durable=not unsafe).process())
    except (AccountError, PostgresError, ValkeyError) as error:
        raise ServicesError(str(error)) from error
    return plan


def attach(state: Path) -> None:
    """Wait until the databases that somebody else runs in `state` answer."""
    probes = [process.ready for process in databases(state) if process.ready]
    deadline = time.monotonic() + ATTACH_SECONDS
    while not all(probe() for probe in probes):
        if not held(state):
            raise ServicesError("the game that was running has just ended; try again")
        if time.monotonic() > deadline:
            raise ServicesError(f"the databases in {state} do not answer")
        time.sleep(0.1)
