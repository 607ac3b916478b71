"""The bank: loans to firms, each matched by a claim; capital, losses, failed firms.

    money M = base money + bank money,   bank money = claims = loans + bad claims
    credit limit = collateral share * stock value + earnings days * daily earnings
    all claims <= capital / capital ratio,   loan rate = policy rate + spread

A loan credits the firm with money that did not exist and books an equal claim; a repayment destroys
both. Interest is paid out of existing money to the bank, and what the bank has beyond its capital
goes to the equity fund. A firm whose equity stays negative, or that cannot pay its interest, for
some days fails: cash and stock go to the bank, the rest of the claim is written off against the
bank's capital (then against its owner, the equity fund), workers are laid off, and the fund founds
a smaller firm on the same row. Seized goods are sold on the books like any others. Simplified: one
bank, households do not borrow, deposits bear no interest, seized goods are worth nothing until
sold.

Source: M. McLeay, A. Radia, R. Thomas 2014 (loans make deposits); A. Caiani et al. 2016 (matched
balance sheets, bankruptcy at the creditor's cost); S. Gualdi et al. 2015 (re-founding of firms).
"""

import math

import numpy as np

from economy_engine.book.columns import Side
from economy_engine.fmath import exp, normal
from economy_engine.goods import CO2, GOODS_COUNT
from economy_engine.jit import kernel, spliced
from economy_engine.ledger.columns import Issued
from economy_engine.ledger.kernels import create_credit, destroy_credit
from economy_engine.params import DAYS_PER_YEAR
from economy_engine.rng import Stream, uniform
from economy_engine.systems.columns import SITES_LISTED, CreditTotal, Institution, Macro
from economy_engine.systems.venue import lend, pay, submit

_BANK, _FUND = np.int64(Institution.BANK), np.int64(Institution.FUND)
_CREDIT = np.int64(Issued.CREDIT)
_LOANS, _BAD = np.int64(CreditTotal.LOANS), np.int64(CreditTotal.BAD)
_SITES, _ASK = np.int64(CreditTotal.SITES), np.int64(Side.ASK)
_SKILL = np.int64(Stream.FIRM + 14)
_SKILL_SPREAD = 0.12
_FUND_SHARE = 50  # the fund gives at most a fiftieth of its cash at a time
SALE_STEPS = np.int64(40)  # seized goods are offered anew this often


@kernel
def loan_rate(policy_rate: float, spread: float) -> float:
    """Return the rate of a loan per year, never below the spread."""
    return max(0.0, policy_rate) + spread


@kernel
def daily_interest(loan: int, rate: float) -> int:
    """Return one day's interest in minor units; the fraction stays with the debtor.

    >>> daily_interest(360_000, 0.07)
    70
    """
    return int(loan * rate / DAYS_PER_YEAR)


@kernel
def credit_limit(
    collateral: float, earnings: float, collateral_share: float, earnings_days: float
) -> float:
    """Return the largest loan (minor units) for a stock's value and a mean daily profit."""
    return collateral_share * collateral + earnings_days * max(0.0, earnings)


@kernel
def lending_room(capital: float, claims: float, ratio: float) -> float:
    """Return what the bank may still lend so that capital / claims stays at `ratio` or above.

    >>> lending_room(100.0, 250.0, 0.25)
    150.0
    """
    return max(0.0, capital / ratio - claims)


@kernel
def is_insolvent(equity: float, cost: float, bound_days: float) -> bool:
    """Return whether equity is below zero by more than `bound_days` days of cost."""
    return equity < -bound_days * cost


@kernel
def capital_wanted(claims: float, aim: float, floor: float) -> float:
    """Return the capital the bank keeps before it pays out profit, minor units."""
    return max(floor, aim * claims)


@spliced
def stock_value(ledger, goods, price, row, m):
    """Return the value at mid prices of a firm's output and inputs, held lots included."""
    k = m % GOODS_COUNT
    lots = np.int64(ledger.stock[row, m]) + ledger.stock_held[row, m]
    total = lots * price.mid[m]
    for q in range(GOODS_COUNT):
        if goods.inputs[k, q] > 0.0 and q != k:
            other = m - k + q
            lots = np.int64(ledger.stock[row, other]) + ledger.stock_held[row, other]
            total += lots * price.mid[other]
    return total


@spliced
def take_loan(ledger, credit, p, f, row, agents, wanted, limit):
    """Lend a firm up to `wanted` within its limit and the bank's capital; returns the loan."""
    capital = np.float64(ledger.cash[agents + _BANK] - credit.totals[_BAD])
    room = lending_room(capital, np.float64(ledger.issued[_CREDIT]), p.capital_ratio)
    amount = min(np.int64(wanted), np.int64(limit) - credit.loan[f], np.int64(room))
    if amount <= 0:
        return np.int64(0)
    if create_credit(ledger, np.int64(row), amount) != 0:
        return np.int64(0)
    credit.loan[f] += amount
    credit.totals[_LOANS] += amount
    credit.totals[CreditTotal.LENT] += amount
    return amount


@spliced
def repay_loan(ledger, credit, f, row, wanted):
    """Destroy up to `wanted` of a firm's free cash and as much of its loan; returns the sum."""
    amount = min(np.int64(wanted), credit.loan[f], ledger.cash[row])
    if amount <= 0:
        return np.int64(0)
    destroy_credit(ledger, np.int64(row), amount)
    credit.loan[f] -= amount
    credit.totals[_LOANS] -= amount
    credit.totals[CreditTotal.REPAID] += amount
    return amount


@spliced
def pay_interest(ledger, credit, p, f, row, agents, policy_rate):
    """Pay one day's interest to the bank; returns what the firm could not pay."""
    due = daily_interest(credit.loan[f], loan_rate(policy_rate, p.spread))
    paid = pay(ledger, row, agents + _BANK, due)
    credit.totals[CreditTotal.INTEREST] += paid
    return due - paid


@kernel
def cover_losses(ledger, credit, agents):
    """End bad claims with the bank's cash, then with the fund's; what is left stays booked."""
    for source in (_BANK, _FUND):
        bad = credit.totals[_BAD]
        if bad <= 0:
            return
        available = ledger.cash[agents + source]
        if source == _FUND:
            available //= _FUND_SHARE
        amount = min(bad, available)
        if amount > 0 and destroy_credit(ledger, agents + source, amount) == 0:
            credit.totals[_BAD] -= amount


@spliced
def seize(ledger, credit, goods, f, row, m, agents):
    """Take cash, then all stock of a firm for its loan, and write off the rest."""
    repay_loan(ledger, credit, f, row, credit.loan[f])
    rest = credit.loan[f]
    if rest <= 0:
        return
    k = m % GOODS_COUNT
    for q in range(GOODS_COUNT):
        if q == k or goods.inputs[k, q] > 0.0:
            lots = ledger.stock[row, m - k + q]
            lend(ledger, row, agents + _BANK, m - k + q, lots)
    credit.loan[f] = 0
    credit.totals[_LOANS] -= rest
    credit.totals[_BAD] += rest
    credit.totals[CreditTotal.WRITTEN_OFF] += rest
    cover_losses(ledger, credit, agents)


@spliced
def list_site(credit, f, m, step, capacity):
    """Enter capacity that nobody runs any more in the list of sites, the oldest gives way."""
    place = credit.totals[_SITES] % SITES_LISTED
    credit.sites[place]["step"] = step
    credit.sites[place]["firm"] = f
    credit.sites[place]["market"] = m
    credit.sites[place]["capacity"] = capacity
    credit.totals[_SITES] += 1


@spliced
def refound(venue, firm, staff, credit, goods, macro, p, f, row, m, buffer_days, buffer_flat):
    """Let the fund found a smaller firm on the row: new skill, mean wage, start capital."""
    k = m % GOODS_COUNT
    u = uniform(venue.seed, venue.step, f, _SKILL)
    before = firm.capacity[f]
    if k != CO2:
        firm.capacity[f] = max(1.0, p.refound_size * before)
        firm.productivity[f] = exp(_SKILL_SPREAD * normal(u))
    size = firm.capacity[f] / before
    list_site(credit, f, m, venue.step, max(0.0, before - firm.capacity[f]))
    firm.sales[f] = min(firm.capacity[f], size * firm.sales[f])
    firm.target[f] = min(firm.capacity[f], size * firm.target[f])
    firm.posted[f] = 0.0
    firm.offset[f] = 0.0
    staff.layoffs[f] = staff.workers[f]
    staff.vacancies[f] = 0
    staff.wage[f] = macro[Macro.MEAN_WAGE]
    credit.distress[f] = 0
    credit.earnings[f] = 0.0
    credit.failures[f] += 1
    credit.totals[CreditTotal.FAILURES] += 1
    workers = math.ceil(firm.target[f] * goods.labour[k] / firm.productivity[f])
    capital = buffer_days * workers * staff.wage[f] + buffer_flat * macro[Macro.CPI]
    share = venue.ledger.cash[venue.agents + _FUND] // _FUND_SHARE
    pay(venue.ledger, venue.agents + _FUND, row, min(np.int64(capital), share))


@spliced
def sell_seized(venue, ledger, price, p):
    """Offer the bank's seized goods a little below the reference price, a few at a time."""
    bank = venue.agents + _BANK
    for m in range(price.mid.size):
        lots = np.int64(ledger.stock[bank, m])
        if lots > 0:
            part = np.int64(p.sale_share * price.daily_volume[m]) + 1
            ask = price.reference[m] * (1.0 - p.sale_discount)
            submit(venue, m, _ASK, ask, min(lots, part), bank, SALE_STEPS - 1, 0)


@kernel
def close_bank(ledger, credit, macro, p, households, agents):
    """End the bank's day: cover losses, ask its owner for capital, or pay out the profit."""
    cover_losses(ledger, credit, agents)
    bank, fund = agents + _BANK, agents + _FUND
    floor = p.capital_per_household * households * macro[Macro.CPI]
    claims = np.float64(ledger.issued[_CREDIT])
    wanted = capital_wanted(claims, p.capital_aim, floor)
    capital = np.float64(ledger.cash[bank] - credit.totals[_BAD])
    if capital > wanted:
        paid = pay(ledger, bank, fund, np.int64(capital - wanted))
        credit.totals[CreditTotal.PROFIT] += paid
    elif capital < 0.5 * wanted:
        share = ledger.cash[fund] // _FUND_SHARE
        pay(ledger, fund, bank, min(np.int64(0.5 * wanted - capital), share))
