"""The ledger said slowly: dictionaries, one rule after another, no arrays."""

from __future__ import annotations

from collections import defaultdict

ISSUER = -1
CASH = -1


class NaiveLedger:
    """Free and held balances by (row, asset); whoever pays loses exactly what another gains."""

    def __init__(self) -> None:
        self.free: defaultdict[tuple[int, int], int] = defaultdict(int)
        self.held: defaultdict[tuple[int, int], int] = defaultdict(int)
        self.issued: defaultdict[int, int] = defaultdict(int)

    def post(self, legs: list[tuple[int, int, int]]) -> str:
        """Apply legs (row, asset, amount), all or nothing; return 'ok' or the refusal's code."""
        if not 1 <= len(legs) <= 32:
            return "out_of_range"
        for asset in {leg[1] for leg in legs}:
            if sum(amount for _, of, amount in legs if of == asset) != 0:
                return "unbalanced"
        for row, asset, _ in legs:
            change = sum(a for r, of, a in legs if (r, of) == (row, asset))
            if row != ISSUER and change < 0 and self.free[row, asset] + change < 0:
                return "insufficient_funds" if asset == CASH else "insufficient_inventory"
        for row, asset, amount in legs:
            if row == ISSUER:
                self.issued[asset] -= amount
            else:
                self.free[row, asset] += amount
        return "ok"

    def hold(self, row: int, asset: int, amount: int) -> None:
        """Move from free to held; a negative amount moves back."""
        self.free[row, asset] -= amount
        self.held[row, asset] += amount
        assert self.free[row, asset] >= 0
        assert self.held[row, asset] >= 0

    def check(self) -> None:
        """Assert that every asset adds up and nothing is negative."""
        for asset in {asset for _, asset in [*self.free, *self.held]}:
            total = sum(v for (_, of), v in [*self.free.items(), *self.held.items()] if of == asset)
            assert total == self.issued[asset]
        assert all(amount >= 0 for amount in [*self.free.values(), *self.held.values()])
