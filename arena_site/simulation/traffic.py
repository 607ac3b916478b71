"""The traffic server and the broker of a simulation: messages are lost, doubled or late."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from concurrent.futures import Executor, Future
from datetime import UTC, datetime
from typing import Any

import redis
from django.core.files.base import ContentFile, File
from django.core.files.storage import Storage

from arena_site.simulation.fibers import Fiber, Scheduler
from arena_site.simulation.plan import Plan

LATENCY_SECONDS = (0.0002, 0.002)
LATE_SECONDS = (0.05, 3.0)
POLL_SECONDS = 0.01
DAMAGED_AT = 100


class Traffic:
    """Channels and who listens to them. `down_until`: it is being restarted."""

    def __init__(self, scheduler: Scheduler, plan: Plan) -> None:
        self.scheduler, self.plan = scheduler, plan
        self.listeners: list[PubSub] = []
        self.down_until = 0.0

    def check(self) -> None:
        """Raise ConnectionError while it is down."""
        if self.scheduler.now < self.down_until:
            raise redis.ConnectionError("connection refused")

    def restart(self) -> None:
        """Everything that was on its way is gone, and every subscription."""
        self.down_until = self.scheduler.now + self.plan.between(0.1, 0.8)
        for listener in self.listeners:
            listener.lose()

    def publish(self, channel: str, data: Any) -> None:
        """Send to whoever listens now; each gets it in its own time, if at all."""
        self.check()
        word = "wake" if channel.startswith("wake:") else "announcement"
        for listener in self.listeners:
            if channel not in listener.channels or self.plan.strikes(f"{word} lost"):
                continue
            copies = 2 if self.plan.strikes(f"{word} doubled") else 1
            for _ in range(copies):
                late = self.plan.strikes(f"{word} late")
                delay = self.plan.between(*(LATE_SECONDS if late else LATENCY_SECONDS))
                listener.deliver(self.scheduler.now + delay, channel, data)


class Client:
    """As much of a Redis client as the writer uses."""

    def __init__(self, traffic: Traffic) -> None:
        self._traffic = traffic

    def publish(self, channel: str, data: Any) -> None:
        self._traffic.publish(channel, data)

    def pubsub(self, **_: Any) -> PubSub:
        return PubSub(self._traffic)

    def set(self, *_: Any, **__: Any) -> None:
        """Figures are not what is simulated."""

    def close(self) -> None:
        """Nothing to do."""


class AsyncClient:
    """The same for an event loop."""

    def __init__(self, traffic: Traffic) -> None:
        self._traffic = traffic

    async def publish(self, channel: str, data: Any) -> None:
        self._traffic.publish(channel, data)

    async def aclose(self) -> None:
        """Nothing to do."""


class PubSub:
    """What one process hears."""

    def __init__(self, traffic: Traffic) -> None:
        self._traffic = traffic
        self.channels: set[str] = set()
        self._coming: list[tuple[float, str, Any]] = []
        self._waiting: Fiber | None = None
        traffic.listeners.append(self)

    def subscribe(self, channel: str) -> None:
        self._traffic.check()
        self.channels.add(channel)

    def unsubscribe(self, channel: str) -> None:
        self._traffic.check()
        self.channels.discard(channel)

    def lose(self) -> None:
        """The connection broke."""
        self.channels.clear()
        self._coming.clear()

    def close(self) -> None:
        self.lose()

    def deliver(self, at: float, channel: str, data: Any) -> None:
        self._coming.append((at, channel, data))
        if self._waiting is not None:
            self._waiting.wake_at = min(self._waiting.wake_at, at)

    def get_message(self, timeout: float) -> dict[str, Any] | None:
        """The next message, after at most `timeout` seconds."""
        scheduler = self._traffic.scheduler
        end = scheduler.now + timeout
        while True:
            self._traffic.check()
            due = [message for message in self._coming if message[0] <= scheduler.now]
            if due:
                self._coming.remove(due[0])
                return {"channel": due[0][1].encode(), "data": due[0][2]}
            if scheduler.now >= end:
                return None
            soonest = min((message[0] for message in self._coming), default=end)
            self._waiting = scheduler.current
            scheduler.pause(min(end, soonest) - scheduler.now)
            self._waiting = None


class Broker:
    """Pulses on their way to each worker's own queue."""

    def __init__(self, scheduler: Scheduler, plan: Plan) -> None:
        self.scheduler, self.plan = scheduler, plan
        self.queues: dict[str, deque[float]] = {}

    def pulse(self) -> None:
        """One from beat to every queue."""
        for queue in self.queues.values():
            if self.plan.strikes("pulse lost"):
                continue
            for _ in range(2 if self.plan.strikes("pulse doubled") else 1):
                late = self.plan.between(0.1, 2.0) if self.plan.strikes("pulse late") else 0.0
                queue.append(self.scheduler.now + late)

    def take(self, name: str) -> None:
        """Wait for a pulse."""
        queue = self.queues.setdefault(name, deque())
        while not any(at <= self.scheduler.now for at in queue):
            self.scheduler.pause(POLL_SECONDS)
        queue.remove(next(at for at in queue if at <= self.scheduler.now))


class MemoryStorage(Storage):
    """Files in memory; a disk that lies or is full, from time to time."""

    def __init__(self, plan: Plan | None = None) -> None:
        self.files: dict[str, bytes] = {}
        self.damaged: set[str] = set()
        self.plan = plan

    def _save(self, name: str, content: File) -> str:
        data = content.read()
        if self.plan is not None and self.plan.strikes("snapshot not stored"):
            raise OSError("no space left on device")
        if self.plan is not None and self.plan.strikes("snapshot damaged"):
            at = DAMAGED_AT % len(data)
            data = data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]
            self.damaged.add(name)
        self.files[name] = data
        return name

    def _open(self, name: str, mode: str = "rb") -> File:
        if name not in self.files:
            raise FileNotFoundError(name)
        if name in self.damaged and self.plan is not None:
            self.plan.note("damaged snapshot refused")
        return ContentFile(self.files[name])

    def exists(self, name: str) -> bool:
        return name in self.files

    def delete(self, name: str) -> None:
        self.files.pop(name, None)

    def listdir(self, path: str) -> tuple[list[str], list[str]]:
        inside = f"{path}/"
        return [], [n.removeprefix(inside) for n in self.files if n.startswith(inside)]

    def get_modified_time(self, name: str) -> datetime:
        return datetime.now(UTC)  # a run is shorter than a stray file is left alone


class _Result(Future):
    """A future whose waiting is virtual."""

    def __init__(self, scheduler: Scheduler) -> None:
        super().__init__()
        self._scheduler = scheduler

    def exception(self, timeout: float | None = None) -> BaseException | None:
        while not self.done():
            self._scheduler.pause(POLL_SECONDS)
        return super().exception(0)


class FiberExecutor(Executor):
    """A thread pool of one, as a fiber in the process of whoever made it."""

    def __init__(self, scheduler: Scheduler, plan: Plan) -> None:
        self._scheduler, self._plan = scheduler, plan
        current = scheduler.current
        self._group = current.group if current else ""

    def submit(self, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future:
        result = _Result(self._scheduler)

        def work() -> None:
            self._scheduler.pause(self._plan.between(0.01, 0.3))
            try:
                made = function(*args, **kwargs)
            except Exception as error:
                result.set_exception(error)
            else:
                result.set_result(made)

        self._scheduler.spawn("snapshot", work, self._group)
        return result

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Its fiber ends by itself."""
