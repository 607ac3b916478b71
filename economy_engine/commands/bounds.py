"""The ranges of commands' fields, and how one version of a kind is packed."""

from __future__ import annotations

import struct
from enum import IntEnum
from typing import Any, NamedTuple

from economy_engine import limits
from economy_engine.errors import RejectReason


class Bounds(NamedTuple):
    """Least and greatest value of an integer field, with the reason given outside of it."""

    low: int
    high: int
    reason: RejectReason = RejectReason.OUT_OF_RANGE


class Layout(NamedTuple):
    """How one version of one kind is packed; a bytes field has no bounds."""

    type: type[Any]
    body: struct.Struct
    bounds: tuple[Bounds | None, ...]


def choices(enum: type[IntEnum]) -> Bounds:
    return Bounds(min(enum), max(enum), RejectReason.BAD_ENUM)


MARKET = Bounds(0, limits.MARKETS_MAX - 1, RejectReason.UNKNOWN_SYMBOL)
MARKET_OR_ALL = Bounds(-1, limits.MARKETS_MAX - 1, RejectReason.UNKNOWN_SYMBOL)
LOTS = Bounds(1, limits.QUANTITY_LOTS_MAX, RejectReason.LOT_SIZE)
REGION = Bounds(0, limits.REGIONS_MAX - 1, RejectReason.UNKNOWN_ROUTE)
SHIPMENT = Bounds(1, limits.SHIPMENT_LOTS_MAX, RejectReason.LOT_SIZE)
PRICE = Bounds(0, limits.PRICE_MINOR_MAX, RejectReason.PRICE_FILTER)
TICK = Bounds(0, limits.INT64_MAX)
INT64 = Bounds(-(2**63), limits.INT64_MAX)
UINT64 = Bounds(0, 2**64 - 1)
PPM = Bounds(-1_000_000_000, 1_000_000_000)
FLAG = Bounds(0, 1, RejectReason.BAD_ENUM)
