"""The figures of the whole economy at a day's end, in the order in which they are told."""

import numpy as np

from economy_engine.events import Indicator, WorldEvent
from economy_engine.goods import CO2, GOODS_COUNT
from economy_engine.params import DAYS_PER_YEAR
from economy_engine.state import WorldState
from economy_engine.systems import monetary
from economy_engine.systems.columns import DayCount, Institution, Macro
from economy_engine.systems.gauge_columns import GAUGE_DAYS, DayRow, GaugeCount
from economy_engine.systems.indicators import formulas

QUARTER_DAYS = 90
MONTH_DAYS = 30
_WORLD: tuple[tuple[Indicator, Macro], ...] = (
    (Indicator.INFLATION, Macro.INFLATION),
    (Indicator.CORE_INFLATION, Macro.POLICY_INFLATION),
    (Indicator.UNEMPLOYMENT, Macro.UNEMPLOYMENT),
    (Indicator.POLICY_RATE, Macro.POLICY_RATE),
    (Indicator.MONEY, Macro.MONEY),
    (Indicator.SENTIMENT, Macro.SENTIMENT),
    (Indicator.FEAR, Macro.FEAR),
    (Indicator.GREED, Macro.GREED),
    (Indicator.CONFIDENCE, Macro.CONFIDENCE),
    (Indicator.HERDING, Macro.HERDING),
    (Indicator.VOLATILITY_MULTIPLIER, Macro.VOLATILITY_MULTIPLIER),
    (Indicator.DISAGREEMENT, Macro.DISAGREEMENT),
    (Indicator.MOOD, Macro.MOOD),
    (Indicator.GINI, Macro.GINI),
    (Indicator.WAGE, Macro.MEAN_WAGE),
    (Indicator.PRICE_LEVEL, Macro.CPI),
    (Indicator.MONEY_GROWTH, Macro.MONEY_GROWTH),
    (Indicator.EXPECTED_INFLATION, Macro.EXPECTED_INFLATION),
    (Indicator.OUTPUT_GAP, Macro.GAP),
    (Indicator.SEED_INFLATION, Macro.SEED_INFLATION),
)
_SEED = (
    Indicator.SEED_BASE,
    Indicator.SEED_MONEY,
    Indicator.SEED_VELOCITY,
    Indicator.SEED_DEMAND,
    Indicator.SEED_BEHAVIOR,
)


def output(state: WorldState) -> tuple[float, float]:
    """Return the day's nominal and real output: value added at the day's mean and at base prices.

    Permits are left out on both sides: they are no product and paying for them no use of one
    (System of National Accounts 2008, 7.96).
    """
    day, price, goods = state.day, state.price, state.goods
    nominal, real = 0.0, 0.0
    for m in range(state.params.markets):
        k = m % GOODS_COUNT
        if k == CO2:
            continue
        added = float(int(day.produced[m]) - int(day.used[m]))
        nominal += added * float(price.vwap[m])
        real += added * float(goods.price[k])
    return nominal, real


def publish_world(state: WorldState, tick: int) -> None:
    """Report the whole economy's figures of the day that ends, and remember those of its past."""
    tell = state.emission.indicator
    macro, gauge = state.macro, state.gauge
    base = float(macro[Macro.CPI_BASE])
    tell(tick, Indicator.CPI, -1, 100.0 * float(macro[Macro.CPI]) / base)
    tell(tick, Indicator.CORE_CPI, -1, 100.0 * float(macro[Macro.CORE]) / base)
    for identity, slot in _WORLD:
        tell(tick, identity, -1, float(macro[slot]))
    for identity, row in (
        (Indicator.TREASURY, Institution.TREASURY),
        (Indicator.EQUITY_FUND, Institution.FUND),
    ):
        tell(tick, identity, -1, float(state.ledger.cash[state.institution(row)]))
    nominal, real = output(state)
    _tell_output(state, tick, nominal, real)
    _tell_jobs(state, tick)
    _tell_seed_terms(state, tick)
    missing = float(state.day.counts[DayCount.SHORTAGE])
    households = float(len(state.household.employer))
    tell(tick, Indicator.UNMET_NEEDS, -1, float(formulas.unmet_needs(missing, households)))
    tell(tick, Indicator.ALERT, -1, float(gauge.counts[GaugeCount.ALERT]))
    _remember(state, nominal, real)
    _tell_past(state, tick)
    if state.params.regions > 1:
        _tell_regions(state, tick)


def _tell(state: WorldState, tick: int, identity: Indicator, value: float) -> None:
    """Report a world figure unless it is NaN."""
    if value == value:
        state.emission.indicator(tick, identity, -1, float(value))


def _tell_output(state: WorldState, tick: int, nominal: float, real: float) -> None:
    """Output, its price, and both sides of MV = PY, each measured on its own way."""
    money = float(state.macro[Macro.MONEY])
    turns = float(monetary.velocity(nominal * DAYS_PER_YEAR, money))
    level = formulas.deflator(nominal, real)
    _tell(state, tick, Indicator.GDP, nominal)
    _tell(state, tick, Indicator.REAL_GDP, real)
    _tell(state, tick, Indicator.GDP_DEFLATOR, level)
    _tell(state, tick, Indicator.VELOCITY, turns)
    _tell(state, tick, Indicator.MONEY_TURNOVER, money * turns)
    _tell(state, tick, Indicator.OUTPUT_TURNOVER, level * real * DAYS_PER_YEAR)


def _tell_jobs(state: WorldState, tick: int) -> None:
    vacancies = float(int(state.staff.vacancies.sum()))
    workers = float(int(state.staff.workers.sum()))
    _tell(state, tick, Indicator.VACANCIES, vacancies)
    _tell(state, tick, Indicator.VACANCY_RATE, formulas.vacancy_rate(vacancies, workers))


def _tell_seed_terms(state: WorldState, tick: int) -> None:
    """The five terms whose plain sum is the seed's inflation rate."""
    macro, params = state.macro, state.params
    terms = monetary.inflation_terms(
        float(macro[Macro.MONEY_GROWTH]), float(macro[Macro.VELOCITY_CHANGE]),
        float(macro[Macro.GAP]), float(macro[Macro.SENTIMENT]), float(macro[Macro.FEAR]),
        float(macro[Macro.GREED]), params.monetary.inflation_target,
    )  # fmt: skip
    for identity, value in zip(_SEED, (params.config.base_inflation_rate, *terms), strict=True):
        _tell(state, tick, identity, float(value))


def _remember(state: WorldState, nominal: float, real: float) -> None:
    """Write the day into the world's ring; the markets' rings count the days."""
    place = int(state.gauge.counts[GaugeCount.DAYS]) % GAUGE_DAYS
    days = state.gauge.days
    days[DayRow.GDP, place] = nominal
    days[DayRow.REAL_GDP, place] = real
    days[DayRow.UNEMPLOYMENT, place] = state.macro[Macro.UNEMPLOYMENT]
    days[DayRow.CPI, place] = state.macro[Macro.CPI]


def day_sum(days: np.ndarray, row: int, newest: int, count: int) -> float:
    """Return the sum over `count` days of a ring that end with day `newest`, newest first."""
    total = 0.0
    for back in range(count):
        total += float(days[row, (newest - back) % GAUGE_DAYS])
    return total


def _tell_past(state: WorldState, tick: int) -> None:
    """What needs a quarter or two months of days: quarterly output, inflation, Okun's point."""
    newest = int(state.gauge.counts[GaugeCount.DAYS])
    days = state.gauge.days
    if newest + 1 >= 2 * MONTH_DAYS:
        older = newest - MONTH_DAYS
        jobless = day_sum(days, DayRow.UNEMPLOYMENT, newest, MONTH_DAYS)
        jobless -= day_sum(days, DayRow.UNEMPLOYMENT, older, MONTH_DAYS)
        made = day_sum(days, DayRow.REAL_GDP, newest, MONTH_DAYS)
        made_before = day_sum(days, DayRow.REAL_GDP, older, MONTH_DAYS)
        _tell(state, tick, Indicator.OKUN_UNEMPLOYMENT, jobless / MONTH_DAYS)
        growth = formulas.annual_change(made, made_before, 1.0, 1.0)
        _tell(state, tick, Indicator.OKUN_OUTPUT, growth)
    if newest + 1 >= QUARTER_DAYS:
        for identity, row in (
            (Indicator.GDP_QUARTER, DayRow.GDP),
            (Indicator.REAL_GDP_QUARTER, DayRow.REAL_GDP),
        ):
            _tell(state, tick, identity, day_sum(days, row, newest, QUARTER_DAYS))
    if newest >= QUARTER_DAYS:
        before = float(days[DayRow.CPI, (newest - QUARTER_DAYS) % GAUGE_DAYS])
        now = float(state.macro[Macro.CPI])
        change = formulas.annual_change(now, before, float(QUARTER_DAYS), float(DAYS_PER_YEAR))
        _tell(state, tick, Indicator.INFLATION_90, change)


def _tell_regions(state: WorldState, tick: int) -> None:
    """Each region's index on the same base, told at the region's first market."""
    base = float(state.macro[Macro.CPI_BASE])
    for region in range(state.params.regions):
        first = region * GOODS_COUNT
        vwap = state.price.vwap[first : first + GOODS_COUNT]
        index = float(monetary.basket_index(vwap, state.goods, False))
        state.emission.indicator(tick, Indicator.REGIONAL_CPI, first, 100.0 * index / base)


ALERT_AT, ALERT_UNTIL = 0.35, 0.25
MOOD_HIGH, MOOD_LOW = 0.55, 0.45
CALM, PANIC, EUPHORIA = 0, 1, 2


def alert_after(alert: int, fear: float, greed: float, sentiment: float) -> int:
    """Return the alert that follows: panic and euphoria begin above .35 and end below .25."""
    if alert == CALM:
        if fear >= ALERT_AT and sentiment <= MOOD_LOW:
            return PANIC
        if greed >= ALERT_AT and sentiment >= MOOD_HIGH:
            return EUPHORIA
        return CALM
    mood = fear if alert == PANIC else greed
    return CALM if mood < ALERT_UNTIL else alert


def watch_mood(state: WorldState, tick: int) -> None:
    """Raise or end the alert of panic or euphoria, as a world event."""
    macro, counts = state.macro, state.gauge.counts
    fear, greed = float(macro[Macro.FEAR]), float(macro[Macro.GREED])
    before = int(counts[GaugeCount.ALERT])
    now = alert_after(before, fear, greed, float(macro[Macro.SENTIMENT]))
    if now == before:
        return
    counts[GaugeCount.ALERT] = now
    kind = {PANIC: WorldEvent.PANIC, EUPHORIA: WorldEvent.EUPHORIA}.get(now, WorldEvent.CALM)
    value = greed if EUPHORIA in (now, before) else fear
    state.emission.world_event(tick, kind, -1, value, 0)
    state.emission.indicator(tick, Indicator.ALERT, -1, float(now))
