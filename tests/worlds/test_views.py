"""Topic payloads out of rows: pure functions, no service needed."""

from __future__ import annotations

from uuid import UUID

import numpy as np

from economy_engine.events import ORDER_EVENT_DTYPE, Indicator
from economy_engine.order_terms import OrderStatus, OrderType, TimeInForce
from worlds import views
from worlds.memory import OrderName

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
