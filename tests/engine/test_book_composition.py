"""Whose orders a book is made of, counted again the slow way over all resting orders."""

from __future__ import annotations

import numpy as np

from economy_engine.book.composition import count_levels, depth_by_owner
from economy_engine.book.upkeep import mid
from tests.engine.worlds import run, small_world


def test_depth_by_owner_and_levels_equal_a_count_over_all_orders():
    state = run(small_world(500), 30)
    book, out = state.book, np.zeros(2, np.int64)
    orders = book.orders[book.orders["quantity"] > 0]
    counted = 0
    for m in range(state.params.markets):
        increment = int(book.market[m]["price_increment"])
        middle = float(mid(book, m))
        for side in (0, 1):
            mine = orders[(orders["market"] == m) & (orders["side"] == side)]
            near = np.abs(mine["price"] * increment - middle) <= 0.02 * middle
            makers = (mine["owner"] >= state.rows.makers) & (mine["owner"] < state.rows.agents)
            depth_by_owner(book, m, side, 20_000, state.rows.makers, state.rows.agents, out)
            expected = [mine["quantity"][near & makers].sum(), mine["quantity"][near].sum()]
            assert out.tolist() == expected
            levels = len(np.unique(mine["price"]))
            assert count_levels(book, m, side, 1_000) == levels
            assert count_levels(book, m, side, 3) == min(3, levels)
            counted += len(mine)
    assert counted > 100
