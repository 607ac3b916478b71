"""The projector's process: the real one over rows and positions of the simulated database."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from arena_site.simulation.database import Session, SimulatedDatabase
from arena_site.simulation.newborn import WORLD_ID
from arena_site.simulation.statements import PROJECTION_HELD, PROJECTION_MOVED
from worlds import projector


def project_forever(database: SimulatedDatabase) -> None:
    """The body of the projector's process."""
    store = ProjectionStore(database)
    projection = projector.Projection("simulated", store.handle, None)
    while True:
        database.scheduler.pause(0.3)
        try:
            while projector.apply_next(WORLD_ID, projection, store=store):
                database.scheduler.pause(0.0)
        except psycopg.Error:
            continue


class ProjectionStore:
    """Positions and rows of the projector in the simulated database."""

    def __init__(self, database: SimulatedDatabase) -> None:
        self._database = database
        self._session: Session | None = None
        self._rows: tuple = ()

    @contextmanager
    def held(self, world_id: int, name: str) -> Iterator[int | None]:
        if self._session is None or self._session.closed:
            self._session = self._database.connect("projector")
        with self._session.transaction():
            row = self._session.execute(PROJECTION_HELD).fetchone()
            yield row[0] if row else None

    def read(self, world_id: int, after: int, limit: int) -> list[tuple]:
        assert self._session is not None
        return self._session.execute(projector._READ, (world_id, after, limit)).fetchall()

    def handle(self, batch: projector.Batch) -> None:
        self._rows = tuple(
            (block.commit, block.tick, tuple(block.block.orders["seq"].tolist()))
            for block in batch.blocks
        )

    def move(self, world_id: int, name: str, commit: int) -> None:
        assert self._session is not None
        self._session.execute(PROJECTION_MOVED, (commit, self._rows))
