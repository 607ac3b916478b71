"""Whether this process lives, whether it can serve, and what it has done."""

from __future__ import annotations

import hmac
import time
from collections.abc import Callable
from operator import add
from typing import Any

import redis
from asgiref.sync import iscoroutinefunction
from django.conf import settings
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.utils.decorators import sync_and_async_middleware
from prometheus_client import CONTENT_TYPE_LATEST, Counter, Histogram, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from worlds import compatibility, selectors
from worlds import metrics as world_metrics
from worlds.database import redis_client

requests_total = Counter(
    "lea_http_requests_total", "Requests answered.", ["method", "route", "status"]
)
request_seconds = Histogram(
    "lea_http_request_seconds",
    "Time to the answer.",
    ["method", "route"],
    buckets=(0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0),
)
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


def _observe(request: HttpRequest, response: HttpResponseBase, began: float) -> None:
    # The route's pattern, never the path: paths are as many as clients care to invent.
    match = getattr(request, "resolver_match", None)
    route = f"/{match.route}" if match is not None else "unmatched"
    method = request.method if request.method in _METHODS else "other"
    requests_total.labels(method, route, str(response.status_code)).inc()
    request_seconds.labels(method, route).observe(time.perf_counter() - began)


@sync_and_async_middleware
def MetricsMiddleware(get_response: Callable) -> Callable:  # noqa: N802 - named like a class
    """Count requests and their time by route."""
    if iscoroutinefunction(get_response):

        async def async_middleware(request: HttpRequest) -> HttpResponseBase:
            began = time.perf_counter()
            response = await get_response(request)
            _observe(request, response, began)
            return response

        return async_middleware

    def middleware(request: HttpRequest) -> HttpResponseBase:
        began = time.perf_counter()
        response = get_response(request)
        _observe(request, response, began)
        return response

    return middleware


def healthz(request: HttpRequest) -> HttpResponse:
    """The process answers; nothing behind it is asked."""
    return JsonResponse({"status": "ok"})


def readyz(request: HttpRequest) -> HttpResponse:
    """Database, Redis, migrations and a world head that moves: 200 when all hold, else 503."""
    checks = {name: _checked(check) for name, check in _CHECKS.items()}
    ready = all(said == "ok" for said in checks.values())
    status = 200 if ready else 503
    return JsonResponse({"status": "ok" if ready else "unready", "checks": checks}, status=status)


def _checked(check: Callable[[], str]) -> str:
    try:
        return check()
    except (DatabaseError, redis.RedisError, OSError) as error:
        return type(error).__name__


def _database() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        return "ok" if cursor.fetchone() == (1,) else "no answer"


def _redis() -> str:
    return "ok" if redis_client().ping() else "no answer"


_migrated = False


def _migrations() -> str:
    # Migrations are never taken back under a running gateway: once complete is complete.
    global _migrated
    if not _migrated:
        executor = MigrationExecutor(connection)
        waiting = executor.migration_plan(executor.loader.graph.leaf_nodes())
        if waiting:
            return f"{len(waiting)} waiting"
        _migrated = True
    return "ok"


def _world() -> str:
    world = selectors.world_by_slug(settings.WORLD_DEFAULT)
    if world is None:
        return "no world"
    head = selectors.world_head(world.pk)
    if head is None:
        return "no head"
    obstacle = compatibility.obstacle(world.pk)
    if obstacle is not None:
        return obstacle.code
    # A halted world stands still on purpose and serves its reads.
    if head.state != "halted" and head.age_seconds > settings.READY_COMMIT_AGE_SECONDS_MAX:
        return "stale"
    return "ok"


_CHECKS: dict[str, Callable[[], str]] = {
    "database": _database,
    "redis": _redis,
    "migrations": _migrations,
    "world": _world,
}


def metrics(request: HttpRequest) -> HttpResponse:
    """This process's figures, the heads of the worlds, and what the world workers exported."""
    wanted = settings.METRICS_TOKEN
    given = request.headers.get("Authorization", "").removeprefix("Bearer ")
    if wanted and not hmac.compare_digest(given.encode(), wanted.encode()):
        return HttpResponse(status=401, headers={"WWW-Authenticate": "Bearer"})
    parts = [generate_latest(), *_exported(), _heads()]
    return HttpResponse(b"".join(parts), content_type=CONTENT_TYPE_LATEST)


def _exported() -> list[bytes]:
    try:
        return [merged(world_metrics.exported(redis_client()))]
    except redis.RedisError:
        return []


def merged(expositions: list[bytes]) -> bytes:
    """Join what several workers exported into one exposition without a name twice.

    Counters and histograms of the same labels are added, of gauges the largest is kept: a world
    that moved between workers is counted once for each part of its life.
    """
    families: dict[str, tuple[str, str]] = {}
    samples: dict[str, dict[tuple[str, tuple[tuple[str, str], ...]], float]] = {}
    for exposition in expositions:
        for family in text_string_to_metric_families(exposition.decode()):
            families[family.name] = (family.type, family.documentation)
            held = samples.setdefault(family.name, {})
            for sample in family.samples:
                key = (sample.name, tuple(sample.labels.items()))
                join = max if family.type == "gauge" else add
                held[key] = join(held[key], sample.value) if key in held else sample.value
    lines: list[str] = []
    for name, (kind, text) in families.items():
        shown = f"{name}_total" if kind == "counter" else name
        lines += [f"# HELP {shown} {text}", f"# TYPE {shown} {kind}"]
        for (sample_name, labels), value in samples[name].items():
            if sample_name.endswith("_created"):
                continue
            inside = ",".join(f'{label}="{_escaped(word)}"' for label, word in labels)
            shown = f"{sample_name}{{{inside}}}" if labels else sample_name
            lines.append(f"{shown} {value}")
    return ("\n".join(lines) + "\n").encode()


def _escaped(word: str) -> str:
    return word.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")


def _heads() -> bytes:
    try:
        rows, waits = selectors.world_heads(), selectors.waiting_seconds()
        refused = {each.world_id for each in compatibility.obstacles()}
    except DatabaseError:
        return b""
    lines: list[str] = []
    name = "lea_command_wait_seconds"
    lines += [f"# HELP {name} Age of the oldest undecided command.", f"# TYPE {name} gauge"]
    lines.extend(f'{name}{{world="{row.slug}"}} {waits.get(row.world_id, 0.0)}' for row in rows)
    for name, text, read in _GAUGES:
        lines.append(f"# HELP {name} {text}")
        lines.append(f"# TYPE {name} gauge")
        lines.extend(f'{name}{{world="{row.slug}"}} {read(row)}' for row in rows)
    lines += [
        "# HELP lea_world_refused 1 while this version cannot go on with the world.",
        "# TYPE lea_world_refused gauge",
        *(
            f'lea_world_refused{{world="{row.slug}"}} {int(row.world_id in refused)}'
            for row in rows
        ),
    ]
    return ("\n".join(lines) + "\n").encode()


_GAUGES: tuple[tuple[str, str, Callable[[Any], Any]], ...] = (
    ("lea_head_tick", "Tick of the newest commit.", lambda row: row.tick),
    ("lea_head_commit", "Number of the newest commit.", lambda row: row.commit),
    ("lea_head_seq", "Number of the newest decided command.", lambda row: row.seq),
    ("lea_head_epoch", "Fencing token of the lease.", lambda row: row.epoch),
    ("lea_head_age_seconds", "Age of the newest commit.", lambda row: row.age_seconds),
    ("lea_world_halted", "1 while the world is halted.", lambda row: int(row.state == "halted")),
)
