"""Your works in the browser: the first lesson, a contract, a first site and its rules."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Page

pytestmark = [pytest.mark.browser, pytest.mark.stack]


def _play(page: Page, site: str) -> None:
    page.goto(f"{site}/works")
    page.get_by_role("button", name="Play now").click()
    page.wait_for_url("**/m/FOOD*")
    page.goto(f"{site}/works")


def test_a_newcomer_learns_buys_and_sets_rules(
    page: Page, site: str, axe: Callable[[Page], list[str]], results: Path
) -> None:
    from playwright.sync_api import expect

    _play(page, site)
    expect(page.get_by_role("heading", name="Your first site")).to_be_visible()
    page.get_by_role("button", name="Start to work").click()
    expect(page.get_by_text("30 days left")).to_be_visible()
    expect(page.locator("lea-works-shop .preview")).to_contain_text("Pays back in days")
    expect(page.locator("lea-works-offers")).to_contain_text("No player sells a site now")
    expect(page.locator("lea-works-auctions")).to_contain_text("Nothing is under the hammer")
    expect(page.locator("lea-works-patents")).to_contain_text("Nobody holds a patent")
    assert axe(page) == []
    page.screenshot(path=results / "works_lesson.png", full_page=True)

    page.get_by_role("button", name="Buy this site").click()
    card = page.locator("lea-works-site")
    expect(card.get_by_role("heading", name="Food")).to_be_visible()
    card.get_by_text("Rules of this site").click()
    card.get_by_label("Wage a day").fill("130")
    card.get_by_label("Wage a day").blur()
    expect(card.locator("form .preview")).to_contain_text("Profit a day")
    card.get_by_role("button", name="Run by these rules").click()
    expect(page.locator("#toasts")).to_contain_text("runs by these rules")
    expect(page.locator("lea-works-log")).to_contain_text("Site set")
    card.get_by_text("Sell to another player").click()
    expect(card.locator("lea-works-sale")).to_contain_text("once you are no newcomer")
    page.evaluate("scrollTo(0, 0)")  # else the fixed header lies over half a button
    assert axe(page) == []
    page.screenshot(path=results / "works_site.png", full_page=True)


def test_it_fits_a_phone(
    phone: Page, site: str, axe: Callable[[Page], list[str]], results: Path
) -> None:
    from playwright.sync_api import expect

    _play(phone, site)
    expect(phone.get_by_role("heading", name="Your first site")).to_be_visible()
    wide = phone.evaluate("document.documentElement.scrollWidth > innerWidth")
    assert not wide
    assert axe(phone) == []
    phone.screenshot(path=results / "works_phone.png", full_page=True)


def test_visitors_are_asked_to_play(page: Page, site: str) -> None:
    from playwright.sync_api import expect

    page.goto(f"{site}/works")
    expect(page.get_by_role("button", name="Play now")).to_be_visible()
