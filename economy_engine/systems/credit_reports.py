"""What the bank's day is told as: failed firms, loans, capital, base money.

Reads the model's columns; the only thing it writes is how far it has told.
"""

from economy_engine.events import Indicator, WorldEvent
from economy_engine.ledger.columns import Issued
from economy_engine.state import WorldState
from economy_engine.systems.columns import SITES_LISTED, CreditTotal, Institution

FAILURES_TOLD_MAX = 16  # events per game day; the indicator counts them all


def publish_credit(state: WorldState, tick: int) -> None:
    """Report the firms that failed since the last call, and the figures of the bank."""
    totals, emission = state.credit.totals, state.emission
    first, end = int(totals[CreditTotal.ANNOUNCED]), int(totals[CreditTotal.SITES])
    first = max(first, end - SITES_LISTED)
    for number in range(first, min(end, first + FAILURES_TOLD_MAX)):
        site = state.credit.sites[number % SITES_LISTED]
        closed, market = float(site["capacity"]), int(site["market"])
        emission.world_event(tick, WorldEvent.FIRM_FAILED, market, closed, int(site["firm"]))
    totals[CreditTotal.ANNOUNCED] = end
    failures = int(totals[CreditTotal.FAILURES])
    today = failures - int(totals[CreditTotal.FAILURES_CLOSED])
    totals[CreditTotal.FAILURES_CLOSED] = failures
    bad = int(totals[CreditTotal.BAD])
    capital = int(state.ledger.cash[state.institution(Institution.BANK)]) - bad
    values = (
        (Indicator.BANKRUPTCIES, today),
        (Indicator.LOANS, int(totals[CreditTotal.LOANS])),
        (Indicator.BANK_CAPITAL, capital),
        (Indicator.BASE_MONEY, int(state.ledger.issued[Issued.BASE])),
    )
    for identity, value in values:
        emission.indicator(tick, identity, -1, float(value))
