"""Pictures of recordings. matplotlib is an extra: it is imported here alone, when one is drawn."""

from __future__ import annotations

import importlib.util
import io
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from arena_site.validation import measures, statistics
from arena_site.validation.arguments import MissingPicturesError
from arena_site.validation.recording import Recording
from economy_engine.events import Indicator
from economy_engine.params import GOODS, cents
from economy_engine.systems.columns import Macro

MISSING = (
    "pictures need matplotlib, which the running game does not: leave ARENA_BOOTSTRAP=0 out, so "
    "that it is installed, or install requirements-extra.lock into your environment"
)
FORMATS = (".png", ".svg", ".pdf")
COLOURS = (
    "#1f6f8b", "#c8553d", "#588157", "#8d6a9f", "#d4a017", "#4a5568", "#e07a9a", "#2a9d8f",
    "#9c6644", "#5b7db1",
)  # fmt: skip
COLOURS_KEPT = 256  # of a small picture: a palette halves the file
LAGS = np.array([1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64])
MINOR_PER_CREDIT = cents(100)
STYLE: Any = {
    "font.size": 8.5, "axes.titlesize": 9.5, "axes.titleweight": "bold", "axes.grid": True,
    "grid.alpha": 0.25, "axes.spines.top": False, "axes.spines.right": False,
    "legend.frameon": False, "legend.fontsize": 7, "lines.linewidth": 1.1, "savefig.dpi": 110,
    "axes.titlelocation": "left", "figure.constrained_layout.use": True,
}  # fmt: skip


def check(folder: Path | None, *files: Path | None) -> None:
    """Raise MissingPicturesError without matplotlib, ValueError for a place that cannot be."""
    if importlib.util.find_spec("matplotlib") is None:
        raise MissingPicturesError(MISSING)
    if folder is not None and folder.exists() and not folder.is_dir():
        raise ValueError(f"{folder} is no folder")
    for file in files:
        if file is not None and file.suffix not in FORMATS:
            raise ValueError(f"a picture ends in {', '.join(FORMATS)}, not {file.name}")
        if file is not None and not file.parent.is_dir():
            raise ValueError(f"there is no folder {file.parent}")


def figure(
    rows: int, columns: int, title: str, size_inches: tuple[float, float] | None = None
) -> tuple[Any, Any]:
    """Return a figure and its panels, float64[rows, columns] of axes; size: default by panels."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    pyplot.rcParams.update(STYLE)
    size = size_inches or (4.4 * columns, 2.6 * rows)
    drawn, panels = pyplot.subplots(rows, columns, figsize=size, squeeze=False)
    drawn.suptitle(title, fontsize=11, fontweight="bold", x=0.01, ha="left")
    return drawn, panels


def save(drawn: Any, path: Path | BinaryIO) -> None:
    """Write a figure and let go of it."""
    from matplotlib import pyplot

    drawn.savefig(path)
    pyplot.close(drawn)


def save_small(drawn: Any, path: Path) -> None:
    """Write a figure as a PNG with a palette, and let go of it."""
    from PIL import Image

    plain = io.BytesIO()
    save(drawn, plain)
    picture = Image.open(plain).convert("RGB")
    picture.quantize(COLOURS_KEPT, dither=Image.Dither.NONE).save(path, optimize=True)


def write_all(folder: Path, records: Sequence[Recording]) -> list[Path]:
    """Write the pictures of a battery; returns their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    pictures: dict[str, Callable[[Sequence[Recording]], Any]] = {
        "prices": _prices,
        "returns": _returns,
        "economy": _economy,
    }
    paths = []
    for name, draw in pictures.items():
        path = folder / f"{name}.png"
        save(draw(records), path)
        paths.append(path)
    return paths


def _title(records: Sequence[Recording]) -> str:
    first = records[0]
    seeds = ", ".join(str(record.seed) for record in records)
    return f"{first.agents:,} agents, {first.days} game days, seeds {seeds}"


def _days(record: Recording, count: int) -> Any:
    return np.arange(1, count + 1) * record.bar_ticks / record.ticks_per_day


def _prices(records: Sequence[Recording]) -> Any:
    """Every market's price in every seed."""
    markets = records[0].markets
    drawn, panels = figure(-(-len(markets) // 4), 4, f"Prices in credits: {_title(records)}")
    for m, panel in enumerate(panels.flat):
        if m >= len(markets):
            panel.set_visible(False)
            continue
        for number, record in enumerate(records):
            price = record.mid[:, m] / MINOR_PER_CREDIT
            panel.plot(_days(record, len(price)), price, color=COLOURS[number % 10], lw=0.7)
        panel.axvline(measures.WARM_UP_DAYS, color="#999", lw=0.8, ls=":")
        panel.set_title(markets[m])
        panel.set_xlabel("game day")
    return drawn


def _returns(records: Sequence[Recording]) -> Any:
    """Tails, memory of returns and of their sizes: the facts as curves."""
    drawn, panels = figure(1, 3, f"Returns over 60 ticks: {_title(records)}")
    every = 60 // records[0].bar_ticks
    tails, memory, sizes = panels[0]
    for m, name in enumerate(records[0].markets):
        columns = [measures.lived(r, r.mid)[:, m] for r in records]
        parts = [statistics.log_returns(column, every) for column in columns]
        colour, style = COLOURS[m % 10], "-" if m < 10 else "--"
        spread = np.concatenate([(p - p.mean()) / max(p.std(), 1e-12) for p in parts])
        size = np.sort(np.abs(spread))
        share = 1.0 - np.arange(len(size)) / len(size)
        tails.loglog(size, share, color=colour, ls=style, lw=0.9, label=name)
        plain = [[statistics.autocorrelation(p, int(lag)) for lag in LAGS] for p in parts]
        memory.plot(LAGS, np.median(plain, axis=0), color=colour, ls=style, lw=0.9)
        absolute = [
            [statistics.autocorrelation(np.abs(p), int(lag)) for lag in LAGS] for p in parts
        ]
        sizes.plot(LAGS, np.median(absolute, axis=0), color=colour, ls=style, lw=0.9)
    _normal_tail(tails)
    tails.set(title="Share of returns beyond a size", xlabel="|r| in standard deviations")
    tails.set_xlim(0.3, 30)
    tails.set_ylim(1e-4, 1.1)
    tails.legend(ncol=2)
    for panel in (memory, sizes):
        panel.axhline(0, color="#666", lw=0.8)
        panel.set(xscale="log", xlabel="lag in 60 ticks", ylim=(-0.2, 0.5))
    memory.axhspan(-0.15, 0.15, color="#588157", alpha=0.08)
    memory.set_title("Autocorrelation of returns")
    sizes.set_title("Autocorrelation of their sizes")
    return drawn


def _normal_tail(panel: Any) -> None:
    """Draw what a normal distribution would give."""
    from math import erfc, sqrt

    size = np.linspace(0.3, 5, 100)
    share = [erfc(x / sqrt(2)) for x in size]
    panel.loglog(size, share, color="#222", ls=":", label="normal")


_WORLD = (
    ("Consumer prices, day 30 = 100", Macro.CPI, 0.0),
    ("Unemployment, %", Macro.UNEMPLOYMENT, 100.0),
    ("Policy rate, %", Macro.POLICY_RATE, 100.0),
    ("Core inflation over 90 days, %", Macro.POLICY_INFLATION, 100.0),
    ("Gini of wealth", Macro.GINI, 1.0),
    ("Money, day 30 = 100", Macro.MONEY, 0.0),
)


def _world_panel(panel: Any, record: Recording, slot: Macro, unit: float, colour: str) -> None:
    """Draw one world figure; unit 0 = an index, 100 after the warm-up."""
    values = record.daily(slot)
    base = values[min(measures.WARM_UP_DAYS, len(values) - 1)]
    panel.plot(range(1, len(values) + 1), values * (unit or 100.0 / base), color=colour)


def _economy(records: Sequence[Recording]) -> Any:
    """The world's figures in every seed."""
    drawn, panels = figure(2, 3, f"The world: {_title(records)}")
    for panel, (title, slot, unit) in zip(panels.flat, _WORLD, strict=True):
        for number, record in enumerate(records):
            _world_panel(panel, record, slot, unit, COLOURS[number % 10])
        panel.axvline(measures.WARM_UP_DAYS, color="#999", lw=0.8, ls=":")
        panel.set(title=title, xlabel="game day")
    return drawn


def write_portrait(path: Path, record: Recording) -> None:
    """Write one page of one world: prices, volumes, prices of living, policy, jobs, mood, ground.

    Raises ValueError for a run without a whole game day.
    """
    if not record.days:
        raise ValueError("a portrait needs a game day at least")
    drawn, panels = figure(4, 3, f"A world of {_title([record])}")
    _portrait_markets(panels, record)
    _portrait_world(panels, record)
    _portrait_ground(panels, record)
    for panel in panels.flat:
        panel.axvline(min(measures.WARM_UP_DAYS, record.days), color="#999", lw=0.8, ls=":")
        panel.set_xlim(0, record.days)
    for panel in panels[-1]:
        panel.set_xlabel("game day (dotted: the hidden warm-up ends)")
    save(drawn, path)


def _portrait_markets(panels: Any, record: Recording) -> None:
    per_day = record.ticks_per_day // record.bar_ticks
    consumer, material, volume = panels[0]
    days = _days(record, len(record.mid))
    for m, name in enumerate(record.markets):
        panel = consumer if GOODS[m % len(GOODS)].basket > 0 else material
        base = record.mid[min(measures.WARM_UP_DAYS * per_day, len(record.mid) - 1), m]
        style = "-" if m < len(GOODS) else "--"
        look = {"color": COLOURS[m % 10], "label": name, "ls": style}
        panel.plot(days, 100 * record.mid[:, m] / base, lw=0.7, **look)
        traded = statistics.summed(record.volume[:, m], per_day)
        weekly = statistics.trailing_mean(traded, 7) / max(traded.mean(), 1e-9)
        volume.plot(range(1, len(traded) + 1), weekly, **look)
    consumer.set_title("Prices of consumer goods, day 30 = 100")
    material.set_title("Prices of materials, day 30 = 100")
    volume.set_title("Lots traded, means of a week over the mean of all")
    consumer.legend(ncol=2)
    material.legend(ncol=2)


def _portrait_world(panels: Any, record: Recording) -> None:
    index, jobs, rate = panels[1]
    _world_panel(index, record, Macro.CPI, 0.0, COLOURS[0])
    _world_panel(jobs, record, Macro.UNEMPLOYMENT, 100.0, COLOURS[1])
    _world_panel(rate, record, Macro.POLICY_RATE, 100.0, COLOURS[2])
    _world_panel(rate, record, Macro.POLICY_INFLATION, 100.0, COLOURS[1])
    rate.legend(["policy rate", "core inflation, 90 days"])
    index.set_title("Consumer prices, day 30 = 100")
    jobs.set_title("Unemployment, %")
    rate.set_title("Policy rate and core inflation, %")
    output, wealth, mood = panels[2]
    _world_panel(output, record, Macro.REAL_GDP, 0.0, COLOURS[0])
    _world_panel(output, record, Macro.MEAN_WAGE, 0.0, COLOURS[4])
    output.legend(["real output", "mean wage"])
    output.set_title("Real output and wage, day 30 = 100")
    _world_panel(wealth, record, Macro.GINI, 1.0, COLOURS[3])
    wealth.set(title="Gini of households' wealth", ylim=(0, 0.8))
    for number, slot in enumerate((Macro.MOOD, Macro.SENTIMENT, Macro.FEAR, Macro.GREED)):
        _world_panel(mood, record, slot, 1.0, COLOURS[number])
    mood.legend(["mood", "sentiment", "fear", "greed"], ncol=2)
    mood.set(title="Mood", ylim=(0, 1))


def _portrait_ground(panels: Any, record: Recording) -> None:
    ground, use, money = panels[3]
    reserves = record.daily_market(Indicator.RESERVES)
    consumed = record.daily_market(Indicator.CONSUMPTION)
    days = range(1, record.days + 1)
    for m, name in enumerate(record.markets):
        look = {"color": COLOURS[m % 10], "label": name, "ls": "-" if m < len(GOODS) else "--"}
        if not np.isnan(reserves[:, m]).all():
            ground.plot(days, 100 * reserves[:, m], **look)
        weekly = statistics.trailing_mean(np.nan_to_num(consumed[:, m]), 7)
        use.plot(days, record.stock[:, m] / np.maximum(weekly, 1e-9), **look)
    ground.set_title("Reserves, % of base")
    ground.legend(ncol=2)
    use.set(title="Stock to use: stocks in days of use", ylim=(0, None))
    _world_panel(money, record, Macro.MONEY, 0.0, COLOURS[0])
    _world_panel(money, record, Macro.GDP, 0.0, COLOURS[4])
    money.legend(["money", "nominal output"])
    money.set_title("Money and nominal output, day 30 = 100")
