"""What became of a command, as both doors tell it."""

from __future__ import annotations

import time
from typing import Any
from uuid import UUID

from worlds import selectors
from worlds.api.errors import Problem, problem_body

POLL_SECONDS = 0.01


def command_shape(command_id: UUID, found: Any) -> dict[str, Any]:
    """A command's status as JSON: decided ones with their place in the order and outcome."""
    shape: dict[str, Any] = {"command_id": str(command_id), "status": found.status}
    if found.status == "accepted":
        return shape
    error = None
    if found.status == "rejected":
        error = problem_body(Problem.of_number(int(found.reason), tick=found.tick))
    return shape | {
        "seq": found.seq,
        "tick": found.tick,
        "commit": found.commit,
        "result": found.result,
        "error": error,
    }


def command_answer(
    participant: Any, command_id: UUID, wait_seconds: float = 0.0
) -> dict[str, Any] | None:
    """Read one of the participant's commands, waiting a bounded time for its decision.

    Returns None when the participant never sent it: somebody else's command is not found.
    """
    until = time.monotonic() + wait_seconds
    while True:
        found = selectors.command_status(participant.world_id, participant.pk, command_id)
        if found is None:
            return None
        if found.status != "accepted" or time.monotonic() >= until:
            return command_shape(command_id, found)
        time.sleep(POLL_SECONDS)
