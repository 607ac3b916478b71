"""Compile every kernel before anybody waits for it.

A fresh clone compiles once; later processes read the machine code from numba's cache directory. On
two cores two processes halve the wait: `compile_agents` compiles what the agents of a tick need,
`compile_rest` everything else; `warm` then finds most of it done and proves it by running it all.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

import numpy as np
from numba import config, typeof

from economy_engine import apply as applying
from economy_engine import commands, genesis, market_data, params, snapshot, tick, units
from economy_engine.book import checks
from economy_engine.book.kernels import sweep_expired_participants
from economy_engine.goods import OIL
from economy_engine.ledger.kernels import check_conservation
from economy_engine.order_terms import OrderType, Side, TimeInForce
from economy_engine.schema import Clock
from economy_engine.state import WorldState
from economy_engine.systems import (
    attribution,
    breaker,
    day_end,
    indicators,
    logistics,
    news,
    psychology,
    quota,
    supply_demand,
)
from economy_engine.systems.behavior import arbitrage, desks, firms, households, makers, noise
from economy_engine.systems.indicators import record
from economy_engine.systems.works import members, sites
from economy_engine.works import Pricing

AGENTS, REGIONS = 1_000, 2  # a single region has no use for some of the kernels
PARTICIPANT = 1
# Whose kernels the tick calls: the long half, and what takes as long together with the rest.
_AGENTS = (
    firms, quota, households, desks, noise, makers, news, psychology, supply_demand, breaker,
    indicators, record,
)  # fmt: skip
_TRADE = (arbitrage, logistics, attribution)


def _params() -> params.WorldParams:
    return params.preset(
        "lab", AGENTS, 7, ladder_levels=32_768, ai_orders_max=65_536, spare_rows=64,
        participant_orders_max=1_024, regions=REGIONS,
    )  # fmt: skip


class _CompileOnly:
    """Stands in for a kernel: compiles it for the types of a call, or nothing, and never calls."""

    def __init__(self, kernel: Any, wanted: bool) -> None:
        self._kernel = kernel
        self._wanted = wanted

    def __call__(self, *arguments: Any) -> None:
        if self._wanted:
            self._kernel.compile(tuple(typeof(argument) for argument in arguments))


@contextmanager
def _compiling(modules: tuple[ModuleType, ...]) -> Iterator[None]:
    """Within it the modules' kernels are compiled where the tick would call them, others are not.

    Those that kernels call are left alone: the compiler finds them by their names.
    """
    called: set[str] = set()
    for value in (*vars(tick).values(), record.begin_step):
        if callable(value) and hasattr(value, "__code__"):
            called.update(value.__code__.co_names)
    kernels = [
        (module, name, vars(module)[name])
        for module in (*_AGENTS, *_TRADE)
        for name in sorted(called & vars(module).keys())
        if hasattr(vars(module)[name], "signatures")
    ]
    try:
        for module, name, kernel in kernels:
            setattr(module, name, _CompileOnly(kernel, module in modules))
        yield
    finally:
        for module, name, kernel in kernels:
            setattr(module, name, kernel)


def compile_agents() -> None:
    """Compile the kernels of the agents and of their markets; needs no population."""
    _compile(_AGENTS)


def _compile(modules: tuple[ModuleType, ...]) -> None:
    if not config.DISABLE_JIT:
        with _compiling(modules):
            tick.advance(WorldState(_params()))


def compile_rest() -> None:
    """Compile what trade between regions, genesis, participants, checks and snapshots need.

    What both halves need stands last here: the other has it in the cache by then.
    """
    state = genesis.create(_params())
    _play_participant(state)
    day_end.close_day(state, 1, params.STEPS_PER_DAY - 1)
    tick.clear_reports(state)
    market_data.market_rows(state, 1)
    market_data.tape_rows(state)
    _check(state)
    snapshot.load(snapshot.dump(state)).digest()
    _compile(_TRADE)


def warm() -> None:
    """Run each kernel once on the smallest world: a day's end, every order, a snapshot."""
    state = genesis.create(_params())
    ticks = state.params.preset.clock.ticks_per_day + 2
    applying.apply(state, [applying.TickEntry() for _ in range(ticks)])
    _play_participant(state)
    _check(state)
    snapshot.load(snapshot.dump(state)).digest()


def _check(state: WorldState) -> None:
    rows, markets = int(state.clock[Clock.ROWS]), state.params.markets
    checks.not_crossed(state.book)
    checks.check_book(state.book)
    cash, counts = np.zeros(rows, np.int64), np.zeros(rows, np.int64)
    stock = np.zeros((rows, markets), np.int64)
    checks.check_held(state.book, state.ledger, rows, cash, stock, counts)
    check_conservation(state.ledger, state.rows.firms, rows, np.zeros(markets + 1, np.int64))
    state.digest()
    state.check()


def _play_works(state: WorldState, act: Any) -> None:
    """Give every command of the own economy once, and let a site, a worker and a household live."""
    row, job = state.first_participant, state.counts.sizes["F"]
    act(commands.StartWork(), commands.SetNeeds(on=True), commands.BuySite(OIL))
    deed = int(state.clock[Clock.SEQ])
    state.ledger.stock[row] += 100
    state.ledger.goods_in[:] += 100
    site = state.arrays["sites"][0]
    site["next_production"], site["condition"] = 0, 0.5
    state.staff.workers[job] = 1
    sites.visit_sites(state, 1, int(state.clock[Clock.STEP]))
    members.close_members(state, 1, 1)
    rules = commands.SetSite(bytes(16), 10, 1_000, 1, Pricing.COST_PLUS, 0, 0, 0, True)
    act(rules, commands.ResearchSite(bytes(16)), commands.UpgradeSite(bytes(16)), ref_seq=deed)
    act(commands.OfferLicence(OIL, 1, 1), commands.TakeLicence(bytes(16), 1), ref_seq=deed)
    act(commands.OfferSite(bytes(16), 1), commands.EndOffer(bytes(16)), ref_seq=deed)
    units.fee_minor_up(1)
    act(commands.TakeSite(bytes(16), 1), commands.SellSite(bytes(16)), ref_seq=deed)
    act(commands.BidSite(1, int(state.arrays["lots"][0]["reserve"])), commands.BuyProspect(OIL, 1))
    act(commands.StopWork())
    members.end_protection(state, row, int(state.ledger.generation[row]), 1)
    tick.clear_reports(state)


def _play_participant(state: WorldState) -> None:
    """Give every command of a participant once."""
    seq = int(state.clock[Clock.SEQ])

    def act(*given: commands.Command, ref_seq: int = 0) -> None:
        nonlocal seq
        entries: list[applying.Entry] = []
        for command in given:
            seq += 1
            done = int(state.clock[Clock.TICK])
            payload = commands.encode(command, commands.Header(participant=PARTICIPANT))
            entries.append(applying.CommandEntry(seq, done, ref_seq, payload))
        applying.apply(state, entries)

    act(commands.RegisterParticipant(guest=True))
    bid = commands.PlaceOrder(
        0, Side.BID, OrderType.LIMIT, TimeInForce.GTC, 1,
        int(state.book.market[0]["price_increment"] * (state.book.market[0]["band_low"] + 1)),
    )  # fmt: skip
    act(bid)
    act(commands.ReduceOrder(bytes(16), 1), commands.CancelOrder(bytes(16)), ref_seq=seq)
    act(commands.PlaceOrder(0, Side.BID, OrderType.MARKET, TimeInForce.IOC, 1, 0))
    act(commands.ShipGoods(0, 1, 1), commands.CancelAll(-1))
    _play_works(state, act)
    sweep_expired_participants(state.book, state.ledger, state.outbox, 0)
