"""Topic payloads out of rows: pure functions, no service needed."""

from __future__ import annotations

from uuid import UUID

import numpy as np
import pytest

from economy_engine.events import (
    ORDER_EVENT_DTYPE,
    WORLD_EVENT_DTYPE,
    Block,
    Indicator,
    WorldEvent,
)
from economy_engine.order_terms import OrderStatus, OrderType, TimeInForce
from worlds import views
from worlds.memory import NewsItem, OrderName, newsworthy

NAME = OrderName(UUID(int=7), 40)


def order_row(order_type: OrderType, price: int) -> np.void:
    row = np.zeros(1, ORDER_EVENT_DTYPE)[0]
    row["type"], row["price"], row["quantity"], row["left"] = int(order_type), price, 3, 3
    row["tif"], row["status"] = int(TimeInForce.GTC), int(OrderStatus.NEW)
    return row


def test_money_indicators_are_told_in_credits():
    values = {
        (int(Indicator.MONEY), -1): 5_120_000_123.0,
        (int(Indicator.WAGE), -1): 9_876.5,
        (int(Indicator.GDP), -1): 1_999.6,
        (int(Indicator.TREASURY), -1): -1_500.0,
        (int(Indicator.EQUITY_FUND), -1): 0.0,
        (int(Indicator.NEWCOMER_GRANTS), -1): 250_000.0,
        (int(Indicator.EQUILIBRIUM_PRICE), 0): 80_000.4,
        (int(Indicator.VWAP), 1): 79_999.5,
    }
    assert views.indicators(values) == {
        "money": "5120000.123",
        "wage": "9.876",
        "gdp": "2.000",
        "treasury": "-1.500",
        "equity_fund": "0.000",
        "newcomer_grants": "250.000",
        "equilibrium_price": {"OIL": "80.000"},
        "vwap": {"LITH": "80.000"},
    }


def test_other_indicators_keep_six_digits():
    values = {(int(Indicator.CPI), -1): 101.23456, (int(Indicator.SUPPLY), 0): 1_234.0}
    assert views.indicators(values) == {"cpi": "101.235", "supply": {"OIL": "1234"}}


def test_a_market_order_has_no_price():
    assert views.order(order_row(OrderType.MARKET, 84_000), NAME)["price"] is None
    assert views.order(order_row(OrderType.LIMIT, 84_000), NAME)["price"] == "84.000"


@pytest.mark.parametrize(
    ("code", "closed", "said"),
    [
        ("FOOD.N", 12.25, "FOOD.N: a producer of food in the North failed and is founded anew; "
         "12.2 lots a day close down."),
        ("IP.S", 0.0, "IP.S: a producer of intellectual property in the South failed and is "
         "founded anew."),
        ("OIL", 1.0, "OIL: a producer of oil failed and is founded anew; 1.0 lots a day close "
         "down."),
    ],
)  # fmt: skip
def test_a_failed_producer_is_told_by_its_good_and_region(code: str, closed: float, said: str):
    item = NewsItem(480, int(WorldEvent.FIRM_FAILED), 0, closed, 9)
    assert views.news_text(item, code) == said


def test_news_of_little_worth_says_so():
    item = NewsItem(1, int(WorldEvent.NEWS), 0, -0.0004, 0)
    assert views.news_text(item, "OIL") == "OIL: on news its worth loses less than 0.1%."


def test_people_are_told_of_failed_producers():
    told = np.zeros(2, WORLD_EVENT_DTYPE)
    told["kind"] = WorldEvent.FIRM_FAILED, WorldEvent.DAY_ENDED
    assert newsworthy(Block(world_events=told))["kind"].tolist() == [WorldEvent.FIRM_FAILED]
