"""The calendar: one queue of deadlines in the state, earliest first.

A binary heap over the array `calendar`, ordered by tick and then by number of entry, so that two
deadlines of one tick come in the order in which they were made, on every machine. Entries are never
taken out early: who handles one compares its generation and lets a stale one pass.
"""

from enum import IntEnum
from typing import NamedTuple

import numpy as np

from economy_engine.schema import Clock
from economy_engine.state import WorldState


class DeadlineKind(IntEnum):
    """Whose deadline an entry is."""

    PROTECTION_ENDS = 1  # reference: ledger row of a newcomer


class Deadline(NamedTuple):
    """One due entry; kind and reference mean what their owner says."""

    tick: int
    kind: int
    reference: int
    generation: int


def push(state: WorldState, tick: int, kind: int, reference: int, generation: int = 0) -> bool:
    """Add a deadline; False (and no effect) when the calendar is full. O(log n)."""
    queue, clock = state.arrays["calendar"], state.clock
    place = int(clock[Clock.CALENDAR])
    if place >= len(queue):
        return False
    number = int(clock[Clock.CALENDAR_NUMBER])
    queue[place] = (tick, number, reference, generation, kind)
    clock[Clock.CALENDAR] += 1
    clock[Clock.CALENDAR_NUMBER] += 1
    while place:
        parent = (place - 1) // 2
        if _key(queue, parent) <= _key(queue, place):
            break
        _swap(queue, parent, place)
        place = parent
    return True


def pop_due(state: WorldState, tick: int) -> Deadline | None:
    """Take out and return the earliest deadline that is due at `tick`, or None. O(log n)."""
    queue, clock = state.arrays["calendar"], state.clock
    count = int(clock[Clock.CALENDAR])
    if not count or int(queue[0]["tick"]) > tick:
        return None
    first = queue[0]
    due = Deadline(
        int(first["tick"]), int(first["kind"]), int(first["reference"]), int(first["generation"])
    )
    count -= 1
    queue[0] = queue[count]
    queue[count] = np.zeros(1, queue.dtype)[0]
    clock[Clock.CALENDAR] = count
    place = 0
    while True:
        least = place
        for child in (2 * place + 1, 2 * place + 2):
            if child < count and _key(queue, child) < _key(queue, least):
                least = child
        if least == place:
            return due
        _swap(queue, least, place)
        place = least


def _key(queue: np.ndarray, place: int) -> tuple[int, int]:
    return int(queue[place]["tick"]), int(queue[place]["number"])


def _swap(queue: np.ndarray, one: int, other: int) -> None:
    queue[[one, other]] = queue[[other, one]]
