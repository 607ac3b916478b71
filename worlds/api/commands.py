"""What became of a command, as both doors tell it."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any
from uuid import UUID

from economy_engine.order_terms import OrderStatus
from economy_engine.units import credits_text
from worlds import selectors
from worlds.api.errors import Problem, problem_body

POLL_SECONDS = 0.01

# From (participant, command id) to the full result of an executed command, or None when it is
# not of the describer's kind. Filled by the site's wiring.
Describer = Callable[[Any, UUID], dict[str, Any] | None]
_describers: list[Describer] = []
_WORKS_AMOUNTS = ("paid_minor", "received_minor", "insurance_minor")
_WORKS_NUMBERS = ("until_day", "tier", "level", "units", "finds", "found_lots", "ends_tick")


def register_describer(describer: Describer) -> None:
    """Let an app above tell the results of its own commands."""
    if describer not in _describers:
        _describers.append(describer)


def result_shape(result: dict[str, Any] | None) -> dict[str, Any] | None:
    """The engine's record of a result in the client's words and units."""
    if result is None:
        return None
    if "grant_minor" in result:
        return {"grant": credits_text(result["grant_minor"])}
    shape: dict[str, Any] = {}
    if "order_status" in result:
        shape["status"] = OrderStatus(result["order_status"]).name.lower()
    shape |= {name: result[name] for name in ("filled", "left", "canceled") if name in result}
    shape |= {name: credits_text(result[name]) for name in ("value", "fee") if name in result}
    shape |= {name: result[name] for name in _WORKS_NUMBERS if name in result}
    paid = (name for name in _WORKS_AMOUNTS if name in result)
    shape |= {name.removesuffix("_minor"): credits_text(result[name]) for name in paid}
    return shape


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
        "result": result_shape(found.result) if found.status == "executed" else None,
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
        if found.status == "executed":
            return command_shape(command_id, found) | _described(participant, command_id)
        if found.status == "rejected" or time.monotonic() >= until:
            return command_shape(command_id, found)
        time.sleep(POLL_SECONDS)


def _described(participant: Any, command_id: UUID) -> dict[str, Any]:
    for describer in _describers:
        result = describer(participant, command_id)
        if result is not None:
            return {"result": result}
    return {}
