"""Shapes of answers for the OpenAPI document: what every read and every refusal has."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiParameter, OpenApiResponse
from rest_framework import serializers

from worlds.api.errors import PROBLEM_MEDIA_TYPE

COMMAND_STATUSES = ["accepted", "executed", "rejected"]
PARTICIPANT_STATUSES = ["pending", "active", "retired"]
PRICE_HELP = "Credits, exactly three decimals."


class FieldErrorSerializer(serializers.Serializer):
    """What is wrong with one field."""

    field = serializers.CharField()
    code = serializers.CharField()
    message = serializers.CharField()


class ProblemSerializer(serializers.Serializer):
    """RFC 9457 problem document; `code` and `number` are stable."""

    type = serializers.CharField()
    title = serializers.CharField()
    status = serializers.IntegerField()
    code = serializers.CharField()
    number = serializers.IntegerField()
    detail = serializers.CharField()
    errors = FieldErrorSerializer(many=True)
    request_id = serializers.CharField(allow_null=True)
    temporary = serializers.BooleanField()
    retry_after = serializers.IntegerField(allow_null=True)
    world = serializers.CharField(allow_null=True)
    tick = serializers.IntegerField(allow_null=True)


class FreshSerializer(serializers.Serializer):
    """Where a read stands: at least this commit and tick of this world."""

    world = serializers.CharField()
    tick = serializers.IntegerField()
    commit = serializers.IntegerField()


class CommandSerializer(serializers.Serializer):
    """A command: first `accepted`, then `executed` or `rejected` with its place in the order."""

    command_id = serializers.UUIDField()
    status = serializers.ChoiceField(COMMAND_STATUSES)
    seq = serializers.IntegerField(allow_null=True, required=False)
    tick = serializers.IntegerField(allow_null=True, required=False)
    commit = serializers.IntegerField(allow_null=True, required=False)
    result = serializers.DictField(allow_null=True, required=False)
    error = ProblemSerializer(allow_null=True, required=False)
    repeated = serializers.BooleanField(required=False)


class CommandReadSerializer(CommandSerializer):
    """A command as it is read back, with the world it belongs to."""

    world = serializers.CharField()


class ErrorCodeSerializer(serializers.Serializer):
    """One row of the error catalogue."""

    number = serializers.IntegerField()
    code = serializers.CharField()
    status = serializers.IntegerField()
    title = serializers.CharField()
    temporary = serializers.BooleanField()


class ErrorCodeListSerializer(serializers.Serializer):
    """The error catalogue."""

    data = ErrorCodeSerializer(many=True)


class ParticipantSerializer(serializers.Serializer):
    """A player in a world."""

    id = serializers.UUIDField()
    name = serializers.CharField()
    status = serializers.ChoiceField(PARTICIPANT_STATUSES)
    protected = serializers.BooleanField()


class ParticipantReadSerializer(FreshSerializer):
    """The caller's participant and the newcomer's grant, once it is known."""

    participant = ParticipantSerializer()
    grant = serializers.CharField(allow_null=True, help_text=PRICE_HELP)


def responses(answers: dict[int, Any], *refused: int) -> dict[Any, Any]:
    """The answers by status, and those of refusals, which all have the one shape."""
    problems = {
        (status, PROBLEM_MEDIA_TYPE): OpenApiResponse(
            ProblemSerializer, description=_DESCRIPTIONS[status]
        )
        for status in refused
    }
    return {**answers, **problems}


_DESCRIPTIONS = {
    400: "The request is malformed.",
    401: "Not logged in.",
    403: "Not allowed, or not taking part.",
    404: "Not found, or somebody else's.",
    409: "A conflict: stale read, reused key, closed order.",
    411: "The body has no length.",
    413: "The body is too large.",
    422: "A rule of the market refuses it.",
    429: "Too many requests.",
    503: "Not now; try again.",
}


def query(name: str, kind: Any, text: str, **kwargs: Any) -> OpenApiParameter:
    """A parameter of the query."""
    return OpenApiParameter(name, kind, OpenApiParameter.QUERY, description=text, **kwargs)


MIN_COMMIT = query("min_commit", int, "Wait up to 1 s for this commit, else 409 `stale_read`.")
WAIT = query("wait", str, "`result`: wait up to 500 ms for the decision.", enum=["result"])
KEY = OpenApiParameter(
    "Idempotency-Key",
    str,
    OpenApiParameter.HEADER,
    description="The same key and request give the same answer; another request gives 409.",
)
