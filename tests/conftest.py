"""What all tests share: depth of searches, the real stack, the browser."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings
from xdist.scheduler import LoadScopeScheduling

from arena_site.embedded.chromium import MISSING, find_chromium, launch_options

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

STACK_PLACES = ("tests/e2e/", "tests/realtime/test_gateway.py", "tests/realtime/test_slow")

settings.register_profile(
    "quick", max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile(
    "deep", max_examples=2_000, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("quick")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--deep", action="store_true", help="large counts and longer runs")


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("--deep"):
        settings.load_profile("deep")


class OneStack(LoadScopeScheduling):
    """Spreads tests one by one, but those of the real stack go to one process, in turn.

    The scheduler of xdist that groups by mark renames tests, which pytest 9 no longer lets it do.
    """

    def _split_scope(self, nodeid: str) -> str:
        return "stack" if nodeid.startswith(STACK_PLACES) else nodeid


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> OneStack:
    return OneStack(config, log)


@pytest.fixture(scope="session")
def deep(pytestconfig: pytest.Config) -> bool:
    """True where large counts were asked for."""
    return bool(pytestconfig.getoption("--deep"))


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """The system's Chromium; without one the test is skipped, on CI it fails."""
    path = find_chromium()
    if path is None:
        if os.environ.get("CI") == "true":
            pytest.fail(MISSING)
        pytest.skip(MISSING)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=path, args=launch_options())
        yield browser
        browser.close()


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    """A page with a profile of its own; any script error or refused resource fails the test."""
    context = chromium.new_context(viewport={"width": 1440, "height": 900}, locale="en-US")
    opened = context.new_page()
    complaints: list[str] = []
    opened.on("pageerror", lambda error: complaints.append(f"error: {error}"))
    opened.on(
        "console",
        lambda message: (
            complaints.append(f"console: {message.text}") if message.type == "error" else None
        ),
    )
    yield opened
    context.close()
    assert complaints == []
