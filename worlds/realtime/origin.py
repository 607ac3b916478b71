"""Which pages may open a socket: those of this site, named exactly.

A browser sends its cookies with a socket to any site, so the Origin header decides. It must be
the address under which this request came in (host checked against `ALLOWED_HOSTS`), or one of
`CSRF_TRUSTED_ORIGINS` without a wildcard. Nothing is parsed out of the header: what is not equal
to an expected text is refused, a missing header included.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import structlog
from django.conf import settings
from django.http.request import split_domain_port, validate_host

Application = Callable[[Any, Any, Any], Awaitable[None]]
log = structlog.get_logger(__name__)


def _header(scope: dict[str, Any], name: bytes) -> str | None:
    """The header's text if it is there exactly once and plain ASCII."""
    found = [value for key, value in scope.get("headers", ()) if key.lower() == name]
    if len(found) != 1:
        return None
    try:
        return found[0].decode("ascii")
    except UnicodeDecodeError:
        return None


def _is_secure(scope: dict[str, Any]) -> bool:
    if scope.get("scheme") in {"wss", "https"}:
        return True
    trusted = getattr(settings, "SECURE_PROXY_SSL_HEADER", None)
    if not trusted:
        return False
    name = trusted[0].removeprefix("HTTP_").replace("_", "-").lower().encode()
    value = _header(scope, name)
    return value is not None and value.split(",")[0].strip() == trusted[1]


def expected_origins(scope: dict[str, Any]) -> frozenset[str]:
    """The origins from which this request may come."""
    origins = {origin for origin in settings.CSRF_TRUSTED_ORIGINS if "*" not in origin}
    host = _header(scope, b"host")
    if host is not None:
        domain, _port = split_domain_port(host)
        if domain and validate_host(domain, settings.ALLOWED_HOSTS):
            origins.add(f"{'https' if _is_secure(scope) else 'http'}://{host.lower()}")
    return frozenset(origins)


def same_origin(scope: dict[str, Any]) -> bool:
    """Whether the Origin header is one of the expected texts."""
    origin = _header(scope, b"origin")
    return origin is not None and origin in expected_origins(scope)


class ExactOrigin:
    """ASGI middleware: refuse the handshake (HTTP 403) unless the origin is ours."""

    def __init__(self, application: Application) -> None:
        self.application = application

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if same_origin(scope):
            await self.application(scope, receive, send)
        else:
            log.info("origin_refused", origin=_header(scope, b"origin"))
            await refuse(scope, receive, send)


async def refuse(_scope: Any, _receive: Any, send: Any) -> None:
    """Close before the handshake is accepted: the server answers 403."""
    await send({"type": "websocket.close", "code": 4507})
