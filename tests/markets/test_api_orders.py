"""Orders through the REST door: accepted, repeated, decided, refused."""

from __future__ import annotations

import json
import time
import uuid

import pytest
from django.db import connection
from rest_framework.test import APIClient

from economy_engine import commands
from economy_engine.order_terms import OrderType, Side
from tests.markets.factories import order_id
from tests.markets.support import (
    GOOD,
    OWNER,
    STRANGER,
    client_as,
    inbox_size,
    journal_order,
    owner_of,
)

pytestmark = pytest.mark.django_db


def test_an_accepted_order_waits_in_the_inbox(market_world):
    response = client_as(OWNER).post(
        "/api/orders", GOOD | {"client_order_id": "k-1"}, format="json"
    )
    body = response.json()
    assert (response.status_code, body["status"], body["repeated"]) == (202, "accepted", False)
    assert response["Location"] == f"/api/commands/{body['command_id']}"
    with connection.cursor() as cursor:
        cursor.execute("SELECT participant_id, command_id, key, body FROM inbox")
        ((participant_id, command_id, key, raw),) = cursor.fetchall()
    header, command = commands.decode(bytes(raw))
    assert (participant_id, str(command_id), key) == (
        owner_of(market_world).pk,
        body["command_id"],
        "k-1",
    )
    assert header.participant == participant_id
    assert command == commands.PlaceOrder(0, Side.BID, OrderType.LIMIT, 0, 4, 6_001)
    told = client_as(OWNER).get(response["Location"]).json()
    assert told == {"world": "main", "command_id": body["command_id"], "status": "accepted"}


def test_the_same_key_and_request_give_the_first_answer(market_world):
    client = client_as(OWNER)
    headers = {"Idempotency-Key": "once"}
    first = client.post("/api/orders", GOOD, format="json", headers=headers)
    # The same price, written otherwise, is the same request.
    again = client.post("/api/orders", GOOD | {"price": "6.001"}, format="json", headers=headers)
    assert again.json()["command_id"] == first.json()["command_id"]
    assert again.json()["repeated"] is True
    assert again["Idempotent-Replayed"] == "true"
    other = client.post("/api/orders", GOOD | {"quantity": 5}, format="json", headers=headers)
    assert (other.status_code, other.json()["code"]) == (409, "idempotency_conflict")
    foreign = client_as(STRANGER).post("/api/orders", GOOD, format="json", headers=headers)
    assert foreign.status_code == 202
    assert foreign.json()["command_id"] != first.json()["command_id"]


def test_waiting_for_the_result_is_bounded(market_world):
    began = time.monotonic()
    response = client_as(OWNER).post("/api/orders?wait=result", GOOD, format="json")
    assert time.monotonic() - began < 1.0
    assert (response.status_code, response.json()["status"]) == (202, "accepted")
    assert client_as(OWNER).post("/api/orders?wait=ever", GOOD, format="json").status_code == 400


def test_a_decided_order_tells_its_place_and_how_it_stood(market_world):
    journal_order(market_world, owner_of(market_world), 1)
    body = client_as(OWNER).get(f"/api/commands/{order_id(1)}").json()
    assert (body["status"], body["seq"], body["tick"], body["commit"]) == ("executed", 1, 50, 9)
    assert body["result"]["status"] == "new"
    assert body["result"]["price"] == "6.001"
    assert body["error"] is None


def test_a_refused_order_tells_the_engines_reason(market_world):
    owner = owner_of(market_world)
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO journal (world_id, seq, tick, commit, participant_id, ref_seq, status,"
            " command_id, key, digest, payload, result, chain)"
            " VALUES (%s, 1, 50, 9, %s, 0, 3008, %s, 'k', %s, '\\x6400', '', %s)",
            [market_world.pk, owner.pk, order_id(1), bytes(16), bytes(16)],
        )
    body = client_as(OWNER).get(f"/api/commands/{order_id(1)}").json()
    assert body["status"] == "rejected"
    assert body["result"] is None
    assert (body["error"]["code"], body["error"]["number"]) == ("insufficient_funds", 3008)


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"{", 400, "malformed_json"),
        (b"", 400, "missing_field"),
        (b" ", 400, "malformed_json"),
        (b"null", 400, "bad_type"),
        (b"[]", 400, "bad_type"),
        (b"[" * 50_000, 400, "malformed_json"),
        (b'{"market": "OIL", "market": "OIL"}', 400, "malformed_json"),
        (b"\xff\xfe", 400, "malformed_json"),
        (json.dumps(GOOD | {"balance": 1}).encode(), 400, "unknown_field"),
        (json.dumps(GOOD | {"quantity": 0}).encode(), 422, "lot_size"),
        (json.dumps(GOOD | {"quantity": -4}).encode(), 422, "lot_size"),
        (json.dumps(GOOD | {"quantity": 0.5}).encode(), 400, "bad_precision"),
        (json.dumps(GOOD | {"market": "GOLD"}).encode(), 404, "unknown_symbol"),
        (json.dumps(GOOD | {"price": "6.00100"}).encode(), 400, "bad_precision"),
        (b'{"x": "' + b"a" * (1 << 20) + b'"}', 413, "payload_too_large"),
    ],
)
def test_a_bad_order_has_one_shape_and_no_effect(market_world, body, status, code):
    response = client_as(OWNER).post("/api/orders", body, content_type="application/json")
    assert (response.status_code, response.json()["code"]) == (status, code)
    assert response["Content-Type"] == "application/problem+json"
    assert inbox_size() == 0


def test_other_media_types_and_methods_are_refused(market_world):
    client = client_as(OWNER)
    form = client.post(
        "/api/orders", "market=OIL", content_type="application/x-www-form-urlencoded"
    )
    assert (form.status_code, form.json()["code"]) == (415, "unsupported_media_type")
    assert client.put("/api/orders", GOOD, format="json").json()["code"] == "method_not_allowed"
    html = client.get("/api/markets", headers={"Accept": "text/html"})
    assert (html.status_code, html.json()["code"]) == (406, "not_acceptable")


def test_a_body_without_a_length_is_refused_and_not_taken_for_none(market_world):
    response = client_as(OWNER).post(
        "/api/orders", headers={"Transfer-Encoding": "chunked"}, CONTENT_LENGTH=""
    )
    assert (response.status_code, response.json()["code"]) == (411, "length_required")


def test_a_browser_session_needs_the_csrf_token(market_world):
    client = APIClient(enforce_csrf_checks=True)
    client.force_login(owner_of(market_world).player)
    response = client.post("/api/orders", GOOD, format="json")
    assert (response.status_code, response.json()["code"]) == (403, "csrf_failed")
    assert inbox_size() == 0


def test_a_foreign_order_cannot_be_canceled_and_nothing_is_submitted(market_world):
    journal_order(market_world, owner_of(market_world), 1)
    response = client_as(STRANGER).delete(f"/api/orders/{order_id(1)}")
    assert (response.status_code, response.json()["code"]) == (404, "order_not_found")
    unknown = client_as(STRANGER).delete(f"/api/orders/{uuid.uuid4()}")
    assert unknown.json() | {"request_id": 0} == response.json() | {"request_id": 0}
    assert inbox_size() == 0


def test_an_order_that_waits_can_be_canceled(market_world):
    client = client_as(OWNER)
    placed = client.post("/api/orders", GOOD, format="json").json()["command_id"]
    canceled = client.delete(f"/api/orders/{placed}")
    assert canceled.status_code == 202
    assert inbox_size() == 2


def test_a_retired_participant_takes_no_part(market_world):
    owner = owner_of(market_world)
    owner.status = "retired"
    owner.save()
    assert (
        client_as(OWNER).post("/api/orders", GOOD, format="json").json()["code"]
        == "not_participating"
    )


def test_without_a_world_reads_say_so():
    response = APIClient().get("/api/markets")
    assert (response.status_code, response.json()["code"]) == (503, "world_not_ready")
    assert response["Retry-After"] == "1"


def test_too_many_orders_are_told_to_wait(market_world, settings):
    settings.API_LIMITS = settings.API_LIMITS | {"orders": (3, 60.0)}
    client = client_as(OWNER)
    answers = [client.post("/api/orders", GOOD, format="json") for _ in range(4)]
    assert [answer.status_code for answer in answers] == [202, 202, 202, 429]
    assert answers[-1].json()["code"] == "rate_limited"
    assert 0 < int(answers[-1]["Retry-After"]) <= 20
    assert [answer["RateLimit-Remaining"] for answer in answers] == ["2", "1", "0", "0"]
    assert client.get("/api/orders").status_code == 200
