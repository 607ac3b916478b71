"""The page's modules, run inside the browser under the site's own policy."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from arena_site.templatetags.guilloche import seal_hash, seal_paths

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser
VECTORS = Path(__file__).parent / "vectors"


def vectors(name: str) -> Any:
    """A file of cases and what they must give."""
    return json.loads((VECTORS / f"{name}.json").read_text())


@pytest.fixture
def lab(page: Page, bare_site: str) -> Page:
    """A page of our origin where modules can be imported."""
    page.goto(f"{bare_site}/credits")
    return page


def test_amounts_are_exact(lab: Page) -> None:
    cases = vectors("money")
    got = lab.evaluate(
        """async (cases) => {
          const m = await import("/static/js/core/money.js");
          const f = await import("/static/js/core/format.js");
          const text = (value) => (value === null ? null : String(value));
          return {
            parse: cases.parse.map(([t]) => [t, text(m.parseCredits(t))]),
            decimal: cases.decimal.map(([minor]) => [minor, m.toDecimal(BigInt(minor))]),
            credits: cases.credits.map(([v, d]) => [v, d, f.credits(v, {decimals: d})]),
            percent: cases.percent.map(([v]) => [v, f.percent(v)]),
            compact: cases.compact.map(([v]) => [v, f.compact(v)]),
            decimals: cases.decimals.map(([v]) => [v, f.decimalsOf(v)]),
          };
        }""",
        cases,
    )
    assert got == cases


def test_preview_follows_the_rules_of_the_market(lab: Page) -> None:
    cases = vectors("preview")
    got = lab.evaluate(
        """async (v) => {
          const {preview} = await import("/static/js/core/preview.js");
          const plain = (x) => (typeof x === "bigint" ? String(x) : x);
          return v.cases.map(({draft}) => Object.fromEntries(
            Object.entries(preview({draft, ...v})).map(([key, x]) => [key, plain(x)])));
        }""",
        cases,
    )
    for case, result in zip(cases["cases"], got, strict=True):
        shown = {key: result.get(key) for key in case["expect"]}
        assert shown == case["expect"], case["why"]


def test_a_call_auction_is_shown_and_takes_limit_orders_alone(lab: Page) -> None:
    """The badge of the quote with its countdown, and what the ticket makes of an order."""
    got = lab.evaluate(
        r"""async () => {
          const {preview} = await import("/static/js/core/preview.js");
          const {store} = await import("/static/js/core/app.js");
          const {secondsLeft} = await import("/static/js/ui/quote.js");
          const book = {bids: [["84.000", 5]], asks: [["84.100", 5]]};
          const asked = (type, tif) => preview({
            draft: {side: "buy", type, tif, price: "84.200", quantity: "3"}, book,
            cash: "1000.000", stock: 0, increment: "0.100", auction: true,
          });
          const told = {ends_tick: 150, reference: "84.000", price: "84.100", quantity: 1200,
                        imbalance: -40};
          const element = document.createElement("lea-quote");
          document.body.append(element);
          const show = async (auction) => {
            const row = {m: "OIL", last: "84.000", change: "0.0100", auction, state: "auction"};
            store.dispatch({kind: "watch", code: "OIL"});
            const data = {markets: [row]};
            store.dispatch({kind: "frame", topic: "market_tick", tick: 100, data});
            element.requestUpdate();
            await element.updateComplete;
            return element.querySelector(".auction")?.textContent.replace(/\s+/g, " ").trim();
          };
          return {
            market: asked("market", "ioc").problems, fok: asked("limit", "fok").problems,
            limit: asked("limit", "gtc").problems, now: String(asked("limit", "gtc").filled),
            left: [[told, 100], [told, 999], [null, 1]].map(([a, t]) => secondsLeft(a, t, 10)),
            badge: await show(told), empty: await show({...told, price: null, quantity: 0}),
            none: (await show(null)) ?? null,
          };
        }"""
    )
    assert (got["market"], got["fok"], got["limit"]) == (["auction"], ["auction"], [])
    assert got["now"] == "0", "nothing trades before the uncross"
    assert got["left"] == [5, 0, None]
    assert got["badge"].startswith("Auction 5 s") and "lots at 84.1" in got["badge"]
    assert got["empty"] == "Auction 5 s nothing would trade yet"
    assert got["none"] is None


def test_shares_never_exceed_what_is_free(lab: Page) -> None:
    cases = vectors("preview")
    got = lab.evaluate(
        """async (v) => {
          const {shareOf} = await import("/static/js/core/preview.js");
          return v.shares.map(({draft, percent}) => String(shareOf({draft, percent, ...v})));
        }""",
        cases,
    )
    assert got == [case["lots"] for case in cases["shares"]]


def test_seals_are_the_same_on_both_sides(lab: Page) -> None:
    rows = vectors("seal")
    for row in rows:
        joined = "|".join(seal_paths(row["id"]))
        assert seal_hash(row["id"]) == row["hash"]
        assert hashlib.sha256(joined.encode()).hexdigest() == row["sha256"]
    drawn = lab.evaluate(
        """async (ids) => {
          const s = await import("/static/js/core/seal.js");
          return ids.map((id) => [s.sealHash(id), s.sealPaths(id).join("|")]);
        }""",
        [row["id"] for row in rows],
    )
    for row, (number, joined) in zip(rows, drawn, strict=True):
        assert number == row["hash"]
        assert hashlib.sha256(joined.encode()).hexdigest() == row["sha256"]


ORDER = {
    "id": "a", "seq": 7, "market": "FOOD", "side": "buy", "type": "limit", "tif": "gtc",
    "price": "6.000", "quantity": 10, "filled": 0, "left": 10, "status": "new", "reason": None,
    "average_price": None, "fee": "0.000", "tick": 100, "updated_tick": 100,
}  # fmt: skip

REDUCE = """async ([island, events]) => {
  const s = await import("/static/js/core/store.js");
  let state = s.initialState(island);
  const frozen = JSON.stringify(state);
  const first = state;
  for (const event of events) state = s.reduce(state, event);
  if (JSON.stringify(first) !== frozen) throw new Error("the reducer changed its input");
  return state;
}"""


def reduced(lab: Page, island: dict[str, Any], *events: dict[str, Any]) -> dict[str, Any]:
    """The state after events, by the page's own reducer."""
    return lab.evaluate(REDUCE, [island, list(events)])


def account(**data: Any) -> dict[str, Any]:
    return {"kind": "frame", "topic": "account", "tick": 110, "data": data}


def test_an_order_goes_through_its_states_whatever_comes_first(lab: Page) -> None:
    ticket = {"kind": "ticket", "ticket": {"id": "t", "state": "sending", "fields": {}}}
    accepted = {"kind": "ticket_patch", "id": "t", "patch": {"state": "accepted", "order": "a"}}
    new = account(orders=[ORDER])
    done = ORDER | {"status": "filled", "filled": 10, "left": 0, "updated_tick": 105}
    filled = account(orders=[done])

    states = [
        reduced(lab, {}, *events)["tickets"][0]["state"]
        for events in (
            [ticket],
            [ticket, accepted],
            [ticket, accepted, new],
            [ticket, accepted, new, filled],
            # The private stream may be faster than the reply, and a late copy changes nothing.
            [ticket, new, filled, accepted],
            [ticket, accepted, filled, new],
        )
    ]
    assert states == ["sending", "accepted", "new", "filled", "filled", "filled"]
    assert reduced(lab, {}, new)["orders"] == {"a": ORDER}
    assert reduced(lab, {}, new, filled)["orders"] == {}


def test_fills_and_balances_are_taken_once(lab: Page) -> None:
    fill = {
        "order": "a", "trade": 5, "market": "FOOD", "side": "buy", "price": "6.000",
        "quantity": 10, "value": "60.000", "fee": "0.000", "maker": False, "tick": 105,
    }  # fmt: skip
    cash = {"asset": "CASH", "available": "940.000", "held": "0.000"}
    frame = account(fills=[fill], balances=[cash])
    state = reduced(lab, {"balances": [cash | {"available": "1000.000"}]}, frame, frame)
    assert state["fills"] == [fill]
    assert state["balances"] == {"CASH": cash}


def test_a_snapshot_ends_orders_that_it_leaves_out(lab: Page) -> None:
    snapshot = {"kind": "snapshot", "topic": "account", "data": {"orders": [], "balances": []}}
    assert reduced(lab, {"orders": [ORDER]}, snapshot)["orders"] == {}


def test_candles_stay_in_order_and_bounded(lab: Page) -> None:
    def candle(tick: int, close: str) -> dict[str, Any]:
        return {"t": tick, "o": "1.000", "h": "1.000", "l": "1.000", "c": close, "v": 1}

    def frame(tick: int, close: str, interval: int = 10) -> dict[str, Any]:
        data = {"interval": interval, "candle": candle(tick, close)}
        return {"kind": "frame", "topic": f"candles:FOOD:{interval}", "data": data}

    island = {"market": "FOOD", "candles": [candle(0, "1.000"), candle(10, "1.000")]}
    state = reduced(
        lab, island, frame(10, "2.000"), frame(20, "3.000"), frame(0, "4.000"), frame(30, "9", 100)
    )
    assert [(c["t"], c["c"]) for c in state["candles"]] == [
        (0, "4.000"),
        (10, "2.000"),
        (20, "3.000"),
    ]


def test_positions_decide_what_a_frame_is_worth(lab: Page) -> None:
    cases = [
        (None, {"offset": 1, "epoch": 1, "type": "append"}, "apply"),
        ({"offset": 5, "epoch": 1}, {"offset": 6, "epoch": 1, "type": "append"}, "apply"),
        ({"offset": 5, "epoch": 1}, {"offset": 5, "epoch": 1, "type": "append"}, "drop"),
        ({"offset": 5, "epoch": 1}, {"offset": 7, "epoch": 1, "type": "append"}, "resync"),
        ({"offset": 5, "epoch": 1}, {"offset": 9, "epoch": 1, "type": "replace"}, "apply"),
        ({"offset": 5, "epoch": 1}, {"offset": 1, "epoch": 2, "type": "replace"}, "apply"),
        ({"offset": 5}, {"topic": "account", "offset": 9, "prev": 5, "type": "append"}, "apply"),
        ({"offset": 5}, {"topic": "account", "offset": 9, "prev": 3, "type": "append"}, "apply"),
        ({"offset": 5}, {"topic": "account", "offset": 9, "prev": 7, "type": "append"}, "resync"),
        ({"offset": 5}, {"topic": "account", "offset": 4, "prev": 3, "type": "append"}, "drop"),
        ({"offset": 5}, {"topic": "account", "offset": 5, "type": "replace"}, "apply"),
    ]
    got = lab.evaluate(
        """async (cases) => {
          const {judge} = await import("/static/js/core/socket.js");
          return cases.map(([known, frame]) => judge(known, frame));
        }""",
        [[known, frame] for known, frame, _ in cases],
    )
    assert got == [verdict for _, _, verdict in cases]


def test_reconnects_wait_between_half_a_second_and_ten(lab: Page) -> None:
    low, high = lab.evaluate(
        """async () => {
          const {retryDelay} = await import("/static/js/core/socket.js");
          const tries = [0, 1, 2, 5, 50];
          return [() => 0, () => 1].map((draw) => tries.map((n) => retryDelay(n, draw)));
        }"""
    )
    assert set(low) == {500}
    assert high == [1_000, 2_000, 4_000, 10_000, 10_000]


SERIES = {"key": "cpi day", "name": "cpi", "market": None, "interval": "day", "average": 0}


def point(t: int, v: str) -> dict[str, Any]:
    return {"t": t, "v": v}


def test_points_of_the_shown_figure_are_merged_and_others_are_refused(lab: Page) -> None:
    whole = {
        "kind": "series_points", "key": "cpi day", "whole": True,
        "points": [point(240, "1"), point(480, "2")],
    }  # fmt: skip
    newer = whole | {"whole": False, "points": [point(480, "3"), point(720, "4")]}
    late = whole | {"key": "fear 10"}
    nothing = whole | {"whole": False, "points": []}
    shown = {"kind": "series", "series": SERIES}
    assert reduced(lab, {}, whole)["series"] is None
    state = reduced(lab, {}, shown)["series"]
    assert (state["points"], state["loading"]) == ([], True)
    state = reduced(lab, {}, shown, whole, late, newer, nothing)["series"]
    assert state["points"] == [point(240, "1"), point(480, "3"), point(720, "4")]
    assert state["loading"] is False
    problem = {"kind": "series_problem", "key": "cpi day", "problem": "No connection"}
    assert reduced(lab, {}, shown, problem)["series"]["problem"] == "No connection"


def test_a_days_end_adds_the_newest_values_once(lab: Page) -> None:
    island = {
        "days": {"cpi": [[240, "100"]], "reserves": {"OIL": [[240, "0.9"]]}, "wage": []},
        "indicators": {"cpi": "101", "reserves": {"OIL": "0.8"}},
    }
    ended = {"kind": "day_ended", "tick": 480}
    days = reduced(lab, island, ended, ended)["days"]
    assert days["cpi"] == [[240, "100"], [480, "101"]]
    assert days["reserves"] == {"OIL": [[240, "0.9"], [480, "0.8"]]}
    assert not days["wage"]


def test_figures_are_written_by_their_unit(lab: Page) -> None:
    rows = [
        ("cpi", "index", "101.234", "101.23"),
        ("unemployment", "ratio", "0.0682", "6.82%"),
        ("wealth_gini", "ratio", "0.3992", "0.399"),
        ("policy_rate", "per year", "0.03", "3.00%"),
        ("money", "credits", "5938610.000", "5.9M"),
        ("price", "credits", "6.001", "6.001"),
        ("stock_to_use", "days", "20.14", "20.1"),
        ("volume", "lots", "12345", "12.3k"),
        ("vacancies", "count", "41", "41"),
        ("autocorrelation", "number", "-0.0412", "\u22120.041"),
        ("cpi", "index", None, "\u2013"),
    ]
    written = lab.evaluate(
        """async (rows) => {
          const f = await import("/static/js/core/figures.js");
          return rows.map(([name, unit, value]) => f.figure({ name, unit }, value));
        }""",
        [row[:3] for row in rows],
    )
    assert written == [row[3] for row in rows]
