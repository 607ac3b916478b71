"""The run that the pictures are drawn from: one world, and from one day on its struck twin."""

from __future__ import annotations

from dataclasses import dataclass

from arena_site.model_pages.watching import Watch, Watcher
from arena_site.scenarios.catalogue import BY_NAME
from arena_site.scenarios.pairs import strike
from arena_site.validation.measures import WARM_UP_DAYS
from arena_site.validation.recording import Recorder, Recording
from arena_site.validation.runs import TELL_EVERY_TICKS, Tell, world_params
from economy_engine import create, tick
from economy_engine.state import WorldState
from economy_engine.systems.columns import Macro

TICKS_PER_DAY = 240
SHOWN_DAYS, DAYS_MIN, REGIONS = 120, 6, 2
SCENARIO = "oil_shock"
BRANCH_DAYS_MAX = 40


@dataclass(frozen=True)
class Plan:
    """A world of `agents` from `seed` over `days` game days, the hidden ones counted."""

    seed: int = 1
    agents: int = 10_000
    days: int = WARM_UP_DAYS + SHOWN_DAYS
    regions: int = REGIONS

    def __post_init__(self) -> None:
        if self.days < DAYS_MIN:
            raise ValueError(f"the pictures of the pages need {DAYS_MIN} game days or more")
        if self.regions < 2:
            raise ValueError("the pictures of the pages need two regions or more")
        world_params(self.agents, self.seed, self.regions)

    @property
    def hidden_days(self) -> int:
        """Days at the start that are not drawn: the warm-up, or a third of a shorter run."""
        return min(WARM_UP_DAYS, self.days // 3)

    @property
    def strike_day(self) -> int:
        """Game day on which the twin is struck: in the middle of what is drawn."""
        return (self.hidden_days + self.days) // 2

    @property
    def branch_days(self) -> int:
        return min(BRANCH_DAYS_MAX, self.days - self.strike_day)

    @property
    def ticks(self) -> int:
        """Ticks lived in all, the twin's too."""
        return TICKS_PER_DAY * (self.days + self.branch_days)


@dataclass
class Story:
    """What one world left behind, and its twin, which begins on `plan.strike_day`."""

    plan: Plan
    record: Recording
    watch: Watch
    struck: Recording


def live(plan: Plan, tell: Tell) -> Story:
    """Run one world and its twin; `tell` gets the ticks done."""
    state = create(world_params(plan.agents, plan.seed, plan.regions))
    total = TICKS_PER_DAY * plan.days
    recorder, watcher = Recorder(state, total), Watcher(state, total)
    twin: WorldState | None = None
    for done in range(1, total + 1):
        tick.advance(state)
        recorder.observe(state)
        watcher.observe(state)
        tick.clear_reports(state)
        if done == TICKS_PER_DAY * plan.hidden_days:
            state.macro[Macro.CPI_BASE] = state.macro[Macro.CPI]  # as `genesis.warm_up` does
        if done == TICKS_PER_DAY * plan.strike_day:
            twin = state.copy()
        if done % TELL_EVERY_TICKS == 0:
            tell(done)
    assert twin is not None
    struck = _live_struck(twin, plan, tell)
    return Story(plan, recorder.recording, watcher.watch, struck)


def _live_struck(state: WorldState, plan: Plan, tell: Tell) -> Recording:
    strike(state, BY_NAME[SCENARIO])
    length = TICKS_PER_DAY * plan.branch_days
    recorder = Recorder(state, length)
    for done in range(1, length + 1):
        tick.advance(state)
        recorder.observe(state)
        tick.clear_reports(state)
        if done % TELL_EVERY_TICKS == 0:
            tell(TICKS_PER_DAY * plan.days + done)
    return recorder.recording
