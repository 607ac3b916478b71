"""`manage.py test`: a cluster of its own, warm kernels, then pytest on two processes."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from arena_site.embedded.claim import Claim, StateBusyError
from arena_site.embedded.logs import Console
from arena_site.embedded.plan import application_environment, kernels
from arena_site.embedded.process import CHILD_PROGRAM
from arena_site.embedded.session import ROOT, ServicesError, databases
from arena_site.embedded.supervisor import StartFailedError, Supervisor
from arena_site.state_dir import beside, state_dir

FAILED, ALREADY_RUNNING = 1, 3
PLUGIN = "arena_site.embedded.pytest_services"
PROCESSES = 2
# With these, pytest's own arguments decide about processes.
CHOOSES_PROCESSES = ("-n", "--numprocesses", "--pdb", "--trace", "no:xdist", "--collect-only")


def run(arguments: Sequence[str]) -> int:
    """Run pytest with these arguments; returns its exit code."""
    home = state_dir(ROOT)
    state = beside(home, "test")
    console = Console(sys.stderr)
    try:
        claim = Claim(state, "test")
    except StateBusyError as error:
        console.plain(f"test: tests are running already (pid {error.holder.pid})")
        return ALREADY_RUNNING
    try:
        return _run_claimed(arguments, home, claim, console)
    except ServicesError as error:
        console.plain(f"test: {error}")
        return FAILED
    finally:
        claim.release()


def _run_claimed(arguments: Sequence[str], home: Path, claim: Claim, console: Console) -> int:
    discard(claim.state)
    environment = application_environment(home)
    environment["ARENA_STATE"] = str(claim.state)
    environment["DJANGO_SETTINGS_MODULE"] = "arena_site.settings.test"
    # Tests provoke errors of the database: on the terminal stands only what ends it.
    plan = [
        replace(line, console="PANIC")
        for line in databases(claim.state, unsafe=True)
        if line.name == "postgres"
    ]
    plan += [replace(line, optional=True) for line in kernels(environment)]
    supervisor = Supervisor(plan, claim, console)
    try:
        supervisor.start()
        return _pytest(arguments, environment)
    except StartFailedError as error:
        console.plain(f"test: {error}")
        return FAILED
    finally:
        supervisor.stop()
        discard(claim.state)


def _pytest(arguments: Sequence[str], environment: dict[str, str]) -> int:
    """pytest hears Ctrl-C itself, and ends if we are killed."""
    # The databases are left to the cluster, which is thrown away as a whole.
    command = [sys.executable, "-m", "pytest", "-p", PLUGIN, "--reuse-db"]
    if not any(item.startswith(CHOOSES_PROCESSES) for item in arguments):
        command += ["-n", str(PROCESSES)]
    wrapper = [sys.executable, "-I", "-S", str(CHILD_PROGRAM), str(os.getpid())]
    wrapper += [str(int(signal.SIGTERM)), "-", "-"]
    before = signal.signal(signal.SIGINT, lambda *_: None)  # an ignored one would be inherited
    child = subprocess.Popen([*wrapper, *command, *arguments], env=environment, cwd=ROOT)
    try:
        return child.wait()
    finally:
        signal.signal(signal.SIGINT, before)


def discard(state: Path) -> None:
    """Remove the cluster and the sockets; logs stay until the next run."""
    for pattern in ("pg", "redis*", "snapshots", "media"):
        for path in state.glob(pattern):
            shutil.rmtree(path, ignore_errors=True)
