"""Fixtures of the realtime tests: a hub on the real Valkey, publishing, handles that stall."""

from __future__ import annotations

import itertools
import os
import random
import time
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest
import redis.asyncio as redis
from django.conf import settings as project_settings
from django.db import connection, connections
from django.test.utils import setup_databases, teardown_databases

from tests.realtime.clerk import Clerk
from tests.realtime.support import Publisher, Socket
from worlds.realtime.hub import TopicHub
from worlds.realtime.runtime import existing_realtime

_worlds = itertools.count()


@pytest.fixture(autouse=True)
def _close_thread_connections():
    """Threads of a test's loop must not keep connections to the test database."""
    before = connections.settings["default"]["CONN_MAX_AGE"]
    connections.settings["default"]["CONN_MAX_AGE"] = 0
    yield
    connections.settings["default"]["CONN_MAX_AGE"] = before


@pytest.fixture
def world_id() -> int:
    """A world of the test's own in Redis: nobody else publishes for this number."""
    return 10**12 + os.getpid() * 10**4 + next(_worlds) + time.time_ns() % 1000 * 10**10


@pytest.fixture
async def publisher(world_id: int) -> AsyncIterator[Publisher]:
    """Publishes as a world does: the stored view first, then the message."""
    client = redis.Redis.from_url(project_settings.REDIS.traffic)
    yield Publisher(client, world_id)
    await client.delete(f"hot:{world_id}")
    await client.aclose()


@pytest.fixture
async def hub() -> AsyncIterator[TopicHub]:
    """A hub on the real server."""
    made = TopicHub(project_settings.REDIS.traffic)
    yield made
    await made.close()


@pytest.fixture(scope="session")
def _test_database(
    django_db_setup: None, django_db_blocker: Any, django_db_keepdb: bool
) -> Iterator[None]:
    """The test database. pytest-django makes it only for tests that bear its marker, which would
    wrap or flush these; alone they have to ask for it themselves.

    World numbers start far from those of any other suite that shares this Redis.
    """
    made = None
    with django_db_blocker.unblock():
        if not connection.settings_dict["NAME"].startswith("test_"):
            made = setup_databases(0, False, keepdb=django_db_keepdb, aliases={"default"})
        with connection.cursor() as cursor:
            start = random.SystemRandom().randrange(10**9, 10**12)
            cursor.execute(f"alter sequence worlds_world_id_seq restart with {start}")
    yield
    if made is not None and not django_db_keepdb:
        with django_db_blocker.unblock():
            teardown_databases(made, 0)


@pytest.fixture
def committed(_test_database: None, django_db_blocker: Any) -> Iterator[None]:
    """Database access whose writes are really committed; each test works in a world of its own."""
    with django_db_blocker.unblock():
        yield
        connections.close_all()


@pytest.fixture
def clerk(committed, settings) -> Iterator[Clerk]:
    """A world of the test's own, decided by the test."""
    made = Clerk()
    settings.WORLD_DEFAULT = made.slug
    yield made
    made.close()


@pytest.fixture
async def sockets() -> AsyncIterator[Callable[..., Socket]]:
    """Opens sockets on the real ASGI application; closes them and the loop's realtime parts.

    Whatever asks for a topic or an account needs `clerk` as well.
    """
    opened: list[Socket] = []

    def make(user: Any = None, path: str = "/ws/", **headers: str) -> Socket:
        socket = Socket(user, path, headers)
        opened.append(socket)
        return socket

    yield make
    for socket in opened:
        await socket.close()
    realtime = existing_realtime()
    if realtime is not None:
        await realtime.close()
