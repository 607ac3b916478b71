"""Messages that come in: exact, bounded, and nothing unknown."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from economy_engine.limits import PRICE_MINOR_MAX, QUANTITY_LOTS_MAX
from economy_engine.order_terms import OrderType, SelfTrade, Side, TimeInForce
from economy_engine.units import credits_text
from markets.messages import (
    CancelAllMessage,
    CancelOrderMessage,
    PlaceOrderMessage,
    idempotency_key,
    parse,
)
from worlds.api.errors import Problem

GOOD = {"market": "OIL", "side": "buy", "type": "limit", "quantity": 4, "price": "6.001"}


def refused(message, payload) -> Problem:
    with pytest.raises(Problem) as caught:
        parse(message, payload)
    return caught.value


def test_a_limit_order_in_the_engines_numbers_and_client_units():
    assert parse(PlaceOrderMessage, GOOD | {"client_order_id": "a-1"}) == {
        "client_order_id": "a-1",
        "market": 0,
        "side": Side.BID,
        "type": OrderType.LIMIT,
        "tif": TimeInForce.GTC,
        "quantity": 4,
        "price": 6_001,
        "self_trade": SelfTrade.EXPIRE_TAKER,
    }


def test_a_market_order_is_ioc_unless_it_is_fok():
    plain = {"market": "TOOL", "side": "sell", "type": "market", "quantity": 1}
    assert parse(PlaceOrderMessage, plain)["tif"] == TimeInForce.IOC
    assert parse(PlaceOrderMessage, plain | {"tif": "fok"})["tif"] == TimeInForce.FOK


@pytest.mark.parametrize(
    ("change", "field", "code"),
    [
        ({"market": "GOLD"}, "market", "unknown_symbol"),
        ({"market": "oil"}, "market", "unknown_symbol"),
        ({"market": 0}, "market", "bad_type"),
        ({"market": ["OIL"]}, "market", "bad_type"),
        ({"side": "BUY"}, "side", "bad_enum"),
        ({"side": True}, "side", "bad_type"),
        ({"type": "stop"}, "type", "bad_enum"),
        ({"tif": "day"}, "tif", "bad_enum"),
        ({"tif": None}, "tif", "missing_field"),
        ({"self_trade": "none"}, "self_trade", "bad_enum"),
        ({"quantity": 0}, "quantity", "lot_size"),
        ({"quantity": -1}, "quantity", "lot_size"),
        ({"quantity": QUANTITY_LOTS_MAX + 1}, "quantity", "lot_size"),
        ({"quantity": 2**53 + 1}, "quantity", "lot_size"),
        ({"quantity": 2**63}, "quantity", "lot_size"),
        ({"quantity": 1.5}, "quantity", "bad_precision"),
        ({"quantity": 1.0}, "quantity", "bad_precision"),
        ({"quantity": "1"}, "quantity", "bad_type"),
        ({"quantity": True}, "quantity", "bad_type"),
        ({"quantity": None}, "quantity", "missing_field"),
        ({"quantity": [1]}, "quantity", "bad_type"),
        ({"price": 6}, "price", "bad_type"),
        ({"price": 6.001}, "price", "bad_type"),
        ({"price": "6.0001"}, "price", "bad_precision"),
        ({"price": "6.000000"}, "price", "bad_precision"),
        ({"price": "0"}, "price", "out_of_range"),
        ({"price": "-1"}, "price", "out_of_range"),
        ({"price": "1e3"}, "price", "bad_type"),
        ({"price": "+1"}, "price", "bad_type"),
        ({"price": " 1"}, "price", "bad_type"),
        ({"price": "1 "}, "price", "bad_type"),
        ({"price": "01"}, "price", "bad_type"),
        ({"price": "1,5"}, "price", "bad_type"),
        ({"price": ".5"}, "price", "bad_type"),
        ({"price": "٣"}, "price", "bad_type"),
        ({"price": "NaN"}, "price", "bad_type"),
        ({"price": ""}, "price", "bad_type"),
        ({"price": "9" * 16}, "price", "out_of_range"),
        ({"price": "9" * 400}, "price", "bad_type"),
        ({"price": credits_text(PRICE_MINOR_MAX + 1)}, "price", "out_of_range"),
        ({"price": None}, "price", "missing_field"),
        ({"client_order_id": ""}, "client_order_id", "out_of_range"),
        ({"client_order_id": "x" * 37}, "client_order_id", "out_of_range"),
        ({"client_order_id": "a b"}, "client_order_id", "out_of_range"),
        ({"client_order_id": "ä"}, "client_order_id", "out_of_range"),
        ({"client_order_id": 7}, "client_order_id", "bad_type"),
        ({"type": "market"}, "price", "out_of_range"),
        ({"type": "post_only", "tif": "ioc"}, "tif", "bad_enum"),
        ({"tif": "gtt"}, "expires_in_ticks", "missing_field"),
        ({"expires_in_ticks": 5}, "expires_in_ticks", "out_of_range"),
        ({"tif": "gtt", "expires_in_ticks": 0}, "expires_in_ticks", "out_of_range"),
        ({"owner": 1}, "owner", "unknown_field"),
        ({"participant": 1}, "participant", "unknown_field"),
        ({"status": "filled"}, "status", "unknown_field"),
        ({"filled": 4}, "filled", "unknown_field"),
        ({"id": "x"}, "id", "unknown_field"),
        ({"seq": 1}, "seq", "unknown_field"),
        ({"fee": "0"}, "fee", "unknown_field"),
    ],
)
def test_what_is_wrong_is_named_by_field_and_code(change, field, code):
    problem = refused(PlaceOrderMessage, GOOD | change)
    assert (field, code) in [(error.field, error.code) for error in problem.errors]
    assert 400 <= problem.status < 500


@pytest.mark.parametrize("name", ["market", "side", "type", "quantity", "price"])
def test_missing_fields_are_named(name):
    problem = refused(PlaceOrderMessage, {k: v for k, v in GOOD.items() if k != name})
    assert [(e.field, e.code) for e in problem.errors] == [(name, "missing_field")]


@pytest.mark.parametrize("payload", [None, [], "x", 1, 1.5, True])
def test_a_message_is_an_object(payload):
    assert refused(PlaceOrderMessage, payload).status == 400


@given(st.integers(1, PRICE_MINOR_MAX))
def test_prices_are_read_exactly(minor):
    assert parse(PlaceOrderMessage, GOOD | {"price": credits_text(minor)})["price"] == minor


def test_cancel_messages():
    text = "1b4e28ba-2fa1-41d2-883f-0016d3cca427"
    assert str(parse(CancelOrderMessage, {"order": text})["order"]) == text
    for bad in (text[:-1], text.replace("-", ""), "{" + text[1:-1] + "}", 1, None, ["x"]):
        assert refused(CancelOrderMessage, {"order": bad}).status == 400
    assert parse(CancelAllMessage, {}) == {}
    assert parse(CancelAllMessage, {"market": "LITH"}) == {"market": 1}
    assert refused(CancelAllMessage, {"market": None}).code == "missing_field"


def test_the_header_is_the_key_and_must_not_contradict_the_clients_id():
    assert idempotency_key(None, None) is None
    assert idempotency_key(None, "a") == "a"
    assert idempotency_key("k", None) == idempotency_key("k", "k") == "k"
    for header in ("", "x" * 101, "a b", "ä"):
        with pytest.raises(Problem):
            idempotency_key(header, None)
    with pytest.raises(Problem):
        idempotency_key("k", "other")
