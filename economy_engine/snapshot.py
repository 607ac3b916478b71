"""A whole world as bytes, and back: versioned sections behind a header that is checked first.

Layout: magic (4 bytes), format (u16), reserved (u16), length of the header (u32), header (JSON),
blake2b-32 of the header, sections one after another. The header names engine version, parameters,
state digest, blake2b-32 of all sections, and of each section its name, version, type, shape, parts
in use and bytes. Only the parts in use are written; derived arrays are rebuilt after a load.
Sections of an unknown name are skipped, missing ones keep the schema's default. Nothing is
compressed here.
"""

import hashlib
import json
import struct
from typing import Any

import numpy as np

from economy_engine import migrations, schema
from economy_engine.book.upkeep import rebuild_ladders
from economy_engine.params import WorldParams
from economy_engine.schema import ENGINE_VERSION, ArraySpec, Clock
from economy_engine.state import WorldState

FORMAT = 1
_MAGIC = b"LEAS"
_START = struct.Struct("<4sHHI")
_HASH_BYTES = 32
_HEADER_BYTES_MAX = 1 << 20


class SnapshotError(ValueError):
    """Raised for bytes that are no intact snapshot of a known format and engine version."""


def dump(state: WorldState) -> bytes:
    """Return the bytes of a world; `load` of them has the same digest and the same future."""
    sections: list[dict[str, Any]] = []
    chunks: list[bytes] = []
    hasher = hashlib.blake2b(digest_size=_HASH_BYTES)
    for spec in schema.SCHEMA:
        array = state.arrays[spec.name]
        parts = state.parts(spec)
        data = b"".join(array[low:high].tobytes() for low, high in parts)
        hasher.update(data)
        chunks.append(data)
        sections.append(
            {
                "name": spec.name,
                "version": spec.version,
                "dtype": _type_name(spec),
                "shape": list(array.shape),
                "parts": [list(part) for part in parts],
                "bytes": len(data),
            }
        )
    header = {
        "engine_version": ENGINE_VERSION,
        "params": state.params.as_dict(),
        "rows": state.rows_allocated,
        "tick": int(state.clock[Clock.TICK]),
        "digest": f"{state.digest():016x}",
        "blake2b": hasher.hexdigest(),
        "sections": sections,
    }
    text = json.dumps(header, sort_keys=True, separators=(",", ":")).encode()
    start = _START.pack(_MAGIC, FORMAT, 0, len(text))
    return b"".join((start, text, hashlib.blake2b(text, digest_size=_HASH_BYTES).digest(), *chunks))


def header_of(data: bytes) -> dict[str, Any]:
    """Return the checked header of a snapshot; raises SnapshotError."""
    return _header(memoryview(data))[0]


def load(data: bytes) -> WorldState:
    """Return the world of a snapshot; one of an older engine version is migrated.

    Raises SnapshotError when the bytes are damaged, cut off, of an unknown format, written by a
    newer engine version, or by an older one from which no migration leads here. The digest of an
    older version's state is not that of the migrated one: its checksum alone is compared.
    """
    view = memoryview(data)
    header, at = _header(view)
    if hashlib.blake2b(view[at:], digest_size=_HASH_BYTES).hexdigest() != header["blake2b"]:
        raise SnapshotError("the sections do not match their checksum")
    stored = migrations.Stored(header)
    for section in header["sections"]:
        end = at + section["bytes"]
        if end > len(view):
            raise SnapshotError("a section is cut off")
        stored.sections[section["name"]] = (section, view[at:end])
        at = end
    if at != len(view):
        raise SnapshotError("bytes after the last section")
    written_by = header["engine_version"]
    try:
        migrations.migrate(stored, ENGINE_VERSION)
    except ValueError as error:
        raise SnapshotError(str(error)) from error
    state = WorldState(WorldParams.from_dict(header["params"]), header["rows"])
    for name, (section, part) in stored.sections.items():
        spec = schema.BY_NAME.get(name)
        if spec is not None:
            _fill(state, spec, section, memoryview(part))
    rebuild_ladders(state.book)
    if written_by == ENGINE_VERSION and f"{state.digest():016x}" != header["digest"]:
        raise SnapshotError("the state does not have the digest of the header")
    return state


def _header(view: memoryview) -> tuple[dict[str, Any], int]:
    if len(view) < _START.size:
        raise SnapshotError("shorter than a header")
    magic, version, _, length = _START.unpack_from(view)
    if magic != _MAGIC:
        raise SnapshotError("not a snapshot")
    if version != FORMAT:
        raise SnapshotError(f"format {version} is not known, this is {FORMAT}")
    end = _START.size + length
    if length > _HEADER_BYTES_MAX or len(view) < end + _HASH_BYTES:
        raise SnapshotError("the header is cut off")
    text = bytes(view[_START.size : end])
    found = hashlib.blake2b(text, digest_size=_HASH_BYTES).digest()
    if found != bytes(view[end : end + _HASH_BYTES]):
        raise SnapshotError("the header does not match its checksum")
    return json.loads(text), end + _HASH_BYTES


def _fill(state: WorldState, spec: ArraySpec, section: dict[str, Any], data: memoryview) -> None:
    array = state.arrays[spec.name]
    same = section["dtype"] == _type_name(spec) and section["shape"] == list(array.shape)
    if section["version"] != spec.version or not same:
        raise SnapshotError(f"{spec.name} has another layout")
    at = 0
    item = array.itemsize * int(np.prod(array.shape[1:], dtype=np.int64))
    for low, high in section["parts"]:
        length = (high - low) * item
        if not 0 <= low <= high <= len(array) or at + length > len(data):
            raise SnapshotError(f"{spec.name} is cut off")
        part = np.frombuffer(data[at : at + length], dtype=spec.dtype)
        array[low:high] = part.reshape((high - low, *array.shape[1:]))
        at += length
    if at != len(data):
        raise SnapshotError(f"{spec.name} is too long")


def _type_name(spec: ArraySpec) -> str:
    return json.dumps(np.dtype(spec.dtype).descr)
