"""The one error shape of both doors: RFC 9457 problem documents with a stable code.

`Problem` is raised by doors and by the messages they parse; `problem_body` renders it for REST
and for sockets alike. Nothing here ever shows a traceback or the text of an unknown exception.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import structlog
from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.db import DatabaseError, OperationalError
from django.http import Http404, HttpRequest
from redis.exceptions import RedisError
from rest_framework import exceptions as drf
from rest_framework.response import Response

from worlds.api.catalogue import BY_NUMBER, CATALOGUE, ErrorCode
from worlds.errors import WorldError

PROBLEM_MEDIA_TYPE = "application/problem+json"
FIELD_ERRORS_MAX = 20
RETRY_AFTER_SECONDS = 1

log = structlog.get_logger(__name__)

# Codes that REST framework gives to invalid fields, in our words.
FIELD_CODES: Mapping[str, str] = {
    "required": "missing_field",
    "null": "missing_field",
    "blank": "missing_field",
    "invalid_choice": "bad_enum",
    "max_length": "out_of_range",
    "min_length": "out_of_range",
    "max_value": "out_of_range",
    "min_value": "out_of_range",
    "invalid": "bad_type",
    "not_a_dict": "bad_type",
}


class FieldError(NamedTuple):
    """What is wrong with one field of a request."""

    field: str
    code: str
    message: str


class Problem(Exception):  # noqa: N818 - the shape is called a problem document
    """A request that fails for a reason of the catalogue.

    Raises `KeyError` when the code is not in the catalogue: a code that nobody listed is a bug.
    """

    def __init__(
        self,
        code: str,
        detail: str = "",
        *,
        errors: Sequence[FieldError] = (),
        status: int | None = None,
        retry_after: int | None = None,
        world: str | None = None,
        tick: int | None = None,
    ) -> None:
        self.row: ErrorCode = CATALOGUE[code]
        self.code = code
        self.detail = detail or self.row.title
        self.errors = tuple(errors[:FIELD_ERRORS_MAX])
        self.status = status or self.row.http_status
        waits = self.row.temporary and self.status in (429, 503)
        self.retry_after = RETRY_AFTER_SECONDS if retry_after is None and waits else retry_after
        self.world = world
        self.tick = tick
        super().__init__(f"{code}: {self.detail}")

    @classmethod
    def of_number(cls, number: int, **context: Any) -> Problem:
        """The problem of a rejected command, from the engine's reason number."""
        row = BY_NUMBER.get(number)
        return cls(row.code if row else "internal_error", **context)

    @classmethod
    def of_fields(cls, errors: Sequence[FieldError], **context: Any) -> Problem:
        """One problem out of field errors: their common code, or `invalid_request`."""
        codes = {error.code for error in errors}
        code = next(iter(codes)) if len(codes) == 1 else "invalid_request"
        first = errors[0]
        detail = f"{first.field}: {first.message}" if first.field else first.message
        return cls(code, detail, errors=errors, **context)


def problem_body(
    problem: Problem,
    *,
    request_id: str | None = None,
    world: str | None = None,
    tick: int | None = None,
) -> dict[str, Any]:
    """The problem document as a JSON object, for REST bodies and socket replies."""
    return {
        "type": f"about:blank#{problem.code}",
        "title": problem.row.title,
        "status": problem.status,
        "code": problem.code,
        "number": problem.row.number,
        "detail": problem.detail,
        "errors": [error._asdict() for error in problem.errors],
        "request_id": request_id,
        "temporary": problem.row.temporary,
        "retry_after": problem.retry_after,
        "world": problem.world if problem.world is not None else world,
        "tick": problem.tick if problem.tick is not None else tick,
    }


def field_errors(detail: Any, prefix: str = "") -> Iterator[FieldError]:
    """Flatten the nested detail of a `ValidationError` into field errors, depth first."""
    if isinstance(detail, Mapping):
        for name, inner in detail.items():
            path = prefix if name == "non_field_errors" else f"{prefix}.{name}".lstrip(".")
            yield from field_errors(inner, path)
    elif isinstance(detail, (list, tuple)):
        for inner in detail:
            yield from field_errors(inner, prefix)
    else:
        code = getattr(detail, "code", "invalid")
        known = code if code in CATALOGUE else FIELD_CODES.get(code, "out_of_range")
        yield FieldError(prefix, known, str(detail))


def problem_of(exc: BaseException) -> Problem:
    """Translate what a view may raise; what nobody foresaw is logged and told as a failure."""
    if isinstance(exc, Problem):
        return exc
    if isinstance(exc, drf.ValidationError):
        return Problem.of_fields(list(field_errors(exc.detail)))
    if isinstance(exc, drf.Throttled):
        wait = max(1, round(getattr(exc, "wait", None) or 1))
        return Problem("rate_limited", retry_after=wait)
    if isinstance(exc, RequestDataTooBig):
        return Problem("payload_too_large")
    if isinstance(exc, WorldError) and exc.code in CATALOGUE and exc.code != "internal_error":
        return Problem(exc.code, str(exc))
    for kinds, code in _TRANSLATIONS:
        if isinstance(exc, kinds):
            return Problem(code, str(getattr(exc, "detail", "")) if code in _TELLING else "")
    if isinstance(exc, (OperationalError, RedisError)):
        log.warning("service_unavailable", error=type(exc).__name__)
        return Problem("unavailable")
    log.error("unhandled_exception", exc_info=exc)
    return Problem("internal_error")


_TRANSLATIONS: tuple[tuple[tuple[type[BaseException], ...], str], ...] = (
    ((drf.NotAuthenticated, drf.AuthenticationFailed), "unauthorized"),
    ((drf.PermissionDenied, PermissionDenied), "forbidden"),
    ((drf.NotFound, Http404), "not_found"),
    ((drf.MethodNotAllowed,), "method_not_allowed"),
    ((drf.NotAcceptable,), "not_acceptable"),
    ((drf.UnsupportedMediaType,), "unsupported_media_type"),
    ((drf.ParseError,), "malformed_json"),
    ((SuspiciousOperation,), "bad_request"),
)
# The framework's own words are shown only where they describe the request and nothing else.
_TELLING = frozenset({"method_not_allowed", "unsupported_media_type", "malformed_json"})


def request_id_of(request: Any) -> str | None:
    """The id that the middleware gave to this request, through REST framework's wrapper."""
    plain: HttpRequest = getattr(request, "_request", request)
    return getattr(plain, "request_id", None)


def exception_handler(exc: Exception, context: Mapping[str, Any]) -> Response:
    """REST framework's hook: every exception of an API view becomes a problem document."""
    problem = problem_of(exc)
    if isinstance(exc, (drf.PermissionDenied,)) and "CSRF" in str(exc.detail):
        problem = Problem("csrf_failed")
    if isinstance(exc, DatabaseError):
        # A failed statement must not leave a half-open transaction to the next one.
        drf_views_set_rollback()
    headers = {}
    if problem.retry_after is not None:
        headers["Retry-After"] = str(problem.retry_after)
    if problem.status == 401:
        headers["WWW-Authenticate"] = 'Session realm="arena"'
    body = problem_body(problem, request_id=request_id_of(context.get("request")))
    response = Response(
        body, status=problem.status, headers=headers, content_type=PROBLEM_MEDIA_TYPE
    )
    response.exception = True
    return response


def drf_views_set_rollback() -> None:
    """Mark open `atomic` blocks of the request for rollback."""
    from rest_framework.views import set_rollback

    set_rollback()
