"""Where agents trade: the books with what every order needs, and three small verbs."""

from typing import NamedTuple

import numpy as np

from economy_engine.book.columns import BookColumns, OutboxColumns
from economy_engine.book.kernels import cancel_slot, place_ai
from economy_engine.jit import spliced
from economy_engine.ledger.columns import CASH, ISSUER, LedgerColumns
from economy_engine.ledger.kernels import transfer
from economy_engine.units import level_near

# Plain integers would be compiled as literals, each with kernels of its own.
_CASH, _ISSUER = np.int64(CASH), np.int64(ISSUER)


class Venue(NamedTuple):
    """Books, accounts and reports, with the numbers that every AI order carries."""

    book: BookColumns
    ledger: LedgerColumns
    outbox: OutboxColumns
    seed: int
    step: int
    tick: int
    phase: int  # which part of the step acts now
    phases: int  # parts of a step, 1 unless a step spans several ticks
    levels: int
    agents: int  # first institution row
    first_participant: int


@spliced
def submit(venue, m, side, price_minor, quantity, row, life, post_only):
    """Place an AI order at a model price (float64, minor units) for `life` steps.

    post_only: 0 or 1; a number, so that the matching below is compiled once.
    Returns the slot where the remainder rests, or -1.
    """
    increment = venue.book.market[m]["price_increment"]
    level = level_near(price_minor, increment, venue.levels)
    return place_ai(
        venue.book,
        venue.ledger,
        venue.outbox,
        np.int64(m),
        np.int64(side),
        level,
        np.int64(quantity),
        np.int64(row),
        venue.step + life,
        venue.step,
        post_only == 1,
        venue.agents + 3,
        venue.first_participant,
        venue.tick,
    )


@spliced
def unfilled(venue, slot, generation):
    """Return the lots (int64) that an own order still has in the book, 0 when it is gone."""
    if slot < 0:
        return np.int64(0)
    order = venue.book.orders[slot]
    if order["generation"] == generation and order["quantity"] > 0:
        return np.int64(order["quantity"])
    return np.int64(0)


@spliced
def withdraw(venue, slot, generation):
    """Cancel an own order by its handle, if it still rests."""
    if slot < 0:
        return
    order = venue.book.orders[slot]
    if order["generation"] == generation and order["quantity"] > 0:
        cancel_slot(venue.book, venue.ledger, np.int64(slot))


@spliced
def pay(ledger, source, target, amount):
    """Move up to `amount` (int64, minor units) of free cash; return what was moved.

    The payer's balance bounds it: no account of the model is ever overdrawn.
    """
    moved = min(np.int64(amount), ledger.cash[source])
    if moved <= 0:
        return np.int64(0)
    transfer(ledger, np.int64(source), np.int64(target), _CASH, moved)
    return moved


@spliced
def make(ledger, row, m, lots):
    """Let `lots` of market m enter the world on a row."""
    transfer(ledger, _ISSUER, np.int64(row), np.int64(m), np.int64(lots))


@spliced
def use(ledger, row, m, lots):
    """Let `lots` of market m leave the world from a row that has them free."""
    transfer(ledger, np.int64(row), _ISSUER, np.int64(m), np.int64(lots))


@spliced
def lend(ledger, source, target, m, lots):
    """Move free lots of market m from one row to another."""
    transfer(ledger, np.int64(source), np.int64(target), np.int64(m), np.int64(lots))
