"""Producers: they visit the market every 20 to 60 steps and produce once a day.

Marginal cost = labour / productivity * wage * Price Multiplier + inputs at mid prices. The asking
price blends the reference price with cost plus markup, in a ladder of three levels (the seed's
multi-level supply curve); output follows expected sales, stock and margin; inputs are bought to
four days of use; the wage follows expected inflation, unemployment and vacancies. Simplified: no
credit, the equity fund stands in for it; permits are minted, not made.

Source: A. Caiani et al. 2016 (adaptive sales), S. Gualdi et al. 2015 (Mark-0 price and output
steps), A. W. Phillips 1958 (wage), parameters of set P3.
"""

import math

import numpy as np

from economy_engine.book.columns import Side
from economy_engine.fmath import clip, exp, log
from economy_engine.goods import CO2, GOODS_COUNT, GoodKind
from economy_engine.jit import kernel, spliced
from economy_engine.params import STEPS_PER_DAY
from economy_engine.rng import Stream, randint, stochastic_round, uniform
from economy_engine.systems.columns import DayCount, Institution, Macro
from economy_engine.systems.scarcity import price_multiplier, scarcity_level
from economy_engine.systems.venue import make, pay, submit, use, withdraw

_STREAM = np.int64(Stream.FIRM)
_INPUT = np.int64(Stream.FIRM_INPUT)
_ROTATION = np.int64(Stream.ROTATION)
_TURN = np.int64(0)  # index of this kind in the rotation
_BID, _ASK = np.int64(Side.BID), np.int64(Side.ASK)
_TREASURY, _FUND = np.int64(Institution.TREASURY), np.int64(Institution.FUND)
_FINITE, _RENEWABLE = np.int64(GoodKind.FINITE), np.int64(GoodKind.RENEWABLE)
_ORDERS_MAX = 12
_VISIT_MIN, _VISIT_SPAN = np.int64(20), np.int64(40)  # steps
_ORDER_LIFE = 65  # steps, just beyond the longest time between visits
_DAYS_PER_YEAR = 360.0


@kernel
def marginal_cost(labour, productivity, wage, multiplier, input_cost):
    """Return minor units per lot; the scarcity multiplier acts on the labour part."""
    return labour / productivity * wage * multiplier + input_cost


@kernel
def asking_price(reference, cost, markup, weight, offset):
    """Return the price of the first supply level: never below cost plus one percent."""
    blended = exp(weight * log(reference) + (1.0 - weight) * log(cost * (1.0 + markup)))
    return max(1.01 * cost, blended * exp(offset))


@spliced
def input_cost_of(goods, price, k, first):
    """Return the cost of inputs per lot of good k at mid prices, minor units."""
    total = 0.0
    for q in range(GOODS_COUNT):
        if goods.inputs[k, q] > 0.0:
            total += goods.inputs[k, q] * price.mid[first + q]
    return total


@spliced
def produce(ledger, firm, staff, price, resource, goods, day, f, row, seed, step):
    """Turn labour, inputs and reserves into lots; returns the lots made.

    Goods used leave the ledger's count, goods made enter it.
    """
    m = firm.market[f]
    k = m % GOODS_COUNT
    first = m - k
    output = min(firm.target[f], staff.workers[f] * firm.productivity[f] / goods.labour[k])
    for q in range(GOODS_COUNT):
        if goods.inputs[k, q] > 0.0:
            output = min(output, (ledger.stock[row, first + q] + 0.999) / goods.inputs[k, q])
    extracts = goods.kind[k] == _FINITE or goods.kind[k] == _RENEWABLE
    if extracts:
        output = min(output, 0.05 * resource.reserve[m])
    if output <= 0.0:
        return 0
    made = stochastic_round(output, uniform(seed, step, f, _STREAM + 1))
    if made <= 0:
        return 0
    for q in range(GOODS_COUNT):
        if goods.inputs[k, q] > 0.0:
            u = uniform(seed, step, f, _INPUT + q)
            used = stochastic_round(goods.inputs[k, q] * made, u)
            used = min(used, np.int64(ledger.stock[row, first + q]))
            use(ledger, row, first + q, used)
            day.used[first + q] += used
            day.counts[DayCount.INPUT_VALUE] += used * price.mid[first + q]
            day.counts[DayCount.REAL_OUTPUT] -= used * goods.price[q]
    make(ledger, row, m, made)
    day.produced[m] += made
    day.counts[DayCount.OUTPUT_VALUE] += made * price.mid[m]
    day.counts[DayCount.REAL_OUTPUT] += made * goods.price[k]
    if extracts:
        resource.reserve[m] -= made
    return made


@spliced
def plan_output(firm, reference, macro, p, f, k, cost, unsold):
    """Revise expected sales, planned output and capacity from the last day's sales."""
    margin = (reference - cost) / reference
    sold = max(0.0, firm.posted[f] - unsold)
    ratio = unsold / (firm.sales[f] + 1.0)
    firm.unsold[f] = ratio
    sales = firm.sales[f] + p.sales_memory * (sold - firm.sales[f])
    if ratio < 0.4 * p.stock_days and margin > 0.02:
        real_rate = macro[Macro.POLICY_RATE] - macro[Macro.EXPECTED_INFLATION]
        pace = max(0.2, 1.0 - 4.0 * (real_rate - 0.02))
        sales *= 1.0 + p.growth * (1.0 + 2.0 * min(1.0, margin)) * pace
    if margin < -0.05:
        sales *= 1.0 - p.shrink
    capacity = firm.capacity[f]
    sales = min(capacity, max(0.1 * capacity, sales))
    firm.sales[f] = sales
    if k == CO2:
        return
    profit = clip(log(reference / (cost * (1.0 + p.markup))), -0.7, 0.5)
    wanted = sales * (1.0 + p.supply_elasticity * profit)
    wanted += p.stock_gain * (p.stock_days * sales - unsold)
    wanted = min(capacity, max(0.1 * capacity, wanted))
    firm.target[f] += p.output_memory * (wanted - firm.target[f])
    if margin > 0.25 and ratio < 0.8 * p.stock_days:
        firm.capacity[f] *= 1.003
    elif margin < 0.0:
        firm.capacity[f] *= 0.9995


@spliced
def plan_staff(firm, staff, macro, p, f, labour, margin):
    """Open vacancies or lay off, and revise the wage (Phillips slope on unemployment)."""
    wanted = math.ceil(firm.target[f] * labour / firm.productivity[f])
    missing = wanted - staff.workers[f]
    staff.vacancies[f] = max(0, missing)
    staff.layoffs[f] = max(0, -missing)
    slack = p.natural_unemployment - macro[Macro.UNEMPLOYMENT]
    growth = (macro[Macro.EXPECTED_INFLATION] + p.wage_slope * slack) / _DAYS_PER_YEAR
    if missing > 0.1 * wanted + 1.0 and margin > 0.1:
        growth += 0.002
    if margin < -0.05:
        growth -= 0.002
    staff.wage[f] *= 1.0 + growth
    staff.wage[f] += 0.02 * (macro[Macro.MEAN_WAGE] - staff.wage[f])


@spliced
def keep(firm, venue, f, count, slot):
    """Remember the handle of an own order; returns the number of handles."""
    if slot < 0 or count >= _ORDERS_MAX:
        return count
    firm.slots[f, count] = slot
    firm.generations[f, count] = venue.book.orders[slot]["generation"]
    return count + 1


@spliced
def sell(venue, firm, p, f, row, ask, lots):
    """Offer `lots` in three levels; returns the number of own orders."""
    m = firm.market[f]
    first = int(0.25 * firm.sales[f]) + 1
    count = 0
    for level in range(3):
        if lots <= 0:
            break
        part = min(lots, first * (1 + level)) if level < 2 else lots
        lots -= part
        price = ask * (1.0 + 0.012 * level + 0.012 * level * level)
        slot = submit(venue, m, _ASK, price, part, row, _ORDER_LIFE, 0)
        count = keep(firm, venue, f, count, slot)
    return count


@spliced
def buy_inputs(venue, firm, price, goods, p, f, row, count, margin, producing):
    """Bid for inputs up to four days of use, less when the output loses money."""
    m = firm.market[f]
    k = m % GOODS_COUNT
    pace = min(1.0, (margin + 0.1) / 0.15)
    if pace <= 0.0:
        return count
    for q in range(GOODS_COUNT):
        if goods.inputs[k, q] <= 0.0:
            continue
        target = m - k + q
        per_day = goods.inputs[k, q] * firm.target[f]
        stock = venue.ledger.stock[row, target]
        need = min(2.0 * per_day, per_day * pace + 0.1 * (4.0 * per_day - stock))
        if need <= 0.0:
            continue
        if producing:
            price.demand[target] += need
        urgency = clip(1.0 - stock / (2.0 * per_day + 1e-9), 0.0, 1.0)
        u = uniform(venue.seed, venue.step, f, _STREAM + 4 + q)
        lots = stochastic_round(need / 4.0, u)
        if lots > 0:
            limit = price.reference[target] * (1.0 + p.slip * (0.1 + urgency))
            slot = submit(venue, target, _BID, limit, lots, row, _ORDER_LIFE, 0)
            count = keep(firm, venue, f, count, slot)
    return count


@spliced
def settle_day(ledger, firm, staff, day, p, f, row, agents, input_cost):
    """Take money from the equity fund when short, or pay out what is beyond the buffer."""
    cost = staff.workers[f] * staff.wage[f] + input_cost * firm.target[f]
    if ledger.cash[row] < 1.5 * cost:
        wanted = min(int(0.5 * cost), ledger.cash[agents + _FUND] // 50)
        got = pay(ledger, agents + _FUND, row, wanted)
        day.counts[DayCount.RECAPITALIZED_FIRMS] += got
    excess = ledger.cash[row] - int(p.buffer_days * cost + p.buffer_flat)
    if excess > 0:
        dividend = excess // p.dividend_share
        tax = dividend * p.tax_percent // 100
        pay(ledger, row, agents + _TREASURY, tax)
        pay(ledger, row, agents + _FUND, dividend - tax)


@spliced
def visit(venue, firm, staff, price, resource, goods, day, macro, p, f, row):
    """One visit of one firm: withdraw, produce, plan, sell, buy, settle."""
    seed, step, ledger = venue.seed, venue.step, venue.ledger
    m = np.int64(firm.market[f])
    k = m % GOODS_COUNT
    firm.next_visit[f] = step + _VISIT_MIN + randint(_VISIT_SPAN, seed, step, f, _STREAM)
    producing = step >= firm.next_production[f]
    if producing:
        firm.next_production[f] += STEPS_PER_DAY
    for z in range(_ORDERS_MAX):
        withdraw(venue, firm.slots[f, z], firm.generations[f, z])
        firm.slots[f, z] = -1
    input_cost = input_cost_of(goods, price, k, m - k)
    scarcity = scarcity_level(resource.reserve[m], resource.base[m])
    rent = price_multiplier(scarcity, goods.max_multiplier[k], goods.importance[k])
    wage, skill = staff.wage[f], firm.productivity[f]
    cost = marginal_cost(goods.labour[k], skill, wage, rent, input_cost)
    if k == CO2:
        cost = p.carbon_reserve * goods.price[CO2] * macro[Macro.CPI]
    elif producing:
        price.cost[m] += 0.02 * (cost - price.cost[m])
    unsold = np.int64(ledger.stock[row, m])
    made = np.int64(0)
    reference = price.reference[m]
    margin = (reference - cost) / reference
    if producing:
        if k == CO2:
            made = int(firm.capacity[f] * resource.renewal[m])
            unsold = max(0, unsold - made)
        else:
            made = produce(ledger, firm, staff, price, resource, goods, day, f, row, seed, step)
        plan_output(firm, reference, macro, p, f, k, cost, float(unsold))
        plan_staff(firm, staff, macro, p, f, goods.labour[k], margin)
        wanted = p.stock_days * (firm.sales[f] + 1.0)
        if ledger.stock[row, m] > 0:
            price.supply[m] += max(0.3 * made, made + 0.2 * (unsold - wanted))
            firm.posted[f] = ledger.stock[row, m]
    ratio = firm.unsold[f]
    push = p.offset_step * uniform(seed, step, f, _STREAM + 2)
    if ratio > 1.3 * p.stock_days:
        firm.offset[f] -= push
    elif ratio < 0.7 * p.stock_days:
        firm.offset[f] += push
    firm.offset[f] = clip(firm.offset[f] * 0.98, -0.06, 0.03)
    weight = 1.0 if k == CO2 else p.seller_weight
    ask = asking_price(reference, cost, p.markup, weight, firm.offset[f])
    if ratio > 3.0 * p.stock_days + 1.0:
        ask = max(0.8 * cost, reference * exp(firm.offset[f]))
    count = sell(venue, firm, p, f, row, ask, np.int64(ledger.stock[row, m]))
    buy_inputs(venue, firm, price, goods, p, f, row, count, margin, producing)
    if producing:
        settle_day(ledger, firm, staff, day, p, f, row, venue.agents, input_cost)


@kernel
def visit_firms(venue, firm, staff, price, resource, goods, day, macro, p, first_row):
    """Let every firm act whose visit is due, from a start that rotates by keyed hash."""
    count = firm.market.size
    start = randint(count, venue.seed, venue.step, _TURN, _ROTATION)
    for offset in range(count):
        f = start + offset
        if f >= count:
            f -= count
        if firm.next_visit[f] > venue.step or f % venue.phases != venue.phase:
            continue
        visit(venue, firm, staff, price, resource, goods, day, macro, p, f, first_row + f)
