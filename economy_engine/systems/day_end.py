"""The end of a game day: what is settled, decided and published once a day, in order."""

from economy_engine.book.upkeep import set_price_increment
from economy_engine.events import WorldEvent
from economy_engine.params import STEPS_PER_DAY
from economy_engine.state import WorldState
from economy_engine.systems import (
    capital,
    credit,
    credit_reports,
    indicators,
    logistics,
    monetary,
    scarcity,
    shocks,
)
from economy_engine.systems.behavior import arbitrage
from economy_engine.systems.columns import Institution, Macro
from economy_engine.systems.works import lots, members, patents
from economy_engine.units import increment_for, increment_previous

_WEALTH_DAYS = 10  # household wealth is counted this often


def close_day(state: WorldState, tick: int, step: int) -> None:
    """Close the day that ends with `step`: policy, capital, scarcity, indicators, price grids."""
    day_number = step // STEPS_PER_DAY
    volumes = state.price.day_quantity.copy()
    _close_money(state, tick, day_number)
    _close_resources(state, step, day_number)
    indicators.publish_resources(state, tick)
    indicators.publish_day(state, tick, day_number, volumes)
    credit_reports.publish_credit(state, tick)
    lots.put_up_failed(state, tick)
    state.emission.world_event(tick, WorldEvent.DAY_ENDED, -1, float(day_number), day_number)
    _change_increments(state, tick)
    day = state.day
    for column in (day.produced, day.used, day.consumed, day.counts):
        column.fill(0)


def _close_money(state: WorldState, tick: int, day_number: int) -> None:
    ledger, price, macro, day = state.ledger, state.price, state.macro, state.day
    params, rows = state.params, state.rows
    policy = params.monetary
    monetary.close_prices(price, state.goods, macro)
    monetary.close_labor(state.household, state.staff, macro, state.counts.sizes["F"])
    monetary.close_accounts(ledger, day, macro, day_number)
    known = monetary.update_figures(day, macro, params.config, policy, day_number)
    if known and monetary.meet(macro, policy, day_number):
        rate = float(macro[Macro.POLICY_RATE])
        state.emission.world_event(tick, WorldEvent.POLICY_MEETING, -1, rate, day_number)
    monetary.hold_rate(macro, day_number)
    capital.settle_speculators(
        ledger, state.trader, state.maker, price, day, macro, policy,
        rows.traders, rows.makers, rows.agents,
    )  # fmt: skip
    arbitrage.settle_arbitrageurs(
        logistics.of(state), state.arbitrageur, day, macro, policy, rows.arbitrageurs
    )
    logistics.settle_carrier(logistics.of(state))
    if day_number % _WEALTH_DAYS == 0:
        wealth = state.wealth_scratch
        monetary.list_wealth(ledger, state.household, state.agent, price, wealth)
        wealth.sort()  # by value alone, so every machine gets the same order
        monetary.wealth_figures(macro, wealth)
    credit.close_bank(
        ledger, state.credit, macro, params.credit, len(state.household.employer), rows.agents
    )
    members.close_members(state, tick, day_number)
    patents.close_patents(state, tick)
    monetary.set_dividends(ledger, macro, policy, rows.agents)
    monetary.issue_money(ledger, day, macro, policy, day_number, rows.agents)
    monetary.set_universal_dividend(ledger, state.household, macro, policy, rows.agents)


def _close_resources(state: WorldState, step: int, day_number: int) -> None:
    config = state.params.config
    scarcity.mint_quota(
        state.ledger, state.firm, state.price, state.resource, state.day, state.goods,
        float(state.macro[Macro.CPI]), state.institution(Institution.QUOTA_DESK),
    )  # fmt: skip
    scarcity.change_reserves(
        state.resource, state.goods, state.params.seed, step,
        config.discovery_probability, config.catastrophe_probability,
    )  # fmt: skip
    for region, until in enumerate(state.freight.unrest_until.tolist()):
        if 0 <= until <= day_number:
            shocks.end_instability(state, region)


def _change_increments(state: WorldState, tick: int) -> None:
    """Keep every mid within the ladder's good range by choosing another price grid."""
    params = state.params
    for m in range(params.markets):
        increment = int(state.book.market[m]["price_increment"])
        mid = int(state.price.mid[m] + 0.5)
        wanted = increment
        if mid > params.increments_max * increment:
            wanted = increment_for(mid, params.increments_max)
        while wanted > 1 and mid < params.increments_min * wanted:
            wanted = increment_previous(wanted)
        if wanted == increment:
            continue
        set_price_increment(state.book, state.ledger, state.outbox, m, wanted, tick)
        state.emission.world_event(
            tick, WorldEvent.PRICE_INCREMENT_CHANGED, m, float(increment), wanted
        )
