"""What the writer's path asks of the machine around it: time, sessions, traffic, threads, new ids.

One set per process. The simulator installs its own for the length of a run, so that the same code
runs against a clock, a database and a broker that obey a seed.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from worlds import database


def _snapshot_executor() -> Executor:
    return ThreadPoolExecutor(1, thread_name_prefix="snapshot")


@dataclass(frozen=True, slots=True)
class Surroundings:
    """The functions behind this module's; the defaults are the real ones."""

    monotonic: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    writer_connect: Callable[[str], Any] = database.writer_connect
    web_connect: Callable[[], Awaitable[Any]] = database.web_connect
    redis_client: Callable[[], Any] = database.redis_client
    redis_async_client: Callable[[], Any] = database.redis_async_client
    snapshot_executor: Callable[[], Executor] = _snapshot_executor
    new_id: Callable[[], uuid.UUID] = uuid.uuid4


_current = Surroundings()


def monotonic() -> float:
    """Seconds on a clock that never goes back."""
    return _current.monotonic()


def sleep(seconds: float) -> None:
    """Do nothing for a while."""
    _current.sleep(seconds)


def writer_connect(name: str) -> Any:
    """A session for leases and commits."""
    return _current.writer_connect(name)


async def web_connect() -> Any:
    """A session that accepts commands in an event loop."""
    return await _current.web_connect()


def redis_client() -> Any:
    """The traffic server."""
    return _current.redis_client()


def redis_async_client() -> Any:
    """The traffic server for an event loop."""
    return _current.redis_async_client()


def snapshot_executor() -> Executor:
    """Where snapshots are compressed and stored, one at a time."""
    return _current.snapshot_executor()


def new_id() -> uuid.UUID:
    """An id for a command of the writer's own."""
    return _current.new_id()


@contextmanager
def replaced(by: Surroundings) -> Iterator[None]:
    """Use other surroundings inside the block, in the whole process."""
    global _current
    before, _current = _current, by
    try:
        yield
    finally:
        _current = before
