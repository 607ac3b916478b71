"""`bench tick`: one whole game day after ten, against a numpy exchange step of as many agents."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np

from economy_engine import TickEntry, WorldState, create, events, preset, warm_up
from economy_engine.apply import apply
from economy_engine.book.columns import BookCounter
from economy_engine.schema import Clock
from worlds import invariants

DAYS_BEFORE = 10
PEER_EVERY_TICKS = 10
DIGEST_EVERY_TENTH_ABOVE = 200_000
FULL_CHECK_EVERY_TICKS = 100


class _Peer:
    """One Boltzmann wealth exchange: every agent gives one unit to another, `np.add.at`."""

    def __init__(self, agents: int, seed: int) -> None:
        self.rng = np.random.default_rng(seed)
        self.wealth = np.full(agents, 1_000, np.int64)
        self.agents = agents

    def step(self) -> float:
        started = time.perf_counter()
        receivers = self.rng.integers(0, self.agents, self.agents)
        gives = (self.wealth > 0).astype(np.int64)
        self.wealth -= gives
        np.add.at(self.wealth, receivers, gives)
        return time.perf_counter() - started


class _Day:
    """Times of every tick, by part."""

    def __init__(self, state: WorldState) -> None:
        self.state = state
        self.parts: dict[str, list[float]] = {
            name: [] for name in ("whole", "model", "digest", "invariants", "pack")
        }
        self.trades: list[int] = []
        self.digest_every = 10 if state.params.agents > DIGEST_EVERY_TENTH_ABOVE else 1

    def tick(self) -> None:
        state = self.state
        started = time.perf_counter()
        applied = apply(state, [TickEntry()])
        done = time.perf_counter()
        number = int(state.clock[Clock.TICK])
        if number % self.digest_every == 0:
            state.digest()
        digested = time.perf_counter()
        faults = invariants.breaches(state, full=number % FULL_CHECK_EVERY_TICKS == 0)
        checked = time.perf_counter()
        events.pack(applied.block)
        packed = time.perf_counter()
        if faults:
            raise RuntimeError(f"tick {number}: {faults}")
        self.parts["whole"].append(packed - started)
        self.parts["model"].append(done - started)
        self.parts["digest"].append(digested - done)
        self.parts["invariants"].append(checked - digested)
        self.parts["pack"].append(packed - checked)
        self.trades.append(int(applied.block.market_ticks["trades"].sum()))


def _ms(values: list[float], percentile: float = 50.0) -> float:
    return round(float(np.percentile(values, percentile)) * 1e3, 3)


def run(options: dict[str, Any], progress: Callable[[str], None]) -> dict[str, Any]:
    """Time every tick of a game day, each tenth beside one step of the peer."""
    agents, seed = int(options["agents"]), int(options["seed"])
    progress(f"making a world of {agents:,} agents")
    state = create(preset("sprint", agents=agents, seed=seed))
    progress(f"living through {DAYS_BEFORE} game days")
    warm_up(state, DAYS_BEFORE)
    peer, peer_times = _Peer(agents, seed), []
    day = _Day(state)
    orders_before = int(state.book.counters[BookCounter.AI_PLACED])
    for index in range(state.params.preset.clock.ticks_per_day):
        day.tick()
        if index % PEER_EVERY_TICKS == 0:
            peer_times.append(peer.step())
    ticks = len(day.trades)
    orders = int(state.book.counters[BookCounter.AI_PLACED]) - orders_before
    dropped = int(state.book.counters[BookCounter.DROPPED])
    if dropped:
        raise RuntimeError(f"{dropped} orders were dropped for a full pool")
    median, peer_ms = _ms(day.parts["whole"]), _ms(peer_times)
    return {
        "agents": agents,
        "ticks": ticks,
        "ms_median": median,
        "ms_p99": _ms(day.parts["whole"], 99.0),
        "model_ms": _ms(day.parts["model"]),
        "digest_ms": _ms(day.parts["digest"]),
        "invariants_ms": _ms(day.parts["invariants"]),
        "pack_ms": _ms(day.parts["pack"]),
        "orders_per_tick": round(orders / ticks, 1),
        "trades_per_tick": round(sum(day.trades) / ticks, 1),
        "numpy_boltzmann_ms": peer_ms,
        "ratio_numpy_boltzmann": round(median / peer_ms, 2),
        "digest": f"{state.digest():016x}",
    }
