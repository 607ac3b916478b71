"""The id of an order that a site placed by rule: made of its number, and back."""

from __future__ import annotations

from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from economy_engine.order_terms import RULE_ORDER_FIRST
from worlds.rule_orders import order_id, order_seq


@given(st.integers(0, 2**50))
def test_number_and_id_stand_for_each_other(count: int):
    seq = RULE_ORDER_FIRST + count
    known_as = order_id(seq)
    assert known_as.version == 8
    assert known_as.variant == "specified in RFC 4122"
    assert order_seq(known_as) == seq
    assert UUID(str(known_as)) == known_as


@pytest.mark.parametrize(
    "other",
    [UUID(int=0), UUID(int=RULE_ORDER_FIRST), UUID("00000000-0000-8000-8000-000000000007"),
     UUID("00000000-0000-4000-8010-000000000007"), UUID("10000000-0000-8000-8010-000000000007")],
)  # fmt: skip
def test_other_ids_are_of_commands(other: UUID):
    assert order_seq(other) is None


def test_commands_ids_are_never_taken_for_a_rules():
    assert all(order_seq(uuid4()) is None for _ in range(1_000))
