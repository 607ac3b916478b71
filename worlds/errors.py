"""What can go wrong around a world, told apart by what the caller should do next."""

# ruff: noqa: N818 - the names are words of the protocol, not of the language.

from __future__ import annotations


class WorldError(Exception):
    """Base of this module; `code` is the stable word of the project's error table."""

    code = "internal_error"


class IdempotencyConflict(WorldError):
    """The key or the command id was used before, with another request. Nothing was written."""

    code = "idempotency_conflict"


class AdmissionRefused(WorldError):
    """A guard refused the command; the whole transaction is rolled back."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code


class InboxFull(WorldError):
    """Too much waits for the writer. Nothing was written; the caller may try again later."""

    code = "engine_busy"
    retry_after_seconds = 1


class ReadOnly(WorldError):
    """Too little room on the disk. Nothing was written; the caller may try again later."""

    code = "read_only"
    retry_after_seconds = 10


class ExecutionUnknown(WorldError):
    """The commit's outcome could not be learned. Ask for the command's status before resending."""

    code = "execution_unknown"


class StaleRead(WorldError):
    """The projection did not reach the wanted commit in time."""

    code = "stale_read"


class Fenced(WorldError):
    """Another epoch moved the head: what this process holds in memory is not the truth."""


class SnapshotUnusable(WorldError):
    """A stored snapshot is missing, cut, altered, or not of this world or version."""


class ReplayMismatch(WorldError):
    """Replay did not give what the journal, a block or the head recorded."""


class InvariantBreach(WorldError):
    """The engine's state broke a rule that holds at every commit; uncommitted work is dropped."""

    def __init__(self, breaches: list[str]) -> None:
        super().__init__("; ".join(breaches))
        self.breaches = breaches


class VersionRefused(WorldError):
    """The world was written by another engine version and this one may not go on from it."""


class TickUnreachable(WorldError):
    """The tick lies in the future, or before the oldest state that is kept."""


class ForkRefused(WorldError):
    """A private branch was not made: name, quota or source forbids it."""
