"""The REST door of the markets: parse, call a service or selector, answer."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.conf import settings
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from markets import averages, messages, selectors, series, services
from markets.api import schema, schema_history
from worlds.api.base import ParticipantView, PublicWorldView, query_integer
from worlds.api.commands import command_answer
from worlds.api.errors import FieldError, Problem

CANDLES_DEFAULT = 300
ORDERS_DEFAULT = 100
POINTS_DEFAULT = 300
DAYS_NAMES_MAX = 32
REASONS_DEFAULT = 60
REASONS_MAX = 300
INT64_MAX = 2**63 - 1


class MarketListView(PublicWorldView):
    """All markets as they stand."""

    projection = "markets"

    @extend_schema(**schema.market_list)
    def get(self, request: Request) -> Response:
        """List the markets in the order of their goods."""
        return self.fresh({"data": selectors.markets(self.world)})


class MarketDetailView(PublicWorldView):
    """One market: figures, book, newest trades, candles."""

    projection = "markets"

    @extend_schema(**schema.market_detail)
    def get(self, request: Request, code: str) -> Response:
        """Read one market; `interval` is in ticks, or `day`."""
        interval = _interval(request)
        limit = query_integer(request, "limit", 1, selectors.CANDLES_MAX) or CANDLES_DEFAULT
        market = selectors.market_index(code, self.world.regions)
        if market is None:
            raise Problem("unknown_symbol")
        detail = selectors.market_detail(self.world, market)
        if detail is None:
            raise Problem("world_not_ready")
        candles = selectors.candles(self.world, market, interval, limit)
        shown = interval or "day"
        return self.fresh(detail | {"interval": shown, "candles": candles})


def _interval(request: Request) -> int:
    text = request.query_params.get("interval", "10")
    if text == "day":
        return selectors.DAY_INTERVAL
    known = {str(interval): interval for interval in selectors.CANDLE_INTERVALS}
    if text not in known:
        choices = ", ".join([*known, "day"])
        raise Problem.of_fields([FieldError("interval", "bad_enum", f"One of: {choices}.")])
    return known[text]


class MarketAttributionView(PublicWorldView):
    """Why a market's prices moved."""

    projection = "attributions"

    @extend_schema(**schema_history.market_attribution)
    def get(self, request: Request, code: str) -> Response:
        """Read the parts of the price changes; they sum to the change."""
        interval = _interval(request)
        limit = query_integer(request, "limit", 1, REASONS_MAX) or REASONS_DEFAULT
        market = selectors.market_index(code, self.world.regions)
        if market is None:
            raise Problem("unknown_symbol")
        found = series.attribution(self.world, market, interval, limit)
        return self.fresh({"market": code} | found)


class HistoryListView(PublicWorldView):
    """What has a history."""

    projection = "history"

    @extend_schema(**schema_history.history_list)
    def get(self, request: Request) -> Response:
        """List every indicator and market figure with unit and intervals."""
        return self.fresh({"data": series.catalogue(self.world.preset, self.world.regions)})


class HistoryDetailView(PublicWorldView):
    """One figure over time."""

    projection = "history"

    @extend_schema(**schema_history.history_detail)
    def get(self, request: Request, indicator: str) -> Response:
        """Read points, oldest first; without bounds the newest, with `from` alone the oldest."""
        found = series.SERIES.get(indicator)
        if found is None:
            raise Problem("not_found", "There is no such indicator.")
        market = _market_of(request, found, self.world.regions)
        interval = _interval_of(request, found, self.world.preset)
        window = _window(request)
        average = query_integer(request, "ma", 1, averages.WINDOW_MAX)
        data, cursor = series.points(self.world, found, market, interval, window, average)
        return self.fresh(
            {
                "indicator": indicator,
                "unit": found.unit,
                "market": request.query_params.get("market"),
                "interval": series.interval_word(interval),
                "data": data,
                "cursor": cursor,
                "meta": {"limit": window.limit},
            }
        )


def _market_of(request: Request, found: series.Series, regions: int) -> int:
    """The market that a series needs; refused for one that has none."""
    code = request.query_params.get("market")
    if not found.of_market:
        if code is not None:
            text = "This indicator is of the world as a whole."
            raise Problem.of_fields([FieldError("market", "unknown_field", text)])
        return series.WORLD
    if code is None:
        text = "This indicator needs a market."
        raise Problem.of_fields([FieldError("market", "missing_field", text)])
    market = selectors.market_index(code, regions)
    if market is None:
        raise Problem("unknown_symbol")
    return series.told_at(found, market)


def _interval_of(request: Request, found: series.Series, preset: str) -> int:
    """The interval asked for, or the shortest that the series has."""
    known = {str(series.interval_word(each)): each for each in series.intervals_of(found, preset)}
    text = request.query_params.get("interval")
    if text is None:
        return series.finest(found, preset)
    if text not in known:
        choices = ", ".join(known)
        raise Problem.of_fields([FieldError("interval", "bad_enum", f"One of: {choices}.")])
    return known[text]


def _window(request: Request) -> series.Window:
    """Bounds of a page; `before` and `after` continue from a cursor and stand for to and from."""
    first = query_integer(request, "from", 0, INT64_MAX)
    last = query_integer(request, "to", 0, INT64_MAX)
    before = query_integer(request, "before", 0, INT64_MAX)
    after = query_integer(request, "after", 0, INT64_MAX)
    limit = query_integer(request, "limit", 1, series.POINTS_MAX) or POINTS_DEFAULT
    if before is not None and after is not None:
        raise Problem.of_fields([FieldError("after", "out_of_range", "Not with `before`.")])
    if after is not None:
        first = after + 1 if first is None else max(first, after + 1)
    if before is not None:
        last = before - 1 if last is None else min(last, before - 1)
    if first is not None and last is not None and last < first:
        raise Problem.of_fields([FieldError("to", "out_of_range", "Before `from`.")])
    oldest = after is not None or (first is not None and before is None)
    return series.Window(first, last, limit, oldest)


class IndicatorListView(PublicWorldView):
    """The state of the economy."""

    projection = "history"

    @extend_schema(**schema.indicators)
    def get(self, request: Request) -> Response:
        """Read the newest value of every indicator; with `days` the newest days of some as well."""
        names = _names_of_days(request)
        answer = {"data": selectors.indicators(self.world)}
        if names:
            answer["days"] = series.sparks(self.world, names)
        return self.fresh(answer)


def _names_of_days(request: Request) -> list[str]:
    """The indicators named in `days`, without repeats."""
    text = request.query_params.get("days", "")
    names = list(dict.fromkeys(text.split(","))) if text else []
    unknown = [name for name in names if name not in series.SERIES or series.SERIES[name].column]
    if unknown or len(names) > DAYS_NAMES_MAX:
        said = f"At most {DAYS_NAMES_MAX} indicators, by comma."
        raise Problem.of_fields([FieldError("days", "bad_enum", said)])
    return names


class PortfolioView(ParticipantView):
    """What the caller has."""

    projection = "accounts"

    @extend_schema(**schema.portfolio)
    def get(self, request: Request) -> Response:
        """Read cash, holdings at the last prices, and their sum."""
        return self.fresh(selectors.portfolio_for_player(self.participant))


class OrderListView(ParticipantView):
    """The caller's orders."""

    projection = "accounts"
    limit_group = "orders"

    @extend_schema(**schema.order_list)
    def get(self, request: Request) -> Response:
        """List orders, newest first; `cursor.before` continues."""
        limit = query_integer(request, "limit", 1, selectors.ORDERS_MAX) or ORDERS_DEFAULT
        before = query_integer(request, "before", 1, INT64_MAX)
        query = {k: v for k, v in request.query_params.items() if k in ("status", "market")}
        chosen = messages.parse(messages.OrderListQuery, query, self.world.regions)
        rows = selectors.orders_for_player(
            self.participant,
            is_open=chosen.get("status", "open") == "open",
            market=chosen.get("market"),
            before=before,
            limit=limit + 1,
        )
        more = len(rows) > limit
        rows = rows[:limit]
        cursor = {"before": rows[-1]["seq"] if more else None}
        return self.fresh({"data": rows, "cursor": cursor, "meta": {"limit": limit}})

    @extend_schema(**schema.order_place)
    def post(self, request: Request) -> Response:
        """Place an order. 202 means durable, not decided."""
        data = messages.parse(messages.PlaceOrderMessage, request.data, self.world.regions)
        key = messages.idempotency_key(
            request.headers.get("Idempotency-Key"), data.get("client_order_id")
        )
        receipt = services.order_place(participant=self.participant, data=data, key=key)
        return submitted(request, self.participant, receipt)

    @extend_schema(**schema.orders_cancel)
    def delete(self, request: Request) -> Response:
        """Cancel all open orders, or those of one market."""
        query = {k: v for k, v in request.query_params.items() if k != "wait"}
        data = messages.parse(messages.CancelAllMessage, query, self.world.regions)
        key = messages.idempotency_key(request.headers.get("Idempotency-Key"), None)
        receipt = services.orders_cancel_all(participant=self.participant, data=data, key=key)
        return submitted(request, self.participant, receipt)


class OrderDetailView(ParticipantView):
    """One order of the caller."""

    projection = "accounts"
    limit_group = "orders"

    @extend_schema(**schema.order_detail)
    def get(self, request: Request, order_id: UUID) -> Response:
        """Read one order; somebody else's is not found."""
        order = selectors.order_for_player(self.participant, order_id)
        if order is None:
            raise Problem("order_not_found")
        return self.fresh({"order": order})

    @extend_schema(**schema.order_cancel)
    def delete(self, request: Request, order_id: UUID) -> Response:
        """Cancel one order. 202 means durable, not decided."""
        key = messages.idempotency_key(request.headers.get("Idempotency-Key"), None)
        receipt = services.order_cancel(
            participant=self.participant, data={"order": order_id}, key=key
        )
        return submitted(request, self.participant, receipt)


class ShipmentListView(ParticipantView):
    """The caller's goods between regions."""

    projection = "accounts"
    limit_group = "orders"

    @extend_schema(**schema.shipment_list)
    def get(self, request: Request) -> Response:
        """List shipments, newest first; `cursor.before` continues."""
        limit = query_integer(request, "limit", 1, selectors.ORDERS_MAX) or ORDERS_DEFAULT
        before = query_integer(request, "before", 1, INT64_MAX)
        rows = selectors.shipments_for_player(self.participant, before=before, limit=limit + 1)
        more = len(rows) > limit
        rows = rows[:limit]
        cursor = {"before": rows[-1]["id"] if more else None}
        return self.fresh({"data": rows, "cursor": cursor, "meta": {"limit": limit}})

    @extend_schema(**schema.shipment_send)
    def post(self, request: Request) -> Response:
        """Send goods to another region. 202 means durable, not decided."""
        data = messages.parse(messages.ShipGoodsMessage, request.data, self.world.regions)
        key = messages.idempotency_key(request.headers.get("Idempotency-Key"), None)
        receipt = services.shipment_send(participant=self.participant, data=data, key=key)
        return submitted(request, self.participant, receipt)


class ShipmentPreviewView(ParticipantView):
    """What a shipment would cost."""

    projection = "accounts"

    @extend_schema(**schema.shipment_preview)
    def post(self, request: Request) -> Response:
        """Work out toll, energy and arrival; nothing is sent."""
        data = messages.parse(messages.ShipGoodsMessage, request.data, self.world.regions)
        preview = services.shipment_preview(participant=self.participant, data=data)
        return self.fresh({"preview": preview})


class RouteListView(PublicWorldView):
    """Ways between the regions."""

    projection = "markets"

    @extend_schema(**schema.route_list)
    def get(self, request: Request) -> Response:
        """List all routes with delay, toll and tariffs; none in a world of one region."""
        return self.fresh({"data": selectors.routes(self.world)})


def submitted(request: Request, participant: Any, receipt: Any) -> Response:
    """The first answer, or with `?wait=result` the second one when it comes in time."""
    waits = request.query_params.get("wait")
    if waits not in (None, "result"):
        raise Problem.of_fields([FieldError("wait", "bad_enum", "One of: result.")])
    answer = {
        "command_id": str(receipt.command_id),
        "status": receipt.status,
        "repeated": receipt.repeated,
    }
    if waits or receipt.status != "accepted":
        seconds = settings.API_RESULT_WAIT_SECONDS if waits else 0.0
        answer |= command_answer(participant, receipt.command_id, seconds) or {}
    decided = answer["status"] != "accepted"
    response = Response(answer, status=status.HTTP_200_OK if decided else status.HTTP_202_ACCEPTED)
    response["Location"] = f"/api/commands/{receipt.command_id}"
    if receipt.repeated:
        response["Idempotent-Replayed"] = "true"
    return response
