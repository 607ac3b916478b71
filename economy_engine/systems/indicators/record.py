"""What the indicators remember of each step: bars of ten steps, and the parts of price changes.

A bar closes when the mid after its last step is known, at the beginning of the next step; then its
return, signed flow and volume go into rings, and its attribution is reported.
"""

import numpy as np

from economy_engine.fmath import log
from economy_engine.jit import kernel
from economy_engine.params import STEPS_PER_DAY
from economy_engine.state import WorldState
from economy_engine.systems import attribution
from economy_engine.systems.columns import BAR_STEPS, LONG_BAR_STEPS
from economy_engine.systems.gauge_columns import GaugeCount

_BARS, _LONG_BARS = np.int64(GaugeCount.BARS), np.int64(GaugeCount.LONG_BARS)
_STARTED = np.int64(GaugeCount.STARTED)


def begin_step(state: WorldState, tick: int, step: int) -> None:
    """Account for the change of prices since the last step; close the bar that ended with it."""
    gauge, price, market = state.gauge, state.price, state.params.market
    if not gauge.counts[_STARTED]:
        attribution.start(gauge, price, state.news, market)
        open_bars(gauge, price)
        return
    attribution.attribute(gauge, price, state.news, market, state.gauge_scratch[0])
    if step % BAR_STEPS == 0:
        state.emission.attribution_rows(tick, gauge.sums)
        close_bars(gauge, price, step)


@kernel
def open_bars(gauge, price):
    """Begin the first bars at the mids of now."""
    for m in range(price.mid.size):
        gauge.bar_mid[m] = price.mid[m]
        gauge.long_mid[m] = price.mid[m]


@kernel
def close_bars(gauge, price, step):
    """Put the bar of every market into the rings and begin the next one."""
    place = gauge.counts[_BARS] % gauge.returns.shape[1]
    long_place = gauge.counts[_LONG_BARS] % gauge.long_returns.shape[1]
    long_ends = step % LONG_BAR_STEPS == 0
    for m in range(price.mid.size):
        gauge.returns[m, place] = log(price.mid[m] / gauge.bar_mid[m])
        gauge.flows[m, place] = gauge.bar_flow[m]
        gauge.volumes[m, place] = gauge.bar_volume[m]
        gauge.bar_mid[m] = price.mid[m]
        gauge.bar_flow[m] = 0
        gauge.bar_volume[m] = 0
        if long_ends:
            gauge.long_returns[m, long_place] = log(price.mid[m] / gauge.long_mid[m])
            gauge.long_mid[m] = price.mid[m]
        gauge.sums[m, :] = 0.0
    gauge.counts[_BARS] += 1
    if long_ends:
        gauge.counts[_LONG_BARS] += 1


@kernel
def count_step(gauge, price, flow, step):
    """Add the flow and volume of the step that ends to the running bars."""
    day_ends = step % STEPS_PER_DAY == STEPS_PER_DAY - 1
    for m in range(price.mid.size):
        gauge.bar_flow[m] += flow.flow[m]
        gauge.bar_volume[m] += price.day_quantity[m] - gauge.quantity_seen[m]
        # The day's close begins to count from nothing.
        gauge.quantity_seen[m] = 0 if day_ends else price.day_quantity[m]
