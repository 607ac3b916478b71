"""Reads of figures over time: indicators and market figures by interval, and why prices moved.

A series is an indicator of the engine, or a figure of the candles. Times are ticks; a bucket `t`
holds the ticks t to t + interval - 1. What an indicator says of a day stands at the tick at which
that day ended.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from django.db import connection

from economy_engine.catalogue import Cadence, Unit, entry_of, is_of_market, is_of_region
from economy_engine.events import ATTRIBUTION_PARTS, Indicator
from economy_engine.goods import GOODS_COUNT, market_codes
from economy_engine.params import Preset
from economy_engine.units import credits_text
from markets.averages import EXPONENTIAL_WINDOWS, exponential_average, simple_average
from markets.selectors import CANDLE_INTERVALS, DAY_INTERVAL
from worlds.memory import NEWS_KINDS, NewsItem
from worlds.views import news as news_view

POINTS_MAX = 1_000
SPARK_POINTS = 60
NEWS_MAX = 50
WORLD = -1


class Series(NamedTuple):
    """What can be asked for. `column`: the newest value of a bucket as SQL, out of the candles.

    A figure of a region is asked for by any of the region's markets.
    """

    name: str
    title: str
    unit: str
    of_market: bool
    daily: bool
    indicator: int | None
    column: str | None
    of_region: bool = False


def _candle(name: str, title: str, unit: str, column: str) -> Series:
    return Series(name, title, unit, True, False, None, column)


_FIGURES = (
    _candle("price", "Price, last trade", Unit.MONEY, "close"),
    _candle("mid", "Mid", Unit.MONEY, "mid"),
    _candle("vwap", "Price, weighted by volume", Unit.MONEY, "value::float8 / nullif(volume, 0)"),
    _candle("spread", "Spread, of the mid", Unit.RATIO, "spread / nullif(two_sided, 0)"),
    _candle("volume", "Volume", Unit.LOTS, "volume"),
    _candle("value", "Value traded", Unit.MONEY, "value"),
    _candle("trades", "Trades", Unit.COUNT, "trades"),
    _candle("flow", "Signed flow", Unit.LOTS, "flow"),
    _candle("best_bid_depth", "Depth at the best bid", Unit.LOTS,
            "best_bid_depth::float8 / nullif(ticks, 0)"),
    _candle("best_ask_depth", "Depth at the best ask", Unit.LOTS,
            "best_ask_depth::float8 / nullif(ticks, 0)"),
    _candle("bid_depth", "Bid depth within 1 %", Unit.LOTS, "bid_depth::float8 / nullif(ticks, 0)"),
    _candle("ask_depth", "Ask depth within 1 %", Unit.LOTS, "ask_depth::float8 / nullif(ticks, 0)"),
)  # fmt: skip


def _all() -> dict[str, Series]:
    found = {}
    for each in Indicator:
        entry = entry_of(each)
        daily = entry.cadence != Cadence.BAR
        name, of_market = each.name.lower(), is_of_market(each)
        found[name] = Series(
            name, entry.title, entry.unit, of_market, daily, int(each), None, is_of_region(each)
        )
    # A market's volume weighted price comes from its candles, in every interval.
    return found | {figure.name: figure for figure in _FIGURES}


SERIES: dict[str, Series] = _all()


class Window(NamedTuple):
    """Which buckets: bounds in ticks (inclusive), at most `limit`, the `oldest` or the newest."""

    first: int | None
    last: int | None
    limit: int
    oldest: bool


def intervals_of(series: Series, preset: str) -> list[int]:
    """The intervals that a series is stored in, shortest first; the day is 0 and stands last."""
    day = Preset[preset.upper()].clock.ticks_per_day
    fine = [ticks for ticks in CANDLE_INTERVALS if not series.daily or ticks >= day]
    return [*fine, DAY_INTERVAL]


def finest(series: Series, preset: str) -> int:
    """The interval that loses nothing: the game day of a daily series, else the shortest."""
    return DAY_INTERVAL if series.daily else intervals_of(series, preset)[0]


def interval_word(interval: int) -> int | str:
    """How an interval is written: its ticks, or `day`."""
    return "day" if interval == DAY_INTERVAL else interval


def told_at(series: Series, market: int) -> int:
    """The market that a series is stored at: the first of its region for a figure of a region."""
    return market - market % GOODS_COUNT if series.of_region else market


def catalogue(preset: str, regions: int) -> list[dict[str, Any]]:
    """Every series with its title, unit, what it is of, and its intervals.

    A world of one region tells nothing by region.
    """
    return [
        {
            "name": series.name,
            "title": series.title,
            "unit": series.unit,
            "of_market": series.of_market,
            "of_region": series.of_region,
            "intervals": [interval_word(each) for each in intervals_of(series, preset)],
        }
        for series in SERIES.values()
        if regions > 1 or not series.of_region
    ]


_POINTS = """
SELECT tick, value, total / count, low, high, count FROM markets_indicatorpoint
WHERE world_id = %(world)s AND indicator = %(indicator)s AND market = %(market)s
  AND interval = %(interval)s AND {bounds} ORDER BY tick {order} LIMIT %(limit)s
"""
_CANDLES = """
SELECT tick, v, v, v, v, 1 FROM (
    SELECT tick, ({column})::float8 AS v FROM markets_candle
    WHERE world_id = %(world)s AND market = %(market)s AND interval = %(interval)s
) AS figure WHERE v IS NOT NULL AND {bounds} ORDER BY tick {order} LIMIT %(limit)s
"""


def _rows(
    world: Any, series: Series, market: int, interval: int, window: Window
) -> list[tuple[int, float, float, float, float, int]]:
    """Rows (tick, value, mean, low, high, count), oldest first."""
    bounds = ["true"]
    if window.first is not None:
        bounds.append("tick >= %(first)s")
    if window.last is not None:
        bounds.append("tick <= %(last)s")
    template = _POINTS if series.column is None else _CANDLES
    statement = template.format(
        column=series.column,
        bounds=" AND ".join(bounds),
        order="ASC" if window.oldest else "DESC",
    )
    values = {
        "world": world.pk,
        "indicator": series.indicator,
        "market": market,
        "interval": interval,
        "first": window.first,
        "last": window.last,
        "limit": window.limit,
    }
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        found = cursor.fetchall()
    return found if window.oldest else found[::-1]


def points(
    world: Any, series: Series, market: int, interval: int, window: Window, average: int | None
) -> tuple[list[dict[str, Any]], dict[str, int | None]]:
    """The points of a series, oldest first, and the cursor of the pages beside this one.

    `after` stands at the newest point, so that asking after it again is a feed of what is new.

    With `average` each point has the simple (`sma`, null until there are so many points) and the
    exponential moving average (`ema`) of the last values, those before the page included.
    """
    asked = window._replace(limit=window.limit + 1)
    rows = _rows(world, series, market, interval, asked)
    more = len(rows) > window.limit
    if more:
        rows = rows[:-1] if window.oldest else rows[1:]
    earlier = window.first is not None if window.oldest else more
    cursor = {
        "before": rows[0][0] if rows and earlier else None,
        "after": rows[-1][0] if rows else None,
    }
    shaped = [_point(series, row) for row in rows]
    if average and rows:
        known = _earlier(world, series, market, interval, rows, average)
        _add_averages(shaped, series, known, [row[1] for row in rows], average)
    return shaped, cursor


def _earlier(
    world: Any, series: Series, market: int, interval: int, rows: Sequence, average: int
) -> list[float]:
    """Values before the page that its first averages need."""
    before = Window(None, rows[0][0] - 1, EXPONENTIAL_WINDOWS * average, oldest=False)
    return [row[1] for row in _rows(world, series, market, interval, before)]


def _add_averages(
    shaped: list[dict[str, Any]],
    series: Series,
    earlier: list[float],
    values: list[float],
    window: int,
) -> None:
    known = earlier + values
    simple = simple_average(known, window)[len(earlier) :]
    exponential = exponential_average(known, window)[len(earlier) :]
    for point, plain, weighted in zip(shaped, simple, exponential, strict=True):
        point["sma"] = None if plain is None else number_text(series.unit, plain)
        point["ema"] = number_text(series.unit, weighted)


def number_text(unit: str, value: float) -> str:
    """Money in credits with three decimals, anything else with ten digits."""
    return credits_text(round(value)) if unit == Unit.MONEY else f"{value:.10g}"


def _point(series: Series, row: Sequence[Any]) -> dict[str, Any]:
    tick, value, mean, low, high, count = row
    words = [number_text(series.unit, each) for each in (value, mean, low, high)]
    return dict(zip(("v", "mean", "low", "high"), words, strict=True)) | {"t": tick, "n": count}


_SPARKS = """
SELECT indicator, market, tick, value FROM markets_indicatorpoint
WHERE world_id = %(world)s AND interval = 0 AND indicator = ANY(%(indicators)s::smallint[])
  AND tick > (SELECT max(tick) FROM markets_indicatorpoint
              WHERE world_id = %(world)s AND interval = 0) - %(since)s
ORDER BY indicator, market, tick
"""


def sparks(world: Any, names: Sequence[str]) -> dict[str, Any]:
    """The newest days of some indicators, at most sixty points each, in one query.

    Of the world: name -> [[tick, text], ...]; of markets: name -> code -> the same.
    """
    wanted = {SERIES[name].indicator: SERIES[name] for name in names}
    since = SPARK_POINTS * Preset[world.preset.upper()].clock.ticks_per_day
    values = {"world": world.pk, "indicators": list(wanted), "since": since}
    codes = market_codes(world.regions)
    shaped: dict[str, Any] = {name: {} if SERIES[name].of_market else [] for name in names}
    with connection.cursor() as cursor:
        cursor.execute(_SPARKS, values)
        for indicator, market, tick, value in cursor.fetchall():
            series = wanted[indicator]
            point = [tick, number_text(series.unit, value)]
            if market == WORLD:
                shaped[series.name].append(point)
            else:
                shaped[series.name].setdefault(codes[market], []).append(point)
    return shaped


_NEWS = """
SELECT tick, kind, market, value, detail FROM markets_worldeventview
WHERE world_id = %s AND kind = ANY(%s::smallint[]) ORDER BY tick DESC, position DESC LIMIT %s
"""


def news(world: Any) -> list[dict[str, Any]]:
    """The newest world events that people are told of, newest first."""
    with connection.cursor() as cursor:
        cursor.execute(_NEWS, [world.pk, [int(kind) for kind in NEWS_KINDS], NEWS_MAX])
        items = [NewsItem(*row) for row in cursor.fetchall()]
    return news_view(items, market_codes(world.regions))["items"]


_REASONS = f"""
SELECT tick, {", ".join(ATTRIBUTION_PARTS)} FROM markets_attribution
WHERE world_id = %s AND market = %s AND interval = %s ORDER BY tick DESC LIMIT %s
"""
_VALUE_PARTS = ("balance", "wages", "inputs", "scarcity", "news")


def attribution(world: Any, market: int, interval: int, limit: int) -> dict[str, Any]:
    """Why a market's prices moved, per bucket and in sum, oldest first; log points as text."""
    with connection.cursor() as cursor:
        cursor.execute(_REASONS, [world.pk, market, interval, limit])
        found = cursor.fetchall()[::-1]
    sums = [sum(row[place] for row in found) for place in range(1, len(ATTRIBUTION_PARTS) + 1)]
    return {
        "interval": interval_word(interval),
        "data": [{"t": row[0]} | reasons(row[1:]) for row in found],
        "total": reasons(sums),
    }


def reasons(parts: Sequence[float]) -> dict[str, dict[str, str]]:
    """The three changes with their parts; the last part of each is what the others leave."""
    part = dict(zip(ATTRIBUTION_PARTS, parts, strict=True))
    value = {name: part[f"value_{name}"] for name in _VALUE_PARTS}
    told = sum(value.values())
    past, balance = part["reference_past"], part["reference_balance"]
    shaped = {
        "mid": {"change": part["mid"], **value, "order_flow": part["mid"] - told},
        "reference": {"change": past + balance, "balance": balance, "past_trading": past},
        "value": {
            "change": told + part["value_past"],
            **value,
            "past_trading": part["value_past"],
        },
    }
    return {
        name: {key: f"{number:.9g}" for key, number in group.items()}
        for name, group in shaped.items()
    }
