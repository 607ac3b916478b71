"""Every array of a world in one table: its type, its shape, and which part of it counts.

The order of the table is the order of the digest and of the snapshot: append, never reorder,
and raise `ENGINE_VERSION` with any change. An array that is neither in digest nor in snapshot is
derived or scratch and lives outside the arena.
"""

from enum import IntEnum

from economy_engine import limits
from economy_engine.array_spec import (
    ACCOUNTS,
    CALENDAR,
    CALENDAR_DTYPE,
    DETAILS,
    FREE,
    FREE_ROWS,
    JOBS,
    MEMBERS,
    ORDERS,
    PARTICIPANTS,
    REGION_DTYPE,
    ROWS,
    SELLERS,
    SHIPMENTS,
    SITES,
    ArraySpec,
)
from economy_engine.book.columns import (
    AUCTION_DTYPE,
    DETAIL_DTYPE,
    MARKET_DTYPE,
    ORDER_DTYPE,
    BookColumns,
)
from economy_engine.deals import LOT_DTYPE, PATENT_DTYPE, PATENTS
from economy_engine.ledger.columns import LedgerColumns
from economy_engine.params import WorldParams
from economy_engine.systems.columns import (
    FAILED_SITE_DTYPE,
    HISTORY_DAYS,
    SITES_LISTED,
    AgentColumns,
    ArbitrageurColumns,
    CreditColumns,
    DayColumns,
    DeskColumns,
    FirmColumns,
    FlowColumns,
    FreightColumns,
    History,
    HouseholdColumns,
    MakerColumns,
    NewsColumns,
    PriceColumns,
    ResourceColumns,
    RestingColumns,
    RouteColumns,
    ShipmentColumns,
    StaffColumns,
    TraderColumns,
)
from economy_engine.systems.gauge_columns import (
    BARS,
    ELASTICITY_DAYS,
    GAUGE_DAYS,
    LONG_BARS,
    DayRow,
    GaugeColumns,
)
from economy_engine.works import MEMBER_DTYPE, SITE_DTYPE

ENGINE_VERSION = 3

TARIFF_CLASS = 1  # place of the first GoodKind in a region's row of `fees`; 0 is the base fee


class Clock(IntEnum):
    """Slots of `clock` (int64[16])."""

    TICK = 0  # ticks done
    STEP = 1  # steps done
    PHASE = 2  # ticks done of the running step (persistent)
    ROWS = 3  # ledger rows in use
    FIRST_PARTICIPANT = 4
    PARTICIPANTS = 5  # registered now
    CALENDAR = 6  # entries in the calendar
    CALENDAR_NUMBER = 7  # entries ever made, breaks ties
    FREE_ROWS = 8  # rows given back, waiting for reuse
    HALTED = 9  # 1 while the world is halted
    SEQ = 10  # last journal seq that acted
    ENTRIES = 11  # entries ever applied
    SITES = 12  # sites ever used are [0, this)
    RULE_ORDERS = 13  # orders ever placed by sites' rules
    LOTS = 14  # sites ever auctioned


def sizes(params: WorldParams, rows: int, counts: dict[str, int]) -> dict[str, int]:
    """Return the meaning of every shape symbol for a world with `rows` ledger rows allocated."""
    ai = params.ai_orders_max
    return {
        "A": rows,
        "M": params.markets,
        "M2": 2 * params.markets,
        "R": params.regions,
        "N": params.agents,
        "O": ai + params.participant_orders_max,
        "OP": params.participant_orders_max,
        "L": params.ladder_levels,
        "LW": params.ladder_levels // limits.BITMAP_WORD_LEVELS,
        "LS": -(-params.ladder_levels // limits.SUMMARY_WORD_LEVELS),
        "W": limits.WHEEL_SLOTS,
        "C": limits.CALENDAR_SLOTS,
        "G": params.desk.desks_max,
        "P": params.participants_max,
        "Q": params.calendar_max,
        "S": params.sites_max,
        "Y": params.shipments_max,
        "BW": limits.BREAKER_WINDOW_TICKS,
        "J": counts["F"] + params.sites_max,
        "B": rows - params.agents - limits.INSTITUTION_ROWS,
        "HD": HISTORY_DAYS,
        "HR": len(History),
        **counts,
    }


# Columns that a tuple got after its first version: their arrays stand at the end of the table.
_LATER = {
    "price.labour_cost": "M",
    "price.input_cost": "M",
    "day.consumer_surplus": "M",
    "day.model_surplus": "M",
}


def _group(prefix: str, columns: type, shape: tuple, types: dict[str, object], **common) -> list:
    """Specs of a tuple of columns; `types` maps odd columns to a dtype or (dtype, shape, fill)."""
    specs = []
    for name in columns._fields:
        if f"{prefix}.{name}" in _LATER:
            continue
        odd = types.get(name, "<f8")
        dtype, own_shape, fill = odd if isinstance(odd, tuple) else (odd, shape, 0)
        specs.append(ArraySpec(f"{prefix}.{name}", dtype, own_shape, fill=fill, **common))
    return specs


_A, _AM, _M = ("A",), ("A", "M"), ("M",)
_LEDGER = [
    ArraySpec("ledger.cash", "<i8", _A, ROWS),
    ArraySpec("ledger.cash_held", "<i8", _A, ROWS),
    ArraySpec("ledger.stock", "<i4", _AM, ROWS),
    ArraySpec("ledger.stock_held", "<i4", _AM, SELLERS),
    ArraySpec("ledger.owner", "<i4", _A, ACCOUNTS),
    ArraySpec("ledger.group", "<i4", _A, ACCOUNTS, fill=-1),
    ArraySpec("ledger.kind", "<i1", _A, ROWS),
    ArraySpec("ledger.flags", "<u2", _A, ROWS),
    ArraySpec("ledger.generation", "<u4", _A, ACCOUNTS),
    ArraySpec("ledger.open_orders", "<i4", _A, ACCOUNTS),
    ArraySpec("ledger.goods_in", "<i8", _M),
    ArraySpec("ledger.goods_out", "<i8", _M),
    ArraySpec("ledger.issued", "<i8", (4,)),
]
_BOOK = [
    ArraySpec("book.orders", ORDER_DTYPE, ("O",), ORDERS),
    ArraySpec("book.details", DETAIL_DTYPE, ("OP",), DETAILS),
    ArraySpec("book.free", "<i4", ("O",), FREE),
    ArraySpec("book.counters", "<i8", (16,)),
    ArraySpec("book.wheel", "<i4", ("W",), fill=-1),
    ArraySpec("book.calendar", "<i4", ("C",), fill=-1),
    ArraySpec("book.market", MARKET_DTYPE, _M),
]
_DERIVED = [
    ArraySpec("book.head", "<i4", ("M2", "L"), fill=-1, in_digest=False, in_snapshot=False),
    ArraySpec("book.tail", "<i4", ("M2", "L"), fill=-1, in_digest=False, in_snapshot=False),
    ArraySpec("book.level_quantity", "<i8", ("M2", "L"), in_digest=False, in_snapshot=False),
    ArraySpec("book.bitmap", "<u8", ("M2", "LW"), in_digest=False, in_snapshot=False),
    ArraySpec("book.summary", "<u8", ("M2", "LS"), in_digest=False, in_snapshot=False),
    ArraySpec("book.best", "<i4", ("M", 2), in_digest=False, in_snapshot=False),
]
_WORLD = [
    ArraySpec("clock", "<i8", (16,)),
    ArraySpec("macro", "<f8", (48,)),
    ArraySpec("fees", "<i8", ("R", 8)),  # base and tariff per region and class, basis points
    ArraySpec("regions", REGION_DTYPE, ("R",)),
    ArraySpec("sites", SITE_DTYPE, ("S",), SITES),
    ArraySpec("participants.ids", "<i8", ("P",), PARTICIPANTS),
    ArraySpec("participants.rows", "<i4", ("P",), PARTICIPANTS),
    ArraySpec("calendar", CALENDAR_DTYPE, ("Q",), CALENDAR),
    ArraySpec("free_rows", "<i4", ("P",), FREE_ROWS),
]
_DESK_MARKET = ("<i4", _M, 0)
SCHEMA: tuple[ArraySpec, ...] = (
    *_WORLD,
    *_LEDGER,
    *_BOOK,
    *_group("price", PriceColumns, _M, {"day_value": "<i8", "day_quantity": "<i8"}),
    *_group(
        "flow",
        FlowColumns,
        _M,
        {"flow": "<i8", "seen": ("<i8", ("M", 4), 0), "fair": ("<f8", ("M", 3), 0)},
    ),
    *_group("news", NewsColumns, _M, {}),
    *_group("resource", ResourceColumns, _M, {}),
    *_group(
        "agent",
        AgentColumns,
        ("N",),
        {"home": "<i4"} | dict.fromkeys(AgentColumns._fields[:6], "<f4"),
    ),
    *_group("household", HouseholdColumns, ("H",), {"employer": ("<i4", ("H",), -1)}),
    *_group(
        "firm",
        FirmColumns,
        ("F",),
        {
            "market": "<i4",
            "next_visit": "<i8",
            "next_production": "<i8",
            "slots": ("<i4", ("F", 12), -1),
            "generations": ("<u4", ("F", 12), 0),
        },
    ),
    *_group(
        "staff",
        StaffColumns,
        ("J",),
        {
            "workers": "<i4",
            "vacancies": "<i4",
            "layoffs": "<i4",
            "payer": ("<i4", ("J",), -1),
            "region": "<i4",
        },
        axis=JOBS,
    ),
    *_group(
        "desk",
        DeskColumns,
        ("M", "G"),
        {
            "chartist": "<i1",
            "last_step": "<i8",
            "desks": _DESK_MARKET,
            "fundamentalists": _DESK_MARKET,
        },
    ),
    *_group(
        "trader",
        TraderColumns,
        ("T",),
        {"debt": "<i4", "slot": ("<i4", ("T",), -1), "generation": "<u4"},
    ),
    *_group(
        "maker",
        MakerColumns,
        ("K",),
        {
            "target": "<i4",
            "debt": "<i4",
            "slots": ("<i4", ("K", 6), -1),
            "generations": ("<u4", ("K", 6), 0),
        },
    ),
    *_group(
        "day",
        DayColumns,
        _M,
        {
            "produced": "<i8",
            "used": "<i8",
            "consumed": "<i8",
            "counts": ("<f8", (16,), 0),
            "history": ("<f8", ("HR", "HD"), 0),
        },
    ),
    *_group(
        "route",
        RouteColumns,
        ("R", "R"),
        {"open": "<i1", "owner": ("<i4", ("R", "R"), -1)} | dict.fromkeys(("toll", "delay"), "<i8"),
    ),
    *_group(
        "shipment",
        ShipmentColumns,
        ("Y",),
        {"row": "<i4", "generation": "<u4", "source": "<i4", "target": "<i4"}
        | dict.fromkeys(("number", "arrives", "lots"), "<i8"),
        axis=SHIPMENTS,
    ),
    *_group(
        "freight",
        FreightColumns,
        ("R",),
        {
            "counters": ("<i8", (8,), 0),
            "inbound": ("<i8", _M, 0),
            "owed": "<i8",
            "slot": ("<i4", ("R",), -1),
            "generation": "<u4",
            "unrest_until": ("<i8", ("R",), -1),
            "unrest_size": ("<f8", ("R",), 1),
        },
    ),
    *_group(
        "arbitrageur",
        ArbitrageurColumns,
        ("X",),
        {
            "next_visit": "<i8",
            "slots": ("<i4", ("X", 4), -1),
            "generations": ("<u4", ("X", 4), 0),
        },
    ),
    *_group(
        "credit",
        CreditColumns,
        ("F",),
        dict.fromkeys(("loan", "distress", "failures"), "<i8")
        | {"totals": ("<i8", (16,), 0), "sites": (FAILED_SITE_DTYPE, (SITES_LISTED,), 0)},
    ),
    ArraySpec("book.auction", AUCTION_DTYPE, _M),
    ArraySpec("book.recent", "<i8", ("M", "BW")),
    *_group(
        "resting",
        RestingColumns,
        (),
        {
            "household_slot": ("<i4", ("HP", 4), -1),
            "household_generation": ("<u4", ("HP", 4), 0),
            "household_late": ("<i4", ("HP", 4), 0),
            "trader_slot": ("<i4", ("T", 2), -1),
            "trader_generation": ("<u4", ("T", 2), 0),
        },
    ),
    *(ArraySpec(name, "<f8", (axis,)) for name, axis in _LATER.items()),
    ArraySpec("book.sales", "<i8", ("F", 2)),
    *_group(
        "gauge",
        GaugeColumns,
        _M,
        {
            "counts": ("<i8", (8,), 0),
            "long_returns": ("<f4", ("M", LONG_BARS), 0),
            "days": ("<f8", (len(DayRow), GAUGE_DAYS), 0),
            "before": ("<f8", ("M", 8), 0),
            "sums": ("<f8", ("M", 9), 0),
        }
        | dict.fromkeys(("use", "vwaps"), ("<f8", ("M", ELASTICITY_DAYS), 0))
        | dict.fromkeys(("levels", "targets"), ("<f8", ("M", 5), 0))
        | dict.fromkeys(("bar_flow", "bar_volume", "quantity_seen"), "<i8")
        | dict.fromkeys(("returns", "flows", "volumes"), ("<f4", ("M", BARS), 0)),
    ),
    ArraySpec("members", MEMBER_DTYPE, ("B",), MEMBERS),
    ArraySpec("patents", PATENT_DTYPE, (PATENTS,)),
    ArraySpec("lots", LOT_DTYPE, (limits.AUCTION_LOTS_MAX,)),
)
DERIVED: tuple[ArraySpec, ...] = tuple(_DERIVED)
BY_NAME: dict[str, ArraySpec] = {spec.name: spec for spec in (*SCHEMA, *DERIVED)}
GROUPS: dict[str, type] = {
    "ledger": LedgerColumns,
    "book": BookColumns,
    "price": PriceColumns,
    "flow": FlowColumns,
    "news": NewsColumns,
    "resource": ResourceColumns,
    "agent": AgentColumns,
    "household": HouseholdColumns,
    "firm": FirmColumns,
    "staff": StaffColumns,
    "desk": DeskColumns,
    "trader": TraderColumns,
    "maker": MakerColumns,
    "day": DayColumns,
    "route": RouteColumns,
    "shipment": ShipmentColumns,
    "freight": FreightColumns,
    "arbitrageur": ArbitrageurColumns,
    "credit": CreditColumns,
    "resting": RestingColumns,
    "gauge": GaugeColumns,
}
assert all(spec.in_digest and spec.in_snapshot for spec in SCHEMA)
assert len(BY_NAME) == len(SCHEMA) + len(DERIVED)


def shape_of(spec: ArraySpec, size: dict[str, int]) -> tuple[int, ...]:
    """Return the shape of `spec` with its symbols resolved."""
    return tuple(size[part] if isinstance(part, str) else part for part in spec.shape)
