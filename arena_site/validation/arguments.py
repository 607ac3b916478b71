"""What the commands of validation are given, parsed and bounded."""

from __future__ import annotations

from argparse import ArgumentTypeError

SEEDS_MAX = 100
SEED_MAX = 2**63 - 1
TICKS_MIN, TICKS_MAX = 240, 20 * 86_400


class MissingPicturesError(Exception):
    """Pictures were asked for where nothing can draw them; the text says what to do."""


def seeds(text: str) -> tuple[int, ...]:
    """Return the seeds of a list such as `11,12,13`; raises ArgumentTypeError with the reason."""
    parts = [part.strip() for part in text.split(",")]
    if not all(part.isascii() and part.isdigit() and len(part) < 20 for part in parts):
        raise ArgumentTypeError("seeds are whole numbers with commas between, such as 11,12,13")
    found = tuple(int(part) for part in parts)
    if len(set(found)) != len(found):
        raise ArgumentTypeError("a seed is given twice")
    if len(found) > SEEDS_MAX or max(found) > SEED_MAX:
        raise ArgumentTypeError(f"at most {SEEDS_MAX} seeds, each below 2**63")
    return found


def bounded_ticks(ticks: int) -> int:
    """Return the ticks of a run; raises ValueError outside of a day to twenty years."""
    if not TICKS_MIN <= ticks <= TICKS_MAX:
        raise ValueError(f"a run has {TICKS_MIN} (a day) to {TICKS_MAX:,} ticks, not {ticks:,}")
    return ticks
