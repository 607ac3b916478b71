"""Runs by their seeds, and the table of what struck."""

from __future__ import annotations

import gc
import logging
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from django.core.files.storage import default_storage
from django.test.utils import override_settings

from arena_site.simulation import arena as arenas
from arena_site.simulation import checker
from arena_site.simulation.arena import Arena
from arena_site.simulation.fibers import StuckError
from arena_site.simulation.newborn import Genesis, newborn
from arena_site.simulation.plan import CONSEQUENCES, KINDS
from worlds import surroundings

AGENTS = 500
SETTINGS = {
    "WORLD_SNAPSHOT_EVERY_TICKS": 5,
    "WORLD_LEASE_SECONDS": 1.0,
    "WORLD_SCAN_SECONDS": 0.25,
}
SMALL = {
    "ladder_levels": 1_024, "ai_orders_max": 4_096, "participant_orders_max": 256,
    "spare_rows": 16, "participants_max": 64, "calendar_max": 256,
}  # fmt: skip


@dataclass(slots=True)
class Outcome:
    """One seed's run."""

    seed: int
    problems: list[str]
    counts: Counter[str]
    acknowledged: int = 0
    journaled: int = 0
    ticks: int = 0
    commits: int = 0
    epochs: int = 0
    conflicts_refused: int = 0
    virtual_seconds: float = 0.0


@dataclass(slots=True)
class Table:
    """What many seeds came to."""

    outcomes: list[Outcome] = field(default_factory=list)
    seconds: float = 0.0

    def as_dict(self, first: int, control: str) -> dict[str, Any]:
        """Sums over all seeds; `faults` has every kind, also those that never struck."""
        struck: Counter[str] = Counter()
        for outcome in self.outcomes:
            struck.update(outcome.counts)
        failing = [outcome for outcome in self.outcomes if outcome.problems]
        kinds = (*KINDS, *CONSEQUENCES)
        sums = {
            name: sum(getattr(outcome, name) for outcome in self.outcomes)
            for name in ("acknowledged", "journaled", "ticks", "commits", "epochs",
                         "conflicts_refused")
        }  # fmt: skip
        return {
            "seeds": len(self.outcomes),
            "first_seed": first,
            "control": control or None,
            "failing_seeds": len(failing),
            "failures": [
                {
                    "seed": each.seed,
                    "problems": each.problems,
                    "reproduce": f"python3 manage.py simulate --seed {each.seed}"
                    + (f" --control {control}" if control else ""),
                }
                for each in failing[:10]
            ],
            **sums,
            "virtual_seconds": round(sum(o.virtual_seconds for o in self.outcomes), 1),
            "seconds": round(self.seconds, 1),
            "faults": {kind: struck[kind] for kind in kinds},
            "unexercised": [kind for kind in kinds if not struck[kind]],
        }


def genesis() -> Genesis:
    """The newborn world; loads the engine."""
    from economy_engine.params import preset
    from worlds.economy import Economy

    engine = Economy()
    return newborn(engine, preset("sprint", agents=AGENTS, seed=7, **SMALL))


def run_seed(seed: int, born: Genesis, control: str = "") -> Outcome:
    """One run from its seed: faults for some virtual seconds, then calm, then the checks."""
    arena = Arena(seed, control, born)
    scheduler = arena.scheduler
    found: list[str] = []
    with _in_place_of_the_machine(arena):
        try:
            arena.start()
            scheduler.run(lambda: scheduler.now >= arenas.FAULT_SECONDS, arenas.FAULT_SECONDS + 1)
            arena.calm, arena.plan.active = True, False
            try:
                scheduler.run(lambda: checker.settled(arena), arenas.CALM_SECONDS_MAX)
            except StuckError as error:
                found.append(f"LIVENESS: {error}")
            found += _checked(arena)
        except Exception as error:  # a seed that breaks the simulation is a failing seed
            found.append(f"ERROR: {error!r}")
        finally:
            scheduler.end()
    head = arena.database.head
    assert head is not None
    at = head.committed
    return Outcome(
        seed,
        found,
        arena.plan.counts,
        acknowledged=sum(r.receipt is not None for book in arena.books for r in book.requests),
        journaled=at["seq"],
        ticks=at["tick"] - born.header.tick,
        commits=at["commit"],
        epochs=at["epoch"],
        conflicts_refused=sum(book.conflicts_refused for book in arena.books),
        virtual_seconds=scheduler.now,
    )


def _checked(arena: Arena) -> list[str]:
    """The checks read through a session, so they run as a fiber, alone."""
    result: list[list[str]] = []
    arena.database.down_until = 0.0
    others = list(arena.scheduler.fibers)
    arena.scheduler.fibers[:] = []
    arena.scheduler.spawn("checker", lambda: result.append(checker.problems(arena)))
    arena.scheduler.run(lambda: bool(result), 1_000.0)
    arena.scheduler.fibers.extend(others)
    return result[0]


@contextmanager
def _in_place_of_the_machine(arena: Arena) -> Iterator[None]:
    holder: Any = default_storage
    before, holder._wrapped = holder._wrapped, arena.storage
    logging.disable(logging.CRITICAL)
    try:
        with (
            override_settings(**SETTINGS),
            surroundings.replaced(arena.surroundings()),
            arenas.installed(arena),
        ):
            yield
    finally:
        logging.disable(logging.NOTSET)
        holder._wrapped = before


def run_seeds(
    seeds: range, control: str = "", progress: Callable[[int, int], None] | None = None
) -> Table:
    """Many runs, one after another."""
    born, table = genesis(), Table()
    started = time.monotonic()
    for number, seed in enumerate(seeds, 1):
        table.outcomes.append(run_seed(seed, born, control))
        if number % 20 == 0:
            gc.collect()
        if progress is not None:
            progress(number, len(seeds))
    table.seconds = time.monotonic() - started
    return table
