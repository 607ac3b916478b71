"""Column tuples of the systems: which arrays a kernel reads and writes, by domain word.

Shapes: M markets, N AI agents, H households, F firms, T traders, G desks per market, K makers.
Float columns are float64 unless a comment says otherwise; money in minor units, quantities in lots,
rates per step unless named. A market is `region * goods + good`.
"""

from enum import IntEnum
from typing import NamedTuple

import numpy as np


class Macro(IntEnum):
    """Slots of `macro` (float64[48]): figures of the whole world."""

    VOLATILITY_MULTIPLIER = 0
    SENTIMENT = 1
    FEAR = 2
    GREED = 3
    HERDING = 4
    CONFIDENCE = 5
    UNEMPLOYMENT = 6
    EXPECTED_INFLATION = 7
    POLICY_RATE = 8
    MEAN_WAGE = 9
    DIVIDEND = 10  # minor units per fund share and day
    UNIVERSAL_DIVIDEND = 11  # minor units per household and day
    DIRECTION = 12  # EMA of the desks' trade directions
    HERDING_FLAG = 13
    CPI = 14  # basket price / basket at base prices
    POLICY_INFLATION = 15  # core, 90 days, per year
    SEED_INFLATION = 16  # the seed's sum, per year
    UNEMPLOYMENT_MEAN = 17  # EMA of 20 days
    CORE = 18
    GDP = 19  # minor units per day
    MONEY = 20
    VELOCITY = 21  # per year
    GINI = 22
    MEDIAN_WEALTH = 23
    TOP_SHARE = 24  # share of the richest hundredth
    CPI_BASE = 25  # CPI of the day the public index starts at
    DISAGREEMENT = 26  # variance of sentiment
    MONEY_GROWTH = 27  # per year, 30 days
    VELOCITY_CHANGE = 28
    GAP = 29  # output gap by Okun
    EXTRA_ISSUE = 30  # injected, share of M per day
    PINNED_RATE = 31  # 0: none
    SHARES = 32  # units of the equity fund
    SQUARES = 33  # EMA of the mean square of sentiment
    REAL_GDP = 34
    INFLATION = 35  # CPI, 30 days, per year
    HELD_UNTIL_DAY = 36  # last day of a pinned rate
    MOOD = 37  # the seed's weighted sentiment


class DayCount(IntEnum):
    """Slots of `day_counts` (float64[16]): sums over the running game day."""

    INPUT_VALUE = 0
    OUTPUT_VALUE = 1
    WAGES = 2
    WEALTH_TAX = 3
    RECAPITALIZED_TRADERS = 4
    RECAPITALIZED_FIRMS = 5
    SHORTAGE = 6
    BENEFITS = 7
    ISSUED = 8
    REAL_OUTPUT = 9  # value added at base prices


class PriceColumns(NamedTuple):
    """Prices and flows per market, shape [M]."""

    mid: np.ndarray
    average: np.ndarray  # EMA of the mid: the Current Price of the seed's formula
    reference: np.ndarray  # the seed's Equilibrium Price
    fundamental: np.ndarray  # V
    demand: np.ndarray  # lots, memory of two days
    supply: np.ndarray
    cost: np.ndarray  # mean marginal cost of the producers
    day_open: np.ndarray
    daily_volume: np.ndarray  # balanced lots per day, fixed at genesis
    vwap: np.ndarray  # of the last day
    day_value: np.ndarray  # int64, minor units traded today
    day_quantity: np.ndarray  # int64, lots traded today
    labour_cost: np.ndarray  # part of `cost` that is wages, before the scarcity multiplier
    input_cost: np.ndarray  # part of `cost` that is inputs


class FlowColumns(NamedTuple):
    """Order flow, returns and makers' values per market, shape [M] unless noted."""

    flow: np.ndarray  # int64, bought minus sold lots of the last step
    flow_mean: np.ndarray  # normalised by daily volume
    seen: np.ndarray  # int64[M, 4]: buy, sell, volume, value already counted in this tick
    momentum: np.ndarray  # EMA of returns, 30 steps
    variance_40: np.ndarray  # EMAs of squared returns of the makers' value
    variance_400: np.ndarray
    variance_3000: np.ndarray
    variance_30000: np.ndarray
    fair: np.ndarray  # float64[M, 3]: value held by each maker profile
    fair_mean: np.ndarray
    direction: np.ndarray  # EMA of the desks' directions


class NewsColumns(NamedTuple):
    """Public news per market, shape [M]."""

    level: np.ndarray  # n, log points of value
    shock: np.ndarray  # news of this step
    short_log: np.ndarray  # log volatility, 480 steps
    long_log: np.ndarray  # log volatility, 4,800 steps
    attention: np.ndarray
    item: np.ndarray  # size of this step's headline, 0 = none
    pending: np.ndarray  # injected, acts in the next step


class ResourceColumns(NamedTuple):
    """Reserves per market, shape [M]; produced goods have base 1 and reserve 0."""

    reserve: np.ndarray  # lots in the ground or the yearly stock
    base: np.ndarray
    renewal: np.ndarray  # factor of the renewal rate and of a quota, 1 = normal
    found: np.ndarray  # lots discovered on the last day
    lost: np.ndarray  # lots lost to a catastrophe on the last day


class AgentColumns(NamedTuple):
    """Psychology and home of AI agents, shape [N]; floats are float32 in [0, 1]."""

    sentiment: np.ndarray
    fear: np.ndarray
    greed: np.ndarray
    confidence: np.ndarray
    memory: np.ndarray
    herd: np.ndarray  # trait, drawn once
    home: np.ndarray  # int32, market whose prices the agent watches


class HouseholdColumns(NamedTuple):
    """Households, shape [H]; row = index."""

    employer: np.ndarray  # int32, index in the jobs: a firm, or F + a site; -1 = none
    income: np.ndarray  # EMA of daily net income, minor units
    shares: np.ndarray  # units of the equity fund


class FirmColumns(NamedTuple):
    """Producers, shape [F]; row = H + index."""

    market: np.ndarray  # int32, market of the output
    productivity: np.ndarray
    capacity: np.ndarray  # lots per day
    target: np.ndarray  # planned output, lots per day
    sales: np.ndarray  # expected sales, lots per day
    posted: np.ndarray  # lots on offer after the last production
    unsold: np.ndarray  # unsold lots / expected sales
    offset: np.ndarray  # log price offset
    next_visit: np.ndarray  # int64, step
    next_production: np.ndarray  # int64, step
    slots: np.ndarray  # int32[F, 12], own orders, -1 = none
    generations: np.ndarray  # uint32[F, 12]


class StaffColumns(NamedTuple):
    """Jobs of employers, shape [F + S]: AI firms first, then participants' sites."""

    workers: np.ndarray  # int32
    vacancies: np.ndarray  # int32
    layoffs: np.ndarray  # int32, workers to let go
    wage: np.ndarray  # minor units per worker-day
    payer: np.ndarray  # int32, ledger row that pays the wages
    region: np.ndarray  # int32, of a site's jobs; firms stand by regions


class CreditTotal(IntEnum):
    """Slots of `credit.totals` (int64[16]); money in minor units, sums since genesis unless noted.

    LOANS + BAD is what the bank claims now, equal to the money that it made, at every tick.
    """

    LOANS = 0  # now: sum of `loan`
    BAD = 1  # now: claims on failed firms that capital has not covered yet
    LENT = 2
    REPAID = 3
    INTEREST = 4  # received
    WRITTEN_OFF = 5
    PROFIT = 6  # paid to the equity fund
    FAILURES = 7
    SITES = 8  # entries ever made in `sites`
    ANNOUNCED = 9  # of them, reported as events
    FAILURES_CLOSED = 10  # failures up to the last day's end
    AUCTIONED = 11  # entries of `sites` that were looked at for an auction


SITES_LISTED = 64
FAILED_SITE_DTYPE = np.dtype(
    [("step", "<i8"), ("firm", "<i4"), ("market", "<i4"), ("capacity", "<f8")]
)


class CreditColumns(NamedTuple):
    """Loans of the bank to firms, shape [F]; row of a firm = H + index."""

    loan: np.ndarray  # int64, minor units owed to the bank
    distress: np.ndarray  # int64, days in a row that the firm could not pay
    earnings: np.ndarray  # EMA of the daily profit on sales, minor units
    failures: np.ndarray  # int64, times the row was founded anew
    totals: np.ndarray  # int64[16], CreditTotal
    sites: np.ndarray  # FAILED_SITE_DTYPE[64], ring: what failed firms left, to be auctioned


class DeskColumns(NamedTuple):
    """Trading desks, shape [M, G] unless noted."""

    chartist: np.ndarray  # int8, 1 = follows trends
    horizon: np.ndarray  # steps
    trend: np.ndarray  # EMA of log mid with the desk's horizon
    last_step: np.ndarray  # int64
    opinion: np.ndarray  # private view, log points
    news_weight: np.ndarray
    desks: np.ndarray  # int32[M], desks in use
    fundamentalists: np.ndarray  # int32[M]


class TraderColumns(NamedTuple):
    """Members of desks, shape [T], contiguous by market."""

    base: np.ndarray  # lots held when the signal is zero
    debt: np.ndarray  # int32, lots borrowed from the lending pool
    start_equity: np.ndarray  # minor units
    slot: np.ndarray  # int32, own order, -1 = none
    generation: np.ndarray  # uint32


class RestingColumns(NamedTuple):
    """Handles of orders that households and traders let rest in the book; -1 = none."""

    household_slot: np.ndarray  # int32[HP, 4], a patient household's bid for each consumed good
    household_generation: np.ndarray  # uint32[HP, 4]
    household_late: np.ndarray  # int32[HP, 4], lots that yesterday's bid did not get
    trader_slot: np.ndarray  # int32[T, 2], a bid below and an ask above the mid
    trader_generation: np.ndarray  # uint32[T, 2]


class MakerColumns(NamedTuple):
    """Market makers, shape [K]; maker k quotes market k mod M with profile (k // M) mod 3."""

    target: np.ndarray  # int32, lots
    debt: np.ndarray  # int32
    start_equity: np.ndarray
    slots: np.ndarray  # int32[K, 6], three bids, three asks
    generations: np.ndarray  # uint32[K, 6]


class RouteColumns(NamedTuple):
    """What moving goods from one region to another takes, shape [R, R]; [r, r] is closed."""

    toll: np.ndarray  # int64, basis points of the value at the origin
    delay: np.ndarray  # int64, ticks
    owner: np.ndarray  # int32, row that gets the toll, -1 = treasury
    open: np.ndarray  # int8, 0 = refuses shipments


class ShipmentColumns(NamedTuple):
    """Goods on their way, shape [Y]; entries below `freight.counters[COUNT]` are in use."""

    number: np.ndarray  # int64, of all shipments ever, from 1
    arrives: np.ndarray  # int64, tick
    lots: np.ndarray  # int64
    row: np.ndarray  # int32, whose they are
    generation: np.ndarray  # uint32, of the row; another one means that its owner has left
    source: np.ndarray  # int32, market that they left
    target: np.ndarray  # int32, market that they go to


class FreightColumns(NamedTuple):
    """The carrier, the unrest that closes routes, and counts."""

    counters: np.ndarray  # int64[8], FreightCounter
    inbound: np.ndarray  # int64[M], lots on their way to a market
    owed: np.ndarray  # int64[R], energy that the carrier has still to use, thousandths of a lot
    slot: np.ndarray  # int32[R], the carrier's bid for energy, -1 = none
    generation: np.ndarray  # uint32[R]
    unrest_until: np.ndarray  # int64[R], last day of political instability, -1 = none
    unrest_size: np.ndarray  # float64[R], capacity factor of extractors meanwhile


class FreightCounter(IntEnum):
    """Slots of `freight.counters`."""

    NUMBER = 0  # shipments ever made
    COUNT = 1  # shipments on their way


class ArbitrageurColumns(NamedTuple):
    """Arbitrageurs, shape [X]."""

    next_visit: np.ndarray  # int64, step
    start_equity: np.ndarray  # minor units
    moving: np.ndarray  # value of own goods on their way, as of the last day's end
    slots: np.ndarray  # int32[X, 4], own orders, -1 = none
    generations: np.ndarray  # uint32[X, 4]


class DayColumns(NamedTuple):
    """Sums over the running game day and rings of past days."""

    produced: np.ndarray  # int64[M], lots
    used: np.ndarray  # int64[M], lots used as input
    consumed: np.ndarray  # int64[M]
    counts: np.ndarray  # float64[16], DayCount
    history: np.ndarray  # float64[HISTORIES, HISTORY_DAYS], rings by day
    consumer_surplus: np.ndarray  # float64[M], minor units, realized by households today
    model_surplus: np.ndarray  # float64[M], the demand curves' integral, minor units


class History(IntEnum):
    """Rows of `history`."""

    CORE = 0
    CPI = 1
    MONEY = 2
    GDP = 3


HISTORY_DAYS = 256


BAR_STEPS, LONG_BAR_STEPS = 10, 60


class Rows(NamedTuple):
    """First rows of each kind; plain integers, fixed at genesis."""

    households: int
    firms: int
    traders: int
    noise: int
    makers: int
    arbitrageurs: int
    agents: int  # first institution row


class Institution(IntEnum):
    """Offsets of institution rows from `agents`."""

    CENTRAL_BANK = 0
    TREASURY = 1
    FUND = 2
    FEES = 3
    RESIDUE = 4
    LENDING_POOL = 5
    QUOTA_DESK = 6
    TRANSIT = 7  # goods between regions
    CARRIER = 8  # buys and uses the energy that movers have paid for
    BANK = 10
    BIDS = 11  # holds the best bids of running auctions
