"""What every picture of a page shares: its size, its axes in game days, its units."""

from __future__ import annotations

from typing import Any

import numpy as np

from arena_site.model_pages.living import Story
from arena_site.validation.plots import MINOR_PER_CREDIT, figure
from arena_site.validation.recording import BOOK_EVERY_TICKS, Floats

SIZE_INCHES = (9.1, 3.82)  # about 1,000 x 420 pixels
GREY = "#8a94a0"
DAY_LABEL = "game day since the world opened"
HOUR_TICKS = 60  # a quarter of a game day
BASIS_POINTS, PERCENT = 1e4, 100.0


def page(story: Story, title: str, columns: int = 2) -> tuple[Any, Any]:
    """Return a figure of a page and its panels, side by side."""
    plan = story.plan
    world = f"{plan.agents:,} agents, {plan.regions} regions, seed {plan.seed}"
    drawn, panels = figure(1, columns, f"{title} ({world})", SIZE_INCHES)
    return drawn, panels[0]


def market(story: Story, code: str) -> int:
    """Return the number of a market by its code, such as `OIL.N`."""
    return story.record.markets.index(code)


def goods_of_first_region(story: Story) -> tuple[str, ...]:
    """Return the codes of the first region's markets."""
    return story.record.markets[: len(story.record.markets) // story.plan.regions]


def opened(story: Story, by_day: Any) -> Any:
    """Return the days that are drawn of a series by game day."""
    return by_day[story.plan.hidden_days :]


def daily(story: Story, panel: Any, by_day: Any, **look: Any) -> None:
    """Draw a series by game day over the days since the world opened."""
    values = opened(story, by_day)
    panel.plot(np.arange(1, len(values) + 1), values, **look)
    panel.set_xlabel(DAY_LABEL)


def of_bars(story: Story, by_bar: Any) -> tuple[Floats, Any]:
    """Return days since the world opened and the drawn values of a series by bar."""
    record = story.record
    per_day = record.ticks_per_day // record.bar_ticks
    values = by_bar[story.plan.hidden_days * per_day :]
    return np.arange(1, len(values) + 1) / per_day, values


def hourly(story: Story, by_bar: Any) -> tuple[Floats, Any]:
    """Return the same as `of_bars`, but means of 60 ticks: a calmer line."""
    days, values = of_bars(story, by_bar)
    every = HOUR_TICKS // story.record.bar_ticks
    count = len(values) // every
    shape = (count, every, *values.shape[1:])
    return days[every - 1 :: every][:count], values[: count * every].reshape(shape).mean(axis=1)


def of_samples(story: Story, by_sample: Any) -> Any:
    """Return the means by drawn game day of a series that is sampled several times a day."""
    per_day = story.record.ticks_per_day // BOOK_EVERY_TICKS
    days = len(by_sample) // per_day
    return opened(story, by_sample[: days * per_day].reshape(days, per_day, -1).mean(axis=1))


def weekly(values: Any) -> Floats:
    """Return trailing means of up to seven days of a series by day."""
    return np.array([np.mean(values[max(0, at - 6) : at + 1], axis=0) for at in range(len(values))])


def in_credits(minor: Any) -> Floats:
    """Return money in credits."""
    return np.asarray(minor) / MINOR_PER_CREDIT
