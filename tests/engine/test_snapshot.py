"""Snapshots: the same world comes back, and damaged bytes never do."""

import hashlib
import json
import struct

import pytest

from economy_engine import snapshot
from economy_engine.schema import Clock
from economy_engine.snapshot import SnapshotError
from tests.engine.worlds import run, small_world


@pytest.fixture(scope="module")
def world():
    return run(small_world(500), 30)


@pytest.fixture(scope="module")
def data(world):
    return snapshot.dump(world)


def _with_header(data, change):
    """Return the snapshot with its header changed and its checksum set right again."""
    length = struct.unpack_from("<4sHHI", data)[3]
    header = json.loads(data[12 : 12 + length])
    change(header)
    text = json.dumps(header, sort_keys=True, separators=(",", ":")).encode()
    checksum = hashlib.blake2b(text, digest_size=32).digest()
    start = struct.pack("<4sHHI", b"LEAS", 1, 0, len(text))
    return start + text + checksum + data[12 + length + 32 :]


def test_a_loaded_world_has_the_same_digest_and_future(world, data):
    loaded = snapshot.load(data)
    assert loaded.digest() == world.digest()
    assert loaded.params == world.params
    loaded.check()
    twin = world.copy()
    assert run(loaded, 40).digest() == run(twin, 40).digest()
    assert snapshot.dump(loaded) == snapshot.dump(twin)


def test_the_header_says_what_it_is(world, data):
    header = snapshot.header_of(data)
    assert header["tick"] == world.clock[Clock.TICK] == 30
    assert int(header["digest"], 16) == world.digest()
    assert header["params"]["agents"] == 500


@pytest.mark.parametrize("cut", [0, 5, 11, 300, -1])
def test_cut_bytes_are_refused(data, cut):
    with pytest.raises(SnapshotError):
        snapshot.load(data[:cut])


@pytest.mark.parametrize("place", [0, 4, 20, 5_000, 90_000, -1])
def test_a_flipped_bit_is_refused(data, place):
    damaged = bytearray(data)
    damaged[place] ^= 16
    with pytest.raises(SnapshotError):
        snapshot.load(bytes(damaged))


def test_bytes_behind_the_end_are_refused(data):
    with pytest.raises(SnapshotError):
        snapshot.load(data + b"x")


def test_another_engine_version_is_refused_by_name(data):
    older = _with_header(data, lambda header: header.update(engine_version=0))
    with pytest.raises(SnapshotError, match="engine version 0"):
        snapshot.load(older)


def test_a_section_of_another_layout_is_refused(data):
    def widen(header):
        header["sections"][0]["dtype"] = '[["", "<i4"]]'

    with pytest.raises(SnapshotError, match="another layout"):
        snapshot.load(_with_header(data, widen))


def test_a_section_of_an_unknown_name_is_skipped(world, data):
    def rename(header):
        section = next(part for part in header["sections"] if part["name"] == "sites")
        section["name"] = "of_a_later_version"

    assert snapshot.load(_with_header(data, rename)).digest() == world.digest()
