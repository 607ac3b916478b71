"""`manage.py play`: claim the state directory, run the plan, say what the user needs to know."""

from __future__ import annotations

import json
import os
import shutil
import socket
import sys
import webbrowser
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

from arena_site.embedded.accounts import AccountError
from arena_site.embedded.claim import Claim, StateBusyError
from arena_site.embedded.logs import Console
from arena_site.embedded.plan import Options
from arena_site.embedded.plan import game as game_plan
from arena_site.embedded.postgres import PostgresError
from arena_site.embedded.session import ServicesError
from arena_site.embedded.supervisor import StartFailedError, StopRequestedError, Supervisor

DONE, FAILED, ALREADY_RUNNING = 0, 1, 3
PORT_FIRST, PORTS_TRIED = 8000, 20
KEPT_BY_FRESH = {"lock", "holder.json", "numba", "secret_key", "static", "static.stamp", "pgbin"}


@dataclass(frozen=True)
class Request:
    """The options of `play` as the user gave them."""

    port: int | None = None
    fresh: bool = False
    worlds: int = 1
    world_workers: int = 2
    agents: int = 100_000
    regions: int = 2
    open_browser: bool = True
    as_json: bool = False


class PortTakenError(Exception):
    """Somebody else listens on the port that was asked for."""


def run(request: Request) -> int:
    """Play until a signal; returns the exit code."""
    console = Console(sys.stderr if request.as_json else sys.stdout)
    try:
        claim = Claim(settings.STATE_DIR, "play")
    except StateBusyError as error:
        return _say_busy(console, error)
    try:
        return _run_claimed(request, claim, console)
    except (PortTakenError, ServicesError, AccountError, PostgresError) as error:
        console.plain(f"play: {error}")
        return FAILED
    finally:
        claim.release()


def _run_claimed(request: Request, claim: Claim, console: Console) -> int:
    port = choose_port(request.port)
    claim.holder.url = f"http://localhost:{port}/"
    claim.write()
    if request.fresh:
        discard(claim.state)
        console.step("old data discarded")
    console.step(f"Living Economy Arena starts (state and logs in {claim.state})")
    options = Options(
        claim.state,
        port,
        request.worlds,
        request.world_workers,
        request.agents,
        request.regions,
    )
    supervisor = Supervisor(game_plan(options), claim, console)
    supervisor.listen()
    code = DONE
    try:
        supervisor.start(["gateway"])
        _say_site(claim.holder.url, request, console)
        supervisor.start()
        _say_all(claim, request, supervisor, console)
        supervisor.watch()
    except StopRequestedError:
        pass
    except (StartFailedError, PostgresError, AccountError) as error:
        console.plain(f"play: {error}")
        code = FAILED
    console.step("stopping")
    supervisor.stop()
    console.step("stopped")
    return code


def _say_busy(console: Console, error: StateBusyError) -> int:
    holder = error.holder
    if holder.url:
        console.plain(f"The game is running already (pid {holder.pid}): {holder.url}")
    else:
        console.plain(f"{holder.command} (pid {holder.pid}) uses the databases; try again later")
    return ALREADY_RUNNING


def _say_site(url: str, request: Request, console: Console) -> None:
    console.plain(f"\n      Play at  {url}\n      Become administrator:  "
                  "python3 manage.py createsuperuser\n      Stop with Ctrl-C\n")  # fmt: skip
    if request.open_browser and not request.as_json and _has_display():
        webbrowser.open(url)


def _say_all(claim: Claim, request: Request, supervisor: Supervisor, console: Console) -> None:
    console.step("everything is up")
    if request.as_json:
        seconds = {name: round(run.seconds, 2) for name, run in supervisor.runs.items()}
        document = {
            "url": claim.holder.url,
            "pid": os.getpid(),
            "state": str(claim.state),
            "ready_after_seconds": seconds,
        }
        print(json.dumps(document), flush=True)


def _has_display() -> bool:
    """A text browser in this terminal is not what anybody wants."""
    shown = os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    return sys.stdout.isatty() and (sys.platform == "darwin" or bool(shown))


def choose_port(asked: int | None) -> int:
    """The port asked for, or the first free one from 8000; 0 takes any."""
    if asked is not None:
        found = _free(asked)
        if found is None:
            raise PortTakenError(f"port {asked} is taken: choose another with --port")
        return found
    for port in range(PORT_FIRST, PORT_FIRST + PORTS_TRIED):
        if _free(port):
            return port
    return _free(0) or PORT_FIRST


def _free(port: int) -> int | None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return None
        return int(probe.getsockname()[1])


def discard(state: Path) -> None:
    """Remove the world and all accounts; keep what is only derived from the source."""
    for path in state.iterdir():
        if path.name in KEPT_BY_FRESH:
            continue
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()
