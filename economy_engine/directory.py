"""Who stands on which row: participants' ids, sorted, with their ledger rows.

A participant's id is the durable world's; the row is private to the engine and may be used again
after a retirement. Rows are found by binary search, so the arrays are the whole index and a loaded
state needs nothing rebuilt.
"""

from __future__ import annotations

import numpy as np

from economy_engine.ledger.columns import AccountKind
from economy_engine.schema import Clock
from economy_engine.state import WorldState
from economy_engine.works import MEMBER_DTYPE

NO_ROW = -1


def participants_count(state: WorldState) -> int:
    """Return how many participants are registered."""
    return int(state.clock[Clock.PARTICIPANTS])


def row_of(state: WorldState, participant: int) -> int:
    """Return the ledger row of a participant (int), or -1."""
    count = participants_count(state)
    ids = state.arrays["participants.ids"][:count]
    place = int(np.searchsorted(ids, participant))
    if place < count and int(ids[place]) == participant:
        return int(state.arrays["participants.rows"][place])
    return NO_ROW


def participants_of(state: WorldState, rows: np.ndarray) -> np.ndarray:
    """Return the participants (int64) on ledger rows (int array); 0 for a row without one."""
    count = participants_count(state)
    by_row = state.arrays["participants.rows"][:count]
    order = np.argsort(by_row, kind="stable")
    place = np.searchsorted(by_row[order], rows)
    place = np.minimum(place, max(count - 1, 0))
    if count == 0:
        return np.zeros(len(rows), np.int64)
    found = order[place]
    ids = state.arrays["participants.ids"][:count][found]
    return np.where(by_row[found] == rows, ids, 0)


def enroll(state: WorldState, participant: int) -> int:
    """Give a new participant a row, the last one given back first; return it.

    The caller has checked that the participant is new and that there is room. The arena may be
    rebuilt: take columns from the state again afterwards.
    """
    clock = state.clock
    if clock[Clock.FREE_ROWS]:
        clock[Clock.FREE_ROWS] -= 1
        row = int(state.arrays["free_rows"][clock[Clock.FREE_ROWS]])
    else:
        row = int(clock[Clock.ROWS])
        state.ensure_rows(row + 1)
        clock = state.clock
        clock[Clock.ROWS] += 1
    ledger = state.ledger
    ledger.kind[row] = AccountKind.PARTICIPANT
    ledger.owner[row] = row
    ledger.group[row] = -1
    ledger.flags[row] = 0
    state.arrays["members"][row - state.first_participant] = np.zeros(1, MEMBER_DTYPE)[0]
    count = participants_count(state)
    ids, rows = state.arrays["participants.ids"], state.arrays["participants.rows"]
    place = int(np.searchsorted(ids[:count], participant))
    ids[place + 1 : count + 1] = ids[place:count].copy()
    rows[place + 1 : count + 1] = rows[place:count].copy()
    ids[place], rows[place] = participant, row
    clock[Clock.PARTICIPANTS] += 1
    return row


def dismiss(state: WorldState, participant: int) -> None:
    """Give a participant's row back; its generation grows, so that old handles no longer fit."""
    clock = state.clock
    count = participants_count(state)
    ids, rows = state.arrays["participants.ids"], state.arrays["participants.rows"]
    place = int(np.searchsorted(ids[:count], participant))
    row = int(rows[place])
    ids[place : count - 1] = ids[place + 1 : count].copy()
    rows[place : count - 1] = rows[place + 1 : count].copy()
    ids[count - 1] = rows[count - 1] = 0
    clock[Clock.PARTICIPANTS] -= 1
    state.ledger.kind[row] = AccountKind.NONE
    state.ledger.flags[row] = 0
    state.ledger.generation[row] += 1
    state.arrays["free_rows"][clock[Clock.FREE_ROWS]] = row
    clock[Clock.FREE_ROWS] += 1
