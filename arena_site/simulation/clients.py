"""Clients with books of their own: what they asked for, what they were told."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from economy_engine import commands
from economy_engine.order_terms import OrderType, SelfTrade, Side, TimeInForce
from worlds.errors import ExecutionUnknown, IdempotencyConflict, InboxFull, WorldError
from worlds.inbox import Receipt
from worlds.services import request_digest

TRIES_MAX = 60
POISON_QUANTITY = 666


@dataclass(slots=True)
class Request:
    """One thing that a client wants once. `ids`: command ids under which it was sent."""

    participant: int
    key: str
    command: Any
    ids: list[UUID] = field(default_factory=list)
    receipt: Receipt | None = None
    refused: str | None = None
    announced: set[tuple[int, int]] = field(default_factory=set)  # (seq, status) as told

    @property
    def kind(self) -> int:
        return int(self.command.kind)

    @property
    def open(self) -> bool:
        return self.receipt is None and self.refused is None


class Book:
    """Everything that one participant's client knows."""

    def __init__(self, participant: int, seed: int) -> None:
        self.participant = participant
        self.random = random.Random(seed * 1_000 + participant)
        self.requests: list[Request] = []
        self.conflicts_refused = 0
        self.repeats_told = 0
        self.wrong: list[str] = []

    def new_id(self) -> UUID:
        return UUID(int=self.random.getrandbits(128), version=4)

    def register(self) -> Request:
        """The first thing a participant does."""
        return self._add(commands.RegisterParticipant(guest=False))

    def order(self, poison: bool) -> Request:
        """A new order, or a cancel of one that was acknowledged."""
        placed = [
            r
            for r in self.requests
            if r.kind == commands.CommandKind.PLACE_ORDER and r.receipt is not None
        ]
        if placed and self.random.random() < 0.2:
            target = self.random.choice(placed).receipt
            assert target is not None
            return self._add(commands.CancelOrder(target=target.command_id.bytes))
        limit = self.random.random() < 0.6
        return self._add(
            commands.PlaceOrder(
                market=7,
                side=Side.BID,
                order_type=OrderType.LIMIT if limit else OrderType.MARKET,
                time_in_force=TimeInForce.GTC if limit else TimeInForce.IOC,
                quantity=POISON_QUANTITY if poison else self.random.randrange(1, 4),
                price=6_000 if limit else 0,
                self_trade=SelfTrade.EXPIRE_TAKER,
            )
        )

    def _add(self, command: Any) -> Request:
        request = Request(self.participant, f"{self.participant}-{len(self.requests)}", command)
        self.requests.append(request)
        return request

    async def send(self, batcher: Any, world_id: int, request: Request, *, fresh: bool) -> None:
        """Send once; `fresh`: under a new command id, as a client that only knows its key."""
        if fresh or not request.ids:
            request.ids.append(self.new_id())
        try:
            receipt = await self._submit(batcher, world_id, request, request.command)
        except (ExecutionUnknown, InboxFull):
            return  # asked again later
        except WorldError as error:
            request.refused = error.code
            return
        if request.receipt is not None and receipt.command_id != request.receipt.command_id:
            self.wrong.append(f"key {request.key} was answered with two commands")
        self.repeats_told += receipt.repeated
        request.receipt = request.receipt or receipt

    async def try_conflict(self, batcher: Any, world_id: int, request: Request) -> None:
        """The same key with another request must be refused, without effect."""
        other = commands.CancelAll(market=3)
        try:
            await self._submit(batcher, world_id, request, other, self.new_id())
        except IdempotencyConflict:
            self.conflicts_refused += 1
        except (ExecutionUnknown, InboxFull):
            return
        else:
            self.wrong.append(f"key {request.key} was accepted for another request")

    async def _submit(
        self, batcher: Any, world_id: int, request: Request, command: Any, new: UUID | None = None
    ) -> Receipt:
        header = commands.Header(participant=self.participant)
        kind = int(command.kind)
        return await batcher.submit_async(
            world_id=world_id,
            participant_id=self.participant,
            command_id=new or request.ids[-1],
            kind=kind,
            body=commands.encode(command, header),
            key=request.key,
            digest=request_digest(kind, self.participant, command),
        )

    def hear(self, command_id: UUID, seq: int, status: int) -> None:
        """An outcome, by announcement or by asking."""
        for request in reversed(self.requests):
            if command_id in request.ids:
                request.announced.add((seq, status))
                return


def is_poison(payload: bytes) -> bool:
    """Whether a payload is the order that the engine of a simulation cannot bear."""
    if int.from_bytes(payload[:2], "little") != commands.CommandKind.PLACE_ORDER:
        return False
    _, command = commands.decode(payload)
    return getattr(command, "quantity", 0) == POISON_QUANTITY
