"""Producers: they visit the market every 20 to 60 steps and produce once a day.

Prices and planned output follow the supply curve of `supply`; output also follows expected sales
and stock; inputs are bought to four days of use; the wage follows expected inflation, unemployment
and vacancies. Cash beyond a buffer repays the loan and is then paid out; a firm that is short takes
a loan, then money of the equity fund, and fails when it cannot pay (`credit`). Simplified: permits
are minted, not made; there is no fixed capital.

Source: A. Caiani et al. 2016 (adaptive sales), S. Gualdi et al. 2015 (Mark-0 price and output
steps), A. W. Phillips 1958 (wage), parameters of set P3.
"""

import math

import numpy as np

from economy_engine.book.columns import Side
from economy_engine.fmath import clip, exp
from economy_engine.goods import CO2, GOODS_COUNT, GoodKind
from economy_engine.jit import kernel, spliced
from economy_engine.params import STEPS_PER_DAY
from economy_engine.rng import Stream, randint, stochastic_round, uniform
from economy_engine.systems.behavior.supply import (
    TIERS_COUNT,
    asking_price,
    blended_price,
    expansion_pace,
    level_price,
    marginal_cost,
    markup_response,
    offered_flow,
    tier_price,
    tier_response,
    wage_growth,
)
from economy_engine.systems.columns import DayCount, Institution, Macro
from economy_engine.systems.credit import (
    SALE_STEPS,
    credit_limit,
    is_insolvent,
    pay_interest,
    refound,
    repay_loan,
    seize,
    sell_seized,
    stock_value,
    take_loan,
)
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


@spliced
def is_extractor(goods, k):
    """Return whether good k comes out of a reserve."""
    return goods.kind[k] == _FINITE or goods.kind[k] == _RENEWABLE


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
    extracts = is_extractor(goods, k)
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
def plan_output(firm, goods, reference, macro, p, f, k, cost, unsold, sold):
    """Revise expected sales, planned output and capacity from the last day's sales."""
    margin = (reference - cost) / reference
    ratio = unsold / (firm.sales[f] + 1.0)
    firm.unsold[f] = ratio
    sales = firm.sales[f] + p.sales_memory * (sold - firm.sales[f])
    if ratio < 0.4 * p.stock_days and margin > 0.02:
        real_rate = macro[Macro.POLICY_RATE] - macro[Macro.EXPECTED_INFLATION]
        sales *= 1.0 + p.growth * (1.0 + 2.0 * min(1.0, margin)) * expansion_pace(real_rate)
    if margin < -0.05:
        sales *= 1.0 - p.shrink
    capacity = firm.capacity[f]
    sales = min(capacity, max(0.1 * capacity, sales))
    firm.sales[f] = sales
    if k == CO2:
        return
    if is_extractor(goods, k):
        response = tier_response(reference / cost, p.markup)
    else:
        response = markup_response(reference / cost, p.markup)
    wanted = sales * (1.0 + p.supply_elasticity * response)
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
    expected, jobless = macro[Macro.EXPECTED_INFLATION], macro[Macro.UNEMPLOYMENT]
    growth = wage_growth(expected, p.wage_slope, p.natural_unemployment, jobless) / _DAYS_PER_YEAR
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
        price = level_price(ask, level)
        slot = submit(venue, m, _ASK, price, part, row, _ORDER_LIFE, 0)
        count = keep(firm, venue, f, count, slot)
    return count


@spliced
def sell_quarters(venue, firm, f, row, ask, cost, lots):
    """Offer an extractor's `lots`: three quarters of a day's capacity, then the rest.

    cost: what the quarters' own costs are multiples of. Returns the number of own orders.
    """
    m = firm.market[f]
    quarter = int(firm.capacity[f] / TIERS_COUNT) + 1
    count = 0
    for level in range(TIERS_COUNT):
        if lots <= 0:
            break
        part = min(lots, quarter) if level < TIERS_COUNT - 1 else lots
        lots -= part
        price = tier_price(ask, cost, level)
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
def withdraw_all(venue, firm, f):
    """Cancel what is left of a firm's orders."""
    for z in range(_ORDERS_MAX):
        withdraw(venue, firm.slots[f, z], firm.generations[f, z])
        firm.slots[f, z] = -1


@spliced
def settle_cash(ledger, credit, day, macro, p, c, f, row, agents, cost, stock, solvent):
    """Borrow when short, repay and pay out when rich; `cost` of a day in minor units.

    The equity fund helps a solvent firm where its credit ends.
    """
    if ledger.cash[row] < 1.5 * cost:
        wanted = int(0.5 * cost)
        limit = credit_limit(stock, credit.earnings[f], c.collateral_share, c.earnings_days)
        got = take_loan(ledger, credit, c, f, row, agents, wanted, limit)
        if solvent and got < wanted:
            share = ledger.cash[agents + _FUND] // 50
            got = pay(ledger, agents + _FUND, row, min(wanted - got, share))
            day.counts[DayCount.RECAPITALIZED_FIRMS] += got
    elif ledger.cash[row] > 3.0 * cost:
        repay_loan(ledger, credit, f, row, credit.loan[f] // c.term_days + 1)
    buffer = int(p.buffer_days * cost + p.buffer_flat * macro[Macro.CPI])
    repay_loan(ledger, credit, f, row, ledger.cash[row] - buffer)
    excess = ledger.cash[row] - buffer
    if excess > 0:
        dividend = excess // p.dividend_share
        tax = dividend * p.tax_percent // 100
        pay(ledger, row, agents + _TREASURY, tax)
        pay(ledger, row, agents + _FUND, dividend - tax)


@spliced
def settle_day(venue, firm, staff, credit, price, goods, day, macro, p, c, f, row, m, input_cost):
    """Pay interest, then settle the cash; a firm in distress for too long fails and starts anew."""
    ledger, agents = venue.ledger, venue.agents
    cost = staff.workers[f] * staff.wage[f] + input_cost * firm.target[f]
    missing = pay_interest(ledger, credit, c, f, row, agents, macro[Macro.POLICY_RATE])
    stock = stock_value(ledger, goods, price, row, m)
    cash = np.float64(ledger.cash[row] + ledger.cash_held[row])
    equity = cash + stock - np.float64(credit.loan[f])
    if missing > 0 or is_insolvent(equity, cost, c.failure_bound):
        credit.distress[f] += 1
    else:
        credit.distress[f] = 0
    if credit.distress[f] >= c.failure_days:
        withdraw_all(venue, firm, f)
        seize(ledger, credit, goods, f, row, m, agents)
        refound(venue, firm, staff, credit, goods, macro, c, f, row, m, p.buffer_days,
                p.buffer_flat)  # fmt: skip
    else:
        settle_cash(ledger, credit, day, macro, p, c, f, row, agents, cost, stock, equity >= 0.0)


@spliced
def offer(venue, firm, goods, p, f, row, k, cost, reference):
    """Put the firm's stock on sale; returns the number of own orders."""
    lots = np.int64(venue.ledger.stock[row, firm.market[f]])
    offset = firm.offset[f]
    # A full store sells below cost; a permit's cost is its reserve price, which always holds.
    full = firm.unsold[f] > 3.0 * p.stock_days + 1.0
    if is_extractor(goods, k):
        ask = blended_price(reference, cost, p.markup, p.seller_weight, offset)
        if full:
            return sell_quarters(venue, firm, f, row, reference * exp(offset), 0.8 * cost, lots)
        return sell_quarters(venue, firm, f, row, ask, cost, lots)
    weight = 1.0 if k == CO2 else p.seller_weight
    ask = asking_price(reference, cost, p.markup, weight, offset)
    if full:
        floor = cost if k == CO2 else 0.8 * cost
        ask = max(floor, reference * exp(offset))
    return sell(venue, firm, p, f, row, ask, lots)


@spliced
def visit(venue, firm, staff, credit, price, resource, goods, day, macro, p, c, f, row):
    """One visit of one firm: withdraw, produce, plan, sell, buy, settle."""
    seed, step, ledger = venue.seed, venue.step, venue.ledger
    m = np.int64(firm.market[f])
    k = m % GOODS_COUNT
    firm.next_visit[f] = step + _VISIT_MIN + randint(_VISIT_SPAN, seed, step, f, _STREAM)
    producing = step >= firm.next_production[f]
    if producing:
        # A day on average and never at a fixed hour, or prices would repeat themselves daily.
        pause = randint(STEPS_PER_DAY + 1, seed, step, f, _STREAM + 3)
        firm.next_production[f] += STEPS_PER_DAY // 2 + pause
    withdraw_all(venue, firm, f)
    input_cost = input_cost_of(goods, price, k, m - k)
    scarcity = scarcity_level(resource.reserve[m], resource.base[m])
    rent = price_multiplier(scarcity, goods.max_multiplier[k], goods.importance[k])
    wage, skill = staff.wage[f], firm.productivity[f]
    cost = marginal_cost(goods.labour[k], skill, wage, rent, input_cost)
    if k == CO2:
        cost = p.carbon_reserve * goods.price[CO2] * macro[Macro.CPI]
    elif producing:
        price.cost[m] += 0.02 * (cost - price.cost[m])
        price.labour_cost[m] += 0.02 * (goods.labour[k] / skill * wage - price.labour_cost[m])
        price.input_cost[m] += 0.02 * (input_cost - price.input_cost[m])
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
        sold = max(0.0, firm.posted[f] - unsold)
        profit = sold * (reference - cost)
        credit.earnings[f] += c.earnings_memory * (profit - credit.earnings[f])
        plan_output(firm, goods, reference, macro, p, f, k, cost, float(unsold), sold)
        plan_staff(firm, staff, macro, p, f, goods.labour[k], margin)
        wanted = p.stock_days * (firm.sales[f] + 1.0)
        if ledger.stock[row, m] > 0:
            price.supply[m] += offered_flow(made, unsold, wanted)
            firm.posted[f] = ledger.stock[row, m]
    ratio = firm.unsold[f]
    push = p.offset_step * uniform(seed, step, f, _STREAM + 2)
    if ratio > 1.3 * p.stock_days:
        firm.offset[f] -= push
    elif ratio < 0.7 * p.stock_days:
        firm.offset[f] += push
    firm.offset[f] = clip(firm.offset[f] * 0.98, -0.06, 0.03)
    count = offer(venue, firm, goods, p, f, row, k, cost, reference)
    buy_inputs(venue, firm, price, goods, p, f, row, count, margin, producing)
    if producing:
        settle_day(
            venue, firm, staff, credit, price, goods, day, macro, p, c, f, row, m, input_cost
        )


@kernel
def visit_firms(venue, firm, staff, credit, price, resource, goods, day, macro, p, c, first_row):
    """Let every firm act whose visit is due, from a start that rotates by keyed hash.

    p: FirmParams; c: CreditParams. The bank's seized goods are offered before, every 40 steps.
    """
    if venue.phase == 0 and venue.step % SALE_STEPS == 0:
        sell_seized(venue, venue.ledger, price, c)
    count = firm.market.size
    start = randint(count, venue.seed, venue.step, _TURN, _ROTATION)
    for offset in range(count):
        f = start + offset
        if f >= count:
            f -= count
        if firm.next_visit[f] > venue.step or f % venue.phases != venue.phase:
            continue
        visit(
            venue, firm, staff, credit, price, resource, goods, day, macro, p, c, f, first_row + f
        )
