"""Participants come and go: the newcomer's grant, and what a retirement gives back."""

from __future__ import annotations

import numpy as np

from economy_engine import directory, units
from economy_engine.book.columns import ClosureReason
from economy_engine.book.kernels import cancel_all
from economy_engine.commands import RegisterParticipant, RetireParticipant
from economy_engine.errors import RejectReason
from economy_engine.goods import GOODS
from economy_engine.handlers.decision import Context, Decision, refused
from economy_engine.ledger.columns import CASH, AccountFlag
from economy_engine.state import WorldState
from economy_engine.systems.columns import Institution

GRANT_INCOME_DAYS = 20
GRANT_BASKET_DAYS = 5


def grant_minor(state: WorldState) -> int:
    """Return the newcomer's grant: 20 median daily incomes and the price of 5 daily baskets.

    Cash only, issued by the central bank; the median is the lower one, an element of the column.
    """
    income = state.household.income
    median = float(np.partition(income, (income.size - 1) // 2)[(income.size - 1) // 2])
    basket = 0.0
    for good, mid in zip(GOODS, state.price.mid, strict=False):
        basket += good.basket * float(mid)
    return int(units.round_half_away(GRANT_INCOME_DAYS * median + GRANT_BASKET_DAYS * basket))


def register(context: Context, command: RegisterParticipant) -> Decision:
    """Open an account for a participant and issue the grant to it."""
    state = context.state
    if context.row != directory.NO_ROW:
        return refused(RejectReason.ALREADY_REGISTERED)
    if directory.participants_count(state) >= state.params.participants_max:
        return refused(RejectReason.MAX_PARTICIPANTS)
    grant = grant_minor(state)
    row = directory.enroll(state, context.header.participant)
    ledger = state.ledger
    ledger.cash[row] += grant
    ledger.issued[0] += grant
    ledger.issued[1] += grant
    ledger.flags[row] = int(AccountFlag.NEWCOMER) | (int(AccountFlag.GUEST) if command.guest else 0)
    return Decision(result={"grant_minor": grant}, touched=[(row, CASH)])


def retire(context: Context, command: RetireParticipant) -> Decision:
    """Close an account: orders end, cash up to the grant returns to the issuer, the rest and all
    goods go to the treasury, the row is free again."""
    state = context.state
    cancel_all(
        state.book, state.ledger, state.outbox, context.row, -1, ClosureReason.RETIRED, context.tick
    )
    ledger = state.ledger
    treasury = state.institution(Institution.TREASURY)
    cash = int(ledger.cash[context.row])
    returned = min(cash, grant_minor(state), int(ledger.issued[1]))
    ledger.issued[0] -= returned
    ledger.issued[1] -= returned
    ledger.cash[treasury] += cash - returned
    ledger.cash[context.row] = 0
    ledger.stock[treasury] += ledger.stock[context.row]
    ledger.stock[context.row] = 0
    return Decision(result={"returned_minor": returned}, dismissed=context.header.participant)
