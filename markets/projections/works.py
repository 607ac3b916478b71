"""Sites, work contracts and households of participants, and what happened to them."""

from __future__ import annotations

from typing import Any

import numpy as np

from markets.projections.columns import gather, last_of_each, run

_SITE_COLUMNS = {
    "deed": "bigint",
    "participant_id": "bigint",
    "tick": "bigint",
    "market": "smallint",
    "state": "smallint",
    "pricing": "smallint",
    "buy_inputs": "boolean",
    "insured": "boolean",
    "tier": "smallint",
    "level": "smallint",
    "workers": "int",
    "wanted": "int",
    "unpaid_days": "int",
    "condition": "float8",
    "wage": "bigint",
    "price": "bigint",
    "markup_ppm": "bigint",
    "keep": "bigint",
    "target": "bigint",
    "made": "bigint",
    "made_total": "bigint",
    "paid": "bigint",
    "offer": "bigint",
    "cost": "float8",
    "rent": "float8",
    "reference": "float8",
    "unsold": "float8",
}
_MEMBER_COLUMNS = {
    "participant_id": "bigint",
    "tick": "bigint",
    "day": "bigint",
    "work_until": "bigint",
    "worked_days": "bigint",
    "earned": "bigint",
    "protected_until": "bigint",
    "needs": "int",
    "fed": "boolean",
    "sites": "int",
}
_NOTE_COLUMNS = {
    "participant_id": "bigint",
    "tick": "bigint",
    "kind": "smallint",
    "market": "smallint",
    "deed": "bigint",
    "quantity": "bigint",
    "amount": "bigint",
}


_PATENT_COLUMNS = {
    "good": "smallint",
    "level": "smallint",
    "participant_id": "bigint",
    "tick": "bigint",
    "until": "bigint",
    "fee": "bigint",
    "licences": "bigint",
    "earned": "bigint",
}


_LOT_COLUMNS = {
    "number": "bigint",
    "tick": "bigint",
    "participant_id": "bigint",
    "market": "smallint",
    "tier": "smallint",
    "level": "smallint",
    "origin": "smallint",
    "state": "smallint",
    "condition": "float8",
    "opened": "bigint",
    "ends": "bigint",
    "reserve": "bigint",
    "best": "bigint",
    "bids": "bigint",
}


def _upsert(table: str, columns: dict[str, str], key: str) -> str:
    """Write the newest state of each row; rows of a newer commit stay. key: columns, by commas."""
    names = [*columns, "commit"]
    quoted = ", ".join(f'"{name}"' for name in names)
    types = ", ".join(f"%s::{kind}[]" for kind in (*columns.values(), "bigint"))
    changed = ", ".join(
        f'"{name}" = EXCLUDED."{name}"' for name in names if name not in key.split(", ")
    )
    return (
        f"INSERT INTO {table} AS held (world_id, {quoted}) SELECT %s, * FROM unnest({types}) "
        f"ON CONFLICT (world_id, {key}) DO UPDATE SET {changed} "
        f"WHERE held.commit < EXCLUDED.commit"
    )


_UPSERT_SITES = _upsert("markets_siteview", {**_SITE_COLUMNS, "command_id": "uuid"}, "deed")
_UPSERT_MEMBERS = _upsert("markets_memberview", _MEMBER_COLUMNS, "participant_id")
_UPSERT_PATENTS = _upsert("markets_patentview", _PATENT_COLUMNS, "good, level")
_UPSERT_LOTS = _upsert("markets_lotview", _LOT_COLUMNS, "number")
_INSERT_NOTES = (
    "INSERT INTO markets_worksnote (world_id, commit, position, "
    + ", ".join(_NOTE_COLUMNS)
    + ") SELECT %s, * FROM unnest(%s::bigint[], %s::int[], "
    + ", ".join(f"%s::{kind}[]" for kind in _NOTE_COLUMNS.values())
    + ") ON CONFLICT (world_id, commit, position) DO NOTHING"
)


def _values(rows: np.ndarray, columns: dict[str, str]) -> list[Any]:
    """The columns of records, in the order of the statement."""
    values = []
    for name, kind in columns.items():
        column = rows[name.removesuffix("_id")]
        values.append(column.astype(bool) if kind == "boolean" else column)
    return values


def on_works_events(batch: Any) -> None:
    """Write sites, members, patents, auctions and notes of a batch of blocks."""
    rows, commits = gather(batch.blocks, "sites")
    if len(rows):
        last = last_of_each(rows["deed"])
        newest = rows[last]
        ids = batch.order_ids.resolve(newest["deed"].tolist())
        names = [ids[deed] for deed in newest["deed"].tolist()]
        values = [*_values(newest, _SITE_COLUMNS), names, commits[last]]
        run(_UPSERT_SITES, batch.world_id, *values)
    rows, commits = gather(batch.blocks, "members")
    if len(rows):
        last = last_of_each(rows["participant"])
        values = [*_values(rows[last], _MEMBER_COLUMNS), commits[last]]
        run(_UPSERT_MEMBERS, batch.world_id, *values)
    rows, commits = gather(batch.blocks, "patents")
    if len(rows):
        last = last_of_each(rows["good"], rows["level"])
        run(_UPSERT_PATENTS, batch.world_id, *_values(rows[last], _PATENT_COLUMNS), commits[last])
    rows, commits = gather(batch.blocks, "lots")
    if len(rows):
        last = last_of_each(rows["number"])
        run(_UPSERT_LOTS, batch.world_id, *_values(rows[last], _LOT_COLUMNS), commits[last])
    rows, commits = gather(batch.blocks, "works")
    if len(rows):
        # Numbered within their commit: the pair names a note for ever.
        position = np.arange(len(rows)) - np.searchsorted(commits, commits)
        run(_INSERT_NOTES, batch.world_id, commits, position, *_values(rows, _NOTE_COLUMNS))


def reset_works(world_id: int) -> None:
    """Drop every row of the world, so that its blocks can be read again from the first."""
    run("DELETE FROM markets_siteview WHERE world_id = %s", world_id)
    run("DELETE FROM markets_memberview WHERE world_id = %s", world_id)
    run("DELETE FROM markets_worksnote WHERE world_id = %s", world_id)
    run("DELETE FROM markets_patentview WHERE world_id = %s", world_id)
    run("DELETE FROM markets_lotview WHERE world_id = %s", world_id)
