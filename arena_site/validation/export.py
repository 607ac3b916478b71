"""Raw series of runs as one compressed file of numpy arrays."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from arena_site.validation.recording import PUBLISHED, Recording
from economy_engine.systems.columns import Macro


def check(path: Path | None) -> None:
    """Raise ValueError for a place where no export can be written."""
    if path is None:
        return
    if path.suffix != ".npz":
        raise ValueError(f"an export is a file of numpy arrays: end {path.name} in .npz")
    if not path.parent.is_dir():
        raise ValueError(f"there is no folder {path.parent}")


def write(path: Path, records: Sequence[Recording]) -> None:
    """Write `SEED_SERIES` for every seed and series, and the names of markets and columns."""
    arrays: dict[str, np.ndarray] = {
        "markets": np.array(records[0].markets),
        "macro_columns": np.array([f"{slot.value} {slot.name.lower()}" for slot in Macro]),
        "published_columns": np.array([each.name.lower() for each in PUBLISHED]),
    }
    for record in records:
        for name, values in record.arrays().items():
            arrays[f"{record.seed}_{name}"] = values
    np.savez_compressed(path, **arrays)  # type: ignore[arg-type]
