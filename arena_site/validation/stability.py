"""Stability over years: what must hold on every day of a long run, each with its own bound.

Judged per seed, and passed only when all seeds pass. Source: the design's study of the economy,
section 6.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from arena_site.validation import measures, statistics
from arena_site.validation.battery import INFINITE, Fact, Finding, judge
from arena_site.validation.measures import WARM_UP_DAYS, YEAR_DAYS
from arena_site.validation.recording import Recording
from arena_site.validation.statistics import NAN
from economy_engine.events import Indicator
from economy_engine.systems.columns import Macro

ONE_SIDED_SHARE = 0.10  # of a day
GINI_SETTLED_DAYS = 2 * YEAR_DAYS


def one_sided_days(record: Recording) -> float:
    """Return the longest run of days on which one market lacked a side for over a tenth of it."""
    share = record.one_sided[WARM_UP_DAYS : record.days] / record.ticks_per_day
    if not len(share):
        return NAN
    return float(max(statistics.longest_run(each > ONE_SIDED_SHARE) for each in share.T))


def _price_path(record: Recording) -> statistics.Series:
    """Return prices over money by day, 1 after the warm-up."""
    index, money = measures.days(record, Macro.CPI), measures.days(record, Macro.MONEY)
    path: statistics.Series = (index / index[0]) / (money / money[0]) if len(index) else index
    return path


def lowest_price_path(record: Recording) -> float:
    """Return the least CPI over the path that money alone implies."""
    path = _price_path(record)
    return float(path.min()) if len(path) else NAN


def highest_price_path(record: Recording) -> float:
    """Return the greatest CPI over the path that money alone implies."""
    path = _price_path(record)
    return float(path.max()) if len(path) else NAN


def lowest_reserve(record: Recording) -> float:
    """Return the least share of its base that any resource had left at a day's end."""
    reserves = record.daily_market(Indicator.RESERVES)
    known = reserves[:, ~np.isnan(reserves).all(axis=0)]
    return float(known.min()) if known.size else NAN


def values_lost(record: Recording) -> float:
    """Return how many daily figures or prices are no finite positive number: overflow shows so."""
    if not record.days:
        return NAN
    macro = int((~np.isfinite(record.macro)).sum())
    return float(macro + (~(np.isfinite(record.mid) & (record.mid > 0))).sum())


def gini_rise(record: Recording) -> float:
    """Return how fast the Gini rises after the second year, per year."""
    wealth = record.daily(Macro.GINI)[GINI_SETTLED_DAYS:]
    if len(wealth) < YEAR_DAYS // 2:
        return NAN
    return statistics.slope(np.arange(len(wealth)) / YEAR_DAYS, wealth)


CRITERIA: tuple[Fact, ...] = (
    Fact("conservation", "ticks with money or goods wrong", 0, 0, "exact", measures.faults,
         per_market=False, worst=np.max),
    Fact("orders_dropped", "orders dropped for a full pool", 0, 0, "exact", measures.dropped,
         per_market=False, worst=np.max),
    Fact("values_lost", "figures that are no number", 0, 0, "exact", values_lost,
         per_market=False, worst=np.max),
    Fact("one_sided_days", "days in a row over 10 % one-sided", 0, 4, "rare", one_sided_days,
         per_market=False, worst=np.max),
    Fact("price_path_low", "least CPI over money's path", 0.5, INFINITE, "MV = PY: Fisher 1911",
         lowest_price_path, per_market=False, worst=np.min),
    Fact("price_path_high", "greatest CPI over money's path", 0, 4, "MV = PY: Fisher 1911",
         highest_price_path, per_market=False, worst=np.max),
    Fact("lowest_reserve", "least reserve, % of its base", 1e-6, INFINITE, "above 0",
         lowest_reserve, per_market=False, worst=np.min, unit=100),
    Fact("days_without_trade", "days without a trade", 0, 0, "none",
         measures.days_without_trade, worst=np.max),
    Fact("gini_rise", "rise of the Gini a year, after 2 years", -INFINITE, 0.02,
         "bounded by taxes: Boghosian 2017", gini_rise, per_market=False),
)  # fmt: skip


def judge_years(records: Sequence[Recording]) -> list[Finding]:
    """Return a finding per criterion over the recordings of one or more seeds."""
    return judge(records, CRITERIA)
