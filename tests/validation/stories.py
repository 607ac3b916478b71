"""A story with made-up series, so that pictures are drawn without living through a world."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np

from arena_site.model_pages.living import Plan, Story
from arena_site.model_pages.watching import (
    CREDIT,
    FIGURES,
    LADDER_BINS,
    MOODS,
    OWNERS,
    Watch,
)
from arena_site.validation.recording import BAR_TICKS, BOOK_EVERY_TICKS, Recording
from economy_engine.events import ATTRIBUTION_PARTS, WORLD_EVENT_DTYPE, WorldEvent
from economy_engine.goods import GOODS, market_codes
from economy_engine.params import cents
from tests.validation.recordings import TICKS_PER_DAY, recording

REGIONS = 2
HEADLINE_DAY, HEADLINE_SIZE = 6, -0.05


def two_regions(days: int, seed: int) -> Recording:
    """A recording of two regions whose prices walk at random around base prices."""
    one = recording(days, seed)
    doubled = {
        each.name: np.concatenate([value, value], axis=-1)
        for each in fields(one)
        if isinstance(value := getattr(one, each.name), np.ndarray) and each.name != "macro"
    }
    draw = np.random.default_rng(seed)
    base = np.array([cents(good.price_cents) for good in GOODS] * REGIONS, np.float64)
    walk = np.cumsum(draw.normal(0.0, 0.002, doubled["mid"].shape), axis=0)
    doubled["mid"] = base * np.exp(walk)
    daily = doubled["mid"][TICKS_PER_DAY // BAR_TICKS - 1 :: TICKS_PER_DAY // BAR_TICKS]
    doubled["published"][:, 0] = doubled["published"][:, 3] = daily
    return replace(one, regions=REGIONS, markets=market_codes(REGIONS), **doubled)


def story(days: int = 24, seed: int = 1) -> Story:
    """A world in which everything a picture shows has some value, and one headline is told."""
    plan = Plan(seed, 1_000, days, REGIONS)
    record = two_regions(days, seed)
    draw, markets = np.random.default_rng(seed + 1), len(record.markets)
    bars, samples = days * TICKS_PER_DAY // BAR_TICKS, days * TICKS_PER_DAY // BOOK_EVERY_TICKS
    day = plan.hidden_days + HEADLINE_DAY
    told = (day * TICKS_PER_DAY + 5, WorldEvent.NEWS, 0, HEADLINE_SIZE, 0)
    watch = Watch(
        news=draw.normal(0.0, 0.01, (bars, markets)),
        mood=draw.uniform(0.3, 0.6, (bars, len(MOODS))) + np.array([0, 0, 0, 0, 1.0]),
        owners=draw.integers(1, 100, (samples, len(OWNERS), markets)),
        makers_spread=np.full((samples, markets), 0.003),
        figures=np.full((days, len(FIGURES), markets), 2.0),
        credit=np.cumsum(np.ones((days, len(CREDIT))), axis=0),
        firm_stock=np.full((days, markets), 15.0),
        firm_sales=np.full((days, markets), 10.0),
        consumed=draw.uniform(400.0, 2_000.0, (days, markets)),
        parts=draw.normal(0.0, 0.01, (days, len(ATTRIBUTION_PARTS), markets)),
        inbound=np.zeros((days, markets), np.int64),
        events=np.array([told], WORLD_EVENT_DTYPE),
        ladder=draw.integers(0, 50, (len(OWNERS), LADDER_BINS, markets)),
        volume=np.full(markets, 1_000.0),
        households=400,
    )
    return Story(plan, record, watch, two_regions(plan.branch_days, seed + 2))
