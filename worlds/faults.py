"""Named fault points of the writer's path. Off in production: one comparison each.

`LEA_FAULT=name` or `name:3` ends the process without any clean-up at the first or third passage,
as a killed process would; tests in the same process install a function with `inject`.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager

POINTS = (
    "claim.claimed",
    "claim.loaded",
    "advance.taken",
    "advance.applied",
    "advance.checked",
    "commit.begun",
    "commit.journal_written",
    "commit.head_moved",
    "commit.done",
    "advance.announced",
    "snapshot.copied",
    "snapshot.stored",
    "snapshot.catalogued",
    "release.before",
)

_injected: Callable[[str], None] | None = None
_armed = ""
_left = 0


def point(name: str) -> None:
    """Pass a fault point; ends the process or raises when a test asked for it."""
    if _injected is not None:
        _injected(name)
    if _armed and _armed == name:
        _strike()


def arm(name: str, passages: int = 1) -> None:
    """From now on end this process at a passage of `name`. Raises ValueError for an unknown one."""
    global _armed, _left
    if name not in POINTS:
        raise ValueError(f"no fault point {name}")
    _armed, _left = name, passages


def _strike() -> None:
    global _left
    _left -= 1
    if _left <= 0:
        os.kill(os.getpid(), signal.SIGKILL)


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
