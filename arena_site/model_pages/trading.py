"""Pictures about trading: whose orders a book is made of, spreads, news, the shape of returns."""

from __future__ import annotations

from math import erfc, sqrt
from typing import Any

import numpy as np

from arena_site.model_pages.canvas import (
    BASIS_POINTS,
    DAY_LABEL,
    GREY,
    PERCENT,
    hourly,
    market,
    of_bars,
    of_samples,
    page,
)
from arena_site.model_pages.living import Story
from arena_site.model_pages.watching import LADDER_BINS, LADDER_SHARE, OWNERS
from arena_site.validation import statistics
from arena_site.validation.plots import COLOURS, LAGS
from arena_site.validation.recording import Floats
from economy_engine.events import WorldEvent

MATERIAL, BOOK = "OIL.N", "FOOD.N"
OWNER_COLOURS = (COLOURS[0], COLOURS[2], COLOURS[1], COLOURS[4], COLOURS[3], GREY)
BEFORE_DAYS, AFTER_DAYS = 1, 5  # around a headline
RETURN_TICKS = 60


def desks_and_makers(story: Story) -> Any:
    """Depth by owner over time, and the spread beside the makers' rule."""
    drawn, (depth, spread) = page(story, f"Desks and makers: {MATERIAL}")
    m = market(story, MATERIAL)
    owners = of_samples(story, story.watch.owners[:, :, m])
    days = np.arange(1, len(owners) + 1)
    there = np.flatnonzero(owners.any(axis=0))
    labels = [OWNERS[owner] for owner in there]
    colours = [OWNER_COLOURS[owner] for owner in there]
    depth.stackplot(days, owners.T[there], labels=labels, colors=colours, alpha=0.8)
    depth.set(title="Orders within 2 % of the mid", ylabel="lots", xlabel=DAY_LABEL)
    depth.set_ylim(0, 1.35 * owners.sum(axis=1).max())
    depth.legend(ncol=3, loc="upper left")
    quoted = _daily_median(story, story.record.spread[:, m])
    spread.plot(days, BASIS_POINTS * quoted, color=COLOURS[0], label="best ask less best bid")
    rule = of_samples(story, story.watch.makers_spread[:, m : m + 1])[:, 0]
    spread.plot(days, BASIS_POINTS * rule, color=COLOURS[1], label="a maker's own spread")
    spread.set(title="Spread", ylabel="basis points of the price", xlabel=DAY_LABEL, ylim=(0, None))
    spread.legend()
    return drawn


def _daily_median(story: Story, by_bar: Any) -> Floats:
    """Return the median by drawn game day; NaN for a day without a value."""
    record = story.record
    _, values = of_bars(story, by_bar)
    days = values.reshape(-1, record.ticks_per_day // record.bar_ticks)
    return np.array([np.median(d[~np.isnan(d)]) if (~np.isnan(d)).any() else np.nan for d in days])


def venue(story: Story) -> Any:
    """One book around its mid by owner, and the spread of every market."""
    drawn, (book, spreads) = page(story, "The venue")
    m = market(story, BOOK)
    step = 2.0 * LADDER_SHARE * PERCENT / LADDER_BINS
    middle = -LADDER_SHARE * PERCENT + step * (np.arange(LADDER_BINS) + 0.5)
    below = np.zeros(LADDER_BINS)
    for owner, colour in zip(range(len(OWNERS)), OWNER_COLOURS, strict=True):
        lots = story.watch.ladder[owner, :, m]
        if lots.any():
            look = {"color": colour, "label": OWNERS[owner], "width": 0.9 * step}
            book.bar(middle, lots, bottom=below, **look)
        below = below + lots
    book.axvline(0.0, color="#222", lw=0.8)
    book.set(title=f"The book of {BOOK} at the end: bids left, asks right", ylabel="lots")
    book.set(xlabel="distance from the mid, %", ylim=(0, 1.3 * below.max()))
    book.legend(ncol=3, loc="upper left")
    names = story.record.markets
    _, spread = of_bars(story, story.record.spread)
    for place, name in enumerate(names):
        known = BASIS_POINTS * spread[~np.isnan(spread[:, place]), place]
        low, median, high = np.quantile(known, [0.1, 0.5, 0.9])
        row = len(names) - 1 - place
        spreads.plot([low, high], [row, row], color=GREY, lw=1.4)
        spreads.plot([median], [row], "o", ms=4, color=COLOURS[0])
        spreads.text(high, row, f"  {name}", va="center", fontsize=6.5)
    spreads.set(title="Spread: median, and 10th to 90th percentile", yticks=[])
    spreads.set(xlabel="basis points of the price")
    spreads.set_xlim(0, 1.15 * spreads.get_xlim()[1])
    return drawn


def news(story: Story) -> Any:
    """The news of one market over time, and a price around the largest headline."""
    drawn, (level, around) = page(story, "News")
    m = market(story, MATERIAL)
    days, values = hourly(story, PERCENT * story.watch.news)
    level.plot(days, values[:, m], color=COLOURS[0], lw=0.9, label=f"news of {MATERIAL}")
    headlines = _headlines(story)
    own = headlines[headlines["market"] == m]
    at = own["tick"] / story.record.ticks_per_day - story.plan.hidden_days
    bar = np.clip((at * len(days) / days[-1]).astype(int), 0, len(days) - 1)
    level.plot(at, values[bar, m], "o", ms=4, color=COLOURS[1], label="headline")
    level.axhline(0, color=GREY, lw=0.8)
    level.set(title="Level of public news", ylabel="% of value", xlabel=DAY_LABEL)
    level.legend()
    _around_headline(story, around, headlines)
    return drawn


def _headlines(story: Story) -> Any:
    """Return the headlines whose days around them are drawn."""
    told, per_day = story.watch.events, story.record.ticks_per_day
    first = (story.plan.hidden_days + BEFORE_DAYS) * per_day
    return told[(told["kind"] == WorldEvent.NEWS) & (told["tick"] > first)]


def _around_headline(story: Story, panel: Any, headlines: Any) -> None:
    record, watch = story.record, story.watch
    last = (record.days - AFTER_DAYS) * record.ticks_per_day
    whole = headlines[headlines["tick"] <= last]
    if not len(whole):
        panel.set(title="No headline with five days after it")
        return
    chosen = whole[np.argmax(np.abs(whole["value"]))]
    m, per_day = int(chosen["market"]), record.ticks_per_day // record.bar_ticks
    bar = (int(chosen["tick"]) - 1) // record.bar_ticks  # ends with or after the headline
    first, end = bar - BEFORE_DAYS * per_day, bar + AFTER_DAYS * per_day
    days = (np.arange(first, end) - bar + 1) / per_day
    price = np.log(record.mid[first:end, m] / record.mid[bar - 1, m])
    panel.plot(days, PERCENT * price, color=COLOURS[0], label=f"price of {record.markets[m]}")
    level = watch.news[first:end, m] - watch.news[bar - 1, m]
    panel.plot(days, PERCENT * level, color=COLOURS[1], label="level of its news")
    panel.axvline(0, color=GREY, lw=0.8, ls=":")
    day = chosen["tick"] / record.ticks_per_day - story.plan.hidden_days
    size = PERCENT * float(chosen["value"])
    panel.set(title=f"The largest headline: {size:+.1f} % on day {day:.1f}", ylabel="log change, %")
    panel.set(xlabel="game days after the headline")
    panel.legend()


def facts(story: Story) -> Any:
    """Tails of returns beside a normal distribution, and the memory of returns and sizes."""
    drawn, (tails, memory) = page(story, "Facts: returns over 60 ticks")
    every = RETURN_TICKS // story.record.bar_ticks
    _, mids = of_bars(story, story.record.mid)
    parts = [statistics.log_returns(column, every) for column in mids.T]
    for number, part in enumerate(parts):
        size = np.sort(np.abs(part - part.mean()) / max(part.std(), 1e-12))
        share = 1.0 - np.arange(len(size)) / len(size)
        label = "each market" if number == 0 else None
        tails.loglog(size, share, color=COLOURS[0], lw=0.6, alpha=0.6, label=label)
    normal = np.linspace(0.3, 5, 100)
    tails.loglog(normal, [erfc(x / sqrt(2)) for x in normal], color="#222", ls=":", label="normal")
    tails.set(title="Share of returns beyond a size", xlabel="size in standard deviations")
    tails.set(xlim=(0.3, 20), ylim=(1e-3, 1.1), ylabel="share of returns")
    tails.legend()
    lags = LAGS[len(parts[0]) // 4 > LAGS]
    for label, colour, change in (("returns", 0, np.array), ("their sizes", 1, np.abs)):
        found = [[statistics.autocorrelation(change(p), int(lag)) for lag in lags] for p in parts]
        low, middle, high = np.quantile(np.array(found), [0.25, 0.5, 0.75], axis=0)
        memory.plot(lags, middle, "o-", ms=3, color=COLOURS[colour], label=label)
        memory.fill_between(lags, low, high, color=COLOURS[colour], alpha=0.15)
    memory.axhline(0, color="#666", lw=0.8)
    memory.set(title="Memory: median and middle half of markets", xscale="log")
    memory.set(xlabel="lag in 60 ticks, a quarter of a game day", ylabel="autocorrelation")
    memory.legend()
    return drawn
