"""Named fault points of the writer's path. Off in production: one comparison each.

`LEA_FAULT=name` or `name:3` ends the process without any clean-up at the first or third passage,
as a killed process would; tests in the same process install a function with `inject`. Points that
mean the same to a reader of results are one window; `manage.py crashtest` counts by windows.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager

WINDOWS = {
    "claim": ("claim.claimed", "claim.replaying", "claim.loaded"),
    "before_take": ("advance.begun",),
    "after_take": ("advance.taken",),
    "after_apply": ("advance.applied", "advance.checked"),
    "journal": ("commit.begun", "commit.journal_half", "commit.journal_written"),
    "before_head": ("commit.head_next",),
    "before_commit": ("commit.head_moved",),
    "after_commit": ("commit.done",),
    "announce": ("announce.ready", "advance.announced"),
    "snapshot": ("snapshot.copied", "snapshot.writing", "snapshot.stored", "snapshot.catalogued"),
    "release": ("release.before", "release.stored", "release.done"),
    "projector": ("project.read", "project.written", "project.moved", "project.done"),
}
POINTS = tuple(name for names in WINDOWS.values() for name in names)

_injected: Callable[[str], None] | None = None
_armed = ""
_left = 0
_signal = signal.SIGKILL


def point(name: str) -> None:
    """Pass a fault point; ends the process or raises when a test asked for it."""
    if _injected is not None:
        _injected(name)
    if _armed and _armed == name:
        _strike()


def arm(name: str, passages: int = 1, number: signal.Signals = signal.SIGKILL) -> None:
    """From now on send this process a signal at a passage of `name`, once.

    Raises ValueError for an unknown point.
    """
    global _armed, _left, _signal
    if name not in POINTS:
        raise ValueError(f"no fault point {name}")
    _armed, _left, _signal = name, passages, number


def _strike() -> None:
    global _armed, _left
    _left -= 1
    if _left <= 0:
        _armed = ""  # a stopped process goes on later, and is not stopped twice
        os.kill(os.getpid(), _signal)


@contextmanager
def inject(function: Callable[[str], None]) -> Iterator[None]:
    """Call `function` with the name of every point passed inside the block."""
    global _injected
    before, _injected = _injected, function
    try:
        yield
    finally:
        _injected = before


_asked, _, _passages = os.environ.get("LEA_FAULT", "").partition(":")
if _asked:
    arm(_asked, int(_passages or 1))
