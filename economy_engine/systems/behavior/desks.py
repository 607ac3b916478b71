"""Trading desks: a fixed number per market, fundamentalists and chartists, trading to a target.

A desk holds the decision state; when it fires, all its members act with the same signal, each on
its own cash and stock. Target position `w* = base * (1 + clip(k d, low, high))`; a fundamentalist's
signal d is log(V / mid) + news + private view, a chartist's is momentum over its own horizon,
order-flow imbalance and mood, and a part of the fundamental signal. Desks switch between the rules.
Shorts are borrowed from the lending pool against free cash. Beside the order toward its target a
member lets its demand schedule rest: at a price d log points away the target is `base * k * d`
larger or smaller, so it bids for a multiple of that below the mid and offers it above.

Source: C. Chiarella, G. Iori, J. Perello 2009 (targets); A. Kirman 1993, T. Lux and M. Marchesi
1999, R. Franke and F. Westerhoff 2012 (switching); A. Hawkes 1971 (activity); set P3.
"""

import math

import numpy as np

from economy_engine.book.columns import Side
from economy_engine.fmath import clip, exp, log, normal, poisson
from economy_engine.jit import kernel, spliced
from economy_engine.rng import Stream, randint, stochastic_round, uniform
from economy_engine.systems.behavior.lending import borrow, repay
from economy_engine.systems.columns import Macro
from economy_engine.systems.supply_demand import activity
from economy_engine.systems.venue import submit, withdraw

_DESK = np.int64(Stream.DESK)
_MEMBER = np.int64(Stream.DESK_MEMBER)
_ACTIVATION = np.int64(Stream.ACTIVATION)
_ROTATION = np.int64(Stream.ROTATION)
_TURN = np.int64(2)  # index of this kind in the rotation
_BID, _ASK = np.int64(Side.BID), np.int64(Side.ASK)
_EVENT_SHIFT = 24  # a member's draws are keyed by (event, trader)
_EVENTS_MAX = 1 << 12
_GAP_MIN = 0.03  # of the base
_LIMIT_MAX = 0.1  # log points from the mid
_RESCUE = 1.01  # a short that runs out of collateral buys back at this


@spliced
def switching_index(p, majority, mispricing, trend):
    """Return the log odds index of turning fundamentalist, at most 4."""
    index = p.switch_base + p.switch_herd * majority
    index += p.switch_value * mispricing * mispricing
    return min(4.0, index - p.switch_trend * min(1.5, trend))


@spliced
def target_position(p, signal):
    """Return the wanted position in units of the member's base, -.5 to 3."""
    return 1.0 + clip(p.position_gain * signal, p.position_low, p.position_high)


@spliced
def learn(desk, m, g, log_mid, step, p, shock):
    """Advance trend and private view of a desk by the time since its last event."""
    elapsed = np.float64(step - desk.last_step[m, g])
    desk.last_step[m, g] = step
    horizon = desk.horizon[m, g]
    desk.trend[m, g] += (1.0 - exp(-elapsed / horizon)) * (log_mid - desk.trend[m, g])
    kept = exp(-elapsed / (2.0 * horizon))
    spread = p.view_spread * math.sqrt(1.0 - kept * kept)
    desk.opinion[m, g] = desk.opinion[m, g] * kept + spread * shock


@spliced
def switch_rule(desk, m, g, index, p, u):
    """Let a desk change its rule with Kirman's transition rates."""
    if desk.chartist[m, g] == 1:
        if u < p.switching * exp(index):
            desk.chartist[m, g] = 0
            desk.fundamentalists[m] += 1
    elif u < p.switching * exp(-index):
        desk.chartist[m, g] = 1
        desk.fundamentalists[m] -= 1


@spliced
def signal_of(desk, agent, price, flow, news, p, m, g, log_mid, deviation, row):
    """Return the desk's signal in log points of mispricing."""
    fundamental = deviation + news.level[m] * desk.news_weight[m, g]
    if desk.chartist[m, g] == 0:
        return fundamental + desk.opinion[m, g]
    spread = (math.sqrt(flow.variance_30000[m]) + 1e-6) * math.sqrt(desk.horizon[m, g])
    trend = clip((log_mid - desk.trend[m, g]) / spread, -2.5, 2.5)
    herd = 1.0 + np.float64(agent.herd[row])
    mood = np.float64(agent.sentiment[row]) - 0.5
    pull = p.trend_weight * trend + p.imbalance_weight * herd * flow.direction[m] + mood
    return p.chartist_scale * pull + desk.opinion[m, g] + 0.3 * fundamental


@spliced
def trade_member(venue, trader, m, j, row, mid, target, pace, signal, chartist, width, u, event):
    """Move one member toward its target; returns +1 for a bid, -1 for an ask, 0 for nothing.

    width: half distance of a chartist's limit; u: the desk's draw for a fundamentalist's.
    """
    ledger = venue.ledger
    withdraw(venue, trader.slot[j], trader.generation[j])
    trader.slot[j] = -1
    repay(ledger, trader.debt, j, m, row, venue.agents)
    position = ledger.stock[row, m] - trader.debt[j]
    goal = target * trader.base[j]
    short_of_cash = trader.debt[j] > 0 and ledger.cash[row] < 0.5 * mid * trader.debt[j]
    if short_of_cash:
        goal = max(goal, 0.5 * position)
    gap = (goal - position) * pace
    if abs(gap) < _GAP_MIN * trader.base[j]:
        return 0
    key = j + (event << _EVENT_SHIFT)
    lots = stochastic_round(abs(gap), uniform(venue.seed, venue.step, key, _MEMBER))
    if lots <= 0:
        return 0
    side = _BID if gap > 0.0 else _ASK
    if side == _ASK and lots > ledger.stock[row, m]:
        collateral = int(ledger.cash[row] / mid) - trader.debt[j]
        wanted = min(lots - ledger.stock[row, m], collateral)
        borrow(ledger, trader.debt, j, m, row, venue.agents, wanted)
    if chartist:
        limit = mid * (1.0 + width) if side == _BID else mid * (1.0 - width)
        life = 20
    else:
        agrees = (signal > 0.0) == (gap > 0.0)
        reach = signal if agrees else -0.1 * signal
        limit = mid * exp(u * clip(reach, -_LIMIT_MAX, _LIMIT_MAX))
        life = 120
    if short_of_cash and side == _BID:
        limit = _RESCUE * mid
    slot = submit(venue, m, side, limit, lots, row, life, 0)
    trader.slot[j] = slot
    if slot >= 0:
        trader.generation[j] = venue.book.orders[slot]["generation"]
    return 1 if side == _BID else -1


@spliced
def rest_schedule(venue, trader, resting, m, j, row, mid, p, event):
    """Let one member's resting bid and ask stand along its demand schedule around the mid."""
    ledger = venue.ledger
    key = j + (event << _EVENT_SHIFT)
    for side in range(2):
        withdraw(venue, resting.trader_slot[j, side], resting.trader_generation[j, side])
        resting.trader_slot[j, side] = -1
    for side in range(2):
        u = uniform(venue.seed, venue.step, key, _MEMBER + 1 + side)
        away = p.schedule_near + (p.schedule_far - p.schedule_near) * u
        wanted = p.schedule_gain * p.position_gain * away * trader.base[j]
        u = uniform(venue.seed, venue.step, key, _MEMBER + 3 + side)
        lots = stochastic_round(wanted, u)
        if side == 1:
            lots = min(lots, np.int64(ledger.stock[row, m] - trader.debt[j]))
        if lots <= 0:
            continue
        limit = mid * (1.0 - away) if side == 0 else mid * (1.0 + away)
        slot = submit(venue, m, np.int64(side), limit, lots, row, p.schedule_life, 1)
        resting.trader_slot[j, side] = slot
        if slot >= 0:
            resting.trader_generation[j, side] = venue.book.orders[slot]["generation"]


@spliced
def act(
    venue, desk, trader, resting, agent, price, flow, news, macro, p, m, event, first, members, row0
):
    """One desk event: learn, switch, decide, and let the members trade.

    first, members: the market's block of traders; row0: row of trader 0.
    """
    seed, step = venue.seed, venue.step
    key = m * _EVENTS_MAX + event
    g = randint(desk.desks[m], seed, step, key, _DESK)
    mid = price.mid[m]
    log_mid = log(mid)
    learn(desk, m, g, log_mid, step, p, normal(uniform(seed, step, key, _DESK + 1)))
    count = np.float64(desk.desks[m])
    majority = (2.0 * desk.fundamentalists[m] - count) / max(1.0, count)
    deviation = log(price.fundamental[m] / mid)
    mispricing = deviation + news.level[m]
    trend = abs(flow.momentum[m]) / (math.sqrt(flow.variance_30000[m]) + 1e-6)
    index = switching_index(p, majority, mispricing, trend)
    switch_rule(desk, m, g, index, p, uniform(seed, step, key, _DESK + 4))
    begin = first + g * members // desk.desks[m]
    end = first + (g + 1) * members // desk.desks[m]
    signal = signal_of(desk, agent, price, flow, news, p, m, g, log_mid, deviation, row0 + begin)
    target = target_position(p, signal)
    pace = 0.3 + 0.7 * uniform(seed, step, key, _DESK + 5)
    u = uniform(seed, step, key, _DESK + 6)
    width = 0.002 + 0.01 * macro[Macro.VOLATILITY_MULTIPLIER] * u
    chartist = desk.chartist[m, g] == 1
    balance = 0
    for j in range(begin, end):
        balance += trade_member(
            venue, trader, m, j, row0 + j, mid, target, pace, signal, chartist, width, u, event
        )
        rest_schedule(venue, trader, resting, m, j, row0 + j, mid, p, event)
    if balance != 0:
        direction = 1.0 if balance > 0 else -1.0
        flow.direction[m] += 0.004 * (direction - flow.direction[m])
        macro[Macro.DIRECTION] += 0.002 * (direction - macro[Macro.DIRECTION])


@spliced
def event_rate(venue, desk, flow, news, macro, p, m):
    """Return the expected desk events of market m in this step."""
    variance = 0.4 * flow.variance_40[m] + 0.3 * flow.variance_400[m]
    variance += 0.3 * flow.variance_3000[m]
    busy = activity(
        variance, flow.variance_30000[m], p.activity_gain, p.activity_min, p.activity_max
    )
    attention = 1.0 + p.attention_weight * min(4.0, news.attention[m])
    return p.event_rate * desk.desks[m] * macro[Macro.VOLATILITY_MULTIPLIER] * busy * attention


@kernel
def trade_desks(venue, desk, trader, resting, agent, price, flow, news, macro, p, row0):
    """Draw the desk events of every market and run them, from a market that rotates."""
    markets = price.mid.size
    traders = trader.base.size
    start = randint(markets, venue.seed, venue.step, _TURN, _ROTATION)
    for offset in range(markets):
        m = (start + offset) % markets
        first = m * traders // markets
        members = (m + 1) * traders // markets - first
        if members <= 0:
            continue
        rate = event_rate(venue, desk, flow, news, macro, p, m)
        events = min(_EVENTS_MAX, poisson(uniform(venue.seed, venue.step, m, _ACTIVATION), rate))
        for event in range(events):
            if event % venue.phases == venue.phase:
                act(
                    venue, desk, trader, resting, agent, price, flow, news, macro, p, m, event,
                    first, members, row0,
                )  # fmt: skip
