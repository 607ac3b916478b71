"""What reproduces a breach: snapshot, journal since, and the work that was dropped, in one file.

`manage.py replay --bundle PATH` loads it and shows the breach again, without a database.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import psycopg
from django.core.files.base import ContentFile
from django.core.files.storage import Storage, default_storage

from worlds import inbox, recovery, snapshots
from worlds.engine import Applied, Command, Engine, signed
from worlds.journal import STATUS_POISON, Position, head_of
from worlds.references import resolve

if TYPE_CHECKING:
    from worlds.runner import Held

TICKS_TRIED = 3
WAITING_MAX = 2_000


def store(
    connection: psycopg.Connection,
    held: Held,
    breaches: Sequence[str],
    storage: Storage = default_storage,
) -> str:
    """Write the bundle of a world that is about to be dropped; returns its path."""
    world_id, position = held.world_id, held.world.position
    record = snapshots.records(connection, world_id, position.commit)[0]
    start = Position(record.commit, record.seq, record.tick, record.chain)
    entries = []
    for step in recovery.steps(connection, world_id, start, head_of(connection, world_id)):
        commands = [recovery.as_command(row) for row in step.rows]
        entries.append([[(c.seq, c.ref_seq, c.payload.hex()) for c in commands], step.ticks])
    waiting = inbox.take(connection, world_id, WAITING_MAX)
    references = resolve(connection, world_id, waiting, position.seq)
    description = {
        "world": held.slug,
        "commit": position.commit,
        "breaches": list(breaches),
        "entries": entries,
        "waiting": [(ref, w.body.hex()) for ref, w in zip(references, waiting, strict=True)],
    }
    return _save(description, record, f"bundles/{held.slug}/{position.commit:012d}.zip", storage)


def store_difference(
    connection: psycopg.Connection,
    world_id: int,
    slug: str,
    commit: int,
    difference: str,
    storage: Storage = default_storage,
) -> str:
    """Write the bundle of a replay that came out otherwise at `commit`; returns its path."""
    record = snapshots.records(connection, world_id, commit - 1)[0]
    start = Position(record.commit, record.seq, record.tick, record.chain)
    entries: list[Any] = []
    for step in recovery.steps(connection, world_id, start, head_of(connection, world_id)):
        commands = [recovery.as_command(row) for row in step.rows]
        acted = [(c.seq, c.ref_seq, c.payload.hex()) for c in commands]
        results = [(row.status, row.result.hex()) for row in step.rows]
        entries.append([acted, step.ticks, step.digest, results])
        if step.position.commit >= commit:
            break
    description = {
        "world": slug,
        "commit": commit,
        "breaches": [f"I11 {difference}"],
        "entries": entries,
        "waiting": [],
    }
    return _save(description, record, f"bundles/{slug}/{commit:012d}-replay.zip", storage)


def _save(
    description: dict[str, Any], record: snapshots.Record, name: str, storage: Storage
) -> str:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as bundle:
        bundle.writestr("bundle.json", json.dumps(description))
        with storage.open(record.path, "rb") as handle:
            bundle.writestr("snapshot.zst", handle.read())
    return storage.save(name, ContentFile(buffer.getvalue()))


def reproduce(engine: Engine, raw: bytes) -> dict[str, Any]:
    """Do the bundle's work again; returns the breaches found now and those recorded.

    Raises ValueError for a file that is no bundle.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as bundle:
            description = json.loads(bundle.read("bundle.json"))
            world = recovery.load(engine, snapshots.unpack(bundle.read("snapshot.zst")))
    except (zipfile.BadZipFile, KeyError) as error:
        raise ValueError(f"not a bundle: {error}") from error
    seq = world.position.seq
    differences: list[str] = []
    for rows, ticks, *recorded in description["entries"]:
        commands = [Command(row[0], row[1], bytes.fromhex(row[2])) for row in rows]
        applied = engine.apply(world.state, commands, ticks)
        seq = commands[-1].seq if commands else seq
        if recorded:
            differences += _differences(engine, world, applied, *recorded)
    if differences:
        return _shown(description, [], differences)
    before = engine.breaches(world.state, full=True)
    for n, (reference, payload) in enumerate(description["waiting"], 1):
        engine.apply(world.state, [Command(seq + n, reference, bytes.fromhex(payload))], 0)
    found = engine.breaches(world.state, full=True)
    for _ in range(TICKS_TRIED):
        if found:
            break
        engine.apply(world.state, [], 1)
        found = engine.breaches(world.state, full=True)
    return _shown(description, before, found)


def _differences(
    engine: Engine, world: recovery.World, applied: Applied, digest: int | None, results: Any
) -> list[str]:
    """Where this replay of one commit is not what was recorded."""
    found = []
    tick = engine.tick(world.state)
    if digest is not None and signed(engine.digest(world.state)) != digest:
        found.append(f"I11 tick {tick}: the state's digest differs from the recorded one")
    for (status, packed), decision in zip(results, applied.decisions, strict=True):
        if status != STATUS_POISON and (status, packed) != (decision.status, decision.packed.hex()):
            found.append(f"I11 tick {tick}: a command has another result than the recorded one")
    return found


def _shown(description: dict[str, Any], before: list[str], found: list[str]) -> dict[str, Any]:
    return {
        "world": description["world"],
        "commit": description["commit"],
        "recorded": description["breaches"],
        "at_head": before,
        "found": found,
        "reproduced": bool(found),
    }
