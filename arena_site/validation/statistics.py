"""Statistics of time series as small pure functions of float64 arrays.

Each returns NaN where it has no value (too few points, no variance), never raises for it: a fact
without a value must fail, not be left out.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Series = npt.NDArray[np.float64]

NAN = float("nan")
_TAIL_POINTS_MIN = 10
_CORRELATION_SEEN = 0.005  # smaller correlations say nothing about a decay


def log_returns(price: Series, every: int = 1) -> Series:
    """Return the log returns of every `every`-th price, shape [(n - 1) // every]."""
    result: Series = np.diff(np.log(price[::every]))
    return result


def summed(values: Series, every: int) -> Series:
    """Return the sums over blocks of `every` values; a short last block is left out."""
    blocks = len(values) // every
    result: Series = values[: blocks * every].reshape(blocks, every).sum(axis=1)
    return result


def excess_kurtosis(values: Series) -> float:
    """Return the fourth moment over the squared variance, less 3: 0 for a normal sample."""
    variance = values.var() if len(values) else 0.0
    if not variance > 0.0:
        return NAN
    centred = values - values.mean()
    return float((centred**4).mean() / variance**2 - 3.0)


def hill_index(values: Series, share: float = 0.05) -> float:
    """Return the tail index of |values| from the largest `share` of them (Hill 1975).

    The tail thins like |x|^-index; at least 10 points are taken, and twice as many must exist.
    """
    size = np.sort(np.abs(values))[::-1]
    count = max(_TAIL_POINTS_MIN, int(share * len(size)))
    if len(size) < 2 * count or not size[count] > 0.0:
        return NAN
    excess = float(np.log(size[:count] / size[count]).mean())
    return 1.0 / excess if excess > 0.0 else NAN


def autocorrelation(values: Series, lag: int) -> float:
    """Return the correlation of a series with itself `lag` points later, one mean for both."""
    if not 0 < lag < len(values):
        return NAN
    centred = values - values.mean()
    power = float((centred * centred).mean())
    if not power > 0.0:
        return NAN
    return float((centred[:-lag] * centred[lag:]).mean() / power)


def decay_exponent(values: Series, lags: tuple[int, ...] = (1, 2, 4, 8, 16, 32)) -> float:
    """Return b of a fit |lag|^-b to the autocorrelations, over the lags where they are seen."""
    known = np.array([autocorrelation(values, lag) for lag in lags])
    seen = known > _CORRELATION_SEEN
    if seen.sum() <= 3:
        return NAN
    return -slope(np.log(np.array(lags, dtype=np.float64)[seen]), np.log(known[seen]))


def variance_ratio(log_price: Series, horizon: int) -> float:
    """Return var(r over `horizon`) / (horizon var(r over 1)): 1 for a random walk.

    Overlapping differences, both around their means (Lo and MacKinlay 1988).
    """
    if len(log_price) <= 2 * horizon:
        return NAN
    single = np.diff(log_price).var()
    if not single > 0.0:
        return NAN
    return float((log_price[horizon:] - log_price[:-horizon]).var() / (horizon * single))


def correlation(left: Series, right: Series) -> float:
    """Return Pearson's correlation of two series of one length."""
    if len(left) != len(right):
        raise ValueError(f"series of {len(left)} and {len(right)} points do not belong together")
    if len(left) < 3:
        return NAN
    a, b = left - left.mean(), right - right.mean()
    power = float((a * a).sum()) * float((b * b).sum())
    return float((a * b).sum()) / power**0.5 if power > 0.0 else NAN


def slope(x: Series, y: Series) -> float:
    """Return the slope of the least-squares line of y over x."""
    if len(x) != len(y):
        raise ValueError(f"series of {len(x)} and {len(y)} points do not belong together")
    if len(x) < 2:
        return NAN
    centred = x - x.mean()
    power = float((centred * centred).sum())
    return float((centred * (y - y.mean())).sum()) / power if power > 0.0 else NAN


def trailing_mean(values: Series, window: int) -> Series:
    """Return the means of the last `window` values at every point; of fewer at the start."""
    total = np.concatenate(([0.0], np.cumsum(values)))
    index = np.arange(1, len(values) + 1)
    first = np.maximum(0, index - window)
    result: Series = (total[index] - total[first]) / (index - first)
    return result


def gini(values: Series) -> float:
    """Return the Gini coefficient of non-negative values: 0 all equal, near 1 one has all."""
    ordered = np.sort(values)
    total = float(ordered.sum())
    if not total > 0.0:
        return NAN
    rank = 2.0 * np.arange(1, len(ordered) + 1) - len(ordered) - 1.0
    return float((rank * ordered).sum() / (len(ordered) * total))


def longest_run(flags: npt.NDArray[np.bool_]) -> int:
    """Return the length of the longest unbroken run of True."""
    longest = current = 0
    for flag in flags:
        current = current + 1 if flag else 0
        longest = max(longest, current)
    return longest
