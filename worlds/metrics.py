"""Figures of the writer's path. World workers have no port: they export to Redis, where the site
reads them (`metrics:<process>`, a text exposition that expires after 15 seconds)."""

from __future__ import annotations

import time
from itertools import islice

import redis
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

EXPORT_EVERY_SECONDS = 5.0
EXPORT_KEEP_SECONDS = 15
EXPORTS_MAX = 256
_FINE = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)

REGISTRY = CollectorRegistry()
tick_seconds = Histogram(
    "lea_tick_seconds", "Engine time of one tick.", ["world"], buckets=_FINE, registry=REGISTRY
)
commit_seconds = Histogram(
    "lea_commit_seconds", "Transaction of a commit.", ["world"], buckets=_FINE, registry=REGISTRY
)
commands_total = Counter(
    "lea_commands_total", "Commands decided.", ["world", "status"], registry=REGISTRY
)
world_slip_seconds = Counter(
    "lea_world_slip_seconds", "World time dropped, not caught up.", ["world"], registry=REGISTRY
)
inbox_depth = Gauge(
    "lea_inbox_depth", "Commands taken by the newest commit.", ["world"], registry=REGISTRY
)
snapshot_seconds = Histogram(
    "lea_snapshot_seconds",
    "Phases of a snapshot.",
    ["world", "phase"],
    buckets=_FINE,
    registry=REGISTRY,
)
world_tick = Gauge("lea_world_tick", "Newest committed tick.", ["world"], registry=REGISTRY)
claims_total = Counter("lea_claims_total", "Worlds claimed.", ["world"], registry=REGISTRY)
drops_total = Counter(
    "lea_drops_total", "Worlds dropped from memory.", ["world", "cause"], registry=REGISTRY
)
announce_failures_total = Counter(
    "lea_announce_failures_total", "Broadcasts that failed.", ["world"], registry=REGISTRY
)
disk_free_bytes = Gauge("lea_disk_free_bytes", "Room where the state is kept.", registry=REGISTRY)
announce_fenced_total = Counter(
    "lea_announce_fenced_total",
    "Broadcasts of a writer that had lost its world.",
    ["world"],
    registry=REGISTRY,
)
block_default_rows = Gauge(
    "lea_block_default_rows", "Blocks that no partition awaited.", registry=REGISTRY
)


class Exporter:
    """Writes this process's figures to Redis, at most every few seconds, and never raises."""

    def __init__(self, client: redis.Redis, process: str) -> None:
        self._client = client
        self._key = f"metrics:{process}"
        self._next = 0.0

    def export(self) -> None:
        """Export when it is time."""
        now = time.monotonic()
        if now < self._next:
            return
        self._next = now + EXPORT_EVERY_SECONDS
        try:
            self._client.set(self._key, generate_latest(REGISTRY), ex=EXPORT_KEEP_SECONDS)
        except redis.RedisError:
            return


def exported(client: redis.Redis) -> list[bytes]:
    """The newest exposition of every world worker; empty when Redis is away."""
    try:
        keys = list(islice(client.scan_iter("metrics:*"), EXPORTS_MAX))
        found = client.mget(keys) if keys else []
        return [text for text in found if isinstance(text, bytes) and text]
    except redis.RedisError:
        return []
