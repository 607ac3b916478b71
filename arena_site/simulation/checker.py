"""After a run: the clients' books, the tables and the survivors against each other."""

from __future__ import annotations

from collections import Counter
from typing import Any

from arena_site.simulation import arena as arenas
from arena_site.simulation.arena import Arena
from arena_site.simulation.newborn import WORLD_ID
from arena_site.simulation.tables import Transaction
from worlds import recovery, snapshots
from worlds.engine import signed
from worlds.errors import WorldError
from worlds.journal import JournalRow, chain_next

AFTERMATH_SECONDS = 1.5


def settled(arena: Arena) -> bool:
    """Whether everything that was asked for is decided, projected and in a survivor's hands."""
    if not arena.calm or any(request.open for book in arena.books for request in book.requests):
        return False
    head = arena.database.head
    assert head is not None
    seen = Transaction(None)
    if arena.scheduler.now < arenas.FAULT_SECONDS + AFTERMATH_SECONDS:
        return False  # servers that were restarted last are still coming back
    waiting = any(True for _ in arena.database.inbox.all(seen))
    projected = arena.database.projection.committed["applied_commit"]
    if waiting or projected < head.committed["commit"] - 2:
        return False
    arena.closing = arena.closing or any(host.worlds for host in arena.hosts.values())
    for host in arena.hosts.values() if arena.closing else ():
        host.stopping = True  # the survivors leave a snapshot at their heads
    return arena.closing and not arena.hosts


def problems(arena: Arena) -> list[str]:
    """What is wrong, in words; empty when all is well. Runs inside a fiber, without faults."""
    seen = Transaction(None)
    rows = sorted(arena.database.journal.all(seen), key=lambda row: row["seq"])
    found = [text for book in arena.books for text in book.wrong]
    found += _answers(arena, rows)
    found += _order(arena, rows, seen)
    found += _announcements(arena, rows, seen)
    found += _projection(arena, seen)
    if not found:
        found += _survivors(arena)
    return found[:5]


def _answers(arena: Arena, rows: list[dict[str, Any]]) -> list[str]:
    """No acknowledged command lost, none done twice."""
    found = []
    by_id = {row["command_id"]: row for row in rows}
    by_key = Counter((row["participant_id"], row["key"]) for row in rows if row["participant_id"])
    for book in arena.books:
        for request in book.requests:
            if request.refused is not None:
                found.append(f"request {request.key} was refused: {request.refused}")
            if request.receipt is not None and request.receipt.command_id not in by_id:
                found.append(f"LOST: {request.key} was acknowledged and is not in the journal")
            if by_key[request.participant, request.key] > 1:
                found.append(f"DOUBLE: {request.key} stands twice in the journal")
            for seq, status in request.announced:
                row = by_id.get(request.receipt.command_id) if request.receipt else None
                told = [by_id[i] for i in request.ids if i in by_id] or ([row] if row else [])
                if not any((r["seq"], r["status"]) == (seq, status) for r in told):
                    found.append(f"TAKEN BACK: {request.key} was announced as seq {seq}, is not")
    return found


def _order(arena: Arena, rows: list[dict[str, Any]], seen: Transaction) -> list[str]:
    """Gapless seq, right chain, epochs and ticks that only grow, commits without a gap."""
    found, chain = [], bytes(16)
    if [row["seq"] for row in rows] != list(range(1, len(rows) + 1)):
        found.append("GAP: the journal's seq is not 1 to n")
    for row in rows:
        values = {name: value for name, value in row.items() if name != "world_id"}
        chain = chain_next(chain, JournalRow(**values))
        if chain != row["chain"]:
            found.append(f"CHAIN: entry {row['seq']} does not follow")
            break
    blocks = sorted(arena.database.block.all(seen), key=lambda row: row["commit"])
    if [row["commit"] for row in blocks] != list(range(1, len(blocks) + 1)):
        found.append("GAP: commits are not 1 to n")
    tick = arena.genesis.header.tick
    epoch = 0
    for row in blocks:
        if row["epoch"] < epoch or row["tick"] != tick + row["ticks"]:
            found.append(f"ORDER: commit {row['commit']} has an epoch or tick that goes back")
            break
        epoch, tick = row["epoch"], row["tick"]
    return found


def _announcements(arena: Arena, rows: list[dict[str, Any]], seen: Transaction) -> list[str]:
    """Nothing was told that is not so; what was told early by a control shows here."""
    epochs = {row["commit"]: row["epoch"] for row in arena.database.block.all(seen)}
    decided = {(row["command_id"], row["seq"], row["status"]) for row in rows}
    found = []
    for told in arena.told:
        if told.commit not in epochs:
            found.append(f"TAKEN BACK: commit {told.commit} was announced and does not exist")
        elif not told.repeated and epochs[told.commit] != told.epoch:
            found.append(f"ZOMBIE: commit {told.commit} was announced by epoch {told.epoch}")
        elif not set(told.rows) <= decided:
            found.append(f"TAKEN BACK: an outcome of commit {told.commit} is not in the journal")
    made = {(row["commit"], row["tick"], row["chain"]) for row in arena.database.block.all(seen)}
    for told_early in arena.database.early:
        if told_early not in made:
            found.append(f"TAKEN BACK: commit {told_early[0]} was announced and came out otherwise")
    return found


def _projection(arena: Arena, seen: Transaction) -> list[str]:
    """Each commit was projected once, in order."""
    state = arena.database.projection.committed
    commits = [row[0] for batch in state["batches"] for row in batch]
    if commits != list(range(1, state["applied_commit"] + 1)):
        return [f"PROJECTION: commits {commits[:5]}... were projected, not 1 to n"]
    return []


def _survivors(arena: Arena) -> list[str]:
    """Every world in memory, and every stored snapshot, equals a replay from genesis."""
    engine = arena.genesis.engine
    session: Any = arena.database.connect("checker")
    world = recovery.load(engine, snapshots.unpack(arena.genesis.stored))
    live = arena.digests
    stored = {r.commit: r.digest for r in snapshots.records(session, WORLD_ID, 1 << 60)}
    found = []
    assert arena.database.head is not None
    head = arena.database.head.committed
    end = recovery.Position(head["commit"], head["seq"], head["tick"], head["chain"])
    try:
        for replayed in recovery.replay(engine, session, WORLD_ID, world, end):
            commit = replayed.step.position.commit
            if commit in stored or commit in live:
                digest = signed(engine.digest(world.state))
                if stored.get(commit, digest) != digest:
                    found.append(f"DIGEST: the snapshot of commit {commit} is another world")
                if live.get(commit, {digest}) != {digest}:
                    found.append(f"DIGEST: a live world at commit {commit} is another one")
    except WorldError as error:
        found.append(f"REPLAY: {error}")
    if end.commit not in stored:
        found.append("no survivor left a snapshot at the head")
    breaches = engine.breaches(world.state, full=True)
    return found + breaches
