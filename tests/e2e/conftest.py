"""Browser tests: where the game is, pages that complain of nothing, and a bare site for modules."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import pytest

from arena_site.embedded.chromium import MISSING, find_chromium, launch_options
from tests.stack import Stack, running

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

STACK_AGENTS = "2000"
ROOT = Path(__file__).resolve().parent.parent.parent
RESULTS = ROOT / "test-results"
AXE = Path(__file__).parent / "assets" / "axe.min.js"
PATIENCE_MS = 45_000  # tests say what appears, benches say how soon: no machine is too slow
AXE_TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
DESK = {"width": 1440, "height": 900}
PHONE = {"width": 390, "height": 844}
# The browser tells of violations by an event; the collector hears of it as an error.
TELL_VIOLATIONS = """addEventListener("securitypolicyviolation", (event) =>
  console.error(`policy: ${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}`));"""

Open = Callable[..., "Page"]


@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    """The system's Chromium; without one the test is skipped, on CI it fails.

    Its driver keeps an event loop running in this thread, so it ends with the last browser test.
    """
    path = find_chromium()
    if path is None:
        if os.environ.get("CI") == "true":
            pytest.fail(MISSING)
        pytest.skip(MISSING)
    from playwright.sync_api import expect, sync_playwright

    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=path, args=launch_options())
        yield browser
        browser.close()


@pytest.fixture(scope="package")
def stack() -> Iterator[Stack]:
    """The whole game with a small world; it ends with the last browser test."""
    with running("--agents", STACK_AGENTS) as game:
        yield game


@pytest.fixture(scope="package")
def site(request: pytest.FixtureRequest) -> str:
    """Address of the running game: `LEA_E2E_URL`, else a stack of our own."""
    given = os.environ.get("LEA_E2E_URL")
    if given:
        return given.rstrip("/")
    return str(request.getfixturevalue("stack").url)


class _QuietHandler(WSGIRequestHandler):
    def log_message(self, *_: Any) -> None:
        """Requests of tests aren't worth a line."""


@pytest.fixture(scope="package")
def bare_site() -> Iterator[str]:
    """The site's pages without services behind them: enough for modules and static pages."""
    from django.contrib.staticfiles.handlers import StaticFilesHandler
    from django.core.wsgi import get_wsgi_application
    from django.test.utils import override_settings

    with override_settings(ALLOWED_HOSTS=["*"], DEBUG=False):
        handler = StaticFilesHandler(get_wsgi_application())
        # Without debug Django refuses to serve sources; here there is nothing else to serve.
        handler.serve = lambda request: _serve_source(handler, request)
        server: WSGIServer = make_server("127.0.0.1", 0, handler, handler_class=_QuietHandler)
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join(5)


def _serve_source(handler: Any, request: Any) -> Any:
    from django.contrib.staticfiles.views import serve

    return serve(request, handler.file_path(request.path), insecure=True)


@pytest.fixture
def complaints() -> list[str]:
    """What pages complained of; a test that provokes a complaint clears it."""
    return []


def _watched(context: BrowserContext, complaints: list[str]) -> Page:
    context.add_init_script(TELL_VIOLATIONS)
    page = context.new_page()
    page.on("pageerror", lambda error: complaints.append(f"error: {error}"))
    page.on(
        "console",
        lambda message: (
            complaints.append(f"{message.type}: {message.text}")
            if message.type in {"error", "warning"}
            else None
        ),
    )
    return page


@pytest.fixture
def open_page(chromium: Browser, complaints: list[str]) -> Iterator[Open]:
    """Make pages, each with a profile of its own; errors and refused resources fail the test."""
    contexts = []

    def make(**options: Any) -> Page:
        settings = {"viewport": DESK, "locale": "en-US", "reduced_motion": "reduce"} | options
        context = chromium.new_context(**settings)
        contexts.append(context)
        return _watched(context, complaints)

    yield make
    for context in contexts:
        context.close()
    assert complaints == []


@pytest.fixture
def page(open_page: Open) -> Page:
    """A page on a desk."""
    return open_page()


@pytest.fixture
def phone(open_page: Open) -> Page:
    """A page on a phone."""
    return open_page(viewport=PHONE, has_touch=True, is_mobile=True)


@pytest.fixture
def axe() -> Callable[[Page], list[str]]:
    """Violations of WCAG 2.2 AA on a page, as readable lines."""
    source = AXE.read_text()

    def run(page: Page) -> list[str]:
        # Through the debugger: the page's own policy isn't in the way, and stays switched on.
        page.evaluate(source)
        found = page.evaluate(
            "async (tags) => (await axe.run({runOnly: {type: 'tag', values: tags}})).violations",
            AXE_TAGS,
        )
        return [f"{rule['id']}: {node['html'][:160]}" for rule in found for node in rule["nodes"]]

    return run


@pytest.fixture
def results() -> Path:
    """Where pictures are kept."""
    RESULTS.mkdir(exist_ok=True)
    return RESULTS
