"""Runs a list of processes: in order, with readiness, restarts, and a stop that leaves nothing.

All of it happens on the main thread in one loop, because a child's life is tied to the thread
that started it. Tasks run in threads, so that the loop goes on hearing signals.
"""

from __future__ import annotations

import os
import select
import signal
import subprocess
import threading
import time
from collections import deque
from collections.abc import Sequence
from enum import Enum

from arena_site.embedded import process as processes
from arena_site.embedded.claim import Claim
from arena_site.embedded.logs import Console, pump, tail
from arena_site.embedded.process import Kind, Process

BACKOFF_SECONDS = (0.5, 30.0)
FIRST_BACKOFF_SECONDS = 0.1  # after one crash: most are single, and people wait for it
BUSY_STEP_SECONDS, CALM_STEP_SECONDS = 0.05, 0.5
CRASHES_MAX, CRASH_WINDOW_SECONDS = 5, 60.0
HURRY_SECONDS = 2.0
PATIENCE_SECONDS = 15.0  # after so much silence, say what is waited for
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class State(Enum):
    WAITING = "waiting"
    STARTING = "starting"
    READY = "ready"
    DONE = "done"
    BACKOFF = "backoff"


class StopRequestedError(Exception):
    """A signal asked us to stop before everything was up."""


class StartFailedError(Exception):
    """A process that the rest needs cannot run; the text says which and why."""


class Run:
    """A process of the plan together with what is happening to it."""

    def __init__(self, process: Process) -> None:
        self.process = process
        self.state = State.WAITING
        self.popen: subprocess.Popen[bytes] | None = None
        self.thread: threading.Thread | None = None
        self.outcome: str | None = None
        self.failure: BaseException | None = None
        self.started = 0.0
        self.seconds = 0.0  # from the supervisor's start until it was ready or done
        self.retry_at = 0.0
        self.crashes: deque[float] = deque(maxlen=CRASHES_MAX)
        self.log_thread: threading.Thread | None = None

    @property
    def settled(self) -> bool:
        return self.state in {State.READY, State.DONE}


class Supervisor:
    """Owns the processes of one state directory."""

    def __init__(self, plan: Sequence[Process], claim: Claim, console: Console | None) -> None:
        self.runs = {process.name: Run(process) for process in plan}
        self.claim = claim
        self.console = console
        self.logs = claim.state / "logs"
        self.stop_count = 0
        self.born = time.monotonic()
        self._wake_read, self._wake_write = os.pipe()
        os.set_blocking(self._wake_write, False)
        for run in self.runs.values():
            missing = [name for name in run.process.after if name not in self.runs]
            if missing:
                raise ValueError(f"{run.process.name} waits for {missing}, which nobody plans")

    # -- signals -----------------------------------------------------------------------------

    def listen(self) -> None:
        """Take over the stop signals; the first asks, the second hurries."""
        processes.become_subreaper()
        for number in STOP_SIGNALS:
            signal.signal(number, self._on_stop)
        signal.signal(signal.SIGCHLD, lambda *_: None)  # only to end the loop's wait
        signal.set_wakeup_fd(self._wake_write, warn_on_full_buffer=False)

    def _on_stop(self, *_: object) -> None:
        self.stop_count += 1

    # -- the loop ----------------------------------------------------------------------------

    def start(self, names: Sequence[str] = ()) -> None:
        """Return when the named processes (all by default) are ready or done."""
        wanted = names or list(self.runs)
        said = time.monotonic()
        while not all(self.runs[name].settled for name in wanted):
            self.step(0.02)
            if self.stop_count:
                raise StopRequestedError
            if time.monotonic() - said > PATIENCE_SECONDS:
                said = time.monotonic()
                self._say_waiting()

    def _say_waiting(self) -> None:
        starting = [run for run in self.runs.values() if run.state is State.STARTING]
        names = ", ".join(
            f"{run.process.name} ({time.monotonic() - run.started:.0f} s)" for run in starting
        )
        if self.console and names:
            self.console.step(f"still at work: {names}")

    def watch(self) -> None:
        """Return when a signal asks to stop."""
        busy = {State.STARTING, State.BACKOFF}
        while not self.stop_count:
            some = any(run.state in busy for run in self.runs.values())
            self.step(BUSY_STEP_SECONDS if some else CALM_STEP_SECONDS)

    def step(self, seconds: float) -> None:
        """One turn: start what may start, see who is ready, who ended."""
        for run in self.runs.values():
            if self._may_start(run):
                self._launch(run)
            self._observe(run)
        processes.reap_strangers(self._known_pids())
        if select.select([self._wake_read], [], [], seconds)[0]:
            os.read(self._wake_read, 4096)

    def _may_start(self, run: Run) -> bool:
        if run.state is State.BACKOFF:
            return time.monotonic() >= run.retry_at
        first = run.state is State.WAITING
        return first and all(self.runs[name].settled for name in run.process.after)

    def _launch(self, run: Run) -> None:
        run.state = State.STARTING
        run.started = time.monotonic()
        if run.process.kind is Kind.TASK:
            run.thread = threading.Thread(target=self._do_task, args=(run,), daemon=True)
            run.thread.start()
            return
        if run.process.prepare and not run.crashes:
            run.process.prepare()
        run.popen = processes.spawn(run.process)
        self.claim.note_child(run.process.name, run.popen.pid)
        log = self.logs / f"{run.process.name}.log"
        run.log_thread = pump(run.process.name, run.popen, log, self.console, run.process.console)

    @staticmethod
    def _do_task(run: Run) -> None:
        assert run.process.task is not None
        try:
            run.outcome = run.process.task()
        except BaseException as error:  # reported by the loop, on the main thread
            run.failure = error

    def _observe(self, run: Run) -> None:
        if run.state not in {State.STARTING, State.READY}:
            return
        if run.process.kind is Kind.TASK:
            self._observe_task(run)
        elif run.popen is not None and processes.exited(run.popen):
            self._ended(run, run.popen.returncode)
        elif run.state is State.STARTING and run.process.kind is not Kind.ONE_SHOT:
            if run.process.ready is None or run.process.ready():
                self._settle(run, State.READY)
            elif time.monotonic() - run.started > run.process.ready_seconds:
                raise StartFailedError(self._obituary(run, "did not get ready in time"))

    def _observe_task(self, run: Run) -> None:
        if run.thread is not None and not run.thread.is_alive():
            if run.failure is not None:
                raise StartFailedError(f"{run.process.name}: {run.failure}") from run.failure
            self._settle(run, State.DONE)

    def _settle(self, run: Run, state: State) -> None:
        run.state = state
        run.seconds = time.monotonic() - self.born
        text = run.outcome or run.process.says
        if self.console and text:
            self.console.step(text)

    def _ended(self, run: Run, code: int) -> None:
        kind = run.process.kind
        if self.stop_count:
            run.state = State.DONE
        elif kind is Kind.ONE_SHOT and code == 0:
            self._settle(run, State.DONE)
        elif kind is Kind.ONE_SHOT and run.process.optional:
            run.outcome = f"{run.process.name} failed with {describe(code)}; going on without"
            self._settle(run, State.DONE)
        elif kind is Kind.SERVICE or run.state is State.READY or run.crashes:
            # A database that once ran is started again; one that never did, ends the start.
            if kind is Kind.DATABASE:
                processes.kill_orphans(run.process.command[0], self._known_pids())
            self._back_off(run, code)
        else:
            raise StartFailedError(self._obituary(run, f"ended with {describe(code)}"))

    def _back_off(self, run: Run, code: int) -> None:
        now = time.monotonic()
        run.crashes.append(now)
        full = len(run.crashes) == CRASHES_MAX
        if full and now - run.crashes[0] < CRASH_WINDOW_SECONDS:
            text = f"ended {CRASHES_MAX} times within a minute, last with {describe(code)}"
            raise StartFailedError(self._obituary(run, text))
        recent = sum(1 for crash in run.crashes if now - crash < CRASH_WINDOW_SECONDS)
        pause = min(BACKOFF_SECONDS[0] * 2 ** (recent - 1), BACKOFF_SECONDS[1])
        pause = FIRST_BACKOFF_SECONDS if recent == 1 else pause
        run.state, run.retry_at = State.BACKOFF, now + pause
        if self.console:
            self.console.step(f"{run.process.name} ended with {describe(code)}; again in {pause} s")

    def _obituary(self, run: Run, what: str) -> str:
        if run.log_thread:
            run.log_thread.join(1.0)
        log = self.logs / f"{run.process.name}.log"
        return f"{run.process.name} {what}. The end of {log}:\n{tail(log)}"

    def _known_pids(self) -> set[int]:
        return {run.popen.pid for run in self.runs.values() if run.popen is not None}

    # -- the end -----------------------------------------------------------------------------

    def stop(self) -> None:
        """Stop in the plan's order of phases, each with a time limit; then nothing is left."""
        alive = [run for run in self.runs.values() if run.popen and not processes.exited(run.popen)]
        hurry_from = self.stop_count + 1
        for phase in sorted({run.process.stop_phase for run in alive}):
            self._stop_phase([run for run in alive if run.process.stop_phase == phase], hurry_from)
        for run in alive:
            if run.log_thread:
                run.log_thread.join(1.0)
        self._end_strangers()

    def _stop_phase(self, runs: list[Run], hurry_from: int) -> None:
        started = time.monotonic()
        for run in runs:
            assert run.popen is not None
            processes.signal_one(run.popen, run.process.stop_signal)
        waiting = list(runs)
        while waiting:
            passed = time.monotonic() - started
            hurried = self.stop_count >= hurry_from
            for run in waiting:
                limit = run.process.stop_seconds
                if hurried and run.process.kind is not Kind.DATABASE:
                    limit = min(limit, HURRY_SECONDS)
                if passed > limit and run.popen is not None:
                    if self.console:
                        self.console.step(f"{run.process.name} does not end; killed")
                    processes.signal_group(run.popen.pid, signal.SIGKILL)
            time.sleep(0.01)
            waiting = [r for r in waiting if r.popen and not processes.exited(r.popen)]

    def _end_strangers(self) -> None:
        """Kill adopted descendants that are still there; Linux only, bounded."""
        known = self._known_pids()
        deadline = time.monotonic() + 2.0
        while (strangers := processes.adopted(known)) and time.monotonic() < deadline:
            for pid in strangers:
                processes.kill_one(pid)
            processes.reap_strangers(known)
            time.sleep(0.02)


def describe(code: int) -> str:
    """An exit code in words."""
    if code >= 0:
        return f"exit code {code}"
    try:
        return signal.Signals(-code).name
    except ValueError:
        return f"signal {-code}"
