"""Blocks and results: what is packed comes back, anything else is a clean error."""

from __future__ import annotations

import struct
from contextlib import suppress
from dataclasses import fields

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from economy_engine import events
from economy_engine.commands import CommandKind
from economy_engine.events import Block, BlockError

NAMES = [each.name for each in fields(Block)]


def make_block(seed: int) -> Block:
    """A block whose records hold random bits (finite where they are floats)."""
    random = np.random.default_rng(seed)
    block = Block()
    for name in NAMES:
        rows = getattr(block, name)
        table = np.zeros(int(random.integers(0, 6)), rows.dtype)
        for column in rows.dtype.names:
            table[column] = random.integers(-100, 100, table.shape[0])
        setattr(block, name, table)
    return block


@given(st.integers(0, 2**32))
def test_round_trip(seed: int) -> None:
    block = make_block(seed)
    data = events.pack(block)
    read = events.unpack(data)
    for name in NAMES:
        assert np.array_equal(getattr(read, name), getattr(block, name)), name
    assert events.pack(read) == data


def test_empty_block_is_a_header() -> None:
    assert len(events.pack(Block())) == 8
    assert all(len(getattr(events.unpack(events.pack(Block())), name)) == 0 for name in NAMES)


@given(st.binary(max_size=80), st.booleans())
def test_any_bytes_give_a_block_or_a_clean_error(data: bytes, headed: bool) -> None:
    if headed:
        data = b"LEAB\x01\x00\x01\x00" + data
    with suppress(BlockError):
        events.unpack(data)


def test_cut_or_prolonged_bytes_are_refused() -> None:
    data = events.pack(make_block(4))
    for end in range(len(data)):
        with pytest.raises(BlockError):
            events.unpack(data[:end])
    with pytest.raises(BlockError):
        events.unpack(data + b"\0")


def test_unknown_sections_are_skipped() -> None:
    block = make_block(1)
    data = events.pack(block)
    magic, version, count = struct.unpack_from("<4sHH", data)
    later = struct.pack("<4sHH", magic, version, count + 1) + data[8:]
    later += struct.pack("<HHI", 999, 3, 2) + b"abcdef"
    assert np.array_equal(events.unpack(later).fills, block.fills)


def test_repeated_and_resized_sections_are_refused() -> None:
    section = struct.pack("<HHI", 6, events.BALANCE_DTYPE.itemsize, 0)
    with pytest.raises(BlockError):
        events.unpack(struct.pack("<4sHH", b"LEAB", 1, 2) + section + section)
    with pytest.raises(BlockError):
        events.unpack(struct.pack("<4sHH", b"LEAB", 1, 1) + struct.pack("<HHI", 6, 1, 0))
    with pytest.raises(BlockError):
        events.unpack(struct.pack("<4sHH", b"LEAB", 2, 0))


def test_wrong_records_are_not_packed() -> None:
    with pytest.raises(BlockError):
        events.pack(Block(fills=np.zeros(1, np.int64)))


def test_arrays_of_a_block_are_read_only() -> None:
    read = events.unpack(events.pack(make_block(3)))
    for name in NAMES:
        assert not len(getattr(read, name)) or not getattr(read, name).flags.writeable


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        (CommandKind.PLACE_ORDER, {"order_status": 2, "filled": 5, "value": 30, "fee": 1}),
        (CommandKind.REGISTER_PARTICIPANT, {"grant_minor": 123_000}),
        (CommandKind.CANCEL_ALL, {"canceled": 3}),
        (CommandKind.RESUME, {}),
    ],
)
def test_results(kind: CommandKind, values: dict[str, int]) -> None:
    data = events.pack_result(kind, **values)
    read = events.unpack_result(kind, data)
    assert {name: read[name] for name in values} == values
    assert all(value == 0 for name, value in read.items() if name not in values)
    assert events.unpack_result(kind, b"") == {}
    longer = events.unpack_result(kind, data + bytes(8))
    assert longer == read
    with pytest.raises(BlockError):
        events.unpack_result(kind, data + b"x")
    with pytest.raises(TypeError):
        events.pack_result(kind, nonsense=1)
