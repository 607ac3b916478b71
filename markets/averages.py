"""Moving averages of a series: plain functions of lists, newest value last."""

from __future__ import annotations

from collections.abc import Sequence

WINDOW_MAX = 200
# The exponential average looks back this many windows: what is older weighs less than .04 %.
EXPONENTIAL_WINDOWS = 4


def simple_average(values: Sequence[float], window: int) -> list[float | None]:
    """The mean of the last `window` values at each place; None before there are so many.

    Each window is summed on its own: no error of earlier ones is carried along.
    """
    return [
        sum(values[end - window : end]) / window if end >= window else None
        for end in range(1, len(values) + 1)
    ]


def exponential_average(values: Sequence[float], window: int) -> list[float]:
    """The average with weights (1 - a)^k, a = 2 / (window + 1), over the last 4 windows at most.

    The weights are normalized, so it is defined from the first value on and does not depend on
    where a page of a longer series begins.
    """
    keep = 1.0 - 2.0 / (window + 1)
    weights = [1.0]
    while len(weights) < EXPONENTIAL_WINDOWS * window:
        weights.append(weights[-1] * keep)
    made = []
    for end in range(1, len(values) + 1):
        seen = values[max(0, end - len(weights)) : end]
        used = weights[: len(seen)]
        total = sum(w * v for w, v in zip(used, reversed(seen), strict=True))
        made.append(total / sum(used))
    return made
