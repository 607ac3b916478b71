"""The engine of Living Economy Arena: a deterministic economy as a library.

    from economy_engine import TickEntry, create, preset
    from economy_engine.apply import apply

    state = create(preset("sprint", agents=2_000, seed=11))
    outcome = apply(state, [TickEntry()])

It knows numpy and numba, and nothing of networks, clocks or databases: the live world, a replay, a
fork and a researcher's notebook run the same code. Names are imported when they are first asked
for, so that a process that only encodes commands loads no kernels.
"""

from importlib import import_module
from typing import Any

_PUBLIC = {
    "ENGINE_VERSION": "schema",
    "CommandEntry": "apply",
    "CommandResult": "apply",
    "Entry": "apply",
    "Outcome": "apply",
    "TickEntry": "apply",
    "WorldParams": "params",
    "WorldState": "state",
    "create": "genesis",
    "preset": "params",
    "warm_up": "genesis",
}
__all__ = list(_PUBLIC)


def __getattr__(name: str) -> Any:
    if name not in _PUBLIC:
        raise AttributeError(f"module 'economy_engine' has no attribute {name!r}")
    return getattr(import_module(f"economy_engine.{_PUBLIC[name]}"), name)
