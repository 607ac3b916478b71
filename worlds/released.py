"""What a released engine version leaves behind for ever: a small world, its journal, its digests.

`manage.py engine_fixture --write` makes the file when a version is released; the test command reads
every such file: commands decode, the snapshot loads (migrated, where it is older), and the version
that wrote it still gives every result and digest.
"""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import zstandard

from economy_engine import commands
from economy_engine.order_terms import OrderType, SelfTrade, Side, TimeInForce
from worlds.engine import Command, Engine

TICKS = 40
PARTICIPANTS = (1, 2)
MARKET = 7


@dataclass(frozen=True, slots=True)
class Checked:
    """What a fixture was compared with. `replayed` False: an older version's, only migrated."""

    engine_version: int
    replayed: bool
    commands_decoded: int
    results_compared: int
    digests_compared: int
    difference: str | None


def write(engine: Engine, params: Any) -> str:
    """A fixture of this engine version as text."""
    state = engine.create(params)
    start = engine.dump(state)
    entries: list[dict[str, Any]] = []
    seq = 0
    for tick in range(TICKS):
        acted = []
        for participant, command in _script(tick):
            seq += 1
            payload = commands.encode(command, commands.Header(participant=participant))
            target = 3 if isinstance(command, commands.CancelOrder) else 0
            (decision,) = engine.apply(state, [Command(seq, target, payload)], 0).decisions
            acted.append([seq, target, payload.hex(), decision.status, decision.packed.hex()])
        engine.apply(state, [], 1)
        entries.append({"commands": acted, "digest": f"{engine.digest(state):016x}"})
    document = {
        "engine_version": engine.version,
        "snapshot": base64.b85encode(_packed(start)).decode(),
        "entries": entries,
    }
    return json.dumps(document, indent=1) + "\n"


def _script(tick: int) -> list[tuple[int, Any]]:
    """What participants do before a tick: join, buy at the market, rest, cancel, leave."""
    if tick == 0:
        return [(number, commands.RegisterParticipant(guest=False)) for number in PARTICIPANTS]
    if tick == TICKS - 2:
        return [(PARTICIPANTS[1], commands.RetireParticipant())]
    who = PARTICIPANTS[tick % 2] if tick < TICKS // 2 else PARTICIPANTS[0]
    if tick == 9:
        return [(PARTICIPANTS[1], commands.CancelOrder(target=UUID(int=3).bytes))]
    if tick % 5 == 0:
        return [(who, commands.CancelAll(market=-1))]
    price = 0 if tick % 2 else 6_000
    order = commands.PlaceOrder(
        market=MARKET,
        side=Side.BID,
        order_type=OrderType.LIMIT if price else OrderType.MARKET,
        time_in_force=TimeInForce.GTC if price else TimeInForce.IOC,
        quantity=1 + tick % 3,
        price=price,
        self_trade=SelfTrade.EXPIRE_TAKER,
    )
    return [(who, order)]


def check(engine: Engine, text: str) -> Checked:
    """Read a fixture. Raises ValueError when its snapshot can no longer be loaded, or a command
    not be decoded."""
    document = json.loads(text)
    version = int(document["engine_version"])
    state = engine.load(_unpacked(base64.b85decode(document["snapshot"])))
    decoded = results = digests = 0
    replayed = version == engine.version
    for number, entry in enumerate(document["entries"]):
        for seq, target, payload, status, packed in entry["commands"]:
            commands.decode(bytes.fromhex(payload))
            decoded += 1
            if not replayed:
                continue
            command = Command(seq, target, bytes.fromhex(payload))
            (decision,) = engine.apply(state, [command], 0).decisions
            results += 1
            if (decision.status, decision.packed.hex()) != (status, packed):
                text = f"command {seq} has another result"
                return Checked(version, replayed, decoded, results, digests, text)
        if replayed:
            engine.apply(state, [], 1)
            digests += 1
            if f"{engine.digest(state):016x}" != entry["digest"]:
                text = f"the digest after tick {number + 1} differs"
                return Checked(version, replayed, decoded, results, digests, text)
    if not replayed:
        engine.apply(state, [], 1)  # a migrated world lives on
    broken = engine.breaches(state, full=True)
    return Checked(version, replayed, decoded, results, digests, broken[0] if broken else None)


def _packed(raw: bytes) -> bytes:
    return zstandard.ZstdCompressor(level=19).compress(raw)


def _unpacked(raw: bytes) -> bytes:
    return zstandard.ZstdDecompressor().decompress(raw, max_output_size=1 << 28)
