"""Kinds of world events and of indicators, by number; numbers are stable for ever."""

from __future__ import annotations

from enum import IntEnum


class WorldEvent(IntEnum):
    """Kind of a world event; `value` and `detail` depend on it."""

    NEWS = 1
    DISCOVERY = 2
    CATASTROPHE = 3
    POLICY_MEETING = 4
    HALT = 5
    RESUME = 6
    PRICE_INCREMENT_CHANGED = 7
    PARTICIPANT_REGISTERED = 8
    PARTICIPANT_RETIRED = 9
    UPGRADE = 10
    MARKET_HALTED = 11
    MARKET_RESUMED = 12
    AUCTION_STARTED = 13
    AUCTION_ENDED = 14
    SHOCK = 15
    DAY_ENDED = 16
    REFERENCE_PRICE = 17
    FIRM_FAILED = 30  # value: lots per day closed down; detail: number of the firm
    AUCTION_INDICATION = 31
    PANIC = 40  # alerts of the world's mood; `value` is fear or greed
    EUPHORIA = 41
    CALM = 42  # the end of either


class Indicator(IntEnum):
    """What an indicator measures; per market where `market` is not -1."""

    CPI = 1
    INFLATION = 2
    UNEMPLOYMENT = 3
    POLICY_RATE = 4
    MONEY = 5
    VELOCITY = 6
    SENTIMENT = 7
    FEAR = 8
    GREED = 9
    HERDING = 10
    VOLATILITY_MULTIPLIER = 11
    GINI = 12
    WAGE = 13
    GDP = 14
    TREASURY = 15
    CORE_INFLATION = 16
    CONFIDENCE = 17
    EQUITY_FUND = 18
    NEWCOMER_GRANTS = 19
    PHASE = 20
    BANKRUPTCIES = 40  # firms that failed on the day
    LOANS = 41
    BANK_CAPITAL = 42
    BASE_MONEY = 43
    PRICE_LEVEL = 50  # the CPI against base prices, which indexes all amounts
    RESERVES = 64  # per market, 64 to 99
    SCARCITY = 65
    EQUILIBRIUM_PRICE = 66
    SUPPLY = 67
    DEMAND = 68
    VOLATILITY = 69
    PRODUCTION = 70
    CONSUMPTION = 71
    VWAP = 72
    DAY_VOLUME = 73
    CORE_CPI = 100  # of the world, 100 to 199
    INFLATION_90 = 101
    REAL_GDP = 102
    GDP_DEFLATOR = 103
    GDP_QUARTER = 104
    REAL_GDP_QUARTER = 105
    VACANCIES = 106
    VACANCY_RATE = 107
    OKUN_UNEMPLOYMENT = 108
    OKUN_OUTPUT = 109
    MONEY_TURNOVER = 110
    OUTPUT_TURNOVER = 111
    MONEY_GROWTH = 112
    SEED_INFLATION = 113
    SEED_BASE = 114
    SEED_MONEY = 115
    SEED_VELOCITY = 116
    SEED_DEMAND = 117
    SEED_BEHAVIOR = 118
    EXPECTED_INFLATION = 119
    WEALTH_GINI = 120
    TOP_SHARE = 121
    WEALTH_HILL = 122
    PLAYER_GINI = 123
    PLAYER_TOP_SHARE = 124
    PLAYER_HILL = 125
    MEDIAN_WEALTH = 126
    DISAGREEMENT = 127
    MOOD = 128
    UNMET_NEEDS = 129
    ALERT = 130
    OUTPUT_GAP = 131
    PRICE_ELASTICITY = 200  # per market, 200 and up
    PRICE_ELASTICITY_ERROR = 201
    PRICE_ELASTICITY_DAYS = 202
    MODEL_ELASTICITY = 203
    CONSUMER_SURPLUS = 204
    MODEL_SURPLUS = 205
    PRODUCER_SURPLUS = 206
    KYLE_LAMBDA = 207
    KYLE_FIT = 208
    IMPACT_PER_PERCENT = 209
    HERFINDAHL = 210
    REALIZED_VOLATILITY = 211
    PRICE_MULTIPLIER = 212
    STOCK_TO_USE = 213
    VARIANCE_RATIO = 214
    VARIANCE_RATIO_Z = 215
    AUTOCORRELATION = 216
    MARGINAL_COST = 217
    FUNDAMENTAL_VALUE = 218
    REGIONAL_CPI = 219
