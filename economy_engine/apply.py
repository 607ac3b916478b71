"""`apply(state, entries) -> Outcome`: the one way in which a world moves.

An entry is a command or a tick. Commands act at once, in the order given; a tick lets the economy
live for a tenth of a second. The same state and the same entries give the same bits on any machine.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from economy_engine import commands, directory, events, market_data
from economy_engine.errors import ContractViolation, RejectReason
from economy_engine.events import Block
from economy_engine.handlers import Decided, decide
from economy_engine.order_terms import OrderEvent, OrderStatus
from economy_engine.reports import Reports, totals
from economy_engine.schema import Clock
from economy_engine.state import WorldState
from economy_engine.tick import advance, clear_reports


@dataclass(frozen=True, slots=True)
class CommandEntry:
    """A command with its place in the world's order.

    seq: number in the journal, one more than the last; tick: ticks done before it acts; ref_seq:
    number of the command that its target UUID stands for, 0 = none or unknown.
    """

    seq: int
    tick: int
    ref_seq: int
    payload: bytes


@dataclass(frozen=True, slots=True)
class TickEntry:
    """One tick."""


Entry = CommandEntry | TickEntry


@dataclass(frozen=True, slots=True)
class CommandResult:
    """What was decided of a command; `packed` is for `events.unpack_result`."""

    seq: int
    kind: int
    reason: RejectReason
    packed: bytes

    @property
    def executed(self) -> bool:
        return self.reason == RejectReason.OK


@dataclass(slots=True)
class Outcome:
    """What the entries came to: a result per command, and the block of events."""

    results: list[CommandResult] = field(default_factory=list)
    ticks: int = 0
    block: Block = field(default_factory=Block)


class _Collector:
    """Takes out of the state what each entry left there."""

    def __init__(self) -> None:
        self.reports = Reports()
        self.market_ticks: list[np.ndarray] = []
        self.tape: list[np.ndarray] = []
        self.world_events: list[np.ndarray] = []
        self.indicators: list[np.ndarray] = []
        self.attributions: list[np.ndarray] = []

    def take_emission(self, state: WorldState) -> None:
        happened, values = state.emission.take()
        self.world_events.append(happened)
        self.indicators.append(values)
        self.attributions.append(state.emission.take_attributions())

    def block(self, state: WorldState) -> Block:
        """Return the block; depth and balances are those of now."""
        self.reports.drain(state)
        self.take_emission(state)
        balances = self.reports.balances(state)
        return Block(
            market_ticks=_joined(self.market_ticks, events.MARKET_TICK_DTYPE),
            depth=market_data.depth_rows(state),
            tape=_joined(self.tape, events.TAPE_DTYPE),
            orders=self.reports.orders(),
            fills=self.reports.fills(),
            shipments=self.reports.shipments(),
            routes=market_data.route_rows(state),
            balances=balances,
            totals=totals(state) if len(balances) else np.zeros(0, events.TOTAL_DTYPE),
            world_events=_joined(self.world_events, events.WORLD_EVENT_DTYPE),
            indicators=_joined(self.indicators, events.INDICATOR_DTYPE),
            attributions=_joined(self.attributions, events.ATTRIBUTION_DTYPE),
            sites=self.reports.sites(),
            members=self.reports.members(),
            works=self.reports.works(),
            patents=self.reports.patents(),
            lots=self.reports.lots(),
        )


def _joined(parts: list[np.ndarray], dtype: np.dtype) -> np.ndarray:
    if len(parts) == 1:
        return parts[0]
    return np.concatenate(parts) if parts else np.zeros(0, dtype)


def apply(state: WorldState, entries: Sequence[Entry]) -> Outcome:
    """Act all entries on the state, in order, in place.

    Raises ContractViolation for entries that do not follow on the state, or when an invariant
    breaks; the state is then worthless and must be rebuilt from snapshot and journal.
    """
    outcome, collector = Outcome(), _Collector()
    for entry in entries:
        if isinstance(entry, CommandEntry):
            outcome.results.append(_command(state, entry, collector))
        else:
            _tick(state, collector)
            outcome.ticks += 1
    outcome.block = collector.block(state)
    return outcome


def _tick(state: WorldState, collector: _Collector) -> None:
    if state.clock[Clock.HALTED]:
        raise ContractViolation("a halted world has no ticks")
    advance(state)
    tick = int(state.clock[Clock.TICK])
    collector.market_ticks.append(market_data.market_rows(state, tick))
    collector.tape.append(market_data.tape_rows(state))
    collector.reports.drain(state)
    collector.take_emission(state)
    clear_reports(state)
    state.clock[Clock.ENTRIES] += 1


def _command(state: WorldState, entry: CommandEntry, collector: _Collector) -> CommandResult:
    clock = state.clock
    if entry.seq != int(clock[Clock.SEQ]) + 1 or entry.tick != int(clock[Clock.TICK]):
        raise ContractViolation(
            f"command {entry.seq} at tick {entry.tick} does not follow on "
            f"{int(clock[Clock.SEQ])} at tick {int(clock[Clock.TICK])}"
        )
    decided = decide(state, entry.seq, entry.ref_seq, entry.payload)
    _collect(state, entry, decided, collector)
    if state.emission.counts.any():  # a batch may hold more commands than the buffer events
        collector.take_emission(state)
    state.clock[Clock.SEQ] = entry.seq
    state.clock[Clock.ENTRIES] += 1
    kind = int.from_bytes(entry.payload[:2], "little")
    reason = decided.decision.reason
    packed = b"" if reason else events.pack_result(kind, **decided.decision.result)
    return CommandResult(entry.seq, kind, reason, packed)


def _collect(
    state: WorldState, entry: CommandEntry, decided: Decided, collector: _Collector
) -> None:
    """Add what a command did to the reports, before a later entry changes it again."""
    header, command, decision = decided
    known = decision.reason != RejectReason.UNKNOWN_PARTICIPANT
    if header is not None and isinstance(command, commands.PlaceOrder) and known:
        order = decision.order or _refused_order(command, entry.tick, decision.reason)
        collector.reports.placed(order | {"seq": entry.seq, "participant": header.participant})
    collector.reports.touch(decision.touched)
    collector.reports.shipped(decision.shipment)
    if decision.dismissed:
        collector.reports.drain(state)
        collector.reports.dismissed(state, decision.dismissed)
        directory.dismiss(state, decision.dismissed)


def _refused_order(command: commands.PlaceOrder, tick: int, reason: RejectReason) -> dict[str, int]:
    """The report of an order that was refused before its handler saw it."""
    return {
        "tick": tick,
        "event": OrderEvent.REJECTED,
        "status": OrderStatus.REJECTED,
        "reason": reason,
        "market": command.market,
        "side": command.side,
        "type": command.order_type,
        "tif": command.time_in_force,
        "price": command.price,
        "quantity": command.quantity,
        "expires_tick": command.expires_tick,
    }
