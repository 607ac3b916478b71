"""One agent of a world, in words: what it has, what it feels, what it did in a tick.

AI agents are functions of state, seed and tick, so nothing is stored of them: a state is read, or a
tick is run once more with every match written down.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from economy_engine import goods, limits
from economy_engine.book.columns import BookCounter, OutboxCount, allocate_outbox
from economy_engine.ledger.columns import AccountFlag, AccountKind
from economy_engine.order_terms import Side
from economy_engine.schema import Clock
from economy_engine.state import WorldState
from economy_engine.tick import advance, clear_reports

__all__ = ["observe_tick", "of_row", "resting", "summary"]

OBSERVED_FILLS = 1 << 20  # matches of one tick that are written down while it is observed
_MOODS = ("sentiment", "fear", "greed", "confidence", "memory", "herd")
_SIDES = {int(Side.BID): "buy", int(Side.ASK): "sell"}


def code_of(state: WorldState, market: int) -> str:
    """Return the code of a market, with its region where there are several."""
    return goods.market_codes(state.params.regions)[market]


def summary(state: WorldState) -> dict[str, Any]:
    """Return the whole world in a few figures: counts, money in minor units, prices."""
    book = state.book
    return {
        "agents": state.params.agents,
        "participants": int(state.clock[Clock.PARTICIPANTS]),
        "rows": int(state.clock[Clock.ROWS]),
        "step": int(state.clock[Clock.STEP]),
        "halted": bool(state.clock[Clock.HALTED]),
        "money_minor": int(state.ledger.issued[0]),
        "open_orders": int(
            book.counters[BookCounter.AI_OPEN] + book.counters[BookCounter.PARTICIPANT_OPEN]
        ),
        "last_prices_minor": {
            code_of(state, market): int(price)
            for market, price in enumerate(book.market["last_price"])
        },
    }


def of_row(state: WorldState, row: int) -> dict[str, Any]:
    """Return what the account on a ledger row is and has; money in minor units, goods in lots.

    Raises IndexError for a row that is not in use.
    """
    if not 0 <= row < int(state.clock[Clock.ROWS]):
        raise IndexError(f"there is no row {row}: the world has {int(state.clock[Clock.ROWS])}")
    ledger = state.ledger
    flags = int(ledger.flags[row])
    found: dict[str, Any] = {
        "row": row,
        "kind": AccountKind(int(ledger.kind[row])).name.lower(),
        "flags": [flag.name.lower() for flag in AccountFlag if flags & flag and flag.name],
        "cash_minor": int(ledger.cash[row]),
        "cash_held_minor": int(ledger.cash_held[row]),
        "holdings": {
            code_of(state, m): {
                "lots": int(ledger.stock[row, m]),
                "held_lots": int(ledger.stock_held[row, m]),
            }
            for m in np.flatnonzero(ledger.stock[row] | ledger.stock_held[row]).tolist()
        },
        "orders": resting(state, row),
    }
    if row < state.params.agents:
        found["mood"] = {name: float(getattr(state.agent, name)[row]) for name in _MOODS}
        found["home_market"] = code_of(state, int(state.agent.home[row]))
    return found | _occupation(state, row)


def _occupation(state: WorldState, row: int) -> dict[str, Any]:
    """What only agents of some kind have."""
    rows = state.rows
    if row < rows.firms:
        employer = int(state.household.employer[row])
        return {
            "employer_row": rows.firms + employer if employer >= 0 else None,
            "income_minor": float(state.household.income[row]),
            "fund_shares": float(state.household.shares[row]),
        }
    if row < rows.traders:
        firm = row - rows.firms
        return {
            "product": code_of(state, int(state.firm.market[firm])),
            "workers": int(state.staff.workers[firm]),
            "vacancies": int(state.staff.vacancies[firm]),
            "wage_minor": float(state.staff.wage[firm]),
            "target_lots": float(state.firm.target[firm]),
        }
    if row < rows.noise:
        trader = row - rows.traders
        return {"borrowed_lots": int(state.trader.debt[trader])}
    if rows.makers <= row < rows.agents:
        maker = row - rows.makers
        return {
            "borrowed_lots": int(state.maker.debt[maker]),
            "target_lots": int(state.maker.target[maker]),
        }
    return {}


def resting(state: WorldState, row: int) -> list[dict[str, Any]]:
    """Return the open orders of a row, oldest first; the price in minor units."""
    orders = state.book.orders
    slots = np.flatnonzero((orders["quantity"] > 0) & (orders["owner"] == row))
    slots = slots[np.argsort(orders["arrival"][slots], kind="stable")]
    return [_order(state, int(slot)) for slot in slots]


def _order(state: WorldState, slot: int) -> dict[str, Any]:
    order = state.book.orders[slot]
    market = int(order["market"])
    increment = int(state.book.market[market]["price_increment"])
    own = slot >= int(state.book.counters[BookCounter.AI_CAPACITY])
    return {
        "market": code_of(state, market),
        "side": _SIDES[int(order["side"])],
        "price_minor": int(order["price"]) * increment,
        "left_lots": int(order["quantity"]),
        "original_lots": int(order["original"]),
        "expires_tick" if own else "expires_step": int(order["expires"]),
        "arrival": int(order["arrival"]),
        "seq": int(order["seq"]),
    }


def observe_tick(state: WorldState, row: int) -> dict[str, Any]:
    """Run ONE tick and return what the account on `row` did in it.

    The tick is the same as any other, only that every match is written down, those between AI
    agents too; the digest afterwards is the one that was recorded. Reports are thrown away. The
    uncross of an auction is one trade per order, at one price and with nobody in particular.
    """
    before = {order["arrival"]: order for order in resting(state, row)}
    arrivals = int(state.book.counters[BookCounter.ARRIVALS])
    outbox = state.outbox
    state.outbox = allocate_outbox(state.params.markets, OBSERVED_FILLS, limits.OUTBOX_CLOSURES)
    state.outbox.counts[OutboxCount.OBSERVED] = 1
    state.told_from = 0
    try:
        advance(state)
        fills = state.outbox.fills[: state.outbox.counts[OutboxCount.FILLS]]
        mine = fills[(fills["maker_row"] == row) | (fills["taker_row"] == row)]
        trades = [_trade(state, fill, row) for fill in mine]
        clear_reports(state)
    finally:
        state.outbox, state.told_from = outbox, state.first_participant
    clear_reports(state)
    state.clock[Clock.ENTRIES] += 1
    after = {order["arrival"]: order for order in resting(state, row)}
    return {
        "placed": [order for arrival, order in after.items() if arrival > arrivals],
        "ended": [order for arrival, order in before.items() if arrival not in after],
        "trades": trades,
    }


def _trade(state: WorldState, fill: np.void, row: int) -> dict[str, Any]:
    maker, uncrossed = int(fill["maker_row"]) == row, int(fill["taker_row"]) < 0
    side = 1 - int(fill["taker_side"]) if maker else int(fill["taker_side"])
    role = "auction" if uncrossed else "maker" if maker else "taker"
    other = None if uncrossed else int(fill["taker_row"] if maker else fill["maker_row"])
    return {
        "market": code_of(state, int(fill["market"])),
        "trade": int(fill["trade"]),
        "side": _SIDES[side],
        "role": role,
        "price_minor": int(fill["price"]),
        "lots": int(fill["quantity"]),
        "value_minor": int(fill["price"] * fill["quantity"]),
        "fee_minor": int(fill["fee"]) if side == Side.ASK else 0,
        "with_row": other,
    }
