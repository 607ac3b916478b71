"""Where a read stands: the commit that a projection holds, and that commit's tick."""

from __future__ import annotations

from typing import NamedTuple

from django.db import connection

# Without the block (pruned, or none yet) the head's tick bounds it from above.
_PROJECTED = """
SELECT p.applied_commit, coalesce(
    (SELECT b.tick FROM block b WHERE b.world_id = h.world_id AND b.commit = p.applied_commit),
    h.tick)
FROM world_head h JOIN projection p ON p.world_id = h.world_id AND p.name = %s
WHERE h.world_id = %s
"""
_HEAD = "SELECT commit, tick FROM world_head WHERE world_id = %s"


class Stand(NamedTuple):
    """A read made after this one is at least as new as this commit and tick."""

    commit: int
    tick: int


def stand(world_id: int, projection: str | None) -> Stand:
    """Read the position of a projection, or of the head when `projection` is None.

    (-1, 0) before the projection's first block.
    """
    with connection.cursor() as cursor:
        if projection is None:
            cursor.execute(_HEAD, [world_id])
        else:
            cursor.execute(_PROJECTED, [projection, world_id])
        found = cursor.fetchone()
    return Stand(*found) if found else Stand(-1, 0)
