"""Celery: beat's pulse to every world worker, ordinary queues for everything else.

The pulse goes over a fanout exchange: each world worker has a queue of its own and so gets its own
copy, and a dead worker leaves nothing behind. Publisher and consumer must agree on the routing key
and the publisher must declare the exchange; a message to an undeclared one vanishes silently.
"""

from __future__ import annotations

import os
import socket

from celery import Celery
from kombu import Exchange, Queue

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "arena_site.settings.embedded")

from django.conf import settings

ROLE = os.environ.get("LEA_ROLE", "general")
PULSE = Exchange("worlds", type="fanout", durable=False, delivery_mode=1)
PULSE_KEY = "pulse"
UPKEEP_SECONDS = 600.0
PROJECT_SECONDS = 1.0
AUDIT_SECONDS = 10.0


def queues(role: str) -> list[Queue]:
    """What this process consumes: its own queue of pulses, or the general queue."""
    if role != "world":
        return [Queue("general")]
    name = f"worlds.{socket.gethostname()}.{os.getpid()}"
    return [Queue(name, PULSE, routing_key=PULSE_KEY, no_ack=True, auto_delete=True, durable=False)]


app = Celery("arena_site")
app.conf.update(
    broker_url=settings.REDIS.broker,
    broker_connection_retry_on_startup=True,
    broker_connection_max_retries=None,
    broker_transport_options={"socket_connect_timeout": 1.0, "socket_keepalive": True},
    result_backend=None,
    task_ignore_result=True,
    task_serializer="json",
    accept_content=["json"],
    # Early acks: a pulse or a hint that is lost costs nothing, one that is redelivered, time.
    task_acks_late=False,
    worker_prefetch_multiplier=1,
    worker_hijack_root_logger=False,
    worker_send_task_events=False,
    task_queues=queues(ROLE),
    task_default_queue="general",
    timezone="UTC",
    beat_max_loop_interval=0.1,
    beat_schedule={
        "pulse": {
            "task": "worlds.pulse",
            "schedule": settings.WORLD_PULSE_SECONDS,
            "options": {
                "exchange": PULSE,
                "declare": [PULSE],
                "routing_key": PULSE_KEY,
                "delivery_mode": 1,
                "expires": settings.WORLD_SLICE_SECONDS,
            },
        },
        "project": {
            "task": "worlds.project",
            "schedule": PROJECT_SECONDS,
            "options": {"expires": PROJECT_SECONDS},
        },
        "audit": {
            "task": "worlds.audit",
            "schedule": AUDIT_SECONDS,
            "options": {"expires": AUDIT_SECONDS},
        },
        "upkeep": {"task": "worlds.upkeep", "schedule": UPKEEP_SECONDS},
    },
)
app.autodiscover_tasks()
