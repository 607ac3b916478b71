"""Collateralized shorts: goods borrowed from a market's lending pool.

The pool owns real lots; a borrower's debt grows by what it takes, so goods are conserved and nobody
sells lots that do not exist.
"""

import numpy as np

from economy_engine.jit import spliced
from economy_engine.systems.columns import Institution
from economy_engine.systems.venue import lend

_POOL = np.int64(Institution.LENDING_POOL)


@spliced
def borrow(ledger, debt, index, m, row, agents, wanted):
    """Lend up to `wanted` lots, at most a quarter of the pool; returns the lots lent."""
    pool = agents + _POOL
    lots = min(wanted, ledger.stock[pool, m] // 4)
    if lots <= 0:
        return 0
    lend(ledger, pool, row, m, lots)
    debt[index] += lots
    return lots


@spliced
def repay(ledger, debt, index, m, row, agents):
    """Give back as many borrowed lots as the row has free."""
    lots = min(debt[index], ledger.stock[row, m])
    if lots <= 0:
        return
    lend(ledger, row, agents + _POOL, m, lots)
    debt[index] -= lots
