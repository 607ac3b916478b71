"""Columns of what is measured about the world, kept between days and read by no agent."""

from enum import IntEnum
from typing import NamedTuple

import numpy as np

BARS = 1_000  # bars of 10 steps that Kyle's lambda is measured over
LONG_BARS = 480  # bars of 60 steps that efficiency is measured over
ELASTICITY_DAYS = 31  # ring: 30 changes
GAUGE_FIGURES = 29  # figures of a market at a day's end
GAUGE_DAYS = 128  # ring of the world's days: a quarter and a day


class DayRow(IntEnum):
    """Rows of `gauge.days`."""

    GDP = 0  # minor units
    REAL_GDP = 1
    UNEMPLOYMENT = 2
    CPI = 3


class GaugeCount(IntEnum):
    """Slots of `gauge.counts` (int64[8])."""

    BARS = 0  # ever closed
    LONG_BARS = 1
    DAYS = 2
    ALERT = 3  # 1 panic, 2 euphoria, 0 calm
    STARTED = 4  # 1 once `before` holds a step's values


class GaugeColumns(NamedTuple):
    """What the indicators remember between ticks, shape [M] unless noted; float64 unless noted."""

    counts: np.ndarray  # int64[8], GaugeCount
    bar_mid: np.ndarray  # mid at the last bar's end
    bar_flow: np.ndarray  # int64, lots of the running bar
    bar_volume: np.ndarray  # int64
    quantity_seen: np.ndarray  # int64, lots of the day already counted
    returns: np.ndarray  # float32[M, BARS], log returns of bars
    flows: np.ndarray  # float32[M, BARS], signed lots
    volumes: np.ndarray  # float32[M, BARS], lots
    long_mid: np.ndarray
    long_returns: np.ndarray  # float32[M, LONG_BARS]
    use: np.ndarray  # [M, ELASTICITY_DAYS], lots consumed or used per day
    vwaps: np.ndarray  # [M, ELASTICITY_DAYS]
    days: np.ndarray  # [DayRow, GAUGE_DAYS]
    before: np.ndarray  # [M, 8], values of the last step, see `attribution`
    levels: np.ndarray  # [M, 5], parts of ln V, see `attribution`
    targets: np.ndarray  # [M, 5], parts of ln T
    sums: np.ndarray  # [M, 9], the running bar's changes, `events.ATTRIBUTION_PARTS`
