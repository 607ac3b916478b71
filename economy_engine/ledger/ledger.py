"""`Ledger`: owner of a set of accounts, for tests, tools and notebooks."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from economy_engine import limits
from economy_engine.errors import ContractViolation, RejectReason
from economy_engine.ledger import kernels
from economy_engine.ledger.columns import CASH, ISSUER, allocate


class Posting(NamedTuple):
    """One leg: what an account (-1 = the issuer) gains of an asset (-1 = cash)."""

    row: int
    asset: int
    amount: int


class Ledger:
    """Accounts over cash and goods; every change is a group of legs that sums to zero."""

    def __init__(self, rows: int, markets: int) -> None:
        self.columns = allocate(rows, markets)
        self._sums = np.zeros(markets + 1, np.int64)

    def post(self, legs: Iterable[Posting], *, respect_freezes: bool = True) -> RejectReason:
        """Apply a group of 1 to 32 legs, all or nothing."""
        group = list(legs)
        if not 1 <= len(group) <= limits.POSTING_LEGS_MAX:
            return RejectReason.OUT_OF_RANGE
        rows, assets, amounts = (np.array(column, np.int64) for column in zip(*group, strict=True))
        return RejectReason(
            kernels.post(self.columns, rows, assets, amounts, len(group), respect_freezes)
        )

    def issue(self, row: int, asset: int, amount: int) -> None:
        """Give `amount` of an asset to a row out of the issuer's hand."""
        reason = self.post([Posting(ISSUER, asset, -amount), Posting(row, asset, amount)])
        if reason:
            raise ContractViolation(f"cannot issue: {reason.code}")

    def hold(self, row: int, asset: int, amount: int) -> RejectReason:
        """Move `amount` from free to held."""
        return RejectReason(kernels.hold(self.columns, row, asset, amount))

    def release(self, row: int, asset: int, amount: int) -> RejectReason:
        """Move `amount` from held to free."""
        return RejectReason(kernels.release(self.columns, row, asset, amount))

    def settle(self, row: int, target: int, asset: int, amount: int) -> RejectReason:
        """Pay `amount` out of what `row` holds to the free balance of `target`."""
        return RejectReason(kernels.settle_held(self.columns, row, target, asset, amount))

    def balance(self, row: int, asset: int) -> tuple[int, int]:
        """Return (free, held) of an account."""
        if asset == CASH:
            return int(self.columns.cash[row]), int(self.columns.cash_held[row])
        return int(self.columns.stock[row, asset]), int(self.columns.stock_held[row, asset])

    def check(self) -> None:
        """Raise ContractViolation unless money and goods are conserved and nothing is negative."""
        faults = kernels.check_conservation(self.columns, 0, self.columns.cash.shape[0], self._sums)
        if faults:
            raise ContractViolation(f"ledger: faults {faults:#x}")
