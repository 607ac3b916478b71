"""What is measured of one recording: a number per market, or one of the world.

Days are counted from the run's first; the warm-up, `WARM_UP_DAYS`, is left out of all of them.
Markets' measures have shape [M]; a measure without a value is NaN.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from arena_site.validation import statistics
from arena_site.validation.recording import Floats, Recording
from arena_site.validation.statistics import NAN, Series
from economy_engine.goods import CO2, GOODS_COUNT
from economy_engine.systems.columns import Macro

WARM_UP_DAYS = 30
YEAR_DAYS = 360
OVERSHOOT_DAYS = 20
DRIFT_ENDS_DAYS = 30  # prices at both ends of the drift are means of so many days
POLICY_WINDOW_DAYS, POLICY_MEAN_DAYS = 90, 30
WEEK_DAYS = 7
VARIANCE_HORIZON = 8

MarketMeasure = Callable[[Recording], Floats]
WorldMeasure = Callable[[Recording], float]


def lived(record: Recording, values: Any) -> Any:
    """Return the bars after the warm-up."""
    return values[WARM_UP_DAYS * record.ticks_per_day // record.bar_ticks :]


def _stride(record: Recording, ticks: int) -> int:
    if ticks % record.bar_ticks:
        raise ValueError(f"returns over {ticks} ticks cannot be had from {record.bar_ticks}")
    return ticks // record.bar_ticks


def of_returns(ticks: int, measure: Callable[[Series], float]) -> MarketMeasure:
    """Return a measure of every market's log returns over `ticks`."""

    def measured(record: Recording) -> Floats:
        price = lived(record, record.mid)
        every = _stride(record, ticks)
        return np.array([measure(statistics.log_returns(each, every)) for each in price.T])

    return measured


def of_sizes(ticks: int, measure: Callable[[Series], float]) -> MarketMeasure:
    """Return a measure of the absolute returns."""
    return of_returns(ticks, lambda returns: measure(np.abs(returns)))


def autocorrelation(lag: int) -> Callable[[Series], float]:
    """Return the autocorrelation at a lag as a measure."""
    return lambda values: statistics.autocorrelation(values, lag)


def variance_ratio(ticks: int) -> MarketMeasure:
    """Return VR(8) of every market's log price, read every `ticks`."""

    def measured(record: Recording) -> Floats:
        price = np.log(lived(record, record.mid)[:: _stride(record, ticks)])
        return np.array([statistics.variance_ratio(each, VARIANCE_HORIZON) for each in price.T])

    return measured


def _with_returns(
    record: Recording, ticks: int, values: Floats, measure: Callable[[Series, Series], float]
) -> Floats:
    """Measure sums over `ticks` beside the returns of the same bars.

    The return of a bar is its last mid over the last mid of the bar before, so the first bar has
    none and its sum is left out.
    """
    every = _stride(record, ticks)
    price, other = lived(record, record.mid), lived(record, values)
    blocks = len(price) // every
    last = price[every - 1 : blocks * every : every]
    result = []
    for m in range(price.shape[1]):
        returns = np.diff(np.log(last[:, m]))
        result.append(measure(statistics.summed(other[:, m], every)[1:], returns))
    return np.array(result)


def volume_and_size(ticks: int) -> MarketMeasure:
    """Return the correlation of volume and absolute return."""
    return lambda record: _with_returns(
        record, ticks, record.volume, lambda v, r: statistics.correlation(v, np.abs(r))
    )


def flow_and_return(ticks: int) -> MarketMeasure:
    """Return the correlation of signed flow and return."""
    return lambda record: _with_returns(record, ticks, record.flow, statistics.correlation)


def kyle_lambda(ticks: int) -> MarketMeasure:
    """Return the slope of return on flow times the mean volume: the price of a mean bar."""

    def measured(record: Recording) -> Floats:
        per_lot = _with_returns(record, ticks, record.flow, statistics.slope)
        volume = lived(record, record.volume)
        mean = volume.sum(axis=0) / max(1, len(volume)) * _stride(record, ticks)
        return np.asarray(per_lot * mean)

    return measured


def _of_known(middle: Callable[[Any], Any], values: Any) -> float:
    """Return a mean or median of the values that are there; NaN when there are none."""
    known = values[~np.isnan(values)]
    return float(middle(known)) if len(known) else NAN


def median_spread(record: Recording) -> Floats:
    """Return the median relative spread in basis points."""
    return np.array([1e4 * _of_known(np.median, c) for c in lived(record, record.spread).T])


def one_sided(record: Recording) -> Floats:
    """Return the share of ticks in which an open market lacked a side."""
    days = record.one_sided[WARM_UP_DAYS : record.days]
    if not len(days):
        return np.full(len(record.markets), NAN)
    return np.asarray(days.sum(axis=0) / (len(days) * record.ticks_per_day))


def days_without_trade(record: Recording) -> Floats:
    """Return the number of game days in which nothing was traded."""
    per_day = record.ticks_per_day // record.bar_ticks
    daily = [statistics.summed(c, per_day) for c in lived(record, record.volume).T]
    return np.array([float((c == 0).sum()) if len(c) else NAN for c in daily])


def maker_share(record: Recording) -> Floats:
    """Return the mean share of the makers in the bids within 2 % of the mid."""
    first = WARM_UP_DAYS * len(record.makers) // max(1, record.days)
    return np.array([_of_known(np.mean, c) for c in record.makers[first:].T])


def bid_levels(record: Recording) -> Floats:
    """Return the median number of price levels that hold bids."""
    first = WARM_UP_DAYS * len(record.levels) // max(1, record.days)
    return np.array([_of_known(np.median, c) for c in record.levels[first:].T])


def carbon_range(record: Recording) -> Floats:
    """Return the highest over the lowest price of a year, the worst year, of carbon markets."""
    per_year = YEAR_DAYS * record.ticks_per_day // record.bar_ticks
    price = lived(record, record.mid)[:, CO2::GOODS_COUNT]
    if not len(price):
        return np.full(record.regions, NAN)
    starts = range(0, max(1, len(price) - per_year // 2), per_year)
    years = [price[at : at + per_year] for at in starts]
    return np.max([year.max(axis=0) / year.min(axis=0) for year in years], axis=0)


def days(record: Recording, slot: Macro) -> Series:
    """Return a world figure by day, after the warm-up."""
    return record.daily(slot)[WARM_UP_DAYS:]


def price_overshoot(record: Recording) -> float:
    """Return how far the CPI rises above its first day within 20 days."""
    index = days(record, Macro.CPI)[: OVERSHOOT_DAYS + 1]
    return float(index.max() / index[0] - 1.0) if len(index) > OVERSHOOT_DAYS else NAN


def price_drift(record: Recording) -> float:
    """Return the growth of the CPI per year in log points, between means of 30 days."""
    index = days(record, Macro.CPI)
    if len(index) < 4 * DRIFT_ENDS_DAYS:
        return NAN
    growth = np.log(index[-DRIFT_ENDS_DAYS:].mean() / index[:DRIFT_ENDS_DAYS].mean())
    return float(growth * YEAR_DAYS / (len(index) - DRIFT_ENDS_DAYS))


def unemployment(record: Recording) -> float:
    """Return the mean share of jobless households."""
    jobless = days(record, Macro.UNEMPLOYMENT)
    return float(jobless.mean()) if len(jobless) else NAN


def rate_and_inflation(record: Recording) -> float:
    """Return the correlation of the policy rate with core inflation over 90 days.

    Both ends of the inflation are means of 30 days; days without 90 lived days before are left out.
    """
    core = statistics.trailing_mean(days(record, Macro.CORE), POLICY_MEAN_DAYS)
    first = POLICY_WINDOW_DAYS + POLICY_MEAN_DAYS
    if len(core) < first + POLICY_WINDOW_DAYS:
        return NAN
    inflation = np.log(core[first:] / core[first - POLICY_WINDOW_DAYS : -POLICY_WINDOW_DAYS])
    return statistics.correlation(days(record, Macro.POLICY_RATE)[first:], inflation)


def weekly(record: Recording, slot: Macro) -> Series:
    """Return the means of whole weeks after the warm-up."""
    return statistics.summed(days(record, slot), WEEK_DAYS) / WEEK_DAYS


def wage_phillips(record: Recording) -> float:
    """Return the correlation of weekly wage growth and unemployment (Phillips 1958)."""
    wage = np.diff(np.log(weekly(record, Macro.MEAN_WAGE)))
    return statistics.correlation(wage, weekly(record, Macro.UNEMPLOYMENT)[1:])


def price_phillips(record: Recording) -> float:
    """Return the correlation of weekly inflation and unemployment."""
    inflation = np.diff(np.log(weekly(record, Macro.CPI)))
    return statistics.correlation(inflation, weekly(record, Macro.UNEMPLOYMENT)[1:])


def okun(record: Recording) -> float:
    """Return the correlation of weekly growth of real output and change of unemployment."""
    real = weekly(record, Macro.GDP) / weekly(record, Macro.CPI)
    jobless = np.diff(weekly(record, Macro.UNEMPLOYMENT))
    return statistics.correlation(np.diff(np.log(real)), jobless)


def final_gini(record: Recording) -> float:
    """Return the Gini of households' cash and goods on the last day."""
    return float(record.daily(Macro.GINI)[-1]) if record.days > WARM_UP_DAYS else NAN


def faults(record: Recording) -> float:
    """Return at how many ticks money, a good or a sign was wrong; NaN if none was looked at."""
    return float(record.faults) if record.checked else NAN


def dropped(record: Recording) -> float:
    """Return how many orders found the pool full."""
    return float(record.dropped) if record.days else NAN
