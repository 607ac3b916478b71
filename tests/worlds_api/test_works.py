"""A newcomer's path through the own economy: over REST, through journal and engine, and back."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.contrib.auth import get_user_model
from django.test import Client

from tests.worlds.conftest import (  # noqa: F401 - fixtures of the durable world
    _test_database,
    arena,
    durable,
    engine,
    make_arena,
    run,
)
from tests.worlds_api.test_round_trip import Game, game  # noqa: F401 - the world behind its doors

STRANGE = "00000000-0000-4000-8000-000000000000"
RULES = {"output": 60, "wage": "120.000", "workers": 4, "pricing": "follow", "buy_inputs": True}


def act(game: Game, method: str, path: str, body: dict | None = None, **headers: str) -> dict:  # noqa: F811
    """Send a command, let it be decided, and read what became of it."""
    send = getattr(game.browser, method)
    response = send(path, body, content_type="application/json", **headers)
    assert response.status_code in (200, 202), response.content
    game.settle()
    return game.get(response["Location"])


def refused(game: Game, method: str, path: str, body: dict | None = None) -> tuple[int, str]:  # noqa: F811
    """Send what the door refuses at once."""
    response = getattr(game.browser, method)(path, body, content_type="application/json")
    return response.status_code, response.json()["code"]


def preview(game: Game, method: str, path: str, body: dict | None = None) -> dict:  # noqa: F811
    """Ask what something would come to."""
    send = getattr(game.browser, method)
    response = send(f"{path}?preview=true", body, content_type="application/json")
    assert response.status_code == 200, response.content
    return response.json()["preview"]


def near(one: str, other: str) -> bool:
    """Whether two amounts differ by what a few game days of prices and wear can do."""
    return abs(Decimal(one) - Decimal(other)) <= Decimal("0.1") * Decimal(other)


def test_a_newcomer_works_buys_a_site_and_gives_it_back(game):  # noqa: F811
    start = game.get("/api/work")
    assert not start["working"]
    assert start["protected_until_tick"] > 0
    assert game.get("/api/sites")["data"] == []

    wage = preview(game, "post", "/api/work", {})
    assert Decimal(wage["wage"]) > 0
    done = act(game, "post", "/api/work", {})
    assert (done["status"], done["result"]) == ("executed", {"until_day": 30})
    assert 25 <= game.get("/api/work")["days_left"] <= 30

    cash = Decimal(game.get("/api/portfolio")["cash"]["available"])
    assert cash > 0
    seen = preview(game, "post", "/api/sites", {"market": "FOOD"})
    assert seen["affordable"]
    assert Decimal(seen["revenue"]) > Decimal(seen["wages"]) + Decimal(seen["input_cost"])
    assert set(seen["inputs"]) == {"WATR", "LAND", "ENRG"}
    assert Decimal(game.get("/api/portfolio")["cash"]["available"]) >= cash

    bought = act(game, "post", "/api/sites", {"market": "FOOD"})
    assert near(bought["result"]["paid"], seen["cost"])
    (site,) = game.get("/api/sites")["data"]
    assert site["id"] == bought["command_id"]
    assert (site["market"], site["state"], site["workers_max"]) == ("FOOD", "open", 4)
    assert site["insured"]

    path = f"/api/sites/{site['id']}"
    rules = preview(game, "post", path, RULES)
    assert (rules["output"], rules["workers"] in (3, 4)) == ("60.0", True)
    assert act(game, "post", path, RULES)["status"] == "executed"
    assert game.get(path)["site"]["wage"] == "120.000"
    notes = {note["kind"]: note for note in reversed(game.get("/api/works?limit=200")["data"])}
    assert set(notes) >= {"site_set", "site_bought", "work_started"}
    assert notes["site_bought"]["amount"] == f"-{bought['result']['paid']}"
    assert notes["site_bought"]["site"] == site["id"]

    back = preview(game, "delete", path)
    sold = act(game, "delete", path)
    assert near(sold["result"]["received"], back["received"])
    assert near(sold["result"]["insurance"], back["insurance"])
    assert Decimal(back["insurance"]) > 0
    assert game.get("/api/sites")["data"] == []
    assert refused(game, "get", path) == (404, "site_not_found")
    assert act(game, "delete", "/api/work")["status"] == "executed"
    assert not game.get("/api/work")["working"]
    assert act(game, "delete", "/api/work")["error"]["code"] == "not_working"


def test_a_site_lives_while_the_world_ticks(game):  # noqa: F811
    act(game, "post", "/api/sites", {"market": "FOOD"})
    tick = game.arena.head()[3]
    run(game.host, lambda: game.arena.head()[3] >= tick + 3)
    game.settle()
    orders = game.get("/api/orders")["data"]
    assert {order["market"] for order in orders} <= {"WATR", "LAND", "ENRG", "TOOL", "FOOD"}
    done = game.get("/api/orders?status=all")["data"]
    assert done, "the site bid for its inputs"
    assert all(order["id"].startswith("00000000-0000-8000-8010-") for order in done)
    for order in orders:
        canceled = act(game, "delete", f"/api/orders/{order['id']}")
        assert canceled["status"] in ("executed", "rejected")


def test_growth_and_prospecting(game):  # noqa: F811
    site = act(game, "post", "/api/sites", {"market": "OIL"})["command_id"]
    path = f"/api/sites/{site}"
    larger = preview(game, "post", f"{path}/upgrade", {})
    assert larger["tier"] == 2
    assert Decimal(larger["profit_gain"]) > 0
    short = act(game, "post", f"{path}/upgrade", {})
    assert short["error"]["code"] == "insufficient_funds"
    research = preview(game, "post", f"{path}/research", {})
    assert (research["units"], research["affordable"]) == (2, False)
    none = act(game, "post", f"{path}/research", {})
    assert none["error"]["code"] == "insufficient_inventory"

    odds = preview(game, "post", "/api/prospects", {"market": "OIL", "tickets": 2})
    assert near(odds["expected"], str(Decimal(odds["cost"]) * Decimal("0.9")))
    found = act(game, "post", "/api/prospects", {"market": "OIL", "tickets": 2})["result"]
    assert near(found["paid"], odds["cost"])
    assert found["finds"] >= 0

    meal = preview(game, "post", "/api/needs", {"on": True})
    assert meal["basket"] == {"WATR": 2, "FOOD": 6, "ENRG": 5, "TOOL": 2}
    act(game, "post", "/api/needs", {"on": True})
    assert game.get("/api/work")["needs"]["on"]


def test_a_repeated_key_acts_once(game):  # noqa: F811
    send = {"HTTP_IDEMPOTENCY_KEY": "my-first-site"}
    first = act(game, "post", "/api/sites", {"market": "FOOD"}, **send)
    again = act(game, "post", "/api/sites", {"market": "FOOD"}, **send)
    assert first["command_id"] == again["command_id"]
    assert len(game.get("/api/sites")["data"]) == 1
    response = game.browser.post(
        "/api/sites", {"market": "OIL"}, content_type="application/json", **send
    )
    assert (response.status_code, response.json()["code"]) == (409, "idempotency_conflict")


@pytest.mark.parametrize(
    ("method", "path", "body", "answer"),
    [
        ("post", "/api/sites", {"market": "GOLD"}, (404, "unknown_symbol")),
        ("post", "/api/sites", {}, (400, "missing_field")),
        ("post", "/api/sites", {"market": "FOOD", "tier": 2}, (400, "unknown_field")),
        ("post", "/api/sites?preview=true", {"market": "CO2"}, (422, "recipe_not_allowed")),
        ("post", "/api/sites?preview=maybe", {"market": "OIL"}, (400, "bad_enum")),
        ("post", "/api/prospects", {"market": "OIL", "tickets": 21}, (400, "out_of_range")),
        ("post", "/api/prospects?preview=true", {"market": "FOOD", "tickets": 1},
         (422, "no_deposits")),
        ("post", "/api/needs", {"on": 1}, (400, "bad_type")),
        ("post", "/api/work", {"hours": 8}, (400, "unknown_field")),
        ("get", f"/api/sites/{STRANGE}", None, (404, "site_not_found")),
        ("post", f"/api/sites/{STRANGE}?preview=true", RULES, (404, "site_not_found")),
        ("post", f"/api/sites/{STRANGE}", RULES | {"pricing": "manual"}, (400, "missing_field")),
        ("post", f"/api/sites/{STRANGE}", RULES | {"price": "1.000"}, (400, "out_of_range")),
        ("post", f"/api/sites/{STRANGE}", RULES | {"wage": 5}, (400, "bad_type")),
        ("get", "/api/works?limit=900", None, (400, "out_of_range")),
    ],
)  # fmt: skip
def test_bad_requests_are_refused_at_the_door(game, method, path, body, answer):  # noqa: F811
    assert refused(game, method, path, body) == answer


def test_others_sites_are_not_found(game):  # noqa: F811
    site = act(game, "post", "/api/sites", {"market": "FOOD"})["command_id"]
    own, game.browser = game.browser, Client()
    assert game.browser.post("/play/").status_code == 302
    player = get_user_model().objects.get(pk=game.browser.session["_auth_user_id"])
    game.players.append(player)
    game.settle()
    assert refused(game, "get", f"/api/sites/{site}") == (404, "site_not_found")
    told = act(game, "post", f"/api/sites/{site}", RULES)
    assert told["error"]["code"] == "site_not_found"
    game.browser = own
    assert game.get(f"/api/sites/{site}")["site"]["wage"] != "120.000"
