"""Doors of Celery: slices, projections, upkeep. Nothing of value is ever in a message."""

from __future__ import annotations

import os
import socket
from typing import Any

import structlog
from celery import shared_task
from celery.signals import worker_init, worker_shutdown, worker_shutting_down
from django.conf import settings
from django.utils import timezone

from worlds import forks, projector, retention, selectors, services

log = structlog.get_logger(__name__)
_host: Any = None


def process_name() -> str:
    """The name of this process as a lease holder."""
    return f"{socket.gethostname()}:{os.getpid()}"


@worker_init.connect
def warm_up(**_: Any) -> None:
    """Before the first claim: load the engine and compile, so that no lease waits for it."""
    global _host
    if os.environ.get("LEA_ROLE") != "world":
        return
    from worlds.broadcast import Broadcaster
    from worlds.database import redis_client
    from worlds.economy import Economy
    from worlds.host import Host

    retention.ensure_partitions()
    engine = Economy()
    engine.warm()
    announcer = Broadcaster(engine, redis_client(), hint=hint_projections)
    _host = Host(process_name(), engine, announcer)


@worker_shutting_down.connect
def stop(**_: Any) -> None:
    """End the running slice: its host releases its worlds with a snapshot at their heads."""
    if _host is not None:
        _host.stopping = True


@worker_shutdown.connect
def close(**_: Any) -> None:
    """For a worker that was between two slices."""
    if _host is not None:
        _host.close()


@shared_task(name="worlds.pulse", ignore_result=True)
def pulse() -> None:
    """Run this process's worlds for a slice."""
    if _host is not None:
        _host.slice(settings.WORLD_SLICE_SECONDS)


@shared_task(name="worlds.project", ignore_result=True)
def project(world_id: int | None = None) -> None:
    """Bring the projections of a world, or of all worlds, up to the newest block."""
    worlds = [world_id] if world_id is not None else [h.world_id for h in selectors.world_heads()]
    for number in worlds:
        projector.project(number)


@shared_task(name="worlds.audit", ignore_result=True)
def audit() -> None:
    """Say which commands wait too long (I13) and which projections are wrong (I14)."""
    for world_id, seconds in selectors.waiting_seconds().items():
        if seconds > settings.WORLD_WAIT_SECONDS_MAX:
            log.error("commands wait", rule="I13", world=world_id, seconds=round(seconds, 1))
    for head in selectors.world_heads():
        for text in projector.audit(head.world_id):
            log.critical("projection differs", rule="I14", world=head.slug, difference=text)


@shared_task(name="worlds.upkeep", ignore_result=True)
def upkeep() -> None:
    """Make partitions ahead, drop old ones, count strays, end old branches, retire idle guests."""
    forks.expire()
    retention.ensure_partitions()
    retention.prune_blocks()
    retention.stray_rows()
    services.guests_retire_idle(now=timezone.now())


def hint_projections(world_id: int) -> None:
    """Ask for a world's projections soon; without a broker the next second's task does it."""
    project.apply_async((world_id,), expires=5, retry=False, ignore_result=True)
