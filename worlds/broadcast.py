"""After the commit: what changed, encoded once per topic, to Redis.

Announcing is a hint to readers and never the writer's concern: whatever goes wrong here is logged
and counted, and readers find a gap by their offsets.
"""

from __future__ import annotations

import time
from collections import defaultdict, deque
from collections.abc import Callable, Iterable
from typing import Any

import msgspec
import numpy as np
import redis
import structlog
from redis.commands.core import Script
from redis.typing import EncodableT, FieldT

from worlds import faults, metrics, views
from worlds.engine import Engine
from worlds.memory import DAY_INTERVAL, INTERVALS, RING_TRADES, ClosedCandle, newsworthy
from worlds.realtime.frames import Kind, Publication, pack_publication
from worlds.runner import Held, Made

BOOK_PERIOD_SECONDS = 0.1
SLOW_CANDLE_TICKS = 600  # candles of this length and more are told once a second
SLOW_TOPICS_PERIOD_SECONDS = 1.0
AWAY_SECONDS = 1.0
HINT_PERIOD_SECONDS = 0.1

# One atomic step, so that a writer who was stopped and resumed cannot overwrite a view of a later
# epoch. Views are stored before their messages go out: whoever reads one because of a message, or
# after subscribing, finds it at least as new as the message.
_SEND = """
local told = tonumber(redis.call('HGET', KEYS[1], '_epoch') or '0')
local epoch, hot = tonumber(ARGV[1]), tonumber(ARGV[2])
if told > epoch then return told end
if told < epoch then redis.call('HSET', KEYS[1], '_epoch', ARGV[1]) end
for i = 3, 2 + 2 * hot, 2 do redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 1]) end
for i = 3 + 2 * hot, #ARGV, 2 do redis.call('PUBLISH', ARGV[i], ARGV[i + 1]) end
return told
"""

log = structlog.get_logger(__name__)
_encode = msgspec.json.Encoder().encode


class _Told:
    """What was told of one world under one epoch."""

    def __init__(self, epoch: int) -> None:
        self.epoch = epoch
        self.offsets: defaultdict[str, int] = defaultdict(int)
        self.newest: dict[str, bytes] = {}
        self.trades: dict[int, deque[bytes]] = {}
        self.books_at = 0.0
        self.slow_at = 0.0
        self.spoken = False

    def forget(self) -> None:
        """Readers may have missed something: tell all views again, and leave a hole in the
        offsets so that streams are read anew."""
        self.newest.clear()
        self.trades.clear()
        self.books_at = self.slow_at = 0.0
        for topic in self.offsets:
            self.offsets[topic] += 1


class Broadcaster:
    """Publishes commits; one per writer process. `hint` asks for the projections of a world."""

    def __init__(
        self, engine: Engine, client: redis.Redis, hint: Callable[[int], None] | None = None
    ) -> None:
        self._engine = engine
        self._client = client
        self._hint = hint
        self._hinted: dict[int, float] = {}
        self._worlds: dict[int, _Told] = {}
        self._away_until = 0.0

    def announce(self, held: Held, made: Made) -> None:
        """Publish one commit; never raises."""
        now = time.monotonic()
        if now >= self._away_until:
            try:
                self._publish(held, made)
            except Exception as error:
                self._failed(held, error)
        try:
            self._give_hint(held, made, now)
        except Exception as error:
            log.warning("projections not hinted", world=held.slug, error=str(error)[:200])

    def _failed(self, held: Held, error: Exception) -> None:
        """A server that is away is left alone for a second; then everything is told anew."""
        self._away_until = time.monotonic() + AWAY_SECONDS
        for told in self._worlds.values():
            told.forget()
        metrics.announce_failures_total.labels(held.label).inc()
        away = isinstance(error, redis.RedisError)
        text = str(error)[:200]
        log.warning("announcing failed", world=held.slug, error=text, exc_info=not away)

    def _give_hint(self, held: Held, made: Made, now: float) -> None:
        due = now - self._hinted.get(held.world_id, 0.0) >= HINT_PERIOD_SECONDS
        if self._hint is not None and made.touched and due:
            self._hinted[held.world_id] = now
            self._hint(held.world_id)

    def _publish(self, held: Held, made: Made) -> None:
        told = self._worlds.get(held.world_id)
        if told is None or told.epoch != held.lease.epoch:
            told = self._worlds[held.world_id] = _Told(held.lease.epoch)
        batch = _Batch(self._client.register_script(_SEND), held, made, told)
        self._private(held, made, batch)
        self._public(held, made, told, batch)
        before = batch.send()
        if before > told.epoch:
            metrics.announce_fenced_total.labels(held.label).inc()
            log.warning("announcing fenced", world=held.slug, epoch=told.epoch, later=before)
        elif before == 0 and told.spoken:
            told.forget()  # the server was emptied: what has not changed since is told again, too
        told.spoken = True

    def _public(self, held: Held, made: Made, told: _Told, batch: _Batch) -> None:
        memory, position, state = held.world.memory, made.position, held.world.state
        rows = made.block.market_ticks
        if len(rows):
            newest = rows[rows["tick"] == rows["tick"].max()]
            states = self._engine.market_states(state)
            auctions = self._engine.auctions(state)
            payload = views.market_tick(newest, memory, states, auctions, position.tick)
            batch.replace("market_tick", payload)
        word = "halted" if held.halted else "running"
        rate = held.lease.tick_rate_hz
        batch.replace("world", views.world(word, position.tick, position.commit, told.epoch, rate))
        self._trades(held, made, told, batch)
        count = len(newsworthy(made.block))
        if count:
            items = list(memory.news)
            codes = memory.codes
            fresh, all_items = views.news(items[-count:], codes), views.news(items, codes)
            batch.append("news", _encode(fresh), _encode(all_items))
        if len(made.block.indicators):
            batch.replace("indicators", views.indicators(memory.indicators, memory.codes))
        self._books(held, made, told, batch)
        self._candles(held, made, told, batch)

    def _trades(self, held: Held, made: Made, told: _Told, batch: _Batch) -> None:
        """Public trades; each is encoded once, for the message and for the stored view."""
        markets, counts = np.unique(made.block.tape["market"], return_counts=True)
        for market, count in zip(markets.tolist(), counts.tolist(), strict=True):
            found = held.world.memory.tape[market]
            ring = told.trades.get(market)
            if ring is None:
                ring = told.trades[market] = deque(maxlen=RING_TRADES)
                ring.extend(_encode(views.trade(trade)) for trade in found)
            else:
                newest = list(found)[-count:]
                ring.extend(_encode(views.trade(trade)) for trade in newest)
            told_now = _joined_trades(list(ring)[-count:])
            code = held.world.memory.codes[market]
            batch.append(f"trades:{code}", told_now, _joined_trades(ring))

    def _books(self, held: Held, made: Made, told: _Told, batch: _Batch) -> None:
        """Books that changed, at most ten times a second; the next commit catches up."""
        now = time.monotonic()
        if now - told.books_at < BOOK_PERIOD_SECONDS * 0.9:
            return
        told.books_at = now
        increments = self._engine.price_increments(held.world.state)
        depth = self._engine.depth(held.world.state)
        for market, increment in enumerate(increments):
            rows = depth[depth["market"] == market]
            code = held.world.memory.codes[market]
            payload = views.book(code, rows, increment, made.position.commit)
            batch.replace_if_changed(f"book:{code}", payload, "commit")

    def _candles(self, held: Held, made: Made, told: _Told, batch: _Batch) -> None:
        if not made.ticks:
            return
        memory, now = held.world.memory, time.monotonic()
        for found in made.closed_candles:
            topic = _candle_topic(found.interval, memory.codes[found.market])
            batch.replace(topic, views.candle(*_of(found)))
        slow = now - told.slow_at >= SLOW_TOPICS_PERIOD_SECONDS
        told.slow_at = now if slow else told.slow_at
        for interval in range(DAY_INTERVAL + 1):
            quick = interval < len(INTERVALS) and INTERVALS[interval] < SLOW_CANDLE_TICKS
            if not (quick or slow):
                continue
            for market, candle in enumerate(memory.candles[interval]):
                if candle["t"] >= 0:
                    payload = views.candle(interval, candle, closed=False)
                    batch.replace(_candle_topic(interval, memory.codes[market]), payload)

    def _private(self, held: Held, made: Made, batch: _Batch) -> None:
        """One message for each participant that the commit concerns."""
        if not made.touched:
            return
        memory, block = held.world.memory, made.block
        previous = memory.previous_commits(made.touched, made.position.commit)
        orders, fills = _by_participant(block.orders), _by_participant(block.fills)
        balances = _by_participant(block.balances)
        shipments = _by_participant(block.shipments)
        works = _by_participant(block.works)
        commands: defaultdict[int, list] = defaultdict(list)
        for row in made.rows:
            commands[row.participant_id].append(row)
        for participant in made.touched:
            payload = views.account(
                orders.get(participant, ()),
                fills.get(participant, ()),
                balances.get(participant, ()),
                commands.get(participant, ()),
                memory.order_ids,
                memory.codes,
                shipments.get(participant, ()),
                works.get(participant, ()),
            )
            batch.private(participant, payload, previous[participant])


class _Batch:
    """One commit's publications and stored views, sent in one round trip."""

    def __init__(self, script: Script, held: Held, made: Made, told: _Told) -> None:
        self._script = script
        self._world_id = held.world_id
        self._made = made
        self._told = told
        self._messages: list[tuple[str, bytes]] = []
        self._hot: dict[FieldT, EncodableT] = {}
        self._at = time.time()

    def replace(self, topic: str, payload: dict[str, Any]) -> None:
        """Tell and store the newest view of a topic."""
        packed = self._pack(Kind.REPLACE, topic, _encode(payload))
        self._messages.append((f"t:{self._world_id}:{topic}", packed))
        self._hot[topic] = packed

    def replace_if_changed(self, topic: str, payload: dict[str, Any], besides: str) -> None:
        """The same, unless nothing but the field `besides` differs from what was told."""
        compared = _encode({key: value for key, value in payload.items() if key != besides})
        if self._told.newest.get(topic) != compared:
            self._told.newest[topic] = compared
            self.replace(topic, payload)

    def append(self, topic: str, payload: bytes, snapshot: bytes) -> None:
        """Tell what is new; store what a fresh reader needs. Both are JSON text."""
        packed = self._pack(Kind.APPEND, topic, payload)
        self._messages.append((f"t:{self._world_id}:{topic}", packed))
        offset = self._told.offsets[topic]
        self._hot[topic] = self._packed(Kind.APPEND, offset, snapshot)

    def private(self, participant: int, payload: dict[str, Any], prev: int) -> None:
        """Tell a participant's own stream; its offset is the commit."""
        publication = Publication(
            Kind.APPEND,
            self._told.epoch,
            self._made.position.commit,
            self._at,
            _encode(payload),
            self._made.position.tick,
            prev,
        )
        channel = f"t:{self._world_id}:account:{participant}"
        self._messages.append((channel, pack_publication(publication)))

    def send(self) -> int:
        """Everything at once; the epoch that was told last, 0 when nothing was known of the world,
        above the own when a later writer speaks for it and nothing was sent.

        Raises redis.RedisError.
        """
        hot = [item for pair in self._hot.items() for item in pair]
        messages = [item for pair in self._messages for item in pair]
        faults.point("announce.ready")
        arguments = [self._told.epoch, len(self._hot), *hot, *messages]
        return int(self._script(keys=[f"hot:{self._world_id}"], args=arguments))

    def _pack(self, kind: Kind, topic: str, payload: bytes) -> bytes:
        self._told.offsets[topic] += 1
        return self._packed(kind, self._told.offsets[topic], payload)

    def _packed(self, kind: Kind, offset: int, payload: bytes) -> bytes:
        tick = self._made.position.tick
        return pack_publication(
            Publication(kind, self._told.epoch, offset, self._at, payload, tick)
        )


def _candle_topic(interval: int, code: str) -> str:
    return f"candles:{code}:{views.interval_word(interval)}"


def _of(found: ClosedCandle) -> tuple[int, np.void, bool]:
    return found.interval, found.candle, True


def _joined_trades(encoded: Iterable[bytes]) -> bytes:
    return b'{"trades":[' + b",".join(encoded) + b"]}"


def _by_participant(rows: np.ndarray) -> dict[int, list]:
    grouped: defaultdict[int, list] = defaultdict(list)
    for participant, row in zip(_numbers(rows), rows, strict=True):
        grouped[participant].append(row)
    return grouped


def _numbers(rows: np.ndarray) -> Iterable[int]:
    return rows["participant"].tolist()
