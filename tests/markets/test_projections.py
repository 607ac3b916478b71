"""Projections: blocks become rows, once, whichever way they are cut into batches."""

from __future__ import annotations

import random

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from economy_engine.events import Indicator, OrderEvent, OrderStatus, WorldEvent
from economy_engine.order_terms import OrderType, Side, TimeInForce
from markets import selectors, shapes
from markets.models import (
    Attribution,
    Balance,
    Candle,
    FillView,
    IndicatorPoint,
    MarketStat,
    OrderView,
    WorldEventView,
)
from markets.projections import PROJECTIONS
from tests.markets.factories import (
    make_block,
    make_participant,
    make_world,
    order_id,
    project,
    rows,
)
from worlds import views
from worlds.memory import OrderName

pytestmark = pytest.mark.django_db
READ_MODELS = (
    Attribution, Balance, Candle, FillView, IndicatorPoint, MarketStat, OrderView, WorldEventView,
)  # fmt: skip


def _order(seq: int = 1, **fields):
    return {
        "seq": seq,
        "participant": 7,
        "tick": 100,
        "event": OrderEvent.NEW,
        "status": OrderStatus.NEW,
        "market": 0,
        "side": Side.BID,
        "type": OrderType.LIMIT,
        "tif": TimeInForce.GTC,
        "price": 6_001,
        "quantity": 10,
        "left": 10,
    } | fields


def _tick(tick: int, price: int, *, market: int = 0, volume: int = 0, **fields):
    traded = {"open": price, "high": price, "low": price} if volume else {}
    return (
        {
            "tick": tick,
            "market": market,
            "close": price,
            "volume": volume,
            "value": volume * price,
            "trades": min(volume, 1),
        }
        | traded
        | fields
    )


def _dump(world):
    """All rows of a world, without the numbers that the database gave them."""
    return {
        model.__name__: sorted(
            tuple(sorted((k, repr(v)) for k, v in row.items() if k != "id"))
            for row in model.objects.filter(world_id=world.pk).values()
        )
        for model in READ_MODELS
    }


def test_an_order_is_written_as_it_stands_after_its_last_event():
    world = make_world()
    partly = _order(
        tick=130, event=OrderEvent.TRADE, status=OrderStatus.PARTIALLY_FILLED,
        filled=4, left=6, value=24_004, fee=13,
    )  # fmt: skip
    project(world, make_block(5, orders=rows("orders", _order())))
    project(world, make_block(6, orders=rows("orders", partly)))
    row = OrderView.objects.get(world_id=world.pk)
    assert (row.command_id, row.filled, row.left, row.is_open) == (order_id(1), 4, 6, True)
    assert (row.tick, row.updated_tick, row.commit) == (100, 130, 6)


def test_an_older_block_never_overwrites_a_newer_one():
    world = make_world()
    ended = _order(tick=120, event=OrderEvent.CANCELED, status=OrderStatus.CANCELED, left=0)
    newer = make_block(6, orders=rows("orders", ended))
    project(world, make_block(5, orders=rows("orders", _order())))
    project(world, newer)
    project(world, make_block(5, orders=rows("orders", _order())))
    row = OrderView.objects.get(world_id=world.pk)
    assert (row.status, row.is_open, row.commit) == (OrderStatus.CANCELED, False, 6)


def test_balances_are_absolute_and_the_newest_wins():
    world = make_world()
    held = {"participant": 7, "asset": -1, "available": 900, "held": 100}
    project(
        world,
        make_block(1, balances=rows("balances", held | {"available": 1_000, "held": 0})),
        make_block(2, balances=rows("balances", held, held | {"asset": 3, "available": 5})),
    )
    found = {row.asset: (row.available, row.held) for row in Balance.objects.all()}
    assert found == {-1: (900, 100), 3: (5, 100)}


def test_both_sides_of_a_trade_between_participants_are_fills():
    world = make_world()
    fill = {
        "seq": 1, "participant": 7, "tick": 9, "market": 2, "trade": 55, "side": Side.BID,
        "price": 6_001, "quantity": 3, "value": 18_003, "is_maker": 1,
    }  # fmt: skip
    other = fill | {"seq": 2, "participant": 8, "side": Side.ASK, "fee": 10, "is_maker": 0}
    project(world, make_block(1, fills=rows("fills", fill, other)))
    assert FillView.objects.count() == 2
    assert {(f.participant_id, f.fee, f.is_maker) for f in FillView.objects.all()} == {
        (7, 0, True),
        (8, 10, False),
    }


def test_candles_open_peak_and_end_as_the_ticks_did():
    world = make_world()
    ticks = [_tick(10, 100, volume=2), _tick(11, 130, volume=1), _tick(12, 90, volume=3)]
    quiet = _tick(13, 95)
    project(world, make_block(1, market_ticks=rows("market_ticks", *ticks[:2])))
    project(world, make_block(2, market_ticks=rows("market_ticks", ticks[2], quiet)))
    candle = Candle.objects.get(interval=10, tick=10)
    assert (candle.open, candle.high, candle.low, candle.close) == (100, 130, 90, 95)
    assert (candle.volume, candle.value, candle.trades) == (6, 600, 3)
    lengths = set(Candle.objects.values_list("interval", flat=True))
    assert lengths == {0, 10, 100, 600, 3_000, 36_000}


@pytest.mark.parametrize(("preset", "ticks"), [("sprint", 240), ("persistent", 2_400), ("lab", 60)])
def test_the_day_candle_has_the_length_of_the_worlds_day(preset, ticks):
    world = make_world(preset=preset)
    made = [_tick(tick, 100) for tick in (ticks - 1, ticks, 2 * ticks)]
    project(world, make_block(1, market_ticks=rows("market_ticks", *made)))
    days = Candle.objects.filter(interval=0).order_by("tick").values_list("tick", flat=True)
    assert list(days) == [0, ticks, 2 * ticks]


def test_day_figures_look_back_864_000_ticks_and_change_30_days():
    world = make_world()
    now = 900_000
    old, kept = _tick(1_000, 500, volume=9), _tick(now - 100_000, 300, volume=5)
    month = _tick(now - 30 * 240, 200, volume=1)
    newest = _tick(now, 250, volume=2, best_bid=249, best_ask=251)
    project(world, make_block(1, market_ticks=rows("market_ticks", old, kept, month, newest)))
    stat = MarketStat.objects.get(market=0)
    assert (stat.high, stat.low, stat.volume, stat.trades) == (300, 200, 8, 3)
    assert (stat.last, stat.bid, stat.ask, stat.change_from) == (250, 249, 251, 200)
    shown = selectors.markets(world)[0]
    assert (shown["change"], shown["volume"], shown["last"]) == ("0.2500", 8, "0.250")


def test_the_book_of_the_newest_block_replaces_the_one_before():
    world = make_world()
    levels = [
        {"market": 0, "side": 0, "price": 99, "quantity": 4},
        {"market": 0, "side": 1, "price": 101, "quantity": 6},
    ]
    tick = rows("market_ticks", _tick(1, 100))
    project(world, make_block(1, market_ticks=tick, depth=rows("depth", *levels)))
    project(world, make_block(2, depth=rows("depth", levels[1] | {"quantity": 1})))
    stat = MarketStat.objects.get(market=0)
    assert (stat.bids, stat.asks, stat.commit) == ([], [[101, 1]], 2)


def test_the_tape_keeps_the_newest_50_trades_once():
    world = make_world()

    def tape(first, last):
        return rows(
            "tape",
            *({"tick": n, "trade": n, "price": n, "quantity": 1} for n in range(first, last)),
        )

    ticks = rows("market_ticks", _tick(1, 100))
    project(world, make_block(1, market_ticks=ticks, tape=tape(1, 40)))
    again = make_block(2, tape=tape(30, 80))
    project(world, again)
    project(world, again)
    stat = MarketStat.objects.get(market=0)
    assert [trade[0] for trade in stat.tape] == list(range(30, 80))


def test_a_new_price_increment_is_shown():
    world = make_world()
    event = {
        "tick": 1, "kind": WorldEvent.PRICE_INCREMENT_CHANGED, "market": 0, "value": 5.0,
        "detail": 5,
    }  # fmt: skip
    project(world, make_block(1, market_ticks=rows("market_ticks", _tick(1, 100))))
    assert MarketStat.objects.get(market=0).increment == 1
    project(world, make_block(2, world_events=rows("world_events", event)))
    assert MarketStat.objects.get(market=0).increment == 5


def test_old_fine_candles_are_forgotten_and_coarse_ones_stay():
    world = make_world()
    ticks = [_tick(5, 100), _tick(864_000 + 3_000, 100)]
    project(world, make_block(1, market_ticks=rows("market_ticks", ticks[0])))
    project(world, make_block(2, market_ticks=rows("market_ticks", ticks[1])))
    assert not Candle.objects.filter(interval=10, tick=0).exists()
    assert Candle.objects.filter(interval=100, tick=0).exists()
    assert Candle.objects.filter(interval=3_000, tick=0).exists()


def test_values_that_are_no_numbers_are_not_stored():
    world = make_world()
    points = [
        {"tick": 240, "id": Indicator.CPI, "market": -1, "value": 101.5},
        {"tick": 240, "id": Indicator.GINI, "market": -1, "value": float("nan")},
        {"tick": 240, "id": Indicator.RESERVES, "market": 0, "value": 0.91},
    ]
    project(world, make_block(1, indicators=rows("indicators", *points)))
    assert selectors.indicators(world) == {"cpi": "101.5", "reserves": {"OIL": "0.91"}}


def _history(seed: int, blocks: int):
    """Blocks with all sections, drawn at random, as a world would emit them."""
    draw = random.Random(seed)
    made = []
    for commit in range(1, blocks + 1):
        tick = commit * 7
        ticks = [
            _tick(tick + n, draw.randint(90, 110), market=market, volume=draw.choice((0, 3)))
            for n in range(7)
            for market in (0, 1)
        ]
        orders = [
            _order(draw.randint(1, 20), tick=tick, filled=commit, left=0, participant=7)
            for _ in range(draw.randint(0, 3))
        ]
        fills = [
            {"seq": 1, "participant": 7, "tick": tick, "trade": commit, "price": 5, "quantity": 1}
        ]
        balances = [
            {"participant": draw.randint(7, 9), "asset": draw.randint(-1, 1), "available": commit}
        ]
        sections = {
            "market_ticks": ticks,
            "orders": list({order["seq"]: order for order in orders}.values()),
            "fills": fills,
            "balances": balances,
            "tape": [{"tick": tick, "trade": commit, "price": 5, "quantity": 1}],
            "depth": [{"market": 0, "side": 0, "price": 90, "quantity": commit}],
            "world_events": [{"tick": tick, "kind": WorldEvent.NEWS, "market": 0, "value": 0.1}],
            "indicators": [{"tick": tick, "id": Indicator.CPI, "market": -1, "value": commit}],
            "attributions": [{"tick": tick, "market": 0, "mid": 0.25, "value_news": commit / 8}],
        }
        made.append(make_block(commit, **{k: rows(k, *v) for k, v in sections.items()}))
    return made


@pytest.mark.parametrize("seed", range(3))
def test_any_cut_into_batches_repeats_included_gives_the_same_rows(seed):
    blocks = _history(seed, 60)
    plain, cut = make_world("plain"), make_world("cut")
    for block in blocks:
        project(plain, block)
    draw = random.Random(seed)
    at = 0
    while at < len(blocks):
        size = draw.randint(1, 9)
        project(cut, *blocks[at : at + size])
        if draw.random() < 0.5:
            project(cut, *blocks[at : at + size])
        at += size
    expected, found = _dump(plain), _dump(cut)
    for name, expected_rows in expected.items():
        assert len(expected_rows) > 0
        assert _without_world(found[name]) == _without_world(expected_rows), name


def _without_world(dumped):
    return [tuple(item for item in row if item[0] != "world_id") for row in dumped]


def test_a_reset_drops_one_world_and_its_blocks_rebuild_it():
    blocks = _history(9, 30)
    world, other = make_world("one"), make_world("two")
    project(world, *blocks)
    project(other, *blocks)
    before, others = _dump(world), _dump(other)
    for _, reset in PROJECTIONS.values():
        reset(world.pk)
    assert all(not dumped for dumped in _dump(world).values())
    project(world, *blocks)
    assert _dump(world) == before
    assert _dump(other) == others


def test_a_batch_costs_a_fixed_number_of_statements():
    world = make_world()
    project(world, make_block(1, market_ticks=rows("market_ticks", _tick(1, 100))))

    def cost(blocks):
        with CaptureQueriesContext(connection) as queries:
            project(world, *blocks)
        return len(queries)

    few, many = cost(_history(1, 3)), cost(_history(2, 80))
    assert few == many <= 20


def test_both_doors_tell_an_order_in_the_same_words():
    world = make_world()
    participant = make_participant(world, "mira")
    block = make_block(
        4, orders=rows("orders", _order(participant=participant.pk, filled=3, value=18_004, fee=9))
    )
    project(world, block)
    name = OrderName(command_id=order_id(1), tick=100)
    told = views.order(block.block.orders[0], name)
    assert selectors.orders_for_player(participant) == [told]
    assert shapes.reason_code(0) is None
