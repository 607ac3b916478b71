"""What a world reports besides the books: world events, indicators, participants' economies.

Filled by `tick.advance` and by handlers, taken out after each entry. Neither digest nor snapshot
has them. World events and indicators are in bounded buffers; the rest is bounded by the number of
sites and participants.
"""

from typing import Any

import numpy as np

from economy_engine.errors import ContractViolation
from economy_engine.events import (
    ATTRIBUTION_DTYPE,
    ATTRIBUTION_PARTS,
    INDICATOR_DTYPE,
    WORLD_EVENT_DTYPE,
)

# A shipment that arrived in this tick, as kernels report it: of whom is a row, not yet a name.
ARRIVAL_DTYPE = np.dtype(
    [
        ("number", "<i8"),
        ("row", "<i8"),
        ("source", "<i8"),
        ("target", "<i8"),
        ("lots", "<i8"),
        ("arrives", "<i8"),
    ]
)

WORLD_EVENTS_PER_MARKET = 16
INDICATORS_PER_MARKET = 64
WORLD_EVENTS_BASE = 64
INDICATORS_BASE = 256


class Works:
    """What happened in the economies of participants since it was last taken out.

    Attributes
    ----------
    orders: reports of orders that sites placed by rule, each with its `row` (a ledger row).
    touched: (row, asset) pairs whose balances changed.
    notes: (row, tick, WorksEvent, market, deed, quantity, amount in minor units).
    sites: places in the table of sites, and members: ledger rows, whose state changed.
    closed: SITE_DTYPE records of sites that were given back.
    patents: places in the table of patents that changed.
    lots: by number the LOT_DTYPE record of a changed auction, and its LotState.
    """

    def __init__(self) -> None:
        self.orders: list[dict[str, Any]] = []
        self.touched: list[tuple[int, int]] = []
        self.notes: list[tuple[int, int, int, int, int, int, int]] = []
        self.sites: set[int] = set()
        self.members: set[int] = set()
        self.closed: list[Any] = []
        self.patents: set[int] = set()
        self.lots: dict[int, tuple[Any, int]] = {}

    def note(
        self, row: int, tick: int, kind: int, market: int = -1, deed: int = 0, quantity: int = 0,
        amount: int = 0,
    ) -> None:  # fmt: skip
        """Tell one thing that happened to the participant on a row."""
        self.notes.append((row, tick, int(kind), market, deed, quantity, amount))

    def clear(self) -> None:
        """Forget everything."""
        for part in (self.orders, self.touched, self.notes, self.closed):
            part.clear()
        for places in (self.sites, self.members, self.patents):
            places.clear()
        self.lots.clear()


class Emission:
    """Preallocated buffers with their counts.

    Attributes
    ----------
    world_events: WORLD_EVENT_DTYPE[...]; indicators: INDICATOR_DTYPE[...].
    counts: int64[2], rows used of both.
    arrivals: ARRIVAL_DTYPE[...], shipments of participants that came in; arrived: int64[1].
    attributions: ATTRIBUTION_DTYPE[2 M] with `attribution_count` rows in use; a tick of several
        steps closes at most one bar of ten steps and a half.
    works: what happened in the economies of participants.
    """

    def __init__(self, markets: int, shipments: int = 0) -> None:
        events = WORLD_EVENTS_BASE + WORLD_EVENTS_PER_MARKET * markets
        values = INDICATORS_BASE + INDICATORS_PER_MARKET * markets
        self.world_events = np.zeros(events, WORLD_EVENT_DTYPE)
        self.indicators = np.zeros(values, INDICATOR_DTYPE)
        self.counts = np.zeros(2, np.int64)
        self.arrivals = np.zeros(shipments, ARRIVAL_DTYPE)
        self.arrived = np.zeros(1, np.int64)
        self.attributions = np.zeros(2 * markets, ATTRIBUTION_DTYPE)
        self.attribution_count = 0
        self.works = Works()

    def world_event(self, tick: int, kind: int, market: int, value: float, detail: int = 0) -> None:
        """Append one world event; raises ContractViolation when nobody took the earlier ones."""
        count = int(self.counts[0])
        if count >= len(self.world_events):
            raise ContractViolation("world events were not taken out")
        self.world_events[count] = (tick, kind, market, value, detail)
        self.counts[0] += 1

    def indicator(self, tick: int, identity: int, market: int, value: float) -> None:
        """Append one indicator value."""
        count = int(self.counts[1])
        if count >= len(self.indicators):
            raise ContractViolation("indicators were not taken out")
        self.indicators[count] = (tick, identity, market, value)
        self.counts[1] += 1

    def indicator_rows(self, tick: int, identities: np.ndarray, values: np.ndarray) -> None:
        """Append a table of values float64[identity, market]; NaN stands for no value.

        They are told with the seven digits of a float32: a day's end of many markets fits a block.
        """
        which, market = np.nonzero(values == values)
        first, count = int(self.counts[1]), len(which)
        if first + count > len(self.indicators):
            raise ContractViolation("indicators were not taken out")
        rows = self.indicators[first : first + count]
        rows["tick"], rows["id"], rows["market"] = tick, identities[which], market
        rows["value"] = values[which, market].astype(np.float32)
        self.counts[1] += count

    def attribution_rows(self, tick: int, sums: np.ndarray) -> None:
        """Append one row per market out of float64[market, part], parts of `ATTRIBUTION_PARTS`."""
        first, count = self.attribution_count, len(sums)
        if first + count > len(self.attributions):
            raise ContractViolation("attributions were not taken out")
        rows = self.attributions[first : first + count]
        rows["tick"], rows["market"] = tick, np.arange(count)
        for place, name in enumerate(ATTRIBUTION_PARTS):
            rows[name] = sums[:, place]
        self.attribution_count += count

    def take_attributions(self) -> np.ndarray:
        """Return a copy of the attribution rows and empty their buffer."""
        rows = self.attributions[: self.attribution_count].copy()
        self.attribution_count = 0
        return rows

    def take(self) -> tuple[np.ndarray, np.ndarray]:
        """Return copies of both buffers' rows and empty them."""
        events = self.world_events[: self.counts[0]].copy()
        values = self.indicators[: self.counts[1]].copy()
        self.counts[:] = 0
        return events, values

    def take_arrivals(self) -> np.ndarray:
        """Return a copy of the arrivals and forget them."""
        rows = self.arrivals[: self.arrived[0]].copy()
        self.arrived[0] = 0
        return rows

    def clear(self) -> None:
        """Drop what was reported."""
        self.counts[:] = 0
        self.arrived[0] = 0
        self.attribution_count = 0
        self.works.clear()
