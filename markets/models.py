"""Read models of the markets: rows derived from event blocks, dropped and rebuilt at will.

Worlds and participants are plain numbers here, not foreign keys: a projection writes thousands of
rows in one statement, the journal has already checked who they belong to, and a rebuild must not
depend on the order in which tables are filled. Money is in minor units, quantities in lots.
"""

from __future__ import annotations

from django.db import models

from markets.works_models import LotView, MemberView, PatentView, SiteView, WorksNote

__all__ = [
    "Attribution",
    "Balance",
    "Candle",
    "FillView",
    "IndicatorPoint",
    "LotView",
    "MarketStat",
    "MemberView",
    "OrderView",
    "PatentView",
    "RouteView",
    "ShipmentView",
    "SiteView",
    "WorksNote",
    "WorldEventView",
]


class OrderView(models.Model):
    """An order as it stands after its last event. `seq` is the number of its command."""

    world_id = models.BigIntegerField()
    seq = models.BigIntegerField()
    command_id = models.UUIDField()
    participant_id = models.BigIntegerField()
    market = models.SmallIntegerField()
    side = models.SmallIntegerField()
    order_type = models.SmallIntegerField()
    time_in_force = models.SmallIntegerField()
    price = models.BigIntegerField()
    quantity = models.BigIntegerField()
    filled = models.BigIntegerField()
    left = models.BigIntegerField()
    value = models.BigIntegerField()
    fee = models.BigIntegerField()
    status = models.SmallIntegerField()
    reason = models.SmallIntegerField()
    is_open = models.BooleanField()
    tick = models.BigIntegerField()
    updated_tick = models.BigIntegerField()
    expires_tick = models.BigIntegerField()
    commit = models.BigIntegerField()

    class Meta:
        verbose_name = "order"
        constraints = [
            models.UniqueConstraint(fields=["world_id", "seq"], name="markets_order_seq"),
            models.UniqueConstraint(
                fields=["world_id", "command_id"], name="markets_order_command"
            ),
        ]
        indexes = [
            models.Index(
                fields=["world_id", "participant_id", "-seq"], name="markets_order_participant"
            ),
            models.Index(
                fields=["world_id", "participant_id", "-seq"],
                name="markets_order_open",
                condition=models.Q(is_open=True),
            ),
        ]

    def __str__(self) -> str:
        return f"order {self.seq}"


class FillView(models.Model):
    """One side of a trade that touched a participant."""

    world_id = models.BigIntegerField()
    market = models.SmallIntegerField()
    trade = models.BigIntegerField()
    side = models.SmallIntegerField()
    order_seq = models.BigIntegerField()
    command_id = models.UUIDField()
    participant_id = models.BigIntegerField()
    price = models.BigIntegerField()
    quantity = models.BigIntegerField()
    value = models.BigIntegerField()
    fee = models.BigIntegerField()
    is_maker = models.BooleanField()
    tick = models.BigIntegerField()
    commit = models.BigIntegerField()

    class Meta:
        verbose_name = "fill"
        constraints = [
            models.UniqueConstraint(
                fields=["world_id", "market", "trade", "side"], name="markets_fill_trade_side"
            ),
        ]
        indexes = [
            models.Index(
                fields=["world_id", "participant_id", "-commit", "-trade"],
                name="markets_fill_participant",
            ),
        ]

    def __str__(self) -> str:
        return f"fill of trade {self.trade} in market {self.market}"


class ShipmentView(models.Model):
    """Goods of a participant between two regions. `number` counts the world's shipments."""

    world_id = models.BigIntegerField()
    number = models.BigIntegerField()
    participant_id = models.BigIntegerField()
    source = models.SmallIntegerField()
    target = models.SmallIntegerField()
    quantity = models.BigIntegerField()
    energy_lots = models.BigIntegerField(default=0)
    charged = models.BigIntegerField(default=0)
    tick = models.BigIntegerField()
    arrives_tick = models.BigIntegerField()
    arrived = models.BooleanField()
    commit = models.BigIntegerField()

    class Meta:
        verbose_name = "shipment"
        constraints = [
            models.UniqueConstraint(fields=["world_id", "number"], name="markets_shipment_number"),
        ]
        indexes = [
            models.Index(
                fields=["world_id", "participant_id", "-number"],
                name="markets_shipment_participant",
            ),
        ]

    def __str__(self) -> str:
        return f"shipment {self.number}"


class RouteView(models.Model):
    """A way between two regions and what using it costs, in basis points of the value."""

    world_id = models.BigIntegerField()
    source = models.SmallIntegerField()
    target = models.SmallIntegerField()
    is_open = models.BooleanField()
    delay_ticks = models.BigIntegerField()
    toll_bps = models.IntegerField()
    tariff_produced_bps = models.IntegerField()
    tariff_finite_bps = models.IntegerField()
    tariff_renewable_bps = models.IntegerField()
    tariff_artificial_bps = models.IntegerField()
    carrier_margin_bps = models.IntegerField()
    commit = models.BigIntegerField()

    class Meta:
        verbose_name = "route"
        constraints = [
            models.UniqueConstraint(
                fields=["world_id", "source", "target"], name="markets_route_ends"
            ),
        ]

    def __str__(self) -> str:
        return f"route from {self.source} to {self.target}"


class Balance(models.Model):
    """What a participant has of one asset: free and held. Asset -1 is cash in minor units."""

    world_id = models.BigIntegerField()
    participant_id = models.BigIntegerField()
    asset = models.SmallIntegerField()
    available = models.BigIntegerField()
    held = models.BigIntegerField()
    commit = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["world_id", "participant_id", "asset"], name="markets_balance_asset"
            ),
        ]

    def __str__(self) -> str:
        return f"balance of {self.participant_id} in {self.asset}"


class Candle(models.Model):
    """Open, high, low, close and volume of a bucket of ticks; interval 0 is the game day.

    `flow` is lots bought less lots sold by takers; `mid` the last one. Spread and depths are sums:
    over `two_sided` ticks (relative spread) and over `ticks` (lots at the best price and within
    1 % of the mid).
    """

    world_id = models.BigIntegerField()
    market = models.SmallIntegerField()
    interval = models.IntegerField()
    tick = models.BigIntegerField()
    open = models.BigIntegerField()
    high = models.BigIntegerField()
    low = models.BigIntegerField()
    close = models.BigIntegerField()
    volume = models.BigIntegerField()
    value = models.BigIntegerField()
    trades = models.BigIntegerField()
    last_tick = models.BigIntegerField()
    flow = models.BigIntegerField(default=0)
    mid = models.FloatField(null=True)
    ticks = models.IntegerField(default=0)
    spread = models.FloatField(default=0)
    two_sided = models.IntegerField(default=0)
    best_bid_depth = models.BigIntegerField(default=0)
    best_ask_depth = models.BigIntegerField(default=0)
    bid_depth = models.BigIntegerField(default=0)
    ask_depth = models.BigIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["world_id", "market", "interval", "tick"], name="markets_candle_bucket"
            ),
        ]

    def __str__(self) -> str:
        return f"candle of market {self.market} at tick {self.tick}"


class MarketStat(models.Model):
    """A market as it stands: last price, best prices, the last 864,000 ticks, book and tape."""

    world_id = models.BigIntegerField()
    market = models.SmallIntegerField()
    tick = models.BigIntegerField()
    last = models.BigIntegerField()
    bid = models.BigIntegerField(default=0)
    ask = models.BigIntegerField(default=0)
    bid_depth = models.BigIntegerField(default=0)
    ask_depth = models.BigIntegerField(default=0)
    high = models.BigIntegerField(default=0)
    low = models.BigIntegerField(default=0)
    volume = models.BigIntegerField(default=0)
    value = models.BigIntegerField(default=0)
    trades = models.BigIntegerField(default=0)
    change_from = models.BigIntegerField(default=0)
    increment = models.BigIntegerField(default=1)
    bids = models.JSONField(default=list)
    asks = models.JSONField(default=list)
    tape = models.JSONField(default=list)
    commit = models.BigIntegerField()

    class Meta:
        verbose_name = "market"
        constraints = [
            models.UniqueConstraint(fields=["world_id", "market"], name="markets_stat_market"),
        ]

    def __str__(self) -> str:
        return f"market {self.market}"


class IndicatorPoint(models.Model):
    """One indicator over a bucket of ticks; market -1 is the world as a whole, interval 0 the day.

    `value` is the newest value in the bucket, `total` and `count` give the mean.
    """

    world_id = models.BigIntegerField()
    indicator = models.SmallIntegerField()
    market = models.SmallIntegerField()
    interval = models.IntegerField()
    tick = models.BigIntegerField()
    value = models.FloatField()
    low = models.FloatField()
    high = models.FloatField()
    total = models.FloatField()
    count = models.IntegerField()
    last_tick = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["world_id", "indicator", "market", "interval", "tick"],
                name="markets_indicator_bucket",
            ),
        ]
        indexes = [
            models.Index(fields=["world_id", "interval", "-tick"], name="markets_indicator_newest")
        ]

    def __str__(self) -> str:
        return f"indicator {self.indicator} at tick {self.tick}"


class Attribution(models.Model):
    """Why a market's prices moved in a bucket of ticks: sums of log changes, part by part."""

    world_id = models.BigIntegerField()
    market = models.SmallIntegerField()
    interval = models.IntegerField()
    tick = models.BigIntegerField()
    mid = models.FloatField()
    reference_past = models.FloatField()
    reference_balance = models.FloatField()
    value_past = models.FloatField()
    value_balance = models.FloatField()
    value_wages = models.FloatField()
    value_inputs = models.FloatField()
    value_scarcity = models.FloatField()
    value_news = models.FloatField()
    last_tick = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["world_id", "market", "interval", "tick"], name="markets_attribution_bucket"
            ),
        ]

    def __str__(self) -> str:
        return f"price changes of market {self.market} at tick {self.tick}"


class WorldEventView(models.Model):
    """Something that happened to the world: news, discoveries, halts, policy meetings."""

    world_id = models.BigIntegerField()
    commit = models.BigIntegerField()
    position = models.IntegerField()
    tick = models.BigIntegerField()
    kind = models.SmallIntegerField()
    market = models.SmallIntegerField()
    value = models.FloatField()
    detail = models.BigIntegerField()

    class Meta:
        verbose_name = "world event"
        constraints = [
            models.UniqueConstraint(
                fields=["world_id", "commit", "position"], name="markets_event_position"
            ),
        ]

    def __str__(self) -> str:
        return f"event {self.kind} at tick {self.tick}"
