"""Buckets of ticks that several projections share: their lengths, and how long they are kept."""

from __future__ import annotations

from markets.projections.columns import run
from markets.selectors import CANDLE_INTERVALS, DAY_INTERVAL

# So many buckets of each interval are kept: ten game years of days.
KEEP_BUCKETS = 3_600
TRIM_EVERY_TICKS = 3_000


def lengths(day: int) -> tuple[list[int], list[int]]:
    """Intervals as they are stored, and their lengths in ticks; `day` is that of the game day."""
    return [*CANDLE_INTERVALS, DAY_INTERVAL], [*CANDLE_INTERVALS, day]


def trim(table: str, world_id: int, tick_from: int, tick_to: int, day: int) -> None:
    """Forget old buckets; due when the batch crosses a multiple of 3,000 ticks."""
    if (tick_from - 1) // TRIM_EVERY_TICKS == tick_to // TRIM_EVERY_TICKS:
        return
    due = tick_to - tick_to % TRIM_EVERY_TICKS
    for interval, ticks in zip(*lengths(day), strict=True):
        run(
            f"DELETE FROM {table} WHERE world_id = %s AND interval = %s AND tick < %s",
            world_id,
            interval,
            due - KEEP_BUCKETS * ticks,
        )
