"""What market sockets carry: names of topics, and the result of a decided command."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

from economy_engine.goods import REGION_LETTERS, market_codes, market_numbers
from markets import shapes

CANDLE_INTERVALS = ("10", "100", "600", "3000", "36000", "day")
WORLD_TOPICS = frozenset({"market_tick", "indicators", "world", "news"})
PRIVATE_WIRE = "account"
PRIVATE_NAMES = ("account", "orders", "fills", "balances")

_PER_MARKET = re.compile(r"(book|trades|candles):([A-Z0-9]{2,4}(?:\.[A-Z])?)(?::([0-9a-z]+))?")


_ANY_CODE = {
    code for regions in range(1, len(REGION_LETTERS) + 1) for code in market_codes(regions)
}


def is_market_topic(name: str, regions: int | None = None) -> bool:
    """Whether this is a public topic of the markets, of a market that exists.

    `market_tick`, `indicators`, `world`, `news`, `book:OIL`, `trades:OIL.N`, `candles:OIL:10`.
    Without a number of regions a market of any world will do.
    """
    if name in WORLD_TOPICS:
        return True
    found = _PER_MARKET.fullmatch(name)
    codes = _ANY_CODE if regions is None else market_numbers(regions)
    if found is None or found[2] not in codes:
        return False
    if found[1] == "candles":
        return found[3] in CANDLE_INTERVALS
    return found[3] is None


def order_result(
    command_id: UUID, data: Mapping[str, Any], regions: int = 1
) -> Callable[[Any], dict[str, Any]]:
    """A function from the status of a decided `PlaceOrder` to the order as it then stood.

    `data` is the parsed message of the request.
    """

    def describe(status: Any) -> dict[str, Any]:
        result = status.result or {}
        row = {
            "command_id": command_id,
            "seq": status.seq,
            "market": data["market"],
            "side": data["side"],
            "order_type": data["type"],
            "time_in_force": data["tif"],
            "price": data.get("price", 0),
            "quantity": data["quantity"],
            "filled": result.get("filled", 0),
            "left": result.get("left", 0),
            "value": result.get("value", 0),
            "fee": result.get("fee", 0),
            "status": int(result.get("order_status", 0)),
            "reason": int(status.reason or 0),
            "tick": status.tick,
            "updated_tick": status.tick,
        }
        return shapes.order(row, market_codes(regions))

    return describe


def cancel_result(order_id: UUID) -> Callable[[Any], dict[str, Any]]:
    """A function from the status of a decided `CancelOrder` to what the order ended as."""

    def describe(status: Any) -> dict[str, Any]:
        result = status.result or {}
        return {
            "id": str(order_id),
            "status": shapes.STATUS_WORDS[int(result.get("order_status", 0))],
            "filled": result.get("filled", 0),
            "left": result.get("left", 0),
        }

    return describe


def cancel_all_result(status: Any) -> dict[str, Any]:
    """How many orders a decided `CancelAll` ended."""
    return {"canceled": (status.result or {}).get("canceled", 0)}
