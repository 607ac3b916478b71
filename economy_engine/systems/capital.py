"""Capital of speculators: lending fees, profits paid out, losses made good by the equity fund.

Once a day, with the start equity indexed by the CPI: equity beyond 1.2 of it pays 2 % of the excess
to the fund (at most a fifth of the cash), equity below .7 receives 2 % of the gap (at most a
thousandth of the fund). A borrower pays 1 basis point of the value of its debt.

Source: parameter set P3, section 1.5.
"""

import numpy as np

from economy_engine.jit import kernel, spliced
from economy_engine.systems.columns import DayCount, Institution, Macro
from economy_engine.systems.venue import pay

_FUND = np.int64(Institution.FUND)
_LENDING_FEE = 0.0001  # of the value, per day


@spliced
def settle_capital(ledger, day, macro, p, row, fund, stock, debt, price, start_equity):
    """Settle one speculator; stock and debt in lots, price in minor units."""
    if debt > 0:
        pay(ledger, row, fund, int(debt * price * _LENDING_FEE))
    equity = np.float64(ledger.cash[row]) + (stock - debt) * price
    target = start_equity * macro[Macro.CPI]
    if equity > p.capital_high * target:
        amount = int(p.capital_flow * (equity - p.capital_high * target))
        pay(ledger, row, fund, min(amount, ledger.cash[row] // 5))
    elif equity < p.capital_low * target:
        amount = int(p.capital_flow * (p.capital_low * target - equity))
        got = pay(ledger, fund, row, min(amount, ledger.cash[fund] // 1000))
        day.counts[DayCount.RECAPITALIZED_TRADERS] += got


@kernel
def settle_speculators(ledger, trader, maker, price, day, macro, p, first_trader, first_maker,
                       agents):  # fmt: skip
    """Settle all desk members, then all market makers."""
    fund = agents + _FUND
    markets = price.mid.size
    traders = trader.base.size
    for m in range(markets):
        for j in range(m * traders // markets, (m + 1) * traders // markets):
            row = first_trader + j
            stock = np.int64(ledger.stock[row, m])
            debt = np.int64(trader.debt[j])
            start = trader.start_equity[j]
            settle_capital(ledger, day, macro, p, row, fund, stock, debt, price.mid[m], start)
    for k in range(maker.target.size):
        m = k % markets
        row = first_maker + k
        stock = np.int64(ledger.stock[row, m])
        debt = np.int64(maker.debt[k])
        start = maker.start_equity[k]
        settle_capital(ledger, day, macro, p, row, fund, stock, debt, price.mid[m], start)
