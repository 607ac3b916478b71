"""Connections of the writer's path: raw sessions of their own, and clients of the traffic server.

Django closes its connections around tasks and requests; a lease is read from the liveness of its
database session, so the writer owns one (session mode, never behind a transaction pooler).
"""

from __future__ import annotations

import os
from typing import Any

import psycopg
import redis
import redis.asyncio
from django.conf import settings
from django.db import connections
from psycopg.conninfo import conninfo_to_dict
from redis.backoff import NoBackoff
from redis.retry import Retry

REDIS_TIMEOUT_SECONDS = 0.25
CONNECT_SECONDS = 2
WRITER_OPTIONS = (
    "-c statement_timeout=2000 -c idle_in_transaction_session_timeout=2000 "
    "-c lock_timeout=2000 -c timezone=UTC"
)
WEB_OPTIONS = (
    "-c statement_timeout=5000 -c idle_in_transaction_session_timeout=10000 "
    "-c lock_timeout=2000 -c timezone=UTC"
)
KEEPALIVE = {
    "keepalives": 1,
    "keepalives_idle": 2,
    "keepalives_interval": 1,
    "keepalives_count": 3,
    "tcp_user_timeout": 5000,
}


def connection_arguments(role: str | None = None) -> dict[str, Any]:
    """Arguments of `psycopg.connect` for a role, or for Django's own where it has none.

    `DATABASE_URL_WRITER` and `DATABASE_URL_WEB` say how to log in; the database's name stays
    Django's, because the test runner renames it.
    """
    given = connections["default"].settings_dict
    named = {
        "user": given.get("USER"),
        "password": given.get("PASSWORD"),
        "host": given.get("HOST"),
        "port": given.get("PORT"),
    }
    url = os.environ.get(f"DATABASE_URL_{role}") if role else None
    if url:
        named = {k: v for k, v in conninfo_to_dict(url).items() if k != "dbname"}
    named["dbname"] = given["NAME"]
    return {key: value for key, value in named.items() if value} | KEEPALIVE


def writer_connect(name: str) -> psycopg.Connection:
    """A session for leases and commits: autocommit, short timeouts, so that a hang ends itself."""
    return psycopg.connect(
        **connection_arguments("WRITER"),
        autocommit=True,
        application_name=name[:63],
        options=WRITER_OPTIONS,
    )


def plain_connect(name: str) -> psycopg.Connection:
    """A session for long work beside the writers: autocommit, no statement timeout."""
    return psycopg.connect(
        **connection_arguments(),
        autocommit=True,
        application_name=name[:63],
        options="-c timezone=UTC",
    )


async def web_connect() -> psycopg.AsyncConnection:
    """A session that only accepts commands, for an event loop."""
    return await psycopg.AsyncConnection.connect(
        **connection_arguments("WEB"),
        autocommit=True,
        application_name="lea-inbox",
        options=WEB_OPTIONS,
        connect_timeout=CONNECT_SECONDS,
    )


def redis_client() -> redis.Redis:
    """The traffic server, with waits short enough for the writer's path."""
    # No retries: whoever waits here is a writer with ticks to run.
    return redis.Redis.from_url(
        settings.REDIS.traffic,
        socket_timeout=REDIS_TIMEOUT_SECONDS,
        socket_connect_timeout=REDIS_TIMEOUT_SECONDS,
        retry=Retry(NoBackoff(), 0),
    )


def redis_async_client() -> redis.asyncio.Redis:
    """The traffic server for an event loop."""
    return redis.asyncio.Redis.from_url(
        settings.REDIS.traffic,
        socket_timeout=REDIS_TIMEOUT_SECONDS,
        socket_connect_timeout=REDIS_TIMEOUT_SECONDS,
    )
