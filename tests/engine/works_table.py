"""A participant at a table of its own economy: a small world, and hands to play with it."""

from __future__ import annotations

from typing import Any

from economy_engine import CommandEntry, TickEntry, WorldState, commands, create, preset
from economy_engine.apply import Outcome, apply
from economy_engine.errors import RejectReason
from economy_engine.events import pack, unpack, unpack_result
from economy_engine.goods import INDEX
from economy_engine.schema import Clock
from economy_engine.systems.columns import Institution
from economy_engine.works import Pricing, WorksEvent

OIL, WATR, IP, FOOD, ENRG, TOOL, CO2 = (
    INDEX[code] for code in ("OIL", "WATR", "IP", "FOOD", "ENRG", "TOOL", "CO2")
)
PLAYER, OTHER = 77, 12
DAY_TICKS = 60
ANY = bytes(15) + b"\1"
SIZES: dict[str, Any] = {
    "participant_orders_max": 1_024,
    "spare_rows": 64,
    "participants_max": 40,
    "sites_max": 6,
    "ladder_levels": 2_048,
    "ai_orders_max": 16_384,
    "social_hour_ticks": 300,
}


def living_world() -> WorldState:
    """A small world in which trading has begun, an hour of people's time being 300 ticks."""
    state = create(preset("lab", 500, 11, **SIZES))
    apply(state, [TickEntry() for _ in range(20)])
    return state


def two_players(living: WorldState, cash_minor: int = 0) -> Table:
    """A table with PLAYER and OTHER, no newcomers any more; the treasury gives each some money."""
    table = Table(living)
    table.act(commands.RegisterParticipant(guest=False), participant=OTHER)
    ledger, treasury = table.state.ledger, table.state.institution(Institution.TREASURY)
    for row in (table.row, table.row + 1):
        ledger.flags[row] = 0
        ledger.cash[treasury] -= cash_minor
        ledger.cash[row] += cash_minor
    return table


class Table:
    """Plays commands of one participant on a copy of a world."""

    def __init__(self, state: WorldState) -> None:
        self.state = state.copy()
        self.act(commands.RegisterParticipant(guest=False))

    def act(self, command: Any, ref_seq: int = 0, participant: int = PLAYER) -> Outcome:
        clock = self.state.clock
        payload = commands.encode(command, commands.Header(participant=participant))
        entry = CommandEntry(int(clock[Clock.SEQ]) + 1, int(clock[Clock.TICK]), ref_seq, payload)
        outcome = apply(self.state, [entry])
        self.state.check()
        assert unpack(pack(outcome.block)).works.tolist() == outcome.block.works.tolist()
        return outcome

    def reason(self, command: Any, ref_seq: int = 0, participant: int = PLAYER) -> RejectReason:
        """The reason of a refusal, which must have changed nothing."""
        seq, entries = int(self.state.clock[Clock.SEQ]), int(self.state.clock[Clock.ENTRIES])
        before = self.state.digest()
        outcome = self.act(command, ref_seq, participant)
        self.state.clock[Clock.SEQ], self.state.clock[Clock.ENTRIES] = seq, entries
        assert self.state.digest() == before
        return outcome.results[0].reason

    def result(self, command: Any, ref_seq: int = 0, participant: int = PLAYER) -> dict[str, int]:
        done = self.act(command, ref_seq, participant).results[0]
        assert done.executed, done.reason.name
        return unpack_result(done.kind, done.packed)

    def tick(self, count: int = 1) -> Outcome:
        outcome = apply(self.state, [TickEntry() for _ in range(count)])
        self.state.check()
        return outcome

    def buy(self, market: int = FOOD) -> int:
        """Buy a site; returns its deed."""
        self.result(commands.BuySite(market))
        return int(self.state.clock[Clock.SEQ])

    def give(self, market: int, lots: int) -> None:
        """Put lots into the player's stock, out of the ground."""
        self.state.ledger.stock[self.row, market] += lots
        self.state.ledger.goods_in[market] += lots

    @property
    def row(self) -> int:
        return self.state.first_participant

    @property
    def cash(self) -> int:
        ledger = self.state.ledger
        return int(ledger.cash[self.row]) + int(ledger.cash_held[self.row])

    @property
    def treasury(self) -> int:
        return int(self.state.ledger.cash[self.state.institution(Institution.TREASURY)])

    def drain(self, left: int = 0) -> None:
        """Let the treasury take the player's cash."""
        ledger = self.state.ledger
        taken = int(ledger.cash[self.row]) - left
        ledger.cash[self.row] -= taken
        ledger.cash[self.state.institution(Institution.TREASURY)] += taken

    def empty_treasury(self) -> None:
        """Let the fund hold what the treasury had."""
        ledger = self.state.ledger
        treasury, fund = (
            self.state.institution(Institution.TREASURY), self.state.institution(Institution.FUND)
        )  # fmt: skip
        ledger.cash[fund] += ledger.cash[treasury]
        ledger.cash[treasury] = 0

    def grow_up(self) -> None:
        """End the newcomer's protection."""
        self.state.ledger.flags[self.row] = 0


def kinds(outcome: Outcome) -> list[WorksEvent]:
    return [WorksEvent(int(kind)) for kind in outcome.block.works["kind"]]


def rules(**changes: Any) -> commands.SetSite:
    """Rules for a site of the first tier."""
    given: dict[str, Any] = {
        "target": ANY, "output": 50, "wage": 101_000, "workers": 3, "pricing": Pricing.FOLLOW,
        "price": 0, "markup_ppm": 0, "keep": 0, "buy_inputs": True,
    }  # fmt: skip
    return commands.SetSite(**(given | changes))
