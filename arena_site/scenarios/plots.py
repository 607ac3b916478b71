"""One page of a scenario: every figure that it should move, mean over the seeds and each seed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from arena_site.scenarios.catalogue import TICKS_PER_DAY, Scenario
from arena_site.scenarios.pairs import Pair, difference, mean_path
from arena_site.validation.plots import COLOURS, figure, save

_UNITS = {
    "cpi": "log points", "output": "log points", "unemployment": "percentage points",
    "rate": "percentage points",
}  # fmt: skip


def write(path: Path, scenario: Scenario, pairs: Sequence[Pair]) -> None:
    """Write the picture of one scenario; bars show what was expected."""
    names = list(dict.fromkeys(each.figure for each in scenario.expected))
    columns = min(3, len(names))
    title = f"{scenario.name}: {scenario.text} ({len(pairs)} seeds, difference to the twin)"
    drawn, panels = figure(-(-len(names) // columns), columns, title)
    for number, panel in enumerate(panels.flat):
        if number >= len(names):
            panel.set_visible(False)
            continue
        name = names[number]
        days, mean = mean_path(list(pairs), name)
        for pair in pairs:
            panel.plot(days, difference(pair, name)[0], color="#b8c4cc", lw=0.6)
        panel.plot(days, mean, color=COLOURS[0], lw=1.4)
        panel.axhline(0, color="#666", lw=0.8)
        for each in scenario.expected:
            if each.figure == name:
                span = [each.first / TICKS_PER_DAY, each.last / TICKS_PER_DAY]
                panel.plot(span, [each.size] * 2, color=COLOURS[1], lw=2.5)
        kind = "log points" if name.startswith("price:") else _UNITS.get(name, "")
        panel.set(title=f"{name.replace('price:', '')} {kind}", xlabel="days after the event")
    save(drawn, path)
