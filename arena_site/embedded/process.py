"""One supervised process: what it is, how it is started, how it is stopped."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path

from arena_site.embedded.accounts import Account

CHILD_PROGRAM = Path(__file__).with_name("child.py")


class Kind(Enum):
    DATABASE = "database"  # restarted like a service once it ran; its first start must succeed
    SERVICE = "service"  # restarted with back-off
    ONE_SHOT = "one_shot"  # runs once; others wait for its success
    TASK = "task"  # a function in a thread of the supervisor


@dataclass(frozen=True)
class Process:
    """A line of the plan. `after` names lines that must be ready (services) or done (the rest)."""

    name: str
    kind: Kind
    command: Sequence[str] = ()
    task: Callable[[], str | None] | None = None
    prepare: Callable[[], None] | None = None  # on the main thread, just before the first start
    ready: Callable[[], bool] | None = None
    after: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    account: Account | None = None
    cwd: Path | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    stop_seconds: float = 5.0
    stop_phase: int = 1  # 0 first, 9 last
    ready_seconds: float = 60.0
    optional: bool = False  # a one-shot whose failure is told and nothing more
    says: str = ""  # what the user reads when it is ready or done
    console: str = ""  # regular expression of lines that the terminal shows; empty shows all


def spawn(process: Process) -> subprocess.Popen[bytes]:
    """Start it in a session of its own, so that the terminal's Ctrl-C reaches only us.

    Only ever called on the main thread: the parent-death signal follows the thread that forked.
    """
    account = process.account
    wrapper = [sys.executable, "-I", "-S", str(CHILD_PROGRAM), str(os.getpid())]
    wrapper += [str(int(process.stop_signal))]
    wrapper += [str(account.uid), str(account.gid)] if account else ["-", "-"]
    return subprocess.Popen(
        [*wrapper, *process.command],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=dict(process.environment) or None,
        cwd=process.cwd,
        start_new_session=True,
    )


def exited(popen: subprocess.Popen[bytes]) -> bool:
    """True once it ended. What is left of its session is killed before its pid is given back."""
    if popen.returncode is not None:
        return True
    try:
        seen = os.waitid(os.P_PID, popen.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return popen.poll() is not None
    if seen is None:
        return False
    signal_group(popen.pid, signal.SIGKILL)
    popen.wait()
    return True


def signal_group(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, number)


def signal_one(popen: subprocess.Popen[bytes], number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        popen.send_signal(number)


def become_subreaper() -> None:
    """Grandchildren of a dead child come back to us and not to init (Linux)."""
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)


def reap_strangers(known: set[int]) -> None:
    """Collect adopted grandchildren that ended; leave our own children to their owners."""
    with contextlib.suppress(ChildProcessError):
        for pid in adopted(known):
            os.waitpid(pid, os.WNOHANG)


def adopted(known: set[int]) -> list[int]:
    """Children of this process that it did not start itself (Linux)."""
    found: set[int] = set()
    for path in Path("/proc/self/task").glob("*/children"):
        with contextlib.suppress(OSError):
            found.update(int(pid) for pid in path.read_text().split())
    return sorted(found - known)


def kill_orphans(executable: str, known: set[int]) -> None:
    """Kill what a dead process of this program left behind, as its restart would wait for it
    (Linux)."""
    for pid in adopted(known):
        with contextlib.suppress(OSError):
            if os.path.samefile(f"/proc/{pid}/exe", executable):
                kill_one(pid)


def kill_one(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.kill(pid, signal.SIGKILL)


def wait_until(true: Callable[[], bool], seconds: float, complaint: str) -> None:
    """Ask until it is true; `TimeoutError` with the complaint after the given time."""
    deadline = time.monotonic() + seconds
    while not true():
        if time.monotonic() > deadline:
            raise TimeoutError(complaint)
        time.sleep(0.01)
