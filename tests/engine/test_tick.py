"""The tick: every market trades, books never cross, value is exact, nothing explodes."""

import numpy as np
import pytest

from economy_engine import tick
from economy_engine.book.columns import BookCounter, MarketState
from economy_engine.book.kernels import cancel_slot
from economy_engine.errors import ContractViolation
from economy_engine.events import Indicator, WorldEvent
from economy_engine.goods import CO2
from economy_engine.params import STEPS_PER_DAY
from economy_engine.schema import Clock
from economy_engine.systems import shocks
from economy_engine.systems.columns import Institution, Macro
from economy_engine.systems.shocks import ShockKind
from tests.engine.worlds import run, small_world


def _assert_not_crossed(state):
    """Only a market in a call auction may be crossed."""
    best = state.book.best
    collecting = state.book.market["state"] == MarketState.AUCTION
    assert (collecting | (best[:, 0] < best[:, 1])).all(), best


def test_markets_trade_books_stay_uncrossed_and_value_is_exact_at_every_tick():
    state = small_world(2_000, preset="sprint")
    trades = np.zeros(10, np.int64)
    for _ in range(STEPS_PER_DAY + 60):
        tick.advance(state)
        trades += state.book.market["trade_count"]
        _assert_not_crossed(state)
        state.check()
        tick.clear_reports(state)
    assert (trades > 20).all(), trades
    assert state.book.counters[BookCounter.DROPPED] == 0


def test_twenty_thousand_steps_stay_alive():
    """2,000 agents for 84 days: prices, jobs and every market within wide bounds."""
    state = small_world(2_000, seed=3)
    days = 84
    for day in range(days):
        trades = np.zeros(10, np.int64)
        for _ in range(60):
            tick.advance(state)
            trades += state.book.market["trade_count"]
            tick.clear_reports(state)
        assert (trades > 0).all(), (day, trades)
        assert 0.5 < state.macro[Macro.CPI] < 2.0, day
        assert state.macro[Macro.UNEMPLOYMENT] < 0.30, day
        _assert_not_crossed(state)
    state.check()
    assert state.clock[Clock.STEP] == days * STEPS_PER_DAY
    for name, array in state.arrays.items():
        if array.dtype.kind == "f":
            assert np.isfinite(array).all(), name
    assert (state.resource.reserve >= 0.0).all()
    assert state.book.counters[BookCounter.DROPPED] == 0


def test_a_persistent_step_takes_ten_ticks_and_agents_act_in_all_of_them():
    state = small_world(1_000, preset="persistent")
    busy = 0
    for number in range(200):
        before = int(state.book.counters[BookCounter.ARRIVALS])
        tick.advance(state)
        busy += int(state.book.counters[BookCounter.ARRIVALS]) != before
        tick.clear_reports(state)
        assert state.clock[Clock.TICK] == number + 1
        assert state.clock[Clock.STEP] == (number + 1) // 10
        assert state.clock[Clock.PHASE] == (number + 1) % 10
    assert busy > 150
    state.check()


def test_a_day_ends_with_figures_events_and_a_new_band():
    state = run(small_world(500), 59)
    tick.advance(state)
    events, values = state.emission.take()
    kinds = events["kind"].tolist()
    assert kinds.count(WorldEvent.DAY_ENDED) == 1
    cpi = values[values["id"] == Indicator.CPI]
    assert len(cpi) == 1
    assert cpi["value"][0] == pytest.approx(100.0 * state.macro[Macro.CPI])
    assert (values[values["id"] == Indicator.EQUILIBRIUM_PRICE]["market"] == np.arange(10)).all()
    reserves = values[values["id"] == Indicator.RESERVES]
    assert reserves["market"].tolist() == [0, 1, 2, 3, 4]
    tick.clear_reports(state)
    tick.advance(state)
    market, mid = state.book.market, state.price.day_open / state.book.market["price_increment"]
    assert (market["band_low"] == np.maximum(1, (0.5 * mid).astype(int))).all()
    assert (market["band_high"] == (1.5 * mid).astype(int) + 1).all()
    assert not state.day.produced.any() or state.day.produced.sum() < 1_000


def test_fees_reach_the_treasury_at_the_day_end():
    state = run(small_world(500), 30)
    fees = state.institution(Institution.FEES)
    assert state.ledger.cash[fees] > 0
    run(state, 30)
    assert state.ledger.cash[fees] == 0


def test_reports_that_nobody_takes_stop_the_world_loudly():
    state = small_world(500)
    with pytest.raises(ContractViolation, match="taken out"):
        for _ in range(5_000):
            tick.advance(state)


def test_a_price_that_leaves_its_grid_gets_another_increment():
    state = run(small_world(500), 59)
    before = int(state.book.market[0]["price_increment"])
    state.book.market[0]["last_price"] *= 40
    book = state.book
    own = [slot for slot in range(len(book.orders)) if book.orders[slot]["quantity"] > 0]
    for slot in own:
        if book.orders[slot]["market"] == 0:
            cancel_slot(book, state.ledger, slot)
    state.price.mid[0] *= 40
    state.price.fundamental[0] *= 40
    state.flow.fair[0] *= 40
    state.flow.fair_mean[0] *= 40
    tick.advance(state)
    events, _ = state.emission.take()
    changed = events[events["kind"] == WorldEvent.PRICE_INCREMENT_CHANGED]
    assert 0 in changed["market"]
    assert book.market[0]["price_increment"] > before
    tick.clear_reports(state)
    run(state, 5)
    state.check()
    _assert_not_crossed(state)


@pytest.mark.parametrize(
    ("kind", "market", "size"),
    [
        (99, 0, 1.0),
        (ShockKind.NEWS, 10, 0.1),
        (ShockKind.NEWS, -1, 0.1),
        (ShockKind.NEWS, 0, float("nan")),
        (ShockKind.RESERVE, 0, -0.5),
        (ShockKind.RESERVE, 7, 0.5),
        (ShockKind.DISCOVERY, 3, 0.2),
        (ShockKind.RENEWAL, 0, 0.5),
        (ShockKind.DROUGHT, 10, 0.5),
        (ShockKind.CASH, -1, 0.0),
        (ShockKind.CLIMATE, 10, 0.5),
        (ShockKind.INSTABILITY, 10, 0.7),
        (ShockKind.CASH, -1, 1e7),
    ],
)
def test_a_shock_that_makes_no_sense_has_no_effect(kind, market, size):
    state = small_world(500)
    before = state.digest()
    assert not shocks.inject(state, kind, market, size)
    assert state.digest() == before


def test_shocks_act_through_the_models_own_quantities():
    state = run(small_world(500), 10)
    oil = float(state.resource.reserve[0])
    assert shocks.inject(state, ShockKind.RESERVE, 0, 0.4)
    assert state.resource.reserve[0] == pytest.approx(0.4 * oil)
    fear = float(state.agent.fear.mean())
    assert shocks.inject(state, ShockKind.PANIC, -1, 0.3)
    assert float(state.agent.fear.mean()) > fear + 0.2
    money = int(state.ledger.issued[0])
    assert shocks.inject(state, ShockKind.CASH, -1, 1.5)  # credits
    households = len(state.household.employer)
    assert state.ledger.issued[0] == money + 1_500 * households
    assert shocks.inject(state, ShockKind.CLIMATE, -1, 0.5)
    assert (state.resource.renewal == 0.5).all()
    water = float(state.resource.reserve[3])
    assert shocks.inject(state, ShockKind.DROUGHT, 3, 0.5)
    assert state.resource.reserve[3] == pytest.approx(0.5 * water)
    assert state.resource.renewal[3] == 0.25
    assert shocks.inject(state, ShockKind.RENEWAL, 4, 2.0)
    assert state.resource.renewal[4] == 1.0
    lithium = float(state.resource.reserve[1])
    assert shocks.inject(state, ShockKind.DISCOVERY, 1, 0.2)
    assert state.resource.reserve[1] == pytest.approx(lithium + 0.2 * state.resource.base[1])
    state.check()


def test_a_headline_moves_the_price_its_way():
    """Paired worlds: the news streams are keyed, so only the headline differs."""
    calm, shaken = run(small_world(2_000), 60), run(small_world(2_000), 60)
    assert shocks.inject(shaken, ShockKind.NEWS, 0, -0.3)
    tick.advance(shaken)
    assert shaken.emission.world_events[0]["kind"] == WorldEvent.NEWS
    tick.clear_reports(shaken)
    run(calm, 10)
    run(shaken, 9)
    assert shaken.price.mid[0] < 0.97 * calm.price.mid[0]
    assert np.array_equal(calm.news.level[1:], shaken.news.level[1:])


def test_an_instability_ends_after_thirty_days():
    state = small_world(500)
    extractors = state.firm.market < 3
    before = state.firm.capacity[extractors].copy()
    assert shocks.inject(state, ShockKind.INSTABILITY, -1, 0.7)
    assert state.firm.capacity[extractors] == pytest.approx(0.7 * before)
    shocks.end_instability(state, 0)
    assert state.firm.capacity[extractors] == pytest.approx(before)
    shocks.end_instability(state, 0)
    assert state.firm.capacity[extractors] == pytest.approx(before)


def test_a_pinned_rate_stays_for_its_term():
    state = small_world(500)
    shocks.pin_rate(state, 0.2, 2)
    run(state, 120)
    assert state.macro[Macro.POLICY_RATE] == 0.2


def test_quota_is_minted_once_a_day_as_goods_that_entered():
    state = run(small_world(500), 59)
    entered = int(state.ledger.goods_in[CO2])
    run(state, 1)
    minted = int(state.ledger.goods_in[CO2]) - entered
    cap = float(state.firm.capacity[state.firm.market == CO2].sum())
    assert 0.2 * cap - 3 <= minted <= 3.0 * cap
    run(state, 58)
    assert int(state.ledger.goods_in[CO2]) == entered + minted
