"""Scenarios: twins differ by the event alone, and every event moves the economy the right way."""

from __future__ import annotations

import io
import json
import math

import pytest
from django.core.management import CommandError, call_command

from arena_site.scenarios import verdict
from arena_site.scenarios.catalogue import BY_NAME, SCENARIOS, Expectation
from arena_site.scenarios.pairs import PairPlan, difference, live_pairs, measured

EVENT_DAY, AFTER_DAYS = 32, 12


@pytest.mark.parametrize(
    ("seeds", "signs", "sign_right", "size_right"),
    [
        ((1.0, 1.0, 1.0, 1.0, 1.0), 5, True, True),
        ((2.0, 2.0, 2.0, 2.0, -0.5), 4, True, True),
        ((5.0, 5.0, 5.0, -0.1, -0.1), 3, False, False),
        ((2.5, 2.5), 2, True, True),
        ((2.6, 2.6), 2, True, False),
        ((0.39,), 1, True, False),
        ((-1.0,), 0, False, False),
        ((math.nan,), 0, False, False),
    ],
)
def test_the_verdict_on_sign_and_size(seeds, signs, sign_right, size_right):
    found = verdict.answer(Expectation("cpi", 0, 240, 1.0), seeds)
    assert (found.signs, found.sign_right, found.size_right) == (signs, sign_right, size_right)
    negative = verdict.answer(Expectation("cpi", 0, 240, -1.0), tuple(-each for each in seeds))
    assert (negative.sign_right, negative.size_right) == (sign_right, size_right)


def test_every_scenario_has_something_that_its_verdict_rests_on():
    for scenario in SCENARIOS:
        assert any(each.main for each in scenario.expected), scenario.name
        assert all(each.size and each.first < each.last for each in scenario.expected)


# Signs that one small world shows within days: figure, first and last tick after the event.
ROBUST = {
    "oil_shock": [("price:OIL", 480, 2_880, 1), ("unemployment", 480, 2_880, 1)],
    "discovery": [("price:OIL", 480, 2_880, -1)],
    "drought": [("price:WATR", 480, 2_880, 1)],
    "helicopter": [("cpi", 480, 2_880, 1)],
    "spiral": [("cpi", 1_200, 2_880, 1)],
    "panic": [("sentiment", 0, 240, -1), ("fear", 0, 240, 1)],
    "euphoria": [("sentiment", 0, 240, 1), ("greed", 0, 240, 1)],
    "rate_high": [("rate", 0, 2_880, 1), ("unemployment", 480, 2_880, 1)],
    "rate_zero": [("rate", 1_200, 2_880, -1)],
    "news_crash": [("price:OIL", 8, 1_200, -1)],
    "climate": [("price:CO2", 480, 2_880, 1)],
    "instability": [("price:OIL", 1_200, 2_880, 1)],
}


@pytest.fixture(scope="module")
def lived():
    """One seed at 2,000 agents with every scenario."""
    names = tuple(BY_NAME)
    plan = PairPlan(3, 2_000, None, EVENT_DAY, AFTER_DAYS, names)
    told: list[int] = []
    pairs = live_pairs(plan, told.append)
    assert told[-1] == plan.ticks
    assert told == sorted(told)
    return {pair.name: pair for pair in pairs}


@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", [each.name for each in SCENARIOS])
def test_each_event_moves_the_economy_the_right_way(lived, name):
    pair = lived[name]
    for branch in (pair.shocked, pair.twin):
        assert branch.record.checked == AFTER_DAYS * 240
        assert branch.record.faults == 0
        assert branch.record.dropped == 0
    for figure, first, last, sign in ROBUST[name]:
        value = measured(pair, Expectation(figure, first, last, float(sign)))
        assert value * sign > 0, (figure, value)


def test_without_the_event_the_twins_are_one():
    plan = PairPlan(5, 500, None, 1, 2, ("oil_shock",), tamper=True)
    (pair,) = live_pairs(plan, lambda done: None)
    for figure in ("price:OIL", "cpi", "output", "unemployment", "rate", "fear", "multiplier"):
        assert not difference(pair, figure)[0].any(), figure


def test_a_window_beyond_the_run_has_no_value(lived):
    far = Expectation("cpi", 30 * 240, 70 * 240, 1.0)
    assert math.isnan(measured(lived["panic"], far))


def test_the_list_names_them_all():
    said = io.StringIO()
    call_command("scenario", "--list", "--json", stdout=said)
    assert set(json.loads(said.getvalue())) == set(BY_NAME)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("flood",), "There is no scenario flood"),
        ((), "Give a scenario or `all`; --list names them"),
        (("panic", "--seeds", "0"), "--seeds is how many"),
        (("panic", "--days", "0"), "--day and --days"),
        (("panic", "--agents", "10"), "agents must be"),
    ],
)
def test_bad_arguments_get_one_clear_line(arguments, said):
    with pytest.raises(CommandError, match=said):
        call_command("scenario", *arguments)
