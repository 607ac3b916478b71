"""The state digest: 64 bits that are equal exactly when two worlds are.

Not a defense against an adversary (snapshots carry blake2b as well) but a check of replay, fast
enough for every tick. Words of 64 bits are keyed by position and multiplied half by half
(32 x 32 -> 64 bits); eight lanes collect them independently, so that the loop vectorizes, and are
folded after each block of 1,024 words.

Source: the inner step is NH of UMAC (J. Black et al., 1999) as used by XXH3 (Y. Collet, 2019).
"""

import numpy as np
from numba import config

from economy_engine.jit import kernel, wrapping

LANES = 8
BLOCK_WORDS = 1_024
_LOW = np.uint64(0xFFFFFFFF)
_HALF = np.uint64(32)
_PRIME = np.uint64(0x9E3779B97F4A7C15)
_PRIME_2 = np.uint64(0xC2B2AE3D27D4EB4F)
_SHIFT = np.uint64(29)
_SHIFT_2 = np.uint64(32)


def _keys() -> np.ndarray:
    """One 64-bit key per position of a block, out of splitmix64."""
    mask = (1 << 64) - 1
    keys = np.zeros(BLOCK_WORDS, np.uint64)
    state = 0x4C6976696E674563
    for index in range(BLOCK_WORDS):
        state = (state + 0x9E3779B97F4A7C15) & mask
        z = state
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & mask
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & mask
        keys[index] = z ^ (z >> 31)
    return keys


KEYS = _keys()


@kernel
def _block_sum(words: np.ndarray, keys: np.ndarray) -> int:
    """Sum of the keyed products of one block; wraparound addition, so lane order is free."""
    total = np.uint64(0)
    for index in range(words.size):
        keyed = words[index] ^ keys[index]
        total += (keyed & _LOW) * (keyed >> _HALF) + words[index]
    return total


def _block_sum_plain(words: np.ndarray, keys: np.ndarray) -> np.uint64:
    """The same sum in whole-array operations, for runs without the compiler."""
    keyed = words ^ keys[: words.size]
    return np.add.reduce((keyed & _LOW) * (keyed >> _HALF) + words, dtype=np.uint64)


block_sum = _block_sum_plain if config.DISABLE_JIT else _block_sum


@wrapping
def fold(state: int, word: int) -> int:
    """Mix one 64-bit word into the running digest."""
    folded = (np.uint64(state) ^ np.uint64(word)) * _PRIME
    folded ^= folded >> _SHIFT
    folded *= _PRIME_2
    return folded ^ (folded >> _SHIFT_2)


@wrapping
def digest_ranges(arena: np.ndarray, ranges: np.ndarray, keys: np.ndarray) -> int:
    """Return the digest (uint64) of parts of an arena.

    Parameters
    ----------
    arena: uint64[words], little endian.
    ranges: int64[n, 2], first word and length in bytes of each part, in fixed order.
    keys: uint64[BLOCK_WORDS].
    """
    state = _PRIME
    for part in range(ranges.shape[0]):
        start = ranges[part, 0]
        length = ranges[part, 1]
        words = length >> 3
        state = fold(state, np.uint64(length))
        at = 0
        while at < words:
            count = min(BLOCK_WORDS, words - at)
            state = fold(state, block_sum(arena[start + at : start + at + count], keys))
            at += count
        rest = length & 7
        if rest:
            mask = (np.uint64(1) << np.uint64(rest * 8)) - np.uint64(1)
            state = fold(state, arena[start + words] & mask)
    return state
