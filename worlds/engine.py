"""The seam to the engine: everything the writer's path asks of it, in one place.

`worlds.economy` fills it with the real engine; only processes that run worlds import that one,
so web processes never load its kernels.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, NamedTuple, Protocol
from uuid import UUID

from economy_engine import commands
from economy_engine.commands import CommandKind, Header, Origin
from economy_engine.events import Block

State = Any
U63 = 1 << 63
U64 = 1 << 64
_TARGETED = (
    CommandKind.CANCEL_ORDER,
    CommandKind.REDUCE_ORDER,
    CommandKind.SELL_SITE,
    CommandKind.SET_SITE,
    CommandKind.UPGRADE_SITE,
    CommandKind.RESEARCH_SITE,
    CommandKind.OFFER_SITE,
    CommandKind.END_OFFER,
    CommandKind.TAKE_SITE,
    CommandKind.TAKE_LICENCE,
)
_OWN = Header(origin=Origin.SYSTEM)


# A command that was set aside acts as these bytes: refused without effect, its seq used up.
SET_ASIDE = b""


class HaltReason(IntEnum):
    """Why a world was halted, as the journal says it."""

    OPERATOR = 0
    INVARIANT_BREACH = 1
    TICK_FAILED = 2


class Command(NamedTuple):
    """A command as the engine takes it: `ref_seq` is the seq that its target UUID stands for."""

    seq: int
    ref_seq: int
    payload: bytes


class Decision(NamedTuple):
    """`status`: 0 executed, else the reject reason's number; `packed`: at most 512 bytes."""

    status: int
    packed: bytes


@dataclass(frozen=True, slots=True)
class Applied:
    """What one commit's entries came to."""

    decisions: Sequence[Decision]
    block: Block


class Engine(Protocol):
    """What a host needs of an engine. One implementation is `Economy`; tests plant faults by
    wrapping it."""

    version: int

    def reads(self, version: int) -> bool: ...

    def warm(self) -> None: ...

    def params(self, *, agents: int, seed: int, preset: str, regions: int = 1) -> Any: ...

    def create(self, params: Any) -> State: ...

    def warm_up(
        self, state: State, days: int, progress: Callable[[int, int], None] | None
    ) -> Block: ...

    def relive(self, state: State) -> Block: ...

    def load(self, raw: bytes) -> State: ...

    def dump(self, state: State) -> bytes: ...

    def apply(self, state: State, commands: Sequence[Command], ticks: int) -> Applied: ...

    def digest(self, state: State) -> int: ...

    def tick(self, state: State) -> int: ...

    def halted(self, state: State) -> bool: ...

    def participants(self, block: Block) -> list[int]: ...

    def closed_orders(self, block: Block) -> list[int]: ...

    def open_order_seqs(self, state: State) -> list[int]: ...

    def breaches(self, state: State, *, full: bool) -> list[str]: ...

    def reported_breaches(self, state: State, block: Block) -> list[str]: ...

    def market_states(self, state: State) -> list[int]: ...

    def auctions(self, state: State) -> Any: ...

    def price_increments(self, state: State) -> list[int]: ...

    def depth(self, state: State) -> Any: ...

    def memory_shape(self, state: State) -> tuple[int, int]: ...

    def pack(self, block: Block) -> bytes: ...

    def unpack(self, raw: bytes) -> Block: ...


def signed(value: int) -> int:
    """An unsigned 64-bit digest as PostgreSQL's bigint."""
    return value - U64 if value >= U63 else value


def target_of(payload: bytes) -> UUID | None:
    """The UUID of the order or site that a command names; None for other kinds and unreadable
    bytes."""
    if int.from_bytes(payload[:2], "little") not in _TARGETED:
        return None
    try:
        _, command = commands.decode(payload)
    except commands.BadCommandError:
        return None
    target: bytes | None = getattr(command, "target", None)
    return UUID(bytes=target) if target is not None else None


def is_halt(payload: bytes) -> bool:
    """Whether these bytes ask for a halt."""
    return int.from_bytes(payload[:2], "little") == CommandKind.HALT


def halt_command(reason: HaltReason) -> bytes:
    """The writer's own halt."""
    return commands.encode(commands.Halt(reason=int(reason)), _OWN)


def upgrade_command(old: int, new: int, digest_before: int, digest_after: int) -> bytes:
    """The writer's own change of engine version: the old version's digest of the head and
    the new one's of the migrated state."""
    command = commands.Upgrade(
        old=old, new=new, digest_before=digest_before % U64, digest_after=digest_after
    )
    return commands.encode(command, _OWN)
