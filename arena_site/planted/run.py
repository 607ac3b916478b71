"""Plants each bug into a living world, lets it live, and says which check caught it, and when."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, NamedTuple
from uuid import UUID

import numpy as np

from arena_site.planted.state_bugs import BUGS, StateBug
from economy_engine import commands, directory
from economy_engine.ledger.columns import AccountFlag
from economy_engine.order_terms import OrderType, SelfTrade, Side, TimeInForce
from worlds.engine import Applied, Command, Engine, signed
from worlds.errors import ReplayMismatch
from worlds.journal import JournalRow, chain_next, follow

FULL_EVERY_TICKS = 100  # as the runner's
TICKS_MAX = 200
TICKS_BEFORE = 20
PARTICIPANTS = (11, 12, 13)
MARKET = 7


class Caught(NamedTuple):
    """What became of a planted bug; `distance_ticks` 0: never caught."""

    bug: str
    planted_in: str
    expected: str
    found: str
    distance_ticks: int

    @property
    def caught(self) -> bool:
        return self.distance_ticks > 0 and self.found.startswith(self.expected)


class _World:
    """A small world with participants, that ticks and is checked as the runner does it."""

    def __init__(self, engine: Engine, raw: bytes) -> None:
        self.engine, self.state = engine, engine.load(raw)
        self.engine.breaches(self.state, full=False)

    def tick(self) -> Applied:
        return self.engine.apply(self.state, [], 1)


def _command(engine: Engine, state: Any, seq: int, participant: int, command: Any) -> Applied:
    payload = commands.encode(command, commands.Header(participant=participant))
    return engine.apply(state, [Command(seq, 0, payload)], 0)


def living(engine: Engine, params: Any) -> bytes:
    """A world with three participants, resting orders and a free slot, as a snapshot. The first is
    a protected newcomer, the second no longer, the third is frozen."""
    state = engine.create(params)
    seq = 0
    for _ in range(TICKS_BEFORE):
        engine.apply(state, [], 1)
    for participant in PARTICIPANTS:
        for command in (commands.RegisterParticipant(guest=False), bid(1, 6_000), bid(2, 5_000)):
            seq += 1
            _command(engine, state, seq, participant, command)
    _command(engine, state, seq + 1, PARTICIPANTS[2], commands.CancelAll(market=-1))
    _, experienced, frozen = (directory.row_of(state, each) for each in PARTICIPANTS)
    state.ledger.flags[experienced] &= ~np.uint16(AccountFlag.PROTECTED)
    state.ledger.flags[frozen] |= np.uint16(AccountFlag.DEBITS_FROZEN)
    engine.apply(state, [], 1)
    found = engine.breaches(state, full=True)
    if found:
        raise RuntimeError(f"the world was not sound before anything was planted: {found}")
    return engine.dump(state)


def bid(quantity: int, price: int = 0) -> commands.PlaceOrder:
    """A buy order for food; at the market without a price."""
    return commands.PlaceOrder(
        market=MARKET,
        side=Side.BID,
        order_type=OrderType.LIMIT if price else OrderType.MARKET,
        time_in_force=TimeInForce.GTC if price else TimeInForce.IOC,
        quantity=quantity,
        price=price,
        self_trade=SelfTrade.EXPIRE_TAKER,
    )


def run(engine: Engine, raw: bytes) -> list[Caught]:
    """Every bug of the catalogue, one world each."""
    found = [_in_state(engine, raw, bug) for bug in BUGS]
    found += [_in_report(engine, raw, name, spoil) for name, spoil in REPORT_BUGS]
    found += [_in_halt(engine, raw, name, plant) for name, plant in HALT_BUGS]
    found += [_in_journal(engine, name, expected, spoil) for name, expected, spoil in JOURNAL_BUGS]
    found += _in_snapshot(engine, raw)
    return found


def _in_state(engine: Engine, raw: bytes, bug: StateBug) -> Caught:
    """A bug that must not tick on is planted as far from its check as may happen: its distance is
    the 100 ticks between two full checks."""
    world = _World(engine, raw)
    if bug.expected == "I11":
        return _silent(engine, raw, bug)
    if not bug.late:
        world.tick()
    bug.plant(world.state)
    if bug.late:
        quick = engine.breaches(world.state, full=False)
        found = quick + engine.breaches(world.state, full=True)
        distance = 0 if not found else 1 if quick else FULL_EVERY_TICKS
        return Caught(bug.name, "state", bug.expected, _first(found, bug.expected), distance)
    for tick in range(1, TICKS_MAX + 1):
        found = engine.breaches(world.state, full=tick % FULL_EVERY_TICKS == 0)
        if found:
            return Caught(bug.name, "state", bug.expected, _first(found, bug.expected), tick)
        world.tick()
    return Caught(bug.name, "state", bug.expected, "nothing", 0)


def _silent(engine: Engine, raw: bytes, bug: StateBug) -> Caught:
    """No rule is broken; the shadow's digest of the same tick is another."""
    live, shadow = _World(engine, raw), _World(engine, raw)
    live.tick()
    bug.plant(live.state)
    for tick in range(1, TICKS_MAX + 1):
        shadow.tick()
        if engine.breaches(live.state, full=True):
            return Caught(bug.name, "state", bug.expected, "another rule", 0)
        if engine.digest(live.state) != engine.digest(shadow.state):
            return Caught(bug.name, "state", bug.expected, "I11 digest of the shadow", tick)
        live.tick()
    return Caught(bug.name, "state", bug.expected, "nothing", 0)


def _first(found: list[str], expected: str) -> str:
    """Of the broken rules the one that guards against this bug, if it is among them."""
    return min(found, key=lambda text: not text.startswith(expected), default="nothing")


# -- fills that a commit reports ------------------------------------------------------------------


def _fee(fills: Any) -> None:
    fills["fee"] += 1


def _value(fills: Any) -> None:
    fills["value"] -= 1


def _lots(fills: Any) -> None:
    fills["quantity"] = 0
    fills["value"] = 0


def _both_buy(fills: Any) -> None:
    fills["trade"], fills["market"], fills["is_maker"] = 1, MARKET, 0


def _itself(fills: Any) -> None:
    _both_buy(fills)
    fills["side"][1], fills["is_maker"][1] = 1, 1
    fills["fee_waived"][1] = 1
    fills["participant"] = PARTICIPANTS[0]


def _sides_differ(fills: Any) -> None:
    _itself(fills)
    fills["participant"][1], fills["fee_waived"][1] = PARTICIPANTS[1], 0
    fills["quantity"][1] += 1
    fills["value"][1] = fills["price"][1] * fills["quantity"][1]
    fills["fee"][1] = -(-fills["value"][1] // 2_000)


def _sold(fills: Any, participant: int, *, charged: bool, waived: bool) -> None:
    fills["side"][1], fills["participant"][1] = 1, participant
    fills["fee"][1] = -(-fills["value"][1] // 2_000) if charged else 0
    fills["fee_waived"][1] = waived


def _free(fills: Any) -> None:
    _sold(fills, PARTICIPANTS[1], charged=False, waived=False)


def _waived(fills: Any) -> None:
    _sold(fills, PARTICIPANTS[1], charged=False, waived=True)


def _not_waived(fills: Any) -> None:
    _sold(fills, PARTICIPANTS[0], charged=True, waived=False)


def _waived_and_paid(fills: Any) -> None:
    _sold(fills, PARTICIPANTS[0], charged=True, waived=True)


REPORT_BUGS: tuple[tuple[str, Callable[[Any], None]], ...] = (
    ("a fee is rounded the wrong way", _fee),
    ("a seller without protection pays no fee", _free),
    ("a fee is waived for a seller without protection", _waived),
    ("a protected newcomer is charged a fee", _not_waived),
    ("a fee is waived and charged", _waived_and_paid),
    ("a fill's value misses one unit", _value),
    ("a fill without lots is reported", _lots),
    ("both sides of a trade are buyers", _both_buy),
    ("a participant trades with itself", _itself),
    ("buyer and seller are told different lots", _sides_differ),
)


def _in_report(engine: Engine, raw: bytes, name: str, spoil: Callable[[Any], None]) -> Caught:
    """The participants buy at the market; the report of their fills is spoiled on its way out."""
    world = _World(engine, raw)
    seq = len(PARTICIPANTS) * 3 + 1
    fills: Any = None
    block: Any = None
    for participant in PARTICIPANTS[:2]:
        seq += 1
        block = _command(engine, world.state, seq, participant, bid(2)).block
        fills = block.fills[:1] if fills is None else _joined(fills, block.fills[:1])
    block = replace(block, fills=fills.copy())
    if len(fills) < 2 or engine.reported_breaches(world.state, block):
        return Caught(name, "report", "I8", "nothing was reported to be spoiled", 0)
    spoil(block.fills)
    found = engine.reported_breaches(world.state, block)
    return Caught(name, "report", "I8", _first(found, "I8"), 1 if found else 0)


def _pays(state: Any) -> None:
    row = directory.row_of(state, PARTICIPANTS[0])
    state.ledger.cash[row] -= 1
    state.ledger.cash[row + 1] += 1


def _trades(state: Any) -> None:
    state.book.market["trades"][MARKET] += 1


HALT_BUGS: tuple[tuple[str, Callable[[Any], None]], ...] = (
    ("a payment is made in a halted world", _pays),
    ("orders meet in a halted world", _trades),
)


def _in_halt(engine: Engine, raw: bytes, name: str, plant: Callable[[Any], None]) -> Caught:
    """A halted world takes cancels and nothing else; the bug strikes while it decides one."""
    world, seq = _World(engine, raw), len(PARTICIPANTS) * 3 + 2
    cancel, resume = commands.CancelAll(market=-1), commands.Resume()
    sound = []
    for number, command in enumerate((commands.Halt(reason=0), resume, commands.Halt(reason=0))):
        block = _command(engine, world.state, seq + number, 0, command).block
        sound += engine.reported_breaches(world.state, block)
    block = _command(engine, world.state, seq + 3, PARTICIPANTS[0], cancel).block
    if sound or engine.reported_breaches(world.state, block):
        return Caught(name, "halted state", "I18", "a sound halt was taken for a breach", 0)
    plant(world.state)
    block = _command(engine, world.state, seq + 4, PARTICIPANTS[1], cancel).block
    found = engine.reported_breaches(world.state, block)
    return Caught(name, "halted state", "I18", _first(found, "I18"), 1 if found else 0)


def _joined(one: Any, other: Any) -> Any:
    return np.concatenate([one, other])


# -- records --------------------------------------------------------------------------------------


def _journal(engine: Engine) -> list[JournalRow]:
    rows: list[JournalRow] = []
    chain = bytes(16)
    for seq in range(1, 9):
        payload = commands.encode(bid(seq), commands.Header(participant=PARTICIPANTS[0]))
        row = JournalRow(
            seq, 3, seq, PARTICIPANTS[0], 0, 0, UUID(int=seq), str(seq), bytes(16), payload,
            b"result", b"",
        )  # fmt: skip
        chain = chain_next(chain, row)
        rows.append(replace(row, chain=chain))
    return rows


def _drop(rows: list[JournalRow]) -> None:
    del rows[4]


def _swap(rows: list[JournalRow]) -> None:
    rows[2], rows[3] = rows[3], rows[2]


def _double(rows: list[JournalRow]) -> None:
    rows.insert(5, rows[5])


def _alter(**changed: Any) -> Callable[[list[JournalRow]], None]:
    def spoil(rows: list[JournalRow]) -> None:
        rows[4] = replace(rows[4], **changed)

    return spoil


JOURNAL_BUGS: tuple[tuple[str, str, Callable[[list[JournalRow]], None]], ...] = (
    ("a journal row is lost", "I9", _drop),
    ("two journal rows change places", "I9", _swap),
    ("a journal row is written twice", "I9", _double),
    ("one bit of a chained hash flips", "I10", _alter(chain=bytes([1]) + bytes(15))),
    ("a payload is altered afterwards", "I10", _alter(payload=b"another")),
    ("a result is altered afterwards", "I10", _alter(result=b"another")),
    ("a command is put on another's account", "I10", _alter(participant_id=PARTICIPANTS[1])),
    ("a tick is altered afterwards", "I10", _alter(tick=4)),
)


def _in_journal(
    engine: Engine, name: str, expected: str, spoil: Callable[[list[JournalRow]], None]
) -> Caught:
    rows = _journal(engine)
    assert len(list(follow(0, bytes(16), rows))) == len(rows), "sound before it is spoiled"
    spoil(rows)
    try:
        list(follow(0, bytes(16), rows))
    except ReplayMismatch as difference:
        return Caught(name, "journal", expected, str(difference), 1)
    return Caught(name, "journal", expected, "nothing", 0)


def _in_snapshot(engine: Engine, raw: bytes) -> list[Caught]:
    """Bytes of a snapshot that change on the disk: loading it again is the check."""
    digest = signed(engine.digest(engine.load(raw)))
    found = []
    for name, spoiled in (
        ("one bit of a snapshot flips", raw[:-40] + bytes([raw[-40] ^ 4]) + raw[-39:]),
        ("a snapshot is cut off", raw[:-8]),
    ):
        try:
            same = signed(engine.digest(engine.load(spoiled))) == digest
        except ValueError as error:
            found.append(Caught(name, "snapshot", "I11", f"I11 {error}", 1))
        else:
            found.append(Caught(name, "snapshot", "I11", "nothing" if same else "I11 digest", 0))
    return found


def markdown(rows: list[Caught]) -> str:
    """The table as a page of the documentation."""
    lines = [
        "# Planted bugs",
        "",
        "Made by `python3 manage.py plant --write docs/planted_bugs.md`; the test command plants",
        "all of them. Distance: ticks from the bug to the halt; 100 is the time between two",
        "full checks, for bugs with which a world must not tick on.",
        "",
        "| Planted bug | In | Caught by | Ticks |",
        "| --- | --- | --- | ---: |",
    ]
    lines += [f"| {r.bug} | {r.planted_in} | {r.found} | {r.distance_ticks} |" for r in rows]
    caught = sum(row.caught for row in rows)
    return "\n".join([*lines, "", f"{caught} of {len(rows)} caught.", ""])
