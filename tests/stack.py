"""The real game for tests: `manage.py play` with everything, in a state directory of its own."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
STOP_SECONDS = 60.0
# What the surrounding test run sets for itself and the game must not inherit.
DROPPED = (
    "ARENA_SERVICES",
    "ARENA_STATE",
    "DATABASE_URL",
    "DJANGO_SETTINGS_MODULE",
    "REDIS_URL",
)


class Stack:
    """A running game: `url`, its state directory, and its management commands."""

    def __init__(self, *options: str) -> None:
        self.state = Path(tempfile.mkdtemp(prefix="lea-stack-", dir="/tmp"))
        kept = {key: value for key, value in os.environ.items() if key not in DROPPED}
        self.environment = kept | {"ARENA_STATE": str(self.state), "ARENA_BOOTSTRAP": "0"}
        self.options = ["--port", "0", "--no-open", "--json", *options]
        self.process: subprocess.Popen[str] | None = None
        self.url = ""

    def start(self) -> None:
        """Return when everything is up; `RuntimeError` with the log's end when it is not."""
        log = (self.state / "play.log").open("w")
        self.process = subprocess.Popen(
            [sys.executable, "manage.py", "play", *self.options],
            cwd=ROOT,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            start_new_session=True,
        )
        assert self.process.stdout is not None
        document = self.process.stdout.readline()
        if not document:
            self.process.wait(STOP_SECONDS)
            raise RuntimeError((self.state / "play.log").read_text()[-4000:])
        self.url = json.loads(document)["url"].rstrip("/")

    def manage(self, *arguments: str) -> str:
        """Run a management command against this game; returns its output."""
        done = subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int | None:
        """Send the signal and wait; returns the exit code."""
        if self.process is None:
            return None
        with contextlib.suppress(ProcessLookupError):
            self.process.send_signal(number)
        return self.process.wait(STOP_SECONDS)

    def discard(self) -> None:
        shutil.rmtree(self.state, ignore_errors=True)


@contextlib.contextmanager
def running(*options: str) -> Iterator[Stack]:
    """A game for the time of a test or of several; nothing of it is left."""
    stack = Stack(*options)
    try:
        stack.start()
        yield stack
    finally:
        stack.stop()
        stack.discard()

    def processes(self) -> list[str]:
        """Command lines of living processes that belong to this game (Linux)."""
        found = []
        for path in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                facts = (path / "environ").read_bytes() + (path / "cmdline").read_bytes()
                if str(self.state).encode() in facts and int(path.name) != os.getpid():
                    found.append((path / "cmdline").read_text().replace("\0", " "))
        return found
