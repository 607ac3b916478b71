"""Households: paid, taxed, fed and shopping once a day, a 240th of them in each step.

Demand is the linear expenditure system (utility maximization with subsistence): `q = gamma +
beta * (B - sum gamma p) / p` at reference prices, where the budget B is a propensity times income
plus a part of the cash beyond a target. It works and buys in its own region. Patient households,
one in eight, bid at rest below the mid; what is not filled within the day they buy with the next
day's marketable part. Simplified: one basket for all, no credit, no moving.

Source: R. Stone 1954 and R. Geary 1950 (demand system), set P3 (cash target, wealth tax).
"""

import numpy as np

from economy_engine.book.columns import Side
from economy_engine.fmath import clip
from economy_engine.goods import CONSUMED, GOODS_COUNT
from economy_engine.jit import kernel, spliced
from economy_engine.ledger.columns import AccountFlag
from economy_engine.params import DAYS_PER_YEAR, PATIENT_EVERY, STEPS_PER_DAY
from economy_engine.rng import Stream, randint, stochastic_round, uniform
from economy_engine.systems.columns import DayCount, Institution, Macro
from economy_engine.systems.supply_demand import consumer_surplus
from economy_engine.systems.venue import pay, submit, unfilled, use, withdraw
from economy_engine.units import level_near

_STREAM = np.int64(Stream.HOUSEHOLD)
_SPEND = np.int64(Stream.HOUSEHOLD_SPEND)
_LABOR = np.int64(Stream.LABOR)
_ROTATION = np.int64(Stream.ROTATION)
_TURN = np.int64(1)  # index of this kind in the rotation
_BID = np.int64(Side.BID)
_TREASURY, _FUND = np.int64(Institution.TREASURY), np.int64(Institution.FUND)
_DEBITS_FROZEN = np.uint16(AccountFlag.DEBITS_FROZEN)
_REST_LIFE = STEPS_PER_DAY + 1  # until the next day's visit takes the bid back
_CHOKE_PRICES = 5.0  # the demand curve is integrated up to this many times the price
_TAXED_MEDIANS, _TAXED_MEDIANS_TOP = 5.0, 20.0


@kernel
def spending_propensity(real_rate, sentiment, rate_effect, sentiment_effect):
    """Return the share of income that is spent, .6 to 1.3; `real_rate` in excess of 2 %."""
    propensity = 1.0 - rate_effect * real_rate
    return clip(propensity * (1.0 + sentiment_effect * (sentiment - 0.5)), 0.6, 1.3)


@kernel
def expenditure_demand(subsistence, share, price, surplus_budget, scale):
    """Return the lots that the expenditure system asks for."""
    return subsistence * scale + share * surplus_budget / price


@kernel
def wealth_tax(wealth, median, rate, rate_top):
    """Return the tax of one day on `wealth` (minor units): two brackets over the median."""
    if wealth <= _TAXED_MEDIANS * median:
        return 0.0
    tax = rate / DAYS_PER_YEAR * (wealth - _TAXED_MEDIANS * median)
    if wealth > _TAXED_MEDIANS_TOP * median:
        tax += rate_top / DAYS_PER_YEAR * (wealth - _TAXED_MEDIANS_TOP * median)
    return tax


@spliced
def work(venue, household, staff, macro, day, p, h, first, firms_all, sites):
    """Pay the wage, or look for a job in the own region; returns the net income (minor units).

    An employer is a firm or a participant's site; who cannot pay loses the worker. first: first
    market of the region; firms_all: firms of all regions; sites: places of sites in use.
    """
    ledger = venue.ledger
    treasury = venue.agents + _TREASURY
    employer = household.employer[h]
    had_job = employer >= 0
    income = 0
    if had_job:
        wage = int(staff.wage[employer])
        payer = staff.payer[employer]
        if staff.layoffs[employer] > 0:
            staff.layoffs[employer] -= 1
            staff.workers[employer] -= 1
            household.employer[h] = -1
        elif ledger.cash[payer] >= wage and ledger.flags[payer] & _DEBITS_FROZEN == 0:
            tax = wage * p.tax_percent // 100
            income += pay(ledger, payer, h, wage - tax)
            pay(ledger, payer, treasury, tax)
            day.counts[DayCount.WAGES] += wage
        else:
            staff.workers[employer] -= 1
            household.employer[h] = -1
    if household.employer[h] >= 0:
        return income
    best = -1
    regions = venue.book.market.size // GOODS_COUNT
    region = first // GOODS_COUNT
    begin = region * firms_all // regions
    firms = (region + 1) * firms_all // regions - begin
    for z in range(p.vacancies_seen):
        draw = randint(firms + sites, venue.seed, venue.step, h, _LABOR + z)
        if draw < firms:
            f = begin + draw
        else:
            f = firms_all + draw - firms
            if staff.region[f] != region:
                continue
            if staff.payer[f] >= 0 and ledger.cash[staff.payer[f]] < staff.wage[f]:
                continue  # who cannot pay a day hires nobody by the promise
        if staff.vacancies[f] > 0 and (best < 0 or staff.wage[f] > staff.wage[best]):
            best = f
    if best >= 0:
        household.employer[h] = best
        staff.vacancies[best] -= 1
        staff.workers[best] += 1
    elif not had_job:
        benefit = pay(ledger, treasury, h, int(p.benefit_share * macro[Macro.MEAN_WAGE]))
        day.counts[DayCount.BENEFITS] += benefit
        income += benefit
    return income


@spliced
def tax_wealth(venue, household, price, macro, day, p, h, first):
    """Collect the daily wealth tax, at most a quarter of the free cash."""
    ledger = venue.ledger
    fund = np.float64(ledger.cash[venue.agents + _FUND])
    wealth = np.float64(ledger.cash[h])
    wealth += household.shares[h] * fund / macro[Macro.SHARES]
    for good in CONSUMED:
        wealth += ledger.stock[h, first + good] * price.reference[first + good]
    tax = int(wealth_tax(wealth, macro[Macro.MEDIAN_WEALTH], p.wealth_tax, p.wealth_tax_top))
    tax = min(tax, ledger.cash[h] // 4)
    day.counts[DayCount.WEALTH_TAX] += pay(ledger, h, venue.agents + _TREASURY, tax)


@spliced
def consume(venue, agent, goods, day, p, h, first):
    """Use up goods at home; what is missing for subsistence raises fear."""
    ledger = venue.ledger
    missing = 0.0
    for z in range(len(CONSUMED)):
        good = CONSUMED[z]
        u = uniform(venue.seed, venue.step, h, _STREAM + z)
        need = stochastic_round(goods.subsistence[good], u)
        stock = np.int64(ledger.stock[h, first + good])
        used = max(min(stock, 3 * need + 6), int(p.stock_use * stock))
        if stock < need:
            missing += 0.25
        use(ledger, h, first + good, used)
        day.consumed[first + good] += used
    if missing > 0.0:
        agent.fear[h] = min(1.0, np.float64(agent.fear[h]) + 0.05 * missing)
        day.counts[DayCount.SHORTAGE] += missing


@spliced
def budget(cash, income, sentiment, macro, p):
    """Return the money for one day of shopping (float64, minor units)."""
    real_rate = macro[Macro.POLICY_RATE] - macro[Macro.EXPECTED_INFLATION] - 0.02
    propensity = spending_propensity(real_rate, sentiment, p.rate_effect, p.sentiment_effect)
    rich = clip(income / (macro[Macro.CPI] * p.basket_cost), 1.0, p.rich_max)
    gap = cash - p.cash_days * income * rich
    return clip(propensity * income + p.cash_gap * gap, 0.0, 0.9 * cash)


@spliced
def patient_place(h):
    """Return where the resting bids of household h are kept, or -1: it never lets one rest."""
    day_row = h // STEPS_PER_DAY
    if day_row % PATIENT_EVERY != 0:
        return -1
    return day_row // PATIENT_EVERY * STEPS_PER_DAY + h % STEPS_PER_DAY


@spliced
def end_bids(venue, resting, place):
    """Take yesterday's resting bids back; remember the lots that they did not get."""
    for z in range(len(CONSUMED)):
        slot = resting.household_slot[place, z]
        generation = resting.household_generation[place, z]
        resting.household_late[place, z] = unfilled(venue, slot, generation)
        withdraw(venue, slot, generation)
        resting.household_slot[place, z] = -1


@spliced
def bid(venue, day, good, limit, lots, life, h):
    """Place a bid and count what is bought at once below its limit: the realized surplus."""
    ledger = venue.ledger
    stock = np.int64(ledger.stock[h, good])
    cash = ledger.cash[h] + ledger.cash_held[h]
    submit(venue, good, _BID, limit, lots, h, life, 0)
    bought = ledger.stock[h, good] - stock
    if bought > 0:
        increment = venue.book.market[good]["price_increment"]
        worth = bought * level_near(limit, increment, venue.levels) * increment
        paid = cash - ledger.cash[h] - ledger.cash_held[h]
        day.consumer_surplus[good] += np.float64(worth - paid)


@spliced
def place_bids(venue, resting, price, day, p, h, place, z, good, lots):
    """Bid for `lots` of a good; if patient for a part at rest, and for yesterday's late lots."""
    seed, step = venue.seed, venue.step
    patient, late = np.int64(0), np.int64(0)
    if place >= 0:
        u = uniform(seed, step, h, _SPEND + 8 + z)
        patient = stochastic_round(p.resting_share * lots, u)
        late = np.int64(resting.household_late[place, z])
    at_once = lots - patient + late
    if at_once > 0:
        u = uniform(seed, step, h, _SPEND + 4 + z)
        limit = price.reference[good] * (1.0 + p.slip * (0.3 + 0.7 * u))
        bid(venue, day, good, limit, at_once, p.bid_life, h)
    if patient > 0:
        u = uniform(seed, step, h, _SPEND + 12 + z)
        below = p.resting_near + (p.resting_far - p.resting_near) * u
        slot = submit(venue, good, _BID, price.mid[good] * (1.0 - below), patient, h, _REST_LIFE, 0)
        resting.household_slot[place, z] = slot
        if slot >= 0:
            resting.household_generation[place, z] = venue.book.orders[slot]["generation"]


@spliced
def shop(venue, household, resting, agent, price, goods, macro, day, p, h, first):
    """Bid for the basket that the expenditure system asks for; yesterday's bids end."""
    place = patient_place(h)
    if place >= 0:
        end_bids(venue, resting, place)
    cash = np.float64(venue.ledger.cash[h])
    sentiment = np.float64(agent.sentiment[h])
    money = budget(cash, household.income[h], sentiment, macro, p)
    needs = 0.0
    for good in CONSUMED:
        needs += goods.subsistence[good] * price.reference[first + good]
    scale = 1.0
    surplus = money - needs
    if surplus < 0.0:
        scale = money / needs
        surplus = 0.0
    for z in range(len(CONSUMED)):
        good = CONSUMED[z]
        reference = price.reference[first + good]
        wanted = expenditure_demand(
            goods.subsistence[good], goods.budget_share[good], reference, surplus, scale
        )
        day.model_surplus[first + good] += consumer_surplus(
            goods.subsistence[good] * scale,
            goods.budget_share[good],
            surplus,
            reference,
            _CHOKE_PRICES * reference,
        )
        lots = stochastic_round(wanted, uniform(venue.seed, venue.step, h, _SPEND + z))
        price.demand[first + good] += max(0, lots)
        place_bids(venue, resting, price, day, p, h, place, z, first + good, max(0, lots))


@spliced
def live(venue, household, resting, agent, staff, price, goods, day, macro, p, h, firms_all, sites):
    """One day of one household at home: work, dividends, tax, meal, shopping, in this order."""
    ledger = venue.ledger
    first = np.int64(agent.home[h]) // GOODS_COUNT * GOODS_COUNT
    income = work(venue, household, staff, macro, day, p, h, first, firms_all, sites)
    share = int(household.shares[h] * macro[Macro.DIVIDEND])
    income += pay(ledger, venue.agents + _FUND, h, share)
    universal = int(macro[Macro.UNIVERSAL_DIVIDEND])
    income += pay(ledger, venue.agents + _TREASURY, h, universal)
    tax_wealth(venue, household, price, macro, day, p, h, first)
    household.income[h] += p.income_memory * (income - household.income[h])
    consume(venue, agent, goods, day, p, h, first)
    shop(venue, household, resting, agent, price, goods, macro, day, p, h, first)


@kernel
def live_households(
    venue, household, resting, agent, staff, price, goods, day, macro, p, firms_all, sites
):
    """Let the households of this step's slice live, from a start that rotates by keyed hash.

    firms_all: how many AI firms there are; sites: how many places of participants' sites.
    """
    first = venue.step % STEPS_PER_DAY
    households = household.income.size
    count = (households - first + STEPS_PER_DAY - 1) // STEPS_PER_DAY
    if count <= 0:
        return
    start = randint(count, venue.seed, venue.step, _TURN, _ROTATION)
    for offset in range(count):
        place = start + offset
        if place >= count:
            place -= count
        if place % venue.phases != venue.phase:
            continue
        h = first + place * STEPS_PER_DAY
        live(
            venue, household, resting, agent, staff, price, goods, day, macro, p, h, firms_all,
            sites,
        )  # fmt: skip
