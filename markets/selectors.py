"""Reads of the markets. What belongs to somebody is read through `..._for_player` alone."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any
from uuid import UUID

import msgspec
from django.db import connection
from redis import Redis
from redis.exceptions import RedisError

from economy_engine import commands, events
from economy_engine.events import Indicator
from economy_engine.goods import ENRG, GOODS, market_codes, market_numbers
from economy_engine.params import Preset
from economy_engine.units import credits_text
from markets import shapes
from markets.models import Balance, Candle, MarketStat, OrderView, RouteView, ShipmentView
from worlds.database import redis_client
from worlds.models import Participant, World
from worlds.realtime.frames import BadPublicationError, unpack_publication
from worlds.views import indicators as indicators_view

CODES = shapes.CODES
CANDLE_INTERVALS = (10, 100, 600, 3_000, 36_000)
DAY_INTERVAL = 0
INDICATORS_SINCE_DAYS = 12  # wealth is counted every ten days
CANDLES_MAX = 1_000
ORDERS_MAX = 500
FILLS_SNAPSHOT = 50
OPEN_ORDERS_MAX = 300


def ticks_per_day(world_id: int) -> int:
    """Ticks of a game day in this world, from its preset."""
    preset = World.objects.values_list("preset", flat=True).get(pk=world_id)
    return _day_of(preset)


def _day_of(preset: str) -> int:
    return Preset[preset.upper()].clock.ticks_per_day


def market_state(world: World) -> str:
    """Whether the markets of a world take orders."""
    return "open" if world.state == World.State.RUNNING else "halted"


def market_states(world: World) -> dict[str, tuple[str, dict[str, Any] | None]]:
    """Of each market its state and its call auction, in the writer's newest words.

    Empty when Redis has none or is away, or the world does not run: then the world's state is the
    markets'. Like a book's view it may be ahead of the read model.
    """
    if world.state != World.State.RUNNING:
        return {}
    told = hot_view(world.pk, "market_tick") or {}
    return {
        row["m"]: (row.get("state", "open"), row.get("auction")) for row in told.get("markets", [])
    }


def markets(world: World) -> list[dict[str, Any]]:
    """All markets in the order of their goods."""
    other, states = (market_state(world), None), market_states(world)
    fair = newest_points(world, Indicator.EQUILIBRIUM_PRICE)
    rows = MarketStat.objects.filter(world_id=world.pk).order_by("market").values()
    codes = market_codes(world.regions)
    return [
        shapes.market(
            row,
            *states.get(codes[row["market"]], other),
            fair.get((Indicator.EQUILIBRIUM_PRICE, row["market"])),
            codes,
        )
        for row in rows
    ]


def market_index(code: str, regions: int) -> int | None:
    """The market of a code in a world of so many regions; None when there is none."""
    return market_numbers(regions).get(code)


def code_in_world(world_id: int, market: int) -> str:
    """The code of a market of a world, for lists that hold rows of several worlds."""
    codes = market_codes(_regions_of(world_id))
    return codes[market % len(codes)]


@lru_cache(maxsize=256)
def _regions_of(world_id: int) -> int:
    """Regions of a world, fixed at its genesis; rows of a world that is gone count as one."""
    return World.objects.values_list("regions", flat=True).filter(pk=world_id).first() or 1


def code_like(code: str, regions: int) -> str | None:
    """The code that a world of so many regions has for the good of a code of any world."""
    good, _, letter = code.partition(".")
    known = market_codes(regions)
    wanted = f"{good}.{letter}" if letter else good
    if wanted in known:
        return wanted
    return next((each for each in known if each.partition(".")[0] == good), None)


@lru_cache(maxsize=1)
def _redis() -> Redis:
    return redis_client()


def hot_view(world_id: int, topic: str) -> dict[str, Any] | None:
    """The newest view that the writer told of a topic; None when Redis has none or is away."""
    try:
        raw: Any = _redis().hget(f"hot:{world_id}", topic)
        return msgspec.json.decode(unpack_publication(raw).payload) if raw else None
    except (RedisError, BadPublicationError, msgspec.DecodeError):
        return None


def market_detail(world: World, market: int) -> dict[str, Any] | None:
    """One market with its book and its newest public trades; None before its first tick.

    The book is the writer's newest view, which may be ahead of the read model, or else the
    read model's.
    """
    row = MarketStat.objects.filter(world_id=world.pk, market=market).values().first()
    if row is None:
        return None
    codes = market_codes(world.regions)
    book = hot_view(world.pk, f"book:{codes[market]}") or {
        "market": codes[market],
        "bids": shapes.levels(row["bids"]),
        "asks": shapes.levels(row["asks"]),
        "increment": credits_text(row["increment"]),
        "commit": row["commit"],
    }
    points = newest_points(world, Indicator.EQUILIBRIUM_PRICE)
    fair = points.get((Indicator.EQUILIBRIUM_PRICE, market))
    state = market_states(world).get(codes[market], (market_state(world), None))
    return {
        "market": shapes.market(row, *state, fair, codes) | {"increment": book["increment"]},
        "book": book,
        "trades": [shapes.trade(trade) for trade in row["tape"]],
    }


# Buckets of the newest days alone: every indicator is among them, and the history behind them is
# never read.
_NEWEST_POINTS = """
SELECT DISTINCT ON (indicator, market) indicator, market, value FROM markets_indicatorpoint
WHERE world_id = %(world)s AND interval = 0
  AND (%(only)s::int IS NULL OR indicator = %(only)s)
  AND tick > (SELECT max(tick) FROM markets_indicatorpoint
              WHERE world_id = %(world)s AND interval = 0) - %(since)s
ORDER BY indicator, market, tick DESC
"""


def newest_points(world: World, only: int | None = None) -> dict[tuple[int, int], float]:
    """The newest value of each indicator by (indicator, market); market -1 is the world."""
    since = INDICATORS_SINCE_DAYS * _day_of(world.preset)
    with connection.cursor() as cursor:
        values = {"world": world.pk, "only": only, "since": since}
        cursor.execute(_NEWEST_POINTS, values)
        return {(indicator, market): value for indicator, market, value in cursor.fetchall()}


def indicators(world: World) -> dict[str, Any]:
    """The newest value of each indicator by name; those of markets are grouped by code."""
    return indicators_view(newest_points(world), market_codes(world.regions))


def candles(world: World, market: int, interval: int, limit: int) -> list[dict[str, Any]]:
    """The newest `limit` candles, oldest first; the last one may still be open.

    A candle is closed when a later one of its market exists.
    """
    rows = list(
        Candle.objects.filter(world_id=world.pk, market=market, interval=interval)
        .order_by("-tick")
        .values("tick", "open", "high", "low", "close", "volume")[: min(limit, CANDLES_MAX)]
    )
    newest = rows[0]["tick"] if rows else 0
    return [shapes.candle(row, row["tick"] < newest) for row in reversed(rows)]


def orders_for_player(
    participant: Participant,
    *,
    is_open: bool | None = None,
    market: int | None = None,
    before: int | None = None,
    limit: int = 100,
) -> list[dict[str, Any]]:
    """The participant's orders, newest first; `before` is the `seq` to continue from."""
    rows = OrderView.objects.filter(
        world_id=participant.world_id, participant_id=participant.pk
    ).order_by("-seq")
    if is_open:
        rows = rows.filter(is_open=True)
    if market is not None:
        rows = rows.filter(market=market)
    if before is not None:
        rows = rows.filter(seq__lt=before)
    codes = market_codes(participant.world.regions)
    return [shapes.order(row, codes) for row in rows.values()[: min(limit, ORDERS_MAX + 1)]]


def routes(world: World) -> list[dict[str, Any]]:
    """All ways between the regions of a world; none in a world of one region."""
    rows = RouteView.objects.filter(world_id=world.pk).order_by("source", "target").values()
    return [shapes.route(row) for row in rows]


def _mid(world_id: int, market: int) -> int:
    """The middle of a market's best prices, or its last one, minor units; 0 before its first."""
    row = MarketStat.objects.filter(world_id=world_id, market=market).values().first()
    if row is None:
        return 0
    return (row["bid"] + row["ask"] + 1) // 2 if row["bid"] and row["ask"] else row["last"]


def shipment_facts_for_player(
    participant: Participant, market: int, region: int
) -> tuple[dict[str, Any] | None, dict[int, int], int, int]:
    """What the cost of a shipment depends on.

    Returns the route (None: there is none), the participant's free balances by asset, and the mid
    prices of the market and of energy where the goods are, in minor units.
    """
    world_id, source = participant.world_id, market // len(GOODS)
    ways = RouteView.objects.filter(world_id=world_id, source=source, target=region)
    route = ways.values().first()
    balances = Balance.objects.filter(world_id=world_id, participant_id=participant.pk)
    free = dict(balances.values_list("asset", "available"))
    energy = _mid(world_id, source * len(GOODS) + ENRG)
    return dict(route) if route else None, free, _mid(world_id, market), energy


def shipments_for_player(
    participant: Participant, *, before: int | None = None, limit: int = 100
) -> list[dict[str, Any]]:
    """The participant's shipments, newest first; `before` is the `id` to continue from."""
    rows = ShipmentView.objects.filter(
        world_id=participant.world_id, participant_id=participant.pk
    ).order_by("-number")
    if before is not None:
        rows = rows.filter(number__lt=before)
    codes = market_codes(participant.world.regions)
    return [shapes.shipment(row, codes) for row in rows.values()[: min(limit, ORDERS_MAX + 1)]]


_RESULT_FIELDS = ("reason", "filled", "left", "value", "fee")
_ORDER_COMMAND = """
SELECT payload, result, seq, tick FROM journal
WHERE world_id = %s AND participant_id = %s AND command_id = %s AND status = 0
"""


def order_result_for_player(participant: Participant, command_id: UUID) -> dict[str, Any] | None:
    """The order as it stood when its command was executed, out of the journal.

    None for somebody else's command, and for commands that place no order.
    """
    with connection.cursor() as cursor:
        cursor.execute(_ORDER_COMMAND, [participant.world_id, participant.pk, command_id])
        found = cursor.fetchone()
    if found is None:
        return None
    payload, packed, seq, tick = found
    _, command = commands.decode(bytes(payload))
    if not isinstance(command, commands.PlaceOrder):
        return None
    result = events.unpack_result(command.kind, bytes(packed))
    return shapes.order(
        {
            "command_id": command_id,
            "seq": seq,
            "market": command.market,
            "side": command.side,
            "order_type": command.order_type,
            "time_in_force": command.time_in_force,
            "price": command.price,
            "quantity": command.quantity,
            "status": result["order_status"],
            "tick": tick,
            "updated_tick": tick,
            **{name: result[name] for name in _RESULT_FIELDS},
        },
        market_codes(participant.world.regions),
    )


def order_for_player(participant: Participant, command_id: UUID) -> dict[str, Any] | None:
    """One order of the participant; None also when it is somebody else's."""
    row = (
        OrderView.objects.filter(
            world_id=participant.world_id,
            participant_id=participant.pk,
            command_id=command_id,
        )
        .values()
        .first()
    )
    return shapes.order(row, market_codes(participant.world.regions)) if row else None


def portfolio_for_player(participant: Participant) -> dict[str, Any]:
    """Cash, holdings at the last prices, and what they come to."""
    world_id = participant.world_id
    prices = dict(MarketStat.objects.filter(world_id=world_id).values_list("market", "last"))
    codes = market_codes(participant.world.regions)
    cash = held = total = 0
    holdings = []
    rows = Balance.objects.filter(world_id=world_id, participant_id=participant.pk)
    for row in rows.order_by("asset").values("asset", "available", "held"):
        if row["asset"] == shapes.CASH:
            cash, held = row["available"], row["held"]
            continue
        lots = row["available"] + row["held"]
        value = lots * prices.get(row["asset"], 0)
        total += value
        if lots:
            holdings.append(
                {
                    "market": codes[row["asset"]],
                    "available": row["available"],
                    "held": row["held"],
                    "value": credits_text(value),
                }
            )
    return {
        "cash": {"available": credits_text(cash), "held": credits_text(held)},
        "holdings": holdings,
        "net_worth": credits_text(cash + held + total),
    }


# One statement, so position and rows come out of one snapshot of the database: a socket that
# starts here misses nothing and counts nothing twice.
_ACCOUNT = """
SELECT
  (SELECT applied_commit FROM projection WHERE world_id = p.world_id AND name = 'accounts'),
  (SELECT coalesce(json_agg(o ORDER BY o.seq), '[]') FROM (
     SELECT * FROM markets_orderview
     WHERE world_id = p.world_id AND participant_id = p.id AND is_open
     ORDER BY seq DESC LIMIT %(orders)s) AS o),
  (SELECT coalesce(json_agg(f ORDER BY f.commit, f.trade), '[]') FROM (
     SELECT * FROM markets_fillview
     WHERE world_id = p.world_id AND participant_id = p.id
     ORDER BY commit DESC, trade DESC LIMIT %(fills)s) AS f),
  (SELECT coalesce(json_agg(b ORDER BY b.asset), '[]') FROM markets_balance AS b
     WHERE b.world_id = p.world_id AND b.participant_id = p.id),
  (SELECT regions FROM worlds_world WHERE id = p.world_id),
  (SELECT coalesce(json_agg(s ORDER BY s.number), '[]') FROM markets_shipmentview AS s
     WHERE s.world_id = p.world_id AND s.participant_id = p.id AND NOT s.arrived)
FROM worlds_participant AS p WHERE p.id = %(participant)s
"""


def account_snapshot(participant_id: int) -> tuple[int, dict[str, Any]]:
    """The private stream's snapshot: open orders, newest fills, all balances, goods on their way.

    Returns the commit that it stands at (-1 before the first) and the payload of topic `account`.
    The caller has established whose participant it is. Raises `LookupError` for an unknown one.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            _ACCOUNT,
            {"participant": participant_id, "orders": OPEN_ORDERS_MAX, "fills": FILLS_SNAPSHOT},
        )
        found = cursor.fetchone()
    if found is None:
        raise LookupError("no such participant")
    commit, orders, fills, balances, regions, shipments = found
    codes = market_codes(regions)
    return (-1 if commit is None else commit), {
        "orders": [shapes.order(row, codes) for row in _rows(orders)],
        "fills": [shapes.fill(row, codes) for row in _rows(fills)],
        "balances": [shapes.balance(row, codes) for row in _rows(balances)],
        "shipments": [shapes.shipment(row, codes) for row in _rows(shipments)],
    }


def _rows(column: Any) -> list[Mapping[str, Any]]:
    return json.loads(column) if isinstance(column, str) else column
