"""`bench commands`: orders from outside, through the socket door and in batches.

The whole game runs beside this process, with its world ticking. First 50 and then 200 orders a
second give the latencies, then many sockets near their rate limit give the throughput of the door,
then batches of 100 go through `submit_many`. In the end every command must stand in the journal.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import subprocess
import sys
import time
import urllib.request
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore

from arena_site.embedded.session import ROOT
from markets.messages import PlaceOrderMessage, parse
from markets.services import prepare_order
from players.models import User
from worlds.inbox import Submission, submit_many
from worlds.models import JournalEntry, Participant, World
from worlds.services import participant_join

PLAYERS = 5
RATES_PER_S = (50, 200)
SOCKET_RATE_PER_S = 10  # of a socket in the steady phases; its limit is 20
SOCKETS_PER_PLAYER = 12
BURST_PER_SOCKET = 60
BURST_GAP_SECONDS = 0.055  # a little under 20 a second, the limit of a socket
BATCH = 100
BATCHES = 60
DECIDED_WITHIN_SECONDS = 30.0
MARKET = "FOOD.N"


@dataclass
class _Tally:
    """What one phase sent and heard; seconds."""

    sent: list[str] = field(default_factory=list)
    accepted: list[float] = field(default_factory=list)
    executed: list[float] = field(default_factory=list)
    refused: int = 0


@contextlib.contextmanager
def game(agents: int, progress: Callable[[str], None]) -> Iterator[str]:
    """The whole game in the bench's own state directory; gives its address."""
    command = [sys.executable, "manage.py", "play", "--fresh", "--port", "0", "--no-open", "--json"]
    kept = {key: value for key, value in os.environ.items() if key != "ARENA_SERVICES"}
    child = subprocess.Popen(
        [*command, "--agents", str(agents)],
        cwd=ROOT,
        env=kept | {"ARENA_BOOTSTRAP": "0", "ARENA_STATE": str(settings.STATE_DIR)},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        progress("starting the game")
        line = child.stdout.readline() if child.stdout else ""
        if not line:
            raise RuntimeError("the game did not start; see the logs in the state directory")
        yield json.loads(line)["url"].rstrip("/")
    finally:
        child.terminate()
        child.wait(60)


def players(count: int) -> list[tuple[Participant, str]]:
    """Players with a participant that the engine has registered, and their session cookies."""
    world = World.objects.get(slug="main")
    made = []
    for number in range(count):
        user = User.objects.create_user(username=f"bench-{number}", password=None)
        participant = participant_join(world=world, player=user, command_id=uuid.uuid4())
        made.append((participant, player_session(user)))
    deadline = time.monotonic() + DECIDED_WITHIN_SECONDS
    while Participant.objects.filter(status="pending").exists():
        if time.monotonic() > deadline:
            raise RuntimeError("the participants were not registered")
        time.sleep(0.1)
    return made


def player_session(user: User) -> str:
    """The key of a new session of the user."""
    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.create()
    return str(session.session_key)


def order_that_never_rests(url: str) -> dict[str, Any]:
    """An order that never rests: one lot at the best bid, immediate or canceled."""
    with urllib.request.urlopen(f"{url}/api/markets/{MARKET}") as answer:
        bid = json.load(answer)["book"]["bids"][0][0]
    terms = {"market": MARKET, "side": "buy", "type": "limit", "tif": "ioc"}
    return terms | {"quantity": 1, "price": bid}


async def _talk(
    url: str, cookie: str, order: dict[str, Any], pauses: list[float], tally: _Tally
) -> None:
    """Send orders over one socket, each after its pause, and hear both answers to all of them."""
    from websockets.asyncio.client import connect

    begun: dict[str, float] = {}
    open_answers = 0
    headers = {"Cookie": f"{settings.SESSION_COOKIE_NAME}={cookie}"}
    where = url.replace("http", "ws", 1) + "/ws/market/"
    async with connect(where, origin=url, additional_headers=headers) as socket:  # type: ignore[arg-type]

        async def listen() -> None:
            nonlocal open_answers
            while len(begun) < len(pauses) or open_answers:
                message = json.loads(await asyncio.wait_for(socket.recv(), DECIDED_WITHIN_SECONDS))
                name = message.get("id")
                if name not in begun:
                    continue
                spent = time.perf_counter() - begun[name]
                if message.get("status") == "accepted":
                    tally.accepted.append(spent)
                    tally.sent.append(message["command_id"])
                    continue
                open_answers -= 1
                if message.get("status") in ("executed", "rejected"):
                    tally.executed.append(spent)
                else:
                    tally.refused += 1

        listener = asyncio.create_task(listen())
        start = time.perf_counter()
        for number, pause in enumerate(pauses):
            start += pause
            await asyncio.sleep(max(0.0, start - time.perf_counter()))
            name = f"{number}"
            begun[name] = time.perf_counter()
            open_answers += 1
            await socket.send(json.dumps({"id": name, "op": "order.place"} | order))
        await listener


async def _steady(
    url: str, cookies: list[str], order: dict[str, Any], rate_per_s: int, seconds: float
) -> _Tally:
    """Orders at an even rate, spread over sockets of all players."""
    tally = _Tally()
    sockets = rate_per_s // SOCKET_RATE_PER_S
    count = int(seconds * SOCKET_RATE_PER_S)
    await asyncio.gather(
        *(
            _talk(
                url,
                cookies[index % len(cookies)],
                order,
                [index / rate_per_s, *([1 / SOCKET_RATE_PER_S] * (count - 1))],
                tally,
            )
            for index in range(sockets)
        )
    )
    return tally


async def _burst(url: str, cookies: list[str], order: dict[str, Any]) -> tuple[_Tally, float]:
    tally = _Tally()
    plan = [BURST_GAP_SECONDS] * BURST_PER_SOCKET
    started = time.perf_counter()
    await asyncio.gather(
        *(
            _talk(url, cookie, order, plan, tally)
            for cookie in cookies
            for _ in range(SOCKETS_PER_PLAYER)
        )
    )
    return tally, time.perf_counter() - started


def _batches(participants: list[Participant], order: dict[str, Any]) -> tuple[list[str], float]:
    rows = []
    for number in range(BATCH * BATCHES):
        participant = participants[number % len(participants)]
        made = prepare_order(participant, parse(PlaceOrderMessage, order))
        rows.append(
            Submission(
                participant.world_id,
                participant.pk,
                made.command_id,
                made.key or str(made.command_id),
                made.digest,
                made.body,
            )
        )
    started = time.perf_counter()
    for first in range(0, len(rows), BATCH):
        submit_many(rows[first : first + BATCH])
    spent = time.perf_counter() - started
    return [str(row.command_id) for row in rows], spent


def lost(command_ids: list[str]) -> int:
    """Commands that are not in the journal when nothing waits any more."""
    deadline = time.monotonic() + DECIDED_WITHIN_SECONDS
    missing = len(command_ids)
    while missing and time.monotonic() < deadline:
        missing = len(command_ids)
        for first in range(0, len(command_ids), 1_000):
            part = command_ids[first : first + 1_000]
            missing -= JournalEntry.objects.filter(command_id__in=part).count()
        time.sleep(0.2)
    return missing


def _ms(values: list[float], percentile: float) -> float:
    return round(float(np.percentile(values, percentile)) * 1e3, 2)


def run(options: dict[str, Any], progress: Callable[[str], None]) -> dict[str, Any]:
    """Start the game, send, compare with the journal."""
    with game(int(options["agents"]), progress) as url:
        progress("players join")
        made = players(PLAYERS)
        cookies = [cookie for _, cookie in made]
        order = order_that_never_rests(url)
        steady: dict[int, _Tally] = {}
        for rate in RATES_PER_S:
            progress(f"{rate} orders a second")
            steady[rate] = asyncio.run(
                _steady(url, cookies, order, rate, float(options["seconds"]))
            )
        progress(f"{PLAYERS * SOCKETS_PER_PLAYER} sockets at their limit")
        burst, burst_seconds = asyncio.run(_burst(url, cookies, order))
        progress(f"{BATCHES} batches of {BATCH}")
        batch_ids, batch_seconds = _batches([participant for participant, _ in made], order)
        by_socket = [command for tally in (*steady.values(), burst) for command in tally.sent]
        sent = by_socket + batch_ids
        missing = lost(sent)
    return {
        "agents": int(options["agents"]),
        "sent": len(sent),
        "sent_socket": len(by_socket),
        "sent_batch": len(batch_ids),
        "refused": sum(tally.refused for tally in (*steady.values(), burst)),
        "lost": missing,
        "steady_per_s": RATES_PER_S[0],
        "socket_per_s": round(len(burst.sent) / burst_seconds),
        "batch_per_s": round(len(batch_ids) / batch_seconds),
    } | _latencies(steady)


def _latencies(steady: dict[int, _Tally]) -> dict[str, float]:
    """Of the first rate by plain names, of the others with the rate behind them."""
    shown = {}
    for rate, tally in steady.items():
        end = "" if rate == RATES_PER_S[0] else f"_at_{rate}"
        for name, values in (("accept", tally.accepted), ("executed", tally.executed)):
            for percentile in (50, 99):
                shown[f"{name}_ms_p{percentile}{end}"] = _ms(values, percentile)
    return shown
