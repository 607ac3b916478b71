"""The scenarios: the command of each, and what it should do, when, and by how much.

Sizes are those that the design's second study measured with parameter set P3; where it has none,
those of the first study (set P1), and for the pinned rates half of them, as the second study says.
Prices, the CPI and output are in log points; unemployment and the policy rate in percentage
points; moods as they are. Days and ticks count from the event.
"""

from __future__ import annotations

from dataclasses import dataclass

from economy_engine.commands import InjectShock, SetPolicyRate, ShockKind
from economy_engine.goods import GOODS_COUNT, INDEX

PPM = 1_000_000
TICKS_PER_DAY = 240
EVENT_DAY = 60
AFTER_DAYS = 70
PINNED_DAYS = 36_000  # for good
Step = InjectShock | SetPolicyRate


@dataclass(frozen=True)
class Expectation:
    """A figure, the ticks first..last after the event over which it is taken, and its size.

    figure: `price:CODE`, `cpi`, `output`, `unemployment`, `rate`, `sentiment`, `fear`, `greed`,
    `multiplier` or `volatility`. main: whether the scenario's verdict rests on it; the others are
    shown beside it.
    """

    figure: str
    first: int
    last: int
    size: float
    main: bool = True
    source: str = "P3"


@dataclass(frozen=True)
class Shock:
    """One scripted shock; `code`: the good whose markets it strikes, in every region."""

    kind: ShockKind
    size: float
    code: str | None = None

    def commands(self, regions: int) -> list[Step]:
        """Return the commands, one per region where a market is named."""
        size = round(self.size * PPM)
        if self.code is None:
            return [InjectShock(int(self.kind), -1, size)]
        markets = [INDEX[self.code] + region * GOODS_COUNT for region in range(regions)]
        return [InjectShock(int(self.kind), market, size) for market in markets]


@dataclass(frozen=True)
class PinnedRate:
    """The policy rate set for good, a year's share."""

    rate: float

    def commands(self, regions: int) -> list[Step]:
        """Return the one command of a central bank, whatever the number of regions."""
        return [SetPolicyRate(round(self.rate * PPM), PINNED_DAYS)]


@dataclass(frozen=True)
class Scenario:
    """A named event with what it should do."""

    name: str
    text: str
    event: Shock | PinnedRate
    expected: tuple[Expectation, ...]


def _days(
    figure: str,
    sizes: tuple[float | None, float | None, float | None],
    main: tuple[int, ...] = (),
    source: str = "P3",
) -> list[Expectation]:
    """Return expectations over days 2-10, 10-30 and 30-70; None = not stated."""
    spans = ((2, 10), (10, 30), (30, 70))
    return [
        Expectation(figure, first * TICKS_PER_DAY, last * TICKS_PER_DAY, size, n in main, source)
        for n, ((first, last), size) in enumerate(zip(spans, sizes, strict=True))
        if size is not None
    ]


def _at(figure: str, first: int, last: int, size: float, source: str = "P3") -> list[Expectation]:
    return [Expectation(figure, first, last, size, True, source)]


def _scenario(
    name: str, text: str, event: Shock | PinnedRate, *parts: list[Expectation]
) -> Scenario:
    return Scenario(name, text, event, tuple(each for part in parts for each in part))


_K = ShockKind
SCENARIOS: tuple[Scenario, ...] = (
    _scenario(
        "oil_shock", "60 % of the oil in the ground is lost", Shock(_K.RESERVE, 0.4, "OIL"),
        _days("price:OIL", (0.55, 0.64, 0.60), (0, 1, 2)),
        _days("price:ENRG", (0.20, None, None), (0,)),
        _days("cpi", (0.061, 0.071, 0.050), (0, 1)),
        _days("unemployment", (3.1, 3.9, 6.2), (1, 2)),
        _days("output", (-0.048, None, -0.070), (2,)),
        _days("price:CO2", (None, None, -0.20)),
        _days("rate", (None, 0.9, None)),
    ),
    _scenario(
        "discovery", "oil is found, a fifth of the base", Shock(_K.DISCOVERY, 0.2, "OIL"),
        _days("price:OIL", (-0.22, -0.25, -0.19), (0, 1)),
        _days("price:ENRG", (-0.07, None, None), (0,)),
        _days("cpi", (-0.020, -0.020, -0.008), (0,)),
        _days("unemployment", (-0.9, -1.1, -2.2)),
        _days("output", (0.010, None, 0.020)),
    ),
    _scenario(
        "drought", "half of the water is gone and renews at half the pace",
        Shock(_K.DROUGHT, 0.5, "WATR"),
        _days("price:WATR", (0.29, 0.34, 0.39), (0, 1, 2), "P1"),
        _days("price:FOOD", (None, 0.03, 0.03), (1,), "P1"),
        _days("cpi", (None, 0.03, 0.03), (1,), "P1"),
        _days("unemployment", (0.5, 1.6, 2.7), (), "P1"),
        _days("output", (-0.016, None, -0.033), (), "P1"),
    ),
    _scenario(
        "helicopter", "500 credits of new money for every household", Shock(_K.CASH, 500.0),
        _days("cpi", (0.024, 0.056, 0.035), (0, 1, 2), "P1"),
        _days("unemployment", (-0.5, -0.9, None), (0,), "P1"),
        _days("output", (0.018, None, None), (0,), "P1"),
        _days("rate", (None, 2.0, 6.0), (), "P1"),
    ),
    _scenario(
        "spiral", "the central bank issues 1 % of all money a day", Shock(_K.ISSUE, 0.01),
        _days("cpi", (None, 0.27, 0.73), (1, 2), "P1"),
        _days("rate", (None, None, 7.4), (2,), "P1"),
        _days("sentiment", (None, None, 0.10), (), "P1"),
        _days("multiplier", (None, None, 0.31), (), "P1"),
        _days("unemployment", (None, None, -1.2), (), "P1"),
    ),
    _scenario(
        "panic", "fear rises and sentiment falls by .6", Shock(_K.PANIC, 0.6),
        _at("sentiment", 0, TICKS_PER_DAY, -0.31, "P1"),
        _at("fear", 0, TICKS_PER_DAY, 0.21, "P1"),
        _at("multiplier", 0, TICKS_PER_DAY, 0.30, "P1"),
        _days("cpi", (-0.02, None, None), (), "P1"),
        _days("output", (-0.007, None, None), (), "P1"),
        _days("unemployment", (0.6, None, None), (), "P1"),
    ),
    _scenario(
        "euphoria", "greed and sentiment rise by .6", Shock(_K.EUPHORIA, 0.6),
        _at("sentiment", 0, TICKS_PER_DAY, 0.31, "P1"),
        _at("greed", 0, TICKS_PER_DAY, 0.21, "P1"),
        _at("multiplier", 0, TICKS_PER_DAY, 0.30, "P1"),
        _days("cpi", (0.02, None, None), (), "P1"),
    ),
    _scenario(
        "rate_high", "the policy rate is pinned at 20 %", PinnedRate(0.20),
        _days("cpi", (-0.02, -0.05, -0.033), (0, 1), "half of P1"),
        _days("unemployment", (1.4, 5.0, 4.9), (0, 1), "half of P1"),
        _days("output", (-0.01, -0.05, None), (1,), "half of P1"),
        _days("price:OIL", (None, -0.10, None), (), "half of P1"),
    ),
    _scenario(
        "rate_zero", "the policy rate is pinned at 0 %", PinnedRate(0.0),
        _days("cpi", (None, 0.015, 0.03), (1, 2), "half of P1"),
        _days("unemployment", (None, -0.35, -0.6), (), "half of P1"),
        _days("output", (None, 0.006, 0.0085), (), "half of P1"),
    ),
    _scenario(
        "news_crash", "bad news: the worth of oil falls by 30 %", Shock(_K.NEWS, -0.3, "OIL"),
        _at("price:OIL", 8, 16, -0.15),
        _at("price:OIL", 52, 68, -0.13),
        _at("price:OIL", TICKS_PER_DAY, 6 * TICKS_PER_DAY, -0.10),
        [Expectation("price:OIL", 9 * TICKS_PER_DAY, 11 * TICKS_PER_DAY, -0.06, False)],
    ),
    _scenario(
        "climate", "what renews, renews at half the pace, and so do quotas",
        Shock(_K.CLIMATE, 0.5),
        _days("price:CO2", (0.15, 0.29, 0.35), (0, 1, 2)),
        _days("price:WATR", (0.01, 0.04, 0.08), (1, 2)),
        _days("price:LAND", (None, 0.03, 0.06), (1, 2)),
        _days("price:FOOD", (None, None, 0.012)),
        _days("cpi", (None, None, 0.011)),
        _days("unemployment", (None, None, 1.8)),
        _days("output", (None, None, -0.028)),
    ),
    _scenario(
        "instability", "extraction at 70 % of its capacity for 30 days", Shock(_K.INSTABILITY, 0.7),
        _days("price:OIL", (0.04, 0.16, 0.03), (1,)),
        _days("price:LITH", (0.04, 0.09, None), (1,)),
        _days("price:RARE", (0.04, 0.09, None), (1,)),
        _days("output", (-0.030, None, None), (0,)),
        _days("unemployment", (2.2, 2.1, None), (0, 1)),
        _days("cpi", (None, 0.018, None)),
    ),
)  # fmt: skip
BY_NAME = {scenario.name: scenario for scenario in SCENARIOS}
assert len(BY_NAME) == len(SCENARIOS)
