"""Random numbers without state: every draw is a hash of its key.

`draw(seed, step, index, stream)` is a splitmix64 sequence whose counter is the index: the same key
gives the same 64 bits on every machine, in any order, jitted or as plain Python. Two draws of one
agent in one step use two streams; a stream's number leaves room for 15 more (`Stream.DESK + 3`).

Source: G. L. Steele, D. Lea, C. H. Flood, "Fast splittable pseudorandom number generators", 2014
(finalizer: D. Stafford's variant 13).
"""

from __future__ import annotations

from enum import IntEnum

import numpy as np

from economy_engine.jit import inlined, wrapping

_GAMMA = np.uint64(0x9E3779B97F4A7C15)
_SALT = np.uint64(0xD1B54A32D192ED03)
_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2 = np.uint64(0x94D049BB133111EB)
_SHIFT_30 = np.uint64(30)
_SHIFT_27 = np.uint64(27)
_SHIFT_31 = np.uint64(31)
_SHIFT_12 = np.uint64(12)
_SHIFT_32 = np.uint64(32)
_SHIFT_48 = np.uint64(48)
_UNIT_52 = 2.0**-52


class Stream(IntEnum):
    """What a draw is for; a stream and the 15 numbers after it belong to that purpose."""

    GENESIS = 16
    ACTIVATION = 32
    ROTATION = 48
    HOUSEHOLD = 64
    HOUSEHOLD_SPEND = 80
    FIRM = 96
    FIRM_INPUT = 112
    DESK = 128
    DESK_MEMBER = 144
    NOISE = 160
    MAKER = 176
    ARBITRAGE = 192
    PSYCHOLOGY = 208
    NEWS = 224
    NEWS_JUMP = 240
    DISCOVERY = 256
    CATASTROPHE = 272
    POLICY = 288
    LABOR = 304
    WEALTH = 320
    CARBON = 336
    PARTICIPANT = 352
    DIGEST = 368
    TEST = 384
    SITE = 400
    PROSPECT = 432


@wrapping
def mix(bits: int) -> int:
    """Return the 64 mixed bits of a uint64 (a bijection)."""
    z = np.uint64(bits)
    z = (z ^ (z >> _SHIFT_30)) * _MIX_1
    z = (z ^ (z >> _SHIFT_27)) * _MIX_2
    return z ^ (z >> _SHIFT_31)


@wrapping
def draw(seed: int, step: int, index: int, stream: int) -> int:
    """Return 64 random bits (uint64) for the key.

    Parameters
    ----------
    seed, step: int64, any value.
    index: int64, 0 <= index < 2**48; the agent, the market, or a combination of both.
    stream: int64, 0 <= stream < 2**16; a `Stream` plus the number of the draw.
    """
    base = mix(mix(np.uint64(np.int64(seed)) ^ _SALT) + np.uint64(np.int64(step)) * _GAMMA)
    counter = (np.uint64(stream) << _SHIFT_48) | np.uint64(index)
    return mix(base + counter * _GAMMA)


@inlined
def unit(bits: int) -> float:
    """Return a float64 in the open interval (0, 1) from 64 bits: 2**52 equally spaced values."""
    return (np.float64(np.uint64(bits) >> _SHIFT_12) + 0.5) * _UNIT_52


@inlined
def uniform(seed: int, step: int, index: int, stream: int) -> float:
    """Return a float64 in the open interval (0, 1) for the key."""
    return unit(draw(seed, step, index, stream))


@wrapping
def below(bits: int, bound: int) -> int:
    """Return an int64 in 0..bound-1 from 64 bits; 1 <= bound <= 2**31.

    Multiply-shift on the upper 32 bits: no value is off its share by more than bound / 2**32.
    """
    return np.int64(((np.uint64(bits) >> _SHIFT_32) * np.uint64(bound)) >> _SHIFT_32)


@inlined
def randint(bound: int, seed: int, step: int, index: int, stream: int) -> int:
    """Return an int64 in 0..bound-1 for the key; 1 <= bound <= 2**31."""
    return below(draw(seed, step, index, stream), bound)


@inlined
def stochastic_round(amount: float, u: float) -> int:
    """Return floor(amount) or one more, so that the mean over uniform `u` in (0, 1) is `amount`.

    `amount` is a float64 with |amount| < 2**53.
    """
    whole = int(amount)
    if whole > amount:
        whole -= 1
    return whole + 1 if u < amount - whole else whole
