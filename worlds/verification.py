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
from worlds.errors import ReplayMismatch, SnapshotUnusable
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
    engine: Engine, connection: psycopg.Connection, world_id: int, since: int
) -> tuple[recovery.World, snapshots.Record, str]:
    """The oldest usable snapshot from `since` on that this engine version wrote."""
    records = snapshots.records(connection, world_id, head_of(connection, world_id).commit)
    refused = 0
    for record in reversed(records):
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
    tamper: bool = False,
    progress: Progress | None = None,
) -> Report:
    """Replay from genesis (or the oldest usable snapshot, and say so) to the head of now."""
    world, record, name = _start(engine, connection, world_id, since)
    end = head_of(connection, world_id)
    stored = {r.commit: r.digest for r in snapshots.records(connection, world_id, end.commit)}
    report = Report(slug, name, record.commit, engine.version, end.commit, end.tick)
    report.tampered = tamper
    used: Any = engine
    if tamper:
        used = TamperingEngine(engine, has_commands=_has_commands(connection, world_id, record))
    with _differences(report):
        for replayed in recovery.replay(used, connection, world_id, world, end):
            step = replayed.step
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
                progress(step.position.tick - record.tick, end.tick - record.tick)
    report.segments.append(
        {"engine_version": engine.version, "from": record.commit, "to": end.commit}
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
    else:
        if report.commits == 0 and report.start_commit != report.end_commit:
            report.digest_equal = False
            report.first_difference = "nothing was compared"
