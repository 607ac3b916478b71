"""The REST door of worlds: commands, participation, the error catalogue."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.conf import settings
from drf_spectacular.utils import extend_schema
from rest_framework.permissions import AllowAny, IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response

from worlds import selectors
from worlds.api import entry
from worlds.api.base import ArenaView, ParticipantView, WorldView
from worlds.api.catalogue import CATALOGUE
from worlds.api.commands import command_answer
from worlds.api.errors import Problem
from worlds.api.schema import (
    CommandReadSerializer,
    ErrorCodeListSerializer,
    ParticipantReadSerializer,
    responses,
)


class ErrorCodeListView(ArenaView):
    """The error catalogue."""

    permission_classes = [AllowAny]

    @extend_schema(operation_id="error_codes_list", responses={200: ErrorCodeListSerializer})
    def get(self, request: Request) -> Response:
        """List every code that a refusal can have."""
        rows = [
            {
                "number": row.number,
                "code": row.code,
                "status": row.http_status,
                "title": row.title,
                "temporary": row.temporary,
            }
            for row in CATALOGUE.values()
        ]
        return Response({"data": rows})


class CommandDetailView(ParticipantView):
    """What became of a command."""

    @extend_schema(
        operation_id="commands_read",
        responses=responses({200: CommandReadSerializer}, 401, 403, 404, 429, 503),
    )
    def get(self, request: Request, command_id: UUID) -> Response:
        """Read one of the caller's commands, for the life of the world."""
        answer = command_answer(self.participant, command_id)
        if answer is None:
            raise Problem("not_found")
        return Response({"world": self.world.slug, **answer})


class ParticipantDetailView(WorldView):
    """The caller in the world."""

    permission_classes = [IsAuthenticated]

    @extend_schema(
        operation_id="participants_read",
        responses=responses({200: ParticipantReadSerializer}, 401, 403, 429, 503),
    )
    def get(self, request: Request) -> Response:
        """Read the caller's participant."""
        participant = selectors.participant_for_player(request.user, self.world)
        if participant is None:
            raise Problem("not_participating", world=self.world.slug)
        return self._answer(participant, 200)

    @extend_schema(
        operation_id="participants_join",
        request=None,
        responses=responses(
            {200: ParticipantReadSerializer, 201: ParticipantReadSerializer},
            400,
            401,
            403,
            413,
            429,
            503,
        ),
    )
    def post(self, request: Request) -> Response:
        """Join the world with the newcomer's grant; a second time changes nothing."""
        if request.data not in ({}, None):
            raise Problem("unknown_field", "Joining takes no fields.")
        known = selectors.participant_for_player(request.user, self.world)
        if known is not None:
            return self._answer(known, 200)
        wait = settings.API_RESULT_WAIT_SECONDS
        joined, grant = entry.join(request.user, self.world, wait)
        return self._answer(joined, 201, grant)

    def _answer(self, participant: Any, status: int, grant: str | None = None) -> Response:
        shape = entry.participant_shape(participant)
        return self.fresh({"participant": shape, "grant": grant}, status=status)
