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

from economy_engine.units import credits_text
from players.services import guest_create, player_seen
from players.views import limit_of, too_many
from players.limits import client_ip, take
from worlds import selectors, services
from worlds.api.commands import command_answer

FIRST_MARKET = "/m/FOOD"
SESSION_BACKEND = "django.contrib.auth.backends.ModelBackend"


def join(player: Any, world: Any) -> Any:
    """The player's participant, made now if there is none, with the newcomer's grant on its way."""
    return services.participant_join(world=world, player=player, command_id=uuid.uuid4())


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
        decision = take(limit_of("guest"), client_ip(request))
        if not decision.admitted:
            return too_many(request, decision.retry_after_s)
        login(request, guest_create(), backend=SESSION_BACKEND)
    player_seen(request.user)
    join(request.user, world)
    return redirect(FIRST_MARKET)
