"""Pages that are older than the history that they show: it fills in without a reload."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Page, Route

pytestmark = pytest.mark.browser
QUICK = [10, 10, 10]


@pytest.fixture
def lab(page: Page, bare_site: str) -> Page:
    """A page of our origin where modules can be imported."""
    page.goto(f"{bare_site}/credits")
    return page


def candles(*ticks: int) -> str:
    return json.dumps({"candles": [{"t": tick, "c": f"{tick / 100:.3f}"} for tick in ticks]})


@pytest.mark.parametrize(
    ("answers", "asked", "points"),
    [
        # Refused, then empty, then too old: history is still being told; then it is there.
        ([None, candles(), candles(100, 200), candles(700, 800, 900)], 4, [7, 8, 9]),
        ([candles(700, 800, 900)], 1, [7, 8, 9]),
        # A young world has no more than it has.
        ([candles(800, 900)], 1, [8, 9]),
        # It gives up in the end.
        ([candles()] * 9, 4, None),
    ],
)
def test_sparklines_come_by_themselves(
    lab: Page, complaints: list[str], answers: list[str | None], asked: int, points: Any
) -> None:
    calls: list[str] = []

    def answer(route: Route) -> None:
        calls.append(route.request.url)
        body = answers[len(calls) - 1]
        if body is None:
            route.fulfill(status=503, content_type="application/json", body="{}")
        else:
            route.fulfill(content_type="application/json", body=body)

    lists: list[str] = []

    def listed(route: Route) -> None:
        lists.append(route.request.url)
        rows = [{"code": "OIL.N", "name": "Oil", "last": "1.000"}, {"code": "LITH.N", "name": "Li"}]
        route.fulfill(
            content_type="application/json", body=json.dumps({"data": rows[: 2 * len(lists) - 2]})
        )

    lab.route("**/api/markets", listed)
    lab.route("**/api/markets/OIL.N?*", answer)
    lab.route(
        "**/api/markets/LITH.N?*",
        lambda route: route.fulfill(content_type="application/json", body=candles(800, 900)),
    )
    got = lab.evaluate(
        """async (pauses) => {
          const { store } = await import("/static/js/core/app.js");
          const { startSparks } = await import("/static/js/core/sparks.js");
          const done = startSparks(pauses);
          await new Promise((resume) => setTimeout(resume, 100));
          // Only now the live feed brings the markets of a page that had none.
          const data = { markets: [{ m: "OIL.N", last: "9.000" }] };
          store.dispatch({ kind: "frame", topic: "market_tick", data, tick: 950, at: 1 });
          await done;
          const { codes, markets, sparks } = store.state;
          const { name, last } = markets["OIL.N"];
          return [codes, name, last, sparks["OIL.N"] ?? null, sparks["LITH.N"]];
        }""",
        QUICK,
    )
    assert got == [["OIL.N", "LITH.N"], "Oil", "9.000", points, [8, 9]]
    assert (len(calls), len(lists)) == (asked, 2), "the first list was empty"
    assert all("/api/markets/OIL.N?interval=100" in call for call in calls)
    complaints[:] = [line for line in complaints if "503" not in line]


def test_small_lines_of_days_are_taken_in(lab: Page) -> None:
    got = lab.evaluate(
        """async () => {
          const s = await import("/static/js/core/store.js");
          const island = { days: { cpi: [], reserves: {} } };
          const days = { cpi: [[240, "100"]], reserves: { OIL: [[240, "0.9"]] } };
          return s.reduce(s.initialState(island), { kind: "days", days }).days;
        }"""
    )
    assert got == {"cpi": [[240, "100"]], "reserves": {"OIL": [[240, "0.9"]]}}


def test_two_producers_that_fail_at_once_are_two_lines(lab: Page) -> None:
    got = lab.evaluate(
        """async () => {
          const s = await import("/static/js/core/store.js");
          const { headline } = await import("/static/js/ui/news.js");
          const item = { tick: 480, kind: "firm_failed", market: "FOOD.S" };
          const items = [
            { ...item, size: "3", text: "FOOD.S: a producer of food failed." },
            { ...item, size: "12.25", text: "FOOD.S: a producer of food failed, too." },
          ];
          const data = { items };
          let state = s.initialState({ news: items });
          state = s.reduce(state, { kind: "frame", topic: "news", data, tick: 480 });
          const world = { kind: "policy_meeting", market: null, text: "The rate is 4%." };
          return [...state.news, world, { kind: "market_halted" }].map(headline);
        }"""
    )
    assert got == [
        "A producer of food failed.",
        "A producer of food failed, too.",
        "The rate is 4%.",
        "market halted",
    ]
