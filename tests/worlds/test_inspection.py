"""One tick run again with everything written down is the same tick, whatever happens in it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from economy_engine import CommandEntry, TickEntry, WorldState, commands, create, preset
from economy_engine.apply import apply
from economy_engine.book.columns import MarketState
from economy_engine.goods import GOODS
from economy_engine.order_terms import OrderType, SelfTrade, Side, TimeInForce
from economy_engine.schema import Clock
from worlds import inspection

FOOD, PLAYER, DAY_TICKS = 7, 77, 60
SIZES: dict[str, Any] = {
    "participant_orders_max": 1_024,
    "spare_rows": 64,
    "participants_max": 40,
    "ladder_levels": 4_096,
}


def act(state: WorldState, command: commands.Command) -> None:
    seq, tick = int(state.clock[Clock.SEQ]) + 1, int(state.clock[Clock.TICK])
    payload = commands.encode(command, commands.Header(participant=PLAYER))
    (result,) = apply(state, [CommandEntry(seq, tick, 0, payload)]).results
    assert result.executed, result.reason.name


@pytest.fixture(scope="module")
def world() -> WorldState:
    """A participant who works, keeps a household and runs a site, one day before its end."""
    state = create(preset("lab", 500, 11, **SIZES))
    apply(state, [TickEntry() for _ in range(20)])
    act(state, commands.RegisterParticipant(guest=False))
    act(state, commands.StartWork())
    act(state, commands.SetNeeds(on=True, region=0))
    act(state, commands.BuySite(FOOD))
    return state


def test_an_observed_tick_is_the_same_tick_over_a_days_end(world: WorldState) -> None:
    plain, observed = world.copy(), world.copy()
    row = world.first_participant
    for tick in range(DAY_TICKS):
        apply(plain, [TickEntry()])
        inspection.observe_tick(observed, row if tick % 2 else tick)
        assert observed.digest() == plain.digest(), f"after {tick + 1} ticks"
    assert observed.told_from == observed.first_participant


@pytest.mark.parametrize("side", [Side.BID, Side.ASK])
def test_everybodys_part_in_an_uncross_is_told(world: WorldState, side: int) -> None:
    """Both sides of the uncross come to the same lots at the same price, AI agents' included."""
    state = world.copy()
    market = state.book.market[FOOD]
    state.book.recent[FOOD] //= 2  # as after a jump of the price
    apply(state, [TickEntry()])
    assert market["state"] == MarketState.AUCTION
    if side == Side.ASK:
        state.ledger.stock[world.first_participant, FOOD] += 3
        state.ledger.goods_in[FOOD] += 3
    price = int(market["last_price"] * (13 if side == Side.BID else 8) // 10)
    price -= price % int(market["price_increment"])
    order = commands.PlaceOrder(
        FOOD, side, OrderType.LIMIT, TimeInForce.GTC, 3, price, self_trade=SelfTrade.EXPIRE_TAKER
    )
    act(state, order)
    while int(state.clock[Clock.TICK]) < int(state.book.auction["ends"][FOOD]) - 1:
        apply(state, [TickEntry()])
    plain = state.copy()
    apply(plain, [TickEntry()])
    lots, prices = {"buy": 0, "sell": 0}, set()
    for row in _moved(state, plain).tolist():
        again = state.copy()
        told = inspection.observe_tick(again, row)["trades"]
        mine = [t for t in told if t["role"] == "auction" and t["market"] == GOODS[FOOD].code]
        for trade in mine:
            lots[trade["side"]] += trade["lots"]
            prices.add(trade["price_minor"])
            assert trade["with_row"] is None
            assert (trade["fee_minor"] > 0) == (
                trade["side"] == "sell" and row != state.first_participant
            )
        if row == state.first_participant:
            assert [t["lots"] for t in mine] == [3]
            assert again.digest() == plain.digest()
    assert prices == {int(plain.book.auction["price"][FOOD])}
    assert lots["buy"] == lots["sell"] == int(plain.book.auction["quantity"][FOOD]) > 3


def _moved(before: WorldState, after: WorldState) -> np.ndarray:
    """Rows whose cash or goods are not what they were: all that may have traded."""
    had, has = before.ledger, after.ledger
    cash = had.cash + had.cash_held != has.cash + has.cash_held
    stock = (had.stock + had.stock_held != has.stock + has.stock_held).any(axis=1)
    return np.flatnonzero(cash | stock)
