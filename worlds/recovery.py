"""From the newest good snapshot and the journal back to the head, commit by commit.

Blocks say where commits ended; where they were pruned, the journal's own commit numbers and ticks
do, and only the boundaries of commits without commands are unknown: the state is the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import psycopg
import structlog
import zstandard

from worlds import faults, snapshots
from worlds.engine import SET_ASIDE, Applied, Block, Command, Engine, State, signed
from worlds.errors import ReplayMismatch, SnapshotUnusable
from worlds.journal import STATUS_POISON, JournalRow, Position, chain_at, read_rows
from worlds.memory import WriterMemory

DERIVED_TICKS = 10
BLOCK_ROWS = 1_000
EVENTS_BYTES_MAX = 256 * 1024 * 1024
ENGINE_SECTION = "engine"
MEMORY_SECTION = "memory"

_BLOCKS = """select commit, tick, ticks, seq_from, seq_to, digest, chain from block
where world_id = %s and commit > %s and commit <= %s order by commit limit %s"""

_BLOCK = "select seq_from, ticks, events from block where world_id = %s and commit = %s"

log = structlog.get_logger(__name__)


class Step(NamedTuple):
    """One commit to do again; `derived` when its block is gone and its end is a guess."""

    position: Position
    ticks: int
    rows: list[JournalRow]
    digest: int | None
    derived: bool


class Replayed(NamedTuple):
    """A step and what it came to now."""

    step: Step
    applied: Applied
    digest: int | None


@dataclass(slots=True)
class World:
    """A world in memory: the engine's state, the writer's memory, and where both stand."""

    state: State
    memory: WriterMemory
    position: Position


@dataclass(frozen=True, slots=True)
class Restored:
    """A world at its head and what it took to get there."""

    world: World
    snapshot_commit: int
    snapshots_refused: int
    commands: int
    ticks: int


def steps(
    connection: psycopg.Connection, world_id: int, start: Position, end: Position
) -> Iterator[Step]:
    """Every commit after `start` up to `end`. Raises ReplayMismatch at a gap or altered row."""
    rows = _Rows(read_rows(connection, world_id, start, end.seq))
    at = start
    for block in _blocks(connection, world_id, start.commit, end.commit):
        commit, tick, ticks, seq_from, seq_to, digest, chain = block
        before = Position(commit - 1, seq_from - 1, tick - ticks, b"")
        for step in _derived(rows, at, before):
            at = step.position
            yield step
        taken = rows.up_to(seq_to)
        reached = taken[-1].chain if taken else at.chain
        if reached != bytes(chain):
            raise ReplayMismatch(f"commit {commit}: block and journal disagree")
        at = Position(commit, seq_to, tick, reached)
        yield Step(at, ticks, taken, digest, False)
    for step in _derived(rows, at, end):
        at = step.position
        yield step
    if (at.seq, at.tick, at.chain) != (end.seq, end.tick, end.chain):
        raise ReplayMismatch(f"replay ends at {at}, the head is {end}")


class _Rows:
    """The journal's rows, looked at one ahead."""

    def __init__(self, rows: Iterator[JournalRow]) -> None:
        self._rows = rows
        self.next = next(rows, None)

    def up_to(self, seq: int) -> list[JournalRow]:
        """Rows not taken yet with a seq up to `seq`."""
        taken = []
        while self.next is not None and self.next.seq <= seq:
            taken.append(self.next)
            self.next = next(self._rows, None)
        return taken

    def of_commit(self, seq_max: int) -> list[JournalRow]:
        """The next rows that share commit and tick."""
        assert self.next is not None
        commit, tick, taken = self.next.commit, self.next.tick, []
        while (
            self.next is not None
            and self.next.seq <= seq_max
            and (self.next.commit, self.next.tick) == (commit, tick)
        ):
            taken.append(self.next)
            self.next = next(self._rows, None)
        return taken


def _blocks(
    connection: psycopg.Connection, world_id: int, after: int, last: int
) -> Iterator[tuple]:
    while after < last:
        found = connection.execute(_BLOCKS, (world_id, after, last, BLOCK_ROWS)).fetchall()
        if not found:
            return
        yield from found
        after = found[-1][0]


def _derived(rows: _Rows, at: Position, end: Position) -> Iterator[Step]:
    """Steps from `at` to `end` without blocks: commands in their journaled commits, the ticks
    between them in groups under the commit numbers that are free there."""
    while at.seq < end.seq or at.tick < end.tick:
        taken: list[JournalRow] = []
        if at.seq < end.seq and rows.next is not None and rows.next.tick == at.tick:
            taken = rows.of_commit(end.seq)
        last = taken[-1] if taken else None
        seq, chain = (last.seq, last.chain) if last else (at.seq, at.chain)
        commit = last.commit if last else at.commit + 1
        upcoming = rows.next if seq < end.seq else None
        waiting = (upcoming.tick if upcoming else end.tick) - at.tick
        numbers_left = (upcoming.commit - 1 if upcoming else end.commit) - commit
        if waiting < 0 or (waiting == 0 and not taken):
            raise ReplayMismatch(f"journal entry {seq + 1} does not follow on tick {at.tick}")
        ticks = waiting if numbers_left <= 0 else min(waiting, 0 if taken else DERIVED_TICKS)
        at = Position(commit, seq, at.tick + ticks, chain)
        yield Step(at, ticks, taken, None, True)


def replay(
    engine: Engine,
    connection: psycopg.Connection,
    world_id: int,
    world: World,
    end: Position,
) -> Iterator[Replayed]:
    """Advance `world` to `end`, yielding each commit; results are checked against the journal.

    Commands that were set aside as poison had no effect then and have none now.
    Raises ReplayMismatch where a result or a recorded digest differs.
    """
    for step in steps(connection, world_id, world.position, end):
        yield redo(engine, world, step)


def redo(engine: Engine, world: World, step: Step) -> Replayed:
    """Do one commit again on `world`. Raises ReplayMismatch where it differs from the record."""
    if step.position.tick - step.ticks != engine.tick(world.state):
        raise ReplayMismatch(f"commit {step.position.commit} starts at another tick")
    applied = redo_entries(engine, world, step.rows, step.ticks)
    digest = signed(engine.digest(world.state)) if step.digest is not None else None
    if digest != step.digest:
        raise ReplayMismatch(f"commit {step.position.commit}: the state's digest differs")
    world.position = step.position
    return Replayed(step, applied, digest)


def redo_entries(engine: Engine, world: World, rows: Sequence[JournalRow], ticks: int) -> Applied:
    """Act journaled commands and then ticks; the results must be those of the journal."""
    applied = engine.apply(world.state, [as_command(row) for row in rows], ticks)
    for row, decision in zip(rows, applied.decisions, strict=True):
        if row.status == STATUS_POISON:
            continue
        if (row.status, row.result) != (decision.status, decision.packed):
            raise ReplayMismatch(f"journal entry {row.seq} has another result now")
    return applied


def as_command(row: JournalRow) -> Command:
    """A journaled command as the engine took it then."""
    if row.status == STATUS_POISON:
        return Command(row.seq, 0, SET_ASIDE)
    return Command(row.seq, row.ref_seq, row.payload)


def load(engine: Engine, snapshot: snapshots.Snapshot) -> World:
    """The world in a snapshot. Raises SnapshotUnusable when a section does not fit."""
    try:
        state = engine.load(snapshot.sections[ENGINE_SECTION])
        memory = WriterMemory.load(snapshot.sections[MEMORY_SECTION])
    except (KeyError, ValueError) as error:
        raise SnapshotUnusable(f"commit {snapshot.header.commit}: {error!r}") from error
    own = snapshot.header.engine_version == engine.version  # else it was migrated
    if own and signed(engine.digest(state)) != snapshot.header.digest:
        raise SnapshotUnusable(f"commit {snapshot.header.commit}: state digest differs")
    if engine.tick(state) != snapshot.header.tick:
        raise SnapshotUnusable(f"commit {snapshot.header.commit}: another tick inside")
    return World(state, memory, snapshot.header.position)


def newest(
    engine: Engine, connection: psycopg.Connection, world_id: int, commit_max: int
) -> tuple[World, int]:
    """The newest usable snapshot up to a commit, and how many newer ones were refused."""
    refused = 0
    for record in snapshots.records(connection, world_id, commit_max):
        try:
            return load(engine, snapshots.open_record(connection, world_id, record)), refused
        except SnapshotUnusable as error:
            refused += 1
            log.error("snapshot refused", world=world_id, commit=record.commit, error=str(error))
    raise SnapshotUnusable(f"world {world_id}: no usable snapshot up to commit {commit_max}")


def restore(
    engine: Engine,
    connection: psycopg.Connection,
    world_id: int,
    head: Position,
    *,
    keepalive: Callable[[], None],
) -> Restored:
    """The world at `head`; `keepalive` is called after each step, at most a few ticks apart."""
    world, refused = newest(engine, connection, world_id, head.commit)
    snapshot_commit = world.position.commit
    commands = ticks = 0
    for replayed in replay(engine, connection, world_id, world, head):
        world.memory.feed(replayed.applied.block)
        touched = concerned(engine, replayed.applied.block, replayed.step.rows)
        world.memory.previous_commits(touched, replayed.step.position.commit)
        commands += len(replayed.step.rows)
        ticks += replayed.step.ticks
        faults.point("claim.replaying")
        keepalive()
    world.position = head
    return Restored(world, snapshot_commit, refused, commands, ticks)


def head_commit(
    engine: Engine, connection: psycopg.Connection, world_id: int, position: Position
) -> dict[str, Any] | None:
    """The newest commit as it was made, out of its block and rows; None when the block is gone
    (or the world is at genesis, whose block tells of the days before it)."""
    if position.commit == 0:
        return None
    block = connection.execute(_BLOCK, (world_id, position.commit), binary=True).fetchone()
    if block is None:
        return None
    seq_from, ticks, events = block
    start = Position(
        position.commit - 1,
        seq_from - 1,
        position.tick - ticks,
        chain_at(connection, world_id, seq_from - 1) or b"",
    )
    unpacked = engine.unpack(decompress_events(events))
    rows = list(read_rows(connection, world_id, start, position.seq))
    return {
        "position": position,
        "ticks": ticks,
        "rows": rows,
        "block": unpacked,
        "touched": concerned(engine, unpacked, rows),
        "closed_candles": (),
    }


def concerned(engine: Engine, block: Block, rows: Sequence[JournalRow]) -> list[int]:
    """Participants who get a message of this commit: touched by it, or answered in it."""
    answered = {row.participant_id for row in rows if row.participant_id}
    return sorted(answered.union(engine.participants(block)))


def decompress_events(events: bytes) -> bytes:
    """A block's events as the engine packed them."""
    return zstandard.ZstdDecompressor().decompress(events, max_output_size=EVENTS_BYTES_MAX)


def sections(engine: Engine, world: World) -> list[tuple[str, bytes]]:
    """What a snapshot of the world holds, copied: the state may move on at once."""
    return [
        (ENGINE_SECTION, engine.dump(world.state)),
        (MEMORY_SECTION, world.memory.dump()),
    ]
