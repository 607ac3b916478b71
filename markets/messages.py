"""Wire schema of both doors: strict messages that come in, and shapes that go out.

REST views and socket consumers parse with the same serializers. Unknown fields, numbers as text,
text as numbers, booleans as integers and anything out of range are refused here, before a command
exists. Prices and money are decimal strings in credits with at most three decimals; they are read
exactly. Codes of markets and enumerations are text; the engine's numbers never leave it.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping
from typing import Any

from rest_framework import serializers

from economy_engine.goods import REGION_LETTERS, market_numbers
from economy_engine.limits import PRICE_MINOR_MAX, QUANTITY_LOTS_MAX, SHIPMENT_LOTS_MAX
from economy_engine.order_terms import OrderType, SelfTrade, Side, TimeInForce
from economy_engine.units import BadAmountError, credits_parse
from worlds.api.errors import FieldError, Problem, field_errors

EXPIRES_IN_TICKS_MAX = 30 * 864_000
CLIENT_KEY = re.compile(r"[A-Za-z0-9._:-]{1,36}", re.ASCII)
IDEMPOTENCY_KEY = re.compile(r"[\x21-\x7e]{1,100}", re.ASCII)

SIDES: Mapping[str, int] = {"buy": Side.BID, "sell": Side.ASK}
TYPES: Mapping[str, int] = {
    "limit": OrderType.LIMIT,
    "market": OrderType.MARKET,
    "post_only": OrderType.POST_ONLY,
}
TIME_IN_FORCE: Mapping[str, int] = {
    "gtc": TimeInForce.GTC,
    "ioc": TimeInForce.IOC,
    "fok": TimeInForce.FOK,
    "gtt": TimeInForce.GTT,
}
SELF_TRADE: Mapping[str, int] = {
    "expire_taker": SelfTrade.EXPIRE_TAKER,
    "expire_maker": SelfTrade.EXPIRE_MAKER,
    "expire_both": SelfTrade.EXPIRE_BOTH,
    "decrement": SelfTrade.DECREMENT,
}


class IntegerField(serializers.IntegerField):
    """A JSON integer and nothing else: no booleans, floats or digits in quotes."""

    def __init__(self, *, low: int, high: int, range_code: str = "out_of_range", **kw: Any) -> None:
        self.low, self.high, self.range_code = low, high, range_code
        super().__init__(min_value=low, max_value=high, **kw)

    def run_validators(self, value: Any) -> None:
        """The range is checked where its code is known, in `to_internal_value`."""

    def to_internal_value(self, data: Any) -> int:
        if isinstance(data, float):
            raise serializers.ValidationError("Whole numbers only.", code="bad_precision")
        if not isinstance(data, int) or isinstance(data, bool):
            raise serializers.ValidationError("An integer is expected.", code="bad_type")
        if not self.low <= data <= self.high:
            text = f"Between {self.low} and {self.high}."
            raise serializers.ValidationError(text, code=self.range_code)
        return data


class PriceField(serializers.CharField):
    """Credits as a decimal string with at most three decimals; minor units inside."""

    def to_internal_value(self, data: Any) -> int:
        if not isinstance(data, str):
            text = 'A decimal string is expected, like "6.001".'
            raise serializers.ValidationError(text, code="bad_type")
        try:
            amount = credits_parse(data)
        except BadAmountError as error:
            codes = {"bad_precision", "out_of_range"}
            code = error.reason.code if error.reason.code in codes else "bad_type"
            raise serializers.ValidationError(str(error).capitalize() + ".", code=code) from None
        if not 0 < amount <= PRICE_MINOR_MAX:
            raise serializers.ValidationError("The price is out of range.", code="out_of_range")
        return amount

    def run_validation(self, data: Any = serializers.empty) -> Any:
        # CharField strips text and takes the empty string for missing before it validates.
        return serializers.Field.run_validation(self, data)


class CodeField(serializers.ChoiceField):
    """One of a few words, exactly as written; becomes the engine's number."""

    def __init__(self, numbers: Mapping[str, int], *, code: str = "bad_enum", **kw: Any) -> None:
        self.numbers, self.code = numbers, code
        super().__init__(choices=list(numbers), **kw)

    def to_internal_value(self, data: Any) -> int:
        if not isinstance(data, str):
            raise serializers.ValidationError("A string is expected.", code="bad_type")
        if data not in self.numbers:
            known = ", ".join(self.numbers)
            raise serializers.ValidationError(f"One of: {known}.", code=self.code)
        return int(self.numbers[data])


class KeyField(serializers.CharField):
    """The client's own id of an order: 1 to 36 characters of `A-Za-z0-9._:-`."""

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            raise serializers.ValidationError("A string is expected.", code="bad_type")
        if not CLIENT_KEY.fullmatch(data):
            text = "1 to 36 characters of A-Z a-z 0-9 . _ : -"
            raise serializers.ValidationError(text, code="out_of_range")
        return data

    def run_validation(self, data: Any = serializers.empty) -> Any:
        return serializers.Field.run_validation(self, data)


class CommandIdField(serializers.UUIDField):
    """A UUID in its canonical text."""

    def to_internal_value(self, data: Any) -> uuid.UUID:
        if isinstance(data, str) and len(data) == 36:
            try:
                return uuid.UUID(data)
            except ValueError:
                pass
        raise serializers.ValidationError("A UUID is expected.", code="bad_type")


class StrictSerializer(serializers.Serializer):
    """A message that refuses what it does not know."""

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        if not isinstance(data, Mapping):
            _refuse("non_field_errors", "An object is expected.", "bad_type")
        unknown = [name for name in data if name not in self.fields]
        if unknown:
            text = "This field is not known here."
            detail = {
                str(name)[:40]: [serializers.ErrorDetail(text, code="unknown_field")]
                for name in unknown[:20]
            }
            raise serializers.ValidationError(detail)
        return super().to_internal_value(data)


class MarketField(CodeField):
    """A market's code in the world that the message is for; becomes its number."""

    def __init__(self, **kw: Any) -> None:
        super().__init__(market_numbers(1), code="unknown_symbol", **kw)

    def to_internal_value(self, data: Any) -> int:
        numbers = market_numbers(self.context.get("regions", 1))
        if isinstance(data, str) and data in numbers:
            return numbers[data]
        if not isinstance(data, str):
            raise serializers.ValidationError("A string is expected.", code="bad_type")
        raise serializers.ValidationError(f"One of: {', '.join(numbers)}.", code=self.code)


class PlaceOrderMessage(StrictSerializer):
    """`order.place` and `POST /api/orders`."""

    client_order_id = KeyField(required=False)
    market = MarketField()
    side = CodeField(SIDES)
    type = CodeField(TYPES)
    tif = CodeField(TIME_IN_FORCE, required=False)
    quantity = IntegerField(low=1, high=QUANTITY_LOTS_MAX, range_code="lot_size")
    price = PriceField(required=False)
    expires_in_ticks = IntegerField(low=1, high=EXPIRES_IN_TICKS_MAX, required=False)
    self_trade = CodeField(SELF_TRADE, required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Fill in what is implied, and refuse combinations without a meaning."""
        market = attrs["type"] == OrderType.MARKET
        attrs.setdefault("tif", int(TimeInForce.IOC if market else TimeInForce.GTC))
        attrs.setdefault("self_trade", int(SelfTrade.EXPIRE_TAKER))
        if market and "price" in attrs:
            _refuse("price", "A market order has no price.", "out_of_range")
        if not market and "price" not in attrs:
            _refuse("price", "This order needs a price.", "missing_field")
        immediate = attrs["tif"] in (TimeInForce.IOC, TimeInForce.FOK)
        if market and not immediate:
            _refuse("tif", "A market order is ioc or fok.", "bad_enum")
        if attrs["type"] == OrderType.POST_ONLY and immediate:
            _refuse("tif", "A post-only order is gtc or gtt.", "bad_enum")
        timed = attrs["tif"] == TimeInForce.GTT
        if timed and "expires_in_ticks" not in attrs:
            _refuse("expires_in_ticks", "gtt needs a duration.", "missing_field")
        if not timed and "expires_in_ticks" in attrs:
            _refuse("expires_in_ticks", "Only gtt has a duration.", "out_of_range")
        return attrs


class CancelOrderMessage(StrictSerializer):
    """`order.cancel`: the order is named by the id of its command."""

    order = CommandIdField()


class CancelAllMessage(StrictSerializer):
    """`order.cancel_all`, in one market or in all of them."""

    market = MarketField(required=False)


class ShipGoodsMessage(StrictSerializer):
    """`POST /api/shipments`: goods of a market to another region."""

    market = MarketField()
    region = CodeField({letter: place for place, letter in enumerate(REGION_LETTERS)})
    quantity = IntegerField(low=1, high=SHIPMENT_LOTS_MAX, range_code="lot_size")


class OrderListQuery(StrictSerializer):
    """Query of `GET /api/orders`; values arrive as text."""

    status = CodeField({"open": 1, "all": 0}, required=False)
    market = MarketField(required=False)
    limit = serializers.RegexField(r"^[1-9][0-9]{0,3}\Z", required=False)
    before = serializers.RegexField(r"^[1-9][0-9]{0,17}\Z", required=False)
    min_commit = serializers.RegexField(r"^[0-9]{1,18}\Z", required=False)


def _refuse(field: str, text: str, code: str) -> None:
    raise serializers.ValidationError({field: [serializers.ErrorDetail(text, code=code)]})


def parse(message: type[StrictSerializer], payload: Any, regions: int = 1) -> dict[str, Any]:
    """Validate a payload against a message class, for a world of so many regions.

    Returns its fields in the engine's numbers and client units. Raises `Problem` with one
    `FieldError` per fault.
    """
    if not isinstance(payload, Mapping):
        raise Problem.of_fields([FieldError("", "bad_type", "An object is expected.")])
    serializer = message(data=payload, context={"regions": regions})
    if not serializer.is_valid():
        raise Problem.of_fields(list(field_errors(serializer.errors)))
    return dict(serializer.validated_data)


def idempotency_key(header: str | None, client_order_id: str | None) -> str | None:
    """The key of a request: the `Idempotency-Key` header, or the client's order id.

    Raises `Problem` when the header is malformed or contradicts the client's order id.
    """
    if header is None:
        return client_order_id
    if not IDEMPOTENCY_KEY.fullmatch(header):
        fault = FieldError("Idempotency-Key", "out_of_range", "1 to 100 printable characters.")
        raise Problem.of_fields([fault])
    if client_order_id is not None and client_order_id != header:
        fault = FieldError("client_order_id", "out_of_range", "Differs from Idempotency-Key.")
        raise Problem.of_fields([fault])
    return header
