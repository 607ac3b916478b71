"""Replaying a world's whole journal beside it, and comparing everything that was recorded."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from typing import Any

import psycopg

from economy_engine.commands import CommandKind
from worlds import recovery, snapshots
from worlds.engine import Applied, Command, Engine, State, signed
from worlds.errors import ReplayMismatch, SnapshotUnusable, TickUnreachable
from worlds.journal import head_of

Progress = Callable[[int, int], None]
ALTERED_KINDS = (int(CommandKind.PLACE_ORDER), int(CommandKind.REGISTER_PARTICIPANT))


@dataclass(slots=True)
class Report:
    """What was compared. `equal` is false when anything differed, or nothing was compared."""

    world: str
    started_from: str
    start_commit: int
    engine_version: int
    from_tick: int | None = None
    to_tick: int | None = None
    end_commit: int = 0
    end_tick: int = 0
    entries: int = 0
    ticks: int = 0
    commits: int = 0
    results_compared: int = 0
    digests_compared: int = 0
    snapshots_compared: int = 0
    digest_equal: bool = True
    tampered: bool = False
    first_difference: str | None = None
    segments: list[dict[str, Any]] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


class TamperingEngine:
    """The same engine, but the first order or registration is altered in memory on its way in; in
    a journal without any, the first tick is left out. A replay must notice either."""

    def __init__(self, engine: Engine, *, has_commands: bool) -> None:
        self._engine = engine
        self._alters_tick = not has_commands
        self._done = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._engine, name)

    def apply(self, state: State, commands: list[Command], ticks: int) -> Applied:
        if self._alters_tick and not self._done and ticks:
            self._done, ticks = True, ticks - 1
        altered = [self._altered(command) for command in commands]
        return self._engine.apply(state, altered, ticks)

    def _altered(self, command: Command) -> Command:
        kind = int.from_bytes(command.payload[:2], "little")
        if self._done or kind not in ALTERED_KINDS:
            return command
        self._done = True
        last = command.payload[-1] ^ 0x55
        return command._replace(payload=command.payload[:-1] + bytes([last]))


def _start(
    engine: Engine,
    connection: psycopg.Connection,
    world_id: int,
    since: int,
    from_tick: int | None,
) -> tuple[recovery.World, snapshots.Record, str]:
    """The oldest usable snapshot from `since` on that this engine version wrote; with `from_tick`
    the newest one before it, or the oldest where none is."""
    records = snapshots.records(connection, world_id, head_of(connection, world_id).commit)
    refused = 0
    order = list(reversed(records))
    if from_tick is not None:
        order = [each for each in records if each.tick <= from_tick] + order
    for record in order:
        if record.commit < since or record.engine_version != engine.version:
            refused += record.commit >= since
            continue
        try:
            opened = snapshots.open_record(connection, world_id, record)
            world = recovery.load(engine, opened)
        except SnapshotUnusable:
            refused += 1
            continue
        name = "genesis" if record.kind == "genesis" else f"snapshot of commit {record.commit}"
        if refused:
            name += f" ({refused} older not usable by this version)"
        return world, record, name
    raise SnapshotUnusable(f"no snapshot that engine version {engine.version} can start from")


def verify(
    engine: Engine,
    connection: psycopg.Connection,
    world_id: int,
    slug: str,
    *,
    since: int = 0,
    from_tick: int | None = None,
    to_tick: int | None = None,
    tamper: bool = False,
    progress: Progress | None = None,
) -> Report:
    """Replay from genesis (or the oldest usable snapshot, and say so) to the head of now.

    `from_tick` starts at the newest snapshot before it; `to_tick` ends with the last commit that
    does not pass it. Raises TickUnreachable for a range without a commit.
    """
    world, record, name = _start(engine, connection, world_id, since, from_tick)
    end = head_of(connection, world_id)
    last_tick = end.tick if to_tick is None else min(to_tick, end.tick)
    if from_tick is not None and not record.tick <= from_tick <= last_tick:
        held = f"{record.tick} to {last_tick} can be replayed"
        raise TickUnreachable(f"tick {from_tick} is not in what can be verified: {held}")
    stored = {r.commit: r.digest for r in snapshots.records(connection, world_id, end.commit)}
    report = Report(slug, name, record.commit, engine.version, from_tick, to_tick)
    report.end_commit, report.end_tick = record.commit, record.tick
    report.tampered = tamper
    used: Any = engine
    if tamper:
        used = TamperingEngine(engine, has_commands=_has_commands(connection, world_id, record))
    with _differences(report):
        for step in recovery.steps(connection, world_id, world.position, end):
            if step.position.tick > last_tick:
                break
            replayed = recovery.redo(used, world, step)
            report.end_commit, report.end_tick = step.position.commit, step.position.tick
            report.commits += 1
            report.entries += len(step.rows)
            report.results_compared += len(step.rows)
            report.ticks += step.ticks
            report.digests_compared += replayed.digest is not None
            if step.position.commit in stored and not step.derived:
                report.snapshots_compared += 1
                if signed(engine.digest(world.state)) != stored[step.position.commit]:
                    raise ReplayMismatch(f"the snapshot of commit {step.position.commit} differs")
            if progress is not None:
                progress(step.position.tick - record.tick, last_tick - record.tick)
    _judge(report, record, end.commit if to_tick is None else None)
    report.segments.append(
        {"engine_version": engine.version, "from": record.commit, "to": report.end_commit}
    )
    return report


def _has_commands(connection: psycopg.Connection, world_id: int, record: snapshots.Record) -> bool:
    """Whether there is an order or a registration to alter."""
    row = connection.execute(
        "select exists (select from journal where world_id = %s and seq > %s"
        " and get_byte(payload, 0) + 256 * get_byte(payload, 1) = any(%s))",
        (world_id, record.seq, list(ALTERED_KINDS)),
    ).fetchone()
    return bool(row and row[0])


@contextmanager
def _differences(report: Report) -> Iterator[None]:
    try:
        yield
    except ReplayMismatch as difference:
        report.digest_equal = False
        report.first_difference = str(difference)


def _judge(report: Report, record: snapshots.Record, head_commit: int | None) -> None:
    """A replay that compared nothing proves nothing, unless there was nothing to compare."""
    if report.commits == 0 and head_commit != record.commit and report.digest_equal:
        report.digest_equal = False
        report.first_difference = "nothing was compared"
