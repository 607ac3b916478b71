"""Money, prices and lots: exact text, named rounding."""

from __future__ import annotations

from fractions import Fraction
from math import ceil, floor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from economy_engine import limits, units
from economy_engine.errors import RejectReason

amounts = st.integers(-limits.MONEY_MINOR_MAX, limits.MONEY_MINOR_MAX)


@given(amounts)
def test_credits_text_round_trip(amount: int) -> None:
    assert units.credits_parse(units.credits_text(amount)) == amount


@pytest.mark.parametrize(
    ("text", "minor"),
    [("0", 0), ("6.001", 6001), ("6.1", 6100), ("-0.001", -1), ("-12", -12000), ("0.05", 50)],
)
def test_credits_parse(text: str, minor: int) -> None:
    assert units.credits_parse(text) == minor


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("1.0001", RejectReason.BAD_PRECISION),
        ("9007199254740.993", RejectReason.OUT_OF_RANGE),
        *[
            (text, RejectReason.BAD_ENUM)
            for text in (
                "", " 1", "1 ", "+1", "01", "1.", ".5", "1e3", "NaN", "inf", "1_000", "-0",
                "-0.000", "٣", "１", "1,5", "0x1", "--1", "1\n",
            )
        ],
    ],
)  # fmt: skip
def test_credits_parse_refuses(text: str, reason: RejectReason) -> None:
    with pytest.raises(units.BadAmountError) as caught:
        units.credits_parse(text)
    assert caught.value.reason == reason


@given(st.integers(0, 2**62))
def test_fee_is_rounded_up(value: int) -> None:
    assert units.fee_minor_up(value) == ceil(Fraction(value * 5, 10_000))


@given(st.integers(1, limits.PRICE_MINOR_MAX), st.sampled_from([1, 2, 5, 10, 500, 50_000]))
def test_levels(price: int, increment: int) -> None:
    assert units.level_floor(price, increment) == floor(Fraction(price, increment))
    assert units.level_ceil(price, increment) == ceil(Fraction(price, increment))
    on_grid = price % increment == 0
    assert units.level_exact(price, increment) == (price // increment if on_grid else -1)


def test_level_exact_refuses_what_is_not_positive() -> None:
    assert units.level_exact(0, 5) == -1
    assert units.level_exact(-5, 5) == -1


@pytest.mark.parametrize(
    ("amount", "whole"),
    [(0.5, 1), (-0.5, -1), (1.4999, 1), (-1.5, -2), (2.5, 3), (0.49999999999999994, 0), (0.0, 0)],
)
def test_round_half_away(amount: float, whole: int) -> None:
    assert units.round_half_away(amount) == whole


@settings(deadline=None)
@given(st.floats(allow_nan=True, allow_infinity=True), st.sampled_from([1, 5, 100]))
def test_level_near_stays_on_the_ladder(price: float, increment: int) -> None:
    assert 1 <= units.level_near(price, increment, 128) <= 127


def test_increment_series() -> None:
    series = [1]
    while units.increment_next(series[-1]) != series[-1]:
        series.append(units.increment_next(series[-1]))
    assert series[:7] == [1, 2, 5, 10, 20, 50, 100]
    assert series[-1] == limits.PRICE_INCREMENT_MAX
    assert all(units.is_increment(each) for each in series)
    assert [units.increment_previous(each) for each in series[1:]] == series[:-1]
    assert not any(units.is_increment(each) for each in (0, -1, 3, 4, 15, 25, 100_000))


@pytest.mark.parametrize(
    ("price", "increment"), [(12_000, 1), (12_001, 2), (24_001, 5), (60_001, 10), (10**12, 50_000)]
)
def test_increment_for(price: int, increment: int) -> None:
    assert units.increment_for(price, 12_000) == increment


@given(st.integers(-5, 10**6), st.integers(1, 1000))
def test_lots_affordable(cash: int, price: int) -> None:
    lots = units.lots_affordable(cash, price)
    assert lots * price <= max(cash, 0) < (lots + 1) * price


def test_reject_reasons_have_words() -> None:
    for reason in RejectReason:
        assert reason.message.endswith(".")
        assert reason.code == reason.name.lower()
        assert reason == 0 or 2000 <= reason < 4000
        assert 200 <= reason.http_status < 600
    assert RejectReason.ENGINE_BUSY.temporary
    assert RejectReason.BAD_ENUM.http_status == 400
    assert RejectReason.INSUFFICIENT_FUNDS.http_status == 422
