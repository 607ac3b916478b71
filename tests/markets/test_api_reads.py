"""Reads: shapes, freshness, bad queries, and what they cost."""

from __future__ import annotations

import pytest

from markets.models import OrderView
from tests.markets.factories import move, order_id
from tests.markets.support import (
    ANON,
    OWNER,
    STRANGER,
    client_as,
)

pytestmark = pytest.mark.django_db


def test_reads_say_where_they_stand(market_world):
    for path in ("/api/markets", "/api/markets/OIL", "/api/indicators"):
        body = client_as(ANON).get(path).json()
        assert (body["world"], body["commit"]) == ("main", 9)
        assert body["tick"] == 100


def test_a_read_waits_for_the_callers_own_write_and_says_when_it_cannot(market_world):
    assert client_as(ANON).get("/api/markets?min_commit=9").status_code == 200
    stale = client_as(ANON).get("/api/markets?min_commit=10")
    assert (stale.status_code, stale.json()["code"]) == (409, "stale_read")
    assert stale.json()["temporary"] is True
    move(market_world, "markets", 10)
    assert client_as(ANON).get("/api/markets?min_commit=10").json()["commit"] == 10


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
def test_bad_queries_are_refused_by_name(market_world, path, code):
    response = client_as(OWNER).get(path)
    assert 400 <= response.status_code < 500
    assert response.json()["code"] == code


def test_a_market_with_book_trades_and_candles(market_world):
    body = client_as(ANON).get("/api/markets/OIL?interval=100&limit=5").json()
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
    assert len(client_as(ANON).get("/api/markets/OIL?interval=10&limit=1").json()["candles"]) == 1


def test_the_portfolio_counts_held_cash_and_goods_at_the_last_price(market_world):
    body = client_as(OWNER).get("/api/portfolio").json()
    assert body["cash"] == {"available": "90.000", "held": "10.000"}
    assert body["holdings"] == [{"market": "LITH", "available": 10, "held": 0, "value": "1.100"}]
    assert body["net_worth"] == "101.100"


def test_orders_page_newest_first_and_only_ones_own(market_world):
    client = client_as(OWNER)
    assert [order["seq"] for order in client.get("/api/orders").json()["data"]] == [1]
    first = client.get("/api/orders?status=all&limit=1").json()
    assert [order["seq"] for order in first["data"]] == [2]
    rest = client.get(f"/api/orders?status=all&before={first['cursor']['before']}").json()
    assert [order["seq"] for order in rest["data"]] == [1]
    assert rest["cursor"]["before"] is None
    assert client.get("/api/orders?status=all&market=LITH").json()["data"][0]["seq"] == 2
    assert client_as(STRANGER).get("/api/orders?status=all").json()["data"] == []


@pytest.mark.parametrize(
    ("path", "queries"),
    [
        ("/api/markets", 6),
        ("/api/markets/OIL", 8),
        ("/api/indicators", 6),
        ("/api/portfolio", 7),
        ("/api/orders?status=all", 6),
    ],
)
def test_reads_cost_a_fixed_number_of_queries(
    market_world, path, queries, django_assert_max_num_queries
):
    client = client_as(OWNER)
    same = OrderView.objects.values().get(world_id=market_world.pk, seq=1)
    OrderView.objects.bulk_create(
        OrderView(**same | {"id": None, "seq": seq, "command_id": order_id(seq)})
        for seq in range(100, 300)
    )
    client.get("/api/portfolio")  # once in ten minutes a caller is noted as seen
    with django_assert_max_num_queries(queries):
        assert client.get(path).status_code == 200
