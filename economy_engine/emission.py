"""What a world reports besides orders: world events and indicator values, in bounded buffers.

Filled by `tick.advance`, taken out by `take` after each tick. Neither digest nor snapshot has them.
"""

import numpy as np

from economy_engine.errors import ContractViolation
from economy_engine.events import INDICATOR_DTYPE, WORLD_EVENT_DTYPE

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
INDICATORS_PER_MARKET = 32
WORLD_EVENTS_BASE = 64
INDICATORS_BASE = 256


class Emission:
    """Two preallocated buffers with their counts.

    Attributes
    ----------
    world_events: WORLD_EVENT_DTYPE[...]; indicators: INDICATOR_DTYPE[...].
    counts: int64[2], rows used of both.
    arrivals: ARRIVAL_DTYPE[...], shipments of participants that came in; arrived: int64[1].
    """

    def __init__(self, markets: int, shipments: int = 0) -> None:
        events = WORLD_EVENTS_BASE + WORLD_EVENTS_PER_MARKET * markets
        values = INDICATORS_BASE + INDICATORS_PER_MARKET * markets
        self.world_events = np.zeros(events, WORLD_EVENT_DTYPE)
        self.indicators = np.zeros(values, INDICATOR_DTYPE)
        self.counts = np.zeros(2, np.int64)
        self.arrivals = np.zeros(shipments, ARRIVAL_DTYPE)
        self.arrived = np.zeros(1, np.int64)

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
