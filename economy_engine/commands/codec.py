"""The bytes of commands in inbox and journal, and the commands of markets and operations.

Little endian, packed: a header of 40 bytes, then the fields of the kind. Exactly one text of bytes
stands for a command: `encode(*reversed(decode(data))) == data` for all data that decodes. Any other
bytes raise `BadCommandError` with a reason. Commands decode for ever: a changed layout gets a new
version beside the old one.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, fields
from typing import Any, ClassVar

from economy_engine import limits
from economy_engine.commands import works as works_commands
from economy_engine.commands.bounds import (
    FLAG,
    INT64,
    LOTS,
    MARKET,
    MARKET_OR_ALL,
    PPM,
    PRICE,
    REGION,
    SHIPMENT,
    TICK,
    UINT64,
    Bounds,
    Layout,
    choices,
)
from economy_engine.commands.words import CommandKind, Origin, ShockKind
from economy_engine.commands.works_layouts import WORKS_LAYOUTS
from economy_engine.errors import RejectReason
from economy_engine.order_terms import OrderType, SelfTrade, Side, TimeInForce

_HEADER = struct.Struct("<HHBBHqqqq")


class BadCommandError(ValueError):
    """Raised for bytes that are no command, or a command whose fields are out of range."""

    def __init__(self, reason: RejectReason, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Header:
    """The envelope of a command: who acts, for whom, from where, until when, by which right.

    `kind` and `version` may be left 0: `encode` fills in those of the command.
    """

    kind: int = 0
    version: int = 0
    participant: int = 0  # on whose behalf; 0 = the world itself
    actor: int = 0  # who acts
    origin: int = Origin.BROWSER
    flags: int = 0
    expires_tick: int = 0  # the command has no effect after this tick; 0 = never
    authority: int = 0  # version of the right that allowed it


@dataclass(frozen=True, slots=True)
class PlaceOrder:
    """Place an order. Price in minor units per lot; 0 for a market order means 5 % protection."""

    kind: ClassVar[CommandKind] = CommandKind.PLACE_ORDER
    version: ClassVar[int] = 1

    market: int
    side: int
    order_type: int
    time_in_force: int
    quantity: int
    price: int
    expires_tick: int = 0
    self_trade: int = SelfTrade.EXPIRE_TAKER


@dataclass(frozen=True, slots=True)
class CancelOrder:
    """Cancel an open order; `target` is the 16-byte UUID of the command that placed it."""

    kind: ClassVar[CommandKind] = CommandKind.CANCEL_ORDER
    version: ClassVar[int] = 1

    target: bytes


@dataclass(frozen=True, slots=True)
class ReduceOrder:
    """Shrink an open order to `quantity` lots; it keeps its priority."""

    kind: ClassVar[CommandKind] = CommandKind.REDUCE_ORDER
    version: ClassVar[int] = 1

    target: bytes
    quantity: int


@dataclass(frozen=True, slots=True)
class CancelAll:
    """Cancel all open orders of the participant in a market; -1 = in all markets."""

    kind: ClassVar[CommandKind] = CommandKind.CANCEL_ALL
    version: ClassVar[int] = 1

    market: int = -1


@dataclass(frozen=True, slots=True)
class RegisterParticipant:
    """Open an account for the participant of the header and give the newcomer's grant."""

    kind: ClassVar[CommandKind] = CommandKind.REGISTER_PARTICIPANT
    version: ClassVar[int] = 1

    guest: bool


@dataclass(frozen=True, slots=True)
class RetireParticipant:
    """Close the participant's account."""

    kind: ClassVar[CommandKind] = CommandKind.RETIRE_PARTICIPANT
    version: ClassVar[int] = 1


@dataclass(frozen=True, slots=True)
class ShipGoods:
    """Send lots of a market's good to another region; they arrive after the route's delay."""

    kind: ClassVar[CommandKind] = CommandKind.SHIP_GOODS
    version: ClassVar[int] = 1

    market: int
    region: int
    quantity: int


@dataclass(frozen=True, slots=True)
class Halt:
    """Halt the world; `reason` is a number of the operations' table."""

    kind: ClassVar[CommandKind] = CommandKind.HALT
    version: ClassVar[int] = 1

    reason: int = 0


@dataclass(frozen=True, slots=True)
class Resume:
    """Let a halted world go on."""

    kind: ClassVar[CommandKind] = CommandKind.RESUME
    version: ClassVar[int] = 1


@dataclass(frozen=True, slots=True)
class Upgrade:
    """Go on with another version of the engine, from a state with these digests (uint64)."""

    kind: ClassVar[CommandKind] = CommandKind.UPGRADE
    version: ClassVar[int] = 1

    old: int
    new: int
    digest_before: int
    digest_after: int


@dataclass(frozen=True, slots=True)
class SetPolicyRate:
    """Set the policy rate (parts per million a year) for a number of game days."""

    kind: ClassVar[CommandKind] = CommandKind.SET_POLICY_RATE
    version: ClassVar[int] = 1

    rate_ppm: int
    hold_days: int


@dataclass(frozen=True, slots=True)
class InjectShock:
    """Shock a market (-1 = the world) by a size in parts per million."""

    kind: ClassVar[CommandKind] = CommandKind.INJECT_SHOCK
    version: ClassVar[int] = 1

    shock: int
    market: int
    size_ppm: int


Command = (
    PlaceOrder
    | CancelOrder
    | ReduceOrder
    | CancelAll
    | RegisterParticipant
    | RetireParticipant
    | ShipGoods
    | Halt
    | Resume
    | Upgrade
    | SetPolicyRate
    | InjectShock
    | works_commands.WorksCommand
)


_KINDS = (choices(Side), choices(OrderType), choices(TimeInForce))
_ORDER = (MARKET, *_KINDS, LOTS, PRICE, TICK, choices(SelfTrade))

_LAYOUTS = (
    Layout(PlaceOrder, struct.Struct("<hBBBqqqB"), _ORDER),
    Layout(CancelOrder, struct.Struct("<16s"), (None,)),
    Layout(ReduceOrder, struct.Struct("<16sq"), (None, LOTS)),
    Layout(CancelAll, struct.Struct("<h"), (MARKET_OR_ALL,)),
    Layout(
        RegisterParticipant,
        struct.Struct("<B"),
        (FLAG,),
    ),
    Layout(RetireParticipant, struct.Struct("<"), ()),
    Layout(ShipGoods, struct.Struct("<hBq"), (MARKET, REGION, SHIPMENT)),
    Layout(Halt, struct.Struct("<H"), (Bounds(0, 65_535),)),
    Layout(Resume, struct.Struct("<"), ()),
    Layout(
        Upgrade,
        struct.Struct("<IIQQ"),
        (Bounds(0, 2**32 - 1), Bounds(0, 2**32 - 1), UINT64, UINT64),
    ),
    Layout(
        SetPolicyRate,
        struct.Struct("<qi"),
        (PPM, Bounds(0, 36_000)),
    ),
    Layout(
        InjectShock,
        struct.Struct("<hhq"),
        (choices(ShockKind), MARKET_OR_ALL, PPM),
    ),
    *WORKS_LAYOUTS,
)
_BY_KIND = {(layout.type.kind, layout.type.version): layout for layout in _LAYOUTS}
_NEWEST = {layout.type: layout for layout in _LAYOUTS}
_HEADER_BOUNDS = {
    "participant": Bounds(0, limits.INT64_MAX),
    "actor": Bounds(0, limits.INT64_MAX),
    "origin": choices(Origin),
    "flags": Bounds(0, 255),
    "expires_tick": TICK,
    "authority": INT64,
}

assert all(_HEADER.size + each.body.size <= limits.PAYLOAD_BYTES_MAX for each in _LAYOUTS)
assert all(len(each.bounds) == len(fields(each.type)) for each in _LAYOUTS)


def _check(name: str, value: Any, bounds: Bounds | None) -> None:
    if bounds is None:
        if not isinstance(value, bytes) or len(value) != 16:
            raise BadCommandError(RejectReason.BAD_LENGTH, f"{name} is not 16 bytes")
    elif not isinstance(value, int) or not bounds.low <= value <= bounds.high:
        raise BadCommandError(bounds.reason, f"{name} is outside {bounds.low}..{bounds.high}")


def _check_command(layout: Layout, command: Command) -> list[Any]:
    values = [getattr(command, field.name) for field in fields(layout.type)]
    for field, value, bounds in zip(fields(layout.type), values, layout.bounds, strict=True):
        _check(field.name, value, bounds)
    return values


def encode(command: Command, header: Header) -> bytes:
    """Return the bytes of a command in the newest version of its kind.

    Raises BadCommandError for a field out of range.
    """
    layout = _NEWEST.get(type(command))
    if layout is None:
        raise BadCommandError(RejectReason.UNKNOWN_KIND, f"{type(command).__name__} is no command")
    for name, bounds in _HEADER_BOUNDS.items():
        _check(name, getattr(header, name), bounds)
    if header.kind not in (0, command.kind) or header.version not in (0, command.version):
        raise BadCommandError(RejectReason.UNKNOWN_KIND, "the header is of another command")
    values = _check_command(layout, command)
    return _HEADER.pack(
        command.kind,
        command.version,
        header.origin,
        header.flags,
        0,
        header.actor,
        header.participant,
        header.expires_tick,
        header.authority,
    ) + layout.body.pack(*values)


def decode(data: bytes) -> tuple[Header, Command]:
    """Return header and command of the bytes.

    Raises
    ------
    BadCommandError: BAD_LENGTH, UNKNOWN_KIND, UNKNOWN_VERSION, UNKNOWN_FIELD (reserved bits), or
        the reason of the first field out of range.
    """
    data = bytes(data)
    if len(data) < _HEADER.size:
        raise BadCommandError(RejectReason.BAD_LENGTH, "shorter than a header")
    kind, version, origin, flags, reserved, actor, participant, expires_tick, authority = (
        _HEADER.unpack_from(data)
    )
    layout = _BY_KIND.get((kind, version))
    if layout is None:
        if kind in set(CommandKind):
            detail = f"version {version} of kind {kind}"
            raise BadCommandError(RejectReason.UNKNOWN_VERSION, detail)
        raise BadCommandError(RejectReason.UNKNOWN_KIND, f"kind {kind}")
    if reserved:
        raise BadCommandError(RejectReason.UNKNOWN_FIELD, "reserved bits are set")
    if len(data) != _HEADER.size + layout.body.size:
        raise BadCommandError(RejectReason.BAD_LENGTH, f"kind {kind} with {len(data)} bytes")
    header = Header(
        kind=kind,
        version=version,
        participant=participant,
        actor=actor,
        origin=origin,
        flags=flags,
        expires_tick=expires_tick,
        authority=authority,
    )
    for name, bounds in _HEADER_BOUNDS.items():
        _check(name, getattr(header, name), bounds)
    command = layout.type(*layout.body.unpack_from(data, _HEADER.size))
    _check_command(layout, command)
    return header, command
