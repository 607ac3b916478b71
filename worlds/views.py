"""What browsers receive of a commit: pure functions from engine events to topic payloads.

Money and prices leave as decimal strings in credits with three decimals, quantities as integers.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from economy_engine.book.columns import MarketState
from economy_engine.catalogue import Unit, entry_of
from economy_engine.commands import ShockKind
from economy_engine.errors import RejectReason
from economy_engine.events import Indicator, ShipmentEvent, WorldEvent
from economy_engine.goods import GOODS, INDEX, REGION_NAMES, market_codes
from economy_engine.order_terms import (
    RULE_ORDER_TICKS,
    OrderStatus,
    OrderType,
    Side,
    TimeInForce,
    is_rule_order,
)
from economy_engine.units import credits_text
from economy_engine.works import WorksEvent
from worlds import rule_orders
from worlds.journal import STATUS_EXECUTED, JournalRow
from worlds.memory import DAY_INTERVAL, INTERVALS, NewsItem, OrderName, TapeTrade, WriterMemory

Payload = dict[str, Any]
CASH = -1
WORLD = -1
CODES = market_codes(1)
SIDES = {int(Side.BID): "buy", int(Side.ASK): "sell"}
TYPES = {int(value): value.name.lower() for value in OrderType}
TIFS = {int(value): value.name.lower() for value in TimeInForce}
STATUSES = {int(value): value.name.lower() for value in OrderStatus}
STATES = {int(value): value.name.lower() for value in MarketState}
SHIPMENT_STATUSES = {
    int(ShipmentEvent.DISPATCHED): "in_transit",
    int(ShipmentEvent.ARRIVED): "arrived",
}
EVENT_NAMES = {int(value): value.name.lower() for value in WorldEvent}
INDICATOR_NAMES = {int(value): value.name.lower() for value in Indicator}
# Told in credits, as all money and prices are; the other indicators are ratios, indices or lots.
MONEY_INDICATORS = frozenset(each for each in Indicator if entry_of(each).unit == Unit.MONEY)
HOURS_PER_DAY = 24


def price(minor: int) -> str | None:
    """A price as text; 0 stands for none."""
    return credits_text(minor) if minor else None


def fraction(value: float) -> str:
    """A ratio with four decimals."""
    return f"{value:.4f}"


def auction(record: np.void) -> Payload | None:
    """A running call auction; None when there is none. A price of null: nothing would trade."""
    if not record["ends"]:
        return None
    return {
        "ends_tick": int(record["ends"]),
        "reference": credits_text(int(record["reference"])),
        "price": price(int(record["price"])),
        "quantity": int(record["quantity"]),
        "imbalance": int(record["imbalance"]),
    }


def market_tick(
    rows: np.ndarray,
    memory: WriterMemory,
    states: Sequence[int],
    auctions: np.ndarray,
    tick: int,
) -> Payload:
    """All markets after a tick; `rows` are the market rows of that one tick."""
    high, low, volume = memory.day_statistics(tick)
    reference = memory.reference_closes(tick)
    markets = []
    for row in rows:
        m, last = int(row["market"]), int(row["close"])
        base = int(reference[m])
        markets.append(
            {
                "m": memory.codes[m],
                "last": credits_text(last),
                "bid": price(int(row["best_bid"])),
                "ask": price(int(row["best_ask"])),
                "change": fraction(last / base - 1.0 if base else 0.0),
                "volume": int(volume[m]),
                "high": credits_text(int(high[m]) or last),
                "low": credits_text(int(low[m]) or last),
                "state": STATES[int(states[m])],
                "auction": auction(auctions[m]),
            }
        )
    day, within = divmod(tick, memory.ticks_per_day)
    return {"markets": markets, "day": day, "game_time": game_time(within, memory.ticks_per_day)}


def game_time(tick_of_day: int, ticks_per_day: int) -> str:
    """The hour and minute of the game day."""
    minutes = tick_of_day * HOURS_PER_DAY * 60 // ticks_per_day
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


def book(code: str, depth: np.ndarray, increment: int, commit: int) -> Payload:
    """The top of one book, best first; `depth` holds this market's levels in that order."""
    sides: dict[int, list[list[Any]]] = {int(Side.BID): [], int(Side.ASK): []}
    for row in depth:
        sides[int(row["side"])].append([credits_text(int(row["price"])), int(row["quantity"])])
    return {
        "market": code,
        "bids": sides[int(Side.BID)],
        "asks": sides[int(Side.ASK)],
        "increment": credits_text(increment),
        "commit": commit,
    }


def trade(found: TapeTrade) -> Payload:
    """One public trade."""
    return {
        "id": found.trade,
        "price": credits_text(found.price),
        "qty": found.quantity,
        "side": SIDES[found.taker_side],
        "tick": found.tick,
    }


def interval_word(interval: int) -> str:
    """The wire's name of an interval row: its ticks, or `day`."""
    return "day" if interval == DAY_INTERVAL else str(INTERVALS[interval])


def candle(interval: int, found: np.void, closed: bool) -> Payload:
    """One bucket; `t` is its first tick."""
    word = interval_word(interval)
    return {
        "interval": word if interval == DAY_INTERVAL else int(word),
        "candle": {
            "t": int(found["t"]),
            "o": credits_text(int(found["open"])),
            "h": credits_text(int(found["high"])),
            "l": credits_text(int(found["low"])),
            "c": credits_text(int(found["close"])),
            "v": int(found["volume"]),
            "closed": closed,
        },
    }


def indicator_text(number: int, value: float) -> str:
    """Money and prices in credits, rounded to the minor unit; the rest with six digits."""
    if number in MONEY_INDICATORS:
        return credits_text(round(value))
    return f"{value:.6g}"


def indicators(values: Mapping[tuple[int, int], float], codes: Sequence[str] = CODES) -> Payload:
    """The newest value of each indicator; those of markets are grouped by market."""
    shaped: Payload = {}
    for (number, market), value in sorted(values.items()):
        name = INDICATOR_NAMES.get(number, str(number))
        text = indicator_text(number, value)
        if market == WORLD:
            shaped[name] = text
        else:
            shaped.setdefault(name, {})[codes[market]] = text
    return shaped


def world(state: str, tick: int, commit: int, epoch: int, tick_rate_hz: float) -> Payload:
    """Whether the world runs, and where it stands."""
    return {
        "state": state,
        "tick": tick,
        "commit": commit,
        "epoch": epoch,
        "tick_rate_hz": tick_rate_hz,
    }


def _auction_text(item: NewsItem, code: str | None) -> str:
    if not item.detail:
        return f"{code}: the call auction ends without a trade."
    lots = f"{item.detail} lot" if item.detail == 1 else f"{item.detail} lots"
    return f"{code}: the call auction trades {lots} at {credits_text(int(item.value))}."


def _failure_text(item: NewsItem, code: str | None) -> str:
    """A failed producer by what it made and where, and what its successor does not go on with."""
    good, _, letter = (code or "").partition(".")
    made = GOODS[INDEX[good]].name.lower() if good in INDEX else "goods"
    where = f" in the {REGION_NAMES[letter]}" if letter else ""
    closed = f"; {item.value:.1f} lots a day close down" if item.value >= 0.05 else ""
    return f"{code}: a producer of {made}{where} failed and is founded anew{closed}."


def news_text(item: NewsItem, code: str | None) -> str:
    """One sentence that says what happened, and how much of it."""
    share = f"{abs(item.value):.1%}" if abs(item.value) >= 0.001 else "less than 0.1%"
    moved = "gains" if item.value > 0 else "loses"
    kind = EVENT_NAMES.get(item.kind, str(item.kind)).replace("_", " ").capitalize()
    sentences: dict[int, str] = {
        WorldEvent.NEWS: f"{code}: on news its worth {moved} {share}.",
        WorldEvent.DISCOVERY: f"{code}: a discovery adds {share} to the reserves.",
        WorldEvent.CATASTROPHE: f"{code}: a catastrophe takes {share} of the reserves.",
        WorldEvent.POLICY_MEETING: f"The central bank sets its rate at {item.value:.2%} a year.",
        WorldEvent.AUCTION_STARTED: f"{code}: the price moves too fast; a call auction begins.",
        WorldEvent.AUCTION_ENDED: _auction_text(item, code),
        WorldEvent.SHOCK: f"{code or 'The world'}: {_shock_name(item.detail)} ({item.value:g}).",
        WorldEvent.FIRM_FAILED: _failure_text(item, code),
        WorldEvent.PANIC: f"Panic: fear stands at {item.value:.0%}.",
        WorldEvent.EUPHORIA: f"Euphoria: greed stands at {item.value:.0%}.",
        WorldEvent.CALM: "The mood of the world is calm again.",
        WorldEvent.HALT: "The world is halted.",
        WorldEvent.RESUME: "The world goes on.",
    }
    return sentences.get(item.kind, f"{kind}{f' at {code}' if code else ''}.")


def _shock_name(number: int) -> str:
    known = number in set(ShockKind)
    return ShockKind(number).name.lower() if known else f"event {number}"


def news(items: Iterable[NewsItem], codes: Sequence[str] = CODES) -> Payload:
    """World events for people."""
    shaped = []
    for item in items:
        kind = EVENT_NAMES.get(item.kind, str(item.kind))
        code = None if item.market == WORLD else codes[item.market]
        shaped.append(
            {
                "tick": item.tick,
                "kind": kind,
                "market": code,
                "size": f"{item.value:.6g}",
                "text": news_text(item, code),
            }
        )
    return {"items": shaped}


def reason_code(number: int) -> str | None:
    """The stable word of a reject reason; None for 0."""
    if number == 0:
        return None
    try:
        return RejectReason(number).code
    except ValueError:
        return str(number)


def order(row: np.void, name: OrderName, codes: Sequence[str] = CODES) -> Payload:
    """An order as it stands after an event."""
    filled, value = int(row["filled"]), int(row["value"])
    average = credits_text((2 * value + filled) // (2 * filled)) if filled else None
    return {
        "id": str(name.command_id),
        "seq": int(row["seq"]),
        "market": codes[int(row["market"])],
        "side": SIDES[int(row["side"])],
        "type": TYPES[int(row["type"])],
        "tif": TIFS[int(row["tif"])],
        # A market order's protection is no limit that its owner gave.
        "price": None if row["type"] == OrderType.MARKET else price(int(row["price"])),
        "quantity": int(row["quantity"]),
        "filled": filled,
        "left": int(row["left"]),
        "status": STATUSES[int(row["status"])],
        "reason": reason_code(int(row["reason"])),
        "average_price": average,
        "fee": credits_text(int(row["fee"])),
        "tick": name.tick,
        "updated_tick": int(row["tick"]),
    }


def fill(row: np.void, name: OrderName, codes: Sequence[str] = CODES) -> Payload:
    """One side of a trade, as its owner sees it."""
    return {
        "order": str(name.command_id),
        "trade": int(row["trade"]),
        "market": codes[int(row["market"])],
        "side": SIDES[int(row["side"])],
        "price": credits_text(int(row["price"])),
        "quantity": int(row["quantity"]),
        "value": credits_text(int(row["value"])),
        "fee": credits_text(int(row["fee"])),
        "maker": bool(row["is_maker"]),
        "tick": int(row["tick"]),
    }


def balance(row: np.void, codes: Sequence[str] = CODES) -> Payload:
    """Cash as a decimal string, goods as lots."""
    available, held = int(row["available"]), int(row["held"])
    if int(row["asset"]) == CASH:
        amounts = {"available": credits_text(available), "held": credits_text(held)}
        return {"asset": "CASH", **amounts}
    return {"asset": codes[int(row["asset"])], "available": available, "held": held}


def shipment(row: np.void, codes: Sequence[str] = CODES) -> Payload:
    """A departure or an arrival of one's own goods."""
    return {
        "id": int(row["number"]),
        "status": SHIPMENT_STATUSES[int(row["event"])],
        "from": codes[int(row["source"])],
        "to": codes[int(row["target"])],
        "quantity": int(row["lots"]),
        "arrives_tick": int(row["arrives_tick"]),
        "tick": int(row["tick"]),
    }


def command(row: JournalRow) -> Payload:
    """What became of a command, in short; the whole answer is the journal's."""
    executed = row.status == STATUS_EXECUTED
    return {
        "command_id": str(row.command_id),
        "status": "executed" if executed else "rejected",
        "seq": row.seq,
        "tick": row.tick,
        "commit": row.commit,
        "reason": reason_code(row.status),
    }


def account(
    orders: Sequence[np.void],
    fills: Sequence[np.void],
    balances: Sequence[np.void],
    commands: Sequence[JournalRow],
    names: Mapping[int, OrderName],
    codes: Sequence[str] = CODES,
    shipments: Sequence[np.void] = (),
    works: Sequence[np.void] = (),
) -> Payload:
    """One participant's part of a commit. Of each order only its last state is told."""
    newest = {int(row["seq"]): row for row in orders}
    told = [(row, _name(row, names)) for row in newest.values()]
    sides = [(row, _name(row, names)) for row in fills]
    payload: Payload = {
        "orders": [order(row, name, codes) for row, name in told if name is not None],
        "fills": [fill(row, name, codes) for row, name in sides if name is not None],
        "balances": [balance(row, codes) for row in balances],
        "shipments": [shipment(row, codes) for row in shipments],
        "commands": [command(row) for row in commands],
    }
    if works:
        payload["works"] = [works_event(row, codes) for row in works]
    return payload


def _name(row: np.void, names: Mapping[int, OrderName]) -> OrderName | None:
    """What an order is called: by its command, or by its number when a site's rule placed it."""
    seq = int(row["seq"])
    if not is_rule_order(seq):
        return names.get(seq)
    expires = int(row["expires_tick"]) if "expires_tick" in (row.dtype.names or ()) else 0
    return OrderName(rule_orders.order_id(seq), max(0, expires - RULE_ORDER_TICKS))


def works_event(row: np.void, codes: Sequence[str] = CODES) -> Payload:
    """Something that happened in a participant's own economy."""
    market = int(row["market"])
    return {
        "kind": WorksEvent(int(row["kind"])).name.lower(),
        "market": codes[market] if market >= 0 else None,
        "quantity": int(row["quantity"]),
        "amount": credits_text(int(row["amount"])),
        "tick": int(row["tick"]),
    }
