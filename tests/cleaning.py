"""Worlds and players whose rows were really committed are taken away again after their test."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from worlds import database

WORLD_TABLES = (
    "worlds_fork", "inbox", "journal", "block", "snapshot", "world_head", "projection",
    "markets_orderview", "markets_fillview", "markets_balance", "markets_candle",
    "markets_marketstat", "markets_indicatorpoint", "markets_worldeventview",
    "markets_siteview", "markets_memberview", "markets_worksnote", "markets_patentview",
    "markets_lotview",
    "worlds_participant",
)  # fmt: skip


def forget(world_id: int, players: Iterable[Any]) -> None:
    """Delete a world with all its rows, append-only ones too, and then the players."""
    with database.plain_connect("cleaning") as connection, connection.transaction():
        connection.execute("set local session_replication_role = replica")
        for table in WORLD_TABLES:
            connection.execute(f"delete from {table} where world_id = %s", (world_id,))
        connection.execute("delete from worlds_world where id = %s", (world_id,))
    for player in players:
        player.delete()
