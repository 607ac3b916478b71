"""`bench snapshot`: what the tick pays, what the thread pays, how large it is, how long it loads;
beside a plain copy of the same memory and a write of the same bytes in the same run."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from arena_site.bench.replay import lived, stored
from worlds import recovery, snapshots

REPEATS = 9


def _ms(work: Callable[[], Any]) -> float:
    """Median of some runs."""
    spent = []
    for _ in range(REPEATS):
        started = time.perf_counter()
        work()
        spent.append(time.perf_counter() - started)
    return float(np.median(spent)) * 1e3


def _write(data: bytes) -> None:
    with tempfile.NamedTemporaryFile() as handle:
        handle.write(data)
        handle.flush()
        os.fsync(handle.fileno())


def run(options: dict[str, Any], progress: Callable[[str], None]) -> dict[str, Any]:
    """Copy, compress, write and load the same world, again and again."""
    engine, state = lived(options, progress)
    progress("taking snapshots")
    header, sections = stored(engine, state)
    packed = snapshots.pack(header, sections)
    pause_ms = _ms(lambda: stored(engine, state))
    copy_ms = _ms(state.arena.copy)
    back = recovery.load(engine, snapshots.unpack(packed))
    return {
        "agents": int(options["agents"]),
        "snapshots": REPEATS,
        "pause_ms": round(pause_ms, 2),
        "memory_copy_ms": round(copy_ms, 2),
        "ratio_memory_copy": round(pause_ms / copy_ms, 2),
        "compress_ms": round(_ms(lambda: snapshots.pack(header, sections)), 1),
        "write_ms": round(_ms(lambda: _write(packed)), 1),
        "load_ms": round(_ms(lambda: recovery.load(engine, snapshots.unpack(packed))), 1),
        "state_bytes": int(state.arena.nbytes),
        "raw_bytes": sum(map(len, sections)),
        "stored_bytes": len(packed),
        "digest_equal": engine.digest(back.state) == engine.digest(state),
    }
