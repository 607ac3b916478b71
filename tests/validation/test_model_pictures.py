"""The watcher counts what is there and touches nothing; every picture is drawn from a story."""

from __future__ import annotations

import numpy as np
import pytest
from django.core.management import CommandError, call_command

from arena_site.model_pages import comparing, living, pictures
from arena_site.model_pages.living import Plan
from arena_site.model_pages.watching import FIGURES, LADDER_BINS, MOODS, OWNERS, Watcher
from arena_site.validation import plots
from economy_engine import tick
from economy_engine.events import Indicator
from economy_engine.systems.columns import Macro
from tests.engine.worlds import small_world
from tests.validation.stories import story

DAY = 240
SMALL = ("--agents", "1000", "--days", "6")


@pytest.fixture(scope="module")
def watched():
    """A small world of two regions after two game days, its watch, its reference prices by tick.

    Beside it an unwatched twin.
    """
    states = [small_world(1_000, preset="sprint", regions=2) for _ in range(2)]
    watcher, references = Watcher(states[0], 2 * DAY), []
    for _ in range(2 * DAY):
        for state in states:
            tick.advance(state)
        watcher.observe(states[0])
        references.append(states[0].price.reference.copy())
        for state in states:
            tick.clear_reports(state)
    return states, watcher.watch, np.array(references)


def test_the_watcher_leaves_the_world_as_it_is(watched):
    (seen, alone), _, _ = watched
    assert seen.digest() == alone.digest()


def test_what_is_watched_is_what_the_world_holds(watched):
    (state, _), watch, _ = watched
    assert (watch.news[-1] == state.news.level).all()
    assert (watch.mood[-1] == state.macro[list(MOODS)]).all()
    assert watch.owners.shape == (8, len(OWNERS), 20)
    assert (watch.owners >= 0).all()
    assert (watch.owners[-1].sum(axis=0) > 0).all()
    assert not np.isnan(watch.figure(Indicator.MARGINAL_COST)).any()
    assert watch.figures.shape == (2, len(FIGURES), 20)
    assert watch.bank("loans")[-1] == int(state.credit.loan.sum())
    firms = state.firm.market == 7
    rows = state.rows.firms + np.flatnonzero(firms)
    held = state.ledger.stock[rows, 7].sum() + state.ledger.stock_held[rows, 7].sum()
    assert watch.firm_stock[-1, 7] == held > 0
    assert watch.firm_sales[-1, 7] == pytest.approx(state.firm.sales[firms].sum())


def test_a_ladder_has_the_lots_of_its_book_near_the_mid(watched):
    """Both count the same orders at the same tick; one on the very edge may be in one of them."""
    _, watch, _ = watched
    assert watch.ladder.shape == (len(OWNERS), LADDER_BINS, 20)
    assert watch.ladder.sum(axis=1) == pytest.approx(watch.owners[-1], rel=0.01, abs=2)
    makers = watch.ladder[0]
    assert makers[: LADDER_BINS // 2].sum() > 0 < makers[LADDER_BINS // 2 :].sum()


def test_parts_of_a_reference_price_add_up_to_its_change(watched):
    """From the first step to the last bar that was told: the next one is still running."""
    _, watch, references = watched
    parts = watch.attributed("reference_past") + watch.attributed("reference_balance")
    told = references[2 * DAY - 10] / references[0]
    assert np.exp(parts.sum(axis=0)) == pytest.approx(told, rel=1e-9)


def test_a_day_of_meals_is_made_up_for_its_last_tick(watched):
    _, watch, _ = watched
    eaten = watch.consumed[:, [3, 7, 8, 9]] / watch.households
    assert (eaten > 0.3).all()
    assert (eaten < 20.0).all()
    assert (watch.consumed[:, [0, 1, 2, 4, 5, 6]] == 0).all()


def test_one_world_and_its_struck_twin():
    plan = Plan(3, 1_000, 6)
    assert (plan.hidden_days, plan.strike_day, plan.branch_days) == (2, 4, 2)
    told: list[int] = []
    lived = living.live(plan, told.append)
    assert told[-1] == plan.ticks == 8 * DAY
    assert (lived.record.days, lived.struck.days) == (6, 2)
    assert lived.record.faults == lived.struck.faults == 0
    twin, hit = lived.record.mid[4 * 24 :], lived.struck.mid
    assert hit.shape == twin.shape
    assert not np.array_equal(hit, twin)
    oil = np.log(hit[-1, [0, 10]] / twin[-1, [0, 10]])
    assert (oil > 0.02).all()  # 60 % of the reserve is gone: dearer within two days
    assert lived.record.daily(Macro.CPI)[-1] > 0


@pytest.mark.parametrize(
    ("given", "said"),
    [({"days": 5}, "6 game days"), ({"regions": 1}, "two regions"), ({"agents": 10}, "agents")],
)
def test_a_world_that_shows_too_little_is_refused(given: dict[str, int], said: str):
    with pytest.raises(ValueError, match=said):
        Plan(**given)


def test_the_default_is_120_days_after_the_warm_up():
    plan = Plan()
    assert (plan.agents, plan.seed, plan.regions) == (10_000, 1, 2)
    assert (plan.days - plan.hidden_days, plan.hidden_days) == (120, 30)
    assert (plan.strike_day, plan.branch_days) == (90, 40)


def test_transport_band_holds_equal_prices_and_widens_with_what_is_on_its_way():
    made_up = story()
    made_up.record.mid[:] = made_up.record.mid[0]
    low, high = comparing.transport_band(made_up)
    assert len(low) == len(high) == 16
    assert (low < 1.0).all()
    assert (high > 1.0).all()
    trade = 0.002 + 0.005 + 0.0005 + 0.01  # toll, tariff, fee, margin; energy comes on top
    assert (high - 1.0 > trade).all()
    made_up.watch.inbound[:, 10] = 500  # half a day of volume on its way to the south
    crowded = comparing.transport_band(made_up)
    assert crowded[1] == pytest.approx(high / 0.95)
    assert crowded[0] == pytest.approx(low)


def test_every_page_gets_a_small_picture(tmp_path):
    from PIL import Image

    paths = pictures.write_all(tmp_path / "pictures", story())
    assert {path.stem for path in paths} == set(pictures.PICTURES)
    for path in paths:
        assert path.stat().st_size < 90_000
        with Image.open(path) as picture:
            assert 980 <= picture.width <= 1_020
            assert 400 <= picture.height <= 440
            assert len(picture.convert("RGB").getcolors(1 << 20)) > 20, f"{path.name} is empty"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (("--seeds", "1,2"), "give one seed"),
        (("--regions", "1"), "two regions"),
        (("--days", "3"), "6 game days"),
        (("--json",), "leave --json out"),
        (("--tamper",), "leave --tamper out"),
    ],
)
def test_pages_refuse_what_belongs_to_the_battery(tmp_path, given: tuple[str, ...], said: str):
    with pytest.raises(CommandError, match=said):
        call_command("facts", "--model-plots", str(tmp_path), *given)


def test_pages_without_matplotlib_say_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setattr(plots.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(CommandError, match="requirements-extra"):
        call_command("facts", "--model-plots", str(tmp_path), *SMALL)
