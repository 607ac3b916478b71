"""The REST door of the markets: who may read and write what, and what a bad request comes to."""

from __future__ import annotations

import json
import time
import uuid

import pytest
from django.db import connection
from hypothesis import HealthCheck, event, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from rest_framework.test import APIClient

from economy_engine import commands
from economy_engine.events import Indicator, OrderStatus
from economy_engine.order_terms import OrderType, Side
from markets.models import OrderView
from tests.markets.factories import (
    make_block,
    make_participant,
    make_player,
    make_world,
    move,
    order_id,
    project,
    rows,
)

pytestmark = pytest.mark.django_db
GOOD = {"market": "OIL", "side": "buy", "type": "limit", "quantity": 4, "price": "6.001"}


@pytest.fixture(autouse=True)
def generous(settings):
    """The limits are tested where they are meant; here they would only stand in the way."""
    settings.API_LIMITS = dict.fromkeys(settings.API_LIMITS, (1000000, 1.0))
    settings.API_WAIT_SECONDS_MAX = 0.05
    settings.API_RESULT_WAIT_SECONDS = 0.05


@pytest.fixture
def world():
    """A world with two markets, an order of the owner's, a fill, balances and indicators."""
    world = make_world(tick=100, commit=9)
    owner = make_participant(world, "owner")
    make_participant(world, "stranger")
    make_player("visitor")
    order = {
        "seq": 1, "participant": owner.pk, "tick": 50, "market": 0, "side": Side.BID,
        "type": OrderType.LIMIT, "price": 6_001, "quantity": 10, "left": 10,
    }  # fmt: skip
    done = order | {"seq": 2, "status": OrderStatus.FILLED, "left": 0, "filled": 10, "market": 1}
    fill = {"seq": 2, "participant": owner.pk, "tick": 51, "market": 1, "trade": 7, "price": 100,
            "quantity": 10, "value": 1_000}  # fmt: skip
    ticks = [
        {"tick": tick, "market": market, "open": 100, "high": 120, "low": 90, "close": 110,
         "volume": 3, "value": 330, "trades": 1, "best_bid": 109, "best_ask": 111}
        for tick in range(40, 60)
        for market in range(10)
    ]  # fmt: skip
    balances = [
        {"participant": owner.pk, "asset": -1, "available": 90_000, "held": 10_000},
        {"participant": owner.pk, "asset": 1, "available": 10, "held": 0},
    ]
    depth = [{"market": 0, "side": side, "price": 109 + 2 * side, "quantity": 5} for side in (0, 1)]
    project(
        world,
        make_block(
            9,
            market_ticks=rows("market_ticks", *ticks),
            orders=rows("orders", order, done),
            fills=rows("fills", fill),
            balances=rows("balances", *balances),
            depth=rows("depth", *depth),
            tape=rows("tape", {"tick": 59, "trade": 7, "price": 110, "quantity": 2}),
            indicators=rows(
                "indicators", {"tick": 48, "id": Indicator.CPI, "market": -1, "value": 101.0}
            ),
        ),
    )
    return world


def _as(name):
    client = APIClient()
    if name is not None:
        from players.models import User

        client.force_login(User.objects.get(username=name))
    return client


OWN = order_id(1)
ANON, VISITOR, STRANGER, OWNER = None, "visitor", "stranger", "owner"

# method, path, body: status for the anonymous, a player without participant, a stranger, the owner
MATRIX = [
    ("get", "/api/markets", None, 200, 200, 200, 200),
    ("get", "/api/markets/OIL", None, 200, 200, 200, 200),
    ("get", "/api/indicators", None, 200, 200, 200, 200),
    ("get", "/api/error-codes", None, 200, 200, 200, 200),
    ("get", "/api/schema", None, 200, 200, 200, 200),
    ("get", "/api/docs", None, 200, 200, 200, 200),
    ("get", "/api/portfolio", None, 401, 403, 200, 200),
    ("get", "/api/orders", None, 401, 403, 200, 200),
    ("post", "/api/orders", GOOD, 401, 403, 202, 202),
    ("delete", "/api/orders", None, 401, 403, 202, 202),
    ("get", f"/api/orders/{OWN}", None, 401, 403, 404, 200),
    ("delete", f"/api/orders/{OWN}", None, 401, 403, 404, 202),
    ("get", f"/api/commands/{OWN}", None, 401, 403, 404, 200),
    ("get", "/api/participants", None, 401, 403, 200, 200),
    ("post", "/api/participants", {}, 401, 201, 200, 200),
]


def _journal(world, participant, seq):
    """An executed order in the journal, as the writer leaves it."""
    command = commands.PlaceOrder(0, Side.BID, OrderType.LIMIT, 0, 10, 6_001)
    body = commands.encode(command, commands.Header(participant=participant.pk))
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO journal (world_id, seq, tick, commit, participant_id, ref_seq, status,"
            " command_id, key, digest, payload, result, chain)"
            " VALUES (%s, %s, 50, 9, %s, 0, 0, %s, %s, %s, %s, %s, %s)",
            [world.pk, seq, participant.pk, order_id(seq), str(order_id(seq)), bytes(16), body,
             _result(), bytes(16)],
        )  # fmt: skip


def _result():
    from economy_engine import events

    return events.pack_result(100, order_status=OrderStatus.NEW, left=10)


def _owner(world):
    return world.participants.get(name="owner")


@pytest.mark.parametrize(
    ("method", "path", "body", "expected"),
    [(row[0], row[1], row[2], row[3:]) for row in MATRIX],
    ids=[f"{row[0]} {row[1]}" for row in MATRIX],
)
def test_who_may_what(world, method, path, body, expected):
    _journal(world, _owner(world), 1)
    for caller, status in zip((ANON, VISITOR, STRANGER, OWNER), expected, strict=True):
        response = getattr(_as(caller), method)(path, body, format="json")
        assert response.status_code == status, (caller, response.content)
        if status >= 400:
            assert response["Content-Type"] == "application/problem+json"
            assert response.json()["request_id"] == response["X-Request-Id"]


def test_every_address_of_the_api_is_in_the_matrix():
    from arena_site.urls import urlpatterns

    paths = set()
    for pattern in urlpatterns:
        inner = getattr(pattern, "url_patterns", None)
        if inner is None:
            paths.add(str(pattern.pattern))
        elif str(pattern.pattern) == "api/":
            paths |= {f"api/{each.pattern}" for each in inner}
    known = {path for path in paths if path.startswith("api/")}
    covered = {
        row[1].lstrip("/").replace(str(OWN), "<uuid:order_id>").replace("OIL", "<str:code>")
        for row in MATRIX
    }
    covered = {
        path.replace("commands/<uuid:order_id>", "commands/<uuid:command_id>") for path in covered
    }
    assert known == covered


def test_reads_say_where_they_stand(world):
    for path in ("/api/markets", "/api/markets/OIL", "/api/indicators"):
        body = _as(ANON).get(path).json()
        assert (body["world"], body["commit"]) == ("main", 9)
        assert body["tick"] == 100


def test_a_read_waits_for_the_callers_own_write_and_says_when_it_cannot(world):
    assert _as(ANON).get("/api/markets?min_commit=9").status_code == 200
    stale = _as(ANON).get("/api/markets?min_commit=10")
    assert (stale.status_code, stale.json()["code"]) == (409, "stale_read")
    assert stale.json()["temporary"] is True
    move(world, "markets", 10)
    assert _as(ANON).get("/api/markets?min_commit=10").json()["commit"] == 10


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/api/markets?min_commit=-1", "bad_type"),
        ("/api/markets?min_commit=x", "bad_type"),
        ("/api/markets?min_commit=9999999999999999999", "out_of_range"),
        ("/api/markets?min_commit=%D9%A3", "bad_type"),
        ("/api/markets/GOLD", "unknown_symbol"),
        ("/api/markets/oil", "unknown_symbol"),
        ("/api/markets/OIL?interval=7", "bad_enum"),
        ("/api/markets/OIL?limit=0", "out_of_range"),
        ("/api/markets/OIL?limit=1001", "out_of_range"),
        ("/api/orders?status=closed", "bad_enum"),
        ("/api/orders?market=GOLD", "unknown_symbol"),
        ("/api/orders?limit=501", "out_of_range"),
        ("/api/orders?before=0", "out_of_range"),
        ("/api/orders/not-a-uuid", "not_found"),
        ("/api/nothing", "not_found"),
    ],
)
def test_bad_queries_are_refused_by_name(world, path, code):
    response = _as(OWNER).get(path)
    assert 400 <= response.status_code < 500
    assert response.json()["code"] == code


def test_a_market_with_book_trades_and_candles(world):
    body = _as(ANON).get("/api/markets/OIL?interval=100&limit=5").json()
    assert body["market"]["code"] == "OIL"
    assert body["market"]["last"] == "0.110"
    assert body["market"]["increment"] == "0.001"
    assert body["market"]["equilibrium_price"] is None
    assert body["book"]["bids"] == [["0.109", 5]]
    assert body["book"]["asks"] == [["0.111", 5]]
    assert body["trades"] == [{"id": 7, "price": "0.110", "qty": 2, "side": "buy", "tick": 59}]
    assert body["interval"] == 100
    assert body["candles"] == [
        {"t": 0, "o": "0.100", "h": "0.120", "l": "0.090", "c": "0.110", "v": 60, "closed": False}
    ]
    assert len(_as(ANON).get("/api/markets/OIL?interval=10&limit=1").json()["candles"]) == 1


def test_the_portfolio_counts_held_cash_and_goods_at_the_last_price(world):
    body = _as(OWNER).get("/api/portfolio").json()
    assert body["cash"] == {"available": "90.000", "held": "10.000"}
    assert body["holdings"] == [{"market": "LITH", "available": 10, "held": 0, "value": "1.100"}]
    assert body["net_worth"] == "101.100"


def test_orders_page_newest_first_and_only_ones_own(world):
    client = _as(OWNER)
    assert [order["seq"] for order in client.get("/api/orders").json()["data"]] == [1]
    first = client.get("/api/orders?status=all&limit=1").json()
    assert [order["seq"] for order in first["data"]] == [2]
    rest = client.get(f"/api/orders?status=all&before={first['cursor']['before']}").json()
    assert [order["seq"] for order in rest["data"]] == [1]
    assert rest["cursor"]["before"] is None
    assert client.get("/api/orders?status=all&market=LITH").json()["data"][0]["seq"] == 2
    assert _as(STRANGER).get("/api/orders?status=all").json()["data"] == []


def test_an_accepted_order_waits_in_the_inbox(world):
    response = _as(OWNER).post("/api/orders", GOOD | {"client_order_id": "k-1"}, format="json")
    body = response.json()
    assert (response.status_code, body["status"], body["repeated"]) == (202, "accepted", False)
    assert response["Location"] == f"/api/commands/{body['command_id']}"
    with connection.cursor() as cursor:
        cursor.execute("SELECT participant_id, command_id, key, body FROM inbox")
        ((participant_id, command_id, key, raw),) = cursor.fetchall()
    header, command = commands.decode(bytes(raw))
    assert (participant_id, str(command_id), key) == (_owner(world).pk, body["command_id"], "k-1")
    assert header.participant == participant_id
    assert command == commands.PlaceOrder(0, Side.BID, OrderType.LIMIT, 0, 4, 6_001)
    told = _as(OWNER).get(response["Location"]).json()
    assert told == {"world": "main", "command_id": body["command_id"], "status": "accepted"}


def test_the_same_key_and_request_give_the_first_answer(world):
    client = _as(OWNER)
    headers = {"Idempotency-Key": "once"}
    first = client.post("/api/orders", GOOD, format="json", headers=headers)
    # The same price, written otherwise, is the same request.
    again = client.post("/api/orders", GOOD | {"price": "6.001"}, format="json", headers=headers)
    assert again.json()["command_id"] == first.json()["command_id"]
    assert again.json()["repeated"] is True
    assert again["Idempotent-Replayed"] == "true"
    other = client.post("/api/orders", GOOD | {"quantity": 5}, format="json", headers=headers)
    assert (other.status_code, other.json()["code"]) == (409, "idempotency_conflict")
    foreign = _as(STRANGER).post("/api/orders", GOOD, format="json", headers=headers)
    assert foreign.status_code == 202
    assert foreign.json()["command_id"] != first.json()["command_id"]


def test_waiting_for_the_result_is_bounded(world):
    began = time.monotonic()
    response = _as(OWNER).post("/api/orders?wait=result", GOOD, format="json")
    assert time.monotonic() - began < 1.0
    assert (response.status_code, response.json()["status"]) == (202, "accepted")
    assert _as(OWNER).post("/api/orders?wait=ever", GOOD, format="json").status_code == 400


def test_a_decided_order_tells_its_place_and_how_it_stood(world):
    _journal(world, _owner(world), 1)
    body = _as(OWNER).get(f"/api/commands/{order_id(1)}").json()
    assert (body["status"], body["seq"], body["tick"], body["commit"]) == ("executed", 1, 50, 9)
    assert body["result"]["status"] == "new"
    assert body["result"]["price"] == "6.001"
    assert body["error"] is None


def test_a_refused_order_tells_the_engines_reason(world):
    owner = _owner(world)
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO journal (world_id, seq, tick, commit, participant_id, ref_seq, status,"
            " command_id, key, digest, payload, result, chain)"
            " VALUES (%s, 1, 50, 9, %s, 0, 3008, %s, 'k', %s, '\\x6400', '', %s)",
            [world.pk, owner.pk, order_id(1), bytes(16), bytes(16)],
        )
    body = _as(OWNER).get(f"/api/commands/{order_id(1)}").json()
    assert body["status"] == "rejected"
    assert body["result"] is None
    assert (body["error"]["code"], body["error"]["number"]) == ("insufficient_funds", 3008)


def _inbox_size():
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM inbox")
        return cursor.fetchone()[0]


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
def test_a_bad_order_has_one_shape_and_no_effect(world, body, status, code):
    response = _as(OWNER).post("/api/orders", body, content_type="application/json")
    assert (response.status_code, response.json()["code"]) == (status, code)
    assert response["Content-Type"] == "application/problem+json"
    assert _inbox_size() == 0


def test_other_media_types_and_methods_are_refused(world):
    client = _as(OWNER)
    form = client.post(
        "/api/orders", "market=OIL", content_type="application/x-www-form-urlencoded"
    )
    assert (form.status_code, form.json()["code"]) == (415, "unsupported_media_type")
    assert client.put("/api/orders", GOOD, format="json").json()["code"] == "method_not_allowed"
    html = client.get("/api/markets", headers={"Accept": "text/html"})
    assert (html.status_code, html.json()["code"]) == (406, "not_acceptable")


def test_a_browser_session_needs_the_csrf_token(world):
    client = APIClient(enforce_csrf_checks=True)
    client.force_login(_owner(world).player)
    response = client.post("/api/orders", GOOD, format="json")
    assert (response.status_code, response.json()["code"]) == (403, "csrf_failed")
    assert _inbox_size() == 0


def test_a_foreign_order_cannot_be_canceled_and_nothing_is_submitted(world):
    _journal(world, _owner(world), 1)
    response = _as(STRANGER).delete(f"/api/orders/{order_id(1)}")
    assert (response.status_code, response.json()["code"]) == (404, "order_not_found")
    unknown = _as(STRANGER).delete(f"/api/orders/{uuid.uuid4()}")
    assert unknown.json() | {"request_id": 0} == response.json() | {"request_id": 0}
    assert _inbox_size() == 0


def test_an_order_that_waits_can_be_canceled(world):
    client = _as(OWNER)
    placed = client.post("/api/orders", GOOD, format="json").json()["command_id"]
    canceled = client.delete(f"/api/orders/{placed}")
    assert canceled.status_code == 202
    assert _inbox_size() == 2


def test_a_retired_participant_takes_no_part(world):
    owner = _owner(world)
    owner.status = "retired"
    owner.save()
    assert _as(OWNER).post("/api/orders", GOOD, format="json").json()["code"] == "not_participating"


def test_without_a_world_reads_say_so():
    response = APIClient().get("/api/markets")
    assert (response.status_code, response.json()["code"]) == (503, "world_not_ready")
    assert response["Retry-After"] == "1"


def test_too_many_orders_are_told_to_wait(world, settings):
    settings.API_LIMITS = settings.API_LIMITS | {"orders": (3, 60.0)}
    client = _as(OWNER)
    answers = [client.post("/api/orders", GOOD, format="json") for _ in range(4)]
    assert [answer.status_code for answer in answers] == [202, 202, 202, 429]
    assert answers[-1].json()["code"] == "rate_limited"
    assert 0 < int(answers[-1]["Retry-After"]) <= 20
    assert [answer["RateLimit-Remaining"] for answer in answers] == ["2", "1", "0", "0"]
    assert client.get("/api/orders").status_code == 200


@pytest.mark.parametrize(
    ("path", "queries"),
    [
        ("/api/markets", 5),
        ("/api/markets/OIL", 8),
        ("/api/indicators", 6),
        ("/api/portfolio", 7),
        ("/api/orders?status=all", 6),
    ],
)
def test_reads_cost_a_fixed_number_of_queries(world, path, queries, django_assert_max_num_queries):
    client = _as(OWNER)
    OrderView.objects.bulk_create(
        OrderView(
            world_id=world.pk, seq=seq, command_id=order_id(seq), participant_id=_owner(world).pk,
            market=0, side=0, order_type=0, time_in_force=0, price=1, quantity=1, filled=0, left=1,
            value=0, fee=0, status=0, reason=0, is_open=True, tick=1, updated_tick=1,
            expires_tick=0, commit=9,
        )
        for seq in range(100, 300)
    )  # fmt: skip
    with django_assert_max_num_queries(queries):
        assert client.get(path).status_code == 200


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=6,
)
NEAR = st.fixed_dictionaries(
    {
        "market": st.sampled_from(["OIL", "FOOD", "GOLD"]) | JSON,
        "side": st.sampled_from(["buy", "sell"]) | JSON,
        "type": st.sampled_from(["limit", "limit", "post_only", "market"]) | JSON,
        "quantity": st.sampled_from([1, 7, 0, -1, 2**31, 2**53 + 1, 2**63 - 1, 2**63, 1e300])
        | JSON,
        "price": st.sampled_from(["1", "0.001", "6.5", "-1", "9" * 30, "1e9", "٣", 1.5]) | JSON,
    },
    optional={
        "tif": st.sampled_from(["gtc", "ioc", "fok", "gtt"]) | JSON,
        "expires_in_ticks": st.integers(-1, 2**64) | JSON,
        "self_trade": st.sampled_from(["expire_maker", "decrement", "none"]) | JSON,
        "client_order_id": st.text(max_size=40) | JSON,
        "owner": JSON,
    },
)
VALID = st.builds(
    lambda order, n, code: GOOD | {"quantity": n, "market": code} | order,
    st.fixed_dictionaries(
        {},
        optional={
            "tif": st.sampled_from(["gtc", "ioc", "fok"]),
            "self_trade": st.sampled_from(["expire_maker", "expire_both", "decrement"]),
            "client_order_id": st.from_regex(r"\A[A-Za-z0-9._:-]{1,36}\Z"),
        },
    ),
    st.integers(1, 1_000_000_000),
    st.sampled_from(["OIL", "LITH", "FOOD"]),
)


@pytest.fixture
def door(world):
    """The owner's client, logged in once for many requests."""
    return _as(OWNER)


@hypothesis_settings(
    max_examples=400,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(payload=NEAR | VALID | JSON, key=st.none() | st.text(max_size=120))
def test_no_json_makes_the_order_door_fail(door, payload, key):
    raw = json.dumps(payload).encode()
    headers = {}
    if key is not None and key.isascii() and key.isprintable():
        headers["Idempotency-Key"] = key
    before = _inbox_size()
    response = door.post("/api/orders", raw, content_type="application/json", headers=headers)
    assert response.status_code < 500
    if response.status_code == 202:
        event("accepted")
        assert _inbox_size() - before == (0 if response.json()["repeated"] else 1)
    else:
        event(response.json()["code"])
        assert _inbox_size() == before


@hypothesis_settings(
    max_examples=100,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(raw=st.binary(max_size=200))
def test_no_bytes_make_the_order_door_fail(door, raw):
    response = door.post("/api/orders", raw, content_type="application/json")
    assert 400 <= response.status_code < 500
