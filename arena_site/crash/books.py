"""A client that trusts nobody: it writes down what it sent and what it was told, and compares.

An *intent* is what a player wants once. Its command id and key are the same however often it is
sent; the control without keys makes new ones for each try, and must be seen doubling.
"""

from __future__ import annotations

import json
import random
import uuid
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any

import psycopg
import redis

from economy_engine import commands
from economy_engine.order_terms import OrderType, SelfTrade, Side, TimeInForce
from worlds import database, inbox
from worlds.inbox import Submission
from worlds.realtime.frames import unpack_publication
from worlds.services import request_digest

MARKETS = 10
REPEATED_SHARE = 0.15
CANCEL_SHARE = 0.1
HEARD_AT_ONCE_MAX = 10_000


@dataclass(slots=True)
class Audit:
    """What the comparison came to; everything below `heard` but counts of work must be zero."""

    sent: int = 0
    acked: int = 0
    repeats: int = 0
    journaled: int = 0
    heard: int = 0
    acked_lost: int = 0
    duplicates: int = 0
    undecided: int = 0
    reordered: int = 0
    repeats_wrong: int = 0
    heard_wrong: int = 0
    gaps: int = 0

    @property
    def clean(self) -> bool:
        """Nothing lost, doubled, reordered or told otherwise than it is; and something was done."""
        faults = (self.acked_lost, self.duplicates, self.undecided, self.reordered)
        return not any((*faults, self.repeats_wrong, self.heard_wrong, self.gaps)) and bool(
            self.acked and self.journaled
        )

    def as_dict(self) -> dict[str, int]:
        return asdict(self)


class Client:
    """Several participants of one world in one hand. `keys=False`: a new id for every try."""

    def __init__(
        self, world_id: int, participants: Sequence[int], seed: int, *, keys: bool = True
    ) -> None:
        self.world_id = world_id
        self.acked: dict[int, uuid.UUID] = {}
        self._participants = list(participants)
        self._random = random.Random(seed)
        self._keys = keys
        self._intents: list[Submission] = []
        self._intent_of: dict[uuid.UUID, int] = {}
        self._accepted: dict[int, list[uuid.UUID]] = {p: [] for p in participants}
        self._heard: dict[uuid.UUID, dict[str, Any]] = {}
        self._positions: dict[int, tuple[int, int]] = {}
        self.audit = Audit()
        self._redis = database.redis_client()
        self._hears = self._redis.pubsub(ignore_subscribe_messages=True)
        self._listening = False

    # -- speaking -------------------------------------------------------------------------------

    def intend(self) -> int:
        """A new wish: an order, or now and then the cancel of an earlier one; its number."""
        participant = self.anybody()
        command: Any
        if self._intents and self._random.random() < CANCEL_SHARE:
            earlier = self._random.choice(self._intents[-50:])
            participant = earlier.participant_id
            command = commands.CancelOrder(target=earlier.command_id.bytes)
        else:
            command = commands.PlaceOrder(
                market=self._random.randrange(MARKETS),
                side=self._random.choice((Side.BID, Side.ASK)),
                order_type=OrderType.MARKET,
                time_in_force=TimeInForce.IOC,
                quantity=self._random.randrange(1, 4),
                price=0,
                self_trade=SelfTrade.EXPIRE_TAKER,
            )
        return self.note(participant, command)

    def anybody(self) -> int:
        """One of the participants."""
        return self._random.choice(self._participants)

    def note(self, participant: int, command: Any) -> int:
        """Write a wish down; its number."""
        command_id = uuid.UUID(int=self._random.getrandbits(128), version=4)
        row = inbox.submission(
            world_id=self.world_id,
            participant_id=participant,
            command_id=command_id,
            kind=int(command.kind),
            body=commands.encode(command, commands.Header(participant=participant)),
            key=f"intent-{len(self._intents)}",
            digest=request_digest(int(command.kind), participant, command),
        )
        self._intents.append(row)
        self._intent_of[command_id] = len(self._intents) - 1
        self.audit.sent += 1
        return len(self._intents) - 1

    def row(self, intent: int) -> Submission:
        """What is sent for an intent: always the same, unless this client goes without keys."""
        row = self._intents[intent]
        if self._keys:
            return row
        command_id = uuid.UUID(int=self._random.getrandbits(128), version=4)
        self._intent_of[command_id] = intent
        return row._replace(command_id=command_id, key=str(command_id))

    def send(self, count: int) -> None:
        """New intents and some old ones again, in one transaction; raises what `submit_many`
        raises, and nothing is written down as accepted then."""
        intents = [self.intend() for _ in range(count)]
        if self._keys and self.acked and self._random.random() < REPEATED_SHARE:
            intents.append(self._random.choice(list(self.acked)))
        self.submit(list(dict.fromkeys(intents)))

    def submit(self, intents: Sequence[int]) -> None:
        """Send these intents, for the first time or again, and write down the answers."""
        rows = [self.row(intent) for intent in intents]
        receipts = inbox.submit_many(rows)
        for intent, receipt in zip(intents, receipts, strict=True):
            self.accept(intent, receipt.command_id)

    def submit_unheard(self, intents: Sequence[int]) -> None:
        """Send them, and lose the answer: the client cannot know that they were accepted."""
        inbox.submit_many([self.row(intent) for intent in intents])

    def accept(self, intent: int, command_id: uuid.UUID) -> None:
        """Write down a first answer."""
        known = self.acked.get(intent)
        if known is None:
            self.acked[intent] = command_id
            self._accepted[self._intents[intent].participant_id].append(command_id)
            self.audit.acked += 1
            return
        self.audit.repeats += 1
        self.audit.repeats_wrong += known != command_id

    # -- hearing --------------------------------------------------------------------------------

    def listen(self) -> None:
        """Write down what was announced since; silence when Redis is away."""
        try:
            if not self._listening:
                topics = [f"t:{self.world_id}:account:{p}" for p in self._participants]
                self._hears.subscribe(*topics)
                self._listening = True
            for _ in range(HEARD_AT_ONCE_MAX):
                message = self._hears.get_message(timeout=0.0)
                if message is None:
                    return
                self._hear(message)
        except (redis.RedisError, OSError):
            self._listening = False
            self._hears.close()

    def _hear(self, message: Any) -> None:
        participant = int(message["channel"].decode().rpartition(":")[2])
        told = unpack_publication(message["data"])
        position = (told.epoch, told.offset)
        # A later epoch repeats the newest commit; within an epoch a commit is told once, and an
        # earlier epoch is never heard after a later one.
        before = self._positions.get(participant, (0, 0))
        if position <= before or told.offset < before[1]:
            self.audit.heard_wrong += 1
        self._positions[participant] = max(position, before)
        for command in json.loads(told.payload)["commands"]:
            command_id = uuid.UUID(command["command_id"])
            known = self._heard.setdefault(command_id, command)
            self.audit.heard_wrong += known != command

    # -- comparing ------------------------------------------------------------------------------

    def unacked(self) -> list[int]:
        """Intents that were sent and whose first answer never came."""
        return [intent for intent in range(len(self._intents)) if intent not in self.acked]

    def compare(self, session: psycopg.Connection) -> Audit:
        """Hold the books against journal, inbox and blocks."""
        audit = self.audit
        rows = session.execute(
            "select command_id, seq, commit, tick, status, participant_id from journal"
            " where world_id = %s order by seq, command_id",
            (self.world_id,),
        ).fetchall()
        found = {row[0]: row for row in rows}
        audit.journaled = len(rows)
        audit.heard = len(self._heard)
        of_intent = Counter(self._intent_of[row[0]] for row in rows if row[0] in self._intent_of)
        audit.duplicates = sum(count - 1 for count in of_intent.values())
        audit.acked_lost = sum(1 for intent in self.acked if not of_intent[intent])
        audit.undecided = self._waiting(session)
        seqs = [row[1] for row in rows]
        audit.gaps = sum(1 for n, seq in enumerate(seqs, 1) if seq != n) + _block_gaps(
            session, self.world_id
        )
        for ids in self._accepted.values():
            order = [found[command_id][1] for command_id in ids if command_id in found]
            audit.reordered += sum(later < first for first, later in pairwise(order))
        for command_id, told in self._heard.items():
            row = found.get(command_id)
            word = "executed" if row and row[4] == 0 else "rejected"
            as_told = (told["seq"], told["commit"], told["tick"], told["status"])
            audit.heard_wrong += row is None or as_told != (row[1], row[2], row[3], word)
        return audit

    def _waiting(self, session: psycopg.Connection) -> int:
        row = session.execute(
            "select count(*) from inbox where world_id = %s", (self.world_id,)
        ).fetchone()
        return int(row[0]) if row else 0

    def close(self) -> None:
        self._hears.close()
        self._redis.close()


def _block_gaps(session: psycopg.Connection, world_id: int) -> int:
    """Commits that are missing, doubled, or older in epoch than the one before them."""
    rows = session.execute(
        'select "commit", epoch, seq_from, seq_to from block where world_id = %s'
        ' order by "commit", epoch',
        (world_id,),
    ).fetchall()
    faults, epoch, seq = 0, 0, 0
    for number, (commit, block_epoch, seq_from, seq_to) in enumerate(rows, 1):
        faults += commit != number or block_epoch < epoch or seq_from != seq + 1
        epoch, seq = block_epoch, seq_to
    return faults
