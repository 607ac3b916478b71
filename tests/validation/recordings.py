"""Recordings with known answers, made without a world."""

from __future__ import annotations

import numpy as np

from arena_site.validation.recording import PUBLISHED, Recording
from economy_engine.goods import market_codes
from economy_engine.systems.columns import Macro

TICKS_PER_DAY, BAR_TICKS, MARKETS = 240, 10, 10
MACROS = 48


def recording(days: int = 360, seed: int = 1) -> Recording:
    """A world in which nothing moves and nothing is wrong."""
    bars, samples = days * TICKS_PER_DAY // BAR_TICKS, days * TICKS_PER_DAY // 60
    macro = np.zeros((days, MACROS))
    macro[:, [Macro.CPI, Macro.CORE, Macro.MONEY, Macro.GDP, Macro.REAL_GDP]] = 1.0
    macro[:, Macro.MEAN_WAGE] = 1.0
    return Recording(
        seed=seed, agents=1_000, regions=1, ticks=days * TICKS_PER_DAY,
        ticks_per_day=TICKS_PER_DAY, bar_ticks=BAR_TICKS, markets=market_codes(1),
        mid=np.full((bars, MARKETS), 1_000.0), volume=np.ones((bars, MARKETS)),
        flow=np.zeros((bars, MARKETS)), spread=np.full((bars, MARKETS), 2e-3, np.float32),
        macro=macro, published=np.full((days, len(PUBLISHED), MARKETS), 0.5),
        stock=np.ones((days, MARKETS), np.int64),
        one_sided=np.zeros((days + 1, MARKETS), np.int32),
        makers=np.full((samples, MARKETS), 0.5, np.float32),
        levels=np.full((samples, MARKETS), 12, np.int16), checked=days * TICKS_PER_DAY,
    )  # fmt: skip
