"""Public news per market: the common source of fat tails and of volatility clusters.

Two-scale stochastic volatility `e = exp(short + long)`, normal news `c * size * e * N(0, 1)`, and
rare headlines of exponential size that raise attention and later volatility. The caps are needed:
without them headlines raise their own rate and the process explodes. The level decays in 20 days
and enters the values of desks and makers. Keyed by (seed, step, market, stream).

Source: parameter set P3; self-excitation after A. Hawkes 1971.
"""

import math

import numpy as np

from economy_engine.fmath import exp, exponential, normal
from economy_engine.goods import FOOD, GOODS_COUNT
from economy_engine.jit import kernel
from economy_engine.rng import Stream, uniform

_NEWS = np.int64(Stream.NEWS)
_JUMP = np.int64(Stream.NEWS_JUMP)
_SHORT_MEMORY = 480.0  # steps
_LONG_MEMORY = 4800.0
_SHORT_MAX = 1.5
_TOTAL_MAX = 1.7
_ATTENTION_UNIT = 0.01
_ATTENTION_MEMORY = 40.0


@kernel
def update_news(news, market, seed, step):
    """Draw this step's news of every market and advance its level, volatility and attention.

    `item` becomes the size of a headline (log points) or 0; `pending` shocks act and are cleared.
    """
    for m in range(news.level.size):
        kick = market.short_volatility * math.sqrt(2.0 / _SHORT_MEMORY)
        news.short_log[m] += -news.short_log[m] / _SHORT_MEMORY
        news.short_log[m] += kick * normal(uniform(seed, step, m, _NEWS))
        kick = market.long_volatility * math.sqrt(2.0 / _LONG_MEMORY)
        news.long_log[m] += -news.long_log[m] / _LONG_MEMORY
        news.long_log[m] += kick * normal(uniform(seed, step, m, _NEWS + 2))
        news.short_log[m] = min(_SHORT_MAX, news.short_log[m])
        excitement = exp(min(_TOTAL_MAX, news.short_log[m] + news.long_log[m]))
        scale = market.consumer_news if m % GOODS_COUNT >= FOOD else 1.0
        shock = scale * market.news_size * excitement * normal(uniform(seed, step, m, _NEWS + 4))
        item = 0.0
        if uniform(seed, step, m, _JUMP) < market.jump_rate * min(2.0, excitement):
            item = scale * market.jump_size * exponential(uniform(seed, step, m, _JUMP + 1))
            if uniform(seed, step, m, _JUMP + 2) < 0.5:
                item = -item
            news.short_log[m] += market.jump_excitement
        item += news.pending[m]
        news.pending[m] = 0.0
        shock += item
        news.attention[m] += abs(item) / _ATTENTION_UNIT
        news.attention[m] -= news.attention[m] / _ATTENTION_MEMORY
        news.level[m] += -news.level[m] / market.news_memory + shock
        news.shock[m] = shock
        news.item[m] = item
