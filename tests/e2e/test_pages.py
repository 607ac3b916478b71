"""Every page, in both themes and on a phone: accessible, inside its width, without complaints."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.browser, pytest.mark.stack]
PUBLIC = (
    "/",
    "/m/FOOD",
    "/m/LAND",
    "/economy",
    "/credits",
    "/accounts/login/",
    "/accounts/signup/",
)
PHONE = {"width": 390, "height": 844}

Axe = Callable[["Page"], list[str]]
Open = Callable[..., "Page"]


def settled(page: Page) -> None:
    """The page has its live parts, where it has any."""
    page.wait_for_load_state("networkidle") if page.locator("lea-link").count() == 0 else expect(
        page.locator("lea-link .chip")
    ).to_have_attribute("data-state", "live")


@pytest.mark.parametrize("scheme", ["dark", "light"])
@pytest.mark.parametrize("path", PUBLIC)
def test_accessible(open_page: Open, site: str, axe: Axe, path: str, scheme: str) -> None:
    page = open_page(color_scheme=scheme)
    page.goto(site + path)
    settled(page)
    assert axe(page) == []


@pytest.mark.parametrize("path", PUBLIC)
def test_inside_the_width_of_a_phone(open_page: Open, site: str, axe: Axe, path: str) -> None:
    page = open_page(viewport=PHONE, has_touch=True, is_mobile=True)
    page.goto(site + path)
    settled(page)
    assert page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]
    assert axe(page) == []


def test_policy_is_strict(page: Page, site: str) -> None:
    answer = page.goto(f"{site}/m/FOOD")
    assert answer is not None
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "require-trusted-types-for 'script'" in policy
    assert "unsafe" not in policy


def test_theme_is_kept_and_drawn_before_the_first_paint(open_page: Open, site: str) -> None:
    page = open_page(color_scheme="dark")
    page.goto(f"{site}/credits")
    ground = "getComputedStyle(document.body).backgroundColor"
    assert page.evaluate(ground) == "rgb(14, 18, 16)"
    page.get_by_role("button", name="Appearance").click()
    page.get_by_label("Light").check()
    assert page.evaluate(ground) == "rgb(246, 243, 234)"
    page.get_by_label("High contrast").check()
    page.goto(f"{site}/accounts/login/")
    root = page.locator("html")
    expect(root).to_have_attribute("data-theme", "light")
    expect(root).to_have_attribute("data-contrast", "more")
    page.get_by_role("button", name="Appearance").click()
    page.get_by_label("As the system").check()
    assert page.evaluate(ground) == "rgb(14, 18, 16)"


def test_help_lists_the_keys_and_switches_them_off(page: Page, site: str) -> None:
    page.goto(f"{site}/credits")
    page.keyboard.press("?")
    sheet = page.get_by_role("dialog", name="Keys")
    expect(sheet).to_be_visible()
    sheet.get_by_label("Single keys are on").uncheck()
    page.keyboard.press("Escape")
    expect(sheet).to_be_hidden()
    page.keyboard.press("?")
    expect(sheet).to_be_hidden()


def test_unknown_addresses_answer_in_the_house_style(
    page: Page, site: str, complaints: list[str]
) -> None:
    answer = page.goto(f"{site}/m/NOTHING")
    assert answer is not None
    assert answer.status == 404
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    # The browser itself reports the status it got.
    complaints[:] = [line for line in complaints if "404" not in line]


def test_landing_is_alive_for_everybody(page: Page, site: str) -> None:
    page.goto(site)
    tick = page.locator("lea-vitals dd").last
    expect(page.locator("lea-link .chip")).to_have_attribute("data-state", "live")
    before = tick.inner_text()
    expect(tick).not_to_have_text(before)
    expect(page.locator(".watch")).to_have_count(20)


def test_markets_are_grouped_by_region(page: Page, site: str) -> None:
    page.goto(f"{site}/m/OIL.S")
    expect(page.locator("lea-link .chip")).to_have_attribute("data-state", "live")
    expect(page.locator("lea-watchlist .region")).to_have_text(["North", "South"])
    expect(page.locator('.watch[aria-current="page"] .code')).to_have_text("OIL.S")
    south = page.locator(".watch", has_text=".S")
    expect(south).to_have_count(10)
    # The book of the second region comes by its own topic.
    expect(page.locator(".asks .level").first).to_be_attached()
    page.goto(f"{site}/m/OIL")
    assert page.url.endswith("/m/OIL.N")


def test_skip_link_leads_to_the_content(page: Page, site: str) -> None:
    page.goto(f"{site}/credits")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#main")).to_be_focused()
