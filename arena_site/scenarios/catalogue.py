"""The scenarios: what each intervention should do to a world, when, and by how much.

Sizes are those that the design's second study measured with parameter set P3; for new money, which
it did not run, those of its prototype run again with that set (one seed); else those of the first
study (set P1), and for the pinned rates half of them, as the second study says.
Prices, the CPI and output are in log points; unemployment and the policy rate in percentage
points; moods as they are. Days and ticks count from the event.
"""

from __future__ import annotations

from dataclasses import dataclass

from worlds.interventions import BY_NAME as INTERVENTIONS
from worlds.interventions import Intervention

TICKS_PER_DAY = 240
EVENT_DAY = 60
AFTER_DAYS = 70
RERUN = "P3, run again"


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
class Scenario:
    """An intervention with what it should do."""

    intervention: Intervention
    expected: tuple[Expectation, ...]

    @property
    def name(self) -> str:
        return self.intervention.name

    @property
    def text(self) -> str:
        return self.intervention.text


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


def _scenario(name: str, *parts: list[Expectation]) -> Scenario:
    return Scenario(INTERVENTIONS[name], tuple(each for part in parts for each in part))


SCENARIOS: tuple[Scenario, ...] = (
    _scenario(
        "oil_shock",
        _days("price:OIL", (0.55, 0.64, 0.60), (0, 1, 2)),
        _days("price:ENRG", (0.20, None, None), (0,)),
        _days("cpi", (0.061, 0.071, 0.050), (0, 1)),
        _days("unemployment", (3.1, 3.9, 6.2), (1, 2)),
        _days("output", (-0.048, None, -0.070), (2,)),
        _days("price:CO2", (None, None, -0.20)),
        _days("rate", (None, 0.9, None)),
    ),
    _scenario(
        "discovery",
        _days("price:OIL", (-0.22, -0.25, -0.19), (0, 1)),
        _days("price:ENRG", (-0.07, None, None), (0,)),
        _days("cpi", (-0.020, -0.020, -0.008), (0,)),
        _days("unemployment", (-0.9, -1.1, -2.2)),
        _days("output", (0.010, None, 0.020)),
    ),
    _scenario(
        "drought",
        _days("price:WATR", (0.29, 0.34, 0.39), (0, 1, 2), "P1"),
        _days("price:FOOD", (None, 0.03, 0.03), (1,), "P1"),
        _days("cpi", (None, 0.03, 0.03), (1,), "P1"),
        _days("unemployment", (0.5, 1.6, 2.7), (), "P1"),
        _days("output", (-0.016, None, -0.033), (), "P1"),
    ),
    _scenario(
        "helicopter",
        _days("cpi", (0.013, 0.026, 0.011), (0, 1, 2), RERUN),
        _days("unemployment", (-1.4, -3.2, -1.6), (0, 1), RERUN),
        _days("output", (0.012, 0.033, 0.017), (0, 1), RERUN),
        _days("rate", (None, 3.3, 8.9), (1, 2), RERUN),
    ),
    _scenario(
        "spiral",
        _days("cpi", (None, 0.065, 0.25), (1, 2), RERUN),
        _days("rate", (None, 3.1, 14.5), (1, 2), RERUN),
        _days("sentiment", (None, 0.029, 0.077), (2,), RERUN),
        _days("unemployment", (None, -4.9, -6.0), (1, 2), RERUN),
        _days("output", (None, 0.054, 0.077), (1,), RERUN),
    ),
    _scenario(
        "panic",
        _at("sentiment", 0, TICKS_PER_DAY, -0.31, "P1"),
        _at("fear", 0, TICKS_PER_DAY, 0.21, "P1"),
        _at("multiplier", 0, TICKS_PER_DAY, 0.30, "P1"),
        _days("cpi", (-0.02, None, None), (), "P1"),
        _days("output", (-0.007, None, None), (), "P1"),
        _days("unemployment", (0.6, None, None), (), "P1"),
    ),
    _scenario(
        "euphoria",
        _at("sentiment", 0, TICKS_PER_DAY, 0.31, "P1"),
        _at("greed", 0, TICKS_PER_DAY, 0.21, "P1"),
        _at("multiplier", 0, TICKS_PER_DAY, 0.30, "P1"),
        _days("cpi", (0.02, None, None), (), "P1"),
    ),
    _scenario(
        "rate_high",
        _days("cpi", (-0.02, -0.05, -0.033), (0, 1), "half of P1"),
        _days("unemployment", (1.4, 5.0, 4.9), (0, 1), "half of P1"),
        _days("output", (-0.01, -0.05, None), (1,), "half of P1"),
        _days("price:OIL", (None, -0.10, None), (), "half of P1"),
    ),
    _scenario(
        "rate_zero",
        _days("cpi", (None, 0.015, 0.03), (2,), "half of P1"),
        _days("unemployment", (None, -0.35, -0.6), (), "half of P1"),
        _days("output", (None, 0.006, 0.0085), (), "half of P1"),
    ),
    _scenario(
        "news_crash",
        _at("price:OIL", 8, 16, -0.15),
        _at("price:OIL", 52, 68, -0.13),
        _at("price:OIL", TICKS_PER_DAY, 6 * TICKS_PER_DAY, -0.10),
        [Expectation("price:OIL", 9 * TICKS_PER_DAY, 11 * TICKS_PER_DAY, -0.06, False)],
    ),
    _scenario(
        "climate",
        _days("price:CO2", (0.15, 0.29, 0.35), (0, 1, 2)),
        _days("price:WATR", (0.01, 0.04, 0.08), (1, 2)),
        _days("price:LAND", (None, 0.03, 0.06), (1, 2)),
        _days("price:FOOD", (None, None, 0.012)),
        _days("cpi", (None, None, 0.011)),
        _days("unemployment", (None, None, 1.8)),
        _days("output", (None, None, -0.028)),
    ),
    _scenario(
        "instability",
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
