"""Participants come and go: the newcomer's grant, and what a retirement gives back."""

from __future__ import annotations

import numpy as np

from economy_engine import deadlines, directory, units
from economy_engine.book.columns import ClosureReason
from economy_engine.book.kernels import cancel_all
from economy_engine.commands import RegisterParticipant, RetireParticipant
from economy_engine.errors import RejectReason
from economy_engine.goods import GOODS
from economy_engine.handlers.decision import Context, Decision, refused
from economy_engine.ledger.columns import CASH, AccountFlag
from economy_engine.schema import Clock
from economy_engine.state import WorldState
from economy_engine.systems.columns import Institution
from economy_engine.systems.works.auctions import return_bids_of
from economy_engine.systems.works.members import member_of
from economy_engine.systems.works.patents import end_patents_of
from economy_engine.systems.works.sites import take_back
from economy_engine.works import MEMBER_DTYPE, SiteState

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
    if int(state.clock[Clock.CALENDAR]) >= len(state.arrays["calendar"]):
        return refused(RejectReason.ENGINE_BUSY)
    grant = grant_minor(state)
    row = directory.enroll(state, context.header.participant)
    ledger = state.ledger
    ledger.cash[row] += grant
    ledger.issued[0] += grant
    ledger.issued[1] += grant
    ledger.flags[row] = int(AccountFlag.NEWCOMER) | (int(AccountFlag.GUEST) if command.guest else 0)
    _protect(state, row, context.tick)
    return Decision(result={"grant_minor": grant}, touched=[(row, CASH)])


def _protect(state: WorldState, row: int, tick: int) -> None:
    """Begin a newcomer's protection: no fees, narrow market orders, bounded positions."""
    until = tick + state.params.works.newcomer_hours * state.params.social_hour_ticks
    state.ledger.flags[row] |= np.uint16(AccountFlag.PROTECTED)
    member_of(state, row)["protected_until"] = until
    generation = int(state.ledger.generation[row])
    deadlines.push(state, until, deadlines.DeadlineKind.PROTECTION_ENDS, row, generation)
    state.emission.works.members.add(row)


def _close_sites(state: WorldState, row: int, tick: int) -> None:
    sites = state.arrays["sites"][: state.clock[Clock.SITES]]
    own = (sites["owner"] == row) & (sites["state"] != SiteState.FREE)
    for place in np.flatnonzero(own).tolist():
        take_back(state, place, tick)


def retire(context: Context, command: RetireParticipant) -> Decision:
    """Close an account: orders and sites end, cash up to the grant returns to the issuer, the
    rest and all goods go to the treasury, the row is free again."""
    state = context.state
    if int(state.ledger.flags[context.row]) & int(AccountFlag.DEBITS_FROZEN):
        return refused(RejectReason.ACCOUNT_FROZEN)
    cancel_all(
        state.book, state.ledger, state.outbox, context.row, -1, ClosureReason.RETIRED, context.tick
    )
    _close_sites(state, context.row, context.tick)
    return_bids_of(state, context.row, context.tick)
    end_patents_of(state, context.row, context.tick)
    state.arrays["members"][context.row - state.first_participant] = np.zeros(1, MEMBER_DTYPE)[0]
    state.emission.works.members.discard(context.row)
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
