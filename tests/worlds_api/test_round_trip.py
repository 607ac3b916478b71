"""The whole way: a request, the journal, the engine, blocks, read models, and the next request."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import pytest
from django.contrib.auth import get_user_model
from django.test import Client

from markets import selectors
from tests.worlds.conftest import (  # noqa: F401 - fixtures of the durable world
    Arena,
    _test_database,
    arena,
    durable,
    engine,
    make_arena,
    run,
)
from worlds import projector


@pytest.fixture
def game(arena: Arena, settings) -> Iterator[Game]:  # noqa: F811
    """The arena behind its doors, with a guest who has just clicked Play now."""
    settings.WORLD_DEFAULT = arena.world.slug
    settings.PLAYER_LIMITS = {"signup": (1_000_000, 1.0), "guest": (1_000_000, 1.0)}
    settings.API_RESULT_WAIT_SECONDS = 0.0
    made = Game(arena)
    yield made
    for player in made.players:
        arena.players.append(player)


class Game:
    """One world with a host, projections, and a browser."""

    def __init__(self, arena: Arena) -> None:  # noqa: F811
        self.arena = arena
        self.host = arena.host()
        self.browser = Client()
        run(self.host, lambda: arena.head()[3] >= 3)
        assert self.browser.post("/play/").status_code == 302
        self.player = get_user_model().objects.get(pk=self.browser.session["_auth_user_id"])
        self.players = [self.player]
        self.settle()

    def settle(self) -> None:
        """Decide what waits and bring the read models up to it."""
        self.arena.settle(self.host)
        projector.project(self.arena.world_id)

    def get(self, path: str) -> dict:
        response = self.browser.get(path)
        assert response.status_code == 200, response.content
        return response.json()

    def place(self, **fields) -> dict:
        """Place an order and read what became of its command."""
        body = {"market": "FOOD", "side": "buy", "type": "limit", "quantity": 1} | fields
        response = self.browser.post("/api/orders", body, content_type="application/json")
        assert response.status_code == 202, response.content
        self.settle()
        return self.get(response["Location"])


def test_a_guest_gets_the_grant_and_it_is_all_there_is(game):
    body = game.get("/api/portfolio")
    assert Decimal(body["cash"]["available"]) > 0
    assert body["net_worth"] == body["cash"]["available"]
    assert body["holdings"] == []
    assert game.get("/api/participants")["participant"]["status"] == "active"


def test_an_order_that_rests_holds_its_cash_until_it_is_canceled(game):
    before = game.get("/api/portfolio")["cash"]
    market = game.get("/api/markets/FOOD")
    price = _bid_below(market)
    told = game.place(price=price, quantity=2)
    assert (told["status"], told["result"]["status"]) == ("executed", "new")
    assert told["result"]["price"] == price
    orders = game.get(f"/api/orders?min_commit={told['commit']}")
    assert [order["id"] for order in orders["data"]] == [told["command_id"]]
    assert orders["data"][0] | {"updated_tick": 0} == told["result"] | {"updated_tick": 0}
    cash = game.get("/api/portfolio")["cash"]
    assert Decimal(cash["held"]) == 2 * Decimal(price)
    assert Decimal(cash["available"]) + Decimal(cash["held"]) == Decimal(before["available"])
    canceled = game.browser.delete(f"/api/orders/{told['command_id']}")
    assert canceled.status_code == 202
    game.settle()
    assert game.get(canceled["Location"])["status"] == "executed"
    assert game.get("/api/orders")["data"] == []
    assert game.get("/api/portfolio")["cash"] == before
    again = game.browser.delete(f"/api/orders/{told['command_id']}")
    game.settle()
    assert game.get(again["Location"])["error"]["code"] == "order_closed"


def test_a_market_order_trades_and_every_view_agrees(game):
    run(game.host, lambda: game.arena.head()[3] >= 240)
    game.settle()
    told = game.place(type="market", quantity=1)
    order = game.get(f"/api/orders/{told['command_id']}")["order"]
    assert (told["status"], order["status"]) == ("executed", "filled")
    assert order == told["result"] | {"updated_tick": order["updated_tick"]}
    commit, account = selectors.account_snapshot(game.player.participants.get().pk)
    assert commit >= told["commit"]
    assert sum(fill["quantity"] for fill in account["fills"]) == order["filled"] == 1
    holding = {row["asset"]: row for row in account["balances"]}["FOOD"]
    assert holding["available"] == 1
    assert game.get("/api/portfolio")["holdings"][0]["market"] == "FOOD"


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"price": "900000.000", "quantity": 1_000_000_000}, None),
        ({"price": "0.001", "quantity": 1}, None),
        ({"side": "sell", "price": "9.000", "quantity": 5}, "insufficient_inventory"),
    ],
)
def test_what_the_engine_refuses_has_a_reason_and_no_effect(game, fields, code):
    before = game.get("/api/portfolio")
    told = game.place(**fields)
    assert told["status"] == "rejected"
    assert told["error"]["number"] // 1_000 == 3
    assert code in (None, told["error"]["code"])
    after = game.get("/api/portfolio")
    assert (after["cash"], after["holdings"]) == (before["cash"], before["holdings"])
    assert game.get("/api/orders")["data"] == []


def test_the_markets_move_and_the_page_shows_them(game):
    run(game.host, lambda: game.arena.head()[3] >= 130)
    game.settle()
    listed = game.get("/api/markets")
    assert [row["code"] for row in listed["data"]] == list(selectors.CODES)
    detail = game.get("/api/markets/FOOD?interval=10")
    assert len(detail["candles"]) >= 10
    assert sum(1 for candle in detail["candles"] if not candle["closed"]) == 1
    assert Decimal(detail["market"]["last"]) > 0
    assert game.get("/api/indicators")["data"]
    assert game.browser.get("/m/FOOD").status_code == 200
    assert game.browser.get("/").status_code == 200


def test_dropped_read_models_are_rebuilt_from_the_blocks(game):
    price = _bid_below(game.get("/api/markets/FOOD"))
    game.place(price=price)
    paths = ("/api/portfolio", "/api/orders?status=all", "/api/markets")
    before = [game.get(path) for path in paths]
    for projection in projector.registered().values():
        if projection.reset is not None:
            projection.reset(game.arena.world_id)
        projector.move_position(game.arena.world_id, projection.name, -1)
    assert game.get("/api/orders?status=all")["data"] == []
    projector.project(game.arena.world_id)
    assert [game.get(path) for path in paths] == before


def _bid_below(market: dict) -> str:
    """A price on the grid, some way below the best bid or the last price."""
    increment = Decimal(market["market"]["increment"])
    base = Decimal(market["market"]["bid"] or market["market"]["last"])
    return f"{(base * Decimal('0.98') // increment) * increment:.3f}"
