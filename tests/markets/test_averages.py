"""Moving averages against numpy."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from markets.averages import (
    EXPONENTIAL_WINDOWS,
    WINDOW_MAX,
    exponential_average,
    simple_average,
)

VALUES = st.lists(st.floats(-1e9, 1e9), min_size=1, max_size=120)
WINDOWS = st.integers(1, WINDOW_MAX)


@given(VALUES, WINDOWS)
def test_the_simple_average_is_numpys_convolution(values, window):
    made = simple_average(values, window)
    assert made[: window - 1] == [None] * min(window - 1, len(values))
    expected = (
        np.convolve(values, np.ones(window) / window, "valid") if window <= len(values) else []
    )
    scale = max(1.0, max(map(abs, values)))
    assert made[window - 1 :] == pytest.approx(list(expected), abs=1e-9 * scale)


@given(VALUES, WINDOWS)
def test_the_exponential_average_is_numpys_weighted_one(values, window):
    made = exponential_average(values, window)
    keep = 1 - 2 / (window + 1)
    scale = max(1.0, max(map(abs, values)))
    for place in {0, len(values) // 2, len(values) - 1}:
        seen = np.array(values[: place + 1])[-EXPONENTIAL_WINDOWS * window :]
        weights = keep ** np.arange(len(seen))[::-1]
        assert made[place] == pytest.approx(np.average(seen, weights=weights), abs=1e-9 * scale)


@given(VALUES, WINDOWS, st.integers(0, 120))
def test_a_page_with_its_past_is_what_the_whole_series_says(values, window, start):
    start = min(start, len(values) - 1)
    first = max(0, start - EXPONENTIAL_WINDOWS * window)
    page = exponential_average(values[first:], window)[start - first :]
    assert page == pytest.approx(exponential_average(values, window)[start:], rel=1e-9, abs=1e-6)


def test_a_constant_is_its_own_average():
    assert simple_average([5.0] * 4, 2) == [None, 5.0, 5.0, 5.0]
    assert exponential_average([5.0] * 4, 3) == pytest.approx([5.0] * 4)
