"""The processes of a running game, one line each. This is the page to read, and to change.

Order is by `after`: a line starts when the lines it names are ready or done. The site comes
first: it is up while the kernels are compiled and the world is born.
"""

from __future__ import annotations

import os
import sys
import urllib.error
import urllib.request
from collections import ChainMap
from dataclasses import dataclass, replace
from pathlib import Path

from arena_site.embedded import tasks
from arena_site.embedded.numba_cache import engine_environment
from arena_site.embedded.postgres import Postgres
from arena_site.embedded.process import Kind, Process
from arena_site.embedded.session import ROOT, databases

PYTHON = sys.executable
CELERY = [PYTHON, "-m", "celery", "-A", "arena_site", "--quiet"]
ALONE = ["--without-gossip", "--without-mingle", "--without-heartbeat", "-l", "WARNING"]
ROOT_WARNING = "ignore:You're running the worker with superuser privileges"
WARM_UP = "from economy_engine import warmup; warmup.{}()"


@dataclass(frozen=True)
class Options:
    """What `play` was asked for."""

    state: Path
    port: int
    worlds: int = 1
    world_workers: int = 2
    agents: int = 100_000
    regions: int = 2


def game(options: Options) -> list[Process]:
    """Everything from the databases to the site."""
    shared = application_environment(options.state)
    plan = databases(options.state)
    have = {process.name for process in plan}
    plan += [*kernels(shared), static_files(), migrations(options.state, shared, have)]
    plan += [known_worlds(options, have), gateway(options.port, shared)]
    plan += [world(number, options, shared) for number in range(1, options.worlds + 1)]
    plan += [world_worker(number, shared) for number in range(1, options.world_workers + 1)]
    plan += [general_worker(shared), beat(options.state, shared)]
    return [only_known(process, {process.name for process in plan}) for process in plan]


def only_known(process: Process, names: set[str]) -> Process:
    """Drop what is not planned from `after`: a given database has no line of its own."""
    return replace(process, after=tuple(name for name in process.after if name in names))


def application_environment(state: Path) -> dict[str, str]:
    """Shared by all Python processes; the migrations add the roles' URLs to it."""
    settings = os.environ.get("DJANGO_SETTINGS_MODULE", "arena_site.settings.embedded")
    own = {
        "ARENA_BOOTSTRAP": "0",
        "ARENA_SERVICES": "running",
        "ARENA_STATE": str(state),
        "DJANGO_SETTINGS_MODULE": settings,
        "PYTHONUNBUFFERED": "1",
        "PYTHONWARNINGS": ROOT_WARNING,  # root is a plain fact in a container
    }
    engine = {} if "NUMBA_CACHE_DIR" in os.environ else engine_environment(ROOT, state)
    return {**os.environ, **own, **engine}


def kernels(shared: dict[str, str]) -> list[Process]:
    """Compile the engine's kernels once, in the background, into the cache that all share.

    Two processes compile halves of them, a third finds them done and runs them all, beside the
    birth of a world, which waits for the halves alone.
    """

    def one(name: str, function: str, says: str, after: tuple[str, ...] = ()) -> Process:
        return Process(
            name=name,
            kind=Kind.ONE_SHOT,
            command=[PYTHON, "-c", WARM_UP.format(function)],
            environment=shared,
            after=after,
            cwd=ROOT,
            stop_phase=0,
            says=says,
        )

    return [
        one("kernels1", "compile_agents", "the agents' kernels are compiled"),
        one("kernels2", "compile_rest", "the other kernels are compiled"),
        one("kernels", "warm", "all kernels run", after=("kernels1", "kernels2")),
    ]


def static_files() -> Process:
    return Process(name="static", kind=Kind.TASK, task=tasks.collect_static)


def migrations(state: Path, shared: dict[str, str], have: set[str]) -> Process:
    def migrate() -> str:
        said = tasks.migrate()
        if "postgres" in have:
            shared.update(Postgres(state).role_urls())
        return said

    return Process(name="migrations", kind=Kind.TASK, task=migrate, after=("postgres",))


def known_worlds(options: Options, have: set[str]) -> Process:
    """Worlds that this version cannot go on with end the start, before anybody tries to."""
    planned = [slug_of(number) for number in range(1, options.worlds + 1)]
    state = options.state if "postgres" in have else None
    return Process(
        name="worlds",
        kind=Kind.TASK,
        task=lambda: tasks.check_worlds(planned, state),
        after=("migrations",),
    )


def slug_of(number: int) -> str:
    """What the worlds of a game are called."""
    return "main" if number == 1 else f"world-{number}"


def gateway(port: int, shared: dict[str, str]) -> Process:
    """daphne, through the arena's own launcher."""
    where = ["--host", "127.0.0.1", "--port", str(port)]
    return Process(
        name="gateway",
        kind=Kind.SERVICE,
        command=[PYTHON, "-m", "arena_site.gateway", *where],
        ready=lambda: answers(f"http://127.0.0.1:{port}/healthz"),
        environment=ChainMap({"LEA_ROLE": "gateway"}, shared),
        after=("worlds", "static", "valkey"),
        cwd=ROOT,
        stop_phase=0,
        says=f"the site is at http://localhost:{port}/",
    )


def answers(url: str) -> bool:
    """True when HTTP is spoken there, whatever the status."""
    try:
        urllib.request.urlopen(url, timeout=2.0).close()
    except urllib.error.HTTPError as error:
        error.close()
    except OSError:
        return False
    return True


def world(number: int, options: Options, shared: dict[str, str]) -> Process:
    """Genesis: makes the world's first snapshot, or finds that there is one."""
    slug = slug_of(number)
    create = ["world_create", "--if-missing", slug, "--agents", str(options.agents)]
    create += ["--regions", str(options.regions)]
    return Process(
        name=slug,
        kind=Kind.ONE_SHOT,
        command=[PYTHON, "manage.py", *create],
        environment=ChainMap({"LEA_ROLE": "genesis"}, shared),
        after=("gateway", "kernels1", "kernels2"),
        cwd=ROOT,
        stop_phase=0,
        says=f"world {slug} is ready",
    )


def world_worker(number: int, shared: dict[str, str]) -> Process:
    """Runs worlds in slices of a second; a stop lets it snapshot and give its worlds back."""
    return Process(
        name=f"world{number}",
        kind=Kind.SERVICE,
        command=[*CELERY, "worker", "-P", "solo", "-c", "1", "-n", f"world{number}@%h", *ALONE],
        environment=ChainMap({"LEA_ROLE": "world"}, shared),
        after=("gateway", "kernels"),
        cwd=ROOT,
        stop_seconds=15.0,
        stop_phase=2,
    )


def general_worker(shared: dict[str, str]) -> Process:
    """Projections, reports, mail: the default queue."""
    return Process(
        name="general",
        kind=Kind.SERVICE,
        command=[*CELERY, "worker", "-P", "threads", "-c", "2", "-n", "general@%h", *ALONE],
        environment=ChainMap({"LEA_ROLE": "general"}, shared),
        after=("gateway",),
        cwd=ROOT,
        stop_seconds=10.0,
        stop_phase=2,
    )


def beat(state: Path, shared: dict[str, str]) -> Process:
    schedule = ["--pidfile=", "-s", str(state / "beat"), "-l", "WARNING"]
    return Process(
        name="beat",
        kind=Kind.SERVICE,
        command=[*CELERY, "beat", *schedule],
        environment=ChainMap({"LEA_ROLE": "beat"}, shared),
        after=("gateway",),
        cwd=ROOT,
        stop_phase=1,
    )
