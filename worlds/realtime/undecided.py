"""Commands that were accepted and not yet decided, as a gateway remembers them.

The journal alone says what became of a command. It is asked when a message of the participant's
private stream says that something was decided, a few times soon after the submission, and each
second from then on: a lost announcement, a new writer or a restarted Redis only cost time.
"""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Collection
from typing import Any, NamedTuple
from uuid import UUID

import structlog

log = structlog.get_logger(__name__)

# Ages at which the journal is asked before the regular second: most commands are decided in
# milliseconds, and a rejected cancellation announces nothing on the private stream.
EARLY_AGES_SECONDS = (0.012, 0.04, 0.12, 0.4)
PERIOD_SECONDS = 1.0
ASK_MAX = 500


class Who(NamedTuple):
    """Whose command, in which world."""

    world_id: int
    participant_id: int


Ask = Callable[[Who, Collection[UUID]], Awaitable[dict[UUID, Any]]]
Decided = Callable[[Any], None]


class _Waiting:
    __slots__ = ("asked", "callbacks", "due", "since", "who")

    def __init__(self, who: Who) -> None:
        self.who = who
        self.callbacks: list[Decided] = []
        self.since = time.monotonic()
        self.asked = 0
        self.due = self.since + EARLY_AGES_SECONDS[0]

    def postpone(self, now: float) -> None:
        self.asked += 1
        if self.asked < len(EARLY_AGES_SECONDS):
            self.due = max(now, self.since + EARLY_AGES_SECONDS[self.asked])
        else:
            self.due = now + PERIOD_SECONDS


class Undecided:
    """One per event loop. `ask` looks into the journal."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask
        self._waiting: dict[UUID, _Waiting] = {}
        self._changed = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self, command_id: UUID, who: Who, decided: Decided) -> None:
        """Remember a command; `decided` is called once, with its status.

        The same command may be remembered for several sockets, or twice for one that repeated it.
        """
        waiting = self._waiting.get(command_id)
        if waiting is None:
            waiting = self._waiting[command_id] = _Waiting(who)
        waiting.callbacks.append(decided)
        self._changed.set()
        if self._task is None or self._task.done():
            self._task = asyncio.get_running_loop().create_task(self._run())

    def forget(self, command_id: UUID, decided: Decided) -> None:
        """This callback is no longer wanted; the last one takes the command with it."""
        waiting = self._waiting.get(command_id)
        if waiting is not None and decided in waiting.callbacks:
            waiting.callbacks.remove(decided)
            if not waiting.callbacks:
                del self._waiting[command_id]

    def nudge(self, who: Who) -> None:
        """Something of this participant was decided: ask at once."""
        for waiting in self._waiting.values():
            if waiting.who == who:
                waiting.due = 0.0
                self._changed.set()

    async def _run(self) -> None:
        while self._waiting:
            self._changed.clear()
            now = time.monotonic()
            due = {waiting.who for waiting in self._waiting.values() if waiting.due <= now}
            if due:
                await self._look(due)
                continue
            wait = min(waiting.due for waiting in self._waiting.values()) - now
            try:
                await asyncio.wait_for(self._changed.wait(), max(wait, 0.001))
            except TimeoutError:
                continue

    async def _look(self, due: set[Who]) -> None:
        """Ask about all commands of these participants, so that none overtakes an older one."""
        by_who: defaultdict[Who, list[UUID]] = defaultdict(list)
        now = time.monotonic()
        for key, waiting in self._waiting.items():
            if waiting.who in due and len(by_who[waiting.who]) < ASK_MAX:
                waiting.postpone(now)
                by_who[waiting.who].append(key)
        for who, keys in by_who.items():
            try:
                found = await self._ask(who, keys)
            except Exception as error:
                # Asked again in its time: nobody else would ever tell these sockets.
                log.warning("undecided_read_failed", error=repr(error)[:200])
                continue
            # In the journal's order, so that a client hears its commands in that order.
            for key, status in sorted(found.items(), key=lambda pair: pair[1].seq):
                if key in self._waiting:
                    for decided in self._waiting.pop(key).callbacks:
                        decided(status)

    async def close(self) -> None:
        """Stop asking."""
        self._waiting.clear()
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
