"""Fixtures of the realtime tests: a hub on the real Valkey, publishing, handles that stall."""

from __future__ import annotations

import itertools
import os
import time
from collections.abc import AsyncIterator

import pytest
import redis.asyncio as redis
from django.conf import settings
from django.db import connections

from tests.realtime.support import Publisher
from worlds.realtime.hub import TopicHub

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
    client = redis.Redis.from_url(settings.REDIS.traffic)
    yield Publisher(client, world_id)
    await client.delete(f"hot:{world_id}")
    await client.aclose()


@pytest.fixture
async def hub() -> AsyncIterator[TopicHub]:
    """A hub on the real server."""
    made = TopicHub(settings.REDIS.traffic)
    yield made
    await made.close()
