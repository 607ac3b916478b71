"""Liveness, readiness, figures, request ids and logs."""

from __future__ import annotations

import json
import logging

import pytest
from django.db import connection
from prometheus_client.parser import text_string_to_metric_families

from arena_site import health
from arena_site.logging import logging_config, redact
from tests.markets.factories import make_world
from worlds.database import redis_client

pytestmark = pytest.mark.django_db


def test_alive_asks_nobody(client, django_assert_num_queries):
    with django_assert_num_queries(0):
        assert client.get("/healthz").status_code == 200


def test_ready_only_with_a_world_that_moves(client):
    assert client.get("/readyz").json()["checks"]["world"] == "no world"
    world = make_world()
    response = client.get("/readyz")
    assert (response.status_code, response.json()["status"]) == (200, "ok")
    with connection.cursor() as cursor:
        cursor.execute("UPDATE world_head SET moved_at = now() - interval '1 minute'")
    response = client.get("/readyz")
    assert (response.status_code, response.json()["checks"]["world"]) == (503, "stale")
    with connection.cursor() as cursor:
        cursor.execute("UPDATE world_head SET state = 'halted' WHERE world_id = %s", [world.pk])
    assert client.get("/readyz").status_code == 200


def test_a_world_of_an_older_engine_is_named_and_counted(client):
    world, other = make_world(), make_world("other")
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE world_head SET engine_version = engine_version - 1 WHERE world_id = %s",
            [world.pk],
        )
    response = client.get("/readyz")
    assert (response.status_code, response.json()["checks"]["world"]) == (503, "needs_upgrade")
    text = client.get("/metrics").content.decode()
    assert f'lea_world_refused{{world="{world.slug}"}} 1' in text
    assert f'lea_world_refused{{world="{other.slug}"}} 0' in text


def test_not_ready_without_redis(client, settings):
    make_world()
    settings.REDIS = settings.REDIS._replace(traffic="unix:///nonexistent.sock")
    response = client.get("/readyz")
    assert response.status_code == 503
    assert response.json()["checks"]["redis"] == "ConnectionError"


def test_figures_are_counted_by_route_and_never_by_path(client):
    make_world(tick=77)
    client.get("/api/orders/00000000-0000-0000-0000-000000000001")
    client.get("/no/such/path/unseen-anywhere")
    text = client.get("/metrics").content.decode()
    assert 'route="/api/orders/<uuid:order_id>"' in text
    assert 'route="unmatched"' in text
    assert "unseen-anywhere" not in text
    assert 'lea_head_tick{world="main"} 77' in text
    names = [family.name for family in text_string_to_metric_families(text)]
    assert len(names) == len(set(names))


def test_a_token_guards_the_figures_when_one_is_set(client, settings):
    settings.METRICS_TOKEN = "t0ken"
    assert client.get("/metrics").status_code == 401
    assert client.get("/metrics", headers={"Authorization": "Bearer no"}).status_code == 401
    assert client.get("/metrics", headers={"Authorization": "Bearer t0ken"}).status_code == 200


def test_workers_figures_are_joined_without_repeating_a_name():
    one = b'# HELP a_total x\n# TYPE a_total counter\na_total{w="1"} 2\n# TYPE g gauge\ng 5\n'
    two = b'# HELP a_total x\n# TYPE a_total counter\na_total{w="1"} 3\n# TYPE g gauge\ng 4\n'
    families = {
        f.name: f for f in text_string_to_metric_families(health.merged([one, two]).decode())
    }
    assert families["a"].samples[0].value == 5
    assert families["g"].samples[0].value == 5


def test_exported_figures_of_world_workers_are_shown(client):
    key = "metrics:test-doors"
    redis_client().set(key, b"# TYPE lea_test_gauge gauge\nlea_test_gauge 3.0\n", ex=5)
    try:
        assert b"lea_test_gauge 3.0" in client.get("/metrics").content
    finally:
        redis_client().delete(key)


def test_a_request_id_is_echoed_or_made(client):
    assert client.get("/healthz", headers={"X-Request-Id": "abcd-1234"})["X-Request-Id"] == (
        "abcd-1234"
    )
    made = client.get("/healthz", headers={"X-Request-Id": "x y\n"})["X-Request-Id"]
    assert len(made) == 32


def test_every_answer_has_its_policies(client):
    make_world()
    api = client.get("/api/markets")
    assert "require-trusted-types-for" in api["Content-Security-Policy"]
    assert api["Permissions-Policy"].startswith("camera=()")
    docs = client.get("/api/docs")
    assert "trusted-types" not in docs["Content-Security-Policy"]
    assert "script-src 'self'" in docs["Content-Security-Policy"]
    admin = client.get("/admin/login/")
    assert "trusted-types" not in admin["Content-Security-Policy"]


def test_log_lines_are_json_with_the_request_id_and_without_secrets(capsys):
    config = logging_config("INFO")
    formatter = config["formatters"]["json"]
    made = formatter["()"](**{k: v for k, v in formatter.items() if k != "()"})
    record = logging.LogRecord("x", logging.INFO, "f", 1, "hello", None, None)
    record.session_token = "canary"
    line = json.loads(made.format(record))
    assert line["event"] == "hello"
    assert line["session_token"] == "[redacted]"
    assert redact(None, "", {"Password": "canary", "path": "/"}) == {
        "Password": "[redacted]",
        "path": "/",
    }
