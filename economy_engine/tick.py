"""The tick on one page: the seed's seven steps, in order.

A *step* is 1/240 game day; a tick is one step (`sprint`), four (`lab`) or a tenth (`persistent`,
where the agents' turns of a step are spread over its ten ticks). In step 2 agents act one after
another and every order matches at once against the book as it then stands.
"""

import numpy as np

from economy_engine import deadlines
from economy_engine.book.kernels import (
    reset_statistics,
    sweep_expired_ai,
    sweep_expired_participants,
)
from economy_engine.events import WorldEvent
from economy_engine.params import STEPS_PER_DAY
from economy_engine.schema import Clock
from economy_engine.state import WorldState
from economy_engine.systems import (
    breaker,
    day_end,
    indicators,
    logistics,
    news,
    psychology,
    quota,
    supply_demand,
)
from economy_engine.systems.behavior import (
    arbitrage,
    desks,
    firms,
    households,
    makers,
    noise,
)
from economy_engine.systems.columns import Institution
from economy_engine.systems.venue import Venue
from economy_engine.systems.works import auctions, members, sites

_MOOD_STEPS = 10  # mood indicators are published this often


def advance(state: WorldState) -> None:
    """Run ONE tick; fills the outbox, the markets' statistics and `state.emission`.

    Who calls it takes the reports out and calls `clear_reports` before the next tick.
    """
    clock, shape = state.clock, state.params.preset.clock
    tick = int(clock[Clock.TICK]) + 1
    sweep_expired_participants(state.book, state.ledger, state.outbox, tick)
    _receive_shipments(state, tick)
    _keep_deadlines(state, tick)
    auctions.close_lots(state, tick)
    for step_of_tick in range(shape.steps_per_tick):
        step, phase = int(clock[Clock.STEP]), int(clock[Clock.PHASE])
        venue = _venue(state, tick, step, phase, shape.ticks_per_step)
        if phase == 0:
            _update_markets(state, venue)  # 1 market price updates
        _let_agents_act(state, venue)  # 2 agent behavior
        if phase == 0:
            sites.visit_sites(state, tick, step)
        if step_of_tick + 1 == shape.steps_per_tick:
            _watch_markets(state, tick)  # breaker and auctions, once a tick
        supply_demand.count_flow(state.book, state.price, state.flow, phase == 0)
        if phase + 1 < shape.ticks_per_step:
            clock[Clock.PHASE] = phase + 1
            continue
        indicators.count_step(state.gauge, state.price, state.flow, step)
        _update_psychology(state, step)  # 3 psychology aggregation
        if step % STEPS_PER_DAY == STEPS_PER_DAY - 1:
            day_end.close_day(state, tick, step)  # 4 monetary policy, 5 scarcity, 6 indicators
        if step % _MOOD_STEPS == 0:
            indicators.publish_mood(state, tick)  # 7 events
        clock[Clock.PHASE] = 0
        clock[Clock.STEP] = step + 1
    clock[Clock.TICK] = tick


def _keep_deadlines(state: WorldState, tick: int) -> None:
    """Act what the calendar holds for this tick."""
    while (due := deadlines.pop_due(state, tick)) is not None:
        if due.kind == deadlines.DeadlineKind.PROTECTION_ENDS:
            members.end_protection(state, due.reference, due.generation, tick)


def clear_reports(state: WorldState) -> None:
    """Empty outbox, market statistics and emission, after they have been taken out."""
    reset_statistics(state.book, state.outbox)
    state.flow.seen.fill(0)
    state.emission.clear()


def _venue(state: WorldState, tick: int, step: int, phase: int, phases: int) -> Venue:
    return Venue(
        state.book,
        state.ledger,
        state.outbox,
        state.params.seed,
        step,
        tick,
        phase,
        phases,
        state.params.ladder_levels,
        state.rows.agents,
        state.told_from,
    )


def _update_markets(state: WorldState, venue: Venue) -> None:
    params, price, flow = state.params, state.price, state.flow
    change_max = params.config.max_price_change
    sweep_expired_ai(state.book, state.ledger, venue.step)
    supply_demand.update_mids(state.book, price, flow, params.ladder_levels)
    news.update_news(state.news, params.market, params.seed, venue.step)
    supply_demand.update_fair_values(
        price, flow, state.news, params.maker, params.market.flow_memory
    )
    supply_demand.update_references(price, params.market, change_max)
    if venue.step % STEPS_PER_DAY == 0:
        supply_demand.reset_bands(state.book, price, change_max, params.ladder_levels)
    indicators.publish_news(state, venue.tick)
    indicators.begin_step(state, venue.tick, venue.step)


def _let_agents_act(state: WorldState, venue: Venue) -> None:
    params, rows, price, flow = state.params, state.rows, state.price, state.flow
    macro, day, goods = state.macro, state.day, state.goods
    firms.visit_firms(
        venue, state.firm, state.staff, state.credit, price, state.resource, goods, day, macro,
        params.firm, params.credit, rows.firms,
    )  # fmt: skip
    quota.sell_quota(venue, price, goods, macro, params.quota)
    households.live_households(
        venue, state.household, state.resting, state.agent, state.staff, price, goods, day, macro,
        params.household, state.counts.sizes["F"], int(state.clock[Clock.SITES]),
    )  # fmt: skip
    desks.trade_desks(
        venue, state.desk, state.trader, state.resting, state.agent, price, flow, state.news,
        macro, params.desk, rows.traders,
    )  # fmt: skip
    noise.trade_noise(venue, state.agent, price, params.noise, rows.noise, rows.makers - rows.noise)
    makers.quote_makers(venue, state.maker, price, flow, macro, params.maker, rows.makers)
    if params.regions > 1:
        trade = logistics.of(state)
        arbitrage.trade_arbitrageurs(
            venue, trade, state.arbitrageur, params.trade, rows.arbitrageurs, state.quote_scratch
        )
        logistics.carry(venue, trade)


def _receive_shipments(state: WorldState, tick: int) -> None:
    """Hand out the goods that arrive at this tick; a world of one region has none."""
    if state.params.regions > 1:
        first, emission = state.first_participant, state.emission
        arrivals = emission.arrivals, emission.arrived
        logistics.receive(logistics.of(state), tick, first, *arrivals)


def _watch_markets(state: WorldState, tick: int) -> None:
    """Let the circuit breaker and the auctions end this tick, and announce what they did."""
    params, auction, emission = state.params, state.book.auction, state.emission
    told = breaker.watch_markets(
        state.book, state.ledger, state.outbox, params.config.volatility_threshold,
        params.breaker_ticks, params.call_ticks, state.institution(Institution.FEES), tick,
    )  # fmt: skip
    if not told:
        return
    running = auction["ends"] > 0
    for m in np.flatnonzero(running | (auction["closed"] == tick)):
        own = auction[m]
        price, lots, age = float(own["price"]), int(own["quantity"]), tick - int(own["started"])
        if not running[m]:
            emission.world_event(tick, WorldEvent.AUCTION_ENDED, m, price, lots)
        elif age == 0:
            value, ends = float(own["reference"]), int(own["ends"])
            emission.world_event(tick, WorldEvent.AUCTION_STARTED, m, value, ends)
        if running[m] and age % params.venue.indication_ticks == 0:
            emission.world_event(tick, WorldEvent.AUCTION_INDICATION, m, price, lots)


def _update_psychology(state: WorldState, step: int) -> None:
    sums = np.zeros(6)
    psychology.update_agents(
        state.agent, state.household, state.flow, state.macro, state.params.seed, step,
        state.mood_scratch, sums,
    )  # fmt: skip
    psychology.update_world(state.macro, sums, state.params.config)
