"""What processes say: a file for each, and one readable stream for the terminal."""

from __future__ import annotations

import contextlib
import re
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import BinaryIO, TextIO

LOG_BYTES_MAX = 16 * 1024 * 1024
LINE_BYTES_MAX = 16 * 1024
SHOWN_CHARACTERS_MAX = 400  # the file has all of it
COLORS = ("36", "33", "32", "35", "34", "96", "93", "92", "95", "94")


class Console:
    """One writer to the terminal; survives a terminal that has gone."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self.stream = stream or sys.stdout
        self.colored = self.stream.isatty()
        self.started = time.monotonic()
        self._lock = threading.Lock()
        self._color_by_name: dict[str, str] = {}

    def step(self, text: str) -> None:
        """A line of the supervisor itself, with the seconds since the start."""
        seconds = f"{time.monotonic() - self.started:6.1f} s"
        self._write(f"{self._paint('1', seconds)}  {text}\n")

    def plain(self, text: str) -> None:
        self._write(text + "\n")

    def line(self, name: str, text: str) -> None:
        """A line of a process under its name."""
        color = self._color_by_name.setdefault(name, COLORS[len(self._color_by_name) % len(COLORS)])
        self._write(f"{self._paint(color, f'{name:>9} |')} {text}\n")

    def _paint(self, color: str, text: str) -> str:
        return f"\x1b[{color}m{text}\x1b[0m" if self.colored else text

    def _write(self, text: str) -> None:
        with self._lock, contextlib.suppress(OSError, ValueError):
            self.stream.write(text)
            self.stream.flush()


class LogFile:
    """Appends to `<name>.log`, keeps one predecessor, bounded in size."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        self._handle: BinaryIO = path.open("ab")

    def write(self, line: bytes) -> None:
        if self._handle.tell() > LOG_BYTES_MAX:
            self._handle.close()
            self.path.replace(self.path.with_suffix(".log.1"))
            self._handle = self.path.open("ab")
        self._handle.write(line)
        self._handle.flush()

    def close(self) -> None:
        self._handle.close()


def pump(
    name: str,
    popen: subprocess.Popen[bytes],
    path: Path,
    console: Console | None,
    pattern: str,
) -> threading.Thread:
    """Read the process's output to its end, so that its pipe never fills."""
    shown = re.compile(pattern)

    def read() -> None:
        log = LogFile(path)
        assert popen.stdout is not None
        try:
            while line := popen.stdout.readline(LINE_BYTES_MAX):
                with contextlib.suppress(OSError):
                    log.write(line)
                text = line.decode(errors="replace").rstrip()
                if console and text and shown.search(text):
                    console.line(name, text[:SHOWN_CHARACTERS_MAX])
        finally:
            log.close()
            popen.stdout.close()

    thread = threading.Thread(target=read, name=f"log-{name}", daemon=True)
    thread.start()
    return thread


def tail(path: Path, lines: int = 15) -> str:
    """The last lines of a log, for a message about a process that gave up."""
    with contextlib.suppress(OSError), path.open("rb") as handle:
        handle.seek(0, 2)
        handle.seek(max(0, handle.tell() - 16 * 1024))
        return "\n".join(handle.read().decode(errors="replace").splitlines()[-lines:])
    return ""
