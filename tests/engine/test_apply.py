"""Commands act on a world: what they change, what they report, and that refusals change nothing."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from economy_engine import CommandEntry, TickEntry, WorldState, commands, create, preset
from economy_engine.apply import Outcome, apply
from economy_engine.errors import ContractViolation, RejectReason
from economy_engine.events import OrderEvent, OrderStatus, WorldEvent, pack, unpack, unpack_result
from economy_engine.order_terms import OrderType, Side, TimeInForce
from economy_engine.schema import Clock
from economy_engine.systems.columns import Macro

FOOD = 7
PLAYER, OTHER = 77, 12


@pytest.fixture(scope="module")
def living() -> WorldState:
    """A small world in which trading has begun."""
    state = create(
        preset("lab", 500, 11, participant_orders_max=1_024, spare_rows=64, participants_max=40)
    )
    apply(state, [TickEntry() for _ in range(20)])
    return state


class Table:
    """Plays commands on a copy of a world."""

    def __init__(self, state: WorldState) -> None:
        self.state = state.copy()

    def act(
        self, command: commands.Command, participant: int = PLAYER, ref_seq: int = 0, **header: int
    ) -> Outcome:
        clock = self.state.clock
        payload = commands.encode(command, commands.Header(participant=participant, **header))
        entry = CommandEntry(int(clock[Clock.SEQ]) + 1, int(clock[Clock.TICK]), ref_seq, payload)
        return apply(self.state, [entry])

    def tick(self, count: int = 1) -> Outcome:
        return apply(self.state, [TickEntry() for _ in range(count)])

    def price(self, side: int, steps: int) -> int:
        """A price `steps` increments away from the best of `side`, away from the other side."""
        level = int(self.state.book.best[FOOD, side]) + (-steps if side == Side.BID else steps)
        return level * int(self.state.book.market[FOOD]["price_increment"])

    def limit(self, side: int, quantity: int, price: int, **terms: int) -> commands.PlaceOrder:
        tif = terms.pop("tif", TimeInForce.GTC)
        return commands.PlaceOrder(FOOD, side, OrderType.LIMIT, tif, quantity, price, **terms)


@pytest.fixture
def table(living: WorldState) -> Table:
    seat = Table(living)
    seat.act(commands.RegisterParticipant(guest=False))
    return seat


def reason_of(outcome: Outcome) -> RejectReason:
    return outcome.results[0].reason


def test_registration_issues_the_grant_once(living: WorldState) -> None:
    seat = Table(living)
    issued = int(seat.state.ledger.issued[0])
    outcome = seat.act(commands.RegisterParticipant(guest=True))
    grant = unpack_result(outcome.results[0].kind, outcome.results[0].packed)["grant_minor"]
    assert grant > 1_000_000
    assert outcome.block.balances.tolist() == [(PLAYER, -1, grant, 0)]
    assert int(seat.state.ledger.issued[0]) == issued + grant
    assert reason_of(seat.act(commands.RegisterParticipant(guest=True))) == (
        RejectReason.ALREADY_REGISTERED
    )
    seat.state.check()


def test_a_world_has_room_for_so_many_participants(living: WorldState) -> None:
    seat = Table(living)
    room = living.params.participants_max
    for participant in range(1, room + 1):
        assert not reason_of(seat.act(commands.RegisterParticipant(True), participant))
    full = seat.act(commands.RegisterParticipant(True), room + 1)
    assert reason_of(full) == RejectReason.MAX_PARTICIPANTS
    seat.state.check()


def test_a_market_order_fills_and_the_books_balance(table: Table) -> None:
    order = commands.PlaceOrder(FOOD, Side.BID, OrderType.MARKET, TimeInForce.IOC, 3, 0)
    block = table.act(order).block
    (report,) = block.orders
    assert report["status"] == OrderStatus.FILLED
    assert report["filled"] == 3
    assert block.fills["quantity"].sum() == 3
    assert block.fills["value"].sum() == report["value"]
    balances = {int(b["asset"]): int(b["available"]) for b in block.balances}
    assert balances[FOOD] == 3
    table.state.check()


def test_an_order_rests_shrinks_and_ends(table: Table) -> None:
    placed = table.act(table.limit(Side.BID, 8, table.price(Side.BID, 4)))
    seq = placed.results[0].seq
    assert placed.block.orders["status"].tolist() == [OrderStatus.NEW]
    held = int(placed.block.balances[0]["held"])
    assert held == 8 * int(placed.block.orders[0]["price"])
    reduced = table.act(commands.ReduceOrder(bytes(16), 5), ref_seq=seq).block
    assert reduced.orders[["event", "left"]].tolist() == [(OrderEvent.REDUCED, 5)]
    assert int(reduced.balances[0]["held"]) == held * 5 // 8
    ended = table.act(commands.CancelOrder(bytes(16)), ref_seq=seq).block
    assert ended.orders[["status", "left"]].tolist() == [(OrderStatus.CANCELED, 0)]
    assert int(ended.balances[0]["held"]) == 0
    again = table.act(commands.CancelOrder(bytes(16)), ref_seq=seq)
    assert reason_of(again) == RejectReason.ORDER_CLOSED
    table.state.check()


def test_a_resting_order_is_filled_by_agents(table: Table) -> None:
    """Prices of a young world rise: the bid follows the best ask until somebody sells to it."""
    seq = 0
    for turn in range(80):
        if turn % 4 == 0:
            table.act(commands.CancelOrder(bytes(16)), ref_seq=seq)
            seq = table.act(table.limit(Side.BID, 2, table.price(Side.ASK, -1))).results[0].seq
            states, fills = [], 0
        block = table.tick().block
        states += [r for r in block.orders if r["seq"] == seq]
        fills += int(block.fills["quantity"][block.fills["seq"] == seq].sum())
        if states and states[-1]["status"] == OrderStatus.FILLED:
            break
    assert states
    assert states[-1]["status"] == OrderStatus.FILLED
    assert fills == states[-1]["filled"] == 2
    table.state.check()


def test_an_order_expires_at_its_tick(table: Table) -> None:
    last = int(table.state.clock[Clock.TICK]) + 3
    order = table.limit(
        Side.BID, 1, table.price(Side.BID, 60), tif=TimeInForce.GTT, expires_tick=last
    )
    table.act(order)
    ended = [row for _ in range(4) for row in table.tick().block.orders]
    assert [(row["status"], row["tick"]) for row in ended] == [(OrderStatus.EXPIRED, last)]
    assert int(table.state.ledger.cash_held[table.state.first_participant]) == 0


def test_several_orders_of_one_batch_have_one_row_each(table: Table) -> None:
    price = table.price(Side.BID, 5)
    header = commands.Header(participant=PLAYER)
    clock = table.state.clock
    seq, tick = int(clock[Clock.SEQ]), int(clock[Clock.TICK])
    payload = commands.encode(table.limit(Side.BID, 1, price), header)
    cancel = commands.encode(commands.CancelOrder(bytes(16)), header)
    block = apply(
        table.state,
        [
            CommandEntry(seq + 1, tick, 0, payload),
            CommandEntry(seq + 2, tick, 0, payload),
            CommandEntry(seq + 3, tick, seq + 1, cancel),
        ],
    ).block
    assert block.orders[["seq", "status"]].tolist() == [
        (seq + 1, OrderStatus.CANCELED),
        (seq + 2, OrderStatus.NEW),
    ]


def test_retirement_gives_everything_back(table: Table) -> None:
    table.act(commands.PlaceOrder(FOOD, Side.BID, OrderType.MARKET, TimeInForce.IOC, 3, 0))
    seq = table.act(table.limit(Side.BID, 2, table.price(Side.BID, 9))).results[0].seq
    block = table.act(commands.RetireParticipant()).block
    assert block.orders[["seq", "participant", "status"]].tolist() == [
        (seq, PLAYER, OrderStatus.CANCELED)
    ]
    assert reason_of(table.act(commands.CancelAll(-1))) == RejectReason.UNKNOWN_PARTICIPANT
    table.state.check()
    first = table.state.first_participant
    table.act(commands.RegisterParticipant(False), OTHER)
    assert int(table.state.ledger.kind[first]) == 8
    assert int(table.state.ledger.stock[first].sum()) == 0
    assert int(table.state.ledger.generation[first]) == 1
    table.state.check()


REFUSED = [
    ("unknown market", lambda t: commands.PlaceOrder(70, 0, 0, 0, 1, 5_000), "unknown_symbol"),
    ("off the grid", lambda t: commands.PlaceOrder(9, 0, 0, 0, 1, 20_371), "price_filter"),
    ("below the band", lambda t: t.limit(0, 1, 10), "percent_price"),
    ("above the band", lambda t: t.limit(1, 1, 32_000), "percent_price"),
    ("no goods", lambda t: t.limit(1, 5, t.price(Side.ASK, 2)), "insufficient_inventory"),
    ("no funds", lambda t: t.limit(0, 900_000, t.price(Side.BID, 1)), "insufficient_funds"),
    ("not all", lambda t: t.limit(0, 90_000, t.price(Side.BID, 1), tif=2), "unfillable"),
    (
        "post-only crosses",
        lambda t: commands.PlaceOrder(FOOD, 0, OrderType.POST_ONLY, 0, 1, t.price(Side.ASK, 0)),
        "would_cross",
    ),
    ("never was", lambda t: commands.CancelOrder(bytes(16)), "order_not_found"),
]


@pytest.mark.parametrize(("name", "make", "code"), REFUSED, ids=[r[0] for r in REFUSED])
def test_a_refused_command_changes_nothing(
    table: Table, name: str, make: Callable[[Table], commands.Command], code: str
) -> None:
    before = {key: array.copy() for key, array in table.state.arrays.items()}
    result = table.act(make(table)).results[0]
    assert result.reason.code == code
    assert result.packed == b""
    after = table.state.arrays
    changed = [key for key in before if not np.array_equal(before[key], after[key])]
    assert changed == ["clock"]


def test_a_foreign_order_is_not_found(table: Table) -> None:
    seq = table.act(table.limit(Side.BID, 1, table.price(Side.BID, 3))).results[0].seq
    table.act(commands.RegisterParticipant(False), OTHER)
    foreign = table.act(commands.CancelOrder(bytes(16)), OTHER, ref_seq=seq)
    assert reason_of(foreign) == RejectReason.ORDER_NOT_FOUND


def test_a_late_command_has_no_effect(table: Table) -> None:
    tick = int(table.state.clock[Clock.TICK])
    table.tick()
    late = table.act(commands.CancelAll(-1), expires_tick=tick)
    assert reason_of(late) == RejectReason.EXPIRED_COMMAND


def test_a_halted_world_takes_cancels_but_no_orders(table: Table) -> None:
    seq = table.act(table.limit(Side.BID, 1, table.price(Side.BID, 3))).results[0].seq
    halted = table.act(commands.Halt(7), participant=0)
    assert halted.block.world_events["kind"].tolist() == [WorldEvent.HALT]
    refused = table.act(table.limit(Side.BID, 1, table.price(Side.BID, 3)))
    assert reason_of(refused) == RejectReason.WORLD_HALTED
    assert not reason_of(table.act(commands.CancelOrder(bytes(16)), ref_seq=seq))
    with pytest.raises(ContractViolation):
        table.tick()
    assert not reason_of(table.act(commands.Resume(), participant=0))
    table.tick()


def test_the_policy_rate_is_pinned_and_freed(table: Table) -> None:
    macro = table.state.macro
    table.act(commands.SetPolicyRate(80_000, 2), participant=0)
    assert macro[Macro.POLICY_RATE] == 0.08
    assert macro[Macro.HELD_UNTIL_DAY] == 2.0
    table.act(commands.SetPolicyRate(0, 0), participant=0)
    assert macro[Macro.POLICY_RATE] == 0.08
    assert macro[Macro.HELD_UNTIL_DAY] == -1.0
    too_high = table.act(commands.SetPolicyRate(900_000, 2), participant=0)
    assert reason_of(too_high) == RejectReason.OUT_OF_RANGE


def test_a_shock_acts_through_the_model(table: Table) -> None:
    reserve = float(table.state.resource.reserve[0])
    shock = commands.InjectShock(commands.ShockKind.RESERVE, 0, 400_000)
    outcome = table.act(shock, participant=0)
    assert not reason_of(outcome)
    assert float(table.state.resource.reserve[0]) == pytest.approx(0.4 * reserve)
    told = outcome.block.world_events[0]
    assert (told["kind"], told["detail"]) == (WorldEvent.SHOCK, commands.ShockKind.RESERVE)
    nowhere = commands.InjectShock(commands.ShockKind.RESERVE, -1, 400_000)
    assert reason_of(table.act(nowhere, participant=0)) == RejectReason.OUT_OF_RANGE


def test_entries_must_follow_on_the_state(table: Table) -> None:
    payload = commands.encode(commands.CancelAll(-1), commands.Header(participant=PLAYER))
    with pytest.raises(ContractViolation):
        apply(table.state, [CommandEntry(9_999, int(table.state.clock[Clock.TICK]), 0, payload)])


def test_rows_grow_past_the_spare_ones(living: WorldState) -> None:
    state = create(preset("lab", 500, 3, participant_orders_max=64, spare_rows=2))
    seat = Table(state)
    for participant in range(1, 9):
        assert not reason_of(seat.act(commands.RegisterParticipant(False), participant))
    seat.tick(3)
    seat.state.check()


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=120))
def test_any_bytes_give_a_decision(living: WorldState, payload: bytes) -> None:
    clock = living.clock
    entry = CommandEntry(int(clock[Clock.SEQ]) + 1, int(clock[Clock.TICK]), 0, payload)
    outcome = apply(living, [entry])
    assert len(outcome.results) == 1
    assert int(living.clock[Clock.SEQ]) == entry.seq


def test_the_block_of_a_tick_is_small_and_complete(table: Table) -> None:
    block = table.tick(1).block
    assert block.market_ticks["market"].tolist() == list(range(10))
    assert (block.market_ticks["close"] > 0).all()
    data = pack(block)
    assert len(data) <= 8_192
    assert unpack(data).market_ticks.tolist() == block.market_ticks.tolist()
