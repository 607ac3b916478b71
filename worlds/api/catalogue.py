"""The error catalogue: one stable code and one number per way a request can fail.

Families: 1xxx transport and limits, 2xxx validation and 3xxx trading (owned by the engine's
`RejectReason`), 4xxx social, 5xxx realtime. `GET /api/error-codes` and the documents list it.
"""

from __future__ import annotations

from typing import NamedTuple

from economy_engine.errors import RejectReason


class ErrorCode(NamedTuple):
    """One row of the catalogue; `temporary` says that the same request may succeed later."""

    number: int
    code: str
    http_status: int
    title: str
    temporary: bool = False


_DOORS = (
    ErrorCode(1000, "internal_error", 500, "The server failed; the outcome is unknown."),
    ErrorCode(1001, "bad_request", 400, "The request cannot be understood."),
    ErrorCode(1002, "malformed_json", 400, "The body is not valid JSON."),
    ErrorCode(1003, "invalid_request", 400, "Several fields are invalid."),
    ErrorCode(1004, "unauthorized", 401, "Log in first."),
    ErrorCode(1005, "forbidden", 403, "This is not allowed."),
    ErrorCode(1006, "csrf_failed", 403, "The anti-forgery token is missing or wrong."),
    ErrorCode(1007, "forbidden_scope", 403, "The key lacks the scope for this."),
    ErrorCode(1008, "not_participating", 403, "Join the world first."),
    ErrorCode(1009, "not_found", 404, "There is no such thing here."),
    ErrorCode(1010, "method_not_allowed", 405, "This address does not take that method."),
    ErrorCode(1011, "not_acceptable", 406, "Only application/json is served here."),
    ErrorCode(1012, "stale_read", 409, "The read model has not reached that commit.", True),
    ErrorCode(1013, "idempotency_conflict", 409, "This key was used with another request."),
    ErrorCode(1014, "participant_pending", 409, "The world has not admitted you yet.", True),
    ErrorCode(1015, "payload_too_large", 413, "The body is too large."),
    ErrorCode(1016, "unsupported_media_type", 415, "Send application/json."),
    ErrorCode(1017, "rate_limited", 429, "Too many requests.", True),
    ErrorCode(1020, "execution_unknown", 503, "Ask for the command by its id.", True),
    ErrorCode(1021, "unavailable", 503, "A service behind this one does not answer.", True),
    ErrorCode(1022, "bad_type", 400, "A field has the wrong type."),
    ErrorCode(1023, "world_not_ready", 503, "The world is being made.", True),
    ErrorCode(1024, "length_required", 411, "Send a Content-Length."),
    ErrorCode(1030, "read_only", 503, "The world takes no commands just now.", True),
    ErrorCode(4001, "muted", 403, "You are muted here."),
    ErrorCode(4002, "banned", 403, "You are banned."),
    ErrorCode(4003, "flood", 429, "You write too fast.", True),
    ErrorCode(4004, "not_member", 403, "You are not a member."),
    ErrorCode(4005, "rank_too_low", 403, "Your rank does not allow this."),
    ErrorCode(4006, "guild_full", 409, "The guild is full."),
    ErrorCode(4007, "at_war", 409, "Not while at war."),
    ErrorCode(5001, "unrecoverable_position", 409, "That position cannot be recovered.", True),
    ErrorCode(5002, "already_subscribed", 409, "You are subscribed already."),
    ErrorCode(5003, "channel_limit", 429, "Too many topics on one socket."),
    ErrorCode(5004, "slow_consumer", 429, "The socket reads too slowly.", True),
    ErrorCode(5005, "unknown_topic", 404, "There is no such topic."),
    ErrorCode(5006, "unknown_operation", 400, "There is no such operation."),
    ErrorCode(5007, "not_subscribed", 409, "You are not subscribed."),
    ErrorCode(5008, "frame_too_large", 413, "The frame is too large."),
)


def _engine_rows() -> list[ErrorCode]:
    return [
        ErrorCode(
            int(reason),
            reason.code,
            reason.http_status,
            reason.message,
            reason.temporary,
        )
        for reason in RejectReason
        if reason is not RejectReason.OK
    ]


def _build() -> dict[str, ErrorCode]:
    """Join the families in order of number; a code or number given twice is a bug."""
    every = sorted([*_DOORS, *_engine_rows()])
    rows = {row.code: row for row in every}
    if not len(every) == len(rows) == len({row.number for row in every}):
        raise RuntimeError("two error codes share a name or a number")
    return rows


CATALOGUE: dict[str, ErrorCode] = _build()
BY_NUMBER: dict[int, ErrorCode] = {row.number: row for row in CATALOGUE.values()}
