"""Room on the disk: a full one would end PostgreSQL in a panic, so the worlds stop before it.

Below the mark commands are refused as `read_only` and no snapshot is stored; below half of it world
time stands still as well. Reads go on. With room again everything goes on by itself.
"""

from __future__ import annotations

import shutil
import time
from enum import IntEnum

import structlog
from django.conf import settings

from worlds import metrics
from worlds.errors import ReadOnly

LOOK_SECONDS = 1.0

log = structlog.get_logger(__name__)


class Room(IntEnum):
    """How much is left."""

    ENOUGH = 0
    LOW = 1  # no commands, no snapshots
    NONE = 2  # no ticks either


_looked: tuple[float, Room] = (-LOOK_SECONDS, Room.ENOUGH)


def room() -> Room:
    """What is left where the arena keeps its state; looked up once a second."""
    global _looked
    now = time.monotonic()
    if now - _looked[0] >= LOOK_SECONDS:
        before = _looked[1]
        _looked = (now, _look())
        if _looked[1] != before:
            log.critical("room on the disk", before=before.name, now=_looked[1].name)
    return _looked[1]


def _look() -> Room:
    try:
        free = shutil.disk_usage(settings.STATE_DIR).free
    except OSError:
        return Room.ENOUGH  # a process without a state directory: its databases are elsewhere
    metrics.disk_free_bytes.set(free)
    mark = settings.WORLD_DISK_FREE_BYTES_MIN
    if free >= mark:
        return Room.ENOUGH
    return Room.LOW if free >= mark // 2 else Room.NONE


def refusal() -> ReadOnly | None:
    """Why no command is taken now; None when they are."""
    if room() is Room.ENOUGH:
        return None
    return ReadOnly("too little room on the disk: the world is read-only until there is more")


def forget() -> None:
    """Look again at the next question."""
    global _looked
    _looked = (-LOOK_SECONDS, _looked[1])
