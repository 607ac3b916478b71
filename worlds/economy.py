"""The real engine behind the seam. Importing this loads the kernels."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from economy_engine import directory, events, genesis, market_data, migrations, snapshot
from economy_engine.apply import CommandEntry, TickEntry
from economy_engine.apply import apply as apply_entries
from economy_engine.events import Block
from economy_engine.order_terms import OrderStatus
from economy_engine.params import WorldParams
from economy_engine.params import preset as preset_params
from economy_engine.schema import ENGINE_VERSION, Clock
from economy_engine.state import WorldState
from economy_engine.warmup import warm as warm_kernels
from worlds import continuity, inspection, invariants
from worlds.engine import Applied, Command, Decision

WARM_AGENTS = 500
BOOK_LEVELS = 25  # a side, as readers of a book's topic get it
_OPEN = (OrderStatus.NEW, OrderStatus.PARTIALLY_FILLED)


class Economy:
    """Stateless: all state is in what it is given. Implements `worlds.engine.Engine`."""

    version = ENGINE_VERSION

    def reads(self, version: int) -> bool:
        """Whether worlds of that version can be gone on with, as they are or migrated."""
        return migrations.leads(version, ENGINE_VERSION)

    def warm(self) -> None:
        """Load or compile every kernel, those of the checks included; seconds at best, minutes in
        a fresh clone, so before any lease."""
        warm_kernels()
        state = self.create(self.params(agents=WARM_AGENTS, seed=1, preset="lab"))
        self.apply(state, [], 1)
        self.breaches(state, full=True)

    def params(self, *, agents: int, seed: int, preset: str, regions: int = 1) -> WorldParams:
        """The parameters of a world that is to be created."""
        return preset_params(preset, agents=agents, seed=seed, regions=regions)

    def create(self, params: WorldParams) -> WorldState:
        """The world at tick 0."""
        return genesis.create(params)

    def warm_up(
        self,
        state: WorldState,
        days: int,
        progress: Callable[[int, int], None] | None = None,
    ) -> Block:
        """Run game days that nobody can act in and nothing journals; returns what they told."""
        return genesis.warm_up(state, days, progress)

    def relive(self, state: WorldState) -> Block:
        """What the days before a world's genesis told, by living through them again."""
        again = genesis.create(state.params)
        days = self.tick(state) // state.params.preset.clock.ticks_per_day
        block = genesis.warm_up(again, days)
        if again.digest() != state.digest():
            raise ValueError("the days before genesis come out differently now")
        return block

    def load(self, raw: bytes) -> WorldState:
        """The inverse of `dump`; raises ValueError for foreign bytes."""
        return snapshot.load(raw)

    def dump(self, state: WorldState) -> bytes:
        """A copy of everything that the world is."""
        return snapshot.dump(state)

    def apply(self, state: WorldState, commands: Sequence[Command], ticks: int) -> Applied:
        """Act the commands, then the ticks, in place."""
        tick = self.tick(state)
        entries: list[CommandEntry | TickEntry] = [
            CommandEntry(command.seq, tick, command.ref_seq, command.payload)
            for command in commands
        ]
        entries += [TickEntry()] * ticks
        outcome = apply_entries(state, entries)
        decisions = [Decision(int(result.reason), result.packed) for result in outcome.results]
        return Applied(decisions, outcome.block)

    def digest(self, state: WorldState) -> int:
        """The state's own hash, unsigned 64 bits."""
        return int(state.digest())

    def tick(self, state: WorldState) -> int:
        """Ticks done."""
        return int(state.clock[Clock.TICK])

    def halted(self, state: WorldState) -> bool:
        """Whether the clock stands still."""
        return bool(state.clock[Clock.HALTED])

    def participants(self, block: Block) -> list[int]:
        """Participants whose orders, balances or own economy the block changes."""
        sections = (
            block.orders, block.fills, block.balances, block.sites, block.members, block.works
        )  # fmt: skip
        touched = np.unique(np.concatenate([rows["participant"] for rows in sections]))
        return [number for number in touched.tolist() if number > 0]

    def closed_orders(self, block: Block) -> list[int]:
        """Seqs of orders that ended with the block."""
        ended = ~np.isin(block.orders["status"], _OPEN)
        return block.orders["seq"][ended].tolist()

    def open_order_seqs(self, state: WorldState) -> list[int]:
        """Seqs of all resting orders of participants."""
        orders = state.book.orders
        resting = orders[(orders["quantity"] > 0) & (orders["seq"] > 0)]
        return resting["seq"].tolist()

    def breaches(self, state: WorldState, *, full: bool) -> list[str]:
        """Invariants that do not hold."""
        return invariants.breaches(state, full=full)

    def reported_breaches(self, state: WorldState, block: Block) -> list[str]:
        """Rules that what a commit reports does not keep; asked once per commit."""
        return continuity.reported(state, block)

    def row_of(self, state: WorldState, participant: int) -> int:
        """The ledger row of a participant, -1 when it is not registered."""
        return directory.row_of(state, participant)

    def agent(self, state: WorldState, row: int) -> dict[str, Any]:
        """What the account on a row is and has; raises IndexError."""
        return inspection.of_row(state, row)

    def observe_tick(self, state: WorldState, row: int) -> dict[str, Any]:
        """Run one tick; what the account on a row did in it."""
        return inspection.observe_tick(state, row)

    def summary(self, state: WorldState) -> dict[str, Any]:
        """The figures that tell a world at a glance."""
        return inspection.summary(state)

    def market_states(self, state: WorldState) -> list[int]:
        """Of each market what it does, a MarketState."""
        return state.book.market["state"].tolist()

    def auctions(self, state: WorldState) -> Any:
        """Of each market its call auction, AUCTION_DTYPE; `ends` is 0 when there is none."""
        return state.book.auction

    def price_increments(self, state: WorldState) -> list[int]:
        """Of each market the price grid, minor units."""
        return state.book.market["price_increment"].tolist()

    def depth(self, state: WorldState) -> Any:
        """The top of all books, rows as in a block but deeper, best first."""
        return market_data.depth_rows(state, BOOK_LEVELS)

    def memory_shape(self, state: WorldState) -> tuple[int, int]:
        """Number of markets, and of ticks in a game day."""
        return state.params.markets, state.params.preset.clock.ticks_per_day

    def pack(self, block: Block) -> bytes:
        """A block's bytes."""
        return events.pack(block)

    def unpack(self, raw: bytes) -> Block:
        """The inverse; raises ValueError."""
        return events.unpack(raw)
