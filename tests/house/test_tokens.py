"""Contrasts of the design's colors, computed out of the token file itself."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

TOKENS = Path(__file__).resolve().parent.parent.parent / "static" / "css" / "tokens.css"
THEMES = ("light", "dark")
GROUNDS = ("bg", "surface-1", "surface-2", "surface-3")
TEXTS = ("text", "text-2", "text-3", "accent", "up", "down")
STATES = ("crit", "warn", "ok", "info", "guild")
PAIRS = (
    ("accent-ink", "accent"),
    ("on-signal", "up"),
    ("on-signal", "down"),
    ("up", "up-bg"),
    ("down", "down-bg"),
    ("text", "up-bg"),
    ("text", "down-bg"),
    ("text-2", "up-bg"),
    ("text-2", "down-bg"),
)
TEXT_MIN = 4.5
BORDER_MIN = 3.0


def read_tokens() -> dict[str, dict[str, str]]:
    """Theme -> token -> `#RRGGBB`."""
    pattern = re.compile(r"--([a-z0-9-]+): light-dark\((#[0-9A-Fa-f]{6}), (#[0-9A-Fa-f]{6})\);")
    found = pattern.findall(TOKENS.read_text())
    return {
        "light": {name: light for name, light, _ in found},
        "dark": {name: dark for name, _, dark in found},
    }


def luminance(color: str) -> float:
    """Relative luminance of `#RRGGBB` (WCAG 2.2)."""
    channels = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    """Contrast ratio of two colors, 1 to 21."""
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_the_formula_is_the_standard_one() -> None:
    assert contrast("#000000", "#FFFFFF") == pytest.approx(21.0)
    assert contrast("#777777", "#FFFFFF") == pytest.approx(4.478, abs=0.001)


def test_all_colors_are_read() -> None:
    tokens = read_tokens()
    named = {name for pair in PAIRS for name in pair}
    wanted = {*GROUNDS, *TEXTS, *STATES, *named, "line", "line-strong", "focus"}
    for theme in THEMES:
        assert wanted <= set(tokens[theme])


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("text", TEXTS + STATES)
@pytest.mark.parametrize("ground", GROUNDS)
def test_text_is_readable_on_every_ground(theme: str, text: str, ground: str) -> None:
    colors = read_tokens()[theme]
    assert contrast(colors[text], colors[ground]) >= TEXT_MIN


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize(("ink", "ground"), PAIRS)
def test_ink_is_readable_on_signals(theme: str, ink: str, ground: str) -> None:
    colors = read_tokens()[theme]
    assert contrast(colors[ink], colors[ground]) >= TEXT_MIN


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("edge", ["line-strong", "focus"])
@pytest.mark.parametrize("ground", GROUNDS)
def test_edges_are_visible_on_every_ground(theme: str, edge: str, ground: str) -> None:
    colors = read_tokens()[theme]
    assert contrast(colors[edge], colors[ground]) >= BORDER_MIN


@pytest.mark.parametrize("theme", THEMES)
def test_up_and_down_are_equally_loud(theme: str) -> None:
    colors = read_tokens()[theme]
    assert contrast(colors["up"], colors["down"]) < 1.5
