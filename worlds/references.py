"""From the UUID that a command names to the seq of what it stands for: an order, or a site."""

from __future__ import annotations

from collections.abc import Sequence

import psycopg

from worlds.engine import target_of
from worlds.inbox import Waiting
from worlds.rule_orders import order_seq

_FIND = "select command_id, seq from journal where world_id = %s and command_id = any(%s)"


def resolve(
    connection: psycopg.Connection, world_id: int, entries: Sequence[Waiting], seq: int
) -> list[int]:
    """For each command the seq that its target stands for; 0 for none or an unknown one.

    Looks at the batch itself first (its entries get the seqs after `seq`), then at the journal.
    Whose order it is, the engine decides.
    """
    targets = [target_of(entry.body) for entry in entries]
    wanted = {target for target in targets if target is not None}
    if not wanted:
        return [0] * len(entries)
    known = {entry.command_id: seq + n for n, entry in enumerate(entries, 1)}
    known |= {target: number for target in wanted if (number := order_seq(target)) is not None}
    missing = list(wanted - known.keys())
    if missing:
        found = connection.execute(_FIND, (world_id, missing), prepare=True, binary=True)
        known |= dict(found.fetchall())
    return [known.get(target, 0) if target is not None else 0 for target in targets]
