"""One world lived twice from the event on: with it and without.

News, discoveries and catastrophes are drawn by keys of step and market, so both see the same; the
difference is the event's doing. Several scenarios of one seed share the days before and the twin.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from arena_site.scenarios.catalogue import BY_NAME, Expectation, Scenario
from arena_site.validation.recording import Floats, Recorder, Recording
from arena_site.validation.runs import Tell, world_params
from economy_engine import CommandEntry, WorldState, commands, create, tick, warm_up
from economy_engine.apply import apply
from economy_engine.errors import RejectReason
from economy_engine.genesis import WARM_UP_DAYS
from economy_engine.goods import GOODS_COUNT, INDEX
from economy_engine.schema import Clock
from economy_engine.systems.columns import Macro

BAR_TICKS = 4
POINTS = 100.0  # percentage points of a share
_LOGS = {"cpi": Macro.CPI, "output": Macro.REAL_GDP}
_LEVELS = {
    "unemployment": (Macro.UNEMPLOYMENT, POINTS),
    "rate": (Macro.POLICY_RATE, POINTS),
    "sentiment": (Macro.SENTIMENT, 1.0),
    "fear": (Macro.FEAR, 1.0),
    "greed": (Macro.GREED, 1.0),
    "multiplier": (Macro.VOLATILITY_MULTIPLIER, 1.0),
}
_MOODS = ("sentiment", "fear", "greed", "multiplier")


@dataclass(frozen=True)
class PairPlan:
    """One seed: days before the event, days after it, scenarios, whether the event is left out."""

    seed: int
    agents: int
    regions: int | None
    before_days: int
    after_days: int
    names: tuple[str, ...]
    tamper: bool = False

    @property
    def ticks(self) -> int:
        """Ticks lived in all, of every branch."""
        return 240 * (self.before_days + (1 + len(self.names)) * self.after_days)


@dataclass
class Branch:
    """What one branch left behind: its recording, and its moods every 4 ticks."""

    record: Recording
    moods: Floats  # [bars, len(_MOODS)]


@dataclass
class Pair:
    """One scenario of one seed beside its twin."""

    name: str
    seed: int
    shocked: Branch
    twin: Branch


def live_pairs(plan: PairPlan, tell: Tell) -> list[Pair]:
    """Live through one seed's branches; returns a pair per scenario."""
    done = 0

    def days_done(days: int, _: int) -> None:
        tell(240 * days)

    state = create(world_params(plan.agents, plan.seed, plan.regions))
    warm_up(state, min(WARM_UP_DAYS, plan.before_days), days_done)
    while int(state.clock[Clock.TICK]) < 240 * plan.before_days:
        tick.advance(state)
        tick.clear_reports(state)
        done = int(state.clock[Clock.TICK])
        if done % 240 == 0:
            tell(done)
    done = 240 * plan.before_days
    twin = _branch(state.copy(), plan.after_days, done, tell)
    pairs = []
    for number, name in enumerate(plan.names, 1):
        world = state.copy()
        if not plan.tamper:
            strike(world, BY_NAME[name])
        before = done + number * 240 * plan.after_days
        pairs.append(Pair(name, plan.seed, _branch(world, plan.after_days, before, tell), twin))
    return pairs


def strike(state: WorldState, scenario: Scenario) -> None:
    """Give the scenario's commands to a world, as its writer would.

    Raises ValueError when the engine refuses one.
    """
    for command in scenario.intervention.event.commands(state.params.regions):
        payload = commands.encode(command, commands.Header(origin=commands.Origin.ADMIN))
        seq, done = int(state.clock[Clock.SEQ]) + 1, int(state.clock[Clock.TICK])
        result = apply(state, [CommandEntry(seq, done, 0, payload)]).results[0]
        if result.reason:
            raise ValueError(f"{scenario.name}: {RejectReason(result.reason).code}")


def _branch(state: WorldState, days: int, before: int, tell: Tell) -> Branch:
    recorder = Recorder(state, 240 * days, BAR_TICKS)
    moods = np.zeros((240 * days // BAR_TICKS, len(_MOODS)))
    for done in range(1, 240 * days + 1):
        tick.advance(state)
        recorder.observe(state)
        tick.clear_reports(state)
        if done % BAR_TICKS == 0:
            moods[done // BAR_TICKS - 1] = [state.macro[_LEVELS[name][0]] for name in _MOODS]
        if done % 240 == 0:
            tell(before + done)
    return Branch(recorder.recording, moods)


def difference(pair: Pair, figure: str) -> tuple[Floats, int]:
    """Return shocked less twin of one figure as a series, and how many ticks a point spans.

    Raises KeyError for a figure that nobody knows.
    """
    shocked, twin = pair.shocked, pair.twin
    kind, _, code = figure.partition(":")
    if kind == "price":
        columns = slice(INDEX[code], None, GOODS_COUNT)
        both = (np.log(each.record.mid[:, columns]).mean(axis=1) for each in (shocked, twin))
        left, right = both
        return left - right, BAR_TICKS
    if figure in _MOODS:
        place = _MOODS.index(figure)
        return shocked.moods[:, place] - twin.moods[:, place], BAR_TICKS
    if figure in _LOGS:
        slot = _LOGS[figure]
        left, right = np.log(shocked.record.daily(slot)), np.log(twin.record.daily(slot))
        return left - right, shocked.record.ticks_per_day
    slot, unit = _LEVELS[figure]
    change = shocked.record.daily(slot) - twin.record.daily(slot)
    return unit * change, shocked.record.ticks_per_day


def measured(pair: Pair, expected: Expectation) -> float:
    """Return the mean difference over the expectation's window; NaN when the run is too short."""
    series, span = difference(pair, expected.figure)
    first, last = expected.first // span, -(-expected.last // span)
    if last > len(series):
        return float("nan")
    return float(series[first:last].mean())


def mean_path(pairs: list[Pair], figure: str) -> tuple[Floats, Floats]:
    """Return days after the event and the mean difference over the seeds, for a picture."""
    series = [difference(pair, figure)[0] for pair in pairs]
    span = difference(pairs[0], figure)[1]
    per_day = pairs[0].twin.record.ticks_per_day
    return np.arange(1, len(series[0]) + 1) * span / per_day, np.mean(series, axis=0)
