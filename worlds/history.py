"""A world as it was: the state at any tick from the nearest snapshot before it, and the journal.

"At tick T" means: when T ticks were done, before any command that came after the T-th. A state is
checked against every digest that was recorded on the way, and at T itself where a commit ended.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import psycopg

from economy_engine import commands
from economy_engine.errors import RejectReason
from worlds import recovery, snapshots
from worlds.engine import Engine, State, signed
from worlds.errors import ReplayMismatch, SnapshotUnusable, TickUnreachable
from worlds.journal import JournalRow, Position, head_of, read_rows

Progress = Callable[[int, int], None]


@dataclass(slots=True)
class Past:
    """A world at a tick, and what it took to get there.

    `digest_compared`: whether the state's own digest stands in a block (the tick ended a commit).
    """

    world: recovery.World
    tick: int
    digest: int
    started_from: str
    start_tick: int
    entries: int = 0
    ticks: int = 0
    digests_compared: int = 0
    digest_compared: bool = False


def at_tick(
    engine: Engine,
    connection: psycopg.Connection,
    world_id: int,
    tick: int,
    progress: Progress | None = None,
) -> Past:
    """The world at `tick`. Raises TickUnreachable (with the ticks that can be had), or
    ReplayMismatch when the journal no longer gives what was recorded."""
    head = head_of(connection, world_id)
    if tick > head.tick:
        raise TickUnreachable(f"tick {tick} is not done: the head is at tick {head.tick}")
    past = _start(engine, connection, world_id, tick, head)
    world = past.world
    if past.start_tick == tick:
        past.digest_compared = True  # against the snapshot, when it was loaded
        return past
    for step in recovery.steps(connection, world_id, world.position, head):
        before = step.position.tick - step.ticks
        past.entries += len(step.rows)
        if step.position.tick > tick:
            recovery.redo_entries(engine, world, step.rows, tick - before)
            seq, chain = step.position.seq, step.position.chain
            world.position = Position(step.position.commit - 1, seq, tick, chain)
            past.ticks += tick - before
            break
        replayed = recovery.redo(engine, world, step)
        world.memory.feed(replayed.applied.block)
        past.ticks += step.ticks
        past.digests_compared += replayed.digest is not None
        if progress is not None:
            progress(step.position.tick - past.start_tick, tick - past.start_tick)
        if step.position.tick == tick:
            past.digest_compared = replayed.digest is not None
            break
    past.digest = signed(engine.digest(world.state))
    return past


def commands_after(connection: psycopg.Connection, world_id: int, past: Past) -> list[JournalRow]:
    """The commands that acted between `past` and its next tick."""
    row = connection.execute(
        "select max(seq) from journal where world_id = %s and tick <= %s", (world_id, past.tick)
    ).fetchone()
    last = row[0] if row and row[0] is not None else 0
    if last <= past.world.position.seq:
        return []
    return list(read_rows(connection, world_id, past.world.position, last))


@dataclass(frozen=True, slots=True)
class Seen:
    """An account at a tick. `actions` None: the tick is the world's first, nothing came before."""

    state: dict[str, Any]
    actions: dict[str, Any] | None
    digest: int
    digest_compared: bool
    started_from: str


def inspect(
    engine: Any,
    connection: psycopg.Connection,
    world_id: int,
    tick: int,
    *,
    agent: int | None = None,
    participant: int | None = None,
    progress: Progress | None = None,
) -> Seen:
    """One account at `tick`, and its actions since the tick before: its commands in between (of a
    participant), and the orders, ends of orders and trades of the tick itself.

    `agent`: number of an AI agent; `participant`: a participant's id. Raises TickUnreachable,
    ReplayMismatch, LookupError when there was no such account then.
    """
    if head_of(connection, world_id).tick < tick:
        raise TickUnreachable(f"tick {tick} is not done yet")
    if tick == first_tick(connection, world_id):
        past = at_tick(engine, connection, world_id, tick, progress)
        row = _row(engine, past.world.state, tick, agent, participant)
        state = engine.agent(past.world.state, row)
        return Seen(state, None, past.digest, past.digest_compared, past.started_from)
    past = at_tick(engine, connection, world_id, tick - 1, progress)
    world = past.world
    recorded = _recorded(connection, world_id, world.position.commit, tick)
    rows = commands_after(connection, world_id, past)
    recovery.redo_entries(engine, world, rows, 0)
    row = _row(engine, world.state, tick, agent, participant)
    actions = engine.observe_tick(world.state, row)
    actions["commands"] = [
        _command(each) for each in rows if participant and each.participant_id == participant
    ]
    digest = signed(engine.digest(world.state))
    if recorded is not None and digest != recorded:
        raise ReplayMismatch(f"tick {tick}: the state's digest differs")
    state = engine.agent(world.state, row)
    return Seen(state, actions, digest, recorded is not None, past.started_from)


def first_tick(connection: psycopg.Connection, world_id: int) -> int:
    """The tick of the oldest snapshot in the catalogue: before it there is nothing."""
    row = connection.execute(
        "select min(tick) from snapshot where world_id = %s", (world_id,)
    ).fetchone()
    return int(row[0]) if row and row[0] is not None else 0


def _recorded(
    connection: psycopg.Connection, world_id: int, after_commit: int, tick: int
) -> int | None:
    """The digest of the commit that ended with `tick`, where one is kept."""
    row = connection.execute(
        "select tick, digest from block where world_id = %s and commit > %s and tick >= %s"
        " and ticks > 0 order by commit limit 1",
        (world_id, after_commit, tick),
    ).fetchone()
    return row[1] if row and row[0] == tick else None


def _row(engine: Any, state: State, tick: int, agent: int | None, participant: int | None) -> int:
    if participant is not None:
        row = engine.row_of(state, participant)
        if row < 0:
            raise LookupError(f"participant {participant} is not in the world at tick {tick}")
        return int(row)
    agents = engine.summary(state)["agents"]
    if agent is None or not 0 <= agent < agents:
        raise LookupError(f"there is no agent {agent}: they are numbered 0 to {agents - 1}")
    return agent


def _command(row: JournalRow) -> dict[str, Any]:
    """A journaled command in words."""
    try:
        _, command = commands.decode(row.payload)
        text = repr(command)
    except commands.BadCommandError as error:
        text = f"unreadable: {error}"
    outcome = RejectReason(row.status).code if row.status else "executed"
    return {"seq": row.seq, "id": str(row.command_id), "outcome": outcome, "command": text}


def _start(
    engine: Engine, connection: psycopg.Connection, world_id: int, tick: int, head: Position
) -> Past:
    """The nearest usable snapshot at or before `tick` that this engine version can go on from."""
    refused: list[str] = []
    records = snapshots.records(connection, world_id, head.commit)
    for record in records:
        # A snapshot AT the tick may hold commands that came after it; genesis holds none.
        if record.tick > tick or (record.tick == tick and record.kind != "genesis"):
            continue
        if record.engine_version != engine.version:
            refused.append(f"{record.tick} (engine version {record.engine_version})")
            continue
        try:
            world = recovery.load(engine, snapshots.open_record(connection, world_id, record))
        except SnapshotUnusable as error:
            refused.append(f"{record.tick} ({error})")
            continue
        name = "genesis" if record.kind == "genesis" else f"snapshot of commit {record.commit}"
        return Past(world, tick, record.digest, name, record.tick)
    usable = [r.tick for r in records if r.engine_version == engine.version]
    known = f"the first tick that can be had is {min(usable)}" if usable else "there is no snapshot"
    why = f"; not usable: {', '.join(refused)}" if refused else ""
    raise TickUnreachable(f"tick {tick} cannot be had any more: {known}{why}")
