"""Templates render with everything, and with nothing: a world may still be in the making."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.template.loader import render_to_string
from django.test import RequestFactory

MARKET = {"code": "FOOD", "name": "Food", "last": "6.001", "change": "0.0123"}

GROUP = {"title": "Prices", "figures": [{"name": "cpi", "title": "Consumer prices"}]}


def rendered(name: str, context: dict[str, Any] | None = None) -> str:
    request = RequestFactory().get("/")
    request.user = AnonymousUser()
    return render_to_string(name, context or {}, request=request)


@pytest.mark.parametrize(
    ("name", "context"),
    [
        ("landing.html", {}),
        (
            "landing.html",
            {"markets": [MARKET], "indicators": {"cpi": "102.31"}, "world": {"tick": 5}},
        ),
        ("market.html", {}),
        ("market.html", {"market": MARKET, "markets": [MARKET], "island": {"market": MARKET}}),
        ("market.html", {"market": {"code": "FOOD", "name": None, "last": None}, "markets": []}),
        ("economy.html", {}),
        ("economy.html", {"groups": [GROUP], "markets": [MARKET], "island": {"days": {}}}),
        ("credits.html", {}),
        ("403.html", {}),
        ("404.html", {}),
        ("500.html", {}),
        ("error.html", {"title": "Rate limited"}),
    ],
)
def test_renders_without_inline_code_or_style(name: str, context: dict[str, Any]) -> None:
    html = rendered(name, context)
    assert "<h1" in html
    # The policy of the pages: nothing inline but data, no style attributes, no handlers.
    for attributes in re.findall(r"<script([^>]*)>", html):
        assert "src=" in attributes or 'type="application/json"' in attributes
    assert not re.search(r"<style|\sstyle=|\son[a-z]+=\"", html)


def test_names_of_others_are_escaped() -> None:
    hostile = "</script><script>alert(1)</script>"
    html = rendered(
        "market.html",
        {"market": MARKET, "markets": [], "island": {"player": {"name": hostile}}},
    )
    assert hostile not in html


def test_one_button_starts_the_game() -> None:
    html = rendered("landing.html", {"markets": [MARKET], "indicators": {}, "world": {}})
    forms = re.findall(r'<form method="post" action="/play/".*?</form>', html, re.DOTALL)
    assert len(forms) == 1
    assert "csrfmiddlewaretoken" in forms[0]
    assert html.count("button primary") == 1


def test_the_chart_names_its_maker() -> None:
    html = rendered("market.html", {"market": MARKET, "markets": [], "island": {}})
    assert "TradingView" in html
    assert "https://www.tradingview.com/" in rendered("credits.html")
