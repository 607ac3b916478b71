"""Connection settings out of URLs, or of the embedded services in the state directory."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, unquote, urlsplit


class RedisUrls(NamedTuple):
    """One URL per role; the same server on a laptop, three servers in production."""

    traffic: str
    broker: str
    layer: str
    cache: str


def database_from_url(url: str | None, state: Path) -> dict[str, Any]:
    """Django's settings for `postgresql://user:password@host/name`, or for the embedded cluster."""
    base: dict[str, Any] = {
        "ENGINE": "django.db.backends.postgresql",
        "CONN_HEALTH_CHECKS": True,
        "CONN_MAX_AGE": 60,
        "ATOMIC_REQUESTS": False,
    }
    if not url:
        return base | {"NAME": "arena", "USER": "arena", "HOST": str(state / "pg"), "PORT": ""}
    parts = urlsplit(url)
    if parts.scheme not in {"postgres", "postgresql"}:
        raise ValueError(f"DATABASE_URL must start with postgresql://, got {parts.scheme!r}")
    query = dict(parse_qsl(parts.query))
    return base | {
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": query.pop("host", parts.hostname or ""),
        "PORT": str(parts.port or ""),
        "OPTIONS": query,
    }


def redis_urls(environ: Mapping[str, str], state: Path) -> RedisUrls:
    """`REDIS_URL` for all roles unless a role has its own."""
    url = environ.get("REDIS_URL") or f"unix://{state}/redis/redis.sock"
    broker = environ.get("REDIS_BROKER_URL") or url.replace("unix://", "redis+socket://", 1)
    return RedisUrls(
        traffic=url,
        broker=broker,
        layer=environ.get("REDIS_LAYER_URL") or url,
        cache=environ.get("REDIS_CACHE_URL") or url,
    )
