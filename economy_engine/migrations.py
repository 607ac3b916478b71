"""From the state of an older engine version to that of this one, one version at a time.

A migration changes the header and the arrays of a snapshot as they were written; the loader then
fills a state of today with them. Sections that a version adds and that no migration makes keep the
schema's default. Only released versions are owed one; the first release will be the first entry.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np


@dataclass
class Stored:
    """What a snapshot holds: its header, and of each section its description and raw bytes."""

    header: dict[str, Any]
    sections: dict[str, tuple[dict[str, Any], Any]] = field(default_factory=dict)

    def rename(self, old: str, new: str) -> None:
        """Give a section another name."""
        described, data = self.sections.pop(old)
        self.sections[new] = ({**described, "name": new}, data)

    def array(self, name: str) -> np.ndarray:
        """The values of a section with one part and a plain type, flat; a copy."""
        described, data = self.sections[name]
        kind = described["dtype"].split('"')[3]
        return np.frombuffer(data, dtype=kind).copy()

    def replace(self, name: str, values: np.ndarray) -> None:
        """Put values of the same type and number into a section."""
        described, data = self.sections[name]
        raw = values.tobytes()
        if len(raw) != len(data):
            raise ValueError(f"{name} has {len(data)} bytes, not {len(raw)}")
        self.sections[name] = (described, raw)


Migration = Callable[[Stored], None]

# From a version to the next: MIGRATIONS[1] makes a state of version 2 out of one of version 1.
MIGRATIONS: dict[int, Migration] = {}


def leads(version: int, to: int) -> bool:
    """Return whether states of `version` can be read by version `to`; a newer one never can."""
    return version <= to and all(each in MIGRATIONS for each in range(version, to))


def migrate(stored: Stored, to: int) -> None:
    """Bring a snapshot to version `to`, in place.

    Raises ValueError for a newer snapshot, or where no migration is known.
    """
    version = int(stored.header["engine_version"])
    if version > to:
        raise ValueError(f"written by engine version {version}, this is {to}")
    while version < to:
        step = MIGRATIONS.get(version)
        if step is None:
            raise ValueError(
                f"written by engine version {version}, which was never released: no migration to "
                f"{version + 1} is known; start the version that wrote it, or begin anew with "
                "play --fresh"
            )
        step(stored)
        version += 1
        stored.header["engine_version"] = version
