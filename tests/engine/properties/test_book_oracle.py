"""Random flows: the kernels and the naive book agree on everything, after every operation."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from economy_engine.book.order_book import Order
from economy_engine.order_terms import OrderType, SelfTrade, Side, TimeInForce
from tests.engine.oracles.venues import FIRST_PARTICIPANT, LEVELS, MARKETS, ROWS, Twin

EXAMPLES = int(os.environ.get("ENGINE_EXAMPLES", "60"))

agents = st.integers(0, 4)
participants = st.integers(FIRST_PARTICIPANT, ROWS - 1)
markets = st.integers(0, MARKETS - 1)
sides = st.sampled_from([int(side) for side in Side])
# Mostly around one price so that orders meet; the two ends of the ladder; beyond both.
prices = st.one_of(
    st.integers(58, 68), st.integers(58, 68), st.sampled_from([0, 1, 2, 63, 64, LEVELS - 2,
                                                               LEVELS - 1, LEVELS, 200])
)  # fmt: skip
lots = st.one_of(st.integers(1, 30), st.sampled_from([0, 1, 299, 300, 400]))
ids = st.integers(1, 40)

operations = st.one_of(
    st.tuples(st.just("place"), participants, markets, sides, prices, lots,
              st.sampled_from([OrderType.LIMIT] * 3 + [OrderType.MARKET, OrderType.POST_ONLY]),
              st.sampled_from([TimeInForce.GTC] * 3 + list(TimeInForce)),
              st.sampled_from(SelfTrade), st.integers(0, 6)),
    st.tuples(st.just("agent"), agents, markets, sides, prices, lots,
              st.sampled_from([0, 1, 2, 5, 511, 600]), st.booleans()),
    st.tuples(st.just("cancel"), ids),
    st.tuples(st.just("reduce"), ids, st.integers(0, 20)),
    st.tuples(st.just("advance")),
    st.tuples(st.just("band"), markets, st.integers(1, 60), st.integers(61, LEVELS - 1)),
)  # fmt: skip


def perform(twin: Twin, operation: tuple) -> None:
    """Run one operation on both venues."""
    name, *args = operation
    if name == "place":
        row, market, side, price, quantity, kind, tif, mode, ticks = args
        if kind == OrderType.POST_ONLY and tif in (TimeInForce.IOC, TimeInForce.FOK):
            tif = TimeInForce.GTC
        expires = twin.naive.book.time + ticks
        grid = twin.naive.book.market[market].increment
        order = Order(market, side, price * grid, quantity, kind, tif, mode, expires)
        twin.do("place", row, twin.new_id(), order)
    elif name == "agent":
        row, market, side, price, quantity, lifetime, post_only = args
        grid = twin.naive.book.market[market].increment
        twin.do("place_agent", row, twin.new_id(), market, side, price * grid, quantity, lifetime,
                post_only)  # fmt: skip
    elif name == "cancel":
        twin.do("cancel", twin.ids + 1 - args[0])
    elif name == "reduce":
        twin.do("reduce", twin.ids + 1 - args[0], args[1])
    elif name == "advance":
        twin.do("advance")
    elif name == "band":
        market, low, high = args
        grid = twin.naive.book.market[market].increment
        twin.do("set_band", market, low * grid, high * grid)
    elif name == "increment":
        twin.do("set_price_increment", *args)


relaxed = settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)


@relaxed
@given(st.lists(operations, min_size=10, max_size=50))
def test_random_flow_agrees_with_the_naive_book(flow: list[tuple]) -> None:
    twin = Twin()
    for operation in flow:
        perform(twin, operation)


@relaxed
@given(
    st.lists(operations, min_size=5, max_size=30),
    markets,
    st.sampled_from([2, 5, 10, 50]),
    st.lists(operations, max_size=15),
    st.sampled_from([1, 2, 5, 10, 20]),
)
def test_new_increment_agrees_with_the_naive_book(
    before: list[tuple], market: int, coarse: int, after: list[tuple], fine: int
) -> None:
    twin = Twin()
    for operation in before:
        perform(twin, operation)
    twin.do("set_price_increment", market, coarse)
    for operation in after:
        perform(twin, operation)
    twin.do("set_price_increment", market, fine)


@relaxed
@given(st.lists(operations, min_size=10, max_size=40), st.integers(1, 3), st.integers(1, 3))
def test_tight_bounds_agree_with_the_naive_book(
    flow: list[tuple], fills_max: int, open_max: int
) -> None:
    twin = Twin()
    twin.kernel.limit(fills_max=fills_max, open_max=open_max)
    twin.naive.limit(fills_max=fills_max, open_max=open_max)
    for operation in flow:
        perform(twin, operation)
