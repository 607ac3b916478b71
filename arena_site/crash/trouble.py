"""Engines and clocks that misbehave on purpose."""

from __future__ import annotations

import random
import time
from typing import Any

from economy_engine import commands
from economy_engine.order_terms import OrderType, SelfTrade, Side, TimeInForce

POISON_QUANTITY = 13
OVERRUN_SECONDS = 0.15
LEAPS_PER_SECOND = 3.0
LEAP_SECONDS_MAX = 60.0


def poisonous(participant: int) -> tuple[int, Any]:
    """An order that a troubled engine cannot bear, and its participant."""
    order = commands.PlaceOrder(
        market=0,
        side=Side.BID,
        order_type=OrderType.MARKET,
        time_in_force=TimeInForce.IOC,
        quantity=POISON_QUANTITY,
        price=0,
        self_trade=SelfTrade.EXPIRE_TAKER,
    )
    return participant, order


class Troubled:
    """The real engine, but some orders kill its step and every n-th tick takes far too long."""

    def __init__(self, engine: Any, overrun_every: int = 0) -> None:
        self._engine = engine
        self._overrun_every = overrun_every

    def __getattr__(self, name: str) -> Any:
        return getattr(self._engine, name)

    def apply(self, state: Any, given: list[Any], ticks: int) -> Any:
        if any(_is_poison(command.payload) for command in given):
            raise RuntimeError("an order that this engine cannot bear")
        if self._overrun_every and ticks and self.tick(state) % self._overrun_every == 0:
            time.sleep(OVERRUN_SECONDS)
        return self._engine.apply(state, given, ticks)


def _is_poison(payload: bytes) -> bool:
    if not payload:
        return False
    _, command = commands.decode(payload)
    return isinstance(command, commands.PlaceOrder) and command.quantity == POISON_QUANTITY


class JumpingClock:
    """The module `time`, but its monotonic clock leaps ahead now and then, as after a sleep."""

    def __init__(self, seed: float) -> None:
        self._random = random.Random(seed)
        self._ahead = 0.0
        self._next = time.monotonic()

    def __getattr__(self, name: str) -> Any:
        return getattr(time, name)

    def monotonic(self) -> float:
        now = time.monotonic()
        if now >= self._next:
            self._next = now + self._random.expovariate(LEAPS_PER_SECOND)
            self._ahead += self._random.uniform(0.0, LEAP_SECONDS_MAX)
        return now + self._ahead
