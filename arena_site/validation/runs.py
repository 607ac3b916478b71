"""Living through worlds: one per seed, in up to two processes, with a bar and the time left."""

from __future__ import annotations

import multiprocessing
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, wait
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np

from arena_site.validation.measures import WARM_UP_DAYS
from arena_site.validation.recording import Recorder, Recording
from economy_engine import create, preset, tick
from economy_engine.schema import Clock
from economy_engine.systems.columns import Macro

JOBS_MAX = 2
TELL_EVERY_TICKS = 240
REDRAW_SECONDS, LINE_SECONDS = 0.5, 15.0
BAR_WIDTH = 24
SHUFFLE_SEED = 1

Tell = Callable[[int], None]
Result = TypeVar("Result")


@dataclass(frozen=True)
class Plan:
    """One run: a world of `agents` from `seed` over `ticks`; tamper = break it on purpose."""

    seed: int
    agents: int
    ticks: int
    regions: int | None = None
    tamper: bool = False


def world_params(agents: int, seed: int, regions: int | None = None) -> Any:
    """Return the parameters of a world, the rest as by default; ValueError says what is wrong."""
    more = {} if regions is None else {"regions": regions}
    return preset("sprint", agents, seed, **more)


def live(plan: Plan, tell: Tell) -> Recording:
    """Run one world from its birth and return what was recorded; `tell` gets the ticks done."""
    state = create(world_params(plan.agents, plan.seed, plan.regions))
    recorder = Recorder(state, plan.ticks)
    warm_up = WARM_UP_DAYS * state.params.preset.clock.ticks_per_day
    for done in range(1, plan.ticks + 1):
        tick.advance(state)
        recorder.observe(state)
        tick.clear_reports(state)
        if done == warm_up:
            state.macro[Macro.CPI_BASE] = state.macro[Macro.CPI]  # as `genesis.warm_up` does
        if plan.tamper and done == plan.ticks // 2:
            state.ledger.cash[0] += 1  # a tenth of a cent that nobody issued
        if done % TELL_EVERY_TICKS == 0 or done == plan.ticks:
            tell(done)
    assert int(state.clock[Clock.TICK]) == plan.ticks
    if plan.tamper:
        shuffle_returns(recorder.recording)
    return recorder.recording


def shuffle_returns(record: Recording) -> None:
    """Bring the bars' returns into a random order, in place: the same sizes, no memory."""
    order = np.random.default_rng(SHUFFLE_SEED).permutation(len(record.mid) - 1)
    returns = np.diff(np.log(record.mid), axis=0)[order]
    record.mid[1:] = record.mid[0] * np.exp(np.cumsum(returns, axis=0))


_shared: Any = None


def _join(shared: Any) -> None:
    global _shared
    _shared = shared


def _work(number: int, task: Callable[[Any, Tell], Result], plan: Any) -> Result:
    def tell(done: int) -> None:
        _shared[number] = done

    return task(plan, tell)


def run_all(
    task: Callable[[Any, Tell], Result],
    plans: Sequence[Any],
    ticks: Sequence[int],
    jobs: int,
    label: str,
) -> list[Result]:
    """Return `task(plan, tell)` of every plan, in up to `jobs` processes.

    task: a function of a module, so that another process finds it. ticks: what each plan comes to.
    Progress goes to stderr. The first failure ends the others and is raised here.
    """
    bar = Bar(label, ticks)
    compile_kernels(bar)
    if jobs == 1 or len(plans) == 1:
        return [_alone(task, plan, number, bar) for number, plan in enumerate(plans)]
    context = multiprocessing.get_context("spawn")  # no copy of what this process has open
    shared = context.Array("q", len(plans), lock=False)
    workers = min(jobs, JOBS_MAX, len(plans))
    with ProcessPoolExecutor(workers, context, _join, (shared,)) as pool:
        futures: list[Future[Result]] = [
            pool.submit(_work, number, task, plan) for number, plan in enumerate(plans)
        ]
        try:
            while not all(future.done() for future in futures):
                wait(futures, REDRAW_SECONDS)
                failed = [f for f in futures if f.done() and f.exception() is not None]
                if failed:
                    break
                bar.show(list(shared))
            bar.end()
            for future in futures:
                if future.done():
                    future.result()
            return [future.result() for future in futures]
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _alone(task: Callable[[Any, Tell], Result], plan: Any, number: int, bar: Bar) -> Result:
    def tell(done: int) -> None:
        counts = [total if at < number else 0 for at, total in enumerate(bar.totals)]
        counts[number] = done
        bar.show(counts)

    result = task(plan, tell)
    if number == len(bar.totals) - 1:
        bar.end()
    return result


def compile_kernels(bar: Bar) -> None:
    """Have the machine code before processes share it: one game day of the smallest world."""
    bar.say("compiling the engine's kernels (once, up to two minutes)")
    state = create(preset("lab", 500, 1, ai_orders_max=65_536, spare_rows=64))
    recorder = Recorder(state, state.params.preset.clock.ticks_per_day)
    for _ in range(state.params.preset.clock.ticks_per_day):
        tick.advance(state)
        recorder.observe(state)
        tick.clear_reports(state)


class Bar:
    """One moving line on a terminal, a line now and then elsewhere; always on stderr."""

    def __init__(self, label: str, totals: Sequence[int]) -> None:
        self.label, self.totals = label, list(totals)
        self._live = sys.stderr.isatty()
        self._started = self._shown = 0.0

    def say(self, text: str) -> None:
        """Show a text without a bar."""
        end = "\r" if self._live else "\n"
        sys.stderr.write(f"{self.label}: {text}{end}")
        sys.stderr.flush()

    def show(self, done: Sequence[int]) -> None:
        """Show how far the runs are, and how long the rest takes at this pace."""
        now = time.monotonic()
        self._started = self._started or now
        if now - self._shown < (REDRAW_SECONDS if self._live else LINE_SECONDS):
            return
        self._shown = now
        share = sum(done) / max(1, sum(self.totals))
        filled = int(share * BAR_WIDTH)
        left = (now - self._started) * (1.0 - share) / share if share > 0.01 else None
        text = f"[{'#' * filled}{'.' * (BAR_WIDTH - filled)}] {share:4.0%}, "
        text += "reckoning" if left is None else f"{left // 60:.0f} min {left % 60:02.0f} s left"
        self.say(f"{text}   ")

    def end(self) -> None:
        """Leave the line."""
        if self._live:
            sys.stderr.write("\n")
