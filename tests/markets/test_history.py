"""Figures over time: roll-up against slow recomputation, pages, averages, and bad queries."""

from __future__ import annotations

import random
import re
from collections import defaultdict

import numpy as np
import pytest

from economy_engine.events import ATTRIBUTION_PARTS, Indicator, WorldEvent
from markets import series
from markets.models import Attribution, Candle, IndicatorPoint
from markets.projections.rollup import KEEP_BUCKETS
from tests.markets.factories import make_block, make_world, move, project, rows
from tests.markets.support import ANON, client_as

pytestmark = pytest.mark.django_db
LENGTHS = {10: 10, 100: 100, 600: 600, 3_000: 3_000, 36_000: 36_000, 0: 240}
CPI, FEAR, VWAP = int(Indicator.CPI), int(Indicator.FEAR), int(Indicator.VWAP)


def points(*values):
    names = ("tick", "id", "market", "value")
    return rows("indicators", *(dict(zip(names, value, strict=True)) for value in values))


def in_random_batches(world, seed, section, made):
    """Project rows in blocks and batches cut at random, some of them twice."""
    draw = random.Random(seed)
    at, commit = 0, 0
    while at < len(made):
        blocks = []
        for _ in range(draw.randint(1, 4)):
            size = draw.randint(1, 7)
            commit += 1
            blocks.append(make_block(commit, **{section: made[at : at + size]}))
            at += size
        project(world, *blocks)
        if draw.random() < 0.3:
            project(world, *blocks)


@pytest.mark.parametrize("seed", range(3))
def test_rolled_up_points_equal_a_slow_recomputation(seed):
    world, draw = make_world(), random.Random(seed)
    told = [
        (tick, identity, market, draw.randint(-64, 64) / 8)
        for tick in sorted(draw.sample(range(1, 35_000), 150))
        for identity, market in ((CPI, -1), (FEAR, -1), (VWAP, draw.randint(0, 1)))
    ]
    in_random_batches(world, seed, "indicators", points(*told))
    expected = defaultdict(list)
    for tick, identity, market, value in told:
        for interval, length in LENGTHS.items():
            if identity == FEAR or length >= 240:
                expected[identity, market, interval, tick - tick % length].append(value)
    found = {
        (p.indicator, p.market, p.interval, p.tick): (p.value, p.low, p.high, p.total, p.count)
        for p in IndicatorPoint.objects.all()
    }
    assert found == {
        key: (seen[-1], min(seen), max(seen), sum(seen), len(seen))
        for key, seen in expected.items()
    }


@pytest.mark.parametrize("seed", range(2))
def test_summed_reasons_equal_a_slow_recomputation(seed):
    world, draw = make_world(), random.Random(seed)
    told = [
        {"tick": tick, "market": market}
        | {name: draw.randint(-64, 64) / 1024 for name in ATTRIBUTION_PARTS}
        for tick in range(1, 2_001, 10)
        for market in (0, 3)
    ]
    in_random_batches(world, seed, "attributions", rows("attributions", *told))
    expected = defaultdict(lambda: np.zeros(len(ATTRIBUTION_PARTS)))
    for row in told:
        for interval, length in LENGTHS.items():
            bucket = row["market"], interval, row["tick"] - row["tick"] % length
            expected[bucket] += [row[name] for name in ATTRIBUTION_PARTS]
    found = {
        (row.market, row.interval, row.tick): [getattr(row, name) for name in ATTRIBUTION_PARTS]
        for row in Attribution.objects.all()
    }
    assert found == {key: list(sums) for key, sums in expected.items()}


@pytest.mark.parametrize("seed", range(2))
def test_market_figures_of_candles_equal_a_slow_recomputation(seed):
    world, draw = make_world(), random.Random(seed)
    told = []
    for tick in range(5, 405):
        bid = draw.choice((0, 90, 98))
        told.append(
            {"tick": tick, "market": 2, "open": 100, "high": 100, "low": 100, "close": 100,
             "volume": draw.randint(0, 4), "flow": draw.randint(-4, 4), "best_bid": bid,
             "best_ask": 102, "best_bid_depth": draw.randint(0, 9), "bid_depth": 9,
             "best_ask_depth": 3, "ask_depth": draw.randint(0, 99)}
        )  # fmt: skip
    in_random_batches(world, seed, "market_ticks", rows("market_ticks", *told))
    for candle in Candle.objects.filter(interval__in=(10, 100, 0)):
        length = LENGTHS[candle.interval]
        mine = [row for row in told if row["tick"] - row["tick"] % length == candle.tick]
        two = [row for row in mine if row["best_bid"]]
        spreads = [2 * (102 - row["best_bid"]) / (102 + row["best_bid"]) for row in two]
        assert candle.ticks == len(mine)
        assert candle.two_sided == len(two)
        assert candle.spread == pytest.approx(sum(spreads))
        assert candle.mid == (None if not two else (two[-1]["best_bid"] + 102) / 2)
        for name in ("flow", "best_bid_depth", "best_ask_depth", "bid_depth", "ask_depth"):
            assert getattr(candle, name) == sum(row[name] for row in mine), name


def test_old_buckets_are_forgotten():
    world = make_world()
    project(world, make_block(1, indicators=points((5, FEAR, -1, 0.5), (240, CPI, -1, 1.0))))
    project(world, make_block(2, indicators=points((3_120, CPI, -1, 1.0))))
    late = KEEP_BUCKETS * 240 + 3_000
    project(world, make_block(3, indicators=points((late, FEAR, -1, 0.5))))
    left = set(IndicatorPoint.objects.values_list("indicator", "interval", "tick"))
    assert (FEAR, 10, 0) not in left
    assert (FEAR, 0, 0) not in left
    assert (CPI, 0, 240) not in left
    assert (CPI, 0, 3_120) in left
    assert (CPI, 600, 0) in left


@pytest.fixture
def told(generous):
    """A world with a hundred days of CPI, and a market with candles and reasons."""
    world = make_world(tick=24_000, commit=3)
    days = [(240 * day, CPI, -1, 100.0 + day) for day in range(1, 101)]
    moods = [(tick, FEAR, -1, tick / 1_024) for tick in range(10, 200, 10)]
    wage = [(240, int(Indicator.WAGE), -1, 98_765.4)]
    ticks = [
        {"tick": tick, "market": 0, "open": 100, "high": 120, "low": 90, "close": 110,
         "volume": 4, "value": 440, "trades": 1, "best_bid": 109, "best_ask": 111, "flow": -2,
         "best_bid_depth": 5, "best_ask_depth": 7, "bid_depth": 50, "ask_depth": 70}
        for tick in range(100, 120)
    ]  # fmt: skip
    reasons = [
        {"tick": tick, "market": 0, "mid": 0.5, "value_news": 0.25, "value_past": 0.125,
         "reference_past": 0.5, "reference_balance": -0.25}
        for tick in (101, 111)
    ]  # fmt: skip
    project(
        world,
        make_block(
            3,
            indicators=points(*days, *moods, *wage),
            market_ticks=rows("market_ticks", *ticks),
            attributions=rows("attributions", *reasons),
        ),
    )
    return world


def read(path, **query):
    return client_as(ANON).get(path, query)


def test_the_catalogue_names_everything_once_with_its_intervals(told):
    body = read("/api/history").json()
    assert (body["world"], body["commit"]) == ("main", 3)
    entries = {entry["name"]: entry for entry in body["data"]}
    assert len(entries) == len(body["data"])
    assert set(series.SERIES) - set(entries) == {"regional_cpi"}, "it has one region"
    assert entries["cpi"]["intervals"] == [600, 3_000, 36_000, "day"]
    assert entries["fear"]["intervals"][0] == 10
    assert entries["spread"]["of_market"] is True
    assert entries["wage"]["unit"] == "credits"
    assert {each.name.lower() for each in Indicator} <= {*entries, "regional_cpi"}


@pytest.fixture
def two_regions(generous):
    """A world of two regions with three days of their price indices, and failed producers."""
    world = make_world(tick=720, commit=1, regions=2)
    index = [
        (240 * day, int(Indicator.REGIONAL_CPI), market, 100.0 + day * step)
        for day in (1, 2, 3)
        for market, step in ((0, 1.0), (10, -1.0))
    ]
    failed = [
        {"tick": 480, "kind": int(WorldEvent.FIRM_FAILED), "market": 17, "value": lots, "detail": 9}
        for lots in (12.25, 3.0)
    ]
    events = rows("world_events", *failed)
    project(world, make_block(1, indicators=points(*index), world_events=events))
    return world


@pytest.mark.parametrize(
    ("market", "newest"), [("OIL.N", "103"), ("TOOL.N", "103"), ("OIL.S", "97"), ("FOOD.S", "97")]
)
def test_a_regions_figure_is_asked_for_by_any_of_its_markets(two_regions, market, newest):
    body = read("/api/history/regional_cpi", market=market).json()
    assert [point["t"] for point in body["data"]] == [240, 480, 720]
    assert body["data"][-1]["v"] == newest
    entries = {entry["name"]: entry for entry in read("/api/history").json()["data"]}
    assert set(entries) == set(series.SERIES)
    assert [name for name, entry in entries.items() if entry["of_region"]] == ["regional_cpi"]
    assert read("/api/history/regional_cpi").status_code == 400


def test_the_page_has_a_tile_for_each_region(two_regions, client):
    text = client.get("/economy").content.decode()
    assert 'names="regional_cpi@OIL.N regional_cpi@OIL.S"' in text
    assert re.findall(r'<span class="tile-name">(North|South)</span>', text) == ["North", "South"]
    assert series.sparks(two_regions, ["regional_cpi"])["regional_cpi"]["OIL.S"][-1] == [720, "97"]


def test_a_world_of_one_region_has_no_such_tiles(told, client):
    text = client.get("/economy").content.decode()
    assert "regional_cpi" not in text and "tile-name" in text


def test_failed_producers_are_in_the_news_each_of_them(two_regions):
    news = series.news(two_regions)
    assert [(item["kind"], item["market"], item["size"]) for item in news] == [
        ("firm_failed", "FOOD.S", "3"),
        ("firm_failed", "FOOD.S", "12.25"),
    ]
    assert news[0]["text"].startswith("FOOD.S: a producer of food in the South failed")


def test_the_newest_days_come_with_the_indicators_when_asked_for(told):
    assert "days" not in read("/api/indicators").json()
    body = read("/api/indicators", days="cpi,wage,cpi,reserves").json()
    assert set(body["days"]) == {"cpi", "wage", "reserves"}
    assert body["days"]["cpi"][-1] == [24_000, "200"] and len(body["days"]["cpi"]) == 60
    assert body["days"]["reserves"] == {}
    for bad in ("nonsense", "cpi,", "spread", ",".join(list(series.SERIES)[:40])):
        assert read("/api/indicators", days=bad).status_code == 400, bad


def test_without_bounds_the_newest_points_oldest_first(told):
    body = read("/api/history/cpi", limit=2).json()
    assert body["interval"] == "day"
    assert body["market"] is None
    assert [(p["t"], p["v"], p["n"]) for p in body["data"]] == [
        (23_760, "199", 1),
        (24_000, "200", 1),
    ]
    assert body["cursor"] == {"before": 23_760, "after": 24_000}
    assert body["meta"] == {"limit": 2}
    assert (body["world"], body["tick"], body["commit"]) == ("main", 24_000, 3)


def test_pages_walk_through_the_whole_series_in_both_directions(told):
    whole = [240 * day for day in range(1, 101)]
    back, cursor = [], None
    while True:
        query = {"limit": 7} | ({} if cursor is None else {"before": cursor})
        body = read("/api/history/cpi", **query).json()
        back = [p["t"] for p in body["data"]] + back
        cursor = body["cursor"]["before"]
        if cursor is None:
            break
    assert back == whole
    forth, query = [], {"from": 0}
    while page := read("/api/history/cpi", limit=9, **query).json()["data"]:
        forth += [p["t"] for p in page]
        query = {"after": page[-1]["t"]}
    assert forth == whole


def test_bounds_are_inclusive_and_from_alone_means_the_oldest(told):
    body = read("/api/history/cpi", **{"from": 480, "limit": 2}).json()
    assert [p["t"] for p in body["data"]] == [480, 720]
    body = read("/api/history/cpi", **{"from": 480, "to": 720}).json()
    assert [p["t"] for p in body["data"]] == [480, 720]
    body = read("/api/history/cpi", to=480).json()
    assert [p["t"] for p in body["data"]] == [240, 480]
    assert body["cursor"]["before"] is None


def test_a_bucket_has_mean_and_range(told):
    [point] = read("/api/history/fear", interval=600).json()["data"]
    assert point == {
        "t": 0, "v": "0.185546875", "mean": "0.09765625", "low": "0.009765625",
        "high": "0.185546875", "n": 19,
    }  # fmt: skip
    assert read("/api/history/wage").json()["data"][0]["v"] == "98.765"


def test_averages_do_not_depend_on_the_page(told):
    whole = read("/api/history/cpi", ma=20, limit=1_000).json()["data"]
    part = read("/api/history/cpi", ma=20, limit=5).json()["data"]
    assert part == whole[-5:]
    assert [p["sma"] for p in whole[:20]] == [None] * 19 + ["110.5"]
    values = np.array([float(p["v"]) for p in whole])
    assert float(part[-1]["sma"]) == pytest.approx(values[-20:].mean())
    weights = (1 - 2 / 21) ** np.arange(80)[::-1]
    assert float(part[-1]["ema"]) == pytest.approx(np.average(values[-80:], weights=weights))
    assert "sma" not in read("/api/history/cpi").json()["data"][0]


@pytest.mark.parametrize(
    ("name", "value"),
    [("price", "0.110"), ("mid", "0.110"), ("vwap", "0.110"), ("spread", "0.01818181818"),
     ("volume", "40"), ("flow", "-20"), ("best_bid_depth", "5"), ("ask_depth", "70"),
     ("trades", "10"), ("value", "4.400")],
)  # fmt: skip
def test_market_figures_come_from_the_candles(told, name, value):
    body = read(f"/api/history/{name}", market="OIL").json()
    assert (body["market"], body["interval"]) == ("OIL", 10)
    assert [(p["t"], p["v"]) for p in body["data"]] == [(100, value), (110, value)]


def test_why_a_price_moved_adds_up(told):
    body = read("/api/markets/OIL/attribution", interval=100).json()
    assert (body["market"], body["interval"], len(body["data"])) == ("OIL", 100, 1)
    assert body["data"][0] == {"t": 100, **body["total"]}
    assert body["total"]["mid"] == {
        "change": "1", "balance": "0", "wages": "0", "inputs": "0", "scarcity": "0",
        "news": "0.5", "order_flow": "0.5",
    }  # fmt: skip
    assert body["total"]["value"]["change"] == "0.75"
    reference = {"change": "0.5", "balance": "-0.5", "past_trading": "1"}
    assert body["total"]["reference"] == reference
    empty = read("/api/markets/FOOD/attribution").json()
    assert empty["data"] == []
    assert empty["total"]["mid"]["change"] == "0"


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/api/history/nonsense", "not_found"),
        ("/api/history/CPI", "not_found"),
        ("/api/history/price", "missing_field"),
        ("/api/history/price?market=GOLD", "unknown_symbol"),
        ("/api/history/cpi?market=OIL", "unknown_field"),
        ("/api/history/cpi?interval=10", "bad_enum"),
        ("/api/history/cpi?interval=7", "bad_enum"),
        ("/api/history/cpi?ma=0", "out_of_range"),
        ("/api/history/cpi?ma=201", "out_of_range"),
        ("/api/history/cpi?ma=x", "bad_type"),
        ("/api/history/cpi?limit=1001", "out_of_range"),
        ("/api/history/cpi?from=-1", "bad_type"),
        ("/api/history/cpi?from=10&to=9", "out_of_range"),
        ("/api/history/cpi?before=10&after=9", "out_of_range"),
        ("/api/history/cpi?min_commit=99", "stale_read"),
        ("/api/markets/GOLD/attribution", "unknown_symbol"),
        ("/api/markets/OIL/attribution?interval=7", "bad_enum"),
        ("/api/markets/OIL/attribution?limit=301", "out_of_range"),
    ],
)
def test_bad_queries_are_refused_by_name(told, path, code):
    response = client_as(ANON).get(path)
    assert 400 <= response.status_code < 500
    assert response.json()["code"] == code


def test_a_read_waits_for_its_projection(told):
    assert read("/api/history/cpi", min_commit=3).status_code == 200
    move(told, "history", 4)
    assert read("/api/history/cpi", min_commit=4).json()["commit"] == 4


def test_reads_cost_a_fixed_number_of_queries(told, django_assert_max_num_queries):
    for path in ("/api/history/cpi?ma=50", "/api/history/price?market=OIL", "/api/history"):
        with django_assert_max_num_queries(7):
            assert client_as(ANON).get(path).status_code == 200
