"""The groups of the model's parameters, one tuple per part of the economy.

Every money figure of the model is written in cents of a credit and enters through `cents()`, the
only factor 10 of the house: the ledger counts minor units, tenths of a cent. Rates carry their
period in the name or in the comment behind the field. Sources are named per group: "P3" is the
measured parameter set, "seed" the configuration of the first document, whose keys are kept in
snake case (its own spelling stands in the comments).
"""

from typing import NamedTuple

MINOR_PER_CENT = 10


def cents(amount: float) -> int:
    """Return `amount` cents in minor units, rounded half up."""
    return int(amount * MINOR_PER_CENT + 0.5)


class SeedConfig(NamedTuple):
    """The engine configuration of the seed, all keys, with their seed names."""

    max_agents: int = 100_000  # maxAgents
    tick_rate: int = 100  # tickRate, milliseconds of wall time per tick
    market_open_hours: int = 24  # marketOpenHours
    base_inflation_rate: float = 0.02  # baseInflationRate, per year
    volatility_threshold: float = 0.1  # volatilityThreshold, move within 100 ticks
    max_price_change: float = 0.5  # maxPriceChange, clamp of the formula and daily band
    cache_expiry: int = 5000  # cacheExpiry, milliseconds; used by the doors
    rate_limit: int = 1000  # rateLimit, requests per minute; used by the doors
    history_limit: int = 1000  # historyLimit, points per answer; used by the doors
    sentiment_weight: float = 0.4  # sentimentWeight, in the mood index
    fear_weight: float = 0.3  # fearWeight, in the volatility multiplier
    greed_weight: float = 0.3  # greedWeight, in the volatility multiplier
    herding_threshold: float = 0.7  # herdingThreshold, majority share that raises the flag
    depletion_rate: float = 0.001  # depletionRate, share of base used by normal use per day
    discovery_probability: float = 0.005  # discoveryProbability, per finite resource and day
    catastrophe_probability: float = 0.0001  # catastropheProbability, per resource and day


class MarketParams(NamedTuple):
    """Reference price, fundamental value and news (P3; rates per step)."""

    adjustment_elasticity: float = 0.02  # the seed's Elasticity, per EMA step
    price_memory: float = 60.0  # steps, EMA of the mid
    value_memory: float = 60.0  # steps, smoothing of V
    value_weight: float = 0.15  # th_v, weight of flow against cost in ln V
    value_flow: float = 0.6  # fw, response of V to D/S
    markup: float = 0.25  # mu over marginal cost
    flow_memory: float = 240.0  # steps, mean of the signed flow
    news_size: float = 0.0012  # sd of news per step
    news_memory: float = 4800.0  # steps, decay of the news level
    short_volatility: float = 0.5  # sd of log volatility, 480 steps
    long_volatility: float = 0.8  # sd of log volatility, 4,800 steps
    jump_rate: float = 0.001  # news items per step and market
    jump_size: float = 0.013  # mean size of an item
    jump_excitement: float = 0.5  # raise of the short log volatility
    consumer_news: float = 0.3  # factor for produced goods


class FirmParams(NamedTuple):
    """Producers (r1 3.3 and P3)."""

    seller_weight: float = 0.3  # th, weight of P_eq in the asking price
    markup: float = 0.25  # mu
    offset_step: float = 0.01  # Mark-0 gamma
    stock_days: float = 1.5  # iota, days of sales in stock
    sales_memory: float = 0.03  # weight per day
    growth: float = 0.01  # sales expectation when sold out, per day
    shrink: float = 0.005  # at a loss, per day
    stock_gain: float = 0.1  # inventory correction per day
    supply_elasticity: float = 1.0  # eta
    output_memory: float = 0.3  # weight per day
    slip: float = 0.04  # buyers bid up to this above P_eq
    buffer_days: float = 6.0  # days of cost kept in cash
    buffer_flat: float = float(cents(50_000))  # minor units
    wage_slope: float = 2.0  # kw, Phillips slope per year
    natural_unemployment: float = 0.06  # u*
    dividend_share: int = 5  # a fifth of the excess cash per day
    tax_percent: int = 20  # on profit and on wages
    carbon_reserve: float = 0.75  # reserve price / (P0 * CPI)


class CreditParams(NamedTuple):
    """The bank: limits, prices and losses of its loans to firms (economy.md 3.3, 4.1)."""

    capital_per_household: float = float(cents(2_000))  # minor units at base prices, start and aim
    spread: float = 0.03  # loan rate over the policy rate, per year
    collateral_share: float = 0.5  # of the value of a firm's stock at mid prices
    earnings_days: float = 20.0  # days of profit lent without collateral
    earnings_memory: float = 0.1  # weight per day
    capital_ratio: float = 0.08  # capital / claims that a new loan must leave
    capital_aim: float = 0.12  # capital / claims kept back before profit is paid out
    term_days: int = 30  # instalment of a firm that can afford it, days
    failure_bound: float = 0.5  # days of cost that equity may be below zero
    failure_days: int = 5  # days in a row beyond it, or without paying the interest
    refound_size: float = 0.5  # of the failed firm's capacity
    sale_discount: float = 0.02  # below the reference price, for seized goods
    sale_share: float = 0.02  # of a market's daily volume offered at a time


class HouseholdParams(NamedTuple):
    """Workers and consumers (r1 3.4 and P3 1.6)."""

    cash_days: float = 20.0  # target, days of income
    cash_gap: float = 0.02  # wb, share of the gap spent per day
    rate_effect: float = 0.5  # asv, propensity per point of real rate
    sentiment_effect: float = 0.2  # asen
    rich_max: float = 8.0  # bound of the wealth factor of the cash target
    stock_use: float = 0.5  # cexp, share of a stock that is used up per day
    slip: float = 0.04
    benefit_share: float = 0.4  # of the mean wage
    tax_percent: int = 20
    wealth_tax: float = 0.06  # wtx1, per year above 5 medians
    wealth_tax_top: float = 0.30  # wtx2, per year above 20 medians
    basket_cost: float = float(cents(13_400))  # minor units at base prices
    income_memory: float = 0.1  # weight per day
    bid_life: int = 120  # steps
    resting_share: float = 0.9  # of a patient household's lots of a day, bid for at rest first
    resting_near: float = 0.001  # share of the price below the mid
    resting_far: float = 0.015
    vacancies_seen: int = 6  # firms sampled by a jobless household


class DeskParams(NamedTuple):
    """Trading desks (P3 1.3): targets, momentum with own horizon, shorts."""

    desks_max: int = 80  # G, per market at any population
    event_rate: float = 0.016  # lamT, per desk and step
    attention_weight: float = 0.5
    activity_gain: float = 0.8  # hk
    activity_max: float = 4.0
    activity_min: float = 0.3
    switching: float = 0.05  # nu
    switch_base: float = -0.3  # a0
    switch_herd: float = 0.9  # an
    switch_value: float = 100.0  # ap
    switch_trend: float = 2.5  # az
    position_gain: float = 6.0  # kpos
    position_low: float = -1.5  # wlo
    position_high: float = 2.0  # whi
    chartist_scale: float = 0.03  # sdC
    trend_weight: float = 0.6  # chi
    imbalance_weight: float = 0.5  # imb
    view_spread: float = 0.02  # sdB, sd of the private view
    fundamentalist_life: int = 120  # steps
    chartist_life: int = 20  # steps
    schedule_gain: float = 1.5  # resting lots, as a multiple of the slope of the target
    schedule_near: float = 0.004  # log points from the mid
    schedule_far: float = 0.018
    schedule_life: int = 240  # steps


class MakerParams(NamedTuple):
    """Market makers (P3 1.4)."""

    impact: float = 5e-4  # lamk, square-root impact of the signed flow
    impact_max: float = 0.004
    follow: float = 0.002  # mmf, per step
    consensus: float = 0.03  # per step
    value_pull: float = 0.006  # kmv, per step
    news_weight: float = 0.15  # wnews
    profile_gap: float = 0.5  # factors .5, 1, 1.5
    skew: float = 0.1
    half_spread: float = 0.0015  # mms0
    quote_share: float = 0.06  # mmq, of daily volume over all makers
    requote_steps: int = 1
    quote_life: int = 40  # steps
    gap_min: float = 0.001  # share of the price kept to the best price of the other side


class NoiseParams(NamedTuple):
    """Noise traders (r1 3.6 and P3 1.1)."""

    groups_per_market: int = 20
    event_rate: float = 0.01  # lamN, per group and step
    size: float = 0.1  # of 'daily volume / traders', times Exp(1)
    marketable_share: float = 0.25
    marketable_slip: float = 0.005
    distance: float = 0.001  # times Pareto(1.5)
    distance_max: float = 0.2
    tail: float = 1.5
    order_life: int = 60  # steps


class MonetaryParams(NamedTuple):
    """Central bank and treasury (r1 3.10 and P3 1.7; rates per year)."""

    inflation_target: float = 0.02
    natural_unemployment: float = 0.06
    okun: float = 2.0
    adjustment: float = 0.25  # partial adjustment per meeting
    meeting_days: int = 7
    rate_max: float = 0.25
    core_weight: float = 0.9  # of policy inflation; the rest is the seed's sum
    window_days: int = 90
    smoothing_days: int = 30
    money_growth: float = 0.025
    easing_trigger: float = 0.005  # qtr
    easing_inflation: float = 1.5  # qe
    easing_unemployment: float = 1.0  # qu
    easing_max: float = 0.12
    tightening_at: float = 0.10
    tightening_pace: float = 0.10  # of M destroyed per year above it
    first_day: int = 30  # start-up days kept out of every statistic
    treasury_share: float = 0.02  # of M, kept by the treasury
    spending: float = 0.2  # of the treasury's excess, per day
    capital_flow: float = 0.02  # xtr
    capital_high: float = 1.2
    capital_low: float = 0.7


class TradeParams(NamedTuple):
    """Regions, routes between them, and those who trade over them (economy.md 1.1 and 4.2)."""

    ore_tilt: float = 0.05  # oil, lithium, rare earth: first region so much richer, last poorer
    field_tilt: float = -0.05  # water and land: the other way round
    delay_days: int = 1  # game days between neighboring regions
    toll_bps: int = 20  # of the value at the origin
    tariff_produced_bps: int = 100  # of the value, on arrival from another region
    tariff_finite_bps: int = 50
    tariff_renewable_bps: int = 50
    tariff_artificial_bps: int = 0
    carrier_margin_bps: int = 500  # what the carrier asks above the price of its energy
    arbitrageur_share: float = 0.005  # of all agents, taken from the traders
    capital_days: float = 0.5  # arbitrageurs' cash together, days of volume
    margin: float = 0.01  # least gain over all cost that starts a trade
    impact: float = 0.1  # expected fall of a price per day of volume on its way
    slip: float = 0.005  # limit beyond the mid
    samples: int = 4  # markets looked at per visit
    visit_min: int = 8  # steps between visits
    visit_span: int = 16
    order_life: int = 30  # steps


class QuotaParams(NamedTuple):
    """The treasury's desk that sells the permits of the day (P3 1.8)."""

    reserve: float = 0.75  # reserve price / (P0 * CPI)
    slice_steps: int = 20  # steps between two offers, which also is their life
    spread: float = 0.01  # of the three offers of a slice around the reference price


class VenueParams(NamedTuple):
    """Circuit breaker and call auction; its threshold is the seed's `volatility_threshold`."""

    call_ticks: int = 50  # from the halt to the uncross, at one step a tick
    indication_ticks: int = 5  # the indicative price is announced this often


class WorksParams(NamedTuple):
    """Work contracts and sites of participants (r1 4.2, 4.3); money at base prices."""

    licence: float = float(cents(150_000))  # minor units, a site of the first tier
    land_fee: float = 0.005  # of the licence, per day
    resale: float = 0.5  # of the licence, times condition
    insurance: float = 0.5  # of a newcomer's loss on the first site
    fee_days: int = 10  # unpaid days until a site is taken back
    wear: float = 0.03  # condition per day at full running
    wear_idle: float = 0.002  # condition per day in any case
    repair: float = 0.1  # condition per lot of tools, by jobs of the first tier
    repair_below: float = 0.9
    research_units: int = 2  # lots of IP for the first level
    ticket: float = float(cents(2_000))  # minor units
    find_probability: float = 0.02  # per ticket
    find_return: float = 0.9  # expected value of a ticket
    find_share: float = 0.001  # of the base reserve
    work_days: int = 30  # term of a work contract
    tax_percent: int = 20  # on wages
    storage_lots: int = 2_000  # free room per region, and
    storage_site_lots: int = 250  # per job of a site
    storage_fee: float = float(cents(2))  # minor units per lot above the room and day
    sites_each: int = 20
    sites_newcomer: int = 2
    position_wages: float = 40.0  # newcomer's position and bids, in mean wages
    newcomer_ppm: int = 20_000  # price protection of a newcomer's market order
    newcomer_hours: int = 2  # social hours
    deal_ceiling: float = 2.0  # price of a deal between participants, in what it costs anew
    patent_days: int = 360  # term of a patent
    patent_percent: int = 10  # of a licence, to the treasury
    auction_days: int = 15
    auction_condition: float = 0.7  # of what a failed firm leaves
