"""pytest plugin of `manage.py test`: a Valkey process for each test process.

Loaded by `-p` before the settings are read, since they take `REDIS_URL` from the environment.
Does nothing where a `REDIS_URL` was given.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from arena_site.embedded import process as processes
from arena_site.embedded.logs import pump
from arena_site.embedded.valkey import Valkey

READY_SECONDS = 10.0


class OwnValkey:
    """Started at import, ended with the test process."""

    def __init__(self, state: Path, worker: str) -> None:
        self.server = Valkey(state / f"redis-{worker}", durable=False)
        plan = self.server.process()
        self.server.prepare()
        self.popen = processes.spawn(plan)
        log = state / "logs" / f"valkey-{worker}.log"
        self.log = pump("valkey", self.popen, log, None, "")
        processes.wait_until(self.server.ready, READY_SECONDS, f"Valkey did not start: {log}")

    def stop(self) -> None:
        processes.signal_one(self.popen, processes.signal.SIGTERM)
        processes.wait_until(lambda: processes.exited(self.popen), READY_SECONDS, "Valkey hangs")


def _start() -> OwnValkey | None:
    if os.environ.get("REDIS_URL") or "ARENA_STATE" not in os.environ:
        return None
    worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
    own = OwnValkey(Path(os.environ["ARENA_STATE"]), worker)
    os.environ["REDIS_URL"] = own.server.url
    return own


_own = _start()


@pytest.hookimpl(trylast=True)
def pytest_unconfigure() -> None:
    if _own:
        _own.stop()
