"""Around every request: its id in answer and logs, and the headers that every answer has."""

from __future__ import annotations

import re
import uuid
from collections.abc import Awaitable, Callable

import structlog
from asgiref.sync import iscoroutinefunction
from csp.constants import SELF, UNSAFE_INLINE
from django.http import HttpRequest, HttpResponseBase
from django.utils.decorators import sync_and_async_middleware

_ACCEPTED = re.compile(r"[A-Za-z0-9._:-]{8,64}", re.ASCII)
_PERMISSIONS = "camera=(), geolocation=(), microphone=(), payment=(), usb=()"
# The admin's and Swagger's scripts write HTML strings: no Trusted Types there. Swagger also sets
# styles inline. Scripts still come from this site alone.
_NO_TRUSTED_TYPES = {"require-trusted-types-for": None, "trusted-types": None}
_LOOSER = {
    "/admin/": _NO_TRUSTED_TYPES,
    "/api/docs": _NO_TRUSTED_TYPES | {"style-src": [SELF, UNSAFE_INLINE]},
}


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


@sync_and_async_middleware
def PolicyMiddleware(get_response: Callable) -> Callable:  # noqa: N802 - named like a class
    """Set Permissions-Policy, and the looser content policy of the pages that need it."""

    def finish(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        response.setdefault("Permissions-Policy", _PERMISSIONS)
        for prefix, policy in _LOOSER.items():
            if request.path.startswith(prefix):
                response._csp_replace = policy  # type: ignore[attr-defined]
        return response

    if iscoroutinefunction(get_response):

        async def async_middleware(request: HttpRequest) -> HttpResponseBase:
            return finish(request, await get_response(request))

        return async_middleware

    def middleware(request: HttpRequest) -> HttpResponseBase:
        return finish(request, get_response(request))

    return middleware


async def _await(awaitable: Awaitable[HttpResponseBase]) -> HttpResponseBase:
    return await awaitable
