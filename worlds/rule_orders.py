"""Orders that sites place by rule have no command: their id on the wire is made of their number.

The id is a UUID of version 8 whose low bits are the number, so that it needs no table and is the
same after a takeover, a replay or a rebuild.
"""

from __future__ import annotations

from uuid import UUID

from economy_engine.order_terms import is_rule_order

_HIGH = 0x0000_0000_0000_8000
_VARIANT = 1 << 63


def order_id(seq: int) -> UUID:
    """The id of a rule's order."""
    return UUID(int=_HIGH << 64 | _VARIANT | seq)


def order_seq(known_as: UUID) -> int | None:
    """The number of a rule's order; None when the id is not of that form."""
    high, low = known_as.int >> 64, known_as.int & (_VARIANT - 1)
    if high != _HIGH or not known_as.int & _VARIANT or not is_rule_order(low):
        return None
    return low
