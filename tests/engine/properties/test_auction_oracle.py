"""Random call auctions: the kernels and the naive uncross agree on every price, lot and coin."""

from __future__ import annotations

import os
from collections import Counter
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from economy_engine.book.columns import MarketState
from economy_engine.order_terms import OrderType, SelfTrade, TimeInForce
from tests.engine.oracles.venues import FIRST_PARTICIPANT, LEVELS, ROWS, Twin
from tests.engine.properties.test_book_oracle import (
    agents,
    operations,
    participants,
    perform,
    relaxed,
    sides,
)

SEEDS = int(os.environ.get("ENGINE_SEEDS", "6"))

# Orders that collect: one market, prices and sizes that overlap, few owners, all modes.
near = st.integers(60, 67)
small = st.integers(1, 12)
collecting = st.one_of(
    st.tuples(st.just("place"), participants, st.just(0), sides, near, small,
              st.just(OrderType.LIMIT), st.sampled_from([TimeInForce.GTC, TimeInForce.GTT]),
              st.sampled_from(SelfTrade), st.integers(1, 6)),
    st.tuples(st.just("place"), participants, st.just(0), sides, near, small,
              st.just(OrderType.LIMIT), st.just(TimeInForce.GTC), st.sampled_from(SelfTrade),
              st.just(0)),
    st.tuples(st.just("agent"), agents, st.just(0), sides, near, small, st.sampled_from([3, 511]),
              st.booleans()),
    st.tuples(st.just("cancel"), st.integers(1, 6)),
    st.tuples(st.just("reduce"), st.integers(1, 6), st.integers(1, 5)),
    operations,
)  # fmt: skip
references = st.one_of(st.integers(50, 75), st.sampled_from([1, LEVELS - 1, 10 * LEVELS]))


def _assert_fair(twin: Twin, market: int, price: int, lots: int) -> None:
    """What holds after any uncross, said without the oracle."""
    bids, asks = (twin.kernel.queue(market, side) for side in (0, 1))
    assert not bids or not asks or bids[0][0] < asks[0][0], "still crossed"
    shares = [fill for fill in twin.kernel.fills() if fill[0] == market and fill[6] == -1]
    assert all(fill[2] == price for fill in shares), "one price for everybody"
    assert sum(fill[3] for fill in shares) <= 2 * lots


@relaxed
@given(
    st.lists(operations, max_size=20),
    st.lists(collecting, min_size=8, max_size=40),
    references,
    st.lists(operations, max_size=10),
)
def test_a_call_auction_agrees_with_the_naive_one(
    before: list[tuple], during: list[tuple], reference: int, after: list[tuple]
) -> None:
    twin = Twin()
    for operation in before:
        perform(twin, operation)
    twin.do("set_state", 0, MarketState.AUCTION)
    for operation in during:
        perform(twin, operation)
        twin.do("indication", 0, reference)
    price, lots = twin.do("uncross", 0, reference)
    _assert_fair(twin, 0, price, lots)
    for operation in after:
        perform(twin, operation)


@relaxed
@given(
    st.lists(collecting, min_size=8, max_size=30),
    references,
    st.sampled_from([2, 5, 10]),
    st.lists(collecting, max_size=15),
)
def test_a_new_increment_during_an_auction_agrees(
    during: list[tuple], reference: int, coarse: int, more: list[tuple]
) -> None:
    twin = Twin()
    twin.do("set_state", 0, MarketState.AUCTION)
    for operation in during:
        perform(twin, operation)
    twin.do("set_price_increment", 0, coarse)
    for operation in more:
        perform(twin, operation)
    price, lots = twin.do("uncross", 0, reference * coarse)
    _assert_fair(twin, 0, price, lots)


def test_long_seeded_auctions_agree_and_cover_what_they_should() -> None:
    """Deep queues and many own pairs; what happened is counted, so that it cannot become tame."""
    seen: Counter[str] = Counter()
    for seed in range(SEEDS):
        random, twin = Random(seed), Twin()
        for _ in range(3):
            twin.do("set_state", 0, MarketState.AUCTION)
            for _ in range(60):
                side = random.randrange(2)
                price = 64 + (2 - 4 * side) + random.randint(-5, 5)
                lots = random.choice([1, 2, 3, 5, 8, 13])
                if random.random() < 0.3:
                    perform(twin, ("agent", random.randrange(5), 0, side, price, lots, 511, True))
                else:
                    perform(twin, ("place", random.randrange(FIRST_PARTICIPANT, ROWS), 0, side,
                                   price, lots, OrderType.LIMIT, TimeInForce.GTC,
                                   random.choice(list(SelfTrade)), 0))  # fmt: skip
            reference = random.choice([1, 60, 64, 66, 200])
            price, lots = twin.do("uncross", 0, reference)
            _assert_fair(twin, 0, price, lots)
            seen["lots"] += lots
            seen["shares"] += len(twin.kernel.fills())
            for _, _, why in twin.kernel.closures():
                seen[why] += 1
            twin.do("advance")
    if SEEDS >= 6:
        assert seen["lots"] > 500 and seen["shares"] > 100, seen
        assert seen["self_trade"] > 8 and seen["self_trade_reduced"] > 5, seen
