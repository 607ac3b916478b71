"""The digest: equal for equal worlds, different for any changed bit, compiled or not."""

import numpy as np
import pytest

from economy_engine import digest, schema
from economy_engine.book.columns import BookCounter
from economy_engine.errors import ContractViolation
from tests.engine.worlds import run, small_world


@pytest.fixture(scope="module")
def world():
    return run(small_world(500), 10)


@pytest.mark.parametrize("name", [spec.name for spec in schema.SCHEMA])
def test_a_changed_byte_in_use_changes_the_digest(world, name):
    spec = schema.BY_NAME[name]
    parts = [part for part in world.parts(spec) if part[1] > part[0]]
    if not parts or not world.arrays[name].size:
        pytest.skip("nothing of it is in use here")
    before = world.digest()
    for low, high in parts:
        for place in (low, high - 1):
            raw = world.arrays[name][place : place + 1].reshape(-1).view(np.uint8)
            raw[0] ^= 1
            assert world.digest() != before, (name, place)
            raw[0] ^= 1
    assert world.digest() == before


def test_what_is_not_in_use_does_not_count(world):
    before = world.digest()
    rows = world.rows_allocated
    world.ledger.cash[rows - 1] = 77
    high = int(world.book.counters[BookCounter.AI_HIGH_WATER])
    world.book.orders[high]["price"] = 7
    world.book.head[0, 5] = 3
    assert world.digest() == before
    world.ledger.cash[rows - 1] = 0
    world.book.orders[high]["price"] = 0
    world.book.head[0, 5] = -1


def test_counters_out_of_range_are_a_broken_promise(world):
    counters = world.book.counters
    counters[BookCounter.AI_HIGH_WATER] += 1 << 40
    with pytest.raises(ContractViolation, match="out of range"):
        world.digest()
    counters[BookCounter.AI_HIGH_WATER] -= 1 << 40


def test_swapped_words_and_shifted_lengths_differ():
    arena = np.arange(4_000, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    whole = np.array([[0, 32_000]], np.int64)
    first = digest.digest_ranges(arena, whole, digest.KEYS)
    for a, b in ((0, 1), (8, 16), (5, 1_029), (2_047, 2_048)):
        swapped = arena.copy()
        swapped[[a, b]] = swapped[[b, a]]
        assert digest.digest_ranges(swapped, whole, digest.KEYS) != first, (a, b)
    split = np.array([[0, 16_000], [2_000, 16_000]], np.int64)
    assert digest.digest_ranges(arena, split, digest.KEYS) != first
    shorter = np.array([[0, 31_999]], np.int64)
    assert digest.digest_ranges(arena, shorter, digest.KEYS) != first


def test_bytes_beyond_a_part_do_not_count():
    arena = np.zeros(4, np.uint64)
    part = np.array([[0, 13]], np.int64)
    before = digest.digest_ranges(arena, part, digest.KEYS)
    arena.view(np.uint8)[13:] = 255
    assert digest.digest_ranges(arena, part, digest.KEYS) == before
    arena.view(np.uint8)[12] = 1
    assert digest.digest_ranges(arena, part, digest.KEYS) != before


def test_the_plain_sum_equals_the_compiled_one():
    generator = np.random.default_rng(1)
    for words in (1, 7, 8, 63, 1_024):
        block = generator.integers(0, 2**63, words, dtype=np.uint64) * np.uint64(2)
        assert int(digest.block_sum(block, digest.KEYS)) == int(
            digest._block_sum_plain(block, digest.KEYS)
        )
