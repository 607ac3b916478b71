"""Pictures about money and moods: the bank, the central bank, psychology."""

from __future__ import annotations

from typing import Any

import numpy as np

from arena_site.model_pages.canvas import (
    DAY_LABEL,
    GREY,
    PERCENT,
    daily,
    hourly,
    in_credits,
    opened,
    page,
)
from arena_site.model_pages.living import Story
from arena_site.model_pages.watching import MOODS
from arena_site.validation.plots import COLOURS
from economy_engine.params import WorldParams
from economy_engine.systems.columns import Macro

THOUSAND = 1e3


def credit(story: Story) -> Any:
    """Loans, bad claims and failures over time."""
    drawn, (claims, firms) = page(story, "Credit")
    watch = story.watch
    for name, label, colour in (("loans", "loans", 0), ("bad", "bad claims", 1)):
        value = in_credits(watch.bank(name)) / THOUSAND
        daily(story, claims, value, color=COLOURS[colour], label=label)
    claims.set(title="What the bank claims", ylabel="thousand credits", ylim=(0, None))
    claims.legend()
    failed = np.diff(watch.bank("failures"), prepend=0.0)
    daily(story, firms, watch.bank("borrowers"), color=COLOURS[0], label="owe the bank")
    days = np.arange(1, len(opened(story, failed)) + 1)
    firms.bar(days, opened(story, failed), color=COLOURS[1], label="failed on the day")
    firms.set(title="Producers", ylabel="number", ylim=(0, None))
    firms.legend()
    return drawn


def monetary(story: Story) -> Any:
    """The policy rate beside what it answers, and both sides of M V = P Y."""
    drawn, (rate, money) = page(story, "Money")
    record, policy = story.record, WorldParams(story.plan.agents, story.plan.seed).monetary
    for slot, label, colour in (
        (Macro.POLICY_RATE, "policy rate", 0),
        (Macro.POLICY_INFLATION, "core inflation", 1),
    ):
        daily(story, rate, PERCENT * record.daily(slot), color=COLOURS[colour], label=label)
    gap = PERCENT * record.daily(Macro.GAP)
    daily(story, rate, gap, color=COLOURS[4], lw=0.8, label="output gap, % of output")
    target = PERCENT * policy.inflation_target
    rate.axhline(target, color=GREY, ls=":", label=f"target, {target:g} %")
    rate.set(title="What the bank sees and does", ylabel="% per year")
    rate.legend(ncol=2)
    for slot, label, colour in (
        (Macro.MONEY, "money", 2),
        (Macro.GDP, "nominal output", 3),
        (Macro.CPI, "consumer prices", 1),
    ):
        series = record.daily(slot)
        base = opened(story, series)[0]
        daily(story, money, PERCENT * series / base, color=COLOURS[colour], label=label)
    money.set(title="Money, output and prices", ylabel="first day = 100")
    money.legend()
    return drawn


def psychology(story: Story) -> Any:
    """Moods, and what each of them adds to the volatility multiplier."""
    drawn, (moods, multiplier) = page(story, "Psychology")
    days, mood = hourly(story, story.watch.mood)
    column = {slot: mood[:, place] for place, slot in enumerate(MOODS)}
    for number, slot in enumerate((Macro.SENTIMENT, Macro.FEAR, Macro.GREED)):
        moods.plot(days, column[slot], color=COLOURS[number], lw=0.8, label=slot.name.lower())
    moods.set(title="Means over all agents", ylabel="0 to 1", ylim=(0, 1), xlabel=DAY_LABEL)
    moods.legend(ncol=3)
    config = WorldParams(story.plan.agents, story.plan.seed).config
    parts = {
        "fear": config.fear_weight * column[Macro.FEAR],
        "greed": config.greed_weight * column[Macro.GREED],
        "herding": 0.5 * column[Macro.HERDING],
        "extremity of sentiment": 0.4 * 2.0 * np.abs(column[Macro.SENTIMENT] - 0.5),
    }
    colours = [COLOURS[1], COLOURS[2], COLOURS[4], COLOURS[0]]
    stacked = multiplier.stackplot(
        days, *parts.values(), baseline="zero", colors=colours, labels=list(parts), alpha=0.75
    )
    assert len(stacked) == len(parts)
    total = column[Macro.VOLATILITY_MULTIPLIER] - 1.0
    multiplier.plot(days, total, color="#222", lw=0.6, label="multiplier - 1")
    multiplier.set(title="Volatility multiplier less 1", ylabel="added to 1", xlabel=DAY_LABEL)
    multiplier.legend(ncol=2, loc="upper right")
    multiplier.set_ylim(0, 1.5 * total.max())
    return drawn
