"""Read models in the admin: to look at, never to edit. A change is a command."""

from __future__ import annotations

from django.contrib import admin

from economy_engine.events import Indicator, WorldEvent
from economy_engine.units import credits_text
from markets import selectors, shapes
from markets.models import Balance, FillView, IndicatorPoint, MarketStat, OrderView, WorldEventView
from worlds.admin import ReadOnlyAdmin


class MarketRowAdmin(ReadOnlyAdmin):
    """Rows of a market, newest first, without counting all of them on every page."""

    show_full_result_count = False
    list_per_page = 100

    @admin.display(description="market", ordering="market")
    def code(self, row: OrderView | FillView | MarketStat) -> str:
        """The market's code."""
        return selectors.code_in_world(row.world_id, row.market)

    @admin.display(description="side", ordering="side")
    def side_word(self, row: OrderView | FillView) -> str:
        """Buy or sell."""
        return shapes.SIDE_WORDS[row.side]

    @admin.display(description="price", ordering="price")
    def price_credits(self, row: OrderView | FillView) -> str:
        """The price in credits."""
        return credits_text(row.price)


@admin.register(OrderView)
class OrderAdmin(MarketRowAdmin):
    """Orders of participants."""

    list_display = (
        "seq", "world_id", "participant_id", "code", "side_word", "price_credits", "quantity",
        "filled", "left", "status_word", "reason_word", "updated_tick",
    )  # fmt: skip
    list_filter = ("is_open", "market", "status")
    search_fields = ("=seq", "=participant_id", "=command_id")
    ordering = ("-seq",)

    @admin.display(description="status", ordering="status")
    def status_word(self, row: OrderView) -> str:
        """The order's state."""
        return shapes.STATUS_WORDS[row.status]

    @admin.display(description="reason", ordering="reason")
    def reason_word(self, row: OrderView) -> str | None:
        """Why it ended or was refused."""
        return shapes.reason_code(row.reason)


@admin.register(FillView)
class FillAdmin(MarketRowAdmin):
    """Sides of trades."""

    list_display = (
        "trade", "world_id", "participant_id", "code", "side_word", "price_credits", "quantity",
        "is_maker", "tick",
    )  # fmt: skip
    list_filter = ("market", "is_maker")
    search_fields = ("=participant_id", "=command_id", "=order_seq")
    ordering = ("-id",)


@admin.register(Balance)
class BalanceAdmin(ReadOnlyAdmin):
    """What participants have."""

    list_display = ("participant_id", "world_id", "asset_word", "available", "held", "commit")
    search_fields = ("=participant_id",)
    ordering = ("world_id", "participant_id", "asset")
    show_full_result_count = False

    @admin.display(description="asset", ordering="asset")
    def asset_word(self, row: Balance) -> str:
        """Cash, or the good's code."""
        if row.asset == shapes.CASH:
            return "CASH"
        return selectors.code_in_world(row.world_id, row.asset)


@admin.register(MarketStat)
class MarketAdmin(MarketRowAdmin):
    """Markets as they stand."""

    list_display = ("code", "world_id", "last_credits", "change", "volume", "trades", "tick")
    ordering = ("world_id", "market")

    @admin.display(description="last", ordering="last")
    def last_credits(self, row: MarketStat) -> str:
        """The last price in credits."""
        return credits_text(row.last)

    @admin.display(description="change, 30 days")
    def change(self, row: MarketStat) -> str:
        """The change over the last 30 game days."""
        return shapes.change(row.last, row.change_from)


@admin.register(IndicatorPoint)
class IndicatorAdmin(ReadOnlyAdmin):
    """Indicators over time."""

    list_display = ("name", "world_id", "market", "tick", "value")
    list_filter = ("indicator",)
    ordering = ("-tick", "indicator", "market")
    show_full_result_count = False

    @admin.display(description="indicator", ordering="indicator")
    def name(self, row: IndicatorPoint) -> str:
        """The indicator's name."""
        known = {int(indicator): indicator.name.lower() for indicator in Indicator}
        return known.get(row.indicator, str(row.indicator))


@admin.register(WorldEventView)
class WorldEventAdmin(ReadOnlyAdmin):
    """What happened to worlds."""

    list_display = ("name", "world_id", "tick", "market", "value", "detail")
    list_filter = ("kind",)
    ordering = ("-commit", "-position")
    show_full_result_count = False

    @admin.display(description="event", ordering="kind")
    def name(self, row: WorldEventView) -> str:
        """The event's name."""
        known = {int(kind): kind.name.lower() for kind in WorldEvent}
        return known.get(row.kind, str(row.kind))
