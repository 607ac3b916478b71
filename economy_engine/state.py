"""`WorldState`: all arrays of one world, in one arena, with named views.

Owner of the arena. Kernels get tuples of columns; everything that is in digest and snapshot lies in
one block of memory, so that a copy is one memory copy and the digest one pass. Growth (more rows)
happens between entries and builds a new arena; views taken before are then stale, so take them from
the state each time.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np

from economy_engine import array_spec, schema
from economy_engine import digest as digests
from economy_engine.array_spec import ArraySpec
from economy_engine.book.columns import BookColumns, BookCounter, OutboxColumns, allocate_outbox
from economy_engine.book.upkeep import rebuild_ladders
from economy_engine.emission import Emission
from economy_engine.errors import ContractViolation
from economy_engine.goods import GoodsTable, goods_table
from economy_engine.ledger.columns import Issued, LedgerColumns
from economy_engine.ledger.kernels import money_supply
from economy_engine.limits import INSTITUTION_ROWS
from economy_engine.param_groups import MINOR_PER_CENT
from economy_engine.params import WorldParams
from economy_engine.population import population
from economy_engine.schema import Clock
from economy_engine.systems.columns import (
    AgentColumns,
    ArbitrageurColumns,
    CreditColumns,
    CreditTotal,
    DayColumns,
    DeskColumns,
    FirmColumns,
    FlowColumns,
    FreightColumns,
    FreightCounter,
    HouseholdColumns,
    Institution,
    MakerColumns,
    NewsColumns,
    PriceColumns,
    ResourceColumns,
    RestingColumns,
    RouteColumns,
    Rows,
    ShipmentColumns,
    StaffColumns,
    TraderColumns,
)
from economy_engine.systems.gauge_columns import GAUGE_FIGURES, GaugeColumns

_LINE = 64  # every array starts on a cache line


class Views(NamedTuple):
    """The tuples of columns that kernels take."""

    ledger: LedgerColumns
    book: BookColumns
    price: PriceColumns
    flow: FlowColumns
    news: NewsColumns
    resource: ResourceColumns
    agent: AgentColumns
    household: HouseholdColumns
    firm: FirmColumns
    staff: StaffColumns
    desk: DeskColumns
    trader: TraderColumns
    maker: MakerColumns
    day: DayColumns
    route: RouteColumns
    shipment: ShipmentColumns
    freight: FreightColumns
    arbitrageur: ArbitrageurColumns
    credit: CreditColumns
    resting: RestingColumns
    gauge: GaugeColumns


class WorldState:
    """Every array of a world, its parameters, and what it reports.

    Attributes
    ----------
    params: WorldParams; goods: GoodsTable; rows: Rows (first row of each kind).
    arrays: read-only mapping name -> array, names of `schema`.
    clock: int64[16], see `schema.Clock`; macro: float64[48], see `systems.columns.Macro`.
    ledger, book, price, flow, ...: tuples of columns.
    told_from: matches that touch a row from here on are written down, the first participant's.
    outbox: what the books report; emission: world events, indicators and market ticks. Both are
    scratch: in neither digest nor snapshot.
    """

    def __init__(self, params: WorldParams, rows: int | None = None) -> None:
        self.params = params
        self.counts = population(params)
        self.rows: Rows = self.counts.rows
        self.goods: GoodsTable = goods_table(MINOR_PER_CENT)
        self.first_participant = params.agents + INSTITUTION_ROWS
        self.told_from = self.first_participant
        wanted = self.first_participant + params.spare_rows
        self._allocate(max(wanted, rows or 0))
        self.outbox: OutboxColumns = allocate_outbox(params.markets)
        self.emission = Emission(params.markets, params.shipments_max)
        self.wealth_scratch = np.zeros(self.counts.sizes["H"])
        self.quote_scratch = np.zeros(8, np.int64)
        self.gauge_scratch = np.zeros((2, 3))
        self.mood_scratch = np.zeros((2, params.markets))
        self.gauge_figures = np.zeros((GAUGE_FIGURES, params.markets))
        self.clock[Clock.ROWS] = self.first_participant
        self.clock[Clock.FIRST_PARTICIPANT] = self.first_participant
        self._reset_pool()

    def _allocate(self, rows: int) -> None:
        """Lay out the arena for `rows` ledger rows, filled with the schema's defaults."""
        self.rows_allocated = rows
        self.size = schema.sizes(self.params, rows, self.counts.sizes)
        places: list[tuple[ArraySpec, tuple[int, ...], int, int]] = []
        at = 0
        for spec in schema.SCHEMA:
            shape = schema.shape_of(spec, self.size)
            length = int(np.prod(shape, dtype=np.int64)) * np.dtype(spec.dtype).itemsize
            places.append((spec, shape, at, length))
            at += -(-length // _LINE) * _LINE
        self.arena = np.zeros(at // 8, np.uint64)
        raw = self.arena.view(np.uint8)
        arrays: dict[str, np.ndarray] = {}
        for spec, shape, start, length in places:
            arrays[spec.name] = raw[start : start + length].view(spec.dtype).reshape(shape)
        for spec in schema.DERIVED:
            arrays[spec.name] = np.zeros(schema.shape_of(spec, self.size), spec.dtype)
        for name, array in arrays.items():
            if schema.BY_NAME[name].fill:
                array.fill(schema.BY_NAME[name].fill)
        self._places = {spec.name: (start, length) for spec, _, start, length in places}
        self._bind(arrays)

    def _bind(self, arrays: dict[str, np.ndarray]) -> None:
        """Build the named tuples over `arrays` and the plan of the digest."""
        self.arrays: Mapping[str, np.ndarray] = MappingProxyType(arrays)
        tuples: dict[str, Any] = {
            group: columns(*(arrays[f"{group}.{name}"] for name in columns._fields))
            for group, columns in schema.GROUPS.items()
        }
        self.views = Views(**tuples)
        self.ledger: LedgerColumns = self.views.ledger
        self.book: BookColumns = self.views.book
        self.price = self.views.price
        self.flow = self.views.flow
        self.news = self.views.news
        self.resource = self.views.resource
        self.agent = self.views.agent
        self.household = self.views.household
        self.firm = self.views.firm
        self.staff = self.views.staff
        self.desk = self.views.desk
        self.trader = self.views.trader
        self.maker = self.views.maker
        self.day = self.views.day
        self.route = self.views.route
        self.shipment = self.views.shipment
        self.freight = self.views.freight
        self.arbitrageur = self.views.arbitrageur
        self.credit = self.views.credit
        self.resting = self.views.resting
        self.gauge = self.views.gauge
        self.clock: np.ndarray = arrays["clock"]
        self.macro: np.ndarray = arrays["macro"]
        self._plan: list[tuple[str, int]] = []
        self._ranges: np.ndarray | None = None

    def _reset_pool(self) -> None:
        """Give the counters of an empty pool their start values and derive empty ladders."""
        counters = self.book.counters
        counters[BookCounter.AI_CAPACITY] = self.params.ai_orders_max
        counters[BookCounter.PARTICIPANT_HIGH_WATER] = self.params.ai_orders_max
        counters[BookCounter.FIRST_SELLER] = self.rows.firms
        market = self.book.market
        market["price_increment"] = 1
        market["band_low"] = 1
        market["band_high"] = self.params.ladder_levels - 1
        self.ledger.owner[:] = np.arange(self.rows_allocated, dtype=np.int32)
        rebuild_ladders(self.book)

    # What is in use.

    def parts(self, spec: ArraySpec) -> tuple[tuple[int, int], ...]:
        """Return the half-open ranges of the first axis of `spec` that are in use."""
        clock, counters = self.clock, self.book.counters
        capacity = self.params.ai_orders_max
        if spec.axis == array_spec.ROWS:
            return ((0, int(clock[Clock.ROWS])),)
        if spec.axis == array_spec.SELLERS:
            return ((self.rows.firms, int(clock[Clock.ROWS])),)
        if spec.axis == array_spec.ACCOUNTS:
            return ((self.rows.agents, int(clock[Clock.ROWS])),)
        if spec.axis == array_spec.ORDERS:
            high = int(counters[BookCounter.PARTICIPANT_HIGH_WATER])
            return ((0, int(counters[BookCounter.AI_HIGH_WATER])), (capacity, high))
        if spec.axis == array_spec.DETAILS:
            return ((0, int(counters[BookCounter.PARTICIPANT_HIGH_WATER]) - capacity),)
        if spec.axis == array_spec.FREE:
            free = int(counters[BookCounter.PARTICIPANT_FREE])
            return ((0, int(counters[BookCounter.AI_FREE])), (capacity, capacity + free))
        if spec.axis == array_spec.PARTICIPANTS:
            return ((0, int(clock[Clock.PARTICIPANTS])),)
        if spec.axis == array_spec.CALENDAR:
            return ((0, int(clock[Clock.CALENDAR])),)
        if spec.axis == array_spec.SHIPMENTS:
            return ((0, int(self.freight.counters[FreightCounter.COUNT])),)
        if spec.axis == array_spec.FREE_ROWS:
            return ((0, int(clock[Clock.FREE_ROWS])),)
        if spec.axis == array_spec.SITES:
            return ((0, int(clock[Clock.SITES])),)
        if spec.axis == array_spec.JOBS:
            return ((0, self.counts.sizes["F"] + int(clock[Clock.SITES])),)
        if spec.axis == array_spec.MEMBERS:
            return ((0, int(clock[Clock.ROWS]) - self.first_participant),)
        return ((0, schema.shape_of(spec, self.size)[0]),)

    def ranges(self) -> np.ndarray:
        """Return int64[n, 2]: first word of the arena and bytes of every part in use."""
        if self._ranges is None:
            self._plan_ranges()
        ranges = self._ranges
        assert ranges is not None
        for spec, length, places, starts, items in self._dynamic:
            for offset, (low, high) in enumerate(self.parts(spec)):
                if not 0 <= low <= high <= length:
                    raise ContractViolation(f"the counters of {spec.axis} are out of range")
                ranges[places + offset, 0] = (starts + low * items) >> 3
                ranges[places + offset, 1] = (high - low) * items
        return ranges

    def _plan_ranges(self) -> None:
        rows: list[tuple[int, int]] = []
        of_axis: dict[str, list[tuple[ArraySpec, int, int, int, int]]] = {}
        for spec in schema.SCHEMA:
            start, size = self._places[spec.name]
            if spec.axis == array_spec.ALL:
                rows.append((start >> 3, size))
                continue
            length = schema.shape_of(spec, self.size)[0]
            own = (spec, length, len(rows), start, size // max(1, length))
            of_axis.setdefault(spec.axis, []).append(own)
            rows.extend((0, 0) for _ in self.parts(spec))
        self._ranges = np.array(rows, dtype=np.int64)
        # Per axis one of its arrays, the least length, and of all: place, first byte, bytes a row.
        self._dynamic = [
            (own[0][0], min(each[1] for each in own), *np.array([each[2:] for each in own]).T)
            for own in of_axis.values()
        ]

    def digest(self) -> int:
        """Return the state digest, an unsigned 64-bit integer."""
        return int(digests.digest_ranges(self.arena, self.ranges(), digests.KEYS))

    # Copies and growth.

    def copy(self) -> "WorldState":
        """Return an independent world with the same digest and the same future."""
        other = WorldState(self.params, self.rows_allocated)
        other.arena[:] = self.arena
        rebuild_ladders(other.book)
        return other

    def ensure_rows(self, rows: int) -> bool:
        """Make room for `rows` ledger rows in all; double the spare rows as often as needed.

        Returns True when the arena was rebuilt: tuples of columns taken before are stale then.
        """
        if rows <= self.rows_allocated:
            return False
        spare = max(1, self.rows_allocated - self.first_participant)
        while self.first_participant + spare < rows:
            spare *= 2
        old = self.arrays
        in_use = int(self.clock[Clock.ROWS])
        self._allocate(self.first_participant + spare)
        for spec in schema.SCHEMA:
            if spec.axis in (array_spec.ROWS, array_spec.SELLERS, array_spec.ACCOUNTS):
                self.arrays[spec.name][:in_use] = old[spec.name][:in_use]
            elif spec.axis == array_spec.MEMBERS:
                members = in_use - self.first_participant
                self.arrays[spec.name][:members] = old[spec.name][:members]
            else:
                self.arrays[spec.name][...] = old[spec.name]
        self.ledger.owner[in_use:] = np.arange(in_use, self.rows_allocated, dtype=np.int32)
        rebuild_ladders(self.book)
        return True

    # Checks.

    def conservation(self) -> tuple[int, np.ndarray]:
        """Return what is missing of money (minor units) and of each market's goods (lots): zeros.

        Money: cash and holds of all accounts less base money and the bank's. Goods: stock and holds
        of all accounts less lots that entered and did not leave.
        """
        rows = int(self.clock[Clock.ROWS])
        ledger = self.ledger
        money = int(ledger.cash[:rows].sum()) + int(ledger.cash_held[:rows].sum())
        goods = ledger.stock[:rows].sum(axis=0, dtype=np.int64)
        goods += ledger.stock_held[:rows].sum(axis=0, dtype=np.int64)
        return money - int(money_supply(ledger)), goods - (ledger.goods_in - ledger.goods_out)

    def claims_missing(self) -> tuple[int, int]:
        """Return what is missing of the bank's claims, in minor units: zeros.

        First the sum of all loans less the claims on firms, then all claims less the money that
        the bank made.
        """
        totals = self.credit.totals
        loans, bad = int(totals[CreditTotal.LOANS]), int(totals[CreditTotal.BAD])
        made = int(self.ledger.issued[Issued.CREDIT])
        return int(self.credit.loan.sum()) - loans, loans + bad - made

    def bids_missing(self) -> int:
        """Return what the institution of bids has less the best bids, in minor units: zero."""
        held = int(self.ledger.cash[self.institution(Institution.BIDS)])
        return held - int(self.arrays["lots"]["best"].sum())

    def check(self) -> None:
        """Raise ContractViolation unless money, goods and claims add up, none of them negative."""
        money, goods = self.conservation()
        if money:
            raise ContractViolation(f"money is off by {money} minor units")
        if goods.any():
            raise ContractViolation(f"goods are off by {goods.tolist()} lots")
        if any(self.claims_missing()):
            raise ContractViolation(f"claims are off by {self.claims_missing()} minor units")
        if self.bids_missing():
            raise ContractViolation(f"bids are off by {self.bids_missing()} minor units")
        if int(self.credit.loan.min()) < 0 or int(self.credit.totals.min()) < 0:
            raise ContractViolation("a claim is negative")
        rows = int(self.clock[Clock.ROWS])
        for name in ("cash", "cash_held", "stock", "stock_held"):
            if int(getattr(self.ledger, name)[:rows].min()) < 0:
                raise ContractViolation(f"a balance of {name} is negative")
        moving = self.in_transit() - self.ledger.stock[self.institution(Institution.TRANSIT)]
        if moving.any():
            raise ContractViolation(f"goods in transit are off by {moving.tolist()} lots")

    def in_transit(self) -> np.ndarray:
        """Return the lots on their way by the market that they left (int64[M])."""
        count = int(self.freight.counters[FreightCounter.COUNT])
        lots = np.zeros(self.params.markets, np.int64)
        np.add.at(lots, self.shipment.source[:count], self.shipment.lots[:count])
        return lots

    def institution(self, offset: int) -> int:
        """Return the row of an institution (`systems.columns.Institution`)."""
        return self.rows.agents + int(offset)
