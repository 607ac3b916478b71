"""Call auctions in a world: the breaker calls them, orders collect, one uncross ends them."""

from __future__ import annotations

import numpy as np
import pytest

from economy_engine import CommandEntry, TickEntry, WorldState, commands, create, preset, snapshot
from economy_engine.apply import Outcome, apply
from economy_engine.book import auction as auctions
from economy_engine.book import checks
from economy_engine.book.columns import MarketState
from economy_engine.errors import RejectReason
from economy_engine.events import OrderEvent, OrderStatus, WorldEvent, pack, unpack
from economy_engine.goods import CO2
from economy_engine.handlers.operations import PPM
from economy_engine.order_terms import OrderType, Side, TimeInForce
from economy_engine.schema import Clock
from economy_engine.systems import breaker, quota, shocks
from economy_engine.systems.columns import Institution, Macro
from economy_engine.systems.scarcity import mint_quota
from economy_engine.systems.shocks import ShockKind

FOOD = 7
PLAYER, OTHER = 77, 12


class Desk:
    """Plays commands and ticks on a copy of a world, and checks value after each."""

    def __init__(self, state: WorldState) -> None:
        self.state = state.copy()

    def act(self, command: commands.Command, participant: int = PLAYER, ref: int = 0) -> Outcome:
        clock = self.state.clock
        payload = commands.encode(command, commands.Header(participant=participant))
        entry = CommandEntry(int(clock[Clock.SEQ]) + 1, int(clock[Clock.TICK]), ref, payload)
        return self._checked(apply(self.state, [entry]))

    def tick(self) -> Outcome:
        return self._checked(apply(self.state, [TickEntry()]))

    def _checked(self, outcome: Outcome) -> Outcome:
        self.state.check()
        assert checks.not_crossed(self.state.book) == 0
        assert unpack(pack(outcome.block)).orders.tolist() == outcome.block.orders.tolist()
        return outcome

    def call(self, market: int = FOOD) -> int:
        """Call an auction as the breaker does, by a jump of what it remembers; returns its end."""
        self.state.book.recent[market] = self.state.book.recent[market] // 2
        self.tick()
        assert self.state.book.market["state"][market] == MarketState.AUCTION
        return int(self.state.book.auction["ends"][market])

    def order(self, side: int, lots: int, ppm: int, **terms: int) -> commands.PlaceOrder:
        """A limit order at a share of the last price."""
        market = self.state.book.market[FOOD]
        grid = int(market["price_increment"])
        price = int(market["last_price"]) * ppm // PPM // grid * grid
        kind = terms.pop("kind", OrderType.LIMIT)
        tif = terms.pop("tif", TimeInForce.GTC)
        return commands.PlaceOrder(FOOD, side, kind, tif, lots, price, **terms)


@pytest.fixture(scope="module")
def living() -> WorldState:
    state = create(
        preset("lab", 500, 11, participant_orders_max=1_024, spare_rows=64, participants_max=40,
               ladder_levels=4_096)
    )  # fmt: skip
    apply(state, [TickEntry() for _ in range(20)])
    return state


@pytest.fixture
def desk(living: WorldState) -> Desk:
    seat = Desk(living)
    seat.act(commands.RegisterParticipant(guest=False), PLAYER)
    seat.act(commands.RegisterParticipant(guest=False), OTHER)
    return seat


def events_of(outcome: Outcome, kind: WorldEvent, market: int = FOOD) -> np.ndarray:
    found = outcome.block.world_events
    return found[(found["kind"] == kind) & (found["market"] == market)]


@pytest.mark.parametrize(
    ("recent", "now", "moved"),
    [
        ([100, 0, 100], 110, False),
        ([100, 0, 100], 111, True),
        ([100, 0, 100], 90, False),
        ([100, 0, 100], 89, True),
        ([0, 0, 0], 500, False),
        ([100, 95, 104], 105, True),  # more than a tenth above the lowest
        ([100, 95, 104], 104, False),
    ],
)
def test_the_breaker_looks_at_the_highest_and_the_lowest(
    recent: list[int], now: int, moved: bool
) -> None:
    assert breaker.has_moved(np.array(recent, np.int64), now, 0.1) == moved


def test_a_fast_price_calls_an_auction_and_one_uncross_ends_it(desk: Desk) -> None:
    state = desk.state
    state.book.recent[FOOD] //= 2
    before = int(state.clock[Clock.TICK])
    started = events_of(desk.tick(), WorldEvent.AUCTION_STARTED)
    call = state.params.call_ticks
    assert started["tick"].tolist() == [before + 1]
    assert started["detail"].tolist() == [before + 1 + call]
    seen, traded = 0, 0
    for _ in range(call - 1):
        outcome = desk.tick()
        assert state.book.market["state"][FOOD] == MarketState.AUCTION
        rows = outcome.block.market_ticks
        assert rows["volume"][FOOD] == 0 and rows["trades"][FOOD] == 0, "nothing trades"
        seen += len(events_of(outcome, WorldEvent.AUCTION_INDICATION))
    assert seen == (call - 1) // state.params.venue.indication_ticks
    assert state.book.auction["quantity"][FOOD] > 0
    outcome = desk.tick()
    ended = events_of(outcome, WorldEvent.AUCTION_ENDED)
    traded = int(ended["detail"][0])
    row = outcome.block.market_ticks[FOOD]
    assert traded == row["volume"] > 0
    assert row["open"] == row["high"] == row["low"] == row["close"] == ended["value"][0]
    assert state.book.market["state"][FOOD] == MarketState.OPEN
    assert state.book.auction["held"][FOOD] == 1
    assert checks.check_book(state.book) == 0
    for _ in range(3):
        assert state.book.market["state"][FOOD] == MarketState.OPEN, "called at once again"
        desk.tick()


def test_only_orders_that_can_rest_are_taken(desk: Desk) -> None:
    desk.call()
    before = desk.state.digest()
    for terms in (
        {"kind": OrderType.MARKET, "tif": TimeInForce.IOC},
        {"tif": TimeInForce.IOC},
        {"tif": TimeInForce.FOK},
        {"kind": OrderType.POST_ONLY},
    ):
        outcome = desk.act(desk.order(Side.BID, 2, PPM, **terms))
        assert outcome.results[0].reason == RejectReason.MARKET_IN_AUCTION, terms
        assert outcome.block.orders["status"].tolist() == [OrderStatus.REJECTED]
        desk.state.clock[Clock.SEQ] -= 1
        desk.state.clock[Clock.ENTRIES] -= 1
        assert desk.state.digest() == before, "a refused order changed the world"
    taken = desk.act(desk.order(Side.BID, 2, 12 * PPM // 10)).block.orders
    assert taken["status"].tolist() == [OrderStatus.NEW], "it crosses, and rests"


def test_both_sides_are_filled_at_one_price_and_told_so(desk: Desk) -> None:
    end = desk.call()
    bid = desk.order(Side.BID, 3, 13 * PPM // 10)
    seq = desk.act(bid).results[0].seq
    desk.tick()
    held = desk.state.ledger.cash_held.sum()
    while int(desk.state.clock[Clock.TICK]) < end:
        outcome = desk.tick()
    price = int(desk.state.book.auction["price"][FOOD])
    fills = outcome.block.fills
    assert fills["seq"].tolist() == [seq]
    assert fills["quantity"][0] == 3 and fills["price"][0] == price < bid.price
    assert fills["fee"][0] == 0 and fills["is_maker"][0] == 1
    order = outcome.block.orders[outcome.block.orders["seq"] == seq][0]
    assert (order["event"], order["status"]) == (OrderEvent.TRADE, OrderStatus.FILLED)
    assert order["price"] == bid.price and order["value"] == 3 * price, "limit, and what was paid"
    assert len(outcome.block.balances) == 2 and held > 0


def test_cancel_halt_and_retirement_work_while_orders_collect(desk: Desk) -> None:
    desk.call()
    mine = desk.act(desk.order(Side.BID, 3, 13 * PPM // 10)).results[0].seq
    theirs = desk.act(desk.order(Side.BID, 2, 13 * PPM // 10), OTHER).results[0].seq
    left = int(desk.state.book.auction["ends"][FOOD])
    desk.act(commands.Halt(reason=1), 0)
    assert desk.act(desk.order(Side.BID, 1, PPM)).results[0].reason == RejectReason.WORLD_HALTED
    assert desk.act(commands.CancelOrder(bytes(16)), ref=mine).results[0].executed
    desk.act(commands.Resume(), 0)
    assert desk.state.book.auction["ends"][FOOD] == left, "world time stood still"
    desk.tick()
    desk.act(commands.CancelAll(-1), OTHER)
    assert not (desk.state.book.orders["seq"] == theirs).any()
    while desk.state.book.market["state"][FOOD] == MarketState.AUCTION:
        desk.tick()
    assert checks.check_book(desk.state.book) == 0


def test_an_auction_survives_snapshot_copy_and_replay_bit_for_bit(desk: Desk) -> None:
    end = desk.call()
    desk.act(desk.order(Side.BID, 3, 13 * PPM // 10))
    desk.tick()
    assert (desk.state.book.best[FOOD, 0]) > 0
    twins = [Desk(desk.state), Desk(snapshot.load(snapshot.dump(desk.state)))]
    crossed = False
    while int(desk.state.clock[Clock.TICK]) < end + 5:
        desk.tick()
        crossed |= bool(desk.state.book.best[FOOD, 0] >= desk.state.book.best[FOOD, 1])
        for twin in twins:
            twin.tick()
            assert twin.state.digest() == desk.state.digest()
    assert crossed, "the restored book was never crossed"


def test_the_uncross_waits_when_reports_have_no_room(desk: Desk) -> None:
    end = desk.call()
    desk.act(desk.order(Side.BID, 3, 13 * PPM // 10))
    while int(desk.state.clock[Clock.TICK]) < end - 1:
        desk.tick()
    state = desk.state
    small = state.outbox._replace(fills=state.outbox.fills[:0])
    fees = state.institution(Institution.FEES)
    reference = int(state.book.auction["reference"][FOOD])
    before = state.digest()
    assert auctions.uncross(state.book, state.ledger, small, FOOD, reference, fees, end) == (-1, 0)
    assert state.digest() == before
    desk.tick()
    assert state.book.market["state"][FOOD] == MarketState.OPEN


def test_a_news_crash_calls_an_auction_in_a_world_of_agents(living: WorldState) -> None:
    desk = Desk(living)
    assert shocks.inject(desk.state, ShockKind.NEWS, 0, -0.6)
    called = 0
    for _ in range(120):
        outcome = desk.tick()
        called += len(events_of(outcome, WorldEvent.AUCTION_STARTED, 0))
    assert called >= 1
    assert desk.state.book.auction["held"][0] + (desk.state.book.auction["ends"][0] > 0) == called


# The treasury's desk for permits.


@pytest.mark.parametrize(
    ("stock", "step", "lots"), [(240, 0, 20), (240, 120, 40), (240, 220, 240), (5, 0, 1), (0, 0, 0)]
)
def test_equal_slices_empty_the_stock_by_midnight(stock: int, step: int, lots: int) -> None:
    assert quota.slice_of(stock, step, 20) == lots


def test_permits_are_minted_to_the_desk_sold_above_the_reserve_and_paid_to_the_treasury(
    living: WorldState,
) -> None:
    state = living.copy()
    desk_row = state.institution(Institution.QUOTA_DESK)
    for _ in range(60 - int(state.clock[Clock.TICK]) % 60):
        apply(state, [TickEntry()])
    assert state.ledger.stock[desk_row, CO2] + state.ledger.stock_held[desk_row, CO2] > 0
    floor = quota.reserve_price(
        state.goods.price[CO2], state.params.quota.reserve, state.macro[Macro.CPI]
    )
    sold = 0
    for _ in range(60):
        stock = state.ledger.stock[desk_row, CO2] + state.ledger.stock_held[desk_row, CO2]
        apply(state, [TickEntry()])
        own = state.book.orders[
            (state.book.orders["owner"] == desk_row) & (state.book.orders["quantity"] > 0)
        ]
        asked = own["price"] * state.book.market["price_increment"][CO2]
        assert (asked >= floor - state.book.market["price_increment"][CO2]).all()
        assert (own["market"] == CO2).all() and (own["side"] == Side.ASK).all()
        now = state.ledger.stock[desk_row, CO2] + state.ledger.stock_held[desk_row, CO2]
        sold += max(0, int(stock) - int(now))
        state.check()
    assert sold > 0


def test_the_quota_follows_cap_climate_and_price(living: WorldState) -> None:
    state = living.copy()
    row = state.institution(Institution.QUOTA_DESK)
    cap = float(state.firm.capacity[state.firm.market == CO2].sum())

    def minted(price_factor: float) -> int:
        before = int(state.ledger.stock[row, CO2])
        state.price.mid[CO2] = price_factor * state.goods.price[CO2]
        mint_quota(state.ledger, state.firm, state.price, state.resource, state.day, state.goods,
                   1.0, row)  # fmt: skip
        return int(state.ledger.stock[row, CO2]) - before

    assert minted(1.0) == int(cap)
    assert minted(1.5) == pytest.approx(2.0 * cap, abs=2)
    assert minted(0.65) == pytest.approx(0.5 * cap, abs=2)
    assert minted(0.1) == int(0.2 * cap) or minted(0.1) == pytest.approx(0.2 * cap, abs=1)
    state.resource.renewal[CO2] = 0.5
    assert minted(1.0) == int(0.5 * cap)
    state.check()
