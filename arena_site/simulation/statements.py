"""What each statement of the writer's path means, by its text: the simulation runs the real code,
so the texts are the real ones, and one that is not in the table fails."""

from __future__ import annotations

import struct
from typing import Any
from uuid import UUID

from arena_site.simulation.database import Cursor, SimulatedDatabase
from arena_site.simulation.lease_statements import (
    LEASE_STATEMENTS,
    Run,
    head_row,
    pick,
    update_head,
)
from arena_site.simulation.tables import MustWait, Transaction
from worlds import (
    inbox,
    journal,
    projector,
    recovery,
    references,
    selectors,
    snapshots,
    takeover,
)

PROJECTION_HELD = "projection: position, locked or skipped"
PROJECTION_MOVED = "projection: rows and position"
_COPY_HEADER_BYTES = 19
_JOURNAL = (
    "world_id", "seq", "tick", "commit", "participant_id", "ref_seq", "status", "command_id",
    "key", "digest", "payload", "result", "chain",
)  # fmt: skip
_READ_COLUMNS = _JOURNAL[1:]
_SNAPSHOT_COLUMNS = (
    "kind", "commit", "seq", "tick", "engine_version", "digest", "chain", "path", "stored_bytes",
    "checksum",
)  # fmt: skip
Database = SimulatedDatabase
Values = Any


# -- the inbox ------------------------------------------------------------------------------------


def _insert(db: Database, txn: Transaction, values: Values) -> Cursor:
    inserted = []
    columns = ("world_id", "participant_id", "command_id", "key", "digest", "body")
    before = len(txn.undo)
    try:
        for asked in zip(*values, strict=True):
            row = dict(zip(columns, asked, strict=True))
            row |= {"id": db.inbox_ids + 1, "created_at": db.clock()}
            if not db.inbox.conflict(row, txn):
                db.inbox_ids += 1
                db.inbox.insert(row, txn)
                inserted.append((row["command_id"],))
    except MustWait:
        # The statement is tried again as a whole. Real rows would make others wait meanwhile, so
        # deadlocks are a fault of their own here.
        while len(txn.undo) > before:
            txn.undo.pop()()
            txn.settle.pop()
        raise
    return Cursor(inserted)


def _look_up(ranks: int) -> Run:
    """What is known of the asked keys and ids; ranks 1 and 2 are the journal's."""

    def run(db: Database, txn: Transaction, values: Values) -> Cursor:
        if db.control == "keys":
            return Cursor([])
        found = []
        for n, (world, participant, command, key) in enumerate(zip(*values, strict=True), 1):
            by_key, by_id = (world, participant, key), (world, command)
            places = (
                (1, db.journal, ("world_id", "participant_id", "key"), by_key),
                (2, db.journal, ("world_id", "command_id"), by_id),
                (3, db.inbox, ("world_id", "participant_id", "key"), by_key),
                (4, db.inbox, ("world_id", "command_id"), by_id),
            )
            for rank, table, columns, wanted in places[:ranks]:
                hit = table.find(columns, wanted, txn)
                if hit is not None:
                    status = hit.values["status"] if rank <= 2 else None
                    found.append(_answer(n, rank, hit.values, status))
        return Cursor(found)

    return run


def _answer(n: int, rank: int, row: dict[str, Any], status: int | None) -> tuple:
    columns = ("participant_id", "command_id", "key", "digest")
    return (n, rank, *pick(row, columns), status)


def _delete_inbox(column: str) -> Run:
    def run(db: Database, txn: Transaction, values: Values) -> Cursor:
        wanted = set(values[1])
        chosen = [row for row in db.inbox.rows.values() if row.values[column] in wanted]
        return Cursor([], len(db.inbox.delete(chosen, txn)))

    return run


def _take(db: Database, txn: Transaction, values: Values) -> Cursor:
    world, limit = values
    waiting = sorted(db.inbox.all(txn), key=lambda row: row["id"])[:limit]
    columns = ("id", "command_id", "participant_id", "key", "digest", "body", "created_at")
    taken = []
    for row in waiting:
        decided = False
        if db.control != "keys":
            by_id = db.journal.find(("world_id", "command_id"), (world, row["command_id"]), txn)
            key = (world, row["participant_id"], row["key"])
            by_key = db.journal.find(("world_id", "participant_id", "key"), key, txn)
            decided = by_id is not None or by_key is not None
        taken.append((*pick(row, columns), decided))
    return Cursor(taken)


def _span(db: Database, txn: Transaction, values: Values) -> Cursor:
    ids = [row["id"] for row in db.inbox.all(txn)]
    return Cursor([(max(ids) - min(ids) if ids else 0,)])


# -- journal, head and blocks ---------------------------------------------------------------------


def _copy(db: Database, txn: Transaction, values: Values) -> Cursor:
    (data,) = values
    rows, at = [], _COPY_HEADER_BYTES
    while (fields := struct.unpack_from(">h", data, at)[0]) >= 0:
        at += 2
        parts = []
        for _ in range(fields):
            (length,) = struct.unpack_from(">i", data, at)
            parts.append(data[at + 4 : at + 4 + length])
            at += 4 + length
        rows.append(_journal_row(parts))
    for row in rows:
        if db.journal.conflict(row, txn):
            break  # let `insert` raise what it raises
    for row in rows:
        db.journal.insert(row, txn)
    return Cursor([], len(rows))


def _journal_row(parts: list[bytes]) -> dict[str, Any]:
    numbers = [int.from_bytes(part, "big", signed=True) for part in parts[:7]]
    values = [*numbers, UUID(bytes=parts[7]), parts[8].decode(), *parts[9:]]
    return dict(zip(_JOURNAL, values, strict=True))


def _move(db: Database, txn: Transaction, values: Values) -> Cursor:
    fenced = db.control != "fence"

    def mine(head: dict[str, Any]) -> bool:
        same = (head["epoch"], head["commit"]) == (values["epoch"], values["from_commit"])
        return same or not fenced

    def change(head: dict[str, Any]) -> dict[str, Any]:
        moved = {name: values[name] for name in ("commit", "seq", "tick", "digest", "chain",
                 "state", "engine_version")}  # fmt: skip
        return moved | {
            "until": db.clock() + values["lease"], "moved_at": db.clock(),
            "attempt_commit": None, "attempts": 0,
            "suspect": None, "suspect_attempts": 0, "halt_pending": None,
        }  # fmt: skip

    if update_head(db, txn, mine, change) is None:
        db.plan.note("commit fenced")
        return Cursor([], 0)
    columns = ("world_id", "commit", "epoch", "tick", "ticks", "seq_from", "digest", "chain",
               "events")  # fmt: skip
    block = {name: values[name] for name in columns} | {"seq_to": values["seq"]}
    if db.control == "announce":
        db.early.append((values["commit"], values["tick"], values["chain"]))
    db.block.insert(block | {"created_at": db.clock()}, txn)
    return Cursor([], 1)


def _read_journal(db: Database, txn: Transaction, values: Values) -> Cursor:
    _, after, last, limit = values
    rows = [row for row in db.journal.all(txn) if after < row["seq"] <= last]
    rows.sort(key=lambda row: row["seq"])
    return Cursor([pick(row, _READ_COLUMNS) for row in rows[:limit]])


def _blocks(columns: tuple[str, ...], limit: int) -> Run:
    def run(db: Database, txn: Transaction, values: Values) -> Cursor:
        last = values[2] if limit == 3 else float("inf")
        rows = [row for row in db.block.all(txn) if values[1] < row["commit"] <= last]
        rows.sort(key=lambda row: row["commit"])
        return Cursor([pick(row, columns) for row in rows[: values[limit]]])

    return run


def _block(db: Database, txn: Transaction, values: Values) -> Cursor:
    row = db.block.find(("world_id", "commit"), values, txn)
    return Cursor([pick(row.values, ("seq_from", "ticks", "events"))] if row else [])


def _chain_at(db: Database, txn: Transaction, values: Values) -> Cursor:
    row = db.journal.find(("world_id", "seq"), values[:2], txn)
    return Cursor([(row.values["chain"],)] if row else [])


def _lineage(db: Database, txn: Transaction, values: Values) -> Cursor:
    world, seqs = values
    found = (db.journal.find(("world_id", "seq"), (world, seq), txn) for seq in seqs)
    return Cursor([pick(r.values, ("seq", "command_id", "tick")) for r in found if r is not None])


def _by_ids(db: Database, txn: Transaction, values: Values) -> Cursor:
    world, ids = values
    found = (db.journal.find(("world_id", "command_id"), (world, name), txn) for name in ids)
    return Cursor([pick(row.values, ("command_id", "seq")) for row in found if row is not None])


def _status(db: Database, txn: Transaction, values: Values) -> Cursor:
    world, wanted = values["world"], values["ids"]
    rows = []
    for command in wanted:
        row = db.journal.find(("world_id", "command_id"), (world, command), txn)
        if row is not None:
            seen = pick(row.values, ("command_id", "status", "seq", "tick", "commit"))
            rows.append((*seen, 0, row.values["result"]))
        elif db.inbox.find(("world_id", "command_id"), (world, command), txn) is not None:
            rows.append((command, None, None, None, None, None, None))
    return Cursor(rows)


# -- snapshots and projections --------------------------------------------------------------------


def _catalogue(db: Database, txn: Transaction, values: Values) -> Cursor:
    row = {"world_id": values[0], "created_at": db.clock()}
    order = ("kind", "commit", "seq", "tick", "engine_version", "digest", "chain", "path",
             "stored_bytes", "checksum")  # fmt: skip
    row |= dict(zip(order, values[1:], strict=True))
    if db.snapshot.conflict(row, txn):
        return Cursor([], 0)
    db.snapshot.insert(row, txn)
    return Cursor([], 1)


def _newest(db: Database, txn: Transaction, values: Values) -> Cursor:
    rows = [row for row in db.snapshot.all(txn) if row["commit"] <= values[1]]
    rows.sort(key=lambda row: -row["commit"])
    return Cursor([pick(row, _SNAPSHOT_COLUMNS) for row in rows])


def _prune(db: Database, txn: Transaction, values: Values) -> Cursor:
    rows = [row for row in db.snapshot.rows.values() if row.visible(txn)]
    rows.sort(key=lambda row: -row.values["commit"])
    old = [row for row in rows[values["last"] :] if row.values["kind"] != "genesis"]
    gone = db.snapshot.delete(old, txn)
    return Cursor([(row.values["path"],) for row in gone])


def _projection_held(db: Database, txn: Transaction, values: Values) -> Cursor:
    if db.projection.locked_by_other(txn):
        return Cursor([])  # skip locked
    row = db.projection.update(txn, lambda row: True, lambda row: {})
    assert row is not None
    return Cursor([(row["applied_commit"],)])


def _projection_moved(db: Database, txn: Transaction, values: Values) -> Cursor:
    commit, batch = values
    row = db.projection.update(
        txn, lambda row: True,
        lambda row: {"applied_commit": commit, "batches": (*row["batches"], batch)},
    )  # fmt: skip
    return Cursor([], 0 if row is None else 1)


def _set_state(db: Database, txn: Transaction, values: Values) -> Cursor:
    return Cursor([], 0)  # the world's row repeats what its head says


STATEMENTS: dict[str, Run] = {
    **LEASE_STATEMENTS,
    inbox.INSERT: _insert,
    inbox._LOOK_UP: _look_up(4),
    inbox._LOOK_UP_INSERTED: _look_up(2),
    inbox.WITHDRAW: _delete_inbox("command_id"),
    inbox.SPAN: _span,
    inbox._TAKE: _take,
    journal._COPY: _copy,
    journal._TAKEN: _delete_inbox("id"),
    journal._WORLD_STATE: _set_state,
    journal._MOVE: _move,
    journal._READ: _read_journal,
    journal._HEAD_OF: lambda db, txn, values: Cursor(
        [pick(head_row(db, txn), ("commit", "seq", "tick", "chain"))]
    ),
    journal._CHAIN_AT: _chain_at,
    journal.LINEAGE: _lineage,
    recovery._BLOCKS: _blocks(
        ("commit", "tick", "ticks", "seq_from", "seq_to", "digest", "chain"), 3
    ),
    recovery._BLOCK: _block,
    references._FIND: _by_ids,
    selectors._STATUS: _status,
    snapshots._CATALOGUE: _catalogue,
    snapshots._NEWEST: _newest,
    snapshots._PRUNE: _prune,
    takeover._SLUG: lambda db, txn, values: Cursor([(db.world["slug"],)]),
    projector._READ: _blocks(("commit", "tick", "seq_from", "seq_to", "created_at", "events"), 2),
    PROJECTION_HELD: _projection_held,
    PROJECTION_MOVED: _projection_moved,
}
