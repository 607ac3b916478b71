"""Events: what a commit changed, as one block of packed records, and the result of a command.

A block is a set of sections, each an array of one record type. Its bytes are a header (magic,
version, number of sections) and per section its number, record size, number of rows and rows, all
little endian. Sections that this version does not know are skipped.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field, fields
from enum import IntEnum
from typing import Any

import numpy as np

from economy_engine import limits
from economy_engine.commands import CommandKind
from economy_engine.deals import LOT_EVENT_DTYPE, PATENT_EVENT_DTYPE
from economy_engine.event_kinds import Indicator, WorldEvent
from economy_engine.order_terms import OrderEvent, OrderStatus
from economy_engine.works import MEMBER_EVENT_DTYPE, SITE_EVENT_DTYPE, WORKS_EVENT_DTYPE

__all__ = [
    "Block",
    "BlockError",
    "Indicator",
    "OrderEvent",
    "OrderStatus",
    "ShipmentEvent",
    "WorldEvent",
    "pack",
    "pack_result",
    "unpack",
    "unpack_result",
]

_MAGIC = b"LEAB"
_VERSION = 1
_HEADER = struct.Struct("<4sHH")
_SECTION = struct.Struct("<HHI")


class BlockError(ValueError):
    """Raised for bytes that are no block of a known version."""


class ShipmentEvent(IntEnum):
    """What happened to a participant's shipment."""

    DISPATCHED = 1
    ARRIVED = 2


MARKET_TICK_DTYPE = np.dtype(
    [
        ("tick", "<i8"),
        ("market", "<i2"),
        ("open", "<i8"),
        ("high", "<i8"),
        ("low", "<i8"),
        ("close", "<i8"),
        ("volume", "<i8"),
        ("value", "<i8"),
        ("trades", "<i4"),
        ("best_bid", "<i8"),
        ("best_ask", "<i8"),
        ("bid_depth", "<i8"),
        ("ask_depth", "<i8"),
        ("best_bid_depth", "<i8"),
        ("best_ask_depth", "<i8"),
        ("flow", "<i8"),  # lots bought less lots sold by takers
    ]
)
DEPTH_DTYPE = np.dtype([("market", "<i2"), ("side", "i1"), ("price", "<i8"), ("quantity", "<i8")])
TAPE_DTYPE = np.dtype(
    [
        ("tick", "<i8"),
        ("market", "<i2"),
        ("trade", "<i8"),
        ("price", "<i8"),
        ("quantity", "<i8"),
        ("taker_side", "i1"),
    ]
)
ORDER_EVENT_DTYPE = np.dtype(
    [
        ("seq", "<i8"),
        ("participant", "<i8"),
        ("tick", "<i8"),
        ("event", "i1"),
        ("status", "i1"),
        ("reason", "<i2"),
        ("market", "<i2"),
        ("side", "i1"),
        ("type", "i1"),
        ("tif", "i1"),
        ("price", "<i8"),
        ("quantity", "<i8"),
        ("filled", "<i8"),
        ("left", "<i8"),
        ("value", "<i8"),
        ("fee", "<i8"),
        ("expires_tick", "<i8"),
    ]
)
FILL_EVENT_DTYPE = np.dtype(
    [
        ("seq", "<i8"),
        ("participant", "<i8"),
        ("tick", "<i8"),
        ("market", "<i2"),
        ("trade", "<i8"),
        ("side", "i1"),
        ("price", "<i8"),
        ("quantity", "<i8"),
        ("value", "<i8"),
        ("fee", "<i8"),
        ("is_maker", "i1"),
        ("fee_waived", "i1"),  # a protected newcomer sells without a fee
    ]
)
BALANCE_DTYPE = np.dtype(
    [("participant", "<i8"), ("asset", "<i2"), ("available", "<i8"), ("held", "<i8")]
)
# What all participants have together, told with every commit that moved a balance: readers that
# keep balances compare their sums with it.
TOTAL_DTYPE = np.dtype([("asset", "<i2"), ("available", "<i8"), ("held", "<i8")])
WORLD_EVENT_DTYPE = np.dtype(
    [("tick", "<i8"), ("kind", "<i2"), ("market", "<i2"), ("value", "<f8"), ("detail", "<i8")]
)
INDICATOR_DTYPE = np.dtype([("tick", "<i8"), ("id", "<i2"), ("market", "<i2"), ("value", "<f8")])
# Why prices moved since the market's row before: log points, see `systems.attribution`.
ATTRIBUTION_PARTS = (
    "mid",
    "reference_past",
    "reference_balance",
    "value_past",
    "value_balance",
    "value_wages",
    "value_inputs",
    "value_scarcity",
    "value_news",
)
ATTRIBUTION_DTYPE = np.dtype(
    [("tick", "<i8"), ("market", "<i2"), *((name, "<f8") for name in ATTRIBUTION_PARTS)]
)

SHIPMENT_EVENT_DTYPE = np.dtype(
    [
        ("number", "<i8"),
        ("participant", "<i8"),
        ("tick", "<i8"),
        ("event", "i1"),
        ("source", "<i2"),
        ("target", "<i2"),
        ("lots", "<i8"),
        ("arrives_tick", "<i8"),
        ("energy_lots", "<i8"),  # own energy used up, told at dispatch
        ("charged", "<i8"),  # carrier, toll and tariff together, told at dispatch
    ]
)

ROUTE_DTYPE = np.dtype(
    [
        ("source", "<i2"),  # regions
        ("target", "<i2"),
        ("open", "i1"),
        ("delay_ticks", "<i8"),
        ("toll_bps", "<i4"),
        ("tariff_produced_bps", "<i4"),  # of the region that goods go to, by GoodKind
        ("tariff_finite_bps", "<i4"),
        ("tariff_renewable_bps", "<i4"),
        ("tariff_artificial_bps", "<i4"),
        ("carrier_margin_bps", "<i4"),
    ]
)

# Number and record of each section; numbers are stable for ever.
_SECTIONS: dict[str, tuple[int, np.dtype]] = {
    "market_ticks": (1, MARKET_TICK_DTYPE),
    "depth": (2, DEPTH_DTYPE),
    "tape": (3, TAPE_DTYPE),
    "orders": (4, ORDER_EVENT_DTYPE),
    "fills": (5, FILL_EVENT_DTYPE),
    "balances": (6, BALANCE_DTYPE),
    "world_events": (7, WORLD_EVENT_DTYPE),
    "indicators": (8, INDICATOR_DTYPE),
    "shipments": (16, SHIPMENT_EVENT_DTYPE),
    "routes": (17, ROUTE_DTYPE),
    "attributions": (20, ATTRIBUTION_DTYPE),
    "sites": (24, SITE_EVENT_DTYPE),
    "members": (25, MEMBER_EVENT_DTYPE),
    "works": (26, WORKS_EVENT_DTYPE),
    "patents": (27, PATENT_EVENT_DTYPE),
    "lots": (28, LOT_EVENT_DTYPE),
    "totals": (29, TOTAL_DTYPE),
}
_NAMES = {number: (name, dtype) for name, (number, dtype) in _SECTIONS.items()}


def _rows(name: str) -> Any:
    return field(default_factory=lambda: np.zeros(0, _SECTIONS[name][1]))


@dataclass(slots=True)
class Block:
    """The events of one commit; every field is a structured array, prices in minor units."""

    market_ticks: np.ndarray = _rows("market_ticks")  # noqa: RUF009
    depth: np.ndarray = _rows("depth")  # noqa: RUF009
    tape: np.ndarray = _rows("tape")  # noqa: RUF009
    orders: np.ndarray = _rows("orders")  # noqa: RUF009
    fills: np.ndarray = _rows("fills")  # noqa: RUF009
    balances: np.ndarray = _rows("balances")  # noqa: RUF009
    world_events: np.ndarray = _rows("world_events")  # noqa: RUF009
    indicators: np.ndarray = _rows("indicators")  # noqa: RUF009
    shipments: np.ndarray = _rows("shipments")  # noqa: RUF009
    routes: np.ndarray = _rows("routes")  # noqa: RUF009
    attributions: np.ndarray = _rows("attributions")  # noqa: RUF009
    sites: np.ndarray = _rows("sites")  # noqa: RUF009
    members: np.ndarray = _rows("members")  # noqa: RUF009
    works: np.ndarray = _rows("works")  # noqa: RUF009
    patents: np.ndarray = _rows("patents")  # noqa: RUF009
    lots: np.ndarray = _rows("lots")  # noqa: RUF009
    totals: np.ndarray = _rows("totals")  # noqa: RUF009


assert {each.name for each in fields(Block)} == set(_SECTIONS)


def pack(block: Block) -> bytes:
    """Return the bytes of a block; empty sections take no room.

    Raises BlockError for an array of another record type or with too many rows.
    """
    parts: list[bytes] = []
    count = 0
    for name, (number, dtype) in _SECTIONS.items():
        rows = getattr(block, name)
        if rows.dtype != dtype or rows.ndim != 1:
            raise BlockError(f"{name} has the wrong record type")
        if rows.shape[0] > limits.BLOCK_SECTION_ROWS_MAX:
            raise BlockError(f"{name} has too many rows")
        if rows.shape[0] == 0:
            continue
        count += 1
        parts.append(_SECTION.pack(number, dtype.itemsize, rows.shape[0]))
        parts.append(rows.tobytes())
    return _HEADER.pack(_MAGIC, _VERSION, count) + b"".join(parts)


def unpack(data: bytes) -> Block:
    """Return the block of the bytes; its arrays are read-only views of `data`.

    Raises BlockError for anything that `pack` of this or an older version did not write.
    """
    data = bytes(data)
    if len(data) < _HEADER.size:
        raise BlockError("shorter than a header")
    magic, version, count = _HEADER.unpack_from(data)
    if magic != _MAGIC or version != _VERSION:
        raise BlockError("not a block of a known version")
    block = Block()
    seen: set[int] = set()
    at = _HEADER.size
    for _ in range(count):
        if len(data) - at < _SECTION.size:
            raise BlockError("a section is cut off")
        number, itemsize, rows = _SECTION.unpack_from(data, at)
        at += _SECTION.size
        if number in seen or rows > limits.BLOCK_SECTION_ROWS_MAX:
            raise BlockError(f"section {number} is repeated or too long")
        seen.add(number)
        if len(data) - at < itemsize * rows:
            raise BlockError("a section is cut off")
        if number in _NAMES:
            name, dtype = _NAMES[number]
            if dtype.itemsize != itemsize:
                raise BlockError(f"{name} has records of another size")
            setattr(block, name, np.frombuffer(data, dtype, rows, at))
        at += itemsize * rows
    if at != len(data):
        raise BlockError("bytes after the last section")
    return block


# What the result of a command carries, by kind: names in order, each an int64.
_ORDER_RESULT = ("order_status", "reason", "filled", "value", "fee", "left")
_RESULTS: dict[int, tuple[str, ...]] = {
    CommandKind.PLACE_ORDER: _ORDER_RESULT,
    CommandKind.CANCEL_ORDER: _ORDER_RESULT,
    CommandKind.REDUCE_ORDER: _ORDER_RESULT,
    CommandKind.CANCEL_ALL: ("canceled",),
    CommandKind.REGISTER_PARTICIPANT: ("grant_minor",),
    CommandKind.RETIRE_PARTICIPANT: ("returned_minor",),
    CommandKind.SHIP_GOODS: (
        "shipment",
        "arrives_tick",
        "energy_lots",
        "carrier_minor",
        "toll_minor",
        "tariff_minor",
    ),
    CommandKind.START_WORK: ("until_day",),
    CommandKind.BUY_SITE: ("paid_minor",),
    CommandKind.SELL_SITE: ("received_minor", "insurance_minor"),
    CommandKind.UPGRADE_SITE: ("paid_minor", "tier"),
    CommandKind.RESEARCH_SITE: ("units", "level"),
    CommandKind.TAKE_SITE: ("paid_minor",),
    CommandKind.TAKE_LICENCE: ("paid_minor", "level"),
    CommandKind.BID_SITE: ("paid_minor", "ends_tick"),
    CommandKind.BUY_PROSPECT: ("paid_minor", "finds", "found_lots", "received_minor"),
}


def pack_result(kind: int, **values: int) -> bytes:
    """Return the bytes of an executed command's result; kinds without one give b''.

    Fields that are not given are 0; an unknown name raises TypeError.
    """
    names = _RESULTS.get(kind, ())
    unknown = set(values) - set(names)
    if unknown:
        raise TypeError(f"kind {kind} has no result field {sorted(unknown)}")
    data = struct.pack(f"<{len(names)}q", *(int(values.get(name, 0)) for name in names))
    assert len(data) <= limits.RESULT_BYTES_MAX
    return data


def unpack_result(kind: int, data: bytes) -> dict[str, int]:
    """Return the fields of a result by name; {} for no bytes (a rejected command).

    Fields that a later version added at the end are not read.
    """
    data = bytes(data)
    if len(data) % 8 != 0:
        raise BlockError("a result is cut off")
    values = struct.unpack(f"<{len(data) // 8}q", data)
    return dict(zip(_RESULTS.get(kind, ()), values, strict=False))
