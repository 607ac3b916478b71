"""No JSON and no bytes make the order door fail."""

from __future__ import annotations

import json

import pytest
from hypothesis import HealthCheck, event, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from tests.markets.support import (
    GOOD,
    OWNER,
    client_as,
    inbox_size,
)

pytestmark = pytest.mark.django_db


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=6,
)
NEAR = st.fixed_dictionaries(
    {
        "market": st.sampled_from(["OIL", "FOOD", "GOLD"]) | JSON,
        "side": st.sampled_from(["buy", "sell"]) | JSON,
        "type": st.sampled_from(["limit", "limit", "post_only", "market"]) | JSON,
        "quantity": st.sampled_from([1, 7, 0, -1, 2**31, 2**53 + 1, 2**63 - 1, 2**63, 1e300])
        | JSON,
        "price": st.sampled_from(["1", "0.001", "6.5", "-1", "9" * 30, "1e9", "٣", 1.5]) | JSON,
    },
    optional={
        "tif": st.sampled_from(["gtc", "ioc", "fok", "gtt"]) | JSON,
        "expires_in_ticks": st.integers(-1, 2**64) | JSON,
        "self_trade": st.sampled_from(["expire_maker", "decrement", "none"]) | JSON,
        "client_order_id": st.text(max_size=40) | JSON,
        "owner": JSON,
    },
)
VALID = st.builds(
    lambda order, n, code: GOOD | {"quantity": n, "market": code} | order,
    st.fixed_dictionaries(
        {},
        optional={
            "tif": st.sampled_from(["gtc", "ioc", "fok"]),
            "self_trade": st.sampled_from(["expire_maker", "expire_both", "decrement"]),
            "client_order_id": st.from_regex(r"\A[A-Za-z0-9._:-]{1,36}\Z"),
        },
    ),
    st.integers(1, 1_000_000_000),
    st.sampled_from(["OIL", "LITH", "FOOD"]),
)


@pytest.fixture
def door(market_world):
    """The owner's client, logged in once for many requests."""
    return client_as(OWNER)


@hypothesis_settings(
    max_examples=400,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(payload=NEAR | VALID | JSON, key=st.none() | st.text(max_size=120))
def test_no_json_makes_the_order_door_fail(door, payload, key):
    raw = json.dumps(payload).encode()
    headers = {}
    if key is not None and key.isascii() and key.isprintable():
        headers["Idempotency-Key"] = key
    before = inbox_size()
    response = door.post("/api/orders", raw, content_type="application/json", headers=headers)
    assert response.status_code < 500
    if response.status_code == 202:
        event("accepted")
        assert inbox_size() - before == (0 if response.json()["repeated"] else 1)
    else:
        event(response.json()["code"])
        assert inbox_size() == before


@hypothesis_settings(
    max_examples=100,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(raw=st.binary(max_size=200))
def test_no_bytes_make_the_order_door_fail(door, raw):
    response = door.post("/api/orders", raw, content_type="application/json")
    assert 400 <= response.status_code < 500
