"""`bench soak`: the whole game with bots trading for minutes, and what grows meanwhile.

Bots send 50 orders a second over sockets. Every few seconds the memory of each process, the lag of
the world and the bytes on the disk are written down; slopes are fitted to the second half, when
caches are full.
"""

from __future__ import annotations

import json
import os
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from django.conf import settings
from django.db import connection

from arena_site.bench.commands import PLAYERS, game, lost, order_that_never_rests, players
from arena_site.crash.outage import Player
from worlds import selectors
from worlds.models import World

SAMPLE_SECONDS = 5.0
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
MB = 1e6
# Time between commits with ticks, and how many ticks those were.
_GAPS = """
select extract(epoch from created_at - lag(created_at) over (order by "commit"))::float8 * 1000
from block where world_id = %s and ticks > 0 and created_at > to_timestamp(%s)
"""


def run(options: dict[str, Any], progress: Callable[[str], None]) -> dict[str, Any]:
    """Start the game, let bots trade, sample, and fit."""
    minutes = float(options["minutes"])
    with game(int(options["agents"]), progress) as url:
        progress("bots join")
        cookies = [cookie for _, cookie in players(PLAYERS)]
        world = World.objects.get(slug="main")
        bots = Player(url, cookies, order_that_never_rests(url))
        began = time.time()
        bots.start()
        samples = _sample(world.pk, minutes * 60, progress)
        bots.stop()
        gone = lost(sorted(bots.accepted))
        gaps = _gaps(world.pk, began)
    if not bots.decided or len(samples.at) < 4:
        raise RuntimeError("too short: nothing was decided or sampled")
    waits = [heard - sent for sent, heard in bots.decided]
    return {
        "agents": int(options["agents"]),
        "minutes": minutes,
        "samples": len(samples.at),
        "ticks": len(gaps) + 1,
        "tick_gap_ms_p50": round(float(np.percentile(gaps, 50)), 1),
        "tick_gap_ms_p99": round(float(np.percentile(gaps, 99)), 1),
        "lag_ticks_max": max(samples.lag),
        "orders_sent": len(bots.sent),
        "orders_decided": len(bots.decided),
        "orders_lost": gone,
        "executed_ms_p50": round(float(np.percentile(waits, 50)) * 1e3, 1),
        "executed_ms_p99": round(float(np.percentile(waits, 99)) * 1e3, 1),
        "rss_mb": {name: round(series[-1] / MB, 1) for name, series in samples.rss.items()},
        "rss_mb_per_hour": {
            name: _slope(samples.at, series) for name, series in samples.rss.items()
        },
        "disk_mb": round(samples.disk[-1] / MB, 1),
        "disk_mb_per_hour": _slope(samples.at, samples.disk),
    }


class Samples:
    """What was seen, in time: seconds, ticks, bytes."""

    def __init__(self) -> None:
        self.at: list[float] = []
        self.lag: list[int] = []
        self.disk: list[int] = []
        self.rss: defaultdict[str, list[int]] = defaultdict(list)


def _sample(world_id: int, seconds: float, progress: Callable[[str], None]) -> Samples:
    samples, state = Samples(), Path(settings.STATE_DIR)
    began = time.monotonic()
    while (passed := time.monotonic() - began) < seconds:
        head = selectors.world_head(world_id)
        samples.at.append(passed)
        samples.lag.append(head.lag_ticks if head else 0)
        samples.disk.append(_bytes_below(state))
        for name, pid in _processes(state).items():
            samples.rss[name].append(_rss(pid))
        left = (seconds - passed) / 60
        progress(f"{left:.1f} minutes left, tick {head.tick if head else 0:,}")
        time.sleep(min(SAMPLE_SECONDS, seconds / 8))
    return samples


def _processes(state: Path) -> dict[str, int]:
    """The game's lasting processes by name."""
    children = json.loads((state / "holder.json").read_text())["children"]
    return {name: int(pid) for name, (pid, _) in children.items() if _rss(int(pid))}


def _rss(pid: int) -> int:
    """Resident bytes of a process; 0 when it is gone."""
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE_BYTES
    except OSError:
        return 0


def _bytes_below(folder: Path) -> int:
    total = 0
    for root, _, names in os.walk(folder):
        for name in names:
            try:
                total += os.lstat(os.path.join(root, name)).st_blocks * 512
            except OSError:
                continue  # gone between the listing and the look
    return total


def _gaps(world_id: int, began: float) -> list[float]:
    with connection.cursor() as cursor:
        cursor.execute(_GAPS, (world_id, began))
        return [row[0] for row in cursor.fetchall() if row[0] is not None]


def _slope(at: list[float], values: list[int]) -> float:
    """Growth in MB an hour over the second half; a process that began later counts from then."""
    times = at[-len(values) :]
    half = len(values) // 2
    if len(values) - half < 2:
        return 0.0
    return round(float(np.polyfit(times[half:], values[half:], 1)[0]) * 3600 / MB, 1)
