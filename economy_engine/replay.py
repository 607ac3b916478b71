"""Replay: from a snapshot and the entries after it to the same state again.

A digest that does not match stops the replay: a world is never repaired silently.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from economy_engine.apply import Entry, Outcome, apply
from economy_engine.state import WorldState


class DigestMismatchError(Exception):
    """Raised when a replayed state differs from the one that was recorded."""

    def __init__(self, commit: int, expected: int, found: int) -> None:
        super().__init__(
            f"commit {commit}: recorded digest {expected:016x}, replayed digest {found:016x}"
        )
        self.commit, self.expected, self.found = commit, expected, found


class Batch(NamedTuple):
    """The entries of one commit; `digest` (uint64) is the state's after it, None = not recorded."""

    commit: int
    entries: list[Entry]
    digest: int | None


class Replayed(NamedTuple):
    """What a replay went through."""

    commits: int
    commands: int
    ticks: int
    digests_compared: int


def replay(state: WorldState, batches: Iterable[Batch]) -> Replayed:
    """Apply batches to the state in place, comparing every recorded digest.

    Raises DigestMismatchError at the first that differs.
    """
    commits = commands = ticks = compared = 0
    for batch in batches:
        outcome: Outcome = apply(state, batch.entries)
        commits += 1
        commands += len(outcome.results)
        ticks += outcome.ticks
        if batch.digest is not None:
            found = state.digest()
            if found != batch.digest:
                raise DigestMismatchError(batch.commit, batch.digest, found)
            compared += 1
    return Replayed(commits, commands, ticks, compared)
