"""The state: its table, views, growth and copies."""

import numpy as np
import pytest

from economy_engine import schema
from economy_engine.book import columns as book_columns
from economy_engine.errors import ContractViolation
from economy_engine.ledger import columns as ledger_columns
from economy_engine.schema import Clock
from tests.engine.worlds import run, small_world


def test_tables_have_the_columns_of_book_and_ledger():
    """The schema lays out exactly what the owners of the columns would allocate."""
    state = small_world()
    p = state.params
    book = book_columns.allocate(
        p.markets, p.ladder_levels, p.ai_orders_max, p.participant_orders_max,
        len(state.firm.market), state.rows.firms,
    )  # fmt: skip
    ledger = ledger_columns.allocate(state.rows_allocated, p.markets)
    for mine, theirs in ((state.book, book), (state.ledger, ledger)):
        for name in theirs._fields:
            assert getattr(mine, name).dtype == getattr(theirs, name).dtype, name
            assert getattr(mine, name).shape == getattr(theirs, name).shape, name


def test_a_fresh_book_equals_an_allocated_one():
    state = small_world()
    p = state.params
    book = book_columns.allocate(
        p.markets, p.ladder_levels, p.ai_orders_max, p.participant_orders_max,
        len(state.firm.market), state.rows.firms,
    )  # fmt: skip
    for name in ("orders", "head", "tail", "bitmap", "summary", "best", "wheel", "counters"):
        assert np.array_equal(getattr(state.book, name), getattr(book, name)), name


def test_every_array_is_contiguous_aligned_and_named_once():
    state = small_world()
    for name, array in state.arrays.items():
        assert array.flags.c_contiguous, name
        assert array.ctypes.data % 8 == 0, name
    assert len(state.arrays) == len(schema.BY_NAME)


def test_growth_keeps_every_value_and_the_digest():
    state = run(small_world(), 5)
    before, rows = state.digest(), state.rows_allocated
    assert not state.ensure_rows(rows)
    assert state.ensure_rows(rows + 1)
    assert state.rows_allocated == rows + 16
    assert state.digest() == before
    assert state.ledger.owner[-1] == state.rows_allocated - 1
    twin = run(small_world(), 5)
    assert run(state, 5).digest() == run(twin, 5).digest()


def test_a_copy_is_independent_and_has_the_same_future():
    state = run(small_world(), 5)
    other = state.copy()
    assert other.digest() == state.digest()
    run(state, 5)
    assert other.digest() != state.digest()
    assert run(other, 5).digest() == state.digest()


def test_check_finds_money_and_goods_that_appeared():
    state = small_world()
    state.check()
    state.ledger.cash[0] += 1
    with pytest.raises(ContractViolation, match="money is off by 1"):
        state.check()
    state.ledger.cash[0] -= 1
    state.ledger.stock[0, 3] += 2
    with pytest.raises(ContractViolation, match="goods are off"):
        state.check()
    state.ledger.stock[0, 3] -= 2
    taken = int(state.ledger.cash[0]) + 5
    state.ledger.cash[0] -= taken
    state.ledger.cash[1] += taken
    with pytest.raises(ContractViolation, match="negative"):
        state.check()


def test_the_clock_names_the_first_participant():
    state = small_world()
    assert state.clock[Clock.FIRST_PARTICIPANT] == 1_000 + 64
    assert state.clock[Clock.ROWS] == state.first_participant
