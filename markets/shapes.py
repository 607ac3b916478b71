"""What clients receive of the markets: rows of read models as JSON objects.

Money and prices leave as decimal strings in credits with exactly three decimals, quantities as
integers, sides and states as words. Both doors and the socket snapshots use these shapes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from economy_engine.errors import RejectReason
from economy_engine.goods import GOODS, REGION_LETTERS, GoodKind, market_codes
from economy_engine.order_terms import OrderStatus, OrderType, Side, TimeInForce
from economy_engine.units import credits_text

CASH = -1
CODES: tuple[str, ...] = market_codes(1)
SIDE_WORDS: Mapping[int, str] = {int(Side.BID): "buy", int(Side.ASK): "sell"}
TYPE_WORDS: Mapping[int, str] = {int(kind): kind.name.lower() for kind in OrderType}
TIF_WORDS: Mapping[int, str] = {int(tif): tif.name.lower() for tif in TimeInForce}
STATUS_WORDS: Mapping[int, str] = {int(status): status.name.lower() for status in OrderStatus}


def reason_code(number: int) -> str | None:
    """Why an order was refused, ended or shrank; None for 0."""
    return RejectReason(number).code if number else None


def price_or_none(price_minor: int) -> str | None:
    """A price as text; 0 stands for none."""
    return credits_text(price_minor) if price_minor else None


def average_price(value_minor: int, filled: int) -> str | None:
    """Value per lot, rounded half up to the minor unit; None before the first fill."""
    return credits_text((2 * value_minor + filled) // (2 * filled)) if filled else None


def order(row: Mapping[str, Any], codes: Sequence[str] = CODES) -> dict[str, Any]:
    """An order as it stands after its last event."""
    return {
        "id": str(row["command_id"]),
        "seq": row["seq"],
        "market": codes[row["market"]],
        "side": SIDE_WORDS[row["side"]],
        "type": TYPE_WORDS[row["order_type"]],
        "tif": TIF_WORDS[row["time_in_force"]],
        # A market order's protection is no limit that its owner gave.
        "price": None if row["order_type"] == OrderType.MARKET else price_or_none(row["price"]),
        "quantity": row["quantity"],
        "filled": row["filled"],
        "left": row["left"],
        "status": STATUS_WORDS[row["status"]],
        "reason": reason_code(row["reason"]),
        "average_price": average_price(row["value"], row["filled"]),
        "fee": credits_text(row["fee"]),
        "tick": row["tick"],
        "updated_tick": row["updated_tick"],
    }


def fill(row: Mapping[str, Any], codes: Sequence[str] = CODES) -> dict[str, Any]:
    """One side of a trade, as its owner sees it."""
    return {
        "order": str(row["command_id"]),
        "trade": row["trade"],
        "market": codes[row["market"]],
        "side": SIDE_WORDS[row["side"]],
        "price": credits_text(row["price"]),
        "quantity": row["quantity"],
        "value": credits_text(row["value"]),
        "fee": credits_text(row["fee"]),
        "maker": row["is_maker"],
        "tick": row["tick"],
    }


def balance(row: Mapping[str, Any], codes: Sequence[str] = CODES) -> dict[str, Any]:
    """Cash as a decimal string, goods as lots."""
    if row["asset"] == CASH:
        return {
            "asset": "CASH",
            "available": credits_text(row["available"]),
            "held": credits_text(row["held"]),
        }
    return {"asset": codes[row["asset"]], "available": row["available"], "held": row["held"]}


def shipment(row: Mapping[str, Any], codes: Sequence[str] = CODES) -> dict[str, Any]:
    """Goods between two regions, as their owner sees them."""
    return {
        "id": row["number"],
        "status": "arrived" if row["arrived"] else "in_transit",
        "from": codes[row["source"]],
        "to": codes[row["target"]],
        "quantity": row["quantity"],
        "energy_lots": row["energy_lots"],
        "charged": credits_text(row["charged"]),
        "tick": row["tick"],
        "arrives_tick": row["arrives_tick"],
    }


def _rate(bps: int) -> str:
    """Basis points as a fraction with four decimals."""
    return f"{bps / 10_000:.4f}"


def route(row: Mapping[str, Any]) -> dict[str, Any]:
    """A way between two regions, with what it costs as fractions of the goods' value."""
    return {
        "from": REGION_LETTERS[row["source"]],
        "to": REGION_LETTERS[row["target"]],
        "open": row["is_open"],
        "delay_ticks": row["delay_ticks"],
        "toll": _rate(row["toll_bps"]),
        "tariffs": {
            kind.name.lower(): _rate(row[f"tariff_{kind.name.lower()}_bps"]) for kind in GoodKind
        },
        "carrier_margin": _rate(row["carrier_margin_bps"]),
    }


def change(last: int, base: int) -> str:
    """The change from `base` as a fraction with four decimals, rounded half away from zero."""
    if base <= 0:
        return "0.0000"
    scaled = abs(last - base) * 10_000
    steps = (2 * scaled + base) // (2 * base)
    sign = "-" if last < base and steps else ""
    return f"{sign}{steps // 10_000}.{steps % 10_000:04d}"


def market(
    row: Mapping[str, Any],
    state: str,
    auction: Mapping[str, Any] | None,
    fair_minor: float | None,
    codes: Sequence[str] = CODES,
) -> dict[str, Any]:
    """One line of the market list; day figures cover the last 864,000 ticks.

    `auction` is what the writer tells of a running call auction; `fair_minor` is the model's
    equilibrium price, None before the first day's end.
    """
    good = GOODS[row["market"] % len(GOODS)]
    return {
        "code": codes[row["market"]],
        "region": codes[row["market"]].partition(".")[2] or None,
        "name": good.name,
        "last": credits_text(row["last"]),
        "bid": price_or_none(row["bid"]),
        "ask": price_or_none(row["ask"]),
        "bid_depth": row["bid_depth"],
        "ask_depth": row["ask_depth"],
        "change": change(row["last"], row["change_from"]),
        "high": credits_text(row["high"]),
        "low": credits_text(row["low"]),
        "volume": row["volume"],
        "value": credits_text(row["value"]),
        "trades": row["trades"],
        "equilibrium_price": None if fair_minor is None else credits_text(round(fair_minor)),
        "state": state,
        "increment": credits_text(row["increment"]),
        "lot": 1,
        "auction": auction,
    }


def levels(rows: Iterable[Iterable[int]]) -> list[list[Any]]:
    """Price levels of one side, best first: [price, lots]."""
    return [[credits_text(price), quantity] for price, quantity in rows]


def trade(row: Iterable[int]) -> dict[str, Any]:
    """A public trade out of the tape: number, price, quantity, taker's side, tick."""
    number, price, quantity, side, tick = row
    return {
        "id": number,
        "price": credits_text(price),
        "qty": quantity,
        "side": SIDE_WORDS[side],
        "tick": tick,
    }


def candle(row: Mapping[str, Any], closed: bool) -> dict[str, Any]:
    """A bucket of ticks; `t` is its first tick."""
    return {
        "t": row["tick"],
        "o": credits_text(row["open"]),
        "h": credits_text(row["high"]),
        "l": credits_text(row["low"]),
        "c": credits_text(row["close"]),
        "v": row["volume"],
        "closed": closed,
    }
