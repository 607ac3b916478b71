"""Whether a scenario did what it should: the sign in 4 of 5 seeds, the size within a factor."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from arena_site.scenarios.catalogue import TICKS_PER_DAY, Expectation, Scenario
from arena_site.scenarios.pairs import Pair, measured

SIGNS_SHARE = 0.8
SIZE_FACTOR = 2.5


@dataclass(frozen=True)
class Answer:
    """One expectation with what was measured: the mean over the seeds and each seed's value."""

    expected: Expectation
    mean: float
    seeds: tuple[float, ...]
    signs: int  # seeds with the expected sign
    sign_right: bool
    size_right: bool


def answers(scenario: Scenario, pairs: Sequence[Pair]) -> list[Answer]:
    """Return an answer per expectation, over one pair per seed.

    A window that the run does not reach has no value, so it fails.
    """
    found = []
    for expected in scenario.expected:
        seeds = tuple(measured(pair, expected) for pair in pairs)
        found.append(answer(expected, seeds))
    return found


def answer(expected: Expectation, seeds: tuple[float, ...]) -> Answer:
    """Judge the values of all seeds against one expectation."""
    mean = math.fsum(seeds) / len(seeds)
    signs = sum(value * expected.size > 0 for value in seeds)
    ratio = mean / expected.size
    return Answer(
        expected,
        mean,
        seeds,
        signs,
        sign_right=signs >= math.ceil(SIGNS_SHARE * len(seeds)),
        size_right=1 / SIZE_FACTOR <= ratio <= SIZE_FACTOR,
    )


def passed(answered: Sequence[Answer], *, size: bool) -> bool:
    """Whether all main expectations hold: the signs, and with `size` the sizes, too."""
    main = [each for each in answered if each.expected.main]
    return all(each.sign_right and (each.size_right or not size) for each in main)


def window(expected: Expectation) -> str:
    """Return the window in words: ticks below two days, else days."""
    if expected.last <= TICKS_PER_DAY:
        return f"ticks {expected.first}-{expected.last}"
    return f"days {expected.first // TICKS_PER_DAY}-{expected.last // TICKS_PER_DAY}"


def lines(answered: Sequence[Answer]) -> list[str]:
    """Return the table of one scenario; a star marks what its verdict rests on."""
    rows = [("  figure", "window", "expected", "mean", "sign", "size", "source")]
    for each in answered:
        expected = each.expected
        sign = f"{each.signs} of {len(each.seeds)}{'' if each.sign_right else ' WRONG'}"
        size = "-" if math.isnan(each.mean) else f"x{each.mean / expected.size:.2f}"
        rows.append(
            (
                f"{'*' if expected.main else ' '} {expected.figure}",
                window(expected),
                f"{expected.size:+.3f}",
                "-" if math.isnan(each.mean) else f"{each.mean:+.3f}",
                sign,
                size if each.size_right else f"{size} OFF",
                expected.source,
            )
        )
    widths = [max(len(row[column]) for row in rows) for column in range(7)]
    return ["  ".join(f"{c:<{w}}" for c, w in zip(row, widths, strict=True)) for row in rows]


def as_data(scenario: Scenario, answered: Sequence[Answer], *, size: bool) -> dict[str, Any]:
    """Return one scenario's answers as plain data."""
    return {
        "name": scenario.name,
        "text": scenario.text,
        "passed": passed(answered, size=size),
        "answers": [
            {
                "figure": each.expected.figure,
                "window": window(each.expected),
                "expected": each.expected.size,
                "source": each.expected.source,
                "main": each.expected.main,
                "mean": None if math.isnan(each.mean) else round(each.mean, 5),
                "seeds": [None if math.isnan(v) else round(v, 5) for v in each.seeds],
                "signs_right": each.signs,
                "sign_right": each.sign_right,
                "size_right": each.size_right,
            }
            for each in answered
        ],
    }
