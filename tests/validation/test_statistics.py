"""Each statistic gives the answer that is known of a process or of a short table."""

from __future__ import annotations

import math

import numpy as np
import pytest

from arena_site.validation import statistics

POINTS = 200_000


@pytest.fixture(scope="module")
def noise() -> np.ndarray:
    """Independent normal draws."""
    return np.random.default_rng(7).standard_normal(POINTS)


def autoregressive(noise: np.ndarray, weight: float) -> np.ndarray:
    """x_t = weight x_(t-1) + e_t, whose autocorrelation at lag k is weight^k."""
    values = np.empty_like(noise)
    last = 0.0
    for index, shock in enumerate(noise):
        last = weight * last + shock
        values[index] = last
    return values


def volatile(noise: np.ndarray) -> np.ndarray:
    """GARCH(1,1) with weights .1 and .85: uncorrelated returns of correlated size."""
    values = np.empty_like(noise)
    variance = 1.0
    for index, shock in enumerate(noise):
        values[index] = math.sqrt(variance) * shock
        variance = 0.05 + 0.1 * values[index] ** 2 + 0.85 * variance
    return values


def test_independent_draws_have_no_memory_no_tail_and_walk(noise: np.ndarray):
    assert statistics.excess_kurtosis(noise) == pytest.approx(0.0, abs=0.05)
    assert statistics.autocorrelation(noise, 1) == pytest.approx(0.0, abs=0.01)
    assert statistics.autocorrelation(np.abs(noise), 8) == pytest.approx(0.0, abs=0.01)
    assert statistics.variance_ratio(np.cumsum(noise), 8) == pytest.approx(1.0, abs=0.03)
    assert math.isnan(statistics.decay_exponent(noise))


@pytest.mark.parametrize("weight", [0.6, -0.4])
def test_an_autoregression_has_its_weight_at_lag_one(noise: np.ndarray, weight: float):
    values = autoregressive(noise, weight)
    assert statistics.autocorrelation(values, 1) == pytest.approx(weight, abs=0.01)
    assert statistics.autocorrelation(values, 2) == pytest.approx(weight**2, abs=0.01)


def test_variance_ratio_of_correlated_returns(noise: np.ndarray):
    """Lo and MacKinlay: 1 + 2 sum (1 - k/q) rho_k."""
    weight = 0.3
    known = 1 + 2 * sum((1 - k / 8) * weight**k for k in range(1, 8))
    path = np.cumsum(autoregressive(noise, weight))
    assert statistics.variance_ratio(path, 8) == pytest.approx(known, rel=0.03)


def test_volatility_clusters_while_returns_do_not_correlate(noise: np.ndarray):
    values = volatile(noise)
    assert statistics.autocorrelation(values, 1) == pytest.approx(0.0, abs=0.02)
    near = statistics.autocorrelation(np.abs(values), 1)
    far = statistics.autocorrelation(np.abs(values), 32)
    assert near > 0.1
    assert near > far > 0.0
    # 3 (1 - (a+b)^2) / (1 - (a+b)^2 - 2 a^2) - 3, the kurtosis of this process
    known = 3 * (1 - 0.95**2) / (1 - 0.95**2 - 2 * 0.1**2) - 3
    assert statistics.excess_kurtosis(values) == pytest.approx(known, rel=0.4)  # slow to converge


@pytest.mark.parametrize("index", [2.0, 3.0, 4.5])
def test_hill_finds_the_index_of_a_power_tail(index: float):
    draws = np.random.default_rng(3).random(POINTS)
    sizes = draws ** (-1.0 / index)
    assert statistics.hill_index(sizes, 0.05) == pytest.approx(index, rel=0.03)


def test_uniform_draws_have_the_kurtosis_of_a_box():
    values = np.linspace(-1.0, 1.0, 100_001)
    assert statistics.excess_kurtosis(values) == pytest.approx(-1.2, abs=1e-3)


def test_power_decay_gives_its_exponent():
    """A series whose autocorrelations fall as lag^-.3, built from its spectrum."""
    count = 2**16
    lags = np.minimum(np.arange(count), count - np.arange(count)).astype(float)
    wanted = np.where(lags == 0, 1.0, 0.5 * np.maximum(lags, 1.0) ** -0.3)
    power = np.maximum(np.fft.rfft(wanted).real, 0.0)
    phases = np.exp(2j * np.pi * np.random.default_rng(5).random(len(power)))
    phases[0] = phases[-1] = 1.0
    power[0] = 0.0
    values = np.fft.irfft(np.sqrt(power) * phases, count)
    assert statistics.decay_exponent(values) == pytest.approx(0.3, abs=0.06)


@pytest.mark.parametrize(
    ("left", "right", "known"),
    [
        ([1, 2, 3], [2, 4, 6], 1.0),
        ([1, 2, 3], [3, 2, 1], -1.0),
        ([1, 2, 3, 4], [1, -1, -1, 1], 0.0),
        ([1, 2, 3], [1, 3, 2], 0.5),
        ([1, 1, 1], [1, 2, 3], math.nan),
        ([1, 2], [1, 2], math.nan),
    ],
)
def test_correlation(left: list, right: list, known: float):
    found = statistics.correlation(np.array(left, float), np.array(right, float))
    assert found == pytest.approx(known, nan_ok=True)


@pytest.mark.parametrize(
    ("values", "known"),
    [([1, 1, 1, 1], 0.0), ([0, 0, 0, 1], 0.75), ([1, 3], 0.25), ([0, 0], math.nan)],
)
def test_gini(values: list, known: float):
    assert statistics.gini(np.array(values, float)) == pytest.approx(known, nan_ok=True)


def test_small_ones():
    price = np.array([1.0, 2.0, 4.0, 8.0])
    assert statistics.log_returns(price) == pytest.approx([math.log(2)] * 3)
    assert statistics.log_returns(price, 2) == pytest.approx([math.log(4)])
    assert statistics.summed(np.arange(7.0), 3) == pytest.approx([3.0, 12.0])
    assert statistics.slope(np.array([0.0, 1, 2]), np.array([1.0, 3, 5])) == pytest.approx(2.0)
    assert statistics.trailing_mean(np.array([2.0, 4, 6, 8]), 2) == pytest.approx([2, 3, 5, 7])
    assert statistics.longest_run(np.array([1, 0, 1, 1, 1, 0, 1], bool)) == 3
    assert statistics.longest_run(np.zeros(0, bool)) == 0


FLAT, EMPTY = np.ones(50), np.zeros(0)


@pytest.mark.parametrize("values", [FLAT, EMPTY, FLAT[:3]])
def test_what_has_no_value_is_nan(values: np.ndarray):
    assert math.isnan(statistics.excess_kurtosis(values))
    assert math.isnan(statistics.hill_index(values - 1.0))
    assert math.isnan(statistics.autocorrelation(values, 1))
    assert math.isnan(statistics.variance_ratio(values, 8))
    assert math.isnan(statistics.decay_exponent(values))
    assert math.isnan(statistics.slope(values, values))


def test_series_of_two_lengths_are_refused():
    with pytest.raises(ValueError, match="3 and 2 points"):
        statistics.correlation(np.ones(3), np.ones(2))
    with pytest.raises(ValueError, match="3 and 2 points"):
        statistics.slope(np.ones(3), np.ones(2))
