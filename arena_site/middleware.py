"""Request ids: one per request, echoed, and bound to every log line of it."""

from __future__ import annotations

import re
import uuid
from collections.abc import Awaitable, Callable

import structlog
from django.http import HttpRequest, HttpResponseBase
from django.utils.decorators import sync_and_async_middleware
from asgiref.sync import iscoroutinefunction

_ACCEPTED = re.compile(r"[A-Za-z0-9._:-]{8,64}")


def _request_id(request: HttpRequest) -> str:
    given = request.headers.get("X-Request-Id", "")
    return given if _ACCEPTED.fullmatch(given) else uuid.uuid4().hex


@sync_and_async_middleware
def RequestIdMiddleware(get_response: Callable) -> Callable:  # noqa: N802 - Django names middleware like classes
    """Give the request an id, answer it in `X-Request-Id`, bind it to the logs."""
    if iscoroutinefunction(get_response):

        async def async_middleware(request: HttpRequest) -> HttpResponseBase:
            request.request_id = _request_id(request)  # type: ignore[attr-defined]
            with structlog.contextvars.bound_contextvars(request_id=request.request_id):  # type: ignore[attr-defined]
                response = await _await(get_response(request))
            response["X-Request-Id"] = request.request_id  # type: ignore[attr-defined]
            return response

        return async_middleware

    def middleware(request: HttpRequest) -> HttpResponseBase:
        request.request_id = _request_id(request)  # type: ignore[attr-defined]
        with structlog.contextvars.bound_contextvars(request_id=request.request_id):  # type: ignore[attr-defined]
            response = get_response(request)
        response["X-Request-Id"] = request.request_id  # type: ignore[attr-defined]
        return response

    return middleware


async def _await(awaitable: Awaitable[HttpResponseBase]) -> HttpResponseBase:
    return await awaitable
