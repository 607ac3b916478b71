"""The economy page of a young world: charts are full, choices work by hand and by key."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

pytestmark = [pytest.mark.browser, pytest.mark.stack]
PHONE = {"width": 390, "height": 844}
SHIFTS = """() => new Promise((resolve) => {
  let sum = 0;
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) if (!entry.hadRecentInput) sum += entry.value;
  }).observe({ type: "layout-shift", buffered: true });
  setTimeout(() => resolve(sum), 1500);
})"""


def chart(page: Page) -> Locator:
    return page.locator("lea-series .chart-box")


def test_the_days_before_the_opening_are_there(page: Page, site: str) -> None:
    page.goto(f"{site}/economy")
    expect(chart(page)).to_have_attribute(
        "aria-label", re.compile(r"^Consumer prices: \d+ points"), timeout=15_000
    )
    assert int(str(chart(page).get_attribute("aria-label")).split(":")[1].split()[0]) >= 30
    expect(page.locator(".tile")).to_have_count(18)
    # The page may be older than the telling of those days: then they come by themselves.
    expect(page.locator(".tile .tiny path[d^=M]").nth(15)).to_be_attached(timeout=30_000)
    expect(page.locator(".resources tbody tr")).to_have_count(20)
    expect(page.locator("lea-news li").first).to_be_visible()


def test_a_figure_is_chosen_by_tile_by_list_and_by_key(page: Page, site: str) -> None:
    page.goto(f"{site}/economy")
    page.get_by_role("button", name="Unemployment").click()
    expect(chart(page)).to_have_attribute("aria-label", re.compile("^Unemployment"))
    expect(page).to_have_url(f"{site}/economy?show=unemployment&interval=day")
    fear = page.get_by_role("button", name="Fear", exact=False)
    fear.focus()
    page.keyboard.press("Enter")
    expect(page).to_have_url(f"{site}/economy?show=fear&interval=day")
    page.get_by_role("group", name="Interval").get_by_role("button", name="10 s").click()
    expect(page).to_have_url(f"{site}/economy?show=fear&interval=100")
    page.locator("lea-series select").first.select_option("spread")
    page.locator("lea-series select").last.select_option("TOOL.S")
    expect(page).to_have_url(f"{site}/economy?show=spread&interval=100&market=TOOL.S")
    page.get_by_role("button", name="MA 10").click()
    expect(page.locator("lea-series .legend")).to_contain_text("exponential")
    page.get_by_role("button", name="Table").click()
    expect(page.locator("lea-series tbody tr").first).to_be_visible()
    page.reload()
    expect(page.locator("lea-series select").first).to_have_value("spread")


def test_prices_of_the_regions_stand_side_by_side_under_their_names(page: Page, site: str) -> None:
    page.goto(f"{site}/economy?show=regional_cpi&market=FOOD.S")
    shown = re.compile(r"^Consumer prices by region, South: \d+ points")
    expect(chart(page)).to_have_attribute("aria-label", shown)
    region = page.locator("lea-series select").last
    expect(region.locator("option")).to_have_text(["North", "South"])
    expect(region).to_have_value("OIL.S")
    tiles = page.get_by_role("region", name="Consumer prices by region").locator(".tile")
    expect(tiles.locator(".tile-name")).to_have_text(["North", "South"])
    expect(tiles.nth(1)).to_have_attribute("aria-pressed", "true")
    for tile in tiles.all():
        expect(tile.locator(".tile-value")).to_have_text(re.compile(r"\d+\.\d\d"))
        expect(tile.locator("path[d^=M]")).to_be_attached(timeout=30_000)
    tiles.first.click()
    expect(chart(page)).to_have_attribute("aria-label", re.compile("region, North: "))
    expect(region).to_have_value("OIL.N")
    region.select_option(label="South")
    expect(page).to_have_url(f"{site}/economy?show=regional_cpi&interval=day&market=OIL.S")


def test_nothing_jumps_while_the_page_comes_alive(page: Page, site: str) -> None:
    page.goto(f"{site}/economy")
    assert page.evaluate(SHIFTS) < 0.02


def test_pictures(open_page: Callable[..., Page], site: str, results: Path) -> None:
    for name, options in {
        "economy_dark": {"color_scheme": "dark"},
        "economy_light": {"color_scheme": "light"},
        "economy_phone": {"viewport": PHONE, "has_touch": True, "is_mobile": True},
    }.items():
        page = open_page(**options)
        page.goto(f"{site}/economy")
        expect(page.locator(".tile .tiny path[d^=M]").first).to_be_attached()
        expect(page.locator("lea-link .chip")).to_have_attribute("data-state", "live")
        page.screenshot(path=results / f"{name}.png", full_page=True)
        assert (results / f"{name}.png").stat().st_size > 20_000


def test_the_market_page_says_why_the_price_moved(page: Page, site: str) -> None:
    page.goto(f"{site}/m/FOOD")
    panel = page.get_by_role("region", name="Why did it move")
    panel.get_by_role("button", name="30 days").click()
    expect(panel.locator(".reasons > div")).to_have_count(6)
    expect(panel.locator(".reasons-head .change")).to_contain_text("%")
    expect(panel.get_by_text("Order flow")).to_be_visible()
