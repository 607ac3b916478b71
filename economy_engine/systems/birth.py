"""The draws of genesis: one kernel per kind of agent, everything keyed by the seed.

Genesis happens before step 0; its draws use negative steps, one per purpose.
"""

import math

import numpy as np

from economy_engine.fmath import clip, exp, log, normal, pareto
from economy_engine.goods import CO2, GOODS_COUNT
from economy_engine.jit import allocating, kernel
from economy_engine.params import STEPS_PER_DAY
from economy_engine.rng import Stream, randint, uniform

_STREAM = np.int64(Stream.GENESIS)
_AGENTS, _HOUSEHOLDS, _FIRMS = np.int64(-1), np.int64(-2), np.int64(-3)
_JOBS, _DESKS = np.int64(-4), np.int64(-5)
_REGION_STEPS = np.int64(8)  # between the shuffles of two regions
_ARBITRAGE = np.int64(-6)
_SHARES_TAIL, _SHARES_MAX, _SHARES_MIN = 1.6, 60.0, 0.2
_INCOME_FACTOR = 1.14
_INCOME_WAGE, _INCOME_CAPITAL = 80_000.0, 40_000.0  # minor units per day
_CASH_SPREAD = 0.4
_GOODS = np.int64(GOODS_COUNT)
_CASH_DAYS = 20.0
_RICH_MAX = 8.0
_STOCK_DAYS_FIRM, _STOCK_DAYS_QUOTA, _INPUT_DAYS = 1.5, 2.0, 4.0
_BUFFER_DAYS = 6.0
_DAYS_SPECULATOR = 2.0
_VISIT_SPAN, _DAY = np.int64(40), np.int64(STEPS_PER_DAY)  # steps


@kernel
def agents(agent, seed):
    """Draw mood and traits of every agent; its home follows, when its region is known."""
    for i in range(agent.home.size):
        mood = clip(0.5 + 0.1 * normal(uniform(seed, _AGENTS, i, _STREAM)), 0.0, 1.0)
        agent.sentiment[i] = mood
        agent.memory[i] = agent.sentiment[i]
        agent.fear[i] = 0.1
        agent.greed[i] = 0.1
        agent.confidence[i] = 0.7
        agent.herd[i] = uniform(seed, _AGENTS, i, _STREAM + 1)


@kernel
def homes(agent, seed, first, end, regions):
    """Settle the rows of one kind: equal blocks per region, a home market of the region each."""
    for region in range(regions):
        begin = first + region * (end - first) // regions
        stop = first + (region + 1) * (end - first) // regions
        for i in range(begin, stop):
            good = randint(_GOODS, seed, _AGENTS, i, _STREAM + 2)
            agent.home[i] = region * GOODS_COUNT + good


@kernel
def households(ledger, household, agent, goods, seed, basket_cost):
    """Give every household fund shares, income, cash and one basket at home; returns all shares.

    Shares are Pareto, cut, so that inequality does not depend on the number of households.
    """
    count = household.employer.size
    total = 0.0
    for h in range(count):
        draw = pareto(uniform(seed, _HOUSEHOLDS, h, _STREAM), _SHARES_TAIL) - 1.0
        household.shares[h] = min(_SHARES_MAX, draw + _SHARES_MIN)
        total += household.shares[h]
    mean = total / count
    for h in range(count):
        income = _INCOME_WAGE + _INCOME_CAPITAL * household.shares[h] / mean
        income *= _INCOME_FACTOR
        household.income[h] = income
        rich = clip(income / basket_cost, 1.0, _RICH_MAX)
        luck = _CASH_SPREAD * normal(uniform(seed, _HOUSEHOLDS, h, _STREAM + 1))
        cash = _CASH_DAYS * income * rich * exp(luck - 0.5 * _CASH_SPREAD * _CASH_SPREAD)
        ledger.cash[h] = int(cash)
        first = agent.home[h] // GOODS_COUNT * GOODS_COUNT
        for k in range(GOODS_COUNT):
            ledger.stock[h, first + k] = int(goods.basket[k])
    return total


@kernel
def shuffle(items, seed, step, stream):
    """Shuffle an int64 array in place (Fisher and Yates)."""
    for last in range(items.size - 1, 0, -1):
        other = randint(last + 1, seed, step, last, stream)
        items[last], items[other] = items[other], items[last]


@allocating
def firms(firm, staff, sectors, price, goods, seed, wage, quota_share):
    """Draw sector, size, skill and plans of every firm; sizes share the balanced output."""
    count = sectors.size
    regions = price.mid.size // GOODS_COUNT
    for region in range(regions):
        begin, end = region * count // regions, (region + 1) * count // regions
        shuffle(sectors[begin:end], seed, _FIRMS - _REGION_STEPS * region, _STREAM)
    size = np.zeros(count)
    total = np.zeros(price.mid.size)
    for f in range(count):
        size[f] = exp(0.5 * normal(uniform(seed, _FIRMS, f, _STREAM + 1)))
        total[sectors[f]] += size[f]
    for f in range(count):
        m = sectors[f]
        share = price.daily_volume[m] * size[f] / total[m]
        firm.market[f] = m
        firm.productivity[f] = exp(0.12 * normal(uniform(seed, _FIRMS, f, _STREAM + 2)))
        firm.target[f] = 0.98 * share
        firm.capacity[f] = share * (quota_share if m % GOODS_COUNT == CO2 else 1.35)
        firm.sales[f] = firm.target[f]
        firm.posted[f] = 2.5 * firm.target[f]
        firm.next_visit[f] = randint(_VISIT_SPAN, seed, _FIRMS, f, _STREAM + 3)
        firm.next_production[f] = randint(_DAY, seed, _FIRMS, f, _STREAM + 4)
        staff.wage[f] = wage * exp(0.05 * normal(uniform(seed, _FIRMS, f, _STREAM + 5)))


@kernel
def endow_firms(ledger, firm, goods, first_row, wage, buffer_flat):
    """Give every firm its cash buffer, stock to sell and inputs."""
    for f in range(firm.market.size):
        m = firm.market[f]
        k = m % GOODS_COUNT
        row = first_row + f
        cost = goods.labour[k] * wage
        for q in range(GOODS_COUNT):
            if goods.inputs[k, q] > 0.0:
                cost += goods.inputs[k, q] * goods.price[q]
                lots = math.ceil(_INPUT_DAYS * goods.inputs[k, q] * firm.target[f])
                ledger.stock[row, m - k + q] = int(lots)
        days = _STOCK_DAYS_QUOTA if k == CO2 else _STOCK_DAYS_FIRM
        ledger.stock[row, m] = int(days * firm.target[f])
        ledger.cash[row] = int(_BUFFER_DAYS * firm.target[f] * cost + buffer_flat)


@allocating
def employ(household, firm, staff, goods, seed):
    """Fill jobs: in each region firms take households, both in random order; returns workers."""
    regions = (firm.market.max() // GOODS_COUNT) + 1
    employed = 0
    for region in range(regions):
        step = _JOBS - _REGION_STEPS * region
        homes = household.employer.size
        count = firm.market.size
        people = np.arange(region * homes // regions, (region + 1) * homes // regions)
        order = np.arange(region * count // regions, (region + 1) * count // regions)
        shuffle(people, seed, step, _STREAM)
        shuffle(order, seed, step, _STREAM + 1)
        placed = 0
        for place in range(order.size):
            f = order[place]
            k = firm.market[f] % GOODS_COUNT
            wanted = math.ceil(firm.target[f] * goods.labour[k] / firm.productivity[f])
            hired = min(wanted, people.size - placed)
            for _ in range(hired):
                household.employer[people[placed]] = f
                placed += 1
            staff.workers[f] = hired
        employed += placed
    return employed


@kernel
def desks(desk, price, traders, seed, view_spread):
    """Draw horizon, view, news weight and rule of every desk."""
    markets, most = desk.horizon.shape
    for m in range(markets):
        members = (m + 1) * traders // markets - m * traders // markets
        desk.desks[m] = min(most, members)
        desk.fundamentalists[m] = desk.desks[m]
        for g in range(most):
            key = m * most + g
            span = log(80.0) * uniform(seed, _DESKS, key, _STREAM)
            desk.horizon[m, g] = exp(log(30.0) + span)
            desk.news_weight[m, g] = 0.5 + uniform(seed, _DESKS, key, _STREAM + 1)
            desk.opinion[m, g] = view_spread * normal(uniform(seed, _DESKS, key, _STREAM + 2))
            desk.trend[m, g] = log(price.mid[m])
            if uniform(seed, _DESKS, key, _STREAM + 3) < 0.3:
                desk.chartist[m, g] = 1
                if g < desk.desks[m]:
                    desk.fundamentalists[m] -= 1


@kernel
def ranked(values, rank):
    """Return the value with `rank` smaller or equal ones before it; for short arrays, O(n^2)."""
    for candidate in range(values.size):
        before = 0
        for other in range(values.size):
            value = values[other]
            if value < values[candidate] or (value == values[candidate] and other < candidate):
                before += 1
        if before == rank:
            return values[candidate]
    return values[0]


@allocating
def desk_weights(count, m, most, seed):
    """Return float64[count]: Pareto weights cut at 12 medians, normalized to 1."""
    weights = np.zeros(count)
    for g in range(count):
        weights[g] = pareto(uniform(seed, _DESKS, m * most + g, _STREAM + 4), 1.5)
    median = 0.5 * (ranked(weights, (count - 1) // 2) + ranked(weights, count // 2))
    total = 0.0
    for g in range(count):
        weights[g] = min(weights[g], 12.0 * median)
        total += weights[g]
    for g in range(count):
        weights[g] /= total
    return weights


@allocating
def traders(ledger, desk, trader, agent, price, goods, seed, first_row, cash_flat):
    """Give desk members their base position in stock and twice its value in cash."""
    markets, most = desk.horizon.shape
    count = trader.base.size
    for m in range(markets):
        first = m * count // markets
        members = (m + 1) * count // markets - first
        groups = desk.desks[m]
        if groups == 0:
            continue
        weights = desk_weights(groups, m, most, seed)
        value = goods.price[m % GOODS_COUNT]
        for g in range(groups):
            begin = first + g * members // groups
            end = first + (g + 1) * members // groups
            base = _DAYS_SPECULATOR * price.daily_volume[m] * weights[g] / (end - begin)
            for j in range(begin, end):
                row = first_row + j
                trader.base[j] = base
                ledger.stock[row, m] = int(base + 0.5)
                ledger.cash[row] = int(2.0 * base * value + cash_flat)
                trader.start_equity[j] = ledger.cash[row] + ledger.stock[row, m] * value
                agent.home[row] = m


@kernel
def noise(ledger, price, first_row, count, cash):
    """Give noise traders cash, and two days of their share of every market's volume at home."""
    regions = price.mid.size // GOODS_COUNT
    for region in range(regions):
        begin, end = region * count // regions, (region + 1) * count // regions
        for row in range(first_row + begin, first_row + end):
            ledger.cash[row] = cash
            for m in range(region * GOODS_COUNT, (region + 1) * GOODS_COUNT):
                lots = int(_DAYS_SPECULATOR * price.daily_volume[m] / (end - begin))
                ledger.stock[row, m] = max(2, lots)


@kernel
def makers(ledger, maker, agent, price, goods, first_row):
    """Give market makers two days of volume together per market, and four times its value."""
    markets = price.mid.size
    per_market = maker.target.size // markets
    for k in range(maker.target.size):
        m = k % markets
        row = first_row + k
        lots = int(_DAYS_SPECULATOR * price.daily_volume[m] / per_market) + 20
        value = goods.price[m % GOODS_COUNT]
        maker.target[k] = lots
        ledger.stock[row, m] = lots
        ledger.cash[row] = int(4.0 * lots * value)
        maker.start_equity[k] = ledger.cash[row] + lots * value
        agent.home[row] = m


@kernel
def arbitrageurs(ledger, arbitrageur, price, goods, seed, first_row, days, visit_span):
    """Give arbitrageurs cash for `days` of the volume of all markets together."""
    count = arbitrageur.next_visit.size
    value = 0.0
    for m in range(price.mid.size):
        value += price.daily_volume[m] * goods.price[m % GOODS_COUNT]
    for a in range(count):
        row = first_row + a
        ledger.cash[row] = int(days * value / count)
        arbitrageur.start_equity[a] = ledger.cash[row]
        arbitrageur.next_visit[a] = randint(visit_span, seed, _ARBITRAGE, a, _STREAM)
