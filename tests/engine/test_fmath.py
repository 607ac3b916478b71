"""Own elementary functions: close to the truth, and the same bits everywhere."""

from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np
import pytest
from numba import njit

from economy_engine import fmath, rng
from economy_engine.rng import Stream

RANDOM = np.random.default_rng(20)
ARGUMENTS = {
    "exp": np.concatenate([RANDOM.uniform(-708, 709, 3000), RANDOM.uniform(-1, 1, 3000)]),
    "log": np.concatenate([np.exp(RANDOM.uniform(-700, 700, 3000)), RANDOM.uniform(0.5, 2, 3000)]),
    "log1p": np.concatenate([RANDOM.uniform(-0.9, 3, 3000), np.exp(RANDOM.uniform(-40, 0, 3000))]),
    "expm1": RANDOM.uniform(-3, 3, 3000),
    "tanh": RANDOM.uniform(-4, 4, 3000),
}
ULPS = {"exp": 1, "log": 1, "log1p": 2, "expm1": 4, "tanh": 5}


def bits(x: float) -> int:
    return int(np.float64(x).view(np.int64))


@pytest.mark.parametrize("name", ARGUMENTS)
def test_accuracy(name: str) -> None:
    ours, truth = getattr(fmath, name), getattr(math, name)
    for x in ARGUMENTS[name]:
        right = truth(float(x))
        assert abs(ours(float(x)) - right) <= ULPS[name] * math.ulp(right), (name, x)


def test_power() -> None:
    for x, y in zip(RANDOM.uniform(0.01, 100, 3000), RANDOM.uniform(-5, 5, 3000), strict=True):
        assert fmath.power(x, y) == pytest.approx(math.pow(x, y), rel=1e-14)
    assert fmath.power(0.0, 0.0) == 1.0
    assert fmath.power(0.0, 2.5) == 0.0
    assert fmath.power(0.0, -1.5) == math.inf
    assert fmath.power(3.0, 2.0) == 9.0
    assert math.isnan(fmath.power(-1.0, 0.3))


def test_ends() -> None:
    assert fmath.exp(710.0) == math.inf
    assert fmath.exp(-746.0) == 0.0
    assert fmath.exp(-745.0) == math.exp(-745.0)
    assert fmath.exp(0.0) == 1.0
    assert math.isnan(fmath.exp(math.nan))
    assert fmath.log(0.0) == -math.inf
    assert fmath.log(1.0) == 0.0
    assert fmath.log(5e-324) == math.log(5e-324)
    assert fmath.log(math.inf) == math.inf
    assert math.isnan(fmath.log(-1.0))
    assert math.isnan(fmath.log(math.nan))
    assert fmath.clip(math.nan, 1.0, 2.0) == 1.0
    assert [fmath.clip(x, 1.0, 2.0) for x in (0.0, 1.5, 3.0)] == [1.0, 1.5, 2.0]


def test_normal_quantile() -> None:
    normal = NormalDist()
    for u in [*RANDOM.uniform(0, 1, 500), 1e-12, 1e-300, 0.5, 0.075, 0.925, 1 - 2**-53]:
        z = fmath.normal(float(u))
        assert z == pytest.approx(normal.inv_cdf(float(u)), rel=1e-12, abs=1e-15)
    assert fmath.normal(0.5) == 0.0
    assert fmath.normal(0.25) == -fmath.normal(0.75)


@njit
def _draws(which: int, count: int, parameter: float) -> np.ndarray:
    out = np.empty(count)
    for k in range(count):
        u = rng.uniform(5, 6, k, Stream.TEST + which)
        if which == 0:
            out[k] = fmath.normal(u)
        elif which == 1:
            out[k] = fmath.exponential(u)
        elif which == 2:
            out[k] = fmath.pareto(u, parameter)
        else:
            out[k] = fmath.poisson(u, parameter)
    return out


def test_samplers_have_their_moments() -> None:
    count = 200_000
    normal = _draws(0, count, 0.0)
    assert abs(normal.mean()) < 0.01
    assert abs(normal.std() - 1) < 0.01
    assert abs((normal**4).mean() - 3) < 0.1
    exponential = _draws(1, count, 0.0)
    assert abs(exponential.mean() - 1) < 0.01
    assert abs((exponential > 2).mean() - math.exp(-2)) < 0.004
    pareto = _draws(2, count, 1.6)
    assert pareto.min() >= 1.0
    assert abs((pareto > 10).mean() - 10**-1.6) < 0.002


@pytest.mark.parametrize("mean", [0.02, 1.0, 7.5, 64.0, 65.0, 400.0])
def test_poisson(mean: float) -> None:
    draws = _draws(3, 100_000, mean)
    assert abs(draws.mean() - mean) < 5 * math.sqrt(mean / draws.size)
    assert abs(draws.var() / mean - 1) < 0.03 + 5 / math.sqrt(mean * draws.size)
    if mean < 10:
        assert abs((draws == 0).mean() - math.exp(-mean)) < 0.006


def test_poisson_ends() -> None:
    assert fmath.poisson(0.5, 0.0) == 0
    assert fmath.poisson(0.5, -1.0) == 0
    assert fmath.poisson(1 - 2**-53, 1.0) < 30
    assert fmath.poisson(2**-53, 100.0) >= 0


def golden_fold() -> int:
    """Fold the bits of all functions over keyed draws into one number."""
    fold = 0
    for k in range(400):
        u = rng.uniform(11, k, 13 * k, Stream.TEST)
        for x in (
            fmath.normal(u), fmath.exponential(u), fmath.pareto(u, 1.6), fmath.exp(50 * u - 25),
            fmath.log(100 * u), fmath.power(u, 2.3), fmath.expm1(u - 0.5), fmath.tanh(3 * u),
            fmath.log1p(u), fmath.sqrt(u), float(fmath.poisson(u, 3.3)),
            float(fmath.poisson(u, 300.0)),
        ):  # fmt: skip
            fold = (fold * 1_000_003 ^ bits(x)) % 2**64
    return fold


def test_golden_bits() -> None:
    assert golden_fold() == 0x5EF969DAC9B61B14
