"""What each indicator is called for people, its unit, and how often it is told.

`Indicator` in `events` gives numbers and names; this table gives the rest. An indicator without a
row here is told once a day and has no unit.
"""

from enum import IntEnum
from typing import NamedTuple

from economy_engine.events import Indicator

MARKET_FROM = 200  # numbers from here on, and RESERVES to 99, are of a market


class Cadence(IntEnum):
    """How often a value is told."""

    BAR = 0  # each ten steps
    DAY = 1
    TEN_DAYS = 2


class Unit:
    """Words for units; money is in minor units inside and in credits on the wire."""

    MONEY = "credits"
    RATIO = "ratio"
    RATE = "per year"
    INDEX = "index"
    LOTS = "lots"
    DAYS = "days"
    COUNT = "count"
    NUMBER = "number"


class Entry(NamedTuple):
    """One row of the table."""

    title: str
    unit: str
    cadence: Cadence = Cadence.DAY


_B, _T = Cadence.BAR, Cadence.TEN_DAYS
_I, _U = Indicator, Unit

ENTRIES: dict[Indicator, Entry] = {
    _I.CPI: Entry("Consumer prices", _U.INDEX),
    _I.PRICE_LEVEL: Entry("Price level against base prices", _U.NUMBER),
    _I.CORE_CPI: Entry("Core prices, without energy", _U.INDEX),
    _I.REGIONAL_CPI: Entry("Consumer prices by region", _U.INDEX),
    _I.INFLATION: Entry("Inflation, 30 days", _U.RATE),
    _I.INFLATION_90: Entry("Inflation, 90 days", _U.RATE),
    _I.CORE_INFLATION: Entry("Core inflation, smoothed", _U.RATE),
    _I.EXPECTED_INFLATION: Entry("Expected inflation", _U.RATE),
    _I.SEED_INFLATION: Entry("Inflation by its five terms", _U.RATE),
    _I.SEED_BASE: Entry("Inflation: base", _U.RATE),
    _I.SEED_MONEY: Entry("Inflation: money growth", _U.RATE),
    _I.SEED_VELOCITY: Entry("Inflation: velocity", _U.RATE),
    _I.SEED_DEMAND: Entry("Inflation: demand pressure", _U.RATE),
    _I.SEED_BEHAVIOR: Entry("Inflation: behavior", _U.RATE),
    _I.POLICY_RATE: Entry("Policy rate", _U.RATE),
    _I.GDP: Entry("Output of a day", _U.MONEY),
    _I.REAL_GDP: Entry("Real output of a day", _U.MONEY),
    _I.GDP_DEFLATOR: Entry("Output deflator", _U.NUMBER),
    _I.GDP_QUARTER: Entry("Output of a quarter", _U.MONEY),
    _I.REAL_GDP_QUARTER: Entry("Real output of a quarter", _U.MONEY),
    _I.OUTPUT_GAP: Entry("Output gap", _U.RATIO),
    _I.UNEMPLOYMENT: Entry("Unemployment", _U.RATIO),
    _I.VACANCIES: Entry("Vacancies", _U.COUNT),
    _I.VACANCY_RATE: Entry("Vacancy rate", _U.RATIO),
    _I.OKUN_UNEMPLOYMENT: Entry("Okun: change of unemployment", _U.RATIO),
    _I.OKUN_OUTPUT: Entry("Okun: growth of real output", _U.RATIO),
    _I.WAGE: Entry("Mean wage", _U.MONEY),
    _I.MONEY: Entry("Money", _U.MONEY),
    _I.MONEY_GROWTH: Entry("Money growth", _U.RATE),
    _I.VELOCITY: Entry("Velocity of money, turns a year", _U.NUMBER),
    _I.MONEY_TURNOVER: Entry("Money times velocity", _U.MONEY),
    _I.OUTPUT_TURNOVER: Entry("Prices times output", _U.MONEY),
    _I.TREASURY: Entry("Treasury", _U.MONEY),
    _I.EQUITY_FUND: Entry("Equity fund", _U.MONEY),
    _I.LOANS: Entry("Loans to producers", _U.MONEY),
    _I.BANK_CAPITAL: Entry("Capital of the bank", _U.MONEY),
    _I.BASE_MONEY: Entry("Money of the central bank", _U.MONEY),
    _I.BANKRUPTCIES: Entry("Producers that failed", _U.COUNT),
    _I.NEWCOMER_GRANTS: Entry("Newcomers' grants", _U.MONEY),
    _I.GINI: Entry("Gini of cash and goods", _U.RATIO, _T),
    _I.WEALTH_GINI: Entry("Gini of wealth", _U.RATIO, _T),
    _I.TOP_SHARE: Entry("Share of the richest hundredth", _U.RATIO, _T),
    _I.WEALTH_HILL: Entry("Tail index of wealth", _U.NUMBER, _T),
    _I.PLAYER_GINI: Entry("Gini of players", _U.RATIO, _T),
    _I.PLAYER_TOP_SHARE: Entry("Share of the richest hundredth of players", _U.RATIO, _T),
    _I.PLAYER_HILL: Entry("Tail index of players", _U.NUMBER, _T),
    _I.MEDIAN_WEALTH: Entry("Median wealth", _U.MONEY, _T),
    _I.UNMET_NEEDS: Entry("Unmet needs", _U.RATIO),
    _I.SENTIMENT: Entry("Sentiment", _U.RATIO, _B),
    _I.FEAR: Entry("Fear", _U.RATIO, _B),
    _I.GREED: Entry("Greed", _U.RATIO, _B),
    _I.CONFIDENCE: Entry("Confidence", _U.RATIO, _B),
    _I.HERDING: Entry("Herding", _U.RATIO, _B),
    _I.VOLATILITY_MULTIPLIER: Entry("Volatility multiplier", _U.NUMBER, _B),
    _I.DISAGREEMENT: Entry("Disagreement", _U.NUMBER),
    _I.MOOD: Entry("Mood", _U.RATIO),
    _I.ALERT: Entry("Alert: 1 panic, 2 euphoria", _U.COUNT),
    _I.PHASE: Entry("Phase", _U.COUNT),
    _I.RESERVES: Entry("Reserves left", _U.RATIO),
    _I.SCARCITY: Entry("Scarcity", _U.RATIO),
    _I.PRICE_MULTIPLIER: Entry("Price multiplier of scarcity", _U.NUMBER),
    _I.STOCK_TO_USE: Entry("Stock to use", _U.DAYS),
    _I.EQUILIBRIUM_PRICE: Entry("Reference price", _U.MONEY),
    _I.FUNDAMENTAL_VALUE: Entry("Fundamental value", _U.MONEY),
    _I.MARGINAL_COST: Entry("Marginal cost", _U.MONEY),
    _I.VWAP: Entry("Price of a day, weighted by volume", _U.MONEY),
    _I.SUPPLY: Entry("Supply, memory of two days", _U.LOTS),
    _I.DEMAND: Entry("Demand, memory of two days", _U.LOTS),
    _I.PRODUCTION: Entry("Production of a day", _U.LOTS),
    _I.CONSUMPTION: Entry("Use of a day", _U.LOTS),
    _I.DAY_VOLUME: Entry("Volume of a day", _U.LOTS),
    _I.VOLATILITY: Entry("Volatility of the makers' value", _U.RATIO),
    _I.REALIZED_VOLATILITY: Entry("Realized volatility of a day", _U.RATIO),
    _I.PRICE_ELASTICITY: Entry("Price elasticity, measured", _U.NUMBER),
    _I.PRICE_ELASTICITY_ERROR: Entry("Price elasticity, standard error", _U.NUMBER),
    _I.PRICE_ELASTICITY_DAYS: Entry("Price elasticity, days", _U.COUNT),
    _I.MODEL_ELASTICITY: Entry("Price elasticity of households by theory", _U.NUMBER),
    _I.CONSUMER_SURPLUS: Entry("Consumer surplus, realized", _U.MONEY),
    _I.MODEL_SURPLUS: Entry("Consumer surplus by theory", _U.MONEY),
    _I.PRODUCER_SURPLUS: Entry("Producer surplus", _U.MONEY),
    _I.KYLE_LAMBDA: Entry("Kyle's lambda", _U.NUMBER),
    _I.KYLE_FIT: Entry("Kyle's lambda, R squared", _U.RATIO),
    _I.IMPACT_PER_PERCENT: Entry("Impact of a hundredth of a day's volume", _U.RATIO),
    _I.HERFINDAHL: Entry("Concentration of producers' sales", _U.RATIO),
    _I.VARIANCE_RATIO: Entry("Efficiency: variance ratio", _U.NUMBER),
    _I.VARIANCE_RATIO_Z: Entry("Efficiency: z of the variance ratio", _U.NUMBER),
    _I.AUTOCORRELATION: Entry("Efficiency: autocorrelation", _U.NUMBER),
}
# The topic `indicators` tells these; the others are read when they are wanted.
LIVE: frozenset[int] = frozenset(
    {int(each) for each in Indicator if each < _I.CORE_CPI}
    | {
        int(each)
        for each in (
            _I.ALERT,
            _I.CORE_CPI,
            _I.MOOD,
            _I.PRICE_MULTIPLIER,
            _I.REAL_GDP,
            _I.REGIONAL_CPI,
            _I.STOCK_TO_USE,
            _I.TOP_SHARE,
            _I.UNMET_NEEDS,
            _I.VACANCY_RATE,
            _I.WEALTH_GINI,
        )
    }
)


def is_of_market(number: int) -> bool:
    """Return whether an indicator has a value per market."""
    return number >= MARKET_FROM or _I.RESERVES <= number < _I.CORE_CPI


def is_of_region(number: int) -> bool:
    """Return whether an indicator has a value per region, told at the region's first market."""
    return number == Indicator.REGIONAL_CPI


def entry_of(number: int) -> Entry:
    """Return the row of an indicator, a plain one for a number without a row."""
    try:
        identity = Indicator(number)
    except ValueError:
        return Entry(str(number), Unit.NUMBER)
    return ENTRIES.get(identity, Entry(identity.name.replace("_", " ").capitalize(), Unit.NUMBER))
