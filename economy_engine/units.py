"""Integer money, price and quantity; the only place where anything is rounded.

Money is int64 minor units (1 credit = 100 cents = 1,000 minor). A price is minor units per lot. A
level is a price counted in the market's `price_increment` and exists only inside books. A quantity
is whole lots. Every rounding has a rule with a name:

- *fee up*: fees are rounded up to the next minor unit (`fee_minor_up`), never down;
- *bid down, ask up*: a price between two levels moves away from the other side
  (`level_floor` for bids, `level_ceil` for asks), so a limit is never made worse for its owner;
- *nearest, half away from zero*: model figures that become money or prices (`round_half_away`);
- *floor*: lots that a sum of money can buy (`lots_affordable`).

Text carries credits with exactly three decimals and is parsed exactly; nothing is rounded there.
"""

from __future__ import annotations

import re

from economy_engine.errors import RejectReason
from economy_engine.jit import inlined, kernel
from economy_engine.limits import (
    BPS,
    FEE_DIVISOR,
    MONEY_MINOR_MAX,
    PRICE_INCREMENT_MAX,
)

MINOR_PER_CREDIT = 1_000
CREDIT_DECIMALS = 3
ENERGY_MILLI = 1_000  # freight is counted in thousandths of a lot of energy

_CREDITS = re.compile(r"-?(0|[1-9][0-9]{0,15})(\.[0-9]+)?", re.ASCII)


class BadAmountError(ValueError):
    """Raised for a text that is no amount of credits; carries the reason for the door."""

    def __init__(self, reason: RejectReason, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason


@inlined
def fee_minor_up(value_minor: int) -> int:
    """Return the seller's fee for a trade of `value_minor` (int64, minor units, >= 0).

    Rule *fee up*: 5 basis points, rounded up to a whole minor unit; 0 only for a value of 0.
    """
    return (value_minor + FEE_DIVISOR - 1) // FEE_DIVISOR


@kernel
def share_up(value_minor: int, rate_bps: int) -> int:
    """Return `rate_bps` basis points of a value (int64, >= 0), up, without overflow. Rule *fee up*.

    Tolls and tariffs are such shares.
    """
    whole, rest = value_minor // BPS, value_minor % BPS
    return whole * rate_bps + (rest * rate_bps + BPS - 1) // BPS


@kernel
def carrier_price(energy_milli: int, energy_price_minor: int, margin_bps: int) -> int:
    """Return what the carrier asks for thousandths of a lot of energy (int64). Rule *fee up*."""
    cost = (energy_milli * energy_price_minor + ENERGY_MILLI - 1) // ENERGY_MILLI
    return cost + share_up(cost, margin_bps)


@kernel
def lots_affordable(cash_minor: int, price_minor: int) -> int:
    """Return how many lots `cash_minor` buys at `price_minor` > 0. Rule *floor*."""
    if cash_minor <= 0:
        return 0
    return cash_minor // price_minor


@kernel
def level_floor(price_minor: int, increment: int) -> int:
    """Return the highest level not above `price_minor` (int, minor units). Rule *bid down*."""
    return price_minor // increment


@kernel
def level_ceil(price_minor: int, increment: int) -> int:
    """Return the lowest level not below `price_minor` (int, minor units). Rule *ask up*."""
    return -((-price_minor) // increment)


@kernel
def level_exact(price_minor: int, increment: int) -> int:
    """Return the level of a price on the grid, or -1 when it is off the grid or not positive."""
    if price_minor <= 0 or price_minor % increment != 0:
        return -1
    return price_minor // increment


@kernel
def price_of_level(level: int, increment: int) -> int:
    """Return the price in minor units of a level (int64)."""
    return level * increment


@kernel
def round_half_away(amount: float) -> int:
    """Return the nearest integer of a float64, halves away from zero.

    Used where a figure of the model becomes money, a price or lots. `amount` must be below 2**53.
    """
    if amount >= 0.0:
        whole = int(amount)
        return whole + 1 if amount - whole >= 0.5 else whole
    whole = int(-amount)
    return -(whole + 1) if -amount - whole >= 0.5 else -whole


@kernel
def level_near(price_minor: float, increment: int, levels: int) -> int:
    """Return the level nearest to a model price (float64 minor units), kept in 1..levels-1."""
    if not price_minor > 0.0:
        return 1
    if price_minor >= float(increment) * float(levels - 1):
        return levels - 1
    level = round_half_away(price_minor / increment)
    return max(level, 1)


@kernel
def is_increment(increment: int) -> bool:
    """Return True for a member of the series 1, 2, 5, 10, 20, 50, ... up to the bound."""
    if increment < 1 or increment > PRICE_INCREMENT_MAX:
        return False
    while increment % 10 == 0:
        increment //= 10
    return increment == 1 or increment == 2 or increment == 5


@kernel
def increment_next(increment: int) -> int:
    """Return the next coarser increment of the 1-2-5 series, or the same at the bound."""
    lead = increment
    while lead % 10 == 0:
        lead //= 10
    coarser = increment // 2 * 5 if lead == 2 else increment * 2
    return coarser if coarser <= PRICE_INCREMENT_MAX else increment


@kernel
def increment_previous(increment: int) -> int:
    """Return the next finer increment of the 1-2-5 series, or 1 at the end."""
    if increment <= 1:
        return 1
    lead = increment
    while lead % 10 == 0:
        lead //= 10
    return increment // 5 * 2 if lead == 5 else increment // 2


@kernel
def increment_for(price_minor: int, levels_max: int) -> int:
    """Return the smallest increment that puts a price at `levels_max` increments or less."""
    increment = 1
    while price_minor > levels_max * increment:
        coarser = increment_next(increment)
        if coarser == increment:
            break
        increment = coarser
    return increment


def credits_text(amount_minor: int) -> str:
    """Return an amount as credits with exactly three decimals: 6001 -> '6.001'."""
    amount = int(amount_minor)
    sign = "-" if amount < 0 else ""
    whole, rest = divmod(abs(amount), MINOR_PER_CREDIT)
    return f"{sign}{whole}.{rest:03d}"


def credits_parse(text: str) -> int:
    """Return the minor units of a text in credits, exactly.

    At most three decimals, no exponent, no plus sign, no spaces, no leading zeros, ASCII digits
    only; '-0' in any form is refused.

    Raises
    ------
    BadAmountError: BAD_PRECISION for more decimals than the unit has, OUT_OF_RANGE above the
        bound of money, BAD_ENUM for anything that is not such a number.
    """
    if not isinstance(text, str) or not _CREDITS.fullmatch(text):
        raise BadAmountError(RejectReason.BAD_ENUM, "not a decimal number of credits")
    whole, _, decimals = text.partition(".")
    if len(decimals) > CREDIT_DECIMALS:
        raise BadAmountError(RejectReason.BAD_PRECISION, "more than three decimals")
    amount = int(whole.lstrip("-")) * MINOR_PER_CREDIT + int(decimals.ljust(CREDIT_DECIMALS, "0"))
    if amount > MONEY_MINOR_MAX:
        raise BadAmountError(RejectReason.OUT_OF_RANGE, "amount too large")
    if whole.startswith("-"):
        if amount == 0:
            raise BadAmountError(RejectReason.BAD_ENUM, "negative zero")
        return -amount
    return amount
