"""Pictures that hold one price against another, or against what moved it."""

from __future__ import annotations

from typing import Any

import numpy as np

from arena_site.model_pages.canvas import (
    DAY_LABEL,
    GREY,
    PERCENT,
    hourly,
    in_credits,
    market,
    opened,
    page,
)
from arena_site.model_pages.living import Story
from arena_site.validation.plots import COLOURS
from arena_site.validation.recording import Floats
from economy_engine.goods import GOODS, INDEX
from economy_engine.params import WorldParams
from economy_engine.systems.behavior.arbitrage import expected_sale, shipping_cost

GOOD = "OIL"
WEEK_DAYS = 7
REFERENCE_PARTS = ("reference_past", "reference_balance")
MID_PARTS = ("value_balance", "value_wages", "value_inputs", "value_scarcity", "value_news")


def indicators(story: Story) -> Any:
    """Why a reference price and a mid moved, week by week, part by part."""
    code = f"{GOOD}.N"
    drawn, (reference, mid) = page(story, f"Indicators: why {code} moved")
    m = market(story, code)
    named = {name: story.watch.attributed(name)[:, m] for name in (*REFERENCE_PARTS, *MID_PARTS)}
    past, balance = (named[name] for name in REFERENCE_PARTS)
    parts = {"past trading": past, "demand and supply": balance}
    _stack(story, reference, parts)
    reference.set(title="Reference price", ylabel="log change of a week, %")
    moved = {name.removeprefix("value_"): named[name] for name in MID_PARTS}
    whole = story.watch.attributed("mid")[:, m]
    moved["order flow"] = whole - sum(moved.values())
    _stack(story, mid, moved)
    mid.set(title="Middle of the book")
    return drawn


def _stack(story: Story, panel: Any, parts: dict[str, Any]) -> None:
    """Draw weekly sums, gains above zero and losses below, and their total."""
    weeks = len(opened(story, next(iter(parts.values())))) // WEEK_DAYS
    weeks_shown = max(1, weeks)
    above, below = np.zeros(weeks_shown), np.zeros(weeks_shown)
    at = WEEK_DAYS * (np.arange(weeks_shown) + 0.5)
    for number, (name, by_day) in enumerate(parts.items()):
        days = opened(story, by_day)[: WEEK_DAYS * weeks_shown]
        sums = PERCENT * np.array([part.sum() for part in np.array_split(days, weeks_shown)])
        base = np.where(sums >= 0, above, below)
        panel.bar(at, sums, WEEK_DAYS * 0.8, base, color=COLOURS[number], label=name)
        above, below = above + np.maximum(sums, 0.0), below + np.minimum(sums, 0.0)
    panel.plot(at, above + below, "o-", color="#222", ms=3, lw=0.8, label="all of it")
    panel.axhline(0, color=GREY, lw=0.8)
    panel.set_xlabel(DAY_LABEL)
    low, high = panel.get_ylim()
    panel.set_ylim(low, high + 0.35 * (high - low))
    panel.legend(ncol=3, loc="upper left")


def regions(story: Story) -> Any:
    """One good in two regions, and the gap beside what transport costs."""
    drawn, (prices, gap) = page(story, "Regions: one good in the north and in the south")
    north, south = market(story, f"{GOOD}.N"), market(story, f"{GOOD}.S")
    days, mids = hourly(story, in_credits(story.record.mid))
    for m, colour in ((north, 0), (south, 1)):
        name = story.record.markets[m]
        prices.plot(days, mids[:, m], color=COLOURS[colour], lw=0.9, label=name)
    prices.set(title="Price", ylabel="credits", xlabel=DAY_LABEL)
    prices.legend()
    low, high = transport_band(story)
    label = "in between moving it does not pay"
    at = np.arange(1, len(low) + 1)
    gap.fill_between(at, low, high, color=COLOURS[2], alpha=0.2, label=label)
    gap.plot(days, mids[:, south] / mids[:, north], color=COLOURS[3], lw=0.9, label="south / north")
    gap.set(title=f"{GOOD}.S over {GOOD}.N", ylabel="ratio of prices", xlabel=DAY_LABEL)
    low, high = gap.get_ylim()
    gap.set_ylim(low, high + 0.2 * (high - low))
    gap.legend(ncol=2, loc="upper left")
    return drawn


def transport_band(story: Story) -> tuple[Floats, Floats]:
    """Return, by drawn day, the least and the largest ratio of south to north without a gain.

    An arbitrageur's own reckoning: cost on arrival with its margin, and the sale after the fee and
    after the lots that are on their way already.
    """
    per_day = story.record.ticks_per_day // story.record.bar_ticks
    mids = opened(story, story.record.mid[per_day - 1 :: per_day])
    inbound = opened(story, story.watch.inbound)
    north, south = market(story, f"{GOOD}.N"), market(story, f"{GOOD}.S")
    to_south = [_least_ratio(story, mids[d], inbound[d], north, south) for d in range(len(mids))]
    to_north = [_least_ratio(story, mids[d], inbound[d], south, north) for d in range(len(mids))]
    return 1.0 / np.array(to_north), np.array(to_south)


def _least_ratio(story: Story, mids: Any, inbound: Any, source: int, target: int) -> float:
    """Return the ratio of prices, target over source, from which on a trade is started."""
    trade = WorldParams(story.plan.agents, story.plan.seed).trade
    good = GOODS[INDEX[GOOD]]
    energy = float(mids[source - INDEX[GOOD] + INDEX["ENRG"]])
    tariff = getattr(trade, f"tariff_{good.kind.name.lower()}_bps")
    here = float(mids[source])
    cost = shipping_cost(
        here, float(trade.toll_bps), float(tariff), float(good.freight), energy,
        float(trade.carrier_margin_bps),
    )  # fmt: skip
    volume = float(story.watch.volume[target])
    brought = expected_sale(1.0, float(inbound[target]), volume, trade.impact)
    return float(cost * (1.0 + trade.margin) / brought / here)
