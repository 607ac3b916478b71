"""Processes of a simulation: threads of which exactly one runs, chosen by the seed; virtual time.

A fiber gives way wherever it asks its surroundings for something. Nothing sleeps: when nobody can
run, the clock moves to the next moment at which somebody can.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Callable

STACK_BYTES = 1 << 20
TURNS_MAX = 2_000_000


class Killed(BaseException):
    """Ends a fiber as a kill ends a process: no handler of errors sees it."""


class StuckError(RuntimeError):
    """The simulation did not come to its end within its bounds."""


class Fiber:
    """One simulated process or thread. `offset_seconds`: how far its clock has jumped."""

    def __init__(self, name: str, function: Callable[[], None], group: str) -> None:
        self.name, self.group = name, group
        self.wake_at = 0.0
        self.offset_seconds = 0.0
        self.killed = False
        self.finished = False
        self.started = False
        self.error: BaseException | None = None
        self.function = function
        self.go = threading.Lock()
        self.go.acquire()


class Scheduler:
    """Runs fibers one at a time. `now` is virtual, in seconds."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.now = 0.0
        self.fibers: list[Fiber] = []
        self.current: Fiber | None = None
        self._back = threading.Lock()
        self._back.acquire()
        self._turns = 0

    def spawn(self, name: str, function: Callable[[], None], group: str = "") -> Fiber:
        """Add a fiber; fibers of one group die together."""
        fiber = Fiber(name, function, group or name)
        fiber.wake_at = self.now
        self.fibers.append(fiber)
        return fiber

    def kill(self, group: str) -> None:
        """End all fibers of a group at the next point where they give way."""
        for fiber in self.fibers:
            if fiber.group == group and not fiber.finished:
                fiber.killed = True
                fiber.wake_at = self.now
        if self.current is not None and self.current.group == group:
            raise Killed

    def monotonic(self) -> float:
        """The running process's clock."""
        return self.now + (self.current.offset_seconds if self.current else 0.0)

    def pause(self, seconds: float) -> None:
        """Let the running fiber give way for a while."""
        fiber = self.current
        assert fiber is not None, "only fibers wait"
        if fiber.killed:
            raise Killed
        fiber.wake_at = self.now + max(seconds, 0.0)
        self._back.release()
        fiber.go.acquire()
        if fiber.killed:
            raise Killed

    def run(self, until: Callable[[], bool], seconds_max: float) -> None:
        """Run fibers until something holds. Raises StuckError, or what a fiber raised."""
        end = self.now + seconds_max
        while not until():
            living = [fiber for fiber in self.fibers if not fiber.finished]
            if not living or self.now > end or self._turns > TURNS_MAX:
                raise StuckError(f"nothing comes of it after {self.now:.1f} virtual seconds")
            self.now = max(self.now, min(fiber.wake_at for fiber in living))
            ready = [fiber for fiber in living if fiber.wake_at <= self.now]
            self._switch(ready[self.random.randrange(len(ready))])

    def _switch(self, fiber: Fiber) -> None:
        self._turns += 1
        self.current = fiber
        if fiber.started:
            fiber.go.release()
        else:
            fiber.started = True
            threading.Thread(target=self._body, args=(fiber,), daemon=True).start()
        self._back.acquire()
        self.current = None
        if fiber.finished:
            self.fibers.remove(fiber)
            if fiber.error is not None:
                raise fiber.error

    def _body(self, fiber: Fiber) -> None:
        try:
            if not fiber.killed:
                fiber.function()
        except Killed:
            pass
        except BaseException as error:  # carried over to the thread that runs the simulation
            fiber.error = error
        finally:
            fiber.finished = True
            self._back.release()

    def end(self) -> None:
        """Kill everything that still lives."""
        for fiber in list(self.fibers):
            fiber.killed = True
        while self.fibers:
            fiber = self.fibers[0]
            if not fiber.started:
                self.fibers.remove(fiber)
                continue
            self._switch(fiber)
