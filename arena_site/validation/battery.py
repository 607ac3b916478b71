"""The battery: facts with their bands, and the verdict over markets and seeds.

A fact of the markets passes when its median over the markets is inside its band and at most 3 of 10
markets are outside alone; a market's value is its median over the seeds. A fact of the world passes
on its median over the seeds. Facts that must never break are judged by their worst seed and market.
A fact without a value fails; a market or a seed without one counts as outside, and when more than
3 of 10 have none, the fact has none.

Bands: the design's second study of the economy (parameter set P3), and for the rest its first.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from arena_site.validation import measures, statistics
from arena_site.validation.measures import autocorrelation, of_returns, of_sizes
from arena_site.validation.recording import Floats, Recording

OUTSIDE_PER_TEN = 3
INFINITE = math.inf


@dataclass(frozen=True)
class Fact:
    """One fact: its band, what the literature knows, and how it is measured.

    worst: judge by the worst value of all seeds and markets, `max` or `min`; None = medians.
    """

    name: str
    text: str
    low: float
    high: float
    literature: str
    measure: Callable[[Recording], Any]
    per_market: bool = True
    worst: Callable[..., Any] | None = None
    unit: float = 1.0  # shown value = value * unit


@dataclass(frozen=True)
class Finding:
    """What was found of a fact. markets: value per market; seeds: value per seed."""

    fact: Fact
    value: float
    passed: bool
    outside: int
    outside_max: int
    markets: tuple[float, ...]
    seeds: tuple[float, ...]


_CONT = "Cont 2001"
_HILL = "about 3: Gopikrishnan 1998"
_ALWAYS = "exact"

FACTS: tuple[Fact, ...] = (
    Fact("conservation", "ticks with money or goods wrong", 0, 0, _ALWAYS, measures.faults,
         per_market=False, worst=np.max),
    Fact("orders_dropped", "orders dropped for a full pool", 0, 0, _ALWAYS, measures.dropped,
         per_market=False, worst=np.max),
    Fact("kurtosis_10", "excess kurtosis, 10 ticks", 1, INFINITE, f"far above 0: {_CONT}",
         of_returns(10, statistics.excess_kurtosis)),
    Fact("kurtosis_60", "excess kurtosis, 60 ticks", 2, INFINITE, f"far above 0: {_CONT}",
         of_returns(60, statistics.excess_kurtosis)),
    Fact("kurtosis_240", "excess kurtosis, 240 ticks", 1, INFINITE, f"above 0: {_CONT}",
         of_returns(240, statistics.excess_kurtosis)),
    Fact("hill_60", "Hill tail index, 60 ticks", 2, 5, _HILL,
         of_returns(60, statistics.hill_index)),
    Fact("ac1_10", "autocorrelation 1, 10 ticks", -0.25, 0.1, f"slightly negative: {_CONT}",
         of_returns(10, autocorrelation(1))),
    Fact("ac1_60", "autocorrelation 1, 60 ticks", -0.15, 0.15, f"0: {_CONT}",
         of_returns(60, autocorrelation(1))),
    Fact("ac2_60", "autocorrelation 2, 60 ticks", -0.15, 0.15, f"0: {_CONT}",
         of_returns(60, autocorrelation(2))),
    Fact("ac_day_60", "autocorrelation 4 (a game day), 60 ticks", -0.15, 0.15, f"0: {_CONT}",
         of_returns(60, autocorrelation(4))),
    Fact("ac1_240", "autocorrelation 1, 240 ticks", -0.15, 0.15, f"0: {_CONT}",
         of_returns(240, autocorrelation(1))),
    Fact("ac_size_1", "autocorrelation of |r|, lag 1", 0.15, INFINITE, f".2 to .4: {_CONT}",
         of_sizes(60, autocorrelation(1))),
    Fact("ac_size_8", "autocorrelation of |r|, lag 8", 0.05, INFINITE, f"positive: {_CONT}",
         of_sizes(60, autocorrelation(8))),
    Fact("ac_size_32", "autocorrelation of |r|, lag 32", 0.02, INFINITE, f"slow decay: {_CONT}",
         of_sizes(60, autocorrelation(32))),
    Fact("ac_size_decay", "exponent of that decay", 0.1, 0.7, f".2 to .4: {_CONT}",
         of_sizes(60, statistics.decay_exponent)),
    Fact("variance_ratio", "variance ratio VR(8), 60 ticks", 0.6, 1.5, "1: Lo, MacKinlay 1988",
         measures.variance_ratio(60)),
    Fact("volume_size_10", "corr(volume, |r|), 10 ticks", 0.2, INFINITE, "positive: Karpoff 1987",
         measures.volume_and_size(10)),
    Fact("volume_size_60", "corr(volume, |r|), 60 ticks", 0.1, INFINITE, "positive: Karpoff 1987",
         measures.volume_and_size(60)),
    Fact("flow_return_10", "corr(flow, r), 10 ticks", 0.3, INFINITE, "positive: Kyle 1985",
         measures.flow_and_return(10)),
    Fact("flow_return_60", "corr(flow, r), 60 ticks", 0.3, INFINITE, "positive: Kyle 1985",
         measures.flow_and_return(60)),
    Fact("kyle_lambda", "move by a mean bar of flow, bp", 0, INFINITE, "positive: Kyle 1985",
         measures.kyle_lambda(10), unit=1e4),
    Fact("spread", "median spread, bp", 5, 60, "small", measures.median_spread),
    Fact("one_sided", "one-sided book, % of ticks", 0, 0.02, "rare", measures.one_sided,
         worst=np.max, unit=100),
    Fact("days_without_trade", "days without a trade", 0, 0, "none",
         measures.days_without_trade, worst=np.max),
    Fact("maker_share", "makers' share of bids near mid, %", 0, 0.7, "others quote, too",
         measures.maker_share, unit=100),
    Fact("bid_levels", "levels that hold bids", 8, INFINITE, "many", measures.bid_levels),
    Fact("carbon_range", "carbon, yearly max / min", 1, 2.5, "bounded by quota",
         measures.carbon_range, worst=np.max),
    Fact("price_overshoot", "CPI overshoot in 20 days, %", -INFINITE, 0.03, "none",
         measures.price_overshoot, per_market=False, unit=100),
    Fact("price_drift", "CPI drift, % a year", -0.01, 0.05, "near the target of 2",
         measures.price_drift, per_market=False, unit=100),
    Fact("unemployment", "unemployment, mean, %", 0.03, 0.09, "6: the natural rate",
         measures.unemployment, per_market=False, unit=100),
    Fact("rate_inflation", "corr(rate, 90-day core inflation)", 0.3, INFINITE,
         "positive: Taylor 1993", measures.rate_and_inflation, per_market=False, worst=np.min),
    Fact("wage_phillips", "corr(wage growth, unemployment)", -INFINITE, -0.3,
         "negative: Phillips 1958", measures.wage_phillips, per_market=False),
    Fact("price_phillips", "corr(inflation, unemployment)", -INFINITE, 0.1, "weakly negative",
         measures.price_phillips, per_market=False),
    Fact("okun", "corr(output growth, change of u)", -INFINITE, -0.3, "negative: Okun 1962",
         measures.okun, per_market=False),
    Fact("gini", "Gini of households' wealth", 0.4, 0.8, ".6 to .85 in real economies",
         measures.final_gini, per_market=False),
)  # fmt: skip


def judge(records: Sequence[Recording], facts: Sequence[Fact] = FACTS) -> list[Finding]:
    """Return a finding per fact over the recordings of one or more seeds.

    Raises ValueError without a recording, or for recordings of different markets.
    """
    if not records or len({record.markets for record in records}) != 1:
        raise ValueError("facts need recordings, all of the same markets")
    return [_judge(fact, records) for fact in facts]


def _judge(fact: Fact, records: Sequence[Recording]) -> Finding:
    values = np.array([np.atleast_1d(fact.measure(record)) for record in records], np.float64)
    middle = fact.worst or known_median
    by_market = middle(values, axis=0)
    by_seed = middle(values, axis=1)
    value = float(middle(by_market, axis=0))
    outside = int((~inside(fact, by_market)).sum()) if fact.per_market else 0
    most = OUTSIDE_PER_TEN * len(by_market) // 10 if fact.worst is None else 0
    passed = bool(inside(fact, np.array([value]))[0]) and outside <= most
    return Finding(
        fact, value, passed, outside, most, tuple(by_market.tolist()), tuple(by_seed.tolist())
    )


def known_median(values: Floats, axis: int) -> Any:
    """Return medians along an axis over what is known; NaN where over 3 of 10 are NaN."""
    lacking = np.isnan(values).sum(axis=axis) > OUTSIDE_PER_TEN * values.shape[axis] // 10
    filled = np.where(np.expand_dims(lacking, axis), 0.0, values)
    return np.where(lacking, np.nan, np.nanmedian(filled, axis=axis))


def inside(fact: Fact, values: Floats) -> Any:
    """Return which values are inside the band; NaN is not."""
    return (values >= fact.low) & (values <= fact.high)
