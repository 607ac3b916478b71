"""Regions: who lives where, what the ground holds, and that nothing is lost between them."""

import os
import subprocess
import sys

import numpy as np
import pytest

from economy_engine import TickEntry, snapshot, tick
from economy_engine.apply import apply
from economy_engine.commands import ShockKind
from economy_engine.events import pack
from economy_engine.goods import GOODS, GOODS_COUNT, INDEX, market_codes, market_numbers
from economy_engine.market_data import BLOCK_TRADES
from economy_engine.params import STEPS_PER_DAY, preset
from economy_engine.population import population
from economy_engine.schema import Clock
from economy_engine.systems import logistics, shocks
from economy_engine.systems.columns import FreightCounter, Institution
from tests.engine.test_determinism import HANG_SECONDS, ROOT
from tests.engine.worlds import run, small_world

OIL, LAND, FOOD, ENERGY = INDEX["OIL"], INDEX["LAND"], INDEX["FOOD"], INDEX["ENRG"]
COUNT = FreightCounter.COUNT


@pytest.fixture(scope="module")
def born():
    """A world of two regions at tick 0."""
    return small_world(2_000, regions=2)


@pytest.fixture(scope="module")
def living():
    """The same after a day and a half: shipments have left, arrived, and are on their way."""
    return run(small_world(2_000, regions=2), 90)


def test_codes_have_a_letter_as_soon_as_there_are_two_regions():
    assert market_codes(1) == tuple(good.code for good in GOODS)
    assert market_codes(4)[::GOODS_COUNT] == ("OIL.N", "OIL.S", "OIL.E", "OIL.W")
    for regions in (1, 2, 3, 4):
        codes = market_codes(regions)
        assert [market_numbers(regions)[code] for code in codes] == list(range(10 * regions))


@pytest.mark.parametrize(("agents", "regions"), [(1_000, 2), (1_500, 3), (2_000, 4), (100_000, 2)])
def test_every_region_has_enough_of_every_kind_and_the_world_is_employed(agents, regions):
    counts = population(preset("sprint", agents, 1, regions=regions))
    assert sum(counts.sizes[kind] for kind in ("H", "F", "T", "Z", "K", "X")) == agents
    assert len(counts.output) == len(counts.firms) == 10 * regions
    assert min(counts.firms) >= 3
    assert counts.sizes["X"] >= max(2 * regions, agents * 5 // 1_000)
    labour = [good.labour for good in GOODS] * regions
    jobs = sum(lots * each for lots, each in zip(counts.output, labour, strict=True))
    assert 0.92 < jobs / counts.sizes["H"] < 0.96


def test_agents_live_work_and_hold_goods_in_their_own_region(born):
    region = born.agent.home // GOODS_COUNT
    rows, household, firm = born.rows, born.household, born.firm
    homes = region[: rows.firms]
    assert (np.diff(homes) >= 0).all()
    assert abs(int((homes == 0).sum()) - int((homes == 1).sum())) <= 1
    assert np.array_equal(region[rows.firms : rows.traders], firm.market // GOODS_COUNT)
    employed = household.employer >= 0
    employers = household.employer[employed]
    assert np.array_equal(firm.market[employers] // GOODS_COUNT, homes[employed])
    assert 0.85 < employed.mean() < 1.0
    for place in range(2):
        elsewhere = slice(10 * (1 - place), 10 * (2 - place))
        own = np.flatnonzero(region[: rows.arbitrageurs] == place)
        assert not born.ledger.stock[own, elsewhere].any()


def test_a_rich_region_is_cheap_and_the_other_one_is_rich_in_something_else(born):
    price, reserve = born.price.mid.reshape(2, 10), born.resource.reserve.reshape(2, 10)
    for good in ("OIL", "LITH", "RARE"):
        assert price[0, INDEX[good]] < price[1, INDEX[good]]
        assert reserve[0, INDEX[good]] > reserve[1, INDEX[good]]
    for good in ("WATR", "LAND"):
        assert price[0, INDEX[good]] > price[1, INDEX[good]]
        assert reserve[0, INDEX[good]] < reserve[1, INDEX[good]]


def test_a_days_work_stays_at_home(living):
    """After a day of hiring and shopping nobody works or shops in the other region."""
    homes = living.agent.home[: living.rows.firms] // GOODS_COUNT
    employer = living.household.employer
    employed = employer >= 0
    assert np.array_equal(living.firm.market[employer[employed]] // GOODS_COUNT, homes[employed])
    for place in range(2):
        elsewhere = slice(10 * (1 - place), 10 * (2 - place))
        own = np.flatnonzero(homes == place)
        assert not living.ledger.stock[own, elsewhere].any()
        assert not living.ledger.stock_held[own, elsewhere].any()


def test_goods_are_exact_at_every_tick_while_they_travel():
    state = small_world(1_000, regions=2)
    transit = state.institution(Institution.TRANSIT)
    travelled = 0
    for _ in range(150):
        tick.advance(state)
        state.check()
        inbound = np.zeros(20, np.int64)
        count = int(state.freight.counters[COUNT])
        np.add.at(inbound, state.shipment.target[:count], state.shipment.lots[:count])
        assert np.array_equal(inbound, state.freight.inbound)
        travelled += int(state.ledger.stock[transit].sum())
        tick.clear_reports(state)
    assert travelled > 0
    assert state.freight.counters[FreightCounter.NUMBER] > state.freight.counters[COUNT]


def test_a_world_restored_in_the_middle_of_shipments_has_the_same_future(living):
    first = living.copy()
    assert first.freight.counters[COUNT] > 0
    restored = snapshot.load(snapshot.dump(first))
    assert restored.digest() == first.digest()
    assert run(restored, 70).digest() == run(first, 70).digest()


@pytest.mark.timeout(HANG_SECONDS + 60)
def test_plain_python_gets_the_same_world_of_two_regions():
    mine = run(small_world(1_000, 7, "lab", 2), 10).digest()
    command = [sys.executable, "-m", "tests.engine.worlds", "1000", "7", "lab", "10", "2"]
    done = subprocess.run(
        command, cwd=ROOT, env={**os.environ, "NUMBA_DISABLE_JIT": "1"}, capture_output=True,
        text=True, timeout=HANG_SECONDS, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert int(done.stdout, 16) == mine


def test_the_block_of_a_tick_stays_small_with_two_regions(living):
    state = living.copy()
    for _ in range(20):
        block = apply(state, [TickEntry()]).block
        full = 20 * BLOCK_TRADES[1] * block.tape.dtype.itemsize
        assert len(pack(block)) - block.tape.nbytes + full <= 8_192
        assert block.market_ticks["market"].tolist() == list(range(20))
        assert np.bincount(block.depth["market"]).max() <= 6


def test_four_regions_trade_over_routes_that_take_one_to_three_days():
    state = small_world(2_000, regions=4)
    per_day = 60
    apart = np.abs(np.subtract.outer(np.arange(4), np.arange(4)))
    assert np.array_equal(state.route.delay, apart * per_day)
    assert np.array_equal(state.route.open, apart > 0)
    trades = np.zeros(40, np.int64)
    for _ in range(per_day):
        tick.advance(state)
        trades += state.book.market["trade_count"]
        tick.clear_reports(state)
    state.check()
    assert (trades > 0).all()


def test_unrest_stops_extraction_and_routes_of_one_region_for_thirty_days():
    state = small_world(1_000, regions=2)
    finite = state.firm.market % GOODS_COUNT < 3
    there = finite & (state.firm.market >= GOODS_COUNT)
    before = state.firm.capacity.copy()
    assert shocks.inject(state, ShockKind.INSTABILITY, GOODS_COUNT, 0.7)
    assert state.firm.capacity[there] == pytest.approx(0.7 * before[there])
    assert np.array_equal(state.firm.capacity[~there], before[~there])
    assert not state.route.open.any()
    out = np.zeros(logistics.QUOTE_FIELDS, np.int64)
    refused = logistics.quote_shipment(logistics.of(state), -1, OIL, 1, 5, out)
    assert refused == 3302
    state.clock[Clock.STEP] = 29 * STEPS_PER_DAY
    run(state, 60)
    assert not state.route.open.any()
    run(state, 60)
    assert state.route.open.sum() == 2
    assert state.freight.unrest_until.tolist() == [-1, -1]


def test_a_climate_step_hits_the_region_of_its_market():
    state = small_world(1_000, regions=2)
    assert shocks.inject(state, ShockKind.CLIMATE, GOODS_COUNT + 3, 0.5)
    assert (state.resource.renewal[:10] == 1.0).all()
    assert (state.resource.renewal[10:] == 0.5).all()
