"""A shadow of a live world: its journal replayed behind it, every result and digest compared.

The shadow is a process of its own, of low priority, and writes nothing but a bundle and the wish
for a halt when the live world is not what its own journal says (I11).
"""

from __future__ import annotations

import time
from dataclasses import dataclass

import psycopg
import structlog

from worlds import bundles, recovery, services, snapshots
from worlds.engine import Engine, signed
from worlds.errors import ReplayMismatch
from worlds.journal import head_of
from worlds.models import World

BEHIND_TICKS_MAX = 600  # further behind, it goes on from a newer snapshot

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Compared:
    """What a shadow has done so far."""

    commits: int = 0
    ticks: int = 0
    ticks_skipped: int = 0
    digests: int = 0
    snapshots: int = 0
    difference: str | None = None
    bundle: str | None = None


class Shadow:
    """Follows one world. `connection`: a session without statement timeout."""

    def __init__(self, engine: Engine, connection: psycopg.Connection, world: World) -> None:
        self._engine, self._connection, self._world = engine, connection, world
        self._shadow: recovery.World | None = None
        self.compared = Compared()

    def follow(self, seconds: float) -> bool:
        """Replay what the live world has committed since, for at most about `seconds`.

        Returns False when there is a difference: the bundle is stored and the halt asked for.
        """
        if self.compared.difference is not None:
            return False
        world_id, until = self._world.pk, time.monotonic() + seconds
        head = head_of(self._connection, world_id)
        shadow = self._start(head.commit, head.tick)
        stored = {
            record.commit: record.digest
            for record in snapshots.records(self._connection, world_id, head.commit)
            if record.commit > shadow.position.commit
        }
        commit = shadow.position.commit
        try:
            for step in recovery.steps(self._connection, world_id, shadow.position, head):
                commit = step.position.commit
                replayed = recovery.redo(self._engine, shadow, step)
                self.compared.commits += 1
                self.compared.ticks += step.ticks
                self.compared.digests += replayed.digest is not None
                self._compare_snapshot(stored.get(commit))
                if time.monotonic() > until:
                    break
        except ReplayMismatch as difference:
            self._differs(commit, str(difference))
            return False
        return True

    def _start(self, commit: int, tick: int) -> recovery.World:
        """Where it is, or the newest snapshot when that is nearer to the head."""
        known = self._shadow
        if known is not None and tick - known.position.tick <= BEHIND_TICKS_MAX:
            return known
        begun, _ = recovery.newest(self._engine, self._connection, self._world.pk, commit)
        if known is not None:
            if begun.position.tick <= known.position.tick:
                return known
            self.compared.ticks_skipped += begun.position.tick - known.position.tick
        self._shadow = begun
        return begun

    def _compare_snapshot(self, digest: int | None) -> None:
        if digest is None or self._shadow is None:
            return
        self.compared.snapshots += 1
        if signed(self._engine.digest(self._shadow.state)) != digest:
            raise ReplayMismatch("the snapshot holds another world")

    def _differs(self, commit: int, difference: str) -> None:
        self.compared.difference = f"commit {commit}: {difference}"
        log.critical("shadow differs", world=self._world.slug, commit=commit, error=difference)
        services.world_halt(world=self._world, reason=f"I11 {difference}"[:200], breach=True)
        self.compared.bundle = bundles.store_difference(
            self._connection, self._world.pk, self._world.slug, commit, difference
        )
