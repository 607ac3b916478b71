"""What participants do besides trading: work, household, prospecting."""

from __future__ import annotations

from economy_engine import works
from economy_engine.commands import BuyProspect, SetNeeds, StartWork, StopWork
from economy_engine.errors import RejectReason
from economy_engine.handlers.decision import Context, Decision, refused
from economy_engine.ledger.columns import CASH, AccountFlag
from economy_engine.rng import Stream, uniform
from economy_engine.systems.columns import Institution, Macro
from economy_engine.systems.venue import pay
from economy_engine.systems.works.members import day_of, member_of
from economy_engine.works import WorksEvent


def start_work(context: Context, command: StartWork) -> Decision:
    """Begin a contract of public work, or its term anew: a wage each day until it ends."""
    state = context.state
    member = member_of(state, context.row)
    member["work_until"] = day_of(state) + state.params.works.work_days
    state.emission.works.members.add(context.row)
    state.emission.works.note(context.row, context.tick, WorksEvent.WORK_STARTED)
    return Decision(result={"until_day": int(member["work_until"])})


def stop_work(context: Context, command: StopWork) -> Decision:
    """End the contract; the running day is not paid."""
    state = context.state
    member = member_of(state, context.row)
    if not member["work_until"]:
        return refused(RejectReason.NOT_WORKING)
    member["work_until"] = 0
    state.emission.works.members.add(context.row)
    state.emission.works.note(context.row, context.tick, WorksEvent.WORK_STOPPED)
    return Decision()


def set_needs(context: Context, command: SetNeeds) -> Decision:
    """Keep a household in a region, or none."""
    state = context.state
    if command.on and not 0 <= command.region < state.params.regions:
        return refused(RejectReason.UNKNOWN_SYMBOL)
    member = member_of(state, context.row)
    member["needs"] = command.region + 1 if command.on else 0
    if not command.on:
        member["fed"] = 0
    state.emission.works.members.add(context.row)
    state.emission.works.note(context.row, context.tick, WorksEvent.NEEDS_SET)
    return Decision()


def buy_prospect(context: Context, command: BuyProspect) -> Decision:
    """Look for deposits: each ticket is a draw of its own, keyed by seed and command.

    A find adds to the reserve and pays the finder's share out of the treasury, which must be able
    to pay all of them before the first is drawn.
    """
    state, row, m = context.state, context.row, command.market
    p, ledger = state.params.works, state.ledger
    if not 0 <= m < state.params.markets:
        return refused(RejectReason.UNKNOWN_SYMBOL)
    if not works.has_deposits(m):
        return refused(RejectReason.NO_DEPOSITS)
    if int(ledger.flags[row]) & int(AccountFlag.DEBITS_FROZEN):
        return refused(RejectReason.ACCOUNT_FROZEN)
    ticket = works.ticket_minor(p, float(state.macro[Macro.CPI]))
    cost = ticket * command.tickets
    if int(ledger.cash[row]) < cost:
        return refused(RejectReason.INSUFFICIENT_FUNDS)
    share = int(ticket * p.find_return / p.find_probability)
    treasury = state.institution(Institution.TREASURY)
    if int(ledger.cash[treasury]) + cost < share * command.tickets:
        return refused(RejectReason.TREASURY_SHORT)
    pay(ledger, row, treasury, cost)
    finds = 0
    for ticket_number in range(command.tickets):
        u = uniform(state.params.seed, context.seq, ticket_number, int(Stream.PROSPECT))
        finds += u < p.find_probability
    lots = finds * works.whole(p.find_share * float(state.resource.base[m]))
    state.resource.reserve[m] += lots
    pay(ledger, treasury, row, finds * share)
    kind = WorksEvent.PROSPECT_FOUND if finds else WorksEvent.PROSPECT_EMPTY
    gained = finds * share - cost
    state.emission.works.note(row, context.tick, kind, m, 0, lots, gained)
    result = {
        "paid_minor": cost,
        "finds": finds,
        "found_lots": lots,
        "received_minor": finds * share,
    }
    return Decision(result=result, touched=[(row, CASH)])
