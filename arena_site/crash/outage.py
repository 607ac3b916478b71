"""How long a player waits when something dies: 50 orders a second from outside, through the socket.

The gateway, two world workers and beat are the game's own processes; databases and workers are
killed, stopped and restarted under them. An outage lasts from the last decision that the client
heard before the fault to the first one of an order that it sent after it.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import os
import signal
import threading
import time
import uuid
from collections import ChainMap
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

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


class Outage(NamedTuple):
    """How long one lasted, and where the time went: seconds from the fault to the end of what was
    done to the game, to the first commit, to the first order taken in, to its decision."""

    lasted: float
    injured: float
    committed: float
    accepted: float
    decided: float


def run(
    ground: Ground,
    engine: Any,
    *,
    injections: int,
    seed: int,
    agents: int,
    progress: Progress,
    kinds: Sequence[str] = (),
) -> dict[str, Any]:
    """Injections of each kind (all by default); the document of `crashtest --recovery`."""
    game = Game(ground)
    try:
        world = make_world(engine, agents, seed, tick_rate_hz=TICK_RATE_HZ)
        url = game.start()
        cookies = [_joined(world, number) for number in range(PLAYERS)]
        game.await_hosts()
        player = Player(url, cookies, _order(url))
        player.start()
        outages: dict[str, list[Outage]] = {name: [] for name in kinds or BARS}
        done, total = 0, injections * len(outages)
        for _ in range(injections):
            for name, found in outages.items():  # in turn, so that none has the quiet hour
                found.append(_outage(game, player, world.pk, INJECTIONS[name]))
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
) -> Outage:
    time.sleep(CALM_SECONDS)
    since, clock = time.monotonic(), time.time()
    mend = inject(game, world_id)
    injured = time.monotonic() - since
    deadline = since + OUTAGE_SECONDS_MAX
    while (first := first_after(player.decided, since)) is None:
        if time.monotonic() > deadline:
            raise TimeoutError("no decision after the fault")
        time.sleep(0.005)
    mend()
    game.await_hosts()
    taken = first_after(player.taken, since)
    committed = _first_commit(game.ground, world_id, clock)
    return Outage(
        lasted=first - player.last_before(since),
        injured=injured,
        committed=committed,
        accepted=(taken or first) - since,
        decided=first - since,
    )


def _first_commit(ground: Ground, world_id: int, clock: float) -> float:
    """Seconds from a moment of the wall clock to the first commit of another writer or session:
    the first after the longest gap since then."""
    with ground.session() as session:
        found = session.execute(
            "select extract(epoch from created_at) from block where world_id = %s"
            " and created_at > to_timestamp(%s) order by commit",
            (world_id, clock - CALM_SECONDS),
        ).fetchall()
    times = [float(row[0]) for row in found]
    gaps = [(after - before, after) for before, after in itertools.pairwise(times)]
    return max(gaps)[1] - clock if gaps else 0.0


def first_after(heard: list[tuple[float, float]], since: float) -> float | None:
    """When the first of those that were sent after a moment was heard."""
    return min((at for sent, at in list(heard) if sent > since), default=None)


@dataclass
class Player:
    """Sends orders in a thread of its own and writes down when each was decided."""

    url: str
    cookies: list[str]
    order: dict[str, Any]
    sent: dict[tuple[int, int], float] = field(default_factory=dict)
    taken: list[tuple[float, float]] = field(default_factory=list)  # sent, heard
    decided: list[tuple[float, float]] = field(default_factory=list)
    accepted: set[str] = field(default_factory=set)
    told: list[str] = field(default_factory=list)
    refused: int = 0
    reconnected: int = 0
    _stopping: bool = False

    def start(self) -> None:
        self.began = time.monotonic()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._play()), daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._stopping = True
        self._thread.join(10.0)
        self.ended = time.monotonic()

    def last_before(self, since: float) -> float:
        """When the last decision before a moment was heard."""
        return max((heard for _, heard in list(self.decided) if heard <= since), default=since)

    async def _play(self) -> None:
        tasks = [self._one(number, cookie) for number, cookie in enumerate(self.cookies)]
        await asyncio.gather(*tasks)

    async def _one(self, number: int, cookie: str) -> None:
        from websockets.asyncio.client import connect
        from websockets.exceptions import ConnectionClosed

        headers = {"Cookie": f"{settings.SESSION_COOKIE_NAME}={cookie}"}
        where = self.url.replace("http", "ws", 1) + "/ws/market/"
        origin: Any = self.url
        counter = itertools.count()
        async for socket in connect(where, origin=origin, additional_headers=headers):
            listener = asyncio.create_task(self._listen(number, socket))
            try:
                await self._send(number, counter, socket)
                return
            except ConnectionClosed:
                self.reconnected += 1
            finally:
                listener.cancel()

    async def _send(self, number: int, counter: Iterator[int], socket: Any) -> None:
        gap = len(self.cookies) / RATE_PER_S
        due = time.monotonic() + number / RATE_PER_S
        while not self._stopping:
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            count = next(counter)
            self.sent[number, count] = time.monotonic()
            await socket.send(json.dumps({"id": count, "op": "order.place"} | self.order))
            due += gap
        await asyncio.sleep(CALM_SECONDS)

    async def _listen(self, number: int, socket: Any) -> None:
        async for text in _messages(socket):
            self._hear(number, text)

    def _hear(self, number: int, text: str) -> None:
        message = json.loads(text)
        sent = self.sent.get((number, message.get("id", -1)))
        if sent is None:
            return
        status = message.get("status")
        if status == "accepted":
            self.taken.append((sent, time.monotonic()))
            self.accepted.add(message["command_id"])
        elif status in ("executed", "rejected"):
            self.decided.append((sent, time.monotonic()))
            self.told.append(message["command_id"])
        else:
            self.refused += 1


async def _messages(socket: Any) -> AsyncIterator[str]:
    """What a socket hears until it is closed, in whatever way."""
    from websockets.exceptions import ConnectionClosed

    with contextlib.suppress(ConnectionClosed):
        async for text in socket:
            yield text


def _report(player: Player, outages: dict[str, list[Outage]], injections: int) -> dict[str, Any]:
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
        "reconnected": player.reconnected,
        "acked_lost": lost,
        "told_twice": doubled,
        "availability": round(len(good) / max(slots, 1), 4),
        **kinds,
        "bars_met": met,
        "passed": lost == 0 and doubled == 0 and bool(player.accepted),
    }


def _figures(name: str, outages: list[Outage]) -> dict[str, Any]:
    """Seconds; `met` says whether the bars hold, which only a quiet machine can. `steps` are
    medians from the fault on: they say where an outage's time goes."""
    values = [outage.lasted for outage in outages]
    steps = {
        step: round(float(np.median([getattr(outage, step) for outage in outages])), 3)
        for step in Outage._fields[1:]
    }
    p50, p99 = (round(float(np.percentile(values, share)), 3) for share in (50, 99))
    bar_p50, bar_p99 = BARS[name]
    met = p50 < bar_p50 and p99 < bar_p99
    shown = {"n": len(values), "p50": p50, "p99": p99, "max": round(max(values), 3), "met": met}
    return shown | {"steps": steps}


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
