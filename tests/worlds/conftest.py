"""Worlds for durable tests: real engine, real PostgreSQL, real Redis, nothing flushed.

These tests commit, and other connections and processes must see what they commit, so they use
neither pytest-django's transactions nor its flushing `transaction=True`: `durable` only unblocks
the database. Each test makes a world of its own, with a number that no other suite on the same
Redis uses, and afterwards that world's rows, keys and files are removed. The append-only guards
refuse even that, so the clean-up switches triggers off for its own transaction.
"""

from __future__ import annotations

import os
import random
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
import pytest
import redis
from django.contrib.auth import get_user_model
from django.db import connection, connections
from django.test.utils import setup_databases, teardown_databases
from redis.backoff import NoBackoff
from redis.retry import Retry

from economy_engine import commands
from economy_engine.order_terms import OrderType, SelfTrade, Side, TimeInForce
from economy_engine.params import preset
from tests.cleaning import forget
from worlds import birth, database, inbox, services
from worlds.broadcast import Broadcaster
from worlds.economy import Economy
from worlds.host import Host
from worlds.inbox import Receipt
from worlds.models import Participant, World
from worlds.runner import Held, Made

AGENTS = 500


@pytest.fixture(scope="session")
def engine() -> Economy:
    """The real engine, its kernels loaded once."""
    economy = Economy()
    economy.warm()
    return economy


@pytest.fixture(scope="session")
def _test_database(
    django_db_setup: None, django_db_blocker: Any, django_db_keepdb: bool
) -> Iterator[None]:
    """The test database. pytest-django makes it only for tests that bear its marker, which would
    wrap or flush these; alone they have to ask for it themselves.

    World numbers start far from those of any other suite that shares this Redis.
    """
    made = None
    with django_db_blocker.unblock():
        if not connection.settings_dict["NAME"].startswith("test_"):
            made = setup_databases(0, False, keepdb=django_db_keepdb, aliases={"default"})
        with connection.cursor() as cursor:
            start = random.SystemRandom().randrange(10**9, 10**12)
            cursor.execute(f"alter sequence worlds_world_id_seq restart with {start}")
            cursor.execute(f"alter sequence worlds_participant_id_seq restart with {start}")
    yield
    if made is not None and not django_db_keepdb:
        with django_db_blocker.unblock():
            teardown_databases(made, 0)


@pytest.fixture
def durable(
    _test_database: None, django_db_blocker: Any, settings: Any, tmp_path: Path
) -> Iterator[None]:
    """The database as the running game has it: every commit counts. Snapshots go to a folder of
    the test."""
    storage = {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": tmp_path},
    }
    settings.STORAGES = settings.STORAGES | {"default": storage}
    inbox._room.clear()
    with django_db_blocker.unblock():
        yield
        connections.close_all()


class Announcements(Broadcaster):
    """The real broadcaster; also remembers what it was told, in order."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.made: list[Made] = []

    def announce(self, held: Held, made: Made) -> None:
        self.made.append(made)
        super().announce(held, made)

    def decided(self) -> list[uuid.UUID]:
        """Ids of all commands announced for the first time, in order."""
        return [row.command_id for made in self.made if not made.repeated for row in made.rows]


@dataclass
class Arena:
    """One small world and the hands to play with it."""

    world: World
    engine: Any
    hosts: list[Host] = field(default_factory=list)
    announcements: list[Announcements] = field(default_factory=list)
    players: list[Any] = field(default_factory=list)
    writer: psycopg.Connection = field(default_factory=lambda: database.plain_connect("test"))

    @property
    def world_id(self) -> int:
        return self.world.pk

    def host(self, name: str = "host", engine: Any = None) -> Host:
        """A host that may claim only this world."""
        used = engine or self.engine
        announcer = Announcements(used, database.redis_client())
        host = Host(name, used, announcer, only=[self.world_id])
        self.hosts.append(host)
        self.announcements.append(announcer)
        return host

    def player(self) -> Any:
        """A log-in that is removed with the world."""
        self.players.append(get_user_model().objects.create(username=f"p{uuid.uuid4().hex[:12]}"))
        return self.players[-1]

    def participant(self) -> Participant:
        """A participant whose registration waits in the inbox."""
        participant = Participant.objects.create(world=self.world, name="trader")
        self.send(participant, commands.RegisterParticipant(guest=False))
        return participant

    def send(
        self,
        participant: Participant | int,
        command: Any,
        *,
        key: str | None = None,
        command_id: uuid.UUID | None = None,
        **more: Any,
    ) -> Receipt:
        """Submit a command as a door would."""
        number = participant if isinstance(participant, int) else participant.pk
        kind = int(command.kind)
        header = commands.Header(participant=number)
        return inbox.submit(
            world_id=self.world_id,
            participant_id=number,
            command_id=command_id or uuid.uuid4(),
            kind=kind,
            body=commands.encode(command, header),
            key=key,
            digest=services.request_digest(kind, number, command),
            **more,
        )

    def one(self, query: str, *values: Any) -> Any:
        """First row of a query on a session of its own; a single column as a plain value."""
        row = self.writer.execute(query, (self.world_id, *values)).fetchone()
        return row[0] if row is not None and len(row) == 1 else row

    def all(self, query: str, *values: Any) -> list[tuple]:
        return self.writer.execute(query, (self.world_id, *values)).fetchall()

    def head(self) -> tuple[int, int, int, int]:
        """Epoch, commit, seq, tick."""
        return self.one("select epoch, commit, seq, tick from world_head where world_id = %s")

    def depth(self) -> int:
        """Commands that wait in the inbox."""
        return self.one("select count(*) from inbox where world_id = %s")

    def settle(self, host: Host) -> None:
        """Run until nothing waits."""
        run(host, lambda: self.depth() == 0)

    def journaled(self) -> list[uuid.UUID]:
        rows = self.all("select command_id from journal where world_id = %s order by seq")
        return [row[0] for row in rows]

    def close(self) -> None:
        for host in self.hosts:
            host.close()
        self.writer.close()
        forget(self.world_id, self.players)
        client = database.redis_client()
        client.delete(f"hot:{self.world_id}")
        client.close()


def run(host: Host, until: Callable[[], Any], seconds: float = 30.0) -> None:
    """Run slices until something holds; fails when it never does."""
    deadline = time.monotonic() + seconds
    while not until():
        assert time.monotonic() < deadline, "the host never got there"
        host.slice(0.05)


def nowhere() -> redis.Redis:
    """A client of a Redis that is away."""
    return redis.Redis(unix_socket_path="/nowhere/redis.sock", retry=Retry(NoBackoff(), 0))


def small(seed: int = 7, agents: int = AGENTS) -> Any:
    """Parameters of a world that is born in milliseconds."""
    return preset("lab", agents=agents, seed=seed, spare_rows=64, participant_orders_max=1_024)


@pytest.fixture
def make_arena(durable: None, engine: Economy) -> Iterator[Callable[..., Arena]]:
    """Worlds on demand; all of them are removed afterwards."""
    made: list[Arena] = []

    def make(rate: float = 200.0, params: Any = None, warm_up_days: int = 0) -> Arena:
        slug = f"w{uuid.uuid4().hex[:12]}"
        with database.plain_connect("birth") as session:
            world = birth.create_world(
                engine,
                session,
                slug=slug,
                agents=AGENTS,
                preset="lab",
                seed=7,
                warm_up_days=warm_up_days,
                params=params or small(),
                tick_rate_hz=rate,
            )
        arena = Arena(world, engine)
        made.append(arena)
        return arena

    yield make
    for arena in made:
        arena.close()


@pytest.fixture
def arena(make_arena: Callable[..., Arena]) -> Arena:
    """One small world at 200 ticks a second."""
    return make_arena()


def bid(market: int = 7, quantity: int = 1, price: int = 0, **more: Any) -> commands.PlaceOrder:
    """A buy order; without a price at the market."""
    return commands.PlaceOrder(
        market=market,
        side=Side.BID,
        order_type=OrderType.LIMIT if price else OrderType.MARKET,
        time_in_force=TimeInForce.GTC if price else TimeInForce.IOC,
        quantity=quantity,
        price=price,
        self_trade=SelfTrade.EXPIRE_TAKER,
        **more,
    )


def role_exists(session: psycopg.Connection, name: str) -> bool:
    """Make a database role if the test's user may; False where it may not."""
    found = session.execute("select 1 from pg_roles where rolname = %s", (name,)).fetchone()
    if found is not None:
        return True
    try:
        session.execute(f"create role {name} login")
    except psycopg.errors.InsufficientPrivilege:
        return False
    except psycopg.errors.DuplicateObject:
        return True
    return True


def environment(**more: str) -> dict[str, str]:
    """For child processes: this test database instead of the configured one."""
    name = connection.settings_dict["NAME"]
    host = connection.settings_dict["HOST"]
    user = connection.settings_dict["USER"]
    url = f"postgresql://{user}@/{name}?host={host}"
    return {**os.environ, "DATABASE_URL": url, "ARENA_BOOTSTRAP": "0", **more}
