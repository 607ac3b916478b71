"""The one way to move value: postings of several legs, holds, and the check of conservation.

Orders settle inside the matching kernels with the same columns and the same rule: what leaves one
row enters another. Nothing outside these two places writes a balance.
"""

from __future__ import annotations

import numpy as np

from economy_engine import limits
from economy_engine.errors import RejectReason
from economy_engine.jit import allocating, inlined_inner, inner, kernel
from economy_engine.ledger.columns import AccountFlag, Issued, LedgerColumns

_CASH = -1
_ISSUER = -1
_OK = int(RejectReason.OK)
_RANGE = int(RejectReason.OUT_OF_RANGE)
_UNBALANCED = int(RejectReason.UNBALANCED)
_FROZEN = int(RejectReason.ACCOUNT_FROZEN)
_FUNDS = int(RejectReason.INSUFFICIENT_FUNDS)
_INVENTORY = int(RejectReason.INSUFFICIENT_INVENTORY)
_DEBITS = int(AccountFlag.DEBITS_FROZEN)
_CREDITS = int(AccountFlag.CREDITS_FROZEN)
_BASE, _CREDIT = np.int64(Issued.BASE), np.int64(Issued.CREDIT)
_LEGS = limits.POSTING_LEGS_MAX
_LOTS = limits.INT32_MAX
_LANES = 8  # rows summed side by side in the conservation check

# Results of check_conservation, as bits.
MONEY_BROKEN = 1
GOODS_BROKEN = 2
NEGATIVE = 4


@inlined_inner
def move(ledger: LedgerColumns, row: int, asset: int, amount: int) -> None:
    """Add `amount` to one free balance; the issuer's side goes to the totals. No checks."""
    if row == _ISSUER:
        if asset == _CASH:
            ledger.issued[_BASE] -= amount
        elif amount < 0:
            ledger.goods_in[asset] -= amount
        else:
            ledger.goods_out[asset] += amount
    elif asset == _CASH:
        ledger.cash[row] += amount
    else:
        ledger.stock[row, asset] += amount


@inner
def check_legs(ledger: LedgerColumns, rows: np.ndarray, assets: np.ndarray, amounts: np.ndarray,
               n: int, respect_freezes: bool) -> int:  # fmt: skip
    """Return the first RejectReason of the legs' form: range, balance per asset, freezes; or 0."""
    if n < 1 or n > _LEGS or n > rows.shape[0]:
        return _RANGE
    for k in range(n):
        if rows[k] < _ISSUER or rows[k] >= ledger.cash.shape[0]:
            return _RANGE
        if assets[k] < _CASH or assets[k] >= ledger.stock.shape[1]:
            return _RANGE
        bound = limits.MONEY_MINOR_MAX if assets[k] == _CASH else _LOTS
        if amounts[k] > bound or amounts[k] < -bound:
            return _RANGE
    for k in range(n):
        total = np.int64(0)
        for other in range(n):
            if assets[other] == assets[k]:
                total += amounts[other]
        if total != 0:
            return _UNBALANCED
    if respect_freezes:
        for k in range(n):
            if rows[k] >= 0:
                frozen = _DEBITS if amounts[k] < 0 else _CREDITS
                if ledger.flags[rows[k]] & frozen:
                    return _FROZEN
    return _OK


@inner
def net_change(rows: np.ndarray, assets: np.ndarray, amounts: np.ndarray, n: int,
               k: int) -> int:  # fmt: skip
    """Return the sum of all legs on the account and asset of leg `k`."""
    total = np.int64(0)
    for other in range(n):
        if rows[other] == rows[k] and assets[other] == assets[k]:
            total += amounts[other]
    return total


@kernel
def post(ledger: LedgerColumns, rows: np.ndarray, assets: np.ndarray, amounts: np.ndarray, n: int,
         respect_freezes: bool) -> int:  # fmt: skip
    """Apply a group of legs, all or nothing.

    Parameters
    ----------
    rows: int64[>= n], account, or -1 for the issuer: cash from it is issued, goods from it are
        produced, and what goes to it is withdrawn or consumed.
    assets: int64[>= n], -1 cash (minor units), 0..M-1 goods (lots).
    amounts: int64[>= n], signed; they sum to zero per asset. n: 1..32.
    respect_freezes: False for postings that even frozen accounts must bear (taxes, reversals).

    Returns
    -------
    RejectReason: 0, OUT_OF_RANGE, UNBALANCED, ACCOUNT_FROZEN, INSUFFICIENT_FUNDS,
    INSUFFICIENT_INVENTORY. A refused group changes nothing. Only free balances are touched and
    none may become negative.
    """
    reason = check_legs(ledger, rows, assets, amounts, n, respect_freezes)
    if reason != _OK:
        return reason
    for k in range(n):
        if rows[k] == _ISSUER:
            continue
        change = net_change(rows, assets, amounts, n, k)
        if assets[k] == _CASH:
            after = ledger.cash[rows[k]] + change
            if after < 0 and change < 0:
                return _FUNDS
            if after > limits.MONEY_MINOR_MAX:
                return _RANGE
        else:
            after = np.int64(ledger.stock[rows[k], assets[k]]) + change
            if after < 0 and change < 0:
                return _INVENTORY
            if after > _LOTS:
                return _RANGE
    for k in range(n):
        move(ledger, rows[k], assets[k], amounts[k])
    return _OK


@kernel
def transfer(ledger: LedgerColumns, source: int, target: int, asset: int, amount: int) -> int:
    """Move `amount` >= 0 of an asset between two rows (or the issuer, -1); both legs or none.

    The two-leg posting without arrays, for hot loops; freezes are the caller's business.
    Returns RejectReason: 0, INSUFFICIENT_FUNDS, INSUFFICIENT_INVENTORY, OUT_OF_RANGE.
    """
    if amount < 0:
        return _RANGE
    if source >= 0:
        if asset == _CASH:
            if ledger.cash[source] < amount:
                return _FUNDS
        elif ledger.stock[source, asset] < amount:
            return _INVENTORY
    if target >= 0 and asset != _CASH and ledger.stock[target, asset] + amount > _LOTS:
        return _RANGE
    move(ledger, source, asset, -amount)
    move(ledger, target, asset, amount)
    return _OK


@kernel
def create_credit(ledger: LedgerColumns, row: int, amount: int) -> int:
    """Credit a row with `amount` >= 0 (minor units) that the bank makes; 0 or OUT_OF_RANGE.

    The caller books an equal claim in the same breath: claims are the whole of bank money.
    """
    if amount < 0 or ledger.cash[row] + amount > limits.MONEY_MINOR_MAX:
        return _RANGE
    ledger.cash[row] += amount
    ledger.issued[_CREDIT] += amount
    return _OK


@kernel
def destroy_credit(ledger: LedgerColumns, row: int, amount: int) -> int:
    """Take `amount` >= 0 (minor units) of bank money out of the world, from a row's free cash.

    The caller ends an equal claim. Returns 0, INSUFFICIENT_FUNDS, or OUT_OF_RANGE when the bank
    never made that much.
    """
    if amount < 0 or amount > ledger.issued[_CREDIT]:
        return _RANGE
    if ledger.cash[row] < amount:
        return _FUNDS
    ledger.cash[row] -= amount
    ledger.issued[_CREDIT] -= amount
    return _OK


@kernel
def money_supply(ledger: LedgerColumns) -> int:
    """Return M in minor units: base money and the bank's."""
    return ledger.issued[_BASE] + ledger.issued[_CREDIT]


@kernel
def hold(ledger: LedgerColumns, row: int, asset: int, amount: int) -> int:
    """Move `amount` >= 0 from free to held; 0, INSUFFICIENT_FUNDS or INSUFFICIENT_INVENTORY."""
    if amount < 0:
        return _RANGE
    if asset == _CASH:
        if ledger.cash[row] < amount:
            return _FUNDS
        ledger.cash[row] -= amount
        ledger.cash_held[row] += amount
        return _OK
    if ledger.stock[row, asset] < amount:
        return _INVENTORY
    ledger.stock[row, asset] -= amount
    ledger.stock_held[row, asset] += amount
    return _OK


@kernel
def release(ledger: LedgerColumns, row: int, asset: int, amount: int) -> int:
    """Move `amount` >= 0 from held to free; 0, or OUT_OF_RANGE when less is held."""
    if amount < 0:
        return _RANGE
    if asset == _CASH:
        if ledger.cash_held[row] < amount:
            return _RANGE
        ledger.cash_held[row] -= amount
        ledger.cash[row] += amount
        return _OK
    if ledger.stock_held[row, asset] < amount:
        return _RANGE
    ledger.stock_held[row, asset] -= amount
    ledger.stock[row, asset] += amount
    return _OK


@kernel
def settle_held(ledger: LedgerColumns, row: int, target: int, asset: int, amount: int) -> int:
    """Pay `amount` >= 0 out of what `row` holds to the free balance of `target`.

    Returns 0, or OUT_OF_RANGE when less is held or the target would have too many lots.
    """
    if amount < 0 or (asset != _CASH and target >= 0
                      and ledger.stock[target, asset] + amount > _LOTS):  # fmt: skip
        return _RANGE
    if asset == _CASH:
        if ledger.cash_held[row] < amount:
            return _RANGE
        ledger.cash_held[row] -= amount
    else:
        if ledger.stock_held[row, asset] < amount:
            return _RANGE
        ledger.stock_held[row, asset] -= amount
    move(ledger, target, asset, amount)
    return _OK


@allocating
def column_sums(table: np.ndarray, first: int, rows: int, sums: np.ndarray) -> int:
    """Add the column sums of rows [first, rows) of int32[A, M] to `sums` (int64[M]).

    Returns the OR of all cells.

    Eight rows are added side by side as one long vector, which keeps the loop at the speed of
    memory for any M. The sign of the result is the OR of the sign bits.
    """
    markets = table.shape[1]
    flat = table.reshape(-1)
    width = markets * _LANES
    lanes = np.zeros(width, np.int64)
    signs = np.int32(0)
    begin = first * markets
    whole = (rows - first) // _LANES
    for block in range(whole):
        start = begin + block * width
        part = flat[start : start + width]
        for k in range(width):
            lanes[k] += part[k]
        for k in range(width):
            signs |= part[k]
    for k in range(width):
        sums[k % markets] += lanes[k]
    for k in range(begin + whole * width, rows * markets):
        sums[k % markets] += flat[k]
        signs |= flat[k]
    return signs


@allocating
def check_conservation(ledger: LedgerColumns, first_held: int, rows: int,
                       sums: np.ndarray) -> int:  # fmt: skip
    """Check that nothing appeared or vanished over the first `rows` accounts.

    Money: free plus held equals what central bank and bank issued. Goods: free plus held equals
    what entered minus what left, per market. No balance is negative.

    Parameters
    ----------
    first_held: int, rows below it hold no goods in orders and are not asked (0 = ask all).
    sums: int64[M + 1], overwritten: lots found per market, then money found.

    Returns
    -------
    0, or the bits MONEY_BROKEN, GOODS_BROKEN, NEGATIVE.
    """
    markets = ledger.stock.shape[1]
    sums[:] = 0
    money = np.int64(0)
    signs = np.int64(0)
    cash = ledger.cash
    cash_held = ledger.cash_held
    for row in range(rows):
        money += cash[row] + cash_held[row]
        signs |= cash[row] | cash_held[row]
    signs |= np.int64(column_sums(ledger.stock, 0, rows, sums))
    signs |= np.int64(column_sums(ledger.stock_held, first_held, rows, sums))
    sums[markets] = money
    faults = 0
    if money != money_supply(ledger):
        faults |= MONEY_BROKEN
    for m in range(markets):
        if sums[m] != ledger.goods_in[m] - ledger.goods_out[m]:
            faults |= GOODS_BROKEN
    if signs < 0:
        faults |= NEGATIVE
    return faults
