"""What is kept: partitions ready ahead, blocks for days and bytes, snapshots, stored files."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta

import structlog
from django.conf import settings
from django.db import connection, transaction

from worlds import metrics

DAYS_AHEAD = 3
_PARTITION = re.compile(r"block_(\d{8})")

# Size and name of every daily partition, oldest first.
_PARTITIONS = """
select c.relname, pg_total_relation_size(c.oid) from pg_inherits i
join pg_class c on c.oid = i.inhrelid where i.inhparent = 'block'::regclass
order by c.relname
"""

log = structlog.get_logger(__name__)


def ensure_partitions(today: date | None = None) -> list[str]:
    """Make the partitions of today and the next days; names of those that are new.

    A day whose blocks already lie in the DEFAULT partition gets none: that is alarmed about, the
    blocks are safe where they are.
    """
    first = today or datetime.now(UTC).date()
    made: list[str] = []
    for days in range(DAYS_AHEAD + 1):
        day = first + timedelta(days=days)
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute("set local lock_timeout = '2s'")
                cursor.execute("select lea_block_partition(%s)", (day,))
                name = cursor.fetchone()[0]
        except Exception:
            log.exception("partition not made", day=day.isoformat())
            continue
        if name:
            made.append(name)
    return made


def stray_rows() -> int:
    """Blocks in the DEFAULT partition; anything but 0 means that partitions came too late."""
    with connection.cursor() as cursor:
        cursor.execute("select count(*) from (select from block_default limit 100000) rows")
        count = cursor.fetchone()[0]
    metrics.block_default_rows.set(count)
    if count:
        log.error("blocks without a partition", rows=count)
    return count


def prune_blocks(today: date | None = None) -> list[str]:
    """Drop partitions that are older than the kept days, then the oldest while all of them
    together are larger than the kept bytes; never one that a projection has still to read."""
    first = today or datetime.now(UTC).date()
    with connection.cursor() as cursor:
        cursor.execute(_PARTITIONS)
        found = [(name, size) for name, size in cursor.fetchall() if _PARTITION.fullmatch(name)]
    total = sum(size for _, size in found)
    oldest_kept = first - timedelta(days=settings.WORLD_BLOCK_KEEP_DAYS)
    dropped: list[str] = []
    for name, size in found:
        day = datetime.strptime(name.removeprefix("block_"), "%Y%m%d").replace(tzinfo=UTC).date()
        too_old, too_much = day < oldest_kept, total > settings.WORLD_BLOCK_KEEP_BYTES
        if day >= first or not (too_old or too_much):
            continue
        if _awaited(name):
            log.error("partition kept for a projection", partition=name)
            continue
        _drop(name)
        dropped.append(name)
        total -= size
    return dropped


def _awaited(name: str) -> bool:
    """Whether some projection has not read all of a partition's blocks."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"select exists (select from projection p where p.applied_commit <"
            f' (select max(b."commit") from {connection.ops.quote_name(name)} b'
            f"  where b.world_id = p.world_id))"
        )
        return cursor.fetchone()[0]


def _drop(name: str) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("set local lock_timeout = '2s'")
        cursor.execute("select lea_block_drop(%s)", (name,))
    log.info("partition dropped", partition=name)
