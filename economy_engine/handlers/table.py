"""The table from kinds of commands to handlers, and the checks that come before all of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from economy_engine import commands, directory
from economy_engine.errors import RejectReason
from economy_engine.handlers import (
    auctions,
    deals,
    operations,
    orders,
    participants,
    patents,
    shipments,
    sites,
    works,
)
from economy_engine.handlers.decision import Context, Decision, refused
from economy_engine.schema import Clock
from economy_engine.state import WorldState


class Rule(NamedTuple):
    """A handler with what must hold before it is called."""

    handler: Callable[[Context, Any], Decision]
    needs_account: bool  # the participant is registered
    when_halted: bool  # acts in a halted world, too


HANDLERS: dict[type, Rule] = {
    commands.PlaceOrder: Rule(orders.place, needs_account=True, when_halted=False),
    commands.CancelOrder: Rule(orders.cancel, needs_account=True, when_halted=True),
    commands.ReduceOrder: Rule(orders.reduce, needs_account=True, when_halted=True),
    commands.CancelAll: Rule(orders.cancel_every, needs_account=True, when_halted=True),
    commands.RegisterParticipant: Rule(participants.register, False, when_halted=False),
    commands.RetireParticipant: Rule(participants.retire, True, when_halted=False),
    commands.ShipGoods: Rule(shipments.ship, needs_account=True, when_halted=False),
    commands.StartWork: Rule(works.start_work, True, when_halted=False),
    commands.StopWork: Rule(works.stop_work, True, when_halted=True),
    commands.SetNeeds: Rule(works.set_needs, True, when_halted=False),
    commands.BuyProspect: Rule(works.buy_prospect, True, when_halted=False),
    commands.BuySite: Rule(sites.buy, True, when_halted=False),
    commands.SellSite: Rule(sites.sell, True, when_halted=False),
    commands.SetSite: Rule(sites.set_rules, True, when_halted=False),
    commands.UpgradeSite: Rule(sites.upgrade, True, when_halted=False),
    commands.ResearchSite: Rule(sites.research, True, when_halted=False),
    commands.OfferSite: Rule(deals.offer, True, when_halted=False),
    commands.EndOffer: Rule(deals.end_offer, True, when_halted=True),
    commands.TakeSite: Rule(deals.take, True, when_halted=False),
    commands.OfferLicence: Rule(patents.offer, True, when_halted=False),
    commands.TakeLicence: Rule(patents.take, True, when_halted=False),
    commands.BidSite: Rule(auctions.bid, True, when_halted=False),
    commands.Halt: Rule(operations.halt, False, when_halted=True),
    commands.Resume: Rule(operations.resume, False, when_halted=True),
    commands.Upgrade: Rule(operations.upgrade, False, when_halted=True),
    commands.SetPolicyRate: Rule(operations.set_policy_rate, False, when_halted=True),
    commands.InjectShock: Rule(operations.inject_shock, False, when_halted=True),
}


class Decided(NamedTuple):
    """A payload's content and what was decided of it; no content when it cannot be read."""

    header: commands.Header | None
    command: commands.Command | None
    decision: Decision


def decide(state: WorldState, seq: int, ref_seq: int, payload: bytes) -> Decided:
    """Decode a payload and act on it.

    Total: any bytes give a decision. A refused command has changed nothing.
    """
    try:
        header, command = commands.decode(payload)
    except commands.BadCommandError as error:
        return Decided(None, None, refused(error.reason))
    return Decided(header, command, _act(state, seq, ref_seq, header, command))


def _act(
    state: WorldState,
    seq: int,
    ref_seq: int,
    header: commands.Header,
    command: commands.Command,
) -> Decision:
    """Check what holds for every command, then call its handler."""
    rule = HANDLERS[type(command)]
    tick = int(state.clock[Clock.TICK])
    if header.expires_tick and tick > header.expires_tick:
        return refused(RejectReason.EXPIRED_COMMAND)
    if state.clock[Clock.HALTED] and not rule.when_halted:
        return refused(RejectReason.WORLD_HALTED)
    row = directory.row_of(state, header.participant)
    if rule.needs_account and row == directory.NO_ROW:
        return refused(RejectReason.UNKNOWN_PARTICIPANT)
    context = Context(state, header, seq, ref_seq, tick, row)
    return rule.handler(context, command)
