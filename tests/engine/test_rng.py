"""Keyed draws: the same on every machine, spread evenly, independent between keys."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numba import njit

from economy_engine import rng
from economy_engine.rng import Stream

SAMPLE = 200_000


@njit
def _uniforms(seed: int, step: int, stream: int, count: int) -> np.ndarray:
    out = np.empty(count)
    for index in range(count):
        out[index] = rng.uniform(seed, step, index, stream)
    return out


@njit
def _bits(seed: int, step: int, stream: int, count: int) -> np.ndarray:
    out = np.empty(count, np.uint64)
    for index in range(count):
        out[index] = rng.draw(seed, step, index, stream)
    return out


def test_golden_bits() -> None:
    assert int(rng.draw(0, 0, 0, 0)) == 0xD069A7FA187494BC
    assert int(rng.draw(1, 2, 3, 16)) == 0x45D42775C152DAA4
    assert int(rng.draw(2**62, -5, 2**47, 384)) == 0x5A9F6E792F1C94C5


def test_streams_leave_room() -> None:
    numbers = sorted(Stream)
    assert all(b - a >= 16 for a, b in pairwise(numbers))
    assert max(numbers) + 16 < 2**16


def test_uniform_is_open_and_even() -> None:
    draws = _uniforms(7, 3, Stream.TEST, SAMPLE)
    assert draws.min() > 0.0
    assert draws.max() < 1.0
    counts, _ = np.histogram(draws, bins=100, range=(0, 1))
    chi_square = ((counts - SAMPLE / 100) ** 2 / (SAMPLE / 100)).sum()
    assert 55 < chi_square < 155  # 99 degrees of freedom


def test_ends_of_unit() -> None:
    assert rng.unit(np.uint64(0)) > 0.0
    assert rng.unit(np.uint64(2**64 - 1)) < 1.0


def test_neighboring_keys_are_uncorrelated() -> None:
    base = _uniforms(7, 3, Stream.TEST, SAMPLE) - 0.5
    for seed, step, stream in [(8, 3, Stream.TEST), (7, 4, Stream.TEST), (7, 3, Stream.TEST + 1)]:
        other = _uniforms(seed, step, stream, SAMPLE) - 0.5
        assert abs((base * other).mean() * 12) < 5 / np.sqrt(SAMPLE)
    assert abs((base[1:] * base[:-1]).mean() * 12) < 5 / np.sqrt(SAMPLE)


def test_every_bit_is_fair_and_flips_half_the_time() -> None:
    bits = _bits(1, 1, Stream.TEST, 20_000)
    table = (bits[:, None] >> np.arange(64, dtype=np.uint64)) & np.uint64(1)
    assert np.abs(table.mean(axis=0) - 0.5).max() < 0.02
    flips = table[1:] ^ table[:-1]
    assert np.abs(flips.mean(axis=0) - 0.5).max() < 0.02


def test_randint_covers_its_range() -> None:
    counts = np.bincount([rng.randint(7, 1, 1, k, Stream.TEST) for k in range(7_000)], minlength=7)
    assert counts.shape == (7,)
    assert counts.min() > 850


def test_stochastic_round_keeps_the_mean() -> None:
    for amount in (2.3, -2.3, 0.0, 5.0, -0.75):
        draws = [rng.stochastic_round(amount, (k + 0.5) / 1000) for k in range(1000)]
        assert abs(np.mean(draws) - amount) < 2e-3
        assert set(draws) <= {np.floor(amount), np.floor(amount) + 1}
