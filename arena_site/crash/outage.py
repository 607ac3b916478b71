"""How long a player waits when something dies: 50 orders a second from outside, through the socket.

The gateway, two world workers and beat are the game's own processes; databases and workers are
killed, stopped and restarted under them. An outage lasts from the last decision that the client
heard before the fault to the first one of an order that it sent after it.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import threading
import time
import uuid
from collections import ChainMap
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from django.conf import settings
from django.db import connections

from arena_site.bench.commands import order_that_never_rests, player_session
from arena_site.crash.ground import Ground, Server, make_world
from arena_site.embedded import plan
from arena_site.embedded.game import choose_port
from players.models import User
from worlds import lease
from worlds.models import JournalEntry, World
from worlds.services import participant_join

PLAYERS = 5
RATE_PER_S = 50
TICK_RATE_HZ = 10.0
WORKERS = 2
READY_SECONDS = 180.0
CALM_SECONDS = 1.0
OUTAGE_SECONDS_MAX = 60.0
SLOT_SECONDS = 0.1
# Median and 99th percentile that are to be kept, seconds; None where only the worst counts.
BARS = {
    "worker_killed": (1.0, 3.0),
    "worker_hung": (5.0, 5.0),
    "postgres_killed": (3.0, 10.0),
    "rolling_restart": (1.0, 1.0),
}

Progress = Callable[[int, int], None]


def run(
    ground: Ground, engine: Any, *, injections: int, seed: int, agents: int, progress: Progress
) -> dict[str, Any]:
    """Injections of each kind; the document of `crashtest --recovery`."""
    game = Game(ground)
    try:
        world = make_world(engine, agents, seed, tick_rate_hz=TICK_RATE_HZ)
        url = game.start()
        cookies = [_joined(world, number) for number in range(PLAYERS)]
        game.await_hosts()
        player = Player(url, cookies, _order(url))
        player.start()
        outages: dict[str, list[float]] = {name: [] for name in BARS}
        done, total = 0, injections * len(BARS)
        for _ in range(injections):
            for name, inject in INJECTIONS.items():  # in turn, so that none has the quiet hour
                outages[name].append(_outage(game, player, world.pk, inject))
                done += 1
                progress(done, total)
        time.sleep(CALM_SECONDS)
        player.stop()
        return _report(player, outages, injections)
    finally:
        game.stop()


def _joined(world: World, number: int) -> str:
    user = User.objects.create_user(username=f"outside-{number}", password=None)
    participant_join(world=world, player=user, command_id=uuid.uuid4())
    return player_session(user)


def _order(url: str) -> dict[str, Any]:
    """The order that is sent, once the market has bids that were read into a page."""
    deadline = time.monotonic() + READY_SECONDS
    while True:
        try:
            return order_that_never_rests(url)
        except (OSError, IndexError):
            if time.monotonic() > deadline:
                raise
            time.sleep(0.5)


class Game:
    """The game's processes around the ground's databases."""

    def __init__(self, ground: Ground) -> None:
        self.ground = ground
        own = plan.application_environment(ground.state)
        self._shared = ChainMap({k: v for k, v in os.environ.items() if "URL_" in k}, own)
        shared = dict(self._shared)
        self.port = choose_port(0)
        self.workers = [
            Server(plan.world_worker(number, shared), ground.state)
            for number in range(1, WORKERS + 1)
        ]
        self._others = [
            Server(plan.gateway(self.port, shared), ground.state),
            Server(plan.general_worker(shared), ground.state),
            Server(plan.beat(ground.state, shared), ground.state),
        ]

    def start(self) -> str:
        """Start all; the site's address."""
        for server in (*self._others, *self.workers):
            server.start()
        return f"http://localhost:{self.port}"

    def stop(self) -> None:
        for server in (*self.workers, *self._others):
            server.stop()

    def await_hosts(self) -> None:
        """Until every world worker has loaded the engine and looks for worlds."""
        query = (
            "select count(*) from pg_stat_activity where starts_with(application_name, %s)"
            " and datname = current_database()"
        )
        deadline = time.monotonic() + READY_SECONDS
        while time.monotonic() < deadline:
            with self.ground.session() as session:
                row = session.execute(query, (lease.HOST_PREFIX,)).fetchone()
            if row and row[0] == len(self.workers):
                return
            time.sleep(0.1)
        raise TimeoutError("the world workers did not get ready")

    def holder(self, world_id: int) -> Server:
        """The worker that holds the world."""
        deadline = time.monotonic() + READY_SECONDS
        while time.monotonic() < deadline:
            with self.ground.session() as session:
                row = session.execute(
                    "select holder from world_head where world_id = %s", (world_id,)
                ).fetchone()
            pid = int(row[0].rpartition(":")[2]) if row and row[0] else 0
            found = [worker for worker in self.workers if worker.pid == pid]
            if found:
                return found[0]
            time.sleep(0.05)
        raise TimeoutError("nobody holds the world")


# Each injures the game and returns what mends it once the outage is over.
Mend = Callable[[], object]


def _kill_worker(game: Game, world_id: int) -> Mend:
    holder = game.holder(world_id)
    holder.kill()
    return holder.start


def _hang_worker(game: Game, world_id: int) -> Mend:
    pid = game.holder(world_id).pid
    os.kill(pid, signal.SIGSTOP)
    return lambda: os.kill(pid, signal.SIGCONT)


def _kill_postgres(game: Game, world_id: int) -> Mend:
    game.ground.restart_postgres()
    return connections.close_all


def _restart_worker(game: Game, world_id: int) -> Mend:
    holder = game.holder(world_id)
    holder.stop()
    return holder.start


INJECTIONS: dict[str, Callable[[Game, int], Mend]] = {
    "worker_killed": _kill_worker,
    "worker_hung": _hang_worker,
    "postgres_killed": _kill_postgres,
    "rolling_restart": _restart_worker,
}


def _outage(
    game: Game, player: Player, world_id: int, inject: Callable[[Game, int], Mend]
) -> float:
    time.sleep(CALM_SECONDS)
    since = time.monotonic()
    mend = inject(game, world_id)
    deadline = since + OUTAGE_SECONDS_MAX
    while (first := player.first_after(since)) is None:
        if time.monotonic() > deadline:
            raise TimeoutError("no decision after the fault")
        time.sleep(0.005)
    mend()
    game.await_hosts()
    return first - player.last_before(since)


@dataclass
class Player:
    """Sends orders in a thread of its own and writes down when each was decided."""

    url: str
    cookies: list[str]
    order: dict[str, Any]
    sent: dict[tuple[int, int], float] = field(default_factory=dict)
    decided: list[tuple[float, float]] = field(default_factory=list)  # sent, heard
    accepted: set[str] = field(default_factory=set)
    told: list[str] = field(default_factory=list)
    refused: int = 0
    _stopping: bool = False

    def start(self) -> None:
        self.began = time.monotonic()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._play()), daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._stopping = True
        self._thread.join(10.0)
        self.ended = time.monotonic()

    def first_after(self, since: float) -> float | None:
        """When the first order that was sent after a moment was decided."""
        return min((heard for sent, heard in list(self.decided) if sent > since), default=None)

    def last_before(self, since: float) -> float:
        """When the last decision before a moment was heard."""
        return max((heard for _, heard in list(self.decided) if heard <= since), default=since)

    async def _play(self) -> None:
        tasks = [self._one(number, cookie) for number, cookie in enumerate(self.cookies)]
        await asyncio.gather(*tasks)

    async def _one(self, number: int, cookie: str) -> None:
        from websockets.asyncio.client import connect

        headers = {"Cookie": f"{settings.SESSION_COOKIE_NAME}={cookie}"}
        where = self.url.replace("http", "ws", 1) + "/ws/market/"
        origin: Any = self.url
        async with connect(where, origin=origin, additional_headers=headers) as socket:
            listener = asyncio.create_task(self._listen(number, socket))
            gap = len(self.cookies) / RATE_PER_S
            due = time.monotonic() + number / RATE_PER_S
            count = 0
            while not self._stopping:
                await asyncio.sleep(max(0.0, due - time.monotonic()))
                self.sent[number, count] = time.monotonic()
                await socket.send(json.dumps({"id": count, "op": "order.place"} | self.order))
                count, due = count + 1, due + gap
            await asyncio.sleep(CALM_SECONDS)
            listener.cancel()

    async def _listen(self, number: int, socket: Any) -> None:
        async for text in socket:
            message = json.loads(text)
            sent = self.sent.get((number, message.get("id", -1)))
            if sent is None:
                continue
            status = message.get("status")
            if status == "accepted":
                self.accepted.add(message["command_id"])
            elif status in ("executed", "rejected"):
                self.decided.append((sent, time.monotonic()))
                self.told.append(message["command_id"])
            else:
                self.refused += 1


def _report(player: Player, outages: dict[str, list[float]], injections: int) -> dict[str, Any]:
    journaled = _journaled(player.accepted)
    slots = int((player.ended - player.began) / SLOT_SECONDS)
    good = {int((heard - player.began) / SLOT_SECONDS) for _, heard in player.decided}
    kinds = {name: _figures(name, values) for name, values in outages.items()}
    lost = len(player.accepted) - journaled
    doubled = len(player.told) - len(set(player.told))
    met = all(kind["met"] for kind in kinds.values())
    return {
        "injections": injections,
        "rate_per_s": RATE_PER_S,
        "sent": len(player.sent),
        "accepted": len(player.accepted),
        "decided": len(player.decided),
        "refused": player.refused,
        "acked_lost": lost,
        "told_twice": doubled,
        "availability": round(len(good) / max(slots, 1), 4),
        **kinds,
        "bars_met": met,
        "passed": lost == 0 and doubled == 0 and bool(player.accepted),
    }


def _figures(name: str, values: list[float]) -> dict[str, Any]:
    """Seconds; `met` says whether the bars hold, which only a quiet machine can."""
    p50, p99 = (round(float(np.percentile(values, share)), 3) for share in (50, 99))
    bar_p50, bar_p99 = BARS[name]
    met = p50 < bar_p50 and p99 < bar_p99
    return {"n": len(values), "p50": p50, "p99": p99, "max": round(max(values), 3), "met": met}


def _journaled(command_ids: set[str]) -> int:
    """How many of them the journal has, when nothing waits any more."""
    wanted, found = list(command_ids), 0
    deadline = time.monotonic() + OUTAGE_SECONDS_MAX
    while found < len(wanted) and time.monotonic() < deadline:
        time.sleep(SLOT_SECONDS)
        found = sum(
            JournalEntry.objects.filter(command_id__in=wanted[first : first + 1_000]).count()
            for first in range(0, len(wanted), 1_000)
        )
    return found
