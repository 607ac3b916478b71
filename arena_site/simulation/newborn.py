"""The world of every seed: computed once, placed into each simulated database."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

from arena_site.simulation.database import SimulatedDatabase
from arena_site.simulation.tables import OneRow, Transaction
from arena_site.simulation.traffic import MemoryStorage
from worlds import recovery, snapshots
from worlds.engine import Engine, signed
from worlds.journal import GENESIS_CHAIN, Position
from worlds.memory import WriterMemory

WORLD_ID = 1
SLUG = "simulated"
TICK_RATE_HZ = 10.0


@dataclass(frozen=True, slots=True)
class Genesis:
    """The same newborn world for every seed, computed once."""

    engine: Engine
    stored: bytes
    header: snapshots.Header
    checksum: bytes


def newborn(engine: Engine, params: Any) -> Genesis:
    """The world of every seed, as its genesis snapshot."""
    state = engine.create(params)
    tick = engine.tick(state)
    born = recovery.World(
        state, WriterMemory(*engine.memory_shape(state)), Position(0, 0, tick, GENESIS_CHAIN)
    )
    sections = recovery.sections(engine, born)
    header = snapshots.Header(
        format=snapshots.FORMAT, world_id=WORLD_ID, engine_version=engine.version, commit=0,
        seq=0, tick=tick, chain=GENESIS_CHAIN.hex(), digest=signed(engine.digest(state)),
        sections=tuple((name, len(raw)) for name, raw in sections),
    )  # fmt: skip
    stored = snapshots.pack(header, [raw for _, raw in sections])
    return Genesis(engine, stored, header, blake2b(stored, digest_size=16).digest())


def place(database: SimulatedDatabase, storage: MemoryStorage, genesis: Genesis) -> None:
    """Put the newborn world into an empty database."""
    header = genesis.header
    storage.files["genesis"] = genesis.stored
    database.world = {"slug": SLUG, "agents": 500}
    database.head = OneRow(
        {
            "world_id": WORLD_ID,
            "state": "running",
            "tick_rate_hz": TICK_RATE_HZ,
            "engine_version": header.engine_version,
            "holder": None,
            "backend_pid": None,
            "backend_start": None,
            "epoch": 0,
            "until": -1.0,
            "commit": 0,
            "seq": 0,
            "tick": header.tick,
            "digest": header.digest,
            "chain": GENESIS_CHAIN,
            "moved_at": 0.0,
            "attempt_commit": None,
            "attempts": 0,
            "suspect": None,
            "suspect_attempts": 0,
            "halt_pending": None,
        }
    )
    txn = Transaction(None)
    database.snapshot.insert(
        {
            "world_id": WORLD_ID, "kind": "genesis", "commit": 0, "seq": 0,
            "tick": header.tick, "engine_version": header.engine_version,
            "digest": header.digest, "chain": GENESIS_CHAIN, "path": "genesis",
            "stored_bytes": len(genesis.stored), "checksum": genesis.checksum,
            "created_at": 0.0,
        },
        txn,
    )  # fmt: skip
    txn.commit()
