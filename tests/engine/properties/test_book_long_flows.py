"""Long seeded flows around one price: deep queues, many partial fills, all kinds of ends.

Shorter hypothesis flows find the odd corner; these go where a full book is needed. What the flow
covered is asserted, so that it cannot quietly become tame.
"""

from __future__ import annotations

import os
from collections import Counter
from random import Random

import pytest

from economy_engine.order_terms import OrderType, SelfTrade, TimeInForce
from tests.engine.oracles.venues import FIRST_PARTICIPANT, LEVELS, MARKETS, ROWS, Twin
from tests.engine.properties.test_book_oracle import perform

SEEDS = int(os.environ.get("ENGINE_SEEDS", "6"))
OPERATIONS = int(os.environ.get("ENGINE_OPERATIONS", "500"))


def draw_operation(random: Random) -> tuple:
    """One operation: about half orders of participants, prices near 64, small sizes."""
    market, side = random.randrange(MARKETS), random.randrange(2)
    price = 64 + random.randint(-4, 3) + (1 - 2 * side) * random.choice([-2, 0, 0, 2])
    if random.random() < 0.04:
        price = random.choice([1, LEVELS - 1])
    quantity = random.choice([1, 2, 3, 5, 8, 13, 20])
    pick = random.random()
    if pick < 0.45:
        return ("place", random.randrange(FIRST_PARTICIPANT, ROWS), market, side, price, quantity,
                random.choice([OrderType.LIMIT] * 8 + [OrderType.MARKET, OrderType.POST_ONLY]),
                random.choice([TimeInForce.GTC] * 5 + list(TimeInForce)),
                random.choice(list(SelfTrade)), random.randint(1, 20))  # fmt: skip
    if pick < 0.75:
        return ("agent", random.randrange(5), market, side, price, quantity,
                random.choice([0, 3, 20, 511]), random.random() < 0.2)  # fmt: skip
    if pick < 0.85:
        return ("cancel", random.randint(1, 40))
    if pick < 0.92:
        return ("reduce", random.randint(1, 40), random.randint(1, 6))
    if pick < 0.985:
        return ("advance",)
    if pick < 0.995:
        return ("band", market, random.randint(50, 62), random.randint(66, 80))
    return ("increment", market, random.choice([1, 2]))


@pytest.mark.parametrize("seed", range(SEEDS))
def test_long_flow_agrees_with_the_naive_book(seed: int) -> None:
    random = Random(seed)
    twin = Twin()
    seen: Counter[str] = Counter()
    for _ in range(OPERATIONS):
        trades = sum(market.trades for market in twin.naive.book.market)
        perform(twin, draw_operation(random))
        seen["trade"] += sum(market.trades for market in twin.naive.book.market) - trades
        for _, _, why in twin.naive.closures():
            seen[why] += 1
    if OPERATIONS >= 500:
        assert seen["trade"] > 60
        assert seen["self_trade"]
        assert seen["expired"]
