"""One world in the hands of its writer: take, apply, check, commit, announce.

`advance` is the only function that knows the sequence. Whatever it raises, memory may be ahead of
the truth: the host drops the world and claims it again.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from hashlib import blake2b
from typing import Protocol
from uuid import UUID

import psycopg
import structlog
import zstandard
from django.conf import settings

from worlds import faults, inbox, lease, metrics, recovery, snapshots
from worlds import surroundings as around
from worlds.engine import (
    SET_ASIDE,
    Applied,
    Block,
    Command,
    Decision,
    Engine,
    HaltReason,
    halt_command,
    is_halt,
    signed,
    upgrade_command,
)
from worlds.errors import InvariantBreach
from worlds.inbox import Waiting
from worlds.journal import (
    STATUS_EXECUTED,
    STATUS_POISON,
    Commit,
    JournalRow,
    Position,
    chain_next,
    write_commit,
)
from worlds.lease import Lease
from worlds.memory import ClosedCandle
from worlds.references import resolve

DIGEST_EVERY_TICK_AGENTS = 200_000
DIGEST_SPARSE_TICKS = 10
FULL_CHECK_TICKS = 100
FAILURES_MAX = 2
TICK_SUSPECT = UUID(int=0)
SYSTEM = 0  # the writer's own commands have this participant

log = structlog.get_logger(__name__)


class Announcer(Protocol):
    """Tells browsers what a commit changed. Must never raise into the writer."""

    def announce(self, held: Held, made: Made) -> None: ...


@dataclass(frozen=True, slots=True)
class Made:
    """A commit that is durable: what was decided, and what it changed."""

    position: Position
    ticks: int
    rows: Sequence[JournalRow]
    block: Block
    touched: Sequence[int]
    closed_candles: Sequence[ClosedCandle]
    repeated: bool = False  # announced again after a claim


@dataclass(slots=True)
class Held:
    """A world in this process, under a lease."""

    slug: str
    lease: Lease
    world: recovery.World
    halted: bool
    due: float
    careful: bool = False
    renewed_at: float = field(default_factory=around.monotonic)
    snapshot_tick: int = 0
    snapshot_commit: int = -1
    checked_tick: int = 0

    @property
    def world_id(self) -> int:
        return self.lease.world_id

    @property
    def label(self) -> str:
        return str(self.lease.world_id)


@dataclass(slots=True)
class _Plan:
    """What goes into one commit. `own`: the writer's commands, journaled before the others."""

    taken: list[Waiting]
    ticks: int
    own: list[bytes] = field(default_factory=list)
    poisoned: set[UUID] = field(default_factory=set)


class WorldRunner:
    """Advances held worlds over one database session."""

    def __init__(
        self, engine: Engine, connection: psycopg.Connection, announcer: Announcer
    ) -> None:
        self.engine = engine
        self.connection = connection
        self._announcer = announcer
        self._compressor = zstandard.ZstdCompressor(level=1)

    def advance(self, held: Held, ticks: int) -> int:
        """Make at most one commit; returns how many commands were taken from the inbox.

        A full batch means that more may wait. Raises Fenced, InvariantBreach, psycopg.Error, or
        whatever the engine raised; nothing was announced then.
        """
        faults.point("advance.begun")
        plan = self._plan(held, ticks)
        faults.point("advance.taken")
        if not (plan.taken or plan.own or plan.ticks):
            return 0
        rows, applied = self._apply(held, plan)
        faults.point("advance.applied")
        self._check(held, applied)
        faults.point("advance.checked")
        made = self._commit(held, plan, rows, applied)
        self._announcer.announce(held, made)
        held.world.memory.forget_orders(self.engine.closed_orders(made.block))
        faults.point("advance.announced")
        return len(plan.taken)

    def _plan(self, held: Held, ticks: int) -> _Plan:
        claimed = held.lease
        untouched = held.world.position == claimed.position
        if claimed.halt_pending and untouched and not held.halted:
            # The halt that was asked for comes before anything else.
            return _Plan([], 0, own=[halt_command(HaltReason.INVARIANT_BREACH)])
        if claimed.engine_version != self.engine.version and untouched:
            # A claim from an older version needs its snapshot at the head: that has its digest.
            left = snapshots.records(self.connection, held.world_id, claimed.position.commit)[0]
            digest = self.engine.digest(held.world.state)
            own = upgrade_command(claimed.engine_version, self.engine.version, left.digest, digest)
            return _Plan([], 0, own=[own])
        if held.careful:
            return self._careful_plan(held, ticks)
        limit = settings.WORLD_COMMANDS_PER_COMMIT_MAX
        taken = inbox.take(self.connection, held.world_id, limit)
        metrics.inbox_depth.labels(held.label).set(len(taken))
        # A commit runs its commands first: after a halt among them there is no tick to run.
        stands = held.halted or any(is_halt(waiting.body) for waiting in taken)
        return _Plan(taken, 0 if stands else ticks)

    def _careful_plan(self, held: Held, ticks: int) -> _Plan:
        """One command or one tick alone, its name written down first; what failed twice alone is
        set aside (a command) or halts the world (a tick)."""
        taken = inbox.take(self.connection, held.world_id, 1)
        if taken:
            suspect = taken[0].command_id
        elif ticks and not held.halted:
            suspect = TICK_SUSPECT
        else:
            return _Plan([], 0)
        tried = lease.mark_suspect(self.connection, held.world_id, held.lease.epoch, suspect)
        if tried <= FAILURES_MAX:
            if not taken:
                held.careful = False
                return _Plan([], 1)
            return _Plan(taken, 0)
        log.error("poison", world=held.world_id, suspect=str(suspect))
        if taken:
            return _Plan(taken, 0, poisoned={suspect})
        return _Plan([], 0, own=[halt_command(HaltReason.TICK_FAILED)])

    def _apply(self, held: Held, plan: _Plan) -> tuple[list[JournalRow], Applied]:
        position = held.world.position
        entries = [
            Waiting(0, around.new_id(), SYSTEM, "", _digest(payload), payload, None, False)
            for payload in plan.own
        ]
        entries += [waiting for waiting in plan.taken if not waiting.decided]
        references = resolve(self.connection, held.world_id, entries, position.seq)
        commands = [
            Command(position.seq + n, 0, SET_ASIDE)
            if entry.command_id in plan.poisoned
            else Command(position.seq + n, references[n - 1], entry.body)
            for n, entry in enumerate(entries, 1)
        ]
        started = time.perf_counter()
        applied = self.engine.apply(held.world.state, commands, plan.ticks)
        if plan.ticks:
            spent = (time.perf_counter() - started) / plan.ticks
            metrics.tick_seconds.labels(held.label).observe(spent)
        rows: list[JournalRow] = []
        chain = position.chain
        decided_entries = zip(entries, applied.decisions, strict=True)
        for n, (entry, decided) in enumerate(decided_entries, 1):
            if entry.command_id in plan.poisoned:
                decided = Decision(STATUS_POISON, b"")
            row = JournalRow(
                seq=position.seq + n,
                tick=position.tick,
                commit=position.commit + 1,
                participant_id=entry.participant_id,
                ref_seq=references[n - 1],
                status=decided.status,
                command_id=entry.command_id,
                key=entry.key or str(entry.command_id),
                digest=entry.digest,
                payload=entry.body,
                result=decided.packed,
                chain=b"",
            )
            chain = chain_next(chain, row)
            rows.append(replace(row, chain=chain))
        return rows, applied

    def _check(self, held: Held, applied: Applied) -> None:
        """The invariants that hold at every commit; the dear ones every 100 ticks."""
        tick = self.engine.tick(held.world.state)
        full = tick - held.checked_tick >= FULL_CHECK_TICKS
        breaches = self.engine.breaches(held.world.state, full=full)
        breaches += self.engine.reported_breaches(held.world.state, applied.block)
        if breaches:
            raise InvariantBreach(breaches)
        if full:
            held.checked_tick = tick

    def _commit(self, held: Held, plan: _Plan, rows: list[JournalRow], applied: Applied) -> Made:
        world, state = held.world, held.world.state
        start = world.position
        chain = rows[-1].chain if rows else start.chain
        position = Position(start.commit + 1, start.seq + len(rows), start.tick + plan.ticks, chain)
        halted = self.engine.halted(state)
        touched = recovery.concerned(self.engine, applied.block, rows)
        made = Commit(
            position=position,
            ticks=plan.ticks,
            rows=rows,
            taken_ids=[waiting.id for waiting in plan.taken],
            events=self._compressor.compress(self.engine.pack(applied.block)),
            touches_participants=bool(touched),
            digest=self._digest(held, start.tick, position.tick),
            halted=halted,
            state_changed=halted != held.halted,
            engine_version=self.engine.version,
        )
        started = time.perf_counter()
        write_commit(self.connection, held.world_id, held.lease.epoch, start, made)
        metrics.commit_seconds.labels(held.label).observe(time.perf_counter() - started)
        for row in rows:
            word = "executed" if row.status == STATUS_EXECUTED else "rejected"
            metrics.commands_total.labels(held.label, word).inc()
        metrics.world_tick.labels(held.label).set(position.tick)
        world.position = position
        held.halted = halted
        held.renewed_at = around.monotonic()
        world.memory.note_orders(rows)
        closed = world.memory.feed(applied.block)
        return Made(position, plan.ticks, rows, applied.block, touched, closed)

    def _digest(self, held: Held, tick_before: int, tick: int) -> int | None:
        """The state's digest where one is owed: every tick, every tenth of a large world."""
        if tick == tick_before:
            return None
        if held.lease.agents > DIGEST_EVERY_TICK_AGENTS:
            sparse = DIGEST_SPARSE_TICKS
            if tick // sparse == tick_before // sparse:
                return None
        return signed(self.engine.digest(held.world.state))

    def snapshot_header(
        self, held: Held, sections: Sequence[tuple[str, bytes]]
    ) -> snapshots.Header:
        """What a snapshot of the world as it stands says about itself."""
        position = held.world.position
        return snapshots.Header(
            format=snapshots.FORMAT,
            world_id=held.world_id,
            engine_version=self.engine.version,
            commit=position.commit,
            seq=position.seq,
            tick=position.tick,
            chain=position.chain.hex(),
            digest=signed(self.engine.digest(held.world.state)),
            sections=tuple((name, len(raw)) for name, raw in sections),
        )


def _digest(payload: bytes) -> bytes:
    return blake2b(payload, digest_size=16).digest()
