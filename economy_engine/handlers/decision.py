"""What a handler is given, and what it answers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from economy_engine.commands import Header
from economy_engine.errors import RejectReason
from economy_engine.state import WorldState


@dataclass(slots=True)
class Context:
    """One command about to act.

    seq: its number in the journal; ref_seq: number of the command that it names, 0 = none or
    unknown; tick: ticks done before it acts; row: ledger row of its participant, -1 = none.
    """

    state: WorldState
    header: Header
    seq: int
    ref_seq: int
    tick: int
    row: int


@dataclass(slots=True)
class Decision:
    """The outcome of one command; a refused one has changed nothing.

    result: fields for `events.pack_result`; order: a row of the order report, without its seq;
    touched: (row, asset) pairs whose balances changed besides those of the reports; dismissed: the
    participant whose row is to be given back once the reports are taken; shipment: a row of the
    shipment report.
    """

    reason: RejectReason = RejectReason.OK
    result: dict[str, int] = field(default_factory=dict)
    order: dict[str, Any] | None = None
    touched: list[tuple[int, int]] = field(default_factory=list)
    dismissed: int = 0
    shipment: np.ndarray | None = None


def refused(reason: RejectReason) -> Decision:
    """Return a decision without effect."""
    return Decision(reason=reason)
