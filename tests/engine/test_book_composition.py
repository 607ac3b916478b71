"""Whose orders a book is made of, counted again the slow way over all resting orders."""

from __future__ import annotations

import numpy as np

from economy_engine.book.composition import count_levels, depth_by_owner
from economy_engine.book.upkeep import mid
from tests.engine.worlds import run, small_world


def test_depth_by_owner_and_levels_equal_a_count_over_all_orders():
    state = run(small_world(500), 30)
    book, markets = state.book, state.params.markets
    levels, out = state.params.ladder_levels, np.zeros((markets, 2), np.int64)
    orders = book.orders[book.orders["quantity"] > 0]
    counted = 0
    for side in (0, 1):
        depth_by_owner(book, side, 20_000, state.rows.makers, state.rows.agents, out)
        for m in range(markets):
            increment = int(book.market[m]["price_increment"])
            middle = float(mid(book, m))
            mine = orders[(orders["market"] == m) & (orders["side"] == side)]
            near = np.abs(mine["price"] * increment - middle) <= 0.02 * middle
            makers = (mine["owner"] >= state.rows.makers) & (mine["owner"] < state.rows.agents)
            expected = [mine["quantity"][near & makers].sum(), mine["quantity"][near].sum()]
            assert out[m].tolist() == expected
            there = len(np.unique(mine["price"]))
            assert count_levels(book, m, side, levels, 1_000) == there
            assert count_levels(book, m, side, levels, 3) == min(3, there)
            counted += len(mine)
    assert counted > 100
