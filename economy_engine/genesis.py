"""The first day of a world: a population in balance, and the hidden warm-up.

Everything is drawn from keyed hashes of the seed, so that a world is a function of its parameters.
Money is issued by the central bank for exactly the cash that the rows start with, goods enter for
exactly the lots, so conservation holds from the first row on.

Source of the start values: parameter set P3 (cash by money demand, capital of speculators in days
of volume, scarcity rents in the start prices).
"""

from collections.abc import Callable

import numpy as np

from economy_engine import events, market_data, tick
from economy_engine.errors import ContractViolation
from economy_engine.events import Block, Indicator
from economy_engine.goods import GOODS, INDEX, Good, GoodKind
from economy_engine.ledger.columns import AccountKind
from economy_engine.ledger.kernels import money_supply
from economy_engine.limits import FEE_BPS, INSTITUTION_ROWS
from economy_engine.params import WorldParams, cents
from economy_engine.schema import TARIFF_CLASS, Clock
from economy_engine.state import WorldState
from economy_engine.systems import birth as draw
from economy_engine.systems import logistics
from economy_engine.systems.columns import Institution, Macro
from economy_engine.systems.scarcity import base_reserve, price_multiplier, scarcity_level
from economy_engine.units import increment_for, level_near

START_WAGE_CENTS = 10_000
TREASURY_CENTS_PER_HOUSEHOLD = 6_000
FUND_CENTS_PER_HOUSEHOLD = 20_000
NOISE_CENTS = 1_000_000
MEDIAN_WEALTH_CENTS = 268_000  # 20 baskets, until the first count
POLICY_RATE_START = 0.04
QUOTA_SHARE = 1.1  # of balanced use
POOL_DAYS = 4.0  # lending pool, days of volume
FULLNESS, FULLNESS_RENEWABLE = 0.9, 0.75  # reserve / base at the start
RENEWABLE_USE = 4.0  # a renewable's base is used this much faster than depletionRate says
WARM_UP_DAYS = 30
BUCKET_TICKS = 10
_INDICES = (Indicator.CPI, Indicator.CORE_CPI, Indicator.REGIONAL_CPI)


def create(params: WorldParams) -> WorldState:
    """Return a world at tick 0; a function of `params` alone."""
    state = WorldState(params)
    _fill_markets(state)
    _fill_resources(state)
    _split_costs(state)
    _fill_agents(state)
    _fill_institutions(state)
    logistics.open_routes(state)
    _count_value(state)
    _fill_macro(state)
    state.check()
    return state


def warm_up(
    state: WorldState, days: int = WARM_UP_DAYS, progress: Callable[[int, int], None] | None = None
) -> Block:
    """Run `days` game days that nobody can act in; `progress(day, days)` is called after each.

    Returns what they told, for the charts of the world that opens then: indicators, attributions
    and world events in full, market rows merged over ten ticks, so that candles of every interval
    are exact. The public price index starts at 100 with the last day; it is told on that base.
    """
    ticks_per_day = state.params.preset.clock.ticks_per_day
    parts = _Parts(state.params.markets)
    for done in range(1, days + 1):
        for _ in range(ticks_per_day):
            tick.advance(state)
            parts.take(state)
            tick.clear_reports(state)
        if progress is not None:
            progress(done, days)
    state.macro[Macro.CPI_BASE] = state.macro[Macro.CPI]
    return parts.block(float(state.macro[Macro.CPI_BASE]))


class _Parts:
    """What a world tells tick by tick, as the parts of one block."""

    def __init__(self, markets: int) -> None:
        self._rows: list[np.ndarray] = []
        self._bucket = np.zeros(markets, events.MARKET_TICK_DTYPE)
        self._events = [np.zeros(0, events.WORLD_EVENT_DTYPE)]
        self._values = [np.zeros(0, events.INDICATOR_DTYPE)]
        self._attributions = [np.zeros(0, events.ATTRIBUTION_DTYPE)]

    def take(self, state: WorldState) -> None:
        """Take out what the last tick told."""
        number = int(state.clock[Clock.TICK])
        rows, bucket = market_data.market_rows(state, number), self._bucket
        if number % BUCKET_TICKS == 0 or not self._rows:
            self._bucket = rows
            self._rows.append(rows)
        else:
            # The books' state is that of the bucket's end; prices and sums are of all of it.
            rows["open"] = bucket["open"]
            rows["high"] = np.maximum(rows["high"], bucket["high"])
            rows["low"] = np.minimum(rows["low"], bucket["low"])
            for name in ("volume", "value", "trades", "flow"):
                rows[name] += bucket[name]
            bucket[:] = rows
        happened, values = state.emission.take()
        self._events.append(happened)
        self._values.append(values)
        self._attributions.append(state.emission.take_attributions())

    def block(self, base: float) -> Block:
        """The block, with price indices told on `base`."""
        values = np.concatenate(self._values)
        values["value"][np.isin(values["id"], _INDICES)] /= base
        made = Block(
            world_events=np.concatenate(self._events),
            indicators=values,
            attributions=np.concatenate(self._attributions),
        )
        if self._rows:
            made.market_ticks = np.concatenate(self._rows)
        return made


def _fill_markets(state: WorldState) -> None:
    params, price, flow = state.params, state.price, state.flow
    for m in range(params.markets):
        good = GOODS[m % params.goods]
        start = good.price_cents * good.start_factor * cents(1)
        start *= _rent_factor(params, good, m // params.goods)
        increment = increment_for(int(start + 0.5), params.increments_max)
        market = state.book.market[m]
        market["price_increment"] = increment
        market["last_price"] = level_near(start, increment, params.ladder_levels) * increment
        price.mid[m] = start
        price.daily_volume[m] = state.counts.output[m]
    for column in (price.average, price.reference, price.fundamental, price.day_open, price.vwap):
        column[:] = price.mid
    price.cost[:] = price.mid / (1.0 + params.market.markup)
    price.demand[:] = price.daily_volume * 2.0
    price.supply[:] = price.daily_volume * 2.0
    flow.fair[:] = price.mid[:, None]
    flow.fair_mean[:] = price.mid
    for variance in (
        flow.variance_40,
        flow.variance_400,
        flow.variance_3000,
        flow.variance_30000,
    ):
        variance.fill(1e-6)


def _split_costs(state: WorldState) -> None:
    """Say which part of the start cost is inputs; the rest is labour and its scarcity rent."""
    price, goods, resource = state.price, state.goods, state.resource
    for m in range(state.params.markets):
        k = m % state.params.goods
        inputs = 0.0
        for q in range(state.params.goods):
            inputs += float(goods.inputs[k, q]) * float(price.mid[m - k + q])
        price.input_cost[m] = min(inputs, 0.9 * float(price.cost[m]))
        level = scarcity_level(resource.reserve[m], resource.base[m])
        if goods.kind[k] not in (GoodKind.FINITE, GoodKind.RENEWABLE):
            level = 0.0
        rent = price_multiplier(level, goods.max_multiplier[k], goods.importance[k])
        price.labour_cost[m] = (price.cost[m] - price.input_cost[m]) / rent


def _fill_resources(state: WorldState) -> None:
    resource = state.resource
    resource.base.fill(1.0)
    resource.renewal.fill(1.0)
    for m in range(state.params.markets):
        kind = GOODS[m % state.params.goods].kind
        if kind == GoodKind.PRODUCED:
            continue
        good, region = GOODS[m % state.params.goods], m // state.params.goods
        renewable = kind == GoodKind.RENEWABLE
        rate = state.params.config.depletion_rate * (RENEWABLE_USE if renewable else 1.0)
        use = max(1.0, float(state.price.daily_volume[m]))
        resource.base[m] = base_reserve(use, rate) * _abundance(state.params, good, region)
        resource.reserve[m] = resource.base[m] * _fullness(state.params, good, region)


def _abundance(params: WorldParams, good: Good, region: int) -> float:
    """How much richer in a resource a region is than the mean of the regions, 1 = as rich."""
    if params.regions == 1 or good.kind not in (GoodKind.FINITE, GoodKind.RENEWABLE):
        return 1.0
    side = 1.0 - 2.0 * region / (params.regions - 1)  # first region 1, last region -1
    ore = good.kind == GoodKind.FINITE
    return 1.0 + side * (params.trade.ore_tilt if ore else params.trade.field_tilt)


def _fullness(params: WorldParams, good: Good, region: int) -> float:
    """Reserve over base at the start; a rich region has also used less of it."""
    usual = FULLNESS_RENEWABLE if good.kind == GoodKind.RENEWABLE else FULLNESS
    return usual * _abundance(params, good, region)


def _rent_factor(params: WorldParams, good: Good, region: int) -> float:
    """Start price of a region over that of a single one: what its scarcity rent adds to cost."""
    if good.kind not in (GoodKind.FINITE, GoodKind.RENEWABLE):
        return 1.0
    usual = FULLNESS_RENEWABLE if good.kind == GoodKind.RENEWABLE else FULLNESS
    inputs = 0.0
    for code, lots in good.inputs.items():
        inputs += lots * GOODS[INDEX[code]].price_cents

    def cost(fullness: float) -> float:
        scarcity = float(scarcity_level(fullness, 1.0))
        rent = float(price_multiplier(scarcity, good.max_multiplier, good.importance))
        return good.labour * START_WAGE_CENTS * rent + inputs

    return cost(_fullness(params, good, region)) / cost(usual)


def _fill_agents(state: WorldState) -> None:
    params, rows, seed = state.params, state.rows, state.params.seed
    ledger, price, goods = state.ledger, state.price, state.goods
    regions = params.regions
    draw.agents(state.agent, seed)
    settled = ((rows.households, rows.firms), (rows.firms, rows.traders),
               (rows.noise, rows.makers), (rows.arbitrageurs, rows.agents))  # fmt: skip
    for first, end in settled:
        draw.homes(state.agent, seed, first, end, regions)
    kinds = (
        (rows.households, rows.firms, AccountKind.HOUSEHOLD),
        (rows.firms, rows.traders, AccountKind.FIRM),
        (rows.traders, rows.noise, AccountKind.TRADER),
        (rows.noise, rows.makers, AccountKind.NOISE),
        (rows.makers, rows.arbitrageurs, AccountKind.MAKER),
        (rows.arbitrageurs, rows.agents, AccountKind.ARBITRAGEUR),
        (rows.agents, rows.agents + INSTITUTION_ROWS, AccountKind.INSTITUTION),
    )
    for first, end, kind in kinds:
        ledger.kind[first:end] = kind
    shares = draw.households(
        ledger, state.household, state.agent, goods, seed, params.household.basket_cost
    )
    state.macro[Macro.SHARES] = shares
    sectors = np.zeros(len(state.firm.market), np.int64)
    at = 0
    for m, count in enumerate(state.counts.firms):
        sectors[at : at + count] = m
        at += count
    wage = float(cents(START_WAGE_CENTS))
    firms = len(sectors)
    state.staff.payer[:firms] = np.arange(rows.firms, rows.firms + firms, dtype=np.int32)
    draw.firms(state.firm, state.staff, sectors, price, goods, seed, wage, QUOTA_SHARE)
    draw.endow_firms(ledger, state.firm, goods, rows.firms, wage, params.firm.buffer_flat)
    employed = draw.employ(state.household, state.firm, state.staff, goods, seed)
    state.macro[Macro.UNEMPLOYMENT] = 1.0 - employed / len(state.household.employer)
    draw.desks(state.desk, price, state.trader.base.size, seed, params.desk.view_spread)
    draw.traders(
        ledger, state.desk, state.trader, state.agent, price, goods, seed, rows.traders,
        float(cents(5_000)),
    )  # fmt: skip
    noise = rows.makers - rows.noise
    draw.noise(ledger, price, rows.noise, noise, cents(NOISE_CENTS))
    draw.makers(ledger, state.maker, state.agent, price, goods, rows.makers)
    draw.arbitrageurs(
        ledger, state.arbitrageur, price, goods, seed, rows.arbitrageurs,
        params.trade.capital_days, params.trade.visit_span,
    )  # fmt: skip


def _fill_institutions(state: WorldState) -> None:
    households = len(state.household.employer)
    ledger = state.ledger
    treasury = state.institution(Institution.TREASURY)
    ledger.cash[treasury] = households * cents(TREASURY_CENTS_PER_HOUSEHOLD)
    fund = state.institution(Institution.FUND)
    ledger.cash[fund] = households * cents(FUND_CENTS_PER_HOUSEHOLD)
    bank = state.institution(Institution.BANK)
    ledger.cash[bank] = int(households * state.params.credit.capital_per_household)
    pool = state.institution(Institution.LENDING_POOL)
    ledger.stock[pool] = (state.price.daily_volume * POOL_DAYS).astype(np.int32)
    state.arrays["fees"][:, 0] = FEE_BPS
    trade = state.params.trade
    tariffs = {
        GoodKind.PRODUCED: trade.tariff_produced_bps,
        GoodKind.FINITE: trade.tariff_finite_bps,
        GoodKind.RENEWABLE: trade.tariff_renewable_bps,
        GoodKind.ARTIFICIAL: trade.tariff_artificial_bps,
    }
    for kind, tariff in tariffs.items():
        state.arrays["fees"][:, TARIFF_CLASS + kind] = tariff
    state.arrays["regions"]["owner"] = -1
    state.arrays["regions"]["open"] = 1


def _count_value(state: WorldState) -> None:
    """Issue exactly the cash and enter exactly the lots that the rows were given."""
    if state.ledger.issued.any() or state.ledger.goods_in.any():
        raise ContractViolation("value was counted before genesis")
    rows = int(state.clock[Clock.ROWS])
    state.ledger.issued[0] = int(state.ledger.cash[:rows].sum())
    state.ledger.goods_in[:] = state.ledger.stock[:rows].sum(axis=0, dtype=np.int64)


def _fill_macro(state: WorldState) -> None:
    macro, target = state.macro, state.params.monetary.inflation_target
    start = {
        Macro.VOLATILITY_MULTIPLIER: 1.0,
        Macro.SENTIMENT: 0.5,
        Macro.SQUARES: 0.26,
        Macro.FEAR: 0.1,
        Macro.GREED: 0.1,
        Macro.CONFIDENCE: 0.7,
        Macro.UNEMPLOYMENT_MEAN: float(macro[Macro.UNEMPLOYMENT]),
        Macro.EXPECTED_INFLATION: target,
        Macro.POLICY_INFLATION: target,
        Macro.SEED_INFLATION: target,
        Macro.INFLATION: target,
        Macro.POLICY_RATE: POLICY_RATE_START,
        Macro.MEAN_WAGE: float(cents(START_WAGE_CENTS)),
        Macro.CPI: 1.0,
        Macro.CORE: 1.0,
        Macro.CPI_BASE: 1.0,
        Macro.MEDIAN_WEALTH: float(cents(MEDIAN_WEALTH_CENTS)),
        Macro.MONEY: float(money_supply(state.ledger)),
        Macro.HELD_UNTIL_DAY: -1.0,
    }
    for slot, value in start.items():
        macro[slot] = value
    fund = float(state.ledger.cash[state.institution(Institution.FUND)])
    macro[Macro.DIVIDEND] = state.params.monetary.spending * fund / macro[Macro.SHARES]
