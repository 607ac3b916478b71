"""Statements on a world's head: lease, renewal, release, suspects."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from arena_site.simulation.database import Cursor, SimulatedDatabase
from arena_site.simulation.tables import Transaction
from worlds import lease

_HEAD_COLUMNS = (
    "epoch", "commit", "seq", "tick", "chain", "digest", "state", "tick_rate_hz",
    "engine_version", "attempts", "suspect", "suspect_attempts", "halt_pending",
)  # fmt: skip
Database = SimulatedDatabase
Values = Any
Run = Callable[[Database, Transaction, Values], Cursor]


def pick(row: dict[str, Any], columns: tuple[str, ...]) -> tuple:
    return tuple(row[column] for column in columns)


def head_row(db: Database, txn: Transaction) -> dict[str, Any]:
    assert db.head is not None
    return db.head.read(txn)


def update_head(db: Database, txn: Transaction, where: Any, change: Any) -> dict[str, Any] | None:
    assert db.head is not None
    return db.head.update(txn, where, change)


def _candidates(db: Database, txn: Transaction, values: Values) -> Cursor:
    head = head_row(db, txn)
    held = any(
        (s.pid, s.started_at) == (head["backend_pid"], head["backend_start"]) for s in db.sessions
    )
    free = head["until"] < db.clock() or not held
    barred = head["world_id"] in values["not_these"]
    if not free or barred or head["engine_version"] != values["version"]:
        return Cursor([])
    columns = ("world_id", "epoch", "backend_pid", "backend_start")
    orphaned = head["moved_at"] < db.clock() - values["orphaned"]
    return Cursor([(*pick(head, columns), db.world["agents"], orphaned)])


def _terminate(db: Database, txn: Transaction, values: Values) -> Cursor:
    _, pid, started = values
    for session in list(db.sessions):
        if (session.pid, session.started_at) == (pid, started) and session is not txn.owner:
            if db.plan.strikes("old session not ended"):
                return Cursor([(False,)])
            session.die()
            return Cursor([(True,)])
    return Cursor([])


def _claim(db: Database, txn: Transaction, values: Values) -> Cursor:
    me = txn.owner

    def change(head: dict[str, Any]) -> dict[str, Any]:
        again = head["attempt_commit"] == head["commit"]
        return {
            "epoch": head["epoch"] + 1,
            "holder": values["holder"],
            "backend_pid": me.pid,
            "backend_start": me.started_at,
            "until": db.clock() + values["lease"],
            "attempts": min(head["attempts"] + 1, 100) if again else 1,
            "attempt_commit": head["commit"],
        }

    row = update_head(db, txn, lambda head: head["epoch"] == values["epoch"], change)
    if row is None:
        return Cursor([])
    if row["epoch"] > 1:
        db.plan.note("lease taken over")
    return Cursor([pick(row, _HEAD_COLUMNS)])


def _of_epoch(change: Callable[[Database, Values, dict[str, Any]], dict[str, Any]]) -> Run:
    """An update of the head by whoever has its epoch; the epoch is the last value."""

    def run(db: Database, txn: Transaction, values: Values) -> Cursor:
        row = update_head(
            db, txn, lambda head: head["epoch"] == values[-1],
            lambda head: change(db, values, head),
        )  # fmt: skip
        return Cursor([], 0 if row is None else 1)

    return run


def _suspect(db: Database, txn: Transaction, values: Values) -> Cursor:
    def change(head: dict[str, Any]) -> dict[str, Any]:
        same = head["suspect"] == values["suspect"]
        tried = min(head["suspect_attempts"] + 1, 100) if same else 1
        return {"suspect": values["suspect"], "suspect_attempts": tried}

    row = update_head(db, txn, lambda head: head["epoch"] == values["epoch"], change)
    return Cursor([] if row is None else [(row["suspect_attempts"],)])


LEASE_STATEMENTS: dict[str, Run] = {
    lease._CANDIDATES: _candidates,
    lease._TERMINATE: _terminate,
    lease._CLAIM: _claim,
    lease._RENEW: _of_epoch(lambda db, values, head: {"until": db.clock() + values[0]}),
    lease._RELEASE: _of_epoch(
        lambda db, values, head: {
            "until": 0.0,
            "holder": None,
            "backend_pid": None,
            "backend_start": None,
        }
    ),
    lease._SUSPECT: _suspect,
    lease._OTHERS: lambda db, txn, values: Cursor([(None,)]),  # one world: nothing to share
    lease._HALT_PENDING: _of_epoch(lambda db, values, head: {"halt_pending": values[0]}),
}
