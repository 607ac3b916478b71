"""Each page of the model has its picture, and its tables tell the parameters of the code."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from arena_site.model_pages.pictures import PICTURES
from economy_engine import param_groups
from economy_engine.param_groups import cents
from tests.house.tidy import ROOT

FOLDER = ROOT / "docs" / "models"
IMAGES = ROOT / "docs" / "img" / "models"
PAGES = sorted(page for page in FOLDER.glob("*.md") if page.name != "README.md")
GROUPS = {
    name: kind for name, kind in vars(param_groups).items() if name.endswith(("Params", "Config"))
}
# Of the seed's configuration, what doors and clocks take over and the model does not.
OF_DOORS = {"max_agents", "tick_rate", "market_open_hours", "cache_expiry", "rate_limit",
            "history_limit"}  # fmt: skip
MONEY = {"cents": cents(1), "credits": cents(100)}
HEAD = re.compile(r"^\| *(?:name|Parameter)s? \(`(\w+)`\) *\|", re.IGNORECASE)


class Told(NamedTuple):
    """One parameter as a page tells it."""

    page: str
    group: str
    name: str
    unit: str
    default: str
    span: str
    source: str


def cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip().strip("|").split("|")]


def of_row(page: str, group: str, row: list[str]) -> Iterator[Told]:
    """A row tells one parameter or several, which then share out unit, default and range.

    What stands beside the parameters, a column of the goods or a constant, is left out.
    """
    names = [name.strip(" `") for name in re.sub(r"\([^)]*\)", "", row[0]).split(", ")]
    if not set(names) & set(GROUPS[group]._fields):
        return
    several = [cell.split(", ") for cell in row[1:4]]
    shared = [part if len(part) == len(names) else part[:1] * len(names) for part in several]
    assert len(several[1]) == len(names), f"{page}: {row[0]} has other defaults than names"
    for name, unit, default, span in zip(names, *shared, strict=True):
        yield Told(page, group, name, unit, default, span, row[4])


def told() -> Iterator[Told]:
    for page in PAGES:
        group = ""
        for line in page.read_text().splitlines():
            head = HEAD.match(line)
            if head:
                group = head[1]
                columns = [cell.lower() for cell in cells(line)[1:]]
                assert columns[:2] == ["unit", "default"], f"{page.name}: {line}"
                assert columns[2].startswith("range"), f"{page.name}: {line}"
                assert columns[3] == "source", f"{page.name}: {line}"
            elif not line.startswith("|"):
                group = ""
            elif group and not line.startswith("| ---"):
                yield from of_row(page.name, group, cells(line))


TOLD = tuple(told())


def test_every_page_is_drawn_and_every_picture_has_a_page():
    assert {page.stem for page in PAGES} == set(PICTURES)
    assert {path.stem for path in IMAGES.iterdir()} == set(PICTURES)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_page_shows_its_picture_and_says_what_is_seen(page: Path):
    line = re.compile(rf"!\[([^\]]{{20,}})\]\(\.\./img/models/{page.stem}\.png\)\n\n?(.{{60,}})")
    assert line.search(page.read_text()), "no picture with a text of its own and a line below it"
    data = (IMAGES / f"{page.stem}.png").read_bytes()
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    width, height = struct.unpack(">II", data[16:24])
    assert 900 <= width <= 1_100
    assert 380 <= height <= 460
    assert len(data) < 90_000


@pytest.mark.parametrize("group", sorted(GROUPS))
def test_every_parameter_stands_in_a_table_with_unit_default_range_and_source(group: str):
    rows = {each.name: each for each in TOLD if each.group == group}
    missing = set(GROUPS[group]._fields) - set(rows) - OF_DOORS
    assert not missing, f"{group}: {sorted(missing)} stand in no table of docs/models"
    for each in rows.values():
        assert each.unit, f"{each.page}: {each.name} has no unit"
        assert each.span, f"{each.page}: {each.name} has no range"
        assert each.source, f"{each.page}: {each.name} has no source"


@pytest.mark.parametrize("row", TOLD, ids=lambda row: f"{row.page}-{row.group}-{row.name}")
def test_default_is_that_of_the_code(row: Told):
    kept = getattr(GROUPS[row.group](), row.name)
    factor = next((each for word, each in MONEY.items() if word in row.unit), 1)
    assert float(row.default.replace(",", "")) * factor == pytest.approx(float(kept), rel=1e-12)
