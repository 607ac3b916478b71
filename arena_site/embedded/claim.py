"""Who uses a state directory: one lock, one page about the holder and its processes."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path

from arena_site.embedded.process import signal_group

LEFTOVER_SECONDS = 10.0


class StateBusyError(Exception):
    """Somebody else holds the state directory."""

    def __init__(self, holder: Holder) -> None:
        super().__init__(f"{holder.command} is running (pid {holder.pid})")
        self.holder = holder


@dataclass
class Holder:
    """The page `holder.json`: who, what, where, and `name -> [pid, start mark]` of its children."""

    pid: int = 0
    command: str = "another command"
    url: str = ""
    children: dict[str, list[str]] = field(default_factory=dict)


class Claim:
    """The state directory is ours until we end; the kernel frees the lock of a dead process."""

    def __init__(self, state: Path, command: str) -> None:
        self.state = state
        self.holder = Holder(pid=os.getpid(), command=command)
        make_state_dir(state)
        self._lock = (state / "lock").open("a")
        for attempt in range(5):  # somebody may just be asking whether it is held
            try:
                fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if attempt == 4:
                    self._lock.close()
                    raise StateBusyError(read_holder(state)) from None
                time.sleep(0.05)
        end_leftovers(read_holder(state))
        self.write()

    def write(self) -> None:
        """Replace the page in one move, so that a reader never sees half of it."""
        path = self.state / "holder.json"
        fresh = path.with_suffix(".new")
        fresh.write_text(json.dumps(asdict(self.holder)))
        fresh.replace(path)

    def note_child(self, name: str, pid: int) -> None:
        self.holder.children[name] = [str(pid), start_mark(pid)]
        self.write()

    def release(self) -> None:
        with contextlib.suppress(FileNotFoundError):
            (self.state / "holder.json").unlink()
        self._lock.close()


def make_state_dir(state: Path) -> None:
    """0711 as root, so that PostgreSQL's account can pass but not look; private otherwise."""
    state.mkdir(parents=True, exist_ok=True)
    state.chmod(0o711 if os.geteuid() == 0 else 0o700)


def held(state: Path) -> bool:
    """True while some living process holds the directory."""
    try:
        with (state / "lock").open("a") as handle:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except FileNotFoundError:
        return False
    return False


def read_holder(state: Path) -> Holder:
    try:
        return Holder(**json.loads((state / "holder.json").read_text()))
    except (OSError, ValueError, TypeError):
        return Holder()


def start_mark(pid: int) -> str:
    """Tells a process from a later one with its pid; empty when there is none."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError, IndexError):
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            return "" if fields[0] == "Z" else fields[19]
        return ""
    asked = subprocess.run(
        ["ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return asked.stdout.strip()


def end_leftovers(holder: Holder) -> None:
    """After a kill -9 its children end by themselves; wait for them, then insist.

    Starting while an old server shuts down would let it remove the new one's socket.
    """
    alive = {int(pid): mark for pid, mark in holder.children.values() if mark}
    alive = {pid: mark for pid, mark in alive.items() if start_mark(pid) == mark}
    if sys.platform != "linux":  # no parent-death signal there
        for pid in alive:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGINT)
    deadline = time.monotonic() + LEFTOVER_SECONDS
    while alive:
        alive = {pid: mark for pid, mark in alive.items() if start_mark(pid) == mark}
        if alive and time.monotonic() > deadline:
            for pid in alive:
                signal_group(pid, signal.SIGKILL)
            return
        time.sleep(0.05)
