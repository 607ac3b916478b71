"""Monetary policy: prices, jobs and money of the day, the policy rate, issuance.

    MV = PY                                             (velocity V is published)
    Inflation Rate = Base Rate + Money Supply Growth + Velocity Change + Demand Pressure
                   + Behavioral Factors
    i = r* + p + .5 (p - p*) + .5 gap                   (Taylor rule)

The rule targets core inflation over 90 days with means of 30 days at both ends, since single days
are too noisy; it meets every 7 days and moves a quarter of the way. Above 10 % inflation the rate
is raised further and money is destroyed; below the trigger money is issued as a universal dividend
(quantitative easing). The Phillips curve is the wage rule of the producers. M is base money and the
bank's (`credit`); policy acts on base money alone. Simplified: no bonds, no reserve requirement.

Source: the seed (sum, interventions); I. Fisher 1911, J. Taylor 1993, A. Okun 1962; set P3.
"""

import numpy as np

from economy_engine.fmath import clip, log
from economy_engine.goods import CONSUMED, ENRG, GOODS_COUNT
from economy_engine.jit import kernel, spliced
from economy_engine.ledger.columns import CASH, ISSUER, Issued
from economy_engine.ledger.kernels import money_supply, transfer
from economy_engine.params import DAYS_PER_YEAR
from economy_engine.systems.columns import (
    HISTORY_DAYS,
    DayCount,
    History,
    Institution,
    Macro,
)
from economy_engine.systems.venue import pay

_TREASURY, _FUND = np.int64(Institution.TREASURY), np.int64(Institution.FUND)
_FEES = np.int64(Institution.FEES)
_CORE, _CPI = np.int64(History.CORE), np.int64(History.CPI)
_MONEY, _GDP = np.int64(History.MONEY), np.int64(History.GDP)
_ENERGY = ENRG
_CASH, _ISSUER = np.int64(CASH), np.int64(ISSUER)
_DESTROYED = np.int64(Issued.DESTROYED)
_YEAR = float(DAYS_PER_YEAR)
_WINDOW_MIN = 10  # days of statistics before the first policy figures
_SHORT_WINDOW = 30  # days
_EXPECTATION_PACE = 0.05


@kernel
def velocity(nominal_output_per_year, money):
    """Return V of MV = PY, turns per year; 0 without money."""
    if money <= 0.0:
        return 0.0
    return nominal_output_per_year / money


@kernel
def price_level(money, turns, real_output):
    """Return P of MV = PY; 0 without output."""
    if real_output <= 0.0:
        return 0.0
    return money * turns / real_output


@kernel
def output_gap(unemployment, natural, okun):
    """Return the gap by Okun's law: positive when fewer than the natural rate are jobless."""
    return okun * (natural - unemployment)


@kernel
def inflation_sum(base, money_growth, velocity_change, demand_pressure, behavioral):
    """Return the seed's Inflation Rate per year: the plain sum of its five terms."""
    return base + money_growth + velocity_change + demand_pressure + behavioral


@spliced
def inflation_terms(money_growth, velocity_growth, gap, sentiment, fear, greed, target):
    """Return the four terms after the base: money, velocity, demand, behavior (per year)."""
    money = 0.25 * clip(money_growth - target, -0.2, 0.2)
    turnover = 0.05 * clip(velocity_growth, -0.5, 0.5)
    demand = 0.1 * gap
    behavior = 0.02 * (sentiment - 0.5) + 0.02 * (greed - fear)
    return money, turnover, demand, behavior


@kernel
def taylor_rate(inflation, target, gap, neutral, tightening_at, rate_max):
    """Return the rate that Taylor's rule asks for, with the seed's tightening, in 0..rate_max."""
    rate = neutral + inflation + 0.5 * (inflation - target) + 0.5 * gap
    if inflation > tightening_at:
        rate += 0.5 * (inflation - tightening_at)
    return clip(rate, 0.0, rate_max)


@spliced
def easing_issue(inflation, unemployment, p):
    """Return quantitative easing as a share of money per year; 0 when it is not called for."""
    weak = inflation < 0.04 and unemployment > 0.08
    if not weak and inflation >= p.easing_trigger:
        return 0.0
    issue = p.easing_inflation * max(0.0, p.inflation_target - inflation)
    issue += p.easing_unemployment * max(0.0, unemployment - p.natural_unemployment)
    return min(p.easing_max, issue)


@kernel
def tightening_share(inflation, tightening_at, pace):
    """Return the seed's automatic tightening: money destroyed as a share of money per year."""
    return pace if inflation > tightening_at else 0.0


@spliced
def basket_index(vwap, goods, core):
    """Return a Laspeyres index of the basket, 1 at base prices; `core` leaves energy out.

    Regions have the same number of households, to within one, so every region's basket has the
    same weight: the mean over the population.
    """
    cost, base = 0.0, 0.0
    for m in range(vwap.size):
        k = m % GOODS_COUNT
        if goods.basket[k] > 0.0 and not (core and k == _ENERGY):
            cost += goods.basket[k] * vwap[m]
            base += goods.basket[k] * goods.price[k]
    return cost / base


@kernel
def close_prices(price, goods, macro):
    """Take the day's VWAPs and the price indices from them."""
    for m in range(price.vwap.size):
        if price.day_quantity[m] > 0:
            value = np.float64(price.day_value[m])
            price.vwap[m] = value / np.float64(price.day_quantity[m])
        price.day_value[m] = 0
        price.day_quantity[m] = 0
    macro[Macro.CPI] = basket_index(price.vwap, goods, False)
    macro[Macro.CORE] = basket_index(price.vwap, goods, True)


@kernel
def close_labor(household, staff, macro, firms):
    """Count the jobless and take the mean wage of the first `firms` employers, by workers.

    The others are participants' sites: a wage that its owner only promises moves no mean.
    """
    employed = 0
    for h in range(household.employer.size):
        if household.employer[h] >= 0:
            employed += 1
    macro[Macro.UNEMPLOYMENT] = 1.0 - employed / household.employer.size
    wages, workers = 0.0, 0
    for f in range(firms):
        wages += staff.wage[f] * staff.workers[f]
        workers += staff.workers[f]
    if workers > 0:
        macro[Macro.MEAN_WAGE] = wages / workers


@kernel
def close_accounts(ledger, day, macro, day_number):
    """Record output, money and prices of the day in the rings of past days."""
    counts = day.counts
    output = counts[DayCount.OUTPUT_VALUE] - counts[DayCount.INPUT_VALUE]
    money = np.float64(money_supply(ledger))
    macro[Macro.GDP] = output
    macro[Macro.REAL_GDP] = counts[DayCount.REAL_OUTPUT]
    macro[Macro.MONEY] = money
    macro[Macro.VELOCITY] = velocity(output * _YEAR, money)
    place = day_number % HISTORY_DAYS
    day.history[_CORE, place] = macro[Macro.CORE]
    day.history[_CPI, place] = macro[Macro.CPI]
    day.history[_MONEY, place] = money
    day.history[_GDP, place] = output


@spliced
def window_mean(history, row, last_day, days):
    """Return the sum over `days` days that end at `last_day`, in order from the newest."""
    total = 0.0
    for back in range(days):
        total += history[row, (last_day - back) % HISTORY_DAYS]
    return total


@spliced
def policy_inflation(history, day_number, p):
    """Return core inflation per year over 90 days, means of 30 days at both ends.

    While fewer days exist, shorter windows are padded with the target.
    """
    known = day_number - p.first_day
    ends = max(1, min(p.smoothing_days, known // 2))
    span = min(p.window_days, known - ends + 1)
    late = window_mean(history, _CORE, day_number, ends)
    early = window_mean(history, _CORE, day_number - span, ends)
    padding = p.inflation_target * (p.window_days - span) / _YEAR
    return (log(late / early) + padding) * _YEAR / p.window_days


@spliced
def velocity_growth(history, day_number, half):
    """Return the change of velocity between the halves of a window, per year."""
    late, early = 0.0, 0.0
    for back in range(half):
        now = (day_number - back) % HISTORY_DAYS
        before = (day_number - half - back) % HISTORY_DAYS
        late += history[_GDP, now] / history[_MONEY, now]
        early += history[_GDP, before] / history[_MONEY, before]
    return log(max(late, 1e-9) / max(early, 1e-9)) * _YEAR / half


@kernel
def update_figures(day, macro, config, p, day_number):
    """Take inflation, the seed's sum and expectations; nothing before the start-up is over."""
    known = day_number - p.first_day
    if known <= _WINDOW_MIN:
        return False
    window = min(_SHORT_WINDOW, known)
    macro[Macro.POLICY_INFLATION] = policy_inflation(day.history, day_number, p)
    macro[Macro.UNEMPLOYMENT_MEAN] += 0.05 * (
        macro[Macro.UNEMPLOYMENT] - macro[Macro.UNEMPLOYMENT_MEAN]
    )
    before = (day_number - window) % HISTORY_DAYS
    growth = log(macro[Macro.MONEY] / day.history[_MONEY, before]) * _YEAR / window
    macro[Macro.MONEY_GROWTH] = growth
    macro[Macro.VELOCITY_CHANGE] = velocity_growth(day.history, day_number, window // 2)
    prices = log(macro[Macro.CPI] / day.history[_CPI, before])
    macro[Macro.INFLATION] = prices * _YEAR / window
    gap = output_gap(macro[Macro.UNEMPLOYMENT_MEAN], p.natural_unemployment, p.okun)
    macro[Macro.GAP] = gap
    money, turnover, demand, behavior = inflation_terms(
        growth,
        macro[Macro.VELOCITY_CHANGE],
        gap,
        macro[Macro.SENTIMENT],
        macro[Macro.FEAR],
        macro[Macro.GREED],
        p.inflation_target,
    )
    total = inflation_sum(config.base_inflation_rate, money, turnover, demand, behavior)
    macro[Macro.SEED_INFLATION] = total
    seen = 0.2 * clip(macro[Macro.POLICY_INFLATION], -0.1, 0.3)
    expected = 0.5 * total + 0.3 * p.inflation_target + seen
    macro[Macro.EXPECTED_INFLATION] += _EXPECTATION_PACE * (
        expected - macro[Macro.EXPECTED_INFLATION]
    )
    return True


@kernel
def meet(macro, p, day_number):
    """Hold the policy meeting if one is due; returns True when it was held."""
    if day_number % p.meeting_days != 0:
        return False
    target = p.inflation_target
    inflation = p.core_weight * macro[Macro.POLICY_INFLATION]
    inflation += (1.0 - p.core_weight) * macro[Macro.SEED_INFLATION]
    rate = taylor_rate(inflation, target, macro[Macro.GAP], target, p.tightening_at, p.rate_max)
    macro[Macro.POLICY_RATE] += p.adjustment * (rate - macro[Macro.POLICY_RATE])
    return True


@kernel
def hold_rate(macro, day_number):
    """Keep a rate that was set by command while its term runs."""
    if np.float64(day_number) <= macro[Macro.HELD_UNTIL_DAY]:
        macro[Macro.POLICY_RATE] = macro[Macro.PINNED_RATE]


@kernel
def issue_money(ledger, day, macro, p, day_number, agents):
    """Issue the day's money to the treasury, destroy what tightening asks for; returns the net.

    What is destroyed is taken from the treasury's balance, so its spending shrinks one for one.
    """
    treasury = np.int64(agents + _TREASURY)
    share = macro[Macro.EXTRA_ISSUE]
    if day_number > p.first_day:
        mean = macro[Macro.UNEMPLOYMENT_MEAN]
        share += easing_issue(macro[Macro.POLICY_INFLATION], mean, p) / _YEAR
    amount = np.int64(macro[Macro.MONEY] * (p.money_growth / _YEAR + share))
    destroyed = max(np.int64(0), -amount)
    issued = max(np.int64(0), amount)
    if day_number > p.first_day + _WINDOW_MIN:
        burn = tightening_share(macro[Macro.POLICY_INFLATION], p.tightening_at, p.tightening_pace)
        destroyed += np.int64(macro[Macro.MONEY] * burn / _YEAR)
    transfer(ledger, _ISSUER, treasury, _CASH, issued)
    destroyed = pay_back(ledger, treasury, destroyed)
    ledger.issued[_DESTROYED] += destroyed
    day.counts[DayCount.ISSUED] += issued - destroyed
    return issued - destroyed


@spliced
def pay_back(ledger, row, amount):
    """Destroy up to `amount` of a row's free cash; returns what was destroyed."""
    destroyed = min(np.int64(amount), ledger.cash[row])
    transfer(ledger, np.int64(row), _ISSUER, _CASH, destroyed)
    return destroyed


@kernel
def set_dividends(ledger, macro, p, agents):
    """Sweep the fees into the treasury and fix tomorrow's dividend per fund share."""
    pay(ledger, agents + _FEES, agents + _TREASURY, ledger.cash[agents + _FEES])
    fund = np.float64(ledger.cash[agents + _FUND])
    macro[Macro.DIVIDEND] = p.spending * fund / macro[Macro.SHARES]


@kernel
def set_universal_dividend(ledger, household, macro, p, agents):
    """Spend a fifth of what the treasury has beyond its share of money, per head and day."""
    treasury = np.float64(ledger.cash[agents + _TREASURY])
    excess = treasury - p.treasury_share * macro[Macro.MONEY]
    macro[Macro.UNIVERSAL_DIVIDEND] = max(0.0, p.spending * excess / household.employer.size)


@kernel
def list_wealth(ledger, household, agent, price, wealth):
    """Write every household's cash and goods (minor units) to `wealth`, float64[H]."""
    for h in range(household.employer.size):
        total = np.float64(ledger.cash[h])
        first = agent.home[h] // GOODS_COUNT * GOODS_COUNT
        for good in CONSUMED:
            total += ledger.stock[h, first + good] * price.mid[first + good]
        wealth[h] = total


@kernel
def wealth_figures(macro, wealth):
    """Take median, Gini and top share of household wealth out of a sorted float64[H]."""
    households = wealth.size
    weighted, total, top = 0.0, 0.0, 0.0
    first_rich = households - households // 100
    for h in range(households):
        weighted += (2.0 * h + 1.0 - households) * wealth[h]
        total += wealth[h]
        if h >= first_rich:
            top += wealth[h]
    macro[Macro.MEDIAN_WEALTH] = wealth[households // 2]
    macro[Macro.GINI] = weighted / (households * total)
    macro[Macro.TOP_SHARE] = top / total
