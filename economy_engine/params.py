"""Parameters of a world: goods, groups of model parameters, presets and sizes."""

from dataclasses import dataclass, field, replace
from enum import IntEnum
from typing import Any, NamedTuple

from economy_engine.goods import GOODS, Good, GoodKind
from economy_engine.limits import BREAKER_WINDOW_TICKS
from economy_engine.param_groups import (
    CreditParams,
    DeskParams,
    FirmParams,
    HouseholdParams,
    MakerParams,
    MarketParams,
    MonetaryParams,
    NoiseParams,
    QuotaParams,
    SeedConfig,
    TradeParams,
    VenueParams,
    WorksParams,
    cents,
)

__all__ = [
    "GOODS",
    "PATIENT_EVERY",
    "STEPS_PER_DAY",
    "Good",
    "GoodKind",
    "Preset",
    "WorldParams",
    "cents",
    "preset",
]

STEPS_PER_DAY = 240  # model time: a step is 1/240 game day in every preset
PATIENT_EVERY = 8  # one household in so many lets bids rest in the book
DAYS_PER_YEAR = 360
REGIONS_BUILT_MAX = 4  # one letter each in the codes of the markets
AGENTS_PER_REGION_MIN = 500


class Clock(NamedTuple):
    """How a preset maps ticks to model steps."""

    ticks_per_day: int
    steps_per_tick: int  # steps run one after another inside a tick
    ticks_per_step: int  # ticks over which the agents' events of one step are spread


class Preset(IntEnum):
    """The three clocks of a world."""

    SPRINT = 0
    LAB = 1
    PERSISTENT = 2

    @property
    def clock(self) -> Clock:
        return _CLOCKS[self]


_CLOCKS = {
    Preset.SPRINT: Clock(ticks_per_day=240, steps_per_tick=1, ticks_per_step=1),
    Preset.LAB: Clock(ticks_per_day=60, steps_per_tick=4, ticks_per_step=1),
    Preset.PERSISTENT: Clock(ticks_per_day=2400, steps_per_tick=1, ticks_per_step=10),
}


@dataclass(frozen=True)
class WorldParams:
    """Everything that decides a world at its genesis; the digest of tick 0 is a function of it.

    agents: AI agents, at least 500 per region. regions: 1..4. shipments_max (0: by the number of
    agents; none in a single region): goods on their way at one time.
    ladder_levels, ai_orders_max (0: 2^ceil(log2(4 N)), at least 65,536), participant_orders_max,
    spare_rows, participants_max (0: max(1,000, N/8)), sites_max (0: as many as participants):
    sizes; tests use small ones. social_hour_ticks: ticks of an hour of people's time.
    """

    agents: int
    seed: int
    preset: Preset = Preset.SPRINT
    regions: int = 1
    ladder_levels: int = 32_768
    ai_orders_max: int = 0
    participant_orders_max: int = 65_536
    spare_rows: int = 4_096
    participants_max: int = 0
    calendar_max: int = 131_072
    sites_max: int = 0
    shipments_max: int = 0
    social_hour_ticks: int = 36_000
    config: SeedConfig = field(default_factory=SeedConfig)
    market: MarketParams = field(default_factory=MarketParams)
    firm: FirmParams = field(default_factory=FirmParams)
    credit: CreditParams = field(default_factory=CreditParams)
    household: HouseholdParams = field(default_factory=HouseholdParams)
    desk: DeskParams = field(default_factory=DeskParams)
    maker: MakerParams = field(default_factory=MakerParams)
    noise: NoiseParams = field(default_factory=NoiseParams)
    monetary: MonetaryParams = field(default_factory=MonetaryParams)
    trade: TradeParams = field(default_factory=TradeParams)
    quota: QuotaParams = field(default_factory=QuotaParams)
    venue: VenueParams = field(default_factory=VenueParams)
    works: WorksParams = field(default_factory=WorksParams)

    def __post_init__(self) -> None:
        object.__setattr__(self, "preset", Preset(self.preset))
        if not 500 <= self.agents <= 10_000_000:
            raise ValueError(f"agents must be 500..10,000,000, not {self.agents}")
        if not 0 <= self.seed < 2**63:
            raise ValueError("seed must be a non-negative 63-bit integer")
        if not 1 <= self.regions <= REGIONS_BUILT_MAX:
            raise ValueError(f"regions must be 1..{REGIONS_BUILT_MAX}, not {self.regions}")
        if self.agents < AGENTS_PER_REGION_MIN * self.regions:
            raise ValueError(f"agents must be {AGENTS_PER_REGION_MIN} or more per region")
        levels = self.ladder_levels
        if not 1_024 <= levels <= 65_536 or levels % 64:
            raise ValueError("ladder_levels must be a multiple of 64 in 1,024..65,536")
        if not self.ai_orders_max:
            wanted = 1 << (4 * self.agents - 1).bit_length()
            object.__setattr__(self, "ai_orders_max", max(65_536, wanted))
        if not self.participants_max:
            object.__setattr__(self, "participants_max", max(1_000, self.agents // 8))
        if not self.shipments_max and self.regions > 1:
            object.__setattr__(self, "shipments_max", max(4_096, self.agents // 4))
        if not self.sites_max:
            object.__setattr__(self, "sites_max", self.participants_max)

    @property
    def goods(self) -> int:
        return len(GOODS)

    @property
    def markets(self) -> int:
        return self.regions * len(GOODS)

    @property
    def breaker_ticks(self) -> int:
        """Ticks that the circuit breaker looks back."""
        return BREAKER_WINDOW_TICKS // self.preset.clock.steps_per_tick

    @property
    def call_ticks(self) -> int:
        """Ticks from the start of a call auction to its uncross."""
        return -(-self.venue.call_ticks // self.preset.clock.steps_per_tick)

    @property
    def increments_max(self) -> int:
        """Highest price, in increments, that a market may start a day with."""
        return self.ladder_levels * 12_000 // 32_768

    @property
    def increments_min(self) -> int:
        return self.ladder_levels * 512 // 32_768

    def with_changes(self, **changes: Any) -> "WorldParams":
        return replace(self, **changes)

    def as_dict(self) -> dict[str, Any]:
        """Plain data for a snapshot header; `from_dict` is its inverse."""
        data = {name: getattr(self, name) for name in self.__dataclass_fields__}
        return {
            name: value._asdict() if hasattr(value, "_asdict") else int(value)
            for name, value in data.items()
        }

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> "WorldParams":
        known = {name: value for name, value in data.items() if name in cls.__dataclass_fields__}
        groups = {name: GROUPS[name](**known[name]) for name in GROUPS if name in known}
        return cls(**{**known, **groups})


GROUPS: dict[str, type] = {
    "config": SeedConfig,
    "market": MarketParams,
    "firm": FirmParams,
    "credit": CreditParams,
    "household": HouseholdParams,
    "desk": DeskParams,
    "maker": MakerParams,
    "noise": NoiseParams,
    "monetary": MonetaryParams,
    "trade": TradeParams,
    "quota": QuotaParams,
    "venue": VenueParams,
    "works": WorksParams,
}


def preset(name: str, agents: int, seed: int, **changes: Any) -> WorldParams:
    """Return the parameters of preset `sprint`, `lab` or `persistent`.

    >>> preset("sprint", 1000, 7).preset.clock.ticks_per_day
    240
    """
    try:
        chosen = Preset[name.upper()]
    except KeyError:
        raise ValueError(f"unknown preset {name!r}: sprint, lab or persistent") from None
    return WorldParams(agents=agents, seed=seed, preset=chosen, **changes)
