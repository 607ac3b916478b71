"""Which picture belongs to which page of `docs/models`, and the writing of all of them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from arena_site.model_pages import comparing, money, production, trading
from arena_site.model_pages.living import Story
from arena_site.validation.plots import save_small

PICTURES: dict[str, Callable[[Story], Any]] = {
    "credit": money.credit,
    "desks-and-makers": trading.desks_and_makers,
    "facts": trading.facts,
    "firms": production.firms,
    "households": production.households,
    "indicators": comparing.indicators,
    "monetary": money.monetary,
    "news": trading.news,
    "player-economy": production.player_economy,
    "psychology": money.psychology,
    "regions": comparing.regions,
    "scarcity": production.scarcity,
    "scenarios": production.scenarios,
    "venue": trading.venue,
}


def write_all(folder: Path, story: Story) -> list[Path]:
    """Write one picture per page; returns their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for name, draw in PICTURES.items():
        path = folder / f"{name}.png"
        save_small(draw(story), path)
        paths.append(path)
    return paths
