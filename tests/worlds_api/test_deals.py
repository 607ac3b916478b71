"""Deals between players over REST: a site is offered, seen, looked at and bought."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.contrib.auth import get_user_model
from django.test import Client

from tests.worlds.conftest import (  # noqa: F401 - fixtures of the durable world
    Arena,
    _test_database,
    durable,
    engine,
    make_arena,
    run,
    small,
)
from tests.worlds_api.test_round_trip import Game, game  # noqa: F401 - the world behind its doors
from tests.worlds_api.test_works import act, near, preview, refused

STRANGE = "00000000-0000-4000-8000-000000000000"
HOUR_TICKS = 5


@pytest.fixture
def arena(make_arena) -> Arena:  # noqa: F811
    """A world in which a newcomer's protection lasts ten ticks."""
    return make_arena(params=small().with_changes(social_hour_ticks=HOUR_TICKS))


def grow_up(game: Game) -> None:  # noqa: F811
    tick = game.arena.head()[3]
    run(game.host, lambda: game.arena.head()[3] >= tick + 2 * HOUR_TICKS + 2, seconds=200.0)
    game.settle()


def another(game: Game) -> Client:  # noqa: F811
    """A second player in the same world; returns the first one's browser."""
    first, game.browser = game.browser, Client()
    assert game.browser.post("/play/").status_code == 302
    player = get_user_model().objects.get(pk=game.browser.session["_auth_user_id"])
    game.players.append(player)
    game.settle()
    return first


def test_a_site_is_offered_seen_and_bought(game):  # noqa: F811
    assert game.get("/api/offers")["data"] == []
    grow_up(game)
    bought = act(game, "post", "/api/sites", {"market": "FOOD"})
    path = f"/api/sites/{bought['command_id']}"
    seen = preview(game, "post", f"{path}/offer", {"price": "1400.000"})
    assert (seen["fee"], seen["received"]) == ("0.700", "1399.300")
    assert Decimal(seen["floor"]) < Decimal(seen["fair"]) < Decimal(seen["ceiling"])
    offered = act(game, "post", f"{path}/offer", {"price": "1400.000"})
    assert offered["status"] == "executed"
    assert game.get(path)["site"]["offer"] == "1400.000"
    cash = Decimal(game.get("/api/portfolio")["cash"]["available"])

    seller = another(game)
    grow_up(game)
    (offer,) = game.get("/api/offers?market=FOOD")["data"]
    assert (offer["price"], offer["own"], offer["id"]) == ("1400.000", False, bought["command_id"])
    assert game.get("/api/offers?market=OIL")["data"] == []
    door = f"/api/offers/{offer['id']}"
    look = preview(game, "post", door, {"price": "1400.000"})
    assert look["affordable"]
    assert Decimal(look["payback_days"]) > 0
    assert refused(game, "post", f"{door}?preview=true", {"price": "1.000"}) == (
        409, "offer_changed"
    )  # fmt: skip
    assert act(game, "post", door, {"price": "1.000"})["error"]["code"] == "offer_changed"
    done = act(game, "post", door, {"price": "1400.000"})
    assert done["result"] == {"paid": "1400.000"}
    assert near(game.get(path)["site"]["paid"], "1400.000")
    assert game.get("/api/offers")["data"] == []
    kinds = {note["kind"] for note in game.get("/api/works")["data"]}
    assert "site_taken" in kinds

    game.browser = seller
    assert refused(game, "get", path) == (404, "site_not_found")
    notes = {note["kind"]: note for note in game.get("/api/works?limit=200")["data"]}
    assert notes["site_passed_on"]["amount"] == "1399.300"
    assert Decimal(game.get("/api/portfolio")["cash"]["available"]) > cash


def test_an_offer_is_taken_back(game):  # noqa: F811
    grow_up(game)
    site = act(game, "post", "/api/sites", {"market": "FOOD"})["command_id"]
    path = f"/api/sites/{site}/offer"
    assert act(game, "delete", path)["error"]["code"] == "offer_not_found"
    act(game, "post", path, {"price": "1000.000"})
    own = refused(game, "post", f"/api/offers/{site}?preview=true", {"price": "1000.000"})
    assert own == (422, "own_offer")
    assert act(game, "delete", path)["status"] == "executed"
    assert game.get("/api/offers")["data"] == []


def test_a_price_that_would_be_a_gift_is_refused(game):  # noqa: F811
    site = act(game, "post", "/api/sites", {"market": "FOOD"})["command_id"]
    grow_up(game)
    path = f"/api/sites/{site}/offer"
    assert refused(game, "post", f"{path}?preview=true", {"price": "9.000"}) == (422, "deal_price")


def test_a_site_that_is_given_back_goes_to_the_best_bid(game):  # noqa: F811
    assert game.get("/api/auctions")["data"] == []
    site = act(game, "post", "/api/sites", {"market": "FOOD"})["command_id"]
    act(game, "delete", f"/api/sites/{site}")
    (auction,) = game.get("/api/auctions")["data"]
    assert (auction["origin"], auction["best"], auction["bids"]) == ("given_back", None, 0)
    assert auction["next_bid"] == auction["reserve"]
    door = f"/api/auctions/{auction['number']}"
    least = auction["next_bid"]
    assert refused(game, "post", f"{door}?preview=true", {"price": "1.000"}) == (
        422, "bid_too_low"
    )  # fmt: skip
    look = preview(game, "post", door, {"price": least})
    assert look["affordable"]
    cash = Decimal(game.get("/api/portfolio")["cash"]["available"])
    done = act(game, "post", door, {"price": least})
    assert done["result"]["paid"] == least
    assert Decimal(game.get("/api/portfolio")["cash"]["available"]) == cash - Decimal(least)
    assert refused(game, "post", f"{door}?preview=true", {"price": "2000.000"}) == (
        422, "own_offer"
    )  # fmt: skip

    another(game)
    more = game.get("/api/auctions")["data"][0]["next_bid"]
    beaten = act(game, "post", door, {"price": more})
    assert beaten["status"] == "executed"
    assert game.get("/api/auctions")["data"][0]["own"]
    run(
        game.host,
        lambda: game.arena.head()[3] > beaten["result"]["ends_tick"],
        seconds=200.0,  # fifteen game days
    )
    game.settle()
    assert game.get("/api/auctions")["data"] == []
    (won,) = game.get("/api/sites")["data"]
    assert (won["id"], won["paid"]) == (beaten["command_id"], more)
    assert "site_won" in {note["kind"] for note in game.get("/api/works?limit=200")["data"]}


def test_a_patent_is_licensed_and_used(game):  # noqa: F811
    """The researcher buys its units of IP on the market, as everybody does."""
    assert game.get("/api/patents")["data"] == []
    grow_up(game)
    site = act(game, "post", "/api/sites", {"market": "FOOD"})["command_id"]
    for _ in range(10):
        game.place(market="IP", type="market", quantity=2)
        held = {row["market"]: row for row in game.get("/api/portfolio")["holdings"]}
        if int(held.get("IP", {}).get("available", 0)) >= 2:
            break
        tick = game.arena.head()[3]
        run(game.host, lambda at=tick: game.arena.head()[3] >= at + 5)
    assert act(game, "post", f"/api/sites/{site}/research", {})["status"] == "executed"
    (patent,) = game.get("/api/patents")["data"]
    assert (patent["good"], patent["level"], patent["own"]) == ("FOOD", 1, True)
    path = "/api/patents/FOOD/1"
    seen = preview(game, "post", path, {"fee": "40.000"})
    assert (seen["fee"], seen["received"]) == ("4.000", "36.000")
    assert refused(game, "post", f"{path}?preview=true", {"fee": "9999.000"}) == (422, "deal_price")
    assert act(game, "post", path, {"fee": "40.000"})["status"] == "executed"

    owner = another(game)
    grow_up(game)
    mine = act(game, "post", "/api/sites", {"market": "FOOD"})["command_id"]
    assert game.get(f"/api/sites/{mine}")["site"]["licence_price"] == "40.000"
    door = f"/api/sites/{mine}/licence"
    look = preview(game, "post", door, {"price": "40.000"})
    assert (look["cost"], look["level"]) == ("40.000", 1)
    assert Decimal(look["profit_gain"]) > 0
    assert act(game, "post", door, {"price": "39.000"})["error"]["code"] == "offer_changed"
    assert act(game, "post", door, {"price": "40.000"})["result"] == {
        "paid": "40.000", "level": 1
    }  # fmt: skip
    assert game.get(f"/api/sites/{mine}")["site"]["level"] == 1
    assert act(game, "delete", path)["error"]["code"] == "patent_not_found"
    game.browser = owner
    (patent,) = game.get("/api/patents")["data"]
    assert (patent["licences"], patent["earned"]) == (1, "36.000")
    assert act(game, "delete", path)["status"] == "executed"
    assert game.get("/api/patents")["data"][0]["fee"] is None


@pytest.mark.parametrize(
    ("method", "path", "body", "answer"),
    [
        ("post", f"/api/offers/{STRANGE}?preview=true", {"price": "9.000"},
         (404, "offer_not_found")),
        ("post", f"/api/offers/{STRANGE}", {}, (400, "missing_field")),
        ("post", f"/api/offers/{STRANGE}", {"price": 9}, (400, "bad_type")),
        ("post", f"/api/sites/{STRANGE}/offer?preview=true", {"price": "9.000"},
         (404, "site_not_found")),
        ("post", f"/api/sites/{STRANGE}/offer", {"price": "0.000"}, (400, "out_of_range")),
        ("get", "/api/offers?market=GOLD", None, (404, "unknown_symbol")),
        ("post", "/api/patents/FOOD/1?preview=true", {"fee": "9.000"}, (404, "patent_not_found")),
        ("post", "/api/patents/FOOD/99", {"fee": "9.000"}, (404, "patent_not_found")),
        ("post", "/api/patents/GOLD/1", {"fee": "9.000"}, (404, "unknown_symbol")),
        ("post", "/api/patents/FOOD/1", {"fee": "0.000"}, (400, "out_of_range")),
        ("post", "/api/auctions/9?preview=true", {"price": "9.000"}, (404, "auction_not_found")),
        ("post", "/api/auctions/0", {"price": "9.000"}, (404, "auction_not_found")),
        ("post", "/api/auctions/9", {"bid": "9.000"}, (400, "unknown_field")),
        ("post", f"/api/sites/{STRANGE}/licence?preview=true", {"price": "9.000"},
         (404, "site_not_found")),
    ],
)  # fmt: skip
def test_bad_deals_are_refused_at_the_door(game, method, path, body, answer):  # noqa: F811
    assert refused(game, method, path, body) == answer
