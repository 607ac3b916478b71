"""A call auction as people meet it: orders through the inbox, the state over sockets and REST."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from economy_engine.book.columns import MarketState
from economy_engine.errors import RejectReason
from economy_engine.goods import GOODS
from economy_engine.params import SeedConfig, VenueParams
from economy_engine.schema import Clock
from economy_engine.state import WorldState
from markets import selectors
from tests.worlds.conftest import Arena, bid, run, small
from tests.worlds.test_broadcast import Listener, data
from worlds import history

FOOD = 7


def test_what_orders_traded_in_an_uncross_is_seen_in_the_past(
    make_arena: Callable[..., Arena],
) -> None:
    """An AI agent's and a participant's: one trade per order, at the one price."""
    params = small().with_changes(
        config=SeedConfig(volatility_threshold=0.0001), venue=VenueParams(call_ticks=60)
    )
    arena = make_arena(rate=50.0, params=params)
    host, participant = arena.host(), arena.participant()
    arena.settle(host)
    state = host.worlds[arena.world_id].world.state
    run(host, lambda: state.book.market["state"][FOOD] == MarketState.AUCTION)
    market = state.book.market[FOOD]
    above = int(market["last_price"] * 12 // 10 // market["price_increment"])
    price = above * int(market["price_increment"])
    end = int(state.book.auction["ends"][FOOD])
    arena.send(participant, bid(market=FOOD, quantity=2, price=price))
    arena.settle(host)
    assert len(own_orders(state)) == 1 and int(state.clock[Clock.TICK]) < end
    run(host, lambda: int(state.clock[Clock.TICK]) > end)
    assert int(state.book.auction["closed"][FOOD]) == end and not len(own_orders(state))
    host.release()
    before = history.at_tick(arena.engine, arena.writer, arena.world_id, end - 1).world.state
    seen = history.inspect(
        arena.engine, arena.writer, arena.world_id, end, participant=participant.pk
    )
    assert seen.actions is not None
    (own,) = [trade for trade in seen.actions["trades"] if trade["role"] == "auction"]
    assert (own["market"], own["side"], own["lots"]) == (GOODS[FOOD].code, "buy", 2)
    assert own["with_row"] is None and own["fee_minor"] == 0
    assert 0 < own["price_minor"] <= price and own["value_minor"] == 2 * own["price_minor"]
    orders = before.book.orders
    waiting = orders[(orders["quantity"] > 0) & (orders["market"] == FOOD) & (orders["seq"] == 0)]
    for agent in np.unique(waiting["owner"][waiting["owner"] < before.params.agents]).tolist():
        told = history.inspect(arena.engine, arena.writer, arena.world_id, end, agent=agent)
        assert told.actions is not None and told.digest == seen.digest
        here = [each for each in told.actions["trades"] if each["market"] == GOODS[FOOD].code]
        mine = [trade for trade in here if trade["role"] == "auction"]
        if mine:
            break
    else:
        raise AssertionError("no agent traded in the uncross: the test compared nothing")
    assert all(trade["price_minor"] == own["price_minor"] for trade in mine)


def own_orders(state: WorldState) -> np.ndarray:
    """Open orders of participants."""
    orders = state.book.orders
    return orders[(orders["seq"] > 0) & (orders["quantity"] > 0)]


def test_an_auction_is_told_and_refuses_what_cannot_rest(
    make_arena: Callable[..., Arena],
) -> None:
    """A breaker that any move trips, and a call that outlasts the test."""
    params = small().with_changes(
        config=SeedConfig(volatility_threshold=0.0001), venue=VenueParams(call_ticks=40_000)
    )
    arena = make_arena(rate=50.0, params=params)
    listener, host = Listener(arena.world_id), arena.host()
    participant = arena.participant()
    arena.settle(host)
    state = host.worlds[arena.world_id].world.state
    run(host, lambda: state.book.market["state"][FOOD] == MarketState.AUCTION)
    market = state.book.market[FOOD]
    above = int(market["last_price"] * 12 // 10 // market["price_increment"])
    price = above * int(market["price_increment"])
    rests = arena.send(participant, bid(market=FOOD, quantity=2, price=price))
    refused = arena.send(participant, bid(market=FOOD, quantity=2))
    arena.settle(host)
    status = dict(arena.all("select command_id, status from journal where world_id = %s"))
    assert status[refused.command_id] == RejectReason.MARKET_IN_AUCTION
    assert status[rests.command_id] == 0
    own = state.book.orders[(state.book.orders["seq"] > 0) & (state.book.orders["quantity"] > 0)]
    assert own["price"].tolist() == [above] and own["quantity"].tolist() == [2]
    run(host, lambda: "market_tick" in listener.listen())
    tick = arena.head()[3]
    run(host, lambda: arena.head()[3] >= tick + 3)
    told = data(listener.hot("market_tick"))["markets"][FOOD]
    assert (told["m"], told["state"]) == (GOODS[FOOD].code, "auction")
    assert set(told["auction"]) == {"ends_tick", "reference", "price", "quantity", "imbalance"}
    assert told["auction"]["ends_tick"] > tick and told["auction"]["quantity"] >= 0
    arena.world.refresh_from_db()
    assert selectors.market_states(arena.world)[GOODS[FOOD].code] == ("auction", told["auction"])
    kinds = {item["kind"] for item in data(listener.hot("news"))["items"]}
    assert "auction_started" in kinds
    listener.close()
