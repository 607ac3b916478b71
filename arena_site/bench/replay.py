"""`bench replay`: a world is lived, then replayed from its snapshot as a takeover would, against
the clock that it was lived by: ticks at 10 Hz."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np

from worlds import recovery, snapshots
from worlds.economy import Economy
from worlds.engine import signed
from worlds.journal import GENESIS_CHAIN, Position
from worlds.memory import WriterMemory

DAYS_BEFORE = 2
TICKS = 480
TICK_RATE_HZ = 10.0


def lived(options: dict[str, Any], progress: Callable[[str], None]) -> tuple[Economy, Any]:
    """An engine and a world of some days."""
    engine, agents = Economy(), int(options["agents"])
    progress(f"making a world of {agents:,} agents")
    state = engine.create(engine.params(agents=agents, seed=int(options["seed"]), preset="sprint"))
    engine.warm_up(state, DAYS_BEFORE, None)
    return engine, state


def run(options: dict[str, Any], progress: Callable[[str], None]) -> dict[str, Any]:
    """Record the digest of every tick, then do all of them again and compare."""
    engine, state = lived(options, progress)
    tick = engine.tick(state)
    raw = engine.dump(state)
    progress(f"living {TICKS} ticks")
    steps = []
    for number in range(1, TICKS + 1):
        engine.apply(state, [], 1)
        at = Position(number, 0, tick + number, GENESIS_CHAIN)
        steps.append(recovery.Step(at, 1, [], signed(engine.digest(state)), False))
    progress("replaying them")
    started = time.perf_counter()
    world = recovery.World(
        engine.load(raw),
        WriterMemory(*engine.memory_shape(state)),
        Position(0, 0, tick, GENESIS_CHAIN),
    )
    loaded = time.perf_counter()
    spent = []
    cpu = time.process_time()
    for step in steps:
        begun = time.perf_counter()
        replayed = recovery.redo(engine, world, step)  # raises at the first digest that differs
        world.memory.feed(replayed.applied.block)
        spent.append(time.perf_counter() - begun)
    seconds = time.perf_counter() - loaded
    return {
        "agents": int(options["agents"]),
        "ticks": len(steps),
        "digests_compared": len(steps),
        "digest_equal": engine.digest(world.state) == engine.digest(state),
        "seconds": round(seconds, 3),
        "cpu_seconds": round(time.process_time() - cpu, 3),
        "load_ms": round((loaded - started) * 1e3, 1),
        "tick_ms_median": round(float(np.median(spent)) * 1e3, 3),
        "x_real_time": round(len(steps) / TICK_RATE_HZ / seconds, 1),
        "digest": f"{engine.digest(world.state):016x}",
    }


def stored(engine: Economy, state: Any) -> tuple[snapshots.Header, list[bytes]]:
    """Header and sections of a snapshot, as the writer's tick pays for them."""
    tick = engine.tick(state)
    memory = WriterMemory(*engine.memory_shape(state))
    world = recovery.World(state, memory, Position(0, 0, tick, GENESIS_CHAIN))
    sections = recovery.sections(engine, world)
    header = snapshots.Header(
        format=snapshots.FORMAT, world_id=1, engine_version=engine.version, commit=0, seq=0,
        tick=tick, chain=GENESIS_CHAIN.hex(), digest=signed(engine.digest(state)),
        sections=tuple((name, len(raw)) for name, raw in sections),
    )  # fmt: skip
    return header, [raw for _, raw in sections]
