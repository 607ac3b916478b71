"""Shipments through the REST door, and the codes of a world of two regions."""

from __future__ import annotations

import pytest
from django.db import connection

from economy_engine import commands
from economy_engine.events import ShipmentEvent
from tests.markets.factories import make_block, project, rows
from tests.markets.support import ANON, OWNER, STRANGER, client_as, inbox_size, owner_of

pytestmark = pytest.mark.django_db

SEND = {"market": "FOOD.S", "region": "N", "quantity": 12}


@pytest.fixture
def two_regions(market_world):
    """The markets' world with a second region."""
    market_world.regions = 2
    market_world.save()
    return market_world


def test_a_shipment_becomes_a_command(two_regions):
    answer = client_as(OWNER).post("/api/shipments", SEND, format="json")
    assert (answer.status_code, answer.json()["status"]) == (202, "accepted")
    with connection.cursor() as cursor:
        cursor.execute("SELECT body FROM inbox")
        ((raw,),) = cursor.fetchall()
    header, command = commands.decode(bytes(raw))
    assert header.participant == owner_of(two_regions).pk
    assert command == commands.ShipGoods(market=17, region=0, quantity=12)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"market": "FOOD"}, "unknown_symbol"),
        ({"market": "FOOD.E"}, "unknown_symbol"),
        ({"region": "n"}, "bad_enum"),
        ({"region": 0}, "bad_type"),
        ({"quantity": 0}, "lot_size"),
        ({"quantity": 10_000_001}, "lot_size"),
        ({"quantity": "3"}, "bad_type"),
        ({"price": "1.000"}, "unknown_field"),
    ],
)
def test_bad_shipments_are_refused_at_the_door(two_regions, changes, code):
    answer = client_as(OWNER).post("/api/shipments", SEND | changes, format="json")
    assert 400 <= answer.status_code < 500, answer.content
    assert answer.json()["errors"][0]["code"] == code
    assert inbox_size() == 0


def _event(world, event, tick, **more):
    return {
        "number": 4, "participant": owner_of(world).pk, "tick": tick, "event": event, "source": 17,
        "target": 7, "lots": 12, "arrives_tick": 340, **more,
    }  # fmt: skip


def test_shipments_are_listed_for_their_owner_alone(two_regions):
    left = _event(two_regions, ShipmentEvent.DISPATCHED, 100, energy_lots=1, charged=1_500)
    project(two_regions, make_block(10, shipments=rows("shipments", left)))
    (told,) = client_as(OWNER).get("/api/shipments").json()["data"]
    assert told == {
        "id": 4, "status": "in_transit", "from": "FOOD.S", "to": "FOOD.N", "quantity": 12,
        "energy_lots": 1, "charged": "1.500", "tick": 100, "arrives_tick": 340,
    }  # fmt: skip
    came = _event(two_regions, ShipmentEvent.ARRIVED, 340)
    project(two_regions, make_block(11, shipments=rows("shipments", came)))
    project(two_regions, make_block(10, shipments=rows("shipments", left)))
    body = client_as(OWNER).get("/api/shipments").json()
    assert body["data"] == [told | {"status": "arrived"}]
    assert body["cursor"] == {"before": None}
    assert client_as(STRANGER).get("/api/shipments").json()["data"] == []


def test_a_departure_and_an_arrival_in_one_batch_are_one_row(two_regions):
    left = _event(two_regions, ShipmentEvent.DISPATCHED, 100, charged=900)
    came = _event(two_regions, ShipmentEvent.ARRIVED, 340)
    project(
        two_regions,
        make_block(10, shipments=rows("shipments", left)),
        make_block(11, shipments=rows("shipments", came)),
    )
    (told,) = client_as(OWNER).get("/api/shipments").json()["data"]
    assert (told["status"], told["charged"], told["tick"]) == ("arrived", "0.900", 100)


ROUTE = {
    "source": 0, "target": 1, "open": 1, "delay_ticks": 240, "toll_bps": 20,
    "tariff_produced_bps": 100, "tariff_finite_bps": 50, "carrier_margin_bps": 500,
}  # fmt: skip


@pytest.fixture
def routed(two_regions):
    """Oil at 6 credits, energy at 7 credits, both in the north; the way south is open."""
    ticks = [
        {"tick": 60, "market": market, "close": price, "best_bid": price - 10,
         "best_ask": price + 10, "open": price, "high": price, "low": price}
        for market, price in ((0, 6_000), (8, 7_000))
    ]  # fmt: skip
    owner = owner_of(two_regions).pk
    held = [{"participant": owner, "asset": 8, "available": 3}]
    held.append({"participant": owner, "asset": 0, "available": 110})
    project(
        two_regions,
        make_block(
            10, routes=rows("routes", ROUTE), market_ticks=rows("market_ticks", *ticks),
            balances=rows("balances", *held),
        ),
    )  # fmt: skip
    return two_regions


def test_a_preview_tells_what_the_engine_would_charge(routed):
    """The figures are those of `test_logistics`: 110 oil with 3 lots of energy at hand."""
    body = {"market": "OIL.N", "region": "S", "quantity": 110}
    answer = client_as(OWNER).post("/api/shipments/preview", body, format="json")
    assert answer.json()["preview"] == {
        "energy": "4.400", "energy_lots": 3, "carrier": "10.290", "toll": "1.320",
        "tariff": "3.300", "charged": "14.910", "arrives_tick": 340, "covered": True,
    }  # fmt: skip
    poor = client_as(STRANGER).post("/api/shipments/preview", body, format="json").json()
    assert poor["preview"]["covered"] is False
    assert poor["preview"]["energy_lots"] == 0
    assert inbox_size() == 0


@pytest.mark.parametrize(
    ("market", "region", "code"),
    [
        ("OIL.S", "N", "unknown_route"),
        ("OIL.N", "N", "unknown_route"),
        ("LAND.N", "S", "not_shippable"),
    ],
)
def test_a_preview_says_why_not(routed, market, region, code):
    body = {"market": market, "region": region, "quantity": 5}
    assert (
        client_as(OWNER).post("/api/shipments/preview", body, format="json").json()["code"] == code
    )


def test_routes_are_told_and_kept_up_to_date(routed):
    (told,) = client_as(ANON).get("/api/routes").json()["data"]
    assert told == {
        "from": "N", "to": "S", "open": True, "delay_ticks": 240, "toll": "0.0020",
        "tariffs": {"produced": "0.0100", "finite": "0.0050", "renewable": "0.0000",
                    "artificial": "0.0000"},
        "carrier_margin": "0.0500",
    }  # fmt: skip
    project(routed, make_block(11, routes=rows("routes", ROUTE | {"open": 0})))
    (told,) = client_as(ANON).get("/api/routes").json()["data"]
    assert told["open"] is False
    body = {"market": "OIL.N", "region": "S", "quantity": 5}
    refused = client_as(OWNER).post("/api/shipments/preview", body, format="json")
    assert (refused.status_code, refused.json()["code"]) == (409, "route_closed")


def test_every_door_names_the_markets_of_a_region(two_regions):
    listed = client_as(ANON).get("/api/markets").json()["data"]
    assert [row["code"] for row in listed][:2] == ["OIL.N", "LITH.N"]
    assert {row["region"] for row in listed} == {"N"}
    assert client_as(ANON).get("/api/markets/OIL").json()["code"] == "unknown_symbol"
    assert client_as(ANON).get("/api/markets/OIL.N").json()["market"]["code"] == "OIL.N"
    orders = client_as(OWNER).get("/api/orders?status=all").json()["data"]
    assert {row["market"] for row in orders} == {"OIL.N", "LITH.N"}
    held = client_as(OWNER).get("/api/portfolio").json()["holdings"]
    assert [row["market"] for row in held] == ["LITH.N"]


@pytest.mark.parametrize(
    ("asked", "found"), [("FOOD", "/m/FOOD.N"), ("FOOD.E", "/m/FOOD.N"), ("GOLD", None)]
)
def test_an_address_of_another_world_leads_to_the_good_here(two_regions, asked, found):
    answer = client_as(ANON).get(f"/m/{asked}")
    assert answer.status_code == (302 if found else 404)
    assert answer.headers.get("Location") == found


def test_a_plain_world_sends_a_regions_address_to_its_one_market(market_world):
    answer = client_as(ANON).get("/m/FOOD.N")
    assert (answer.status_code, answer.headers["Location"]) == (302, "/m/FOOD")
    listed = client_as(ANON).get("/api/markets").json()["data"]
    assert (listed[0]["code"], listed[0]["region"]) == ("OIL", None)
