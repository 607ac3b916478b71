"""The player economy's rules: hand-computed values, and equality with the producers' formulas."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from economy_engine import works
from economy_engine.goods import GOODS, INDEX, GoodKind
from economy_engine.params import WorksParams
from economy_engine.systems.behavior import firms
from economy_engine.systems.scarcity import price_multiplier, scarcity_level
from economy_engine.works import Pricing

P = WorksParams()
FOOD, OIL, CO2, TOOL = (INDEX[code] for code in ("FOOD", "OIL", "CO2", "TOOL"))


@pytest.mark.parametrize(
    ("tier", "licence", "fee"),
    [
        (1, 1_500_000, 7_500),
        (2, 3_750_000, 18_750),
        (3, 9_000_000, 45_000),
        (4, 21_000_000, 105_000),
        (5, 48_000_000, 240_000),
    ],
)
def test_licences_rise_faster_than_jobs(tier: int, licence: int, fee: int) -> None:
    assert works.licence_minor(P, tier, 1.0) == licence
    assert works.land_fee_minor(P, tier, 1.0) == fee
    assert works.licence_minor(P, tier, 1.1) == pytest.approx(1.1 * licence, abs=1)
    if tier > 1:
        per_job = licence / works.TIER_WORKERS[tier - 1]
        before = works.licence_minor(P, tier - 1, 1.0) / works.TIER_WORKERS[tier - 2]
        assert per_job > before


def test_research_is_quadratic_and_in_proportion_to_jobs() -> None:
    assert [works.research_units(P, level, 1) for level in range(4)] == [2, 8, 18, 32]
    assert works.research_units(P, 3, 5) == 16 * 32


def test_productivity_by_hand() -> None:
    assert works.productivity(0, False, 1.0) == 1.0
    assert works.productivity(2, False, 1.0) == pytest.approx(1.0404)
    assert works.productivity(0, True, 1.0) == pytest.approx(1.05)
    assert works.productivity(0, False, 0.0) == 0.5


def test_public_work_pays_less_when_the_treasury_is_poor() -> None:
    assert works.work_wage_minor(P, 100_001.7, 50.0, 50.0) == (80_001, 20_000)
    assert works.work_wage_minor(P, 100_000.0, 25.0, 50.0) == (40_000, 10_000)
    assert works.work_wage_minor(P, 100_000.0, 0.0, 50.0) == (0, 0)


def test_a_ticket_returns_nine_tenths_on_average() -> None:
    ticket = works.ticket_minor(P, 1.0)
    share = int(ticket * P.find_return / P.find_probability)
    assert share * P.find_probability == pytest.approx(0.9 * ticket)


@given(
    st.floats(0.01, 0.2), st.floats(0.5, 1.7), st.floats(1.0, 1e6), st.floats(1.0, 5.0),
    st.floats(0.0, 1e6),
)  # fmt: skip
def test_cost_is_the_producers_cost(
    labour: float, skill: float, wage: float, multiplier: float, inputs: float
) -> None:
    ours = works.marginal_cost(labour, skill, wage, multiplier, inputs)
    assert ours == firms.marginal_cost(labour, skill, wage, multiplier, inputs)


@given(st.integers(0, len(GOODS) - 1), st.floats(0.0, 1.5))
def test_the_rent_is_the_scarcity_of_the_reserve(index: int, share: float) -> None:
    good = GOODS[index]
    expected = 1.0
    if good.kind in (GoodKind.FINITE, GoodKind.RENEWABLE):
        scarcity = scarcity_level(share * 1000.0, 1000.0)
        expected = price_multiplier(scarcity, good.max_multiplier, good.importance)
    if good.kind in (GoodKind.ARTIFICIAL,):
        expected = price_multiplier(1.0, good.max_multiplier, good.importance)
    assert works.price_multiplier(good, share) == pytest.approx(expected)


def test_pricing_rules() -> None:
    assert works.asking_price(Pricing.MANUAL, 9_000, 5, 1.0, 2.0) == 9_000.0
    assert works.asking_price(Pricing.COST_PLUS, 0, 250_000, 8_000.0, 1.0) == 10_000.0
    assert works.asking_price(Pricing.FOLLOW, 0, -100_000, 1.0, 10_000.0) == 9_000.0


def test_permits_are_not_made_and_only_finite_goods_are_looked_for() -> None:
    makes = [GOODS[m].code for m in range(10) if works.may_be_made(m)]
    assert makes == ["OIL", "LITH", "RARE", "WATR", "LAND", "IP", "FOOD", "ENRG", "TOOL"]
    assert [GOODS[m].code for m in range(10) if works.has_deposits(m)] == ["OIL", "LITH", "RARE"]
    assert works.may_be_made(10 + FOOD)
    assert not works.may_be_made(10 + CO2)


def test_an_outlook_by_hand() -> None:
    prices = [good.price_cents * 10 for good in GOODS]
    seen = works.outlook(
        P, FOOD, 1, wage=100_000.0, prices=prices, reserve_share=1.0, level=1.0, paid=1_500_000
    )
    inputs = 0.3 * 2_000 + 0.3 * 2_700 + 0.1 * 6_800
    assert (seen.output, seen.workers, seen.wages) == (80.0, 4, 400_000.0)
    assert seen.inputs == pytest.approx(80 * inputs)
    assert seen.cost == pytest.approx(5_000 + inputs)
    assert seen.rent == 0.0
    assert seen.profit == pytest.approx(80 * 9_000 - 400_000 - 80 * inputs - 7_500)
    assert seen.payback_days == pytest.approx(1_500_000 / seen.profit)
    idle = works.outlook(
        P, OIL, 1, wage=100_000.0, prices=prices, reserve_share=0.5, level=1.0, price=1.0, paid=1
    )
    assert idle.payback_days == -1.0
    assert idle.rent == pytest.approx(0.04 * 100_000 * 0.5 * 3.0 * 0.9)
    part = works.outlook(
        P, FOOD, 1, wage=100_000.0, prices=prices, reserve_share=1.0, level=1.0, output=30.0
    )
    assert (part.output, part.workers) == (30.0, 2)


@pytest.mark.parametrize(("per_day", "stock", "lots"), [(2.0, 0, 7), (2.0, 6, 0), (0.0, 0, 0)])
def test_inputs_for_three_days(per_day: float, stock: int, lots: int) -> None:
    assert works.input_lots(per_day, stock) == lots
