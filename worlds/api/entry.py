"""Coming into a world: a guest's first click, and the participation of a known player."""

from __future__ import annotations

import uuid
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from players.limits import client_ip, named, take
from players.services import guest_create, player_seen
from worlds import selectors, services
from worlds.api.commands import command_answer
from worlds.api.errors import Problem
from worlds.api.handlers import problem_response

FIRST_MARKET = "/m/FOOD"
SESSION_BACKEND = "django.contrib.auth.backends.ModelBackend"


def join(player: Any, world: Any, wait_seconds: float = 0.0) -> tuple[Any, str | None]:
    """Make the player's participant, if there is none, with the newcomer's grant on its way.

    Returns the participant and the grant in credits, None while it is not decided in time.
    """
    command_id = uuid.uuid4()
    participant = services.participant_join(world=world, player=player, command_id=command_id)
    answer = command_answer(participant, command_id, wait_seconds) if wait_seconds else None
    result = (answer or {}).get("result") or {}
    return participant, result.get("grant")


def participant_shape(participant: Any) -> dict[str, Any]:
    """A participant as JSON; its number inside the house stays there."""
    return {
        "id": str(participant.uuid),
        "name": participant.name,
        "status": participant.status,
        "protected": participant.protected,
    }


@require_POST
def play(request: HttpRequest) -> HttpResponse:
    """Play now: make a guest if need be, join the default world, go to the first market."""
    world = selectors.world_by_slug(settings.WORLD_DEFAULT)
    if world is None or world.state == "creating":
        messages.info(request, "The world is being made. Try again in a moment.")
        return redirect("/")
    if not request.user.is_authenticated:
        decision = take(named("guest"), client_ip(request))
        if not decision.admitted:
            wait = max(1, round(decision.retry_after_s))
            return problem_response(request, Problem("rate_limited", retry_after=wait))
        login(request, guest_create(), backend=SESSION_BACKEND)
    player_seen(request.user)
    join(request.user, world)
    return redirect(FIRST_MARKET)
