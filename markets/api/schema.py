"""Shapes of the markets' answers for the OpenAPI document."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers

from markets import messages, selectors
from worlds.api.schema import (
    KEY,
    MIN_COMMIT,
    WAIT,
    CommandSerializer,
    FreshSerializer,
    query,
    responses,
)

MARKET_CODE = r"^[A-Z0-9]{2,4}(\.[NSEW])?$"
CODE_HELP = (
    "Code of a market: `OIL LITH RARE WATR LAND CO2 IP FOOD ENRG TOOL`, in a world of several "
    "regions with the letter of one of them, like `OIL.N`."
)
READ = (400, 404, 409, 429, 503)
_OWN = (400, 401, 403, 404, 409, 429, 503)
_WRITE = (400, 401, 403, 404, 409, 411, 413, 422, 429, 503)


def _credits(**kwargs: Any) -> serializers.CharField:
    return serializers.CharField(help_text="Credits, exactly three decimals.", **kwargs)


class AuctionSerializer(serializers.Serializer):
    """A running call auction; one price for everybody at its end."""

    ends_tick = serializers.IntegerField(help_text="Trading goes on after this tick.")
    reference = _credits()
    price = _credits(allow_null=True)
    quantity = serializers.IntegerField(help_text="Lots that would trade at `price` now.")
    imbalance = serializers.IntegerField(help_text="Lots bid less lots offered at `price`.")


class MarketSerializer(serializers.Serializer):
    """One market; day figures cover the last 864,000 ticks."""

    code = serializers.CharField(help_text="With a region's letter when there are several.")
    region = serializers.CharField(allow_null=True, help_text="`N`, `S`, `E` or `W`.")
    name = serializers.CharField()
    last = _credits()
    bid = _credits(allow_null=True)
    ask = _credits(allow_null=True)
    bid_depth = serializers.IntegerField()
    ask_depth = serializers.IntegerField()
    change = serializers.CharField(help_text="Fraction over the last 30 game days.")
    high = _credits()
    low = _credits()
    volume = serializers.IntegerField()
    value = _credits()
    trades = serializers.IntegerField()
    equilibrium_price = _credits(allow_null=True)
    state = serializers.ChoiceField(["open", "auction", "halted"])
    auction = AuctionSerializer(allow_null=True)
    increment = _credits()
    lot = serializers.IntegerField()


class BookSerializer(serializers.Serializer):
    """Levels [price, lots], best first; prices are multiples of `increment`."""

    market = serializers.CharField()
    increment = _credits()
    commit = serializers.IntegerField()
    bids = serializers.ListField(child=serializers.ListField())
    asks = serializers.ListField(child=serializers.ListField())


class TradeSerializer(serializers.Serializer):
    """A public trade."""

    id = serializers.IntegerField()
    price = _credits()
    qty = serializers.IntegerField()
    side = serializers.ChoiceField(["buy", "sell"])
    tick = serializers.IntegerField()


class CandleSerializer(serializers.Serializer):
    """A bucket of ticks; `t` is its first."""

    t = serializers.IntegerField()
    o = _credits()
    h = _credits()
    l = _credits()  # noqa: E741 - the usual four letters
    c = _credits()
    v = serializers.IntegerField()
    closed = serializers.BooleanField()


class MarketListSerializer(FreshSerializer):
    """All markets."""

    data = MarketSerializer(many=True)


class MarketReadSerializer(FreshSerializer):
    """One market, its book, its newest trades and its candles."""

    market = MarketSerializer()
    book = BookSerializer()
    trades = TradeSerializer(many=True)
    interval = serializers.CharField()
    candles = CandleSerializer(many=True)


class IndicatorSerializer(FreshSerializer):
    """The newest value of every indicator, decimal strings."""

    data = serializers.DictField()
    days = serializers.DictField(
        required=False, help_text="By name [[tick, value], ...], of markets by name and code."
    )


class HoldingSerializer(serializers.Serializer):
    """Lots of one good."""

    market = serializers.CharField()
    available = serializers.IntegerField()
    held = serializers.IntegerField()
    value = _credits()


class CashSerializer(serializers.Serializer):
    """Free and held cash."""

    available = _credits()
    held = _credits()


class PortfolioSerializer(FreshSerializer):
    """What a participant has."""

    cash = CashSerializer()
    holdings = HoldingSerializer(many=True)
    net_worth = _credits()


class OrderSerializer(serializers.Serializer):
    """An order after its last event."""

    id = serializers.UUIDField()
    seq = serializers.IntegerField()
    market = serializers.CharField()
    side = serializers.ChoiceField(["buy", "sell"])
    type = serializers.ChoiceField(list(messages.TYPES))
    tif = serializers.ChoiceField(list(messages.TIME_IN_FORCE))
    price = _credits(allow_null=True)
    quantity = serializers.IntegerField()
    filled = serializers.IntegerField()
    left = serializers.IntegerField()
    status = serializers.CharField()
    reason = serializers.CharField(allow_null=True)
    average_price = _credits(allow_null=True)
    fee = _credits()
    tick = serializers.IntegerField()
    updated_tick = serializers.IntegerField()


class CursorSerializer(serializers.Serializer):
    """Where the next page begins; null when there is none."""

    before = serializers.IntegerField(allow_null=True)


class PageSerializer(serializers.Serializer):
    """The page's bound."""

    limit = serializers.IntegerField()


class OrderListSerializer(FreshSerializer):
    """A page of orders, newest first."""

    data = OrderSerializer(many=True)
    cursor = CursorSerializer()
    meta = PageSerializer()


class OrderReadSerializer(FreshSerializer):
    """One order."""

    order = OrderSerializer()


class PlaceOrderSerializer(serializers.Serializer):
    """An order as it is sent. Unknown fields are refused."""

    client_order_id = serializers.CharField(required=False, max_length=36)
    market = serializers.RegexField(MARKET_CODE, help_text=CODE_HELP)
    side = serializers.ChoiceField(list(messages.SIDES))
    type = serializers.ChoiceField(list(messages.TYPES))
    tif = serializers.ChoiceField(list(messages.TIME_IN_FORCE), required=False)
    quantity = serializers.IntegerField(min_value=1, max_value=messages.QUANTITY_LOTS_MAX)
    price = serializers.CharField(
        required=False, help_text="Credits, at most three decimals; not for market orders."
    )
    expires_in_ticks = serializers.IntegerField(
        required=False, min_value=1, max_value=messages.EXPIRES_IN_TICKS_MAX
    )
    self_trade = serializers.ChoiceField(list(messages.SELF_TRADE), required=False)


class ShipmentSerializer(serializers.Serializer):
    """Goods between two regions; `from` and `to` are codes of markets."""

    id = serializers.IntegerField()
    status = serializers.ChoiceField(["in_transit", "arrived"])
    quantity = serializers.IntegerField()
    energy_lots = serializers.IntegerField(help_text="Own energy that the way took.")
    charged = _credits()
    tick = serializers.IntegerField()
    arrives_tick = serializers.IntegerField()

    def get_fields(self) -> dict[str, Any]:
        """`from` is a word of the language, so the two ends are added by name."""
        return super().get_fields() | {
            "from": serializers.CharField(),
            "to": serializers.CharField(),
        }


class ShipmentListSerializer(FreshSerializer):
    """A page of shipments."""

    data = ShipmentSerializer(many=True)
    cursor = CursorSerializer()
    meta = PageSerializer()


class ShipmentQuoteSerializer(serializers.Serializer):
    """The cost of a shipment at the prices of now."""

    energy = serializers.CharField(help_text="Lots of energy, three decimals.")
    energy_lots = serializers.IntegerField(help_text="Of them out of the own stock.")
    carrier = _credits()
    toll = _credits()
    tariff = _credits()
    charged = _credits()
    arrives_tick = serializers.IntegerField()
    covered = serializers.BooleanField(help_text="Whether goods and cash at hand are enough.")


class ShipmentPreviewSerializer(FreshSerializer):
    """A preview and where it stands."""

    preview = ShipmentQuoteSerializer()


class RouteSerializer(serializers.Serializer):
    """A way between two regions; rates are fractions of the goods' value with four decimals."""

    open = serializers.BooleanField()
    delay_ticks = serializers.IntegerField()
    toll = serializers.CharField()
    tariffs = serializers.DictField(child=serializers.CharField())
    carrier_margin = serializers.CharField()

    def get_fields(self) -> dict[str, Any]:
        """`from` is a word of the language, so the two ends are added by name."""
        return super().get_fields() | {
            "from": serializers.CharField(),
            "to": serializers.CharField(),
        }


class RouteListSerializer(FreshSerializer):
    """All routes."""

    data = RouteSerializer(many=True)


class ShipGoodsSerializer(serializers.Serializer):
    """A shipment as it is sent. Unknown fields are refused."""

    market = serializers.RegexField(MARKET_CODE, help_text=CODE_HELP)
    region = serializers.ChoiceField(["N", "S", "E", "W"], help_text="Where the goods shall go.")
    quantity = serializers.IntegerField(min_value=1, max_value=messages.SHIPMENT_LOTS_MAX)


INTERVALS = [str(interval) for interval in selectors.CANDLE_INTERVALS] + ["day"]
CODE = OpenApiParameter("code", str, OpenApiParameter.PATH, description=CODE_HELP)

market_list = {
    "operation_id": "markets_list",
    "parameters": [MIN_COMMIT],
    "responses": responses({200: MarketListSerializer}, *READ),
}
market_detail = {
    "operation_id": "markets_read",
    "parameters": [
        CODE,
        query("interval", str, "Ticks of a candle, or `day`.", enum=INTERVALS, default="10"),
        query("limit", int, "Candles, 1 to 1,000; 300 by default."),
        MIN_COMMIT,
    ],
    "responses": responses({200: MarketReadSerializer}, *READ),
}
indicators = {
    "operation_id": "indicators_read",
    "parameters": [
        query("days", str, "Indicators by comma: of each its newest sixty days as well."),
        MIN_COMMIT,
    ],
    "responses": responses({200: IndicatorSerializer}, *READ),
}
portfolio = {
    "operation_id": "portfolio_read",
    "parameters": [MIN_COMMIT],
    "responses": responses({200: PortfolioSerializer}, *_OWN),
}
order_list = {
    "operation_id": "orders_list",
    "parameters": [
        query("status", str, "`open` by default.", enum=["open", "all"]),
        query("market", str, "Only this market."),
        query("limit", int, "1 to 500; 100 by default."),
        query("before", int, "`cursor.before` of the page before this one."),
        MIN_COMMIT,
    ],
    "responses": responses({200: OrderListSerializer}, *_OWN),
}
order_place = {
    "operation_id": "orders_place",
    "parameters": [KEY, WAIT],
    "request": PlaceOrderSerializer,
    "responses": responses({200: CommandSerializer, 202: CommandSerializer}, *_WRITE),
}
orders_cancel = {
    "operation_id": "orders_cancel_all",
    "parameters": [
        query("market", str, "Only this market."),
        KEY,
        WAIT,
    ],
    "responses": responses({200: CommandSerializer, 202: CommandSerializer}, *_OWN),
}
order_detail = {
    "operation_id": "orders_read",
    "parameters": [MIN_COMMIT],
    "responses": responses({200: OrderReadSerializer}, *_OWN),
}
order_cancel = {
    "operation_id": "orders_cancel",
    "parameters": [KEY, WAIT],
    "responses": responses({200: CommandSerializer, 202: CommandSerializer}, *_OWN),
}
shipment_list = {
    "operation_id": "shipments_list",
    "parameters": [
        query("limit", int, "1 to 500; 100 by default."),
        query("before", int, "`cursor.before` of the page before this one."),
        MIN_COMMIT,
    ],
    "responses": responses({200: ShipmentListSerializer}, *_OWN),
}
shipment_send = {
    "operation_id": "shipments_send",
    "parameters": [KEY, WAIT],
    "request": ShipGoodsSerializer,
    "responses": responses({200: CommandSerializer, 202: CommandSerializer}, *_WRITE),
}
shipment_preview = {
    "operation_id": "shipments_preview",
    "parameters": [MIN_COMMIT],
    "request": ShipGoodsSerializer,
    "responses": responses({200: ShipmentPreviewSerializer}, *_WRITE),
}
route_list = {
    "operation_id": "routes_list",
    "parameters": [MIN_COMMIT],
    "responses": responses({200: RouteListSerializer}, *READ),
}
