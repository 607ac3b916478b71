"""Columns of the ledger: what every account has, by row and asset."""

from __future__ import annotations

from enum import IntEnum, IntFlag
from typing import NamedTuple

import numpy as np

CASH = -1  # the asset number of money; 0..M-1 are the goods of the markets
ISSUER = -1  # virtual row: cash from it is issued, goods from it are produced, to it consumed
NO_GROUP = -1


class AccountKind(IntEnum):
    """What a row of the ledger stands for."""

    NONE = 0
    HOUSEHOLD = 1
    FIRM = 2
    TRADER = 3
    NOISE = 4
    MAKER = 5
    ARBITRAGEUR = 6
    INSTITUTION = 7
    PARTICIPANT = 8
    GROUP = 9
    VAULT = 10
    ESCROW = 11


class AccountFlag(IntFlag):
    """Bits of `flags`.

    Nothing leaves an account whose debits are frozen: no order, payment, wage, fee, meal or lot.
    Whatever freezes an account ends its resting orders with it.
    """

    DEBITS_FROZEN = 1
    CREDITS_FROZEN = 2
    PROTECTED = 4
    NEWCOMER = 8
    RETIRED = 16
    AT_WAR = 32
    UNDER_REVIEW = 64
    GUEST = 128


class Issued(IntEnum):
    """Reasons of `issued`, int64 minor units: who made the money that the accounts hold.

    Free and held cash of all accounts is BASE + CREDIT, at every tick. GRANTS is a part of BASE;
    DESTROYED is a record of what policy took out of BASE.
    """

    BASE = 0  # by the central bank, net
    GRANTS = 1  # of it, newcomers' grants that were not given back
    CREDIT = 2  # by the bank: equal to its claims on firms, to the unit
    DESTROYED = 3  # by tightening, ever


class LedgerColumns(NamedTuple):
    """Balances and marks of all accounts; rows of A, markets of M. All arrays in C order."""

    cash: np.ndarray  # int64[A], minor units, free
    cash_held: np.ndarray  # int64[A], minor units, in resting bids and other holds
    stock: np.ndarray  # int32[A, M], lots, free
    stock_held: np.ndarray  # int32[A, M], lots, in resting asks and other holds
    owner: np.ndarray  # int32[A], beneficial owner (a row), for self-trade prevention
    group: np.ndarray  # int32[A], -1 = none
    kind: np.ndarray  # int8[A], AccountKind
    flags: np.ndarray  # uint16[A], AccountFlag bits
    generation: np.ndarray  # uint32[A], grows when a row is used again
    open_orders: np.ndarray  # int32[A], resting orders of participants' rows (AI rows stay 0)
    goods_in: np.ndarray  # int64[M], lots that ever entered: production, mint
    goods_out: np.ndarray  # int64[M], lots that ever left: consumed, used, spoiled
    issued: np.ndarray  # int64[4], money by its issuer and reason, `Issued`, minor units


def allocate(rows: int, markets: int) -> LedgerColumns:
    """Return zeroed columns for `rows` accounts and `markets` goods, every row its own owner."""
    return LedgerColumns(
        cash=np.zeros(rows, np.int64),
        cash_held=np.zeros(rows, np.int64),
        stock=np.zeros((rows, markets), np.int32),
        stock_held=np.zeros((rows, markets), np.int32),
        owner=np.arange(rows, dtype=np.int32),
        group=np.full(rows, NO_GROUP, np.int32),
        kind=np.zeros(rows, np.int8),
        flags=np.zeros(rows, np.uint16),
        generation=np.zeros(rows, np.uint32),
        open_orders=np.zeros(rows, np.int32),
        goods_in=np.zeros(markets, np.int64),
        goods_out=np.zeros(markets, np.int64),
        issued=np.zeros(4, np.int64),
    )
