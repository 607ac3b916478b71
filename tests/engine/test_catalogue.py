"""The table of indicators is complete and says the same as the numbers do."""

from pathlib import Path

from economy_engine import catalogue
from economy_engine.catalogue import Cadence
from economy_engine.events import ATTRIBUTION_DTYPE, ATTRIBUTION_PARTS, Indicator
from economy_engine.systems.indicators import markets

PAGE = Path(__file__).resolve().parents[2] / "docs/models/indicators.md"


def test_every_indicator_has_its_row_and_its_line_on_the_page():
    assert set(catalogue.ENTRIES) == set(Indicator)
    page = PAGE.read_text()
    unnamed = {"newcomer_grants", "phase"}  # told by nobody yet
    # A family of names is written with dots: `price_elasticity`, `..._error`.
    for each in Indicator:
        name = each.name.lower()
        family = name.rpartition("_")[2]
        assert name in unnamed or f"`{name}`" in page or f"`..._{family}`" in page, name


def test_numbers_tell_the_world_from_its_markets():
    assert not catalogue.is_of_market(Indicator.CPI)
    assert not catalogue.is_of_market(Indicator.ALERT)
    assert catalogue.is_of_market(Indicator.RESERVES)
    assert catalogue.is_of_market(Indicator.KYLE_LAMBDA)
    assert all(catalogue.is_of_market(each) for each in markets.FIGURES)


def test_moods_are_told_often_and_unknown_numbers_have_a_plain_row():
    assert catalogue.entry_of(Indicator.FEAR).cadence == Cadence.BAR
    assert catalogue.entry_of(Indicator.GDP).unit == "credits"
    assert catalogue.entry_of(9_999) == catalogue.Entry("9999", "number")


def test_attribution_rows_have_their_parts_in_order():
    assert ATTRIBUTION_DTYPE.names == ("tick", "market", *ATTRIBUTION_PARTS)
