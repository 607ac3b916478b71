"""Bugs planted into a state, each as the code that has it would leave the arrays."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from economy_engine.book.columns import BookCounter, OrderFlag
from economy_engine.ledger.columns import AccountFlag
from economy_engine.schema import Clock
from economy_engine.state import WorldState
from economy_engine.systems.columns import Institution


class StateBug(NamedTuple):
    """`late`: the state must not tick on with it, its check is the full one of every 100 ticks."""

    name: str
    expected: str
    plant: Callable[[WorldState], None]
    late: bool = False


BUGS: list[StateBug] = []


def bug(name: str, expected: str, *, late: bool = False) -> Callable:
    """Enter a function as a bug that an invariant (by its number) has to catch."""

    def enter(plant: Callable[[WorldState], None]) -> Callable[[WorldState], None]:
        BUGS.append(StateBug(name, expected, plant, late))
        return plant

    return enter


def _rich(state: WorldState) -> int:
    """An AI row with cash."""
    return int(np.argmax(state.ledger.cash[: state.params.agents]))


def _resting(state: WorldState, side: int, own: bool = False) -> int:
    """A slot with a resting order, of an AI or (`own`) a participant."""
    orders = state.book.orders
    capacity = int(state.book.counters[BookCounter.AI_CAPACITY])
    slots = np.flatnonzero((orders["quantity"] > 0) & (orders["side"] == side))
    slots = slots[slots >= capacity] if own else slots[slots < capacity]
    return int(slots[0])


def _ladder(order: np.void) -> int:
    """The ladder of an order's market and side."""
    return 2 * int(order["market"]) + int(order["side"])


def _stocked(state: WorldState) -> tuple[int, int]:
    """A row and a market of which it has lots."""
    row, market = np.argwhere(state.ledger.stock[: state.params.agents] > 1)[0]
    return int(row), int(market)


@bug("the debit leg of a transfer is dropped", "I2")
def _debit(state: WorldState) -> None:
    state.ledger.cash[_rich(state)] += 1_000


@bug("the credit leg of a transfer is dropped", "I2")
def _credit(state: WorldState) -> None:
    state.ledger.cash[_rich(state)] -= 1


@bug("the fee account gets one unit more than the seller paid", "I2")
def _fee(state: WorldState) -> None:
    state.ledger.cash[state.institution(Institution.FEES)] += 1


@bug("money is burned on the books alone", "I2")
def _burn(state: WorldState) -> None:
    state.ledger.issued[0] -= 5_000


@bug("a fill is settled twice for the buyer's goods", "I3")
def _twice(state: WorldState) -> None:
    row, market = _stocked(state)
    state.ledger.stock[row, market] += 1


@bug("a fill releases cash that it also spends", "I2")
def _release_and_spend(state: WorldState) -> None:
    order = state.book.orders[_resting(state, 0)]
    state.ledger.cash[order["owner"]] += 1


@bug("production is booked without the goods", "I3")
def _produced(state: WorldState) -> None:
    state.ledger.goods_in[7] += 10


@bug("goods are consumed without being booked out", "I3")
def _consumed(state: WorldState) -> None:
    row, market = _stocked(state)
    state.ledger.stock[row, market] -= 1


@bug("lots that left the world are counted back", "I3")
def _taken_back(state: WorldState) -> None:
    state.ledger.goods_in[7] -= 1
    state.ledger.goods_out[7] -= 1


@bug("an account is overdrawn by a payment", "I4")
def _overdrawn(state: WorldState) -> None:
    row = _rich(state)
    state.ledger.cash[row + 1] += state.ledger.cash[row] + 1
    state.ledger.cash[row] = -1


@bug("lots are sold that a row does not have", "I4")
def _short(state: WorldState) -> None:
    row, market = _stocked(state)
    state.ledger.stock[row + 1, market] += state.ledger.stock[row, market] + 1
    state.ledger.stock[row, market] = -1


@bug("more is released than was held", "I4")
def _over_released(state: WorldState) -> None:
    row = int(state.book.orders[_resting(state, 0)]["owner"])
    held = int(state.ledger.cash_held[row])
    state.ledger.cash_held[row] = -1
    state.ledger.cash[row] += held + 1


@bug("a canceled order's hold is not released", "I5")
def _hold_kept(state: WorldState) -> None:
    row = _rich(state)
    state.ledger.cash[row] -= 1_000
    state.ledger.cash_held[row] += 1_000


@bug("a hold is released while its order rests", "I5", late=True)
def _hold_lost(state: WorldState) -> None:
    order = state.book.orders[_resting(state, 1)]
    row, market = int(order["owner"]), int(order["market"])
    state.ledger.stock_held[row, market] -= 1
    state.ledger.stock[row, market] += 1


@bug("a hold is taken in the wrong good", "I5", late=True)
def _hold_elsewhere(state: WorldState) -> None:
    row, market = _stocked(state)
    state.ledger.stock[row, market] -= 1
    state.ledger.stock_held[row, market] += 1


@bug("a participant's count of open orders is one off", "I5")
def _count(state: WorldState) -> None:
    state.ledger.open_orders[state.book.orders[_resting(state, 0, own=True)]["owner"]] += 1


@bug("an order is written to a row that is not in use", "I5", late=True)
def _nobody(state: WorldState) -> None:
    state.book.orders[_resting(state, 0)]["owner"] = int(state.clock[Clock.ROWS]) + 3


@bug("a book is left crossed after a match", "I7")
def _crossed(state: WorldState) -> None:
    state.book.best[7, 0] = state.book.best[7, 1]


@bug("the best bid is one level too low", "I7", late=True)
def _best(state: WorldState) -> None:
    state.book.best[7, 0] -= 1


@bug("a later order stands before an earlier one", "I7", late=True)
def _fifo(state: WorldState) -> None:
    orders = state.book.orders
    slots = np.flatnonzero((orders["quantity"] > 0) & (orders["next"] >= 0))
    first = int(slots[0])
    second = int(orders[first]["next"])
    orders["arrival"][[first, second]] = orders["arrival"][[second, first]]


@bug("a filled order stays in its level", "I7", late=True)
def _ghost(state: WorldState) -> None:
    state.book.orders[_resting(state, 0)]["quantity"] = 0


@bug("a partial fill does not shrink the level", "I7", late=True)
def _level(state: WorldState) -> None:
    order = state.book.orders[_resting(state, 0)]
    state.book.level_quantity[_ladder(order), order["price"]] += 1


@bug("a level's bit is lost from the map", "I7", late=True)
def _bit(state: WorldState) -> None:
    order = state.book.orders[_resting(state, 0)]
    state.book.bitmap[_ladder(order), order["price"] >> 6] = 0


@bug("an order is unlinked from one neighbour alone", "I7", late=True)
def _links(state: WorldState) -> None:
    state.book.orders[_resting(state, 0)]["prev"] = 5


@bug("an order's wheel entry is lost", "I7", late=True)
def _wheel(state: WorldState) -> None:
    heads = np.flatnonzero(state.book.wheel >= 0)
    state.book.wheel[heads[0]] = -1


@bug("an order rests after its expiry", "I7", late=True)
def _expired(state: WorldState) -> None:
    orders = state.book.orders
    timed = (orders["quantity"] > 0) & (orders["flags"] & OrderFlag.TIMED > 0)
    orders["expires"][np.flatnonzero(timed)[0]] -= 512


@bug("a freed slot is not handed back", "I7", late=True)
def _slot(state: WorldState) -> None:
    state.book.counters[BookCounter.PARTICIPANT_FREE] -= 1


@bug("a freed slot keeps its old owner", "I7", late=True)
def _blank(state: WorldState) -> None:
    free = int(state.book.free[int(state.book.counters[BookCounter.AI_CAPACITY])])
    state.book.orders["owner"][free] = 9


@bug("an order has grown beyond what was asked", "I7", late=True)
def _grown(state: WorldState) -> None:
    order = state.book.orders[_resting(state, 1)]
    order["original"] = order["quantity"] - 1


@bug("a command takes two numbers", "I9")
def _gap(state: WorldState) -> None:
    state.clock[Clock.SEQ] += 1


@bug("a tick is counted twice", "I9")
def _tick(state: WorldState) -> None:
    state.clock[Clock.TICK] += 1


@bug("the step goes back", "I9")
def _step(state: WorldState) -> None:
    state.clock[Clock.STEP] -= 8


@bug("the number of the last trade is given again", "I7")
def _trade(state: WorldState) -> None:
    state.book.market["trades"][7] -= 50


@bug("the participants' directory is out of order", "I12")
def _directory(state: WorldState) -> None:
    ids = state.arrays["participants.ids"]
    ids[[0, 1]] = ids[[1, 0]]


@bug("two participants stand on one row", "I12")
def _same_row(state: WorldState) -> None:
    rows = state.arrays["participants.rows"]
    rows[1] = rows[0]


@bug("a retired participant's row is not cleared", "I12")
def _retired(state: WorldState) -> None:
    state.arrays["free_rows"][0] = state.arrays["participants.rows"][0]
    state.clock[Clock.FREE_ROWS] += 1


@bug("a household is hired without a place at the firm", "I12")
def _hired(state: WorldState) -> None:
    free = np.flatnonzero(state.household.employer >= 0)
    state.household.employer[free[0]] = -1


@bug("a mood becomes not a number", "I15")
def _nan(state: WorldState) -> None:
    state.agent.fear[3] = np.nan


@bug("a price estimate becomes infinite", "I15")
def _inf(state: WorldState) -> None:
    state.price.reference[2] = np.inf


@bug("a household's income becomes not a number", "I15")
def _income(state: WorldState) -> None:
    state.household.income[4] = np.nan


@bug("a mood leaves its bounds", "I15", late=True)
def _mood(state: WorldState) -> None:
    state.agent.greed[5] = 1.5


@bug("money is minted without a reason", "I17")
def _mint(state: WorldState) -> None:
    state.ledger.cash[_rich(state)] += 1_000
    state.ledger.issued[0] += 1_000


@bug("a payment leaves a frozen account", "I18")
def _frozen_pays(state: WorldState) -> None:
    row = int(np.flatnonzero(state.ledger.flags & np.uint16(AccountFlag.DEBITS_FROZEN))[0])
    state.ledger.cash[row] -= 1
    state.ledger.cash[state.institution(Institution.TREASURY)] += 1


@bug("a frozen account's lots are sold out of what was held", "I18")
def _frozen_sells(state: WorldState) -> None:
    frozen = np.flatnonzero(state.ledger.flags & np.uint16(AccountFlag.DEBITS_FROZEN))
    state.ledger.stock_held[frozen[0], 7] -= 1
    state.ledger.stock[_rich(state), 7] += 1


@bug("a balance overflows what money may be", "I19", late=True)
def _overflow(state: WorldState) -> None:
    row = _rich(state)
    state.ledger.issued[0] += (1 << 61) - int(state.ledger.cash[row])
    state.ledger.cash[row] = 1 << 61


@bug("a coin moves from one agent to another by itself", "I11")
def _moved(state: WorldState) -> None:
    row = _rich(state)
    state.ledger.cash[row] -= 1
    state.ledger.cash[row - 1 if row else 1] += 1


@bug("a mood drifts by one part in a million", "I11")
def _drift(state: WorldState) -> None:
    state.agent.sentiment[8] = state.agent.sentiment[8] * np.float32(0.999999) + np.float32(1e-6)
