"""Shapes of answers over time, indicators and reasons, for the OpenAPI document."""

from __future__ import annotations

from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers

from markets.api.schema import CODE, CODE_HELP, INTERVALS, READ
from worlds.api.schema import MIN_COMMIT, FreshSerializer, query, responses


class SeriesSerializer(serializers.Serializer):
    """A figure that has a history."""

    name = serializers.CharField()
    title = serializers.CharField()
    unit = serializers.CharField()
    of_market = serializers.BooleanField()
    of_region = serializers.BooleanField(help_text="Any market of the region names it.")
    intervals = serializers.ListField(help_text="Ticks of a bucket, or `day`.")


class HistoryListSerializer(FreshSerializer):
    """All figures that have a history."""

    data = SeriesSerializer(many=True)


class PointSerializer(serializers.Serializer):
    """A bucket of ticks from `t` on. Numbers are decimal strings; money is in credits."""

    t = serializers.IntegerField()
    v = serializers.CharField(help_text="The newest value in the bucket.")
    mean = serializers.CharField()
    low = serializers.CharField()
    high = serializers.CharField()
    n = serializers.IntegerField(help_text="Values in the bucket.")
    sma = serializers.CharField(
        required=False, allow_null=True, help_text="With `ma`: null before there are so many."
    )
    ema = serializers.CharField(required=False, help_text="With `ma`.")


class FeedCursorSerializer(serializers.Serializer):
    """Where the pages beside this one begin; `after` stays at the newest point."""

    before = serializers.IntegerField(allow_null=True)
    after = serializers.IntegerField(allow_null=True)


class PageLimitSerializer(serializers.Serializer):
    """The bound of a page of points."""

    limit = serializers.IntegerField()


class HistorySerializer(FreshSerializer):
    """One figure over time, oldest first."""

    indicator = serializers.CharField()
    unit = serializers.CharField()
    market = serializers.CharField(allow_null=True)
    interval = serializers.CharField()
    data = PointSerializer(many=True)
    cursor = FeedCursorSerializer()
    meta = PageLimitSerializer()


class MidReasonsSerializer(serializers.Serializer):
    """Parts of the change of the mid, log points; order flow is what the others leave."""

    change = serializers.CharField()
    balance = serializers.CharField(help_text="Demand against supply.")
    wages = serializers.CharField()
    inputs = serializers.CharField()
    scarcity = serializers.CharField()
    news = serializers.CharField()
    order_flow = serializers.CharField()


class ReferenceReasonsSerializer(serializers.Serializer):
    """Parts of the change of the reference price, log points."""

    change = serializers.CharField()
    balance = serializers.CharField()
    past_trading = serializers.CharField()


class ValueReasonsSerializer(serializers.Serializer):
    """Parts of the change of the fundamental value with public news, log points."""

    change = serializers.CharField()
    balance = serializers.CharField()
    wages = serializers.CharField()
    inputs = serializers.CharField()
    scarcity = serializers.CharField()
    news = serializers.CharField()
    past_trading = serializers.CharField()


class ReasonsSerializer(serializers.Serializer):
    """Why prices moved: three changes, each the sum of its parts."""

    mid = MidReasonsSerializer()
    reference = ReferenceReasonsSerializer()
    value = ValueReasonsSerializer()


class ReasonsRowSerializer(ReasonsSerializer):
    """One bucket of ticks from `t` on."""

    t = serializers.IntegerField()


class AttributionSerializer(FreshSerializer):
    """Why a market's prices moved, per bucket and over all buckets shown."""

    market = serializers.CharField()
    interval = serializers.CharField()
    data = ReasonsRowSerializer(many=True)
    total = ReasonsSerializer()


market_attribution = {
    "operation_id": "markets_attribution",
    "parameters": [
        CODE,
        query("interval", str, "Ticks of a bucket, or `day`.", enum=INTERVALS, default="10"),
        query("limit", int, "Buckets, 1 to 300; 60 by default."),
        MIN_COMMIT,
    ],
    "responses": responses({200: AttributionSerializer}, *READ),
}
history_list = {
    "operation_id": "history_list",
    "parameters": [MIN_COMMIT],
    "responses": responses({200: HistoryListSerializer}, *READ),
}
history_detail = {
    "operation_id": "history_read",
    "parameters": [
        OpenApiParameter("indicator", str, OpenApiParameter.PATH),
        query("market", str, f"For figures of a market. {CODE_HELP}"),
        query("interval", str, "Ticks of a bucket, or `day`; the finest by default.",
              enum=INTERVALS),
        query("from", int, "First tick."),
        query("to", int, "Last tick."),
        query("before", int, "`cursor.before` of the page after this one."),
        query("after", int, "`cursor.after` of the page before this one."),
        query("limit", int, "Points, 1 to 1,000; 300 by default."),
        query("ma", int, "Window of moving averages, 1 to 200."),
        MIN_COMMIT,
    ],
    "responses": responses({200: HistorySerializer}, *READ),
}  # fmt: skip
