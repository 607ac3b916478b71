"""Indicators: what the world publishes of itself. Definitions are in `formulas`.

Reads the model and writes only what it remembers itself (`gauge`, sums of the running day);
nothing here changes what an agent does.
"""

import numpy as np

from economy_engine.events import Indicator, WorldEvent
from economy_engine.state import WorldState
from economy_engine.systems.columns import Macro
from economy_engine.systems.indicators import markets, record, wealth, world

__all__ = [
    "begin_step",
    "count_step",
    "publish_day",
    "publish_mood",
    "publish_news",
    "publish_resources",
]

begin_step = record.begin_step
count_step = record.count_step

_MOOD = (
    (Indicator.SENTIMENT, Macro.SENTIMENT),
    (Indicator.FEAR, Macro.FEAR),
    (Indicator.GREED, Macro.GREED),
    (Indicator.CONFIDENCE, Macro.CONFIDENCE),
    (Indicator.HERDING, Macro.HERDING),
    (Indicator.VOLATILITY_MULTIPLIER, Macro.VOLATILITY_MULTIPLIER),
)


def publish_mood(state: WorldState, tick: int) -> None:
    """Report the mood of the world, a few times a game day, and watch it for extremes."""
    for identity, slot in _MOOD:
        state.emission.indicator(tick, identity, -1, float(state.macro[slot]))
    world.watch_mood(state, tick)


def publish_news(state: WorldState, tick: int) -> None:
    """Report this step's headlines; `value` is the size in log points of value."""
    for m in np.flatnonzero(state.news.item):
        size = float(state.news.item[m])
        state.emission.world_event(tick, WorldEvent.NEWS, int(m), size, 0)


def publish_day(state: WorldState, tick: int, day_number: int, volumes: np.ndarray) -> None:
    """Report the figures of the day that just ended, of the world and of each market.

    volumes: int64[M], lots traded in the day. The day's sums begin anew.
    """
    world.publish_world(state, tick)
    figures = markets.fill(state, volumes)
    state.emission.indicator_rows(tick, markets.IDENTITIES, figures)
    wealth.publish_wealth(state, tick, day_number)
    state.day.consumer_surplus.fill(0.0)
    state.day.model_surplus.fill(0.0)
    state.book.sales.fill(0)


def publish_resources(state: WorldState, tick: int) -> None:
    """Report discoveries and catastrophes of the day; `value` is the share of the base."""
    resource = state.resource
    for m in range(state.params.markets):
        base = float(resource.base[m])
        if resource.found[m] > 0.0:
            share = float(resource.found[m]) / base
            state.emission.world_event(tick, WorldEvent.DISCOVERY, m, share, 0)
        if resource.lost[m] > 0.0:
            share = float(resource.lost[m]) / base
            state.emission.world_event(tick, WorldEvent.CATASTROPHE, m, share, 0)
