"""Moving goods: what it costs, what it refuses, and where the value goes."""

from __future__ import annotations

import numpy as np
import pytest

from economy_engine import CommandEntry, TickEntry, commands, units
from economy_engine.apply import Outcome, apply
from economy_engine.errors import RejectReason
from economy_engine.events import ShipmentEvent, unpack_result
from economy_engine.goods import GOODS_COUNT, INDEX
from economy_engine.ledger.columns import CASH, ISSUER, AccountFlag
from economy_engine.ledger.kernels import transfer
from economy_engine.limits import SHIPMENT_LOTS_MAX, SHIPMENTS_PER_PARTICIPANT_MAX
from economy_engine.schema import Clock
from economy_engine.state import WorldState
from economy_engine.systems import logistics
from economy_engine.systems.behavior import arbitrage
from economy_engine.systems.columns import FreightCounter, Institution
from tests.engine.worlds import run, small_world

PLAYER = 7
OIL, LAND, CARBON, FOOD, ENERGY = (INDEX[code] for code in ("OIL", "LAND", "CO2", "FOOD", "ENRG"))
COUNT, NUMBER = FreightCounter.COUNT, FreightCounter.NUMBER


@pytest.fixture(scope="module")
def quiet() -> WorldState:
    """Two regions at tick 0 with round prices: oil 6 credits, energy 7, carbon 4, food 9."""
    state = small_world(1_000, regions=2)
    for good, price in ((OIL, 6_000), (ENERGY, 7_000), (CARBON, 4_000), (FOOD, 9_000)):
        state.price.mid[[good, GOODS_COUNT + good]] = price
    return state


def quote(state: WorldState, row: int, market: int, region: int, lots: int) -> tuple[int, list]:
    out = np.zeros(logistics.QUOTE_FIELDS, np.int64)
    reason = logistics.quote_shipment(logistics.of(state), row, market, region, lots, out)
    return int(reason), out.tolist()


@pytest.mark.parametrize(
    ("value", "bps", "expected"),
    [(0, 20, 0), (1, 20, 1), (10_000, 20, 20), (10_001, 20, 21), (2**61, 10_000, 2**61)],
)
def test_shares_are_rounded_up_and_do_not_overflow(value, bps, expected):
    assert units.share_up(value, bps) == expected


@pytest.mark.parametrize(
    ("milli", "mid", "margin", "expected"),
    [(0, 7_000, 500, 0), (1, 7_000, 500, 8), (400, 7_000, 500, 2_940), (1_500, 6_801, 0, 10_202)],
)
def test_the_carrier_asks_for_energy_and_a_margin(milli, mid, margin, expected):
    assert units.carrier_price(milli, mid, margin) == expected


@pytest.mark.parametrize(
    ("market", "lots", "energy", "own", "carried", "carrier", "toll", "tariff"),
    [
        # 10 oil: 400 thousandths of energy = 2,800, with 5 % 2,940; value 60,000.
        (OIL, 10, 0, 0, 400, 2_940, 120, 300),
        # 110 oil: 4,400 thousandths; 3 lots at hand, 1,400 carried = 9,800 + 490.
        (OIL, 110, 3, 3, 1_400, 10_290, 1_320, 3_300),
        # More energy at hand than whole lots are needed: the rest of a lot is carried.
        (OIL, 110, 99, 4, 400, 2_940, 1_320, 3_300),
        # Permits weigh nothing and bear no tariff.
        (CARBON, 10, 5, 0, 0, 0, 80, 0),
        # Energy itself: 40 lots need 2,000 thousandths; what is shipped is not burned.
        (ENERGY, 40, 41, 1, 1_000, 7_350, 560, 2_800),
        (FOOD, 1, 0, 0, 50, 368, 18, 90),
    ],
)
def test_what_a_shipment_costs(quiet, market, lots, energy, own, carried, carrier, toll, tariff):
    state = quiet.copy()
    row = state.rows.noise
    state.ledger.stock[row, ENERGY] = energy
    reason, out = quote(state, row, market, 1, lots)
    assert reason == RejectReason.OK
    assert out == [own, carried, carrier, toll, tariff, 60]


@pytest.mark.parametrize(
    ("market", "region", "lots", "reason"),
    [
        (-1, 1, 5, RejectReason.UNKNOWN_SYMBOL),
        (20, 1, 5, RejectReason.UNKNOWN_SYMBOL),
        (OIL, 0, 5, RejectReason.UNKNOWN_ROUTE),
        (OIL, 2, 5, RejectReason.UNKNOWN_ROUTE),
        (OIL, -1, 5, RejectReason.UNKNOWN_ROUTE),
        (OIL, 1, 0, RejectReason.LOT_SIZE),
        (OIL, 1, SHIPMENT_LOTS_MAX + 1, RejectReason.LOT_SIZE),
        (LAND, 1, 5, RejectReason.NOT_SHIPPABLE),
        (10 + OIL, 1, 5, RejectReason.UNKNOWN_ROUTE),
        (10 + OIL, 0, 5, RejectReason.OK),
    ],
)
def test_routes_and_goods_that_do_not_exist_are_refused(quiet, market, region, lots, reason):
    assert quote(quiet, -1, market, region, lots)[0] == reason


class Oracle:
    """Shipments as a list, balances as a dict: slow and obvious."""

    def __init__(self, state: WorldState, rows: list[int]) -> None:
        self.moving: list[tuple[int, int, int, int, int]] = []
        self.stock = {(row, m): int(state.ledger.stock[row, m]) for row in rows for m in range(20)}
        self.cash = {row: int(state.ledger.cash[row]) for row in rows}

    def send(self, row: int, market: int, lots: int, out: list[int], tick: int) -> None:
        source = market // 10
        self.stock[row, market] -= lots
        self.stock[row, 10 * source + ENERGY] -= out[0]
        self.cash[row] -= out[2] + out[3] + out[4]
        target = 10 * (1 - source) + market % 10
        self.moving.append((tick + out[5], row, market, target, lots))

    def arrive(self, tick: int) -> None:
        for arrives, row, _, target, lots in self.moving:
            if arrives <= tick:
                self.stock[row, target] += lots
        self.moving = [each for each in self.moving if each[0] > tick]


def test_random_shipments_agree_with_a_list(quiet):
    state = quiet.copy()
    rows = list(range(state.rows.noise, state.rows.noise + 4))
    random = np.random.default_rng(5)
    oracle = Oracle(state, rows)
    sent = refused = 0
    for tick in range(200):
        state.clock[Clock.TICK] = tick
        trade = logistics.of(state)
        for _ in range(3):
            row, market = int(random.choice(rows)), int(random.integers(20))
            lots = int(random.integers(1, 6))
            out = np.zeros(logistics.QUOTE_FIELDS, np.int64)
            before = state.digest()
            reason = logistics.dispatch(trade, row, market, 1 - market // 10, lots, out)
            if reason == RejectReason.OK:
                oracle.send(row, market, lots, out.tolist(), tick)
                sent += 1
            else:
                assert state.digest() == before
                refused += 1
        logistics.receive(
            trade, tick + 1, state.first_participant, state.emission.arrivals,
            state.emission.arrived,
        )  # fmt: skip
        oracle.arrive(tick + 1)
        state.check()
        assert state.freight.counters[COUNT] == len(oracle.moving)
    assert sent > 100 and refused > 20
    for (row, market), lots in oracle.stock.items():
        assert state.ledger.stock[row, market] == lots, (row, market)
    for row, cash in oracle.cash.items():
        assert state.ledger.cash[row] == cash


def test_the_table_of_shipments_has_an_end(quiet):
    state = quiet.copy()
    state.freight.counters[COUNT] = state.params.shipments_max
    row = state.rows.noise
    state.ledger.stock[row, OIL] = 5
    out = np.zeros(logistics.QUOTE_FIELDS, np.int64)
    reason = logistics.dispatch(logistics.of(state), row, OIL, 1, 1, out)
    assert reason == RejectReason.ENGINE_BUSY


def test_the_carrier_uses_the_energy_that_it_was_paid_for():
    state = run(small_world(2_000, regions=2), 120)
    carrier = state.institution(Institution.CARRIER)
    assert state.freight.counters[NUMBER] > 20
    assert state.freight.owed.max() < 60_000
    assert not state.ledger.stock[carrier, [OIL, FOOD]].any()
    assert 0 <= state.ledger.cash[carrier] < state.macro[20] // 1_000


# Commands.


class Seat:
    """A participant with goods, in a copy of a world."""

    def __init__(self, state: WorldState, goods: dict[int, int] | None = None) -> None:
        self.state = state.copy()
        self.act(commands.RegisterParticipant(guest=False))
        self.row = self.state.first_participant
        for market, lots in (goods or {}).items():
            transfer(self.state.ledger, ISSUER, self.row, market, lots)

    def act(self, command: commands.Command) -> Outcome:
        clock = self.state.clock
        payload = commands.encode(command, commands.Header(participant=PLAYER))
        entry = CommandEntry(int(clock[Clock.SEQ]) + 1, int(clock[Clock.TICK]), 0, payload)
        return apply(self.state, [entry])

    def reason(self, command: commands.Command) -> RejectReason:
        return self.act(command).results[0].reason


def test_a_participants_goods_leave_and_arrive(quiet):
    seat = Seat(quiet, {OIL: 200, ENERGY: 3})
    state, cash = seat.state, int(seat.state.ledger.cash[seat.row])
    outcome = seat.act(commands.ShipGoods(OIL, 1, 110))
    assert outcome.results[0].reason == RejectReason.OK
    result = unpack_result(commands.CommandKind.SHIP_GOODS, outcome.results[0].packed)
    assert result == {
        "shipment": 1, "arrives_tick": 60, "energy_lots": 3, "carrier_minor": 10_290,
        "toll_minor": 1_320, "tariff_minor": 3_300,
    }  # fmt: skip
    left = outcome.block.shipments
    assert left["event"].tolist() == [ShipmentEvent.DISPATCHED]
    assert (left["participant"][0], left["target"][0], left["charged"][0]) == (PLAYER, 10, 14_910)
    assert set(outcome.block.balances["asset"].tolist()) == {CASH, OIL, ENERGY}
    assert state.ledger.cash[seat.row] == cash - 14_910
    assert state.ledger.stock[seat.row, [OIL, ENERGY, 10 + OIL]].tolist() == [90, 0, 0]
    state.check()
    for _ in range(59):
        assert not len(apply(state, [TickEntry()]).block.shipments)
    arrived = apply(state, [TickEntry()]).block
    assert arrived.shipments["event"].tolist() == [ShipmentEvent.ARRIVED]
    assert arrived.shipments["participant"].tolist() == [PLAYER]
    here = arrived.balances[arrived.balances["participant"] == PLAYER]
    assert here["asset"].tolist() == [10 + OIL]
    assert here["available"].tolist() == [110]
    state.check()


def test_refused_shipments_change_nothing(quiet):
    seat = Seat(quiet, {OIL: 200, LAND: 5})
    state = seat.state
    for command, reason in (
        (commands.ShipGoods(OIL, 1, 201), RejectReason.INSUFFICIENT_INVENTORY),
        (commands.ShipGoods(OIL, 0, 5), RejectReason.UNKNOWN_ROUTE),
        (commands.ShipGoods(OIL, 7, 5), RejectReason.UNKNOWN_ROUTE),
        (commands.ShipGoods(40, 1, 5), RejectReason.UNKNOWN_SYMBOL),
        (commands.ShipGoods(LAND, 1, 5), RejectReason.NOT_SHIPPABLE),
    ):
        before = state.ledger.stock[seat.row].copy(), int(state.ledger.cash[seat.row])
        assert seat.reason(command) == reason
        assert np.array_equal(state.ledger.stock[seat.row], before[0])
        assert state.ledger.cash[seat.row] == before[1]
    state.route.open[0, 1] = 0
    assert seat.reason(commands.ShipGoods(OIL, 1, 5)) == RejectReason.ROUTE_CLOSED
    state.route.open[0, 1] = 1
    state.ledger.flags[seat.row] |= int(AccountFlag.DEBITS_FROZEN)
    assert seat.reason(commands.ShipGoods(OIL, 1, 5)) == RejectReason.ACCOUNT_FROZEN
    state.ledger.flags[seat.row] = 0
    cash = int(state.ledger.cash[seat.row])
    transfer(state.ledger, seat.row, state.institution(Institution.TREASURY), CASH, cash)
    assert seat.reason(commands.ShipGoods(OIL, 1, 5)) == RejectReason.INSUFFICIENT_FUNDS
    assert state.freight.counters[[COUNT, NUMBER]].tolist() == [0, 0]
    state.check()


def test_a_participant_has_a_bounded_number_of_shipments(quiet):
    seat = Seat(quiet, {OIL: 200})
    for _ in range(SHIPMENTS_PER_PARTICIPANT_MAX):
        assert seat.reason(commands.ShipGoods(OIL, 1, 1)) == RejectReason.OK
    assert seat.reason(commands.ShipGoods(OIL, 1, 1)) == RejectReason.MAX_SHIPMENTS


def test_goods_of_one_who_left_go_to_the_treasury(quiet):
    seat = Seat(quiet, {OIL: 20})
    assert seat.reason(commands.ShipGoods(OIL, 1, 20)) == RejectReason.OK
    assert seat.reason(commands.RetireParticipant()) == RejectReason.OK
    assert seat.reason(commands.RegisterParticipant(guest=False)) == RejectReason.OK
    treasury = seat.state.institution(Institution.TREASURY)
    run(seat.state, 60)
    assert seat.state.ledger.stock[treasury, 10 + OIL] == 20
    assert not seat.state.ledger.stock[seat.row].any()
    seat.state.check()


# Arbitrage.


@pytest.mark.parametrize(
    ("mid", "toll", "tariff", "freight", "energy", "margin", "cost"),
    [
        (6_000.0, 0, 0, 0, 7_000.0, 0, 6_000.0),
        (6_000.0, 20, 50, 40, 7_000.0, 500, 6_000.0 + 42.0 + 294.0),
    ],
)
def test_cost_on_arrival(mid, toll, tariff, freight, energy, margin, cost):
    found = arbitrage.shipping_cost(mid, toll, tariff, freight, energy, margin)
    assert found == pytest.approx(cost)


@pytest.mark.parametrize(
    ("inbound", "expected"), [(0.0, 5_997.0), (40.0, 5_397.3), (10_000.0, 599.7)]
)
def test_goods_on_their_way_lower_the_sale_that_is_expected(inbound, expected):
    assert arbitrage.expected_sale(6_000.0, inbound, 100.0, 0.25) == pytest.approx(expected)


def _gap(state: WorldState, good: int) -> float:
    """Mean price in the second region over that in the first one, over twelve days: a mean of
    four varies by .02 and more."""
    sums = np.zeros(20)
    for _ in range(720):
        run(state, 1)
        sums += state.price.mid
    return float(sums[10 + good] / sums[good])


def test_arbitrage_closes_the_gap_that_a_shock_opens():
    """Paired: the same shock, with routes and without. Oil of the first region gets scarce."""
    open_, closed = small_world(2_000, regions=2), small_world(2_000, regions=2)
    closed.route.open[:] = 0
    for state in (open_, closed):
        state.resource.reserve[OIL] *= 0.4
        run(state, 60 * 18)
    gap_open, gap_closed = _gap(open_, OIL), _gap(closed, OIL)
    band = _band(open_)
    assert gap_closed < 1.0 / (1.0 + band) - 0.05, (gap_open, gap_closed)
    assert 1.0 / (1.0 + band) < gap_open < 1.0 + band, (gap_open, gap_closed, band)
    assert open_.freight.counters[NUMBER] > 100
    assert closed.freight.counters[NUMBER] == 0


def _band(state: WorldState) -> float:
    """What may remain between the prices of oil: all cost of a lot, fee, margin, the pressure of
    half a day of volume on its way, and both books' half spreads (3 % together)."""
    trade, price = state.params.trade, state.price.mid
    cost = arbitrage.shipping_cost(
        price[OIL], trade.toll_bps, trade.tariff_finite_bps, 40, price[ENERGY],
        trade.carrier_margin_bps,
    )  # fmt: skip
    return float(cost / price[OIL] - 1.0) + trade.margin + 0.0005 + 0.5 * trade.impact + 0.03
