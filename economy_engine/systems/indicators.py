"""Indicators: what the world publishes each game day, and the day's events.

Reads only; nothing here changes the future of a world.
"""

import math

import numpy as np

from economy_engine.events import Indicator, WorldEvent
from economy_engine.goods import GOODS_COUNT, GoodKind
from economy_engine.params import STEPS_PER_DAY
from economy_engine.state import WorldState
from economy_engine.systems.columns import Institution, Macro
from economy_engine.systems.scarcity import scarcity_level

_WORLD: tuple[tuple[Indicator, Macro], ...] = (
    (Indicator.INFLATION, Macro.INFLATION),
    (Indicator.CORE_INFLATION, Macro.POLICY_INFLATION),
    (Indicator.UNEMPLOYMENT, Macro.UNEMPLOYMENT),
    (Indicator.POLICY_RATE, Macro.POLICY_RATE),
    (Indicator.MONEY, Macro.MONEY),
    (Indicator.VELOCITY, Macro.VELOCITY),
    (Indicator.SENTIMENT, Macro.SENTIMENT),
    (Indicator.FEAR, Macro.FEAR),
    (Indicator.GREED, Macro.GREED),
    (Indicator.CONFIDENCE, Macro.CONFIDENCE),
    (Indicator.HERDING, Macro.HERDING),
    (Indicator.VOLATILITY_MULTIPLIER, Macro.VOLATILITY_MULTIPLIER),
    (Indicator.GINI, Macro.GINI),
    (Indicator.WAGE, Macro.MEAN_WAGE),
    (Indicator.GDP, Macro.GDP),
    (Indicator.PRICE_LEVEL, Macro.CPI),
)
_MOOD = (
    (Indicator.SENTIMENT, Macro.SENTIMENT),
    (Indicator.FEAR, Macro.FEAR),
    (Indicator.GREED, Macro.GREED),
    (Indicator.HERDING, Macro.HERDING),
    (Indicator.VOLATILITY_MULTIPLIER, Macro.VOLATILITY_MULTIPLIER),
)


def publish_mood(state: WorldState, tick: int) -> None:
    """Report the mood of the world, a few times a game day."""
    for identity, slot in _MOOD:
        state.emission.indicator(tick, identity, -1, float(state.macro[slot]))


def publish_news(state: WorldState, tick: int) -> None:
    """Report this step's headlines; `value` is the size in log points of value."""
    for m in np.flatnonzero(state.news.item):
        size = float(state.news.item[m])
        state.emission.world_event(tick, WorldEvent.NEWS, int(m), size, 0)


def publish_day(state: WorldState, tick: int) -> None:
    """Report the figures of the day that just ended, of the world and of each market."""
    emission, macro = state.emission, state.macro
    index = 100.0 * float(macro[Macro.CPI]) / float(macro[Macro.CPI_BASE])
    emission.indicator(tick, Indicator.CPI, -1, index)
    for identity, slot in _WORLD:
        emission.indicator(tick, identity, -1, float(macro[slot]))
    treasury = state.ledger.cash[state.institution(Institution.TREASURY)]
    emission.indicator(tick, Indicator.TREASURY, -1, float(treasury))
    fund = state.ledger.cash[state.institution(Institution.FUND)]
    emission.indicator(tick, Indicator.EQUITY_FUND, -1, float(fund))
    for m in range(state.params.markets):
        for identity, value in _market_values(state, m):
            emission.indicator(tick, identity, m, value)


def _market_values(state: WorldState, m: int) -> list[tuple[Indicator, float]]:
    price, day, resource = state.price, state.day, state.resource
    daily = math.sqrt(float(state.flow.variance_400[m]) * STEPS_PER_DAY)
    values = [
        (Indicator.EQUILIBRIUM_PRICE, float(price.reference[m])),
        (Indicator.SUPPLY, float(price.supply[m])),
        (Indicator.DEMAND, float(price.demand[m])),
        (Indicator.VOLATILITY, daily),
        (Indicator.PRODUCTION, float(day.produced[m])),
        (Indicator.CONSUMPTION, float(day.consumed[m] + day.used[m])),
        (Indicator.VWAP, float(price.vwap[m])),
    ]
    if state.goods.kind[m % GOODS_COUNT] in (GoodKind.FINITE, GoodKind.RENEWABLE):
        reserve, base = float(resource.reserve[m]), float(resource.base[m])
        values.append((Indicator.RESERVES, reserve / base))
        values.append((Indicator.SCARCITY, float(scarcity_level(reserve, base))))
    return values


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
