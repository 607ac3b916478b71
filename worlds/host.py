"""The host: the worlds of one process, advanced in slices, woken between their ticks.

A slice is one loop. It claims free worlds, waits on the wake-up socket until the next tick is due,
advances what is due or woken, and returns; everything of value is in PostgreSQL, so on any error
a world is dropped from memory, released, and claimed again by whoever looks first.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import psycopg
import redis
import structlog
from django.conf import settings

from worlds import bundles, disk, faults, lease, metrics, recovery, snapshots
from worlds import surroundings as around
from worlds.engine import Engine
from worlds.errors import Fenced, InvariantBreach, ReplayMismatch, SnapshotUnusable
from worlds.lease import Lease
from worlds.runner import Announcer, Held, WorldRunner
from worlds.takeover import announce_head, take_over

WAKE_FREE = "wake:free"
RENEW_SECONDS = 1.0
SCAN_SOON_SECONDS = 0.02
DATABASE_WAIT_SECONDS = 0.05
REDIS_WAIT_SECONDS = 0.05
AGENTS_PER_HOST = 100_000
WORLDS_PER_HOST_MAX = 64
WAKES_PER_WAIT_MAX = 10_000
BATCHES_PER_TURN_MAX = 8
UNLOADABLE_RETRY_SECONDS = (5.0, 60.0)
ATTEMPTS_QUICK = 4
SHARE_SECONDS = 2.0
SHARE_BARRED_SECONDS = 1.0
SHARE_IN_VAIN_SECONDS = 30.0

log = structlog.get_logger(__name__)


class Host:
    """Create one per process, after the engine is warm; call `slice` again and again.

    `only` limits the worlds that this host may claim (None: all).
    """

    def __init__(
        self,
        name: str,
        engine: Engine,
        announcer: Announcer,
        *,
        only: Sequence[int] | None = None,
    ) -> None:
        self.name = name
        self.stopping = False
        self.worlds: dict[int, Held] = {}
        self._engine = engine
        self._announcer = announcer
        self._only = only
        self._older = [each for each in range(1, engine.version) if engine.reads(each)]
        self._runner: WorldRunner | None = None
        self._redis = around.redis_client()
        self._wakes = self._redis.pubsub(ignore_subscribe_messages=True)
        self._subscribed: set[str] = set()
        self._snapshots: dict[int, snapshots.SnapshotThread] = {}
        self._scan_at = 0.0
        self._barred: dict[int, float] = {}
        self._unloadable: dict[int, int] = {}
        self._share_at = around.monotonic() + SHARE_SECONDS
        self._left: int | None = None
        self._exporter = metrics.Exporter(self._redis, name)

    # -- the slice ------------------------------------------------------------------------------

    def slice(self, seconds: float) -> None:
        """Run the worlds for a while; returns early when asked to stop."""
        end = around.monotonic() + seconds
        first = settings.WORLD_SCAN_SECONDS if self.worlds else 0.0
        self._scan_at = max(self._scan_at, around.monotonic() + first)  # holders renew first
        while not self.stopping:
            now = around.monotonic()
            if now >= end:
                self._exporter.export()
                return
            try:
                self._turn(now, end)
            except psycopg.Error as error:
                self._lose_database(error)
        self.release()
        self._disconnect()  # a host that stops is none that a world could be left to

    def _turn(self, now: float, end: float) -> None:
        if now >= self._scan_at:
            self._scan()
            now = around.monotonic()
        due = min((held.due for held in self.worlds.values()), default=end)
        woken = self._wait(min(due, end, self._scan_at) - now)
        for held in sorted(self.worlds.values(), key=lambda held: held.due):
            self._renew(held)
            ticks = self._due_ticks(held)
            if held.world_id in self.worlds and (ticks or held.world_id in woken):
                self._advance(held, ticks)

    def _due_ticks(self, held: Held) -> int:
        """Ticks that are due now by the monotonic clock, at most three; what lies more than ten
        behind is dropped and counted: world time stands still without a writer."""
        now, period = around.monotonic(), 1 / held.lease.tick_rate_hz
        if now < held.due:
            return 0
        if held.halted or disk.room() is disk.Room.NONE:
            held.due = now + period
            # A halted world turns over for its waiting commands; its writer runs no tick.
            return 1 if held.halted else 0
        behind = int((now - held.due) / period)
        if behind > settings.WORLD_TICKS_BEHIND_MAX:
            metrics.world_slip_seconds.labels(held.label).inc(behind * period)
            held.due += behind * period
            behind = 0
        ticks = min(behind + 1, settings.WORLD_TICKS_PER_CALL_MAX)
        held.due += ticks * period
        return ticks

    def _advance(self, held: Held, ticks: int) -> None:
        """One turn of a world; any failure drops it from memory."""
        runner = self._require_runner()
        try:
            taken = runner.advance(held, ticks)
            for _ in range(BATCHES_PER_TURN_MAX):
                more = 1 if held.careful else settings.WORLD_COMMANDS_PER_COMMIT_MAX
                if taken < more:
                    break
                taken = runner.advance(held, 0)
            self._maybe_snapshot(held)
        except psycopg.Error as error:
            self._drop(held, "database")
            if runner.connection.closed:
                raise
            log.warning("commit failed", world=held.slug, error=str(error)[:200])
            self._give_up(held)
        except Fenced as error:
            log.warning("fenced", world=held.slug, error=str(error))
            self._drop(held, "fenced")
        except InvariantBreach as breach:
            self._halt_for(held, breach)
        except Exception as error:
            log.exception("advance failed", world=held.slug, commit=held.world.position.commit)
            self._drop(held, type(error).__name__)
            self._give_up(held)

    def _halt_for(self, held: Held, breach: InvariantBreach) -> None:
        """Keep what reproduces the breach, ask for a halt, drop the uncommitted work."""
        log.critical("invariant breach", world=held.slug, breaches=breach.breaches)
        self._drop(held, "breach")
        connection = self._require_runner().connection
        try:
            bundles.store(connection, held, breach.breaches)
        except (psycopg.Error, OSError) as error:
            log.error("bundle not stored", world=held.slug, error=str(error))
        lease.mark_halt(connection, held.world_id, held.lease.epoch, str(breach))
        self._give_up(held)

    def _wait(self, seconds: float) -> set[int]:
        """World ids that were woken; returns at the first wake-up or when the time is over.

        Selects on the client's side: a server-side time limit is only as exact as its timer.
        """
        woken: set[int] = set()
        try:
            self._subscribe()
            message = self._wakes.get_message(timeout=max(seconds, 0.0))
            for _ in range(WAKES_PER_WAIT_MAX):
                if message is None:
                    break
                channel = message["channel"].decode()
                if channel == WAKE_FREE:
                    self._scan_at = 0.0
                else:
                    woken.add(int(channel.removeprefix("wake:")))
                message = self._wakes.get_message(timeout=0.0)
        except (redis.RedisError, OSError):
            # Ticks go on and take what waits; only the wake-ups are gone until Redis is back.
            self._subscribed = set()
            self._wakes.close()
            around.sleep(min(max(seconds, 0.0), REDIS_WAIT_SECONDS))
        return woken

    def _subscribe(self) -> None:
        wanted = {WAKE_FREE, *(f"wake:{world_id}" for world_id in self.worlds)}
        for channel in wanted - self._subscribed:
            self._wakes.subscribe(channel)
        for channel in self._subscribed - wanted:
            self._wakes.unsubscribe(channel)
        self._subscribed = wanted

    # -- holding --------------------------------------------------------------------------------

    def _scan(self) -> None:
        """Claim one free world; look again soon when there was one."""
        now = around.monotonic()
        self._scan_at = now + settings.WORLD_SCAN_SECONDS
        self._share(now)
        room = AGENTS_PER_HOST - sum(held.lease.agents for held in self.worlds.values())
        if len(self.worlds) >= WORLDS_PER_HOST_MAX:
            return
        barred = [world for world, until in self._barred.items() if until > now]
        claimed = lease.claim_one(
            self._require_runner().connection,
            self.name,
            self._engine.version,
            older=self._older,
            only=self._only,
            not_these=[*self.worlds, *barred],
            agents_max=room if self.worlds else None,
        )
        if claimed is not None:
            if self._left == claimed.world_id:  # it was left to another host, and nobody came
                self._share_at = now + SHARE_IN_VAIN_SECONDS
            faults.point("claim.claimed")
            self._load(claimed)
            self._scan_at = around.monotonic() + SCAN_SOON_SECONDS

    def _share(self, now: float) -> None:
        """Leave a world to another host that holds at least two fewer. It is not claimed back for
        a moment, and if nobody came for it, the next one is kept for long."""
        if len(self.worlds) < 2 or now < self._share_at:
            return
        self._share_at = now + SHARE_SECONDS
        connection = self._require_runner().connection
        least = lease.least_held(connection)
        if least is None or least + 2 > len(self.worlds):
            return
        held = min(self.worlds.values(), key=lambda held: held.lease.agents)
        log.info("left to another host", world=held.slug)
        self._barred[held.world_id] = now + SHARE_BARRED_SECONDS
        self._left = held.world_id
        self._release_one(held)
        self._drop(held, "shared")
        self._announce_free()

    def _load(self, claimed: Lease) -> None:
        """Rebuild a claimed world at its head and announce the head again."""
        connection = self._require_runner().connection
        try:
            held = take_over(self._engine, connection, claimed, self._keepalive(claimed))
        except psycopg.Error:
            raise
        except Fenced as error:
            log.warning("fenced", world=claimed.world_id, error=str(error))
            return
        except Exception as error:
            # A gap, an altered row, no good snapshot, or an engine that cannot do again what it
            # did: nothing is skipped and nothing repaired, somebody has to look at it.
            known = isinstance(error, (ReplayMismatch, SnapshotUnusable))
            world, text = claimed.world_id, repr(error)
            log.critical("world cannot be rebuilt", world=world, error=text, exc_info=not known)
            times = self._unloadable[world] = min(self._unloadable.get(world, 0) + 1, 10)
            first, most = UNLOADABLE_RETRY_SECONDS
            self._barred[world] = around.monotonic() + min(most, first * 2 ** (times - 1))
            lease.release(connection, world, claimed.epoch)
            return
        self._unloadable.pop(claimed.world_id, None)
        self.worlds[claimed.world_id] = held
        faults.point("claim.loaded")
        snapshots.sweep(connection, held.world_id, held.slug)
        announce_head(self._engine, connection, self._announcer, held)

    def _keepalive(self, claimed: Lease) -> Callable[[], None]:
        """Renews the lease each second of a long rebuild; raises Fenced when it is lost."""
        connection = self._require_runner().connection
        renewed_at = around.monotonic()

        def keepalive() -> None:
            nonlocal renewed_at
            if around.monotonic() - renewed_at < RENEW_SECONDS:
                return
            if not lease.renew(connection, claimed.world_id, claimed.epoch):
                raise Fenced(f"world {claimed.world_id}: lost while it was rebuilt")
            renewed_at = around.monotonic()
            for held in list(self.worlds.values()):
                self._renew(held)

        return keepalive

    def _renew(self, held: Held) -> None:
        """For worlds that make no commits just now: the commit renews otherwise."""
        if around.monotonic() - held.renewed_at >= RENEW_SECONDS:
            connection = self._require_runner().connection
            if lease.renew(connection, held.world_id, held.lease.epoch):
                held.renewed_at = around.monotonic()
            else:
                self._drop(held, "fenced")

    def _maybe_snapshot(self, held: Held) -> None:
        thread = self._snapshots.setdefault(held.world_id, snapshots.SnapshotThread())
        runner = self._require_runner()
        done = thread.collect(runner.connection)
        if done is not None:
            held.snapshot_commit = done.commit
            snapshots.prune(runner.connection, held.world_id)
        tick = held.world.position.tick
        if disk.room() is not disk.Room.ENOUGH:
            return  # the takeover after this is longer; the journal has everything
        if thread.busy or tick - held.snapshot_tick < settings.WORLD_SNAPSHOT_EVERY_TICKS:
            return
        held.snapshot_tick = tick
        self._start_snapshot(held, thread, "periodic")

    def _start_snapshot(self, held: Held, thread: snapshots.SnapshotThread, kind: str) -> None:
        started = time.perf_counter()
        sections = recovery.sections(self._engine, held.world)
        header = self._require_runner().snapshot_header(held, sections)
        metrics.snapshot_seconds.labels(held.label, "copy").observe(time.perf_counter() - started)
        faults.point("snapshot.copied")
        thread.start(header, [raw for _, raw in sections], held.slug, kind)

    # -- letting go -----------------------------------------------------------------------------

    def _drop(self, held: Held, cause: str) -> None:
        """Forget a world: memory is ahead of the truth, or somebody else's."""
        self.worlds.pop(held.world_id, None)
        metrics.drops_total.labels(held.label, cause).inc()
        self._scan_at = 0.0

    def _give_up(self, held: Held) -> None:
        """Release a dropped world at once, so that it is claimed without waiting; one that fails
        again and again is tried less and less often."""
        excess = min(max(0, held.lease.attempts - ATTEMPTS_QUICK), 10)
        if excess:
            wait = min(UNLOADABLE_RETRY_SECONDS[0], 0.05 * 2**excess)
            self._barred[held.world_id] = around.monotonic() + wait
        lease.release(self._require_runner().connection, held.world_id, held.lease.epoch)

    def release(self) -> None:
        """Leave every world with a snapshot at its head, and say that they are free."""
        faults.point("release.before")
        for held in list(self.worlds.values()):
            try:
                self._release_one(held)
            except (psycopg.Error, OSError, RuntimeError) as error:
                log.error("release failed", world=held.slug, error=str(error))
            self._drop(held, "released")
        self._announce_free()
        for thread in self._snapshots.values():
            thread.close()
        self._snapshots.clear()

    def _announce_free(self) -> None:
        try:
            self._redis.publish(WAKE_FREE, b"")
        except redis.RedisError:
            log.warning("free worlds not announced")

    def _release_one(self, held: Held) -> None:
        connection = self._require_runner().connection
        thread = self._snapshots.setdefault(held.world_id, snapshots.SnapshotThread())
        done = thread.collect(connection, wait=True)
        newest = done.commit if done is not None else held.snapshot_commit
        if newest != held.world.position.commit and disk.room() is disk.Room.ENOUGH:
            self._start_snapshot(held, thread, "release")
            thread.collect(connection, wait=True)
        faults.point("release.stored")
        lease.release(connection, held.world_id, held.lease.epoch)
        faults.point("release.done")

    def close(self) -> None:
        """Release everything and close the connections."""
        if self.worlds:
            self.release()
        self._disconnect()
        self._wakes.close()
        self._redis.close()

    def _require_runner(self) -> WorldRunner:
        if self._runner is None or self._runner.connection.closed:
            connection = around.writer_connect(f"{lease.HOST_PREFIX}{self.name}")
            self._runner = WorldRunner(self._engine, connection, self._announcer)
        return self._runner

    def _lose_database(self, error: psycopg.Error) -> None:
        """Without its session a host holds nothing: forget all worlds and connect again."""
        log.warning("database lost", error=str(error)[:200])
        for held in list(self.worlds.values()):
            self._drop(held, "database")
        self._disconnect()
        self._scan_at = 0.0  # a failed scan does not put off the next one
        around.sleep(DATABASE_WAIT_SECONDS)

    def _disconnect(self) -> None:
        if self._runner is not None:
            self._runner.connection.close()
            self._runner = None
