"""One run: the world, its writers, gateways, projector, beat and their ends, all from one seed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import redis

from arena_site.simulation import clients
from arena_site.simulation.clients import Book
from arena_site.simulation.database import SimulatedDatabase
from arena_site.simulation.fibers import Killed, Scheduler
from arena_site.simulation.gateways import Gateway
from arena_site.simulation.newborn import Genesis, place
from arena_site.simulation.plan import Plan
from arena_site.simulation.projecting import project_forever
from arena_site.simulation.traffic import (
    AsyncClient,
    Broker,
    Client,
    FiberExecutor,
    MemoryStorage,
    Traffic,
)
from worlds import faults
from worlds.engine import Applied, Command, signed
from worlds.host import Host
from worlds.surroundings import Surroundings

FAULT_SECONDS = 2.5
CALM_SECONDS_MAX = 60.0
WRITERS, GATEWAYS, PLAYERS = 2, 2, 4
PULSE_SECONDS, SLICE_SECONDS = 0.5, 1.0
ZOMBIE_SECONDS = (1.5, 4.0)
RESTART_SECONDS = (0.1, 1.0)
CHAOS_SECONDS = 0.05


@dataclass(slots=True)
class Told:
    """One announcement as it left a writer."""

    epoch: int
    commit: int
    repeated: bool
    rows: tuple[tuple[UUID, int, int], ...]


@dataclass(slots=True)
class Arena:
    """Everything of a run."""

    seed: int
    control: str
    genesis: Genesis
    scheduler: Scheduler = field(init=False)
    plan: Plan = field(init=False)
    database: SimulatedDatabase = field(init=False)
    traffic: Traffic = field(init=False)
    broker: Broker = field(init=False)
    storage: MemoryStorage = field(init=False)
    books: list[Book] = field(init=False)
    hosts: dict[str, Host] = field(default_factory=dict)
    told: list[Told] = field(default_factory=list)
    digests: dict[int, set[int]] = field(default_factory=dict)  # of live worlds, by commit
    writers: int = 0
    calm: bool = False
    closing: bool = False

    def __post_init__(self) -> None:
        self.scheduler = Scheduler(self.seed)
        self.plan = Plan(self.seed)
        self.database = SimulatedDatabase(self.scheduler, self.plan, self.control)
        self.traffic = Traffic(self.scheduler, self.plan)
        self.broker = Broker(self.scheduler, self.plan)
        self.books = [Book(n, self.seed) for n in range(1, PLAYERS + 1)]
        self.storage = MemoryStorage(self.plan)
        place(self.database, self.storage, self.genesis)

    def surroundings(self) -> Surroundings:
        """What the real code gets instead of the machine."""
        return Surroundings(
            monotonic=self.scheduler.monotonic,
            sleep=self.scheduler.pause,
            writer_connect=self.database.connect,
            web_connect=self.database.web_connect,
            redis_client=lambda: Client(self.traffic),
            redis_async_client=lambda: AsyncClient(self.traffic),
            snapshot_executor=lambda: FiberExecutor(self.scheduler, self.plan),
            new_id=lambda: UUID(int=self.scheduler.random.getrandbits(128), version=4),
        )

    # -- processes ----------------------------------------------------------------------------

    def start(self) -> None:
        """Everything that runs from the beginning."""
        self.scheduler.spawn("beat", self._beat)
        self.scheduler.spawn("chaos", self._chaos)
        for _ in range(WRITERS):
            self._start_writer(self._next_name())
        for number in range(GATEWAYS):
            self._start_gateway(f"gateway{number}", self.books[number::GATEWAYS])
        self._start_projector()

    def _beat(self) -> None:
        while True:
            self.broker.pulse()
            self.scheduler.pause(PULSE_SECONDS)

    def _next_name(self) -> str:
        """No two processes have one name: an old one may still be leaving."""
        self.writers += 1
        return f"writer{self.writers}"

    def _start_writer(self, name: str) -> None:
        engine: Any = Poisonable(self.genesis.engine)

        def body() -> None:
            host = Host(name, engine, self)
            self.hosts[name] = host
            while not host.stopping:
                self.broker.take(name)
                host.slice(SLICE_SECONDS)
            host.close()
            self.hosts.pop(name, None)
            self.broker.queues.pop(name, None)

        self.scheduler.spawn(name, body, name)

    def _start_gateway(self, name: str, books: list[Book]) -> None:
        self.scheduler.spawn(name, Gateway(self, books).run, name)

    def _start_projector(self) -> None:
        self.scheduler.spawn("projector", lambda: project_forever(self.database), "projector")

    def announce(self, held: Any, made: Any) -> None:
        """The announcer's part: what was decided, to whoever listens."""
        rows = tuple((row.command_id, row.seq, row.status) for row in made.rows)
        said = Told(held.lease.epoch, made.position.commit, made.repeated, rows)
        self.told.append(said)
        if made.repeated:
            self.plan.note("head announced again")
        digest = signed(self.genesis.engine.digest(held.world.state))
        self.digests.setdefault(made.position.commit, set()).add(digest)
        try:
            self.traffic.publish("out", said)
        except redis.ConnectionError:
            return  # nothing of value is lost

    def point(self, name: str) -> None:
        """A fault point of the writer's path."""
        fiber = self.scheduler.current
        if fiber is None or not fiber.name.startswith("writer"):
            return
        if self.plan.strikes("writer killed at a fault point"):
            self._kill_writer(fiber.name)
            raise Killed
        if self.plan.strikes("writer paused"):
            self.scheduler.pause(self.plan.between(*ZOMBIE_SECONDS))
            self.plan.note("zombie woke up")
        self.scheduler.pause(0.0)

    def _kill_writer(self, name: str) -> None:
        self.hosts.pop(name, None)
        self.broker.queues.pop(name, None)
        self.database.leave(name)
        self._later(lambda: self._start_writer(self._next_name()))
        self.scheduler.kill(name)

    def _later(self, start: Any) -> None:
        """A supervisor's turn: a new process after a moment."""
        wait = self.plan.between(*RESTART_SECONDS)

        def body() -> None:
            self.scheduler.pause(wait)
            start()

        self.scheduler.spawn("supervisor", body)

    def _chaos(self) -> None:
        """What happens to processes and servers from outside."""
        while not self.calm:
            self.scheduler.pause(CHAOS_SECONDS)
            self._strike_writers()
            plan = self.plan
            if plan.strikes("database restart"):
                self.database.restart()
            if plan.strikes("database clock jump"):
                self.database.clock_offset += plan.between(-4.0, 6.0)
            if plan.strikes("traffic restart"):
                self.traffic.restart()
            if plan.strikes("gateway killed"):
                number = plan.number(GATEWAYS)
                name = f"gateway{number}"
                self.database.leave(name)
                books = self.books[number::GATEWAYS]
                self._later(lambda name=name, books=books: self._start_gateway(name, books))
                self.scheduler.kill(name)
            if plan.strikes("projector killed"):
                self.database.leave("projector")
                self._later(self._start_projector)
                self.scheduler.kill("projector")

    def _strike_writers(self) -> None:
        plan = self.plan
        living = [f for f in self.scheduler.fibers if f.name.startswith("writer")]
        for fiber in living:
            if plan.strikes("writer killed"):
                self._kill_writer(fiber.name)
            elif plan.strikes("writer clock jump"):
                fiber.offset_seconds += plan.between(0.1, 8.0)
            elif fiber.name in self.hosts and plan.strikes("writer stopped"):
                self.hosts[fiber.name].stopping = True
                self._later(lambda: self._start_writer(self._next_name()))


class Poisonable:
    """The real engine, that cannot bear orders of a certain size."""

    def __init__(self, engine: Any) -> None:
        self._engine = engine

    def __getattr__(self, name: str) -> Any:
        return getattr(self._engine, name)

    def apply(self, state: Any, given: Sequence[Command], ticks: int) -> Applied:
        if any(clients.is_poison(command.payload) for command in given):
            raise RuntimeError("a command that the engine cannot bear")
        return self._engine.apply(state, given, ticks)


@contextmanager
def installed(arena: Arena) -> Iterator[None]:
    """Fault points lead to the arena."""
    with faults.inject(arena.point):
        yield
