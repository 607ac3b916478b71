"""Market psychology: sentiment, fear, greed, confidence, memory, herding.

    Volatility Multiplier = 1.0 + (Fear * Fear Weight) + (Greed * Greed Weight)
                          + (Herding Factor * 0.5) + (Sentiment Extremity * 0.4)

A sixteenth of the agents is updated per step, in blocks of 16 rows; world figures are running
means.
Herding Factor = clip((majority share of trade directions - .5) / .5, 0, 1); Sentiment Extremity
= 2 |S - .5|. Simplified: an agent watches the prices of one home market only.

Source: the seed (multiplier, weights); R. Cont 2001 and parameter set P3 for the dynamics; herding
share after J. Lakonishok, A. Shleifer, R. Vishny 1992.
"""

import math

import numpy as np

from economy_engine.fmath import clip, normal
from economy_engine.jit import inlined, kernel, spliced
from economy_engine.rng import Stream, uniform
from economy_engine.systems.columns import Macro

BLOCK_ROWS = 16
SLICES = 16
_STREAM = np.int64(Stream.PSYCHOLOGY)
_TINY = 1e-12
_PACE = 0.05
_MEAN_WEIGHT = 1.0 / SLICES


@kernel
def sentiment_extremity(sentiment: float) -> float:
    """Return the seed's Sentiment Extremity: 0 at a neutral .5, 1 at either end."""
    return 2.0 * abs(sentiment - 0.5)


@kernel
def majority_share(direction: float) -> float:
    """Return the share of the majority, .5..1, from the mean trade direction in [-1, 1]."""
    return 0.5 + 0.5 * abs(direction)


@kernel
def herding_factor(majority: float) -> float:
    """Return the seed's Herding Factor in [0, 1]."""
    return clip((majority - 0.5) / 0.5, 0.0, 1.0)


@kernel
def volatility_multiplier(
    fear: float,
    greed: float,
    herding: float,
    extremity: float,
    fear_weight: float,
    greed_weight: float,
) -> float:
    """Return the seed's Volatility Multiplier, 1 to 2.5.

    >>> volatility_multiplier(0.0, 0.0, 1.0, 0.0, 0.3, 0.3)
    1.5
    """
    return 1.0 + fear * fear_weight + greed * greed_weight + herding * 0.5 + extremity * 0.4


@kernel
def mood(sentiment: float, fear: float, greed: float, weights: tuple) -> float:
    """Return the dashboard's mood: sentiment, absence of fear, and greed by the seed's weights."""
    return weights[0] * sentiment + weights[1] * (1.0 - fear) + weights[2] * greed


@inlined
def sentiment_drift(trend, jobless, herd, world, sentiment, memory):
    """Return the pull on sentiment: prices, job, herd (trait times pull), memory, neutrality."""
    drift = 0.12 * trend - 0.15 * jobless + herd * (world - sentiment)
    return drift + (0.3 * (memory - sentiment) + 0.15 * (0.5 - sentiment))


@inlined
def alarm(trend, excess, jobless):
    """Return the level that fear moves to, 0..1: falling prices, unrest, no job."""
    return min(1.0, max(0.0, -trend) / 3.0 + 0.15 * excess + 0.2 * jobless)


@inlined
def lure(trend, excess):
    """Return the level that greed moves to, 0..1: rising prices, less so in unrest."""
    return min(1.0, max(0.0, trend) / 3.0 * (1.0 - 0.3 * excess))


@inlined
def assurance(excess, fear):
    """Return the level that confidence moves to, 0..1."""
    return max(0.0, 1.0 - 0.25 * excess - 0.5 * fear)


@spliced
def market_mood(flow, m):
    """Return (trend in [-3, 3], excess volatility in [0, 3]) that the agents of a market see."""
    base = flow.variance_30000[m]
    trend = clip(2.0 * flow.momentum[m] / (math.sqrt(base) + 1e-6), -3.0, 3.0)
    excess = clip(math.sqrt(flow.variance_40[m] / (base + _TINY)) - 1.0, 0.0, 3.0)
    return trend, excess


@kernel
def update_agents(agent, household, flow, macro, seed, step, seen, sums):
    """Advance the psychology of one slice of the agents.

    seen: float64[2, M], scratch: trend and excess volatility of each market.
    sums: float64[6], out: agents, sentiment, its squares, fear, greed, confidence.
    """
    count = agent.home.size
    households = household.employer.size
    world = macro[Macro.SENTIMENT]
    noise = 0.01 * macro[Macro.VOLATILITY_MULTIPLIER]
    pull = 1.6 if macro[Macro.HERDING_FLAG] > 0.0 else 0.8
    sums[:] = 0.0
    for m in range(seen.shape[1]):
        seen[0, m], seen[1, m] = market_mood(flow, m)
    first = (step % SLICES) * BLOCK_ROWS
    while first < count:
        for i in range(first, min(count, first + BLOCK_ROWS)):
            trend, excess = seen[0, agent.home[i]], seen[1, agent.home[i]]
            jobless = 1.0 if i < households and household.employer[i] < 0 else 0.0
            s = np.float64(agent.sentiment[i])
            memory = np.float64(agent.memory[i])
            fear = np.float64(agent.fear[i])
            greed = np.float64(agent.greed[i])
            confidence = np.float64(agent.confidence[i])
            memory += 0.005 * (s - memory)
            herd = pull * np.float64(agent.herd[i])
            drift = sentiment_drift(trend, jobless, herd, world, s, memory)
            s = clip(s + _PACE * drift + noise * normal(uniform(seed, step, i, _STREAM)), 0.0, 1.0)
            fear += _PACE * (alarm(trend, excess, jobless) - fear)
            greed += _PACE * (lure(trend, excess) - greed)
            confidence += _PACE * (assurance(excess, fear) - confidence)
            agent.memory[i] = memory
            agent.sentiment[i] = s
            agent.fear[i] = fear
            agent.greed[i] = greed
            agent.confidence[i] = confidence
            sums[0] += 1.0
            sums[1] += s
            sums[2] += s * s
            sums[3] += fear
            sums[4] += greed
            sums[5] += confidence
        first += SLICES * BLOCK_ROWS


@kernel
def update_world(macro, sums, config):
    """Fold a slice's sums into the world's mood and derive herding and the multiplier."""
    if sums[0] > 0.0:
        macro[Macro.SENTIMENT] += _MEAN_WEIGHT * (sums[1] / sums[0] - macro[Macro.SENTIMENT])
        macro[Macro.SQUARES] += _MEAN_WEIGHT * (sums[2] / sums[0] - macro[Macro.SQUARES])
        macro[Macro.FEAR] += _MEAN_WEIGHT * (sums[3] / sums[0] - macro[Macro.FEAR])
        macro[Macro.GREED] += _MEAN_WEIGHT * (sums[4] / sums[0] - macro[Macro.GREED])
        macro[Macro.CONFIDENCE] += _MEAN_WEIGHT * (sums[5] / sums[0] - macro[Macro.CONFIDENCE])
    sentiment = macro[Macro.SENTIMENT]
    macro[Macro.DISAGREEMENT] = max(0.0, macro[Macro.SQUARES] - sentiment * sentiment)
    majority = majority_share(macro[Macro.DIRECTION])
    macro[Macro.HERDING] = herding_factor(majority)
    macro[Macro.HERDING_FLAG] = 1.0 if majority > config.herding_threshold else 0.0
    macro[Macro.VOLATILITY_MULTIPLIER] = volatility_multiplier(
        macro[Macro.FEAR],
        macro[Macro.GREED],
        macro[Macro.HERDING],
        sentiment_extremity(sentiment),
        config.fear_weight,
        config.greed_weight,
    )
    weights = (config.sentiment_weight, config.fear_weight, config.greed_weight)
    macro[Macro.MOOD] = mood(sentiment, macro[Macro.FEAR], macro[Macro.GREED], weights)


@kernel
def shock_agents(agent, fear_change, greed_change, sentiment_change):
    """Add an event to the mood of every agent, scaled by its herd trait (1 at the mean)."""
    for i in range(agent.home.size):
        share = 0.5 + np.float64(agent.herd[i])
        agent.fear[i] = clip(np.float64(agent.fear[i]) + share * fear_change, 0.0, 1.0)
        agent.greed[i] = clip(np.float64(agent.greed[i]) + share * greed_change, 0.0, 1.0)
        agent.sentiment[i] = clip(
            np.float64(agent.sentiment[i]) + share * sentiment_change, 0.0, 1.0
        )
