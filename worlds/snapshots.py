"""Whole-world snapshots: a container of sections, compressed, checksummed, catalogued.

The writer's tick only pays for the copy of the state; compression and storage happen in a thread,
and the catalogue row follows when that is done. A snapshot that nobody catalogued does not exist.
"""

from __future__ import annotations

import os
import struct
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import blake2b

import msgspec
import psycopg
import structlog
import zstandard
from django.core.files.base import ContentFile
from django.core.files.storage import Storage, default_storage

from worlds import faults, metrics
from worlds import surroundings as around
from worlds.errors import SnapshotUnusable
from worlds.journal import Position, chain_at

FORMAT = 1
MAGIC = b"LEAWORLD"
HEADER_BYTES_MAX = 64 * 1024
RAW_BYTES_MAX = 8 * 1024**3
KEEP_LAST = 3
KEEP_HOURS = 24
PRUNED_AT_ONCE = 100
STRAY_SECONDS = 600.0
I64_MAX = (1 << 63) - 1
_LENGTH = struct.Struct("<I")

log = structlog.get_logger(__name__)

_CATALOGUE = """
insert into snapshot (world_id, kind, commit, seq, tick, engine_version, digest, chain, path,
    stored_bytes, checksum)
values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s) on conflict (world_id, commit) do nothing
"""
_NEWEST = """
select kind, commit, seq, tick, engine_version, digest, chain, path, stored_bytes, checksum
from snapshot where world_id = %s and commit <= %s order by commit desc
"""
# Kept: genesis, the newest of each of the last 24 hours, the last three.
_PRUNE = """
delete from snapshot where id in (
    select id from (
        select id, kind, row_number() over (order by commit desc) as age,
            row_number() over (partition by date_trunc('hour', created_at) order by commit desc)
                as age_in_hour,
            created_at > clock_timestamp() - %(hours)s * interval '1 hour' as recent
        from snapshot where world_id = %(world_id)s) s
    where kind <> 'genesis' and age > %(last)s and not (recent and age_in_hour = 1)
    order by id limit %(limit)s)
returning path
"""


@dataclass(frozen=True, slots=True)
class Header:
    """First part of the container; says what the rest is and what it must be found at."""

    format: int
    world_id: int
    engine_version: int
    commit: int
    seq: int
    tick: int
    chain: str
    digest: int
    sections: tuple[tuple[str, int], ...]

    @property
    def position(self) -> Position:
        return Position(self.commit, self.seq, self.tick, bytes.fromhex(self.chain))


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A loaded container: its header and raw sections."""

    header: Header
    sections: dict[str, bytes]


@dataclass(frozen=True, slots=True)
class Record:
    """A row of the catalogue."""

    kind: str
    commit: int
    seq: int
    tick: int
    engine_version: int
    digest: int
    chain: bytes
    path: str
    stored_bytes: int
    checksum: bytes


class _Written(ContentFile):
    """A container on its way to the storage, chunk by chunk."""

    def chunks(self, chunk_size: int | None = None) -> Iterator[bytes]:
        for chunk in super().chunks(chunk_size):
            yield chunk
            faults.point("snapshot.writing")


def pack(header: Header, sections: Sequence[bytes]) -> bytes:
    """The container, compressed."""
    text = msgspec.json.encode(header)
    raw = b"".join((MAGIC, _LENGTH.pack(len(text)), text, *sections))
    return zstandard.ZstdCompressor(level=1).compress(raw)


def unpack(stored: bytes) -> Snapshot:
    """The inverse; raises SnapshotUnusable for anything that is not a whole container."""
    try:
        raw = zstandard.ZstdDecompressor().decompress(stored, max_output_size=RAW_BYTES_MAX)
    except zstandard.ZstdError as error:
        raise SnapshotUnusable(f"not decompressible: {error}") from error
    start = len(MAGIC) + _LENGTH.size
    if len(raw) < start or raw[: len(MAGIC)] != MAGIC:
        raise SnapshotUnusable("not a snapshot of a world")
    (size,) = _LENGTH.unpack_from(raw, len(MAGIC))
    if size > HEADER_BYTES_MAX:
        raise SnapshotUnusable("header too large")
    try:
        header = msgspec.json.decode(raw[start : start + size], type=Header)
    except msgspec.MsgspecError as error:
        raise SnapshotUnusable(f"header unreadable: {error}") from error
    if header.format > FORMAT:
        raise SnapshotUnusable(f"format {header.format} is newer than {FORMAT}")
    at, sections = start + size, {}
    for name, length in header.sections:
        sections[name] = raw[at : at + length]
        at += length
    if at != len(raw):
        raise SnapshotUnusable("sections do not fill the container")
    return Snapshot(header, sections)


def store(
    header: Header, sections: Sequence[bytes], slug: str, storage: Storage = default_storage
) -> tuple[str, int, bytes]:
    """Compress and store; returns path, stored bytes and checksum for the catalogue."""
    world = str(header.world_id)
    started = time.perf_counter()
    stored = pack(header, sections)
    packed = time.perf_counter()
    name = f"worlds/{slug}/{header.commit:012d}-{header.seq}.zst"
    path = storage.save(name, _Written(stored))
    _flush(storage, path)
    faults.point("snapshot.stored")
    metrics.snapshot_seconds.labels(world, "compress").observe(packed - started)
    metrics.snapshot_seconds.labels(world, "store").observe(time.perf_counter() - packed)
    return path, len(stored), blake2b(stored, digest_size=16).digest()


def _flush(storage: Storage, path: str) -> None:
    """Bytes and name on the disk before the catalogue speaks of them, where there is a disk."""
    try:
        local = storage.path(path)
    except NotImplementedError:
        return  # an object store answers only after it is durable
    for name in (local, os.path.dirname(local)):
        descriptor = os.open(name, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def catalogue(
    connection: psycopg.Connection, kind: str, header: Header, stored: tuple[str, int, bytes]
) -> None:
    """Make a stored snapshot exist."""
    path, size, checksum = stored
    connection.execute(
        _CATALOGUE,
        (
            header.world_id,
            kind,
            header.commit,
            header.seq,
            header.tick,
            header.engine_version,
            header.digest,
            bytes.fromhex(header.chain),
            path,
            size,
            checksum,
        ),
    )
    faults.point("snapshot.catalogued")


def _record(
    kind: str,
    commit: int,
    seq: int,
    tick: int,
    version: int,
    digest: int,
    chain: bytes,
    path: str,
    size: int,
    checksum: bytes,
) -> Record:
    return Record(
        kind, commit, seq, tick, version, digest, bytes(chain), path, size, bytes(checksum)
    )


def records(connection: psycopg.Connection, world_id: int, commit_max: int) -> list[Record]:
    """The catalogue up to a commit, newest first."""
    found = connection.execute(_NEWEST, (world_id, commit_max)).fetchall()
    return [_record(*row) for row in found]


def open_record(
    connection: psycopg.Connection,
    world_id: int,
    record: Record,
    storage: Storage = default_storage,
) -> Snapshot:
    """Read a catalogued snapshot and check it against catalogue and journal.

    Raises SnapshotUnusable: missing, cut, altered, of another world, or not on this journal.
    """
    try:
        with storage.open(record.path, "rb") as handle:
            stored = handle.read()
    except OSError as error:
        raise SnapshotUnusable(f"{record.path}: {error}") from error
    if blake2b(stored, digest_size=16).digest() != record.checksum:
        raise SnapshotUnusable(f"{record.path}: checksum differs")
    snapshot = unpack(stored)
    header = snapshot.header
    if header.world_id != world_id:
        raise SnapshotUnusable(f"{record.path}: of world {header.world_id}")
    if (header.commit, header.seq, header.tick) != (record.commit, record.seq, record.tick):
        raise SnapshotUnusable(f"{record.path}: not what the catalogue says")
    if chain_at(connection, world_id, header.seq) != header.position.chain:
        raise SnapshotUnusable(f"{record.path}: not on this journal")
    return snapshot


def prune(connection: psycopg.Connection, world_id: int, storage: Storage = default_storage) -> int:
    """Delete what need not be kept (genesis, 24 hourly and the last three stay)."""
    values = {
        "world_id": world_id,
        "hours": KEEP_HOURS,
        "last": KEEP_LAST,
        "limit": PRUNED_AT_ONCE,
    }
    paths = [row[0] for row in connection.execute(_PRUNE, values).fetchall()]
    for path in paths:
        storage.delete(path)
    return len(paths)


def sweep(
    connection: psycopg.Connection, world_id: int, slug: str, storage: Storage = default_storage
) -> int:
    """Remove stored files that nobody catalogued: a writer died while it wrote them. Young ones
    stay, their writer may just be about to. Returns how many went."""
    folder = f"worlds/{slug}"
    known = {record.path for record in records(connection, world_id, I64_MAX)}
    before = datetime.now(UTC) - timedelta(seconds=STRAY_SECONDS)
    removed = 0
    try:
        names = storage.listdir(folder)[1]
    except OSError:
        return 0
    for name in names:
        path = f"{folder}/{name}"
        if path in known or storage.get_modified_time(path) > before:
            continue
        storage.delete(path)
        removed += 1
    if removed:
        log.info("stray snapshots removed", world=slug, files=removed)
    return removed


class SnapshotThread:
    """Stores one snapshot at a time off the tick; the writer collects what is done."""

    def __init__(self) -> None:
        self._executor = around.snapshot_executor()
        self._running: tuple[Header, str, Future[tuple[str, int, bytes]]] | None = None

    @property
    def busy(self) -> bool:
        return self._running is not None

    def start(self, header: Header, sections: Sequence[bytes], slug: str, kind: str) -> None:
        """Begin storing; at most one at a time."""
        if self._running is not None:
            raise RuntimeError("a snapshot is being stored")
        future = self._executor.submit(store, header, sections, slug)
        self._running = (header, kind, future)

    def collect(self, connection: psycopg.Connection, *, wait: bool = False) -> Header | None:
        """Catalogue what is done; returns its header, None when nothing is. A failure to store is
        logged and costs a longer replay at worst: the next snapshot is tried at its time."""
        if self._running is None:
            return None
        header, kind, future = self._running
        if not wait and not future.done():
            return None
        self._running = None
        failure = future.exception()
        if failure is not None:
            log.error("snapshot not stored", world=header.world_id, error=repr(failure))
            return None
        catalogue(connection, kind, header, future.result())
        return header

    def close(self) -> None:
        self._executor.shutdown(wait=True)
