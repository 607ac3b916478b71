"""A call auction as people meet it: orders through the inbox, the state over sockets and REST."""

from __future__ import annotations

from collections.abc import Callable

from economy_engine.book.columns import MarketState
from economy_engine.errors import RejectReason
from economy_engine.goods import GOODS
from economy_engine.params import SeedConfig, VenueParams
from markets import selectors
from tests.worlds.conftest import Arena, bid, run, small
from tests.worlds.test_broadcast import Listener, data

FOOD = 7


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
