"""What reproduces a breach: snapshot, journal since, and the work that was dropped, in one file.

`manage.py verify --bundle PATH` loads it and shows the breach again, without a database.
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
from worlds.engine import Command, Engine
from worlds.journal import Position, head_of
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
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as bundle:
        bundle.writestr("bundle.json", json.dumps(description))
        with storage.open(record.path, "rb") as handle:
            bundle.writestr("snapshot.zst", handle.read())
    name = f"bundles/{held.slug}/{position.commit:012d}.zip"
    return storage.save(name, ContentFile(buffer.getvalue()))


def reproduce(engine: Engine, raw: bytes) -> dict[str, Any]:
    """Do the bundle's work again; returns the breaches found now and those recorded."""
    with zipfile.ZipFile(io.BytesIO(raw)) as bundle:
        description = json.loads(bundle.read("bundle.json"))
        world = recovery.load(engine, snapshots.unpack(bundle.read("snapshot.zst")))
    seq = world.position.seq
    for rows, ticks in description["entries"]:
        commands = [Command(row[0], row[1], bytes.fromhex(row[2])) for row in rows]
        engine.apply(world.state, commands, ticks)
        seq = commands[-1].seq if commands else seq
    before = engine.breaches(world.state, full=True)
    for n, (reference, payload) in enumerate(description["waiting"], 1):
        engine.apply(world.state, [Command(seq + n, reference, bytes.fromhex(payload))], 0)
    found = engine.breaches(world.state, full=True)
    for _ in range(TICKS_TRIED):
        if found:
            break
        engine.apply(world.state, [], 1)
        found = engine.breaches(world.state, full=True)
    return {
        "world": description["world"],
        "commit": description["commit"],
        "recorded": description["breaches"],
        "at_head": before,
        "found": found,
        "reproduced": bool(found),
    }
