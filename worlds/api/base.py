"""What all REST views share: the world they speak of, freshness, the caller's participant."""

from __future__ import annotations

from typing import Any, ClassVar

from django.conf import settings
from rest_framework.permissions import AllowAny, IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from players.services import player_seen
from worlds import selectors
from worlds.api.errors import FieldError, Problem
from worlds.api.freshness import Stand, stand

INT64_MAX = 2**63 - 1


class ArenaView(APIView):
    """A view with rate-limit headers; its errors have the one shape."""

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Refuse a body without a length: REST framework would take it for none at all."""
        super().initial(request, *args, **kwargs)
        headers = request.headers
        if "Transfer-Encoding" in headers and not headers.get("Content-Length"):
            raise Problem("length_required")

    def finalize_response(
        self, request: Request, response: Response, *args: Any, **kwargs: Any
    ) -> Response:
        """Tell the caller how much of its bucket is left."""
        response = super().finalize_response(request, response, *args, **kwargs)
        plain = getattr(request, "_request", request)
        limit = getattr(plain, "rate_limit", None)
        if limit is not None:
            group, burst, decision = limit
            response["RateLimit-Limit"] = str(burst)
            response["RateLimit-Remaining"] = str(decision.remaining)
            response["X-RateLimit-Group"] = group
        response.setdefault("Cache-Control", "no-store")
        return response


class WorldView(ArenaView):
    """A view on the default world. With a `projection`, reads carry and await its commit."""

    projection: ClassVar[str | None] = None
    world: Any
    stand: Stand

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Find the world, then wait for the caller's own write when it asks for that."""
        super().initial(request, *args, **kwargs)
        self.world = selectors.world_by_slug(settings.WORLD_DEFAULT)
        if self.world is None or self.world.state == "creating":
            raise Problem("world_not_ready")
        if self.projection is not None and request.method == "GET":
            self._await_commit(query_integer(request, "min_commit", 0, INT64_MAX))
            # Read before the data: what is answered is at least as new as it says.
            self.stand = stand(self.world.pk, self.projection)

    def _await_commit(self, min_commit: int | None) -> None:
        if min_commit is None:
            return
        wait = settings.API_WAIT_SECONDS_MAX
        if not selectors.wait_for_commit(self.world.pk, self.projection, min_commit, wait):
            raise Problem("stale_read", world=self.world.slug)

    def fresh(self, data: dict[str, Any], status: int = 200) -> Response:
        """Answer with the world, tick and commit that this read stands at, at least."""
        at = getattr(self, "stand", None) or stand(self.world.pk, None)
        body = {"world": self.world.slug, "tick": at.tick, "commit": at.commit}
        return Response(body | data, status=status)


class PublicWorldView(WorldView):
    """Anybody may read."""

    permission_classes = [AllowAny]


class ParticipantView(WorldView):
    """For players who take part in the world."""

    permission_classes = [IsAuthenticated]
    participant: Any

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Find the caller's participant; everything after speaks of that one alone."""
        super().initial(request, *args, **kwargs)
        participant = selectors.participant_for_player(request.user, self.world)
        if participant is None:
            raise Problem("not_participating", world=self.world.slug)
        self.participant = participant
        player_seen(request.user)


def query_integer(request: Request, name: str, low: int, high: int) -> int | None:
    """An integer out of the query, in plain ASCII digits; None when it is absent."""
    text = request.query_params.get(name)
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= 19):
        raise Problem.of_fields([FieldError(name, "bad_type", "An integer is expected.")])
    value = int(text)
    if not low <= value <= high:
        raise Problem.of_fields([FieldError(name, "out_of_range", f"Between {low} and {high}.")])
    return value
