"""A world with orders, fills and balances, for the tests of the REST door."""

from __future__ import annotations

import pytest

from economy_engine.events import Indicator, OrderStatus
from economy_engine.order_terms import OrderType, Side
from tests.markets.factories import (
    make_block,
    make_participant,
    make_player,
    make_world,
    project,
    rows,
)


@pytest.fixture
def generous(settings):
    """The limits are tested where they are meant; here they would only stand in the way."""
    settings.API_LIMITS = dict.fromkeys(settings.API_LIMITS, (1000000, 1.0))
    settings.API_WAIT_SECONDS_MAX = 0.05
    settings.API_RESULT_WAIT_SECONDS = 0.05


@pytest.fixture
def market_world(db, generous):
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
