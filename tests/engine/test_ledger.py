"""The ledger: all-or-nothing postings, holds, conservation with its negative controls."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from economy_engine.errors import ContractViolation, RejectReason
from economy_engine.ledger import kernels
from economy_engine.ledger.columns import CASH, ISSUER, AccountFlag, Issued
from economy_engine.ledger.ledger import Ledger, Posting
from tests.engine.oracles.naive_ledger import NaiveLedger

ROWS, MARKETS = 5, 3


def make_ledger() -> Ledger:
    ledger = Ledger(ROWS, MARKETS)
    for row in range(ROWS):
        ledger.issue(row, CASH, 1_000)
        for market in range(MARKETS):
            ledger.issue(row, market, 100)
    return ledger


def everything(ledger: Ledger) -> list[bytes]:
    return [column.tobytes() for column in ledger.columns]


legs = st.lists(
    st.tuples(st.integers(-1, ROWS - 1), st.integers(-1, MARKETS - 1), st.integers(-400, 400)),
    min_size=1,
    max_size=6,
)


def balanced(group: list[tuple[int, int, int]], closing_row: int) -> list[tuple[int, int, int]]:
    """Add one leg per asset so that the group sums to zero."""
    closing = [
        (closing_row, asset, -sum(a for _, of, a in group if of == asset))
        for asset in sorted({of for _, of, _ in group})
    ]
    return group + closing


@settings(deadline=None)
@given(st.lists(st.tuples(legs, st.integers(-1, ROWS - 1), st.booleans()), max_size=12))
def test_postings_agree_with_the_naive_ledger(groups: list) -> None:
    ledger, naive = make_ledger(), NaiveLedger()
    for row in range(ROWS):
        assert naive.post([(-1, CASH, -1_000), (row, CASH, 1_000)]) == "ok"
        for market in range(MARKETS):
            assert naive.post([(-1, market, -100), (row, market, 100)]) == "ok"
    for group, closing_row, close in groups:
        group = balanced(group, closing_row) if close else group
        before = everything(ledger)
        reason = ledger.post([Posting(*leg) for leg in group])
        assert reason.code == naive.post(group)
        if reason:
            assert everything(ledger) == before
        for row in range(ROWS):
            for asset in range(-1, MARKETS):
                assert ledger.balance(row, asset)[0] == naive.free[row, asset]
        ledger.check()
        naive.check()


@pytest.mark.parametrize(
    ("group", "reason"),
    [
        ([], RejectReason.OUT_OF_RANGE),
        ([Posting(0, CASH, 0)] * 33, RejectReason.OUT_OF_RANGE),
        ([Posting(ROWS, CASH, 0)], RejectReason.OUT_OF_RANGE),
        ([Posting(-2, CASH, 0)], RejectReason.OUT_OF_RANGE),
        ([Posting(0, MARKETS, 0)], RejectReason.OUT_OF_RANGE),
        ([Posting(0, CASH, 2**62), Posting(1, CASH, -(2**62))], RejectReason.OUT_OF_RANGE),
        ([Posting(0, 0, 2**31), Posting(1, 0, -(2**31))], RejectReason.OUT_OF_RANGE),
        ([Posting(0, CASH, 5), Posting(1, 0, -5)], RejectReason.UNBALANCED),
        ([Posting(0, CASH, -1_001), Posting(1, CASH, 1_001)], RejectReason.INSUFFICIENT_FUNDS),
        ([Posting(0, 1, -101), Posting(1, 1, 101)], RejectReason.INSUFFICIENT_INVENTORY),
        (
            [Posting(0, CASH, -900), Posting(0, CASH, -200), Posting(1, CASH, 1_100)],
            RejectReason.INSUFFICIENT_FUNDS,
        ),
    ],
)
def test_refused_postings_change_nothing(group: list[Posting], reason: RejectReason) -> None:
    ledger = make_ledger()
    before = everything(ledger)
    assert ledger.post(group) == reason
    assert everything(ledger) == before


def test_frozen_accounts() -> None:
    ledger = make_ledger()
    ledger.columns.flags[0] = AccountFlag.DEBITS_FROZEN
    ledger.columns.flags[1] = AccountFlag.CREDITS_FROZEN
    pay = [Posting(0, CASH, -5), Posting(2, CASH, 5)]
    receive = [Posting(2, CASH, -5), Posting(1, CASH, 5)]
    assert ledger.post(pay) == RejectReason.ACCOUNT_FROZEN
    assert ledger.post(receive) == RejectReason.ACCOUNT_FROZEN
    assert ledger.post([Posting(2, CASH, -5), Posting(0, CASH, 5)]) == RejectReason.OK
    assert ledger.post(pay, respect_freezes=False) == RejectReason.OK


def test_issue_and_consume_are_counted() -> None:
    ledger = make_ledger()
    assert ledger.columns.issued[0] == ROWS * 1_000
    assert ledger.post([Posting(0, 2, -30), Posting(ISSUER, 2, 30)]) == RejectReason.OK
    assert ledger.columns.goods_in[2] == ROWS * 100
    assert ledger.columns.goods_out[2] == 30
    assert kernels.transfer(ledger.columns, 0, ISSUER, CASH, 400) == RejectReason.OK
    assert ledger.columns.issued[0] == ROWS * 1_000 - 400
    assert kernels.transfer(ledger.columns, 0, 1, 2, 71) == RejectReason.INSUFFICIENT_INVENTORY
    assert kernels.transfer(ledger.columns, 0, 1, CASH, 601) == RejectReason.INSUFFICIENT_FUNDS
    assert kernels.transfer(ledger.columns, 0, 1, CASH, -1) == RejectReason.OUT_OF_RANGE
    ledger.check()


@pytest.mark.parametrize("asset", [CASH, 1])
def test_holds(asset: int) -> None:
    ledger = make_ledger()
    free, _ = ledger.balance(0, asset)
    assert ledger.hold(0, asset, 60) == RejectReason.OK
    assert ledger.hold(0, asset, free) in (
        RejectReason.INSUFFICIENT_FUNDS, RejectReason.INSUFFICIENT_INVENTORY,
    )  # fmt: skip
    assert ledger.release(0, asset, 61) == RejectReason.OUT_OF_RANGE
    assert ledger.release(0, asset, 10) == RejectReason.OK
    assert ledger.settle(0, 1, asset, 30) == RejectReason.OK
    assert ledger.settle(0, 1, asset, 21) == RejectReason.OUT_OF_RANGE
    assert ledger.hold(0, asset, -1) == RejectReason.OUT_OF_RANGE
    assert ledger.balance(0, asset) == (free - 50, 20)
    assert ledger.balance(1, asset) == (free + 30, 0)
    ledger.check()


@pytest.mark.parametrize("rows", [1, 7, 8, 9, 64, 1003])
@pytest.mark.parametrize("markets", [1, 10, 20])
def test_conservation_sums_any_shape(rows: int, markets: int) -> None:
    ledger = Ledger(rows, markets)
    random = np.random.default_rng(3)
    for name in ("cash", "cash_held", "stock", "stock_held"):
        column = getattr(ledger.columns, name)
        column[:] = random.integers(0, 2**30, column.shape)
    ledger.columns.issued[0] = ledger.columns.cash.sum() + ledger.columns.cash_held.sum()
    ledger.columns.goods_in[:] = ledger.columns.stock.sum(axis=0, dtype=np.int64) + 7
    ledger.columns.goods_in[:] += ledger.columns.stock_held.sum(axis=0, dtype=np.int64)
    ledger.columns.goods_out[:] = 7
    ledger.check()
    for name in ("cash", "cash_held", "stock", "stock_held"):
        column = getattr(ledger.columns, name)
        column.reshape(-1)[-1] += 1
        with pytest.raises(ContractViolation):
            ledger.check()
        column.reshape(-1)[-1] -= 1
    ledger.check()


def test_conservation_sees_a_negative_balance_that_adds_up() -> None:
    for column, broken in (("cash", CASH), ("stock_held", 1)):
        ledger = make_ledger()
        table = getattr(ledger.columns, column)
        place = 0 if broken == CASH else (0, 1)
        other = 1 if broken == CASH else (1, 1)
        table[place] -= 2_000
        table[other] += 2_000
        sums = np.zeros(MARKETS + 1, np.int64)
        assert kernels.check_conservation(ledger.columns, 0, ROWS, sums) == kernels.NEGATIVE


def test_bank_money_is_counted_apart_from_base_money() -> None:
    ledger = make_ledger()
    columns, base = ledger.columns, ROWS * 1_000
    assert kernels.create_credit(columns, 0, 700) == RejectReason.OK
    assert columns.issued[Issued.BASE] == base
    assert columns.issued[Issued.CREDIT] == 700
    assert kernels.money_supply(columns) == base + 700
    ledger.check()
    assert ledger.post([Posting(0, CASH, -1_700), Posting(1, CASH, 1_700)]) == RejectReason.OK
    assert kernels.destroy_credit(columns, 0, 1) == RejectReason.INSUFFICIENT_FUNDS
    assert kernels.destroy_credit(columns, 1, 701) == RejectReason.OUT_OF_RANGE
    assert kernels.destroy_credit(columns, 1, -1) == RejectReason.OUT_OF_RANGE
    assert kernels.create_credit(columns, 1, -1) == RejectReason.OUT_OF_RANGE
    assert kernels.destroy_credit(columns, 1, 600) == RejectReason.OK
    assert columns.issued[Issued.CREDIT] == 100
    ledger.check()
    columns.issued[Issued.CREDIT] += 1
    with pytest.raises(ContractViolation):
        ledger.check()
