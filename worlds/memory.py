"""What a writer remembers of a world beside the engine's state: candles, day closes, the newest
commit that touched each participant, the ids of open orders.

All of it follows from the blocks. It is stored with each snapshot and fed again by the replay
after it, so that a takeover changes nothing that a client can see.
"""

from __future__ import annotations

import io
from collections import deque
from collections.abc import Iterable, Mapping
from typing import NamedTuple
from uuid import UUID

import numpy as np

from economy_engine.catalogue import LIVE
from economy_engine.commands import CommandKind
from economy_engine.events import WorldEvent
from economy_engine.goods import GOODS_COUNT, market_codes
from worlds.engine import Block
from worlds.journal import JournalRow

INTERVALS = (10, 100, 600, 3_000, 36_000)
DAY_INTERVAL = len(INTERVALS)  # the row of the game day's candles
WINDOW_TICKS = 3_000
WINDOW_BUCKETS = 288  # 864,000 ticks, a day of wall time at 10 Hz
CHANGE_DAYS = 30
RING_TRADES = 50
RING_NEWS = 50
PLACE_ORDER = int(CommandKind.PLACE_ORDER).to_bytes(2, "little")
NEWS_KINDS = (
    WorldEvent.NEWS,
    WorldEvent.DISCOVERY,
    WorldEvent.CATASTROPHE,
    WorldEvent.POLICY_MEETING,
    WorldEvent.HALT,
    WorldEvent.RESUME,
    WorldEvent.MARKET_HALTED,
    WorldEvent.MARKET_RESUMED,
    WorldEvent.AUCTION_STARTED,
    WorldEvent.AUCTION_ENDED,
    WorldEvent.SHOCK,
    WorldEvent.FIRM_FAILED,
    WorldEvent.PANIC,
    WorldEvent.EUPHORIA,
    WorldEvent.CALM,
)

_LIVE = sorted(LIVE)

CANDLE = np.dtype(
    [
        ("t", "<i8"),
        ("open", "<i8"),
        ("high", "<i8"),
        ("low", "<i8"),
        ("close", "<i8"),
        ("volume", "<i8"),
    ]
)
WINDOW = np.dtype([("t", "<i8"), ("high", "<i8"), ("low", "<i8"), ("volume", "<i8")])


def newsworthy(block: Block) -> np.ndarray:
    """The world events of a block that people are told of."""
    return block.world_events[np.isin(block.world_events["kind"], NEWS_KINDS)]


class OrderName(NamedTuple):
    """What blocks do not say of an open order: its id on the wire, the tick when it was placed."""

    command_id: UUID
    tick: int


class TapeTrade(NamedTuple):
    """A public trade; `price` in minor units."""

    trade: int
    price: int
    quantity: int
    taker_side: int
    tick: int


class NewsItem(NamedTuple):
    """A world event."""

    tick: int
    kind: int
    market: int
    value: float
    detail: int


class ClosedCandle(NamedTuple):
    """A candle that will not change again; `interval` is its row in `intervals`."""

    interval: int
    market: int
    candle: np.void


class WriterMemory:
    """Fed with each commit's market rows; all prices in minor units, quantities in lots."""

    def __init__(self, markets: int, ticks_per_day: int) -> None:
        self.ticks_per_day = ticks_per_day
        self.codes = market_codes(markets // GOODS_COUNT)
        self.intervals = (*INTERVALS, ticks_per_day)
        self.candles = np.zeros((len(self.intervals), markets), CANDLE)
        self.candles["t"] = -1
        self.window = np.zeros((WINDOW_BUCKETS, markets), WINDOW)
        self.window["t"] = -1
        self.day_closes = np.zeros((CHANGE_DAYS + 1, markets), np.int64)
        self.days = np.full(CHANGE_DAYS + 1, -1, np.int64)
        self.private_commits: dict[int, tuple[int, int]] = {}  # newest and the one before
        self.order_ids: dict[int, OrderName] = {}
        self.tape: list[deque[TapeTrade]] = [deque(maxlen=RING_TRADES) for _ in range(markets)]
        self.news: deque[NewsItem] = deque(maxlen=RING_NEWS)
        self.indicators: dict[tuple[int, int], float] = {}

    def feed(self, block: Block) -> list[ClosedCandle]:
        """Take one commit's block; returns the candles that closed with it."""
        closed = self._feed_candles(block.market_ticks)
        for row in block.tape:
            trade = (row["trade"], row["price"], row["quantity"], row["taker_side"], row["tick"])
            self.tape[row["market"]].append(TapeTrade(*map(int, trade)))
        for row in newsworthy(block):
            tick, kind, market = int(row["tick"]), int(row["kind"]), int(row["market"])
            value, detail = float(row["value"]), int(row["detail"])
            self.news.append(NewsItem(tick, kind, market, value, detail))
        for row in block.indicators[np.isin(block.indicators["id"], _LIVE)]:
            self.indicators[int(row["id"]), int(row["market"])] = float(row["value"])
        return closed

    def _feed_candles(self, market_ticks: np.ndarray) -> list[ClosedCandle]:
        closed: list[ClosedCandle] = []
        for row in market_ticks:
            tick, market = int(row["tick"]), int(row["market"])
            for interval, ticks in enumerate(self.intervals):
                candle = self.candles[interval, market]
                start = tick - tick % ticks
                if candle["t"] != start:
                    if candle["t"] >= 0:
                        closed.append(ClosedCandle(interval, market, candle.copy()))
                    _open(candle, start, row)
                else:
                    _extend(candle, row)
            self._feed_window(tick, market, row)
            day = tick // self.ticks_per_day
            slot = day % (CHANGE_DAYS + 1)
            self.days[slot] = day
            self.day_closes[slot, market] = row["close"]
        return closed

    def _feed_window(self, tick: int, market: int, row: np.void) -> None:
        number = tick // WINDOW_TICKS
        bucket = self.window[number % WINDOW_BUCKETS, market]
        if bucket["t"] != number:
            bucket["t"], bucket["volume"] = number, row["volume"]
            bucket["high"], bucket["low"] = row["high"], row["low"]
        else:
            bucket["volume"] += row["volume"]
            bucket["high"] = max(bucket["high"], row["high"])
            bucket["low"] = min(bucket["low"], row["low"])

    def day_statistics(self, tick: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """High, low and volume per market over the last 864,000 ticks (grain: 3,000 ticks)."""
        newest = tick // WINDOW_TICKS
        fresh = (self.window["t"] >= 0) & (self.window["t"] > newest - WINDOW_BUCKETS)
        traded = fresh & (self.window["high"] > 0)
        high = np.where(traded, self.window["high"], 0).max(axis=0)
        lowest = np.where(traded, self.window["low"], np.iinfo(np.int64).max).min(axis=0)
        volume = np.where(fresh, self.window["volume"], 0).sum(axis=0)
        return high, np.where(traded.any(axis=0), lowest, 0), volume

    def reference_closes(self, tick: int) -> np.ndarray:
        """Closes of the oldest day in memory within the last 30 game days; 0 where none."""
        day = tick // self.ticks_per_day
        known = np.flatnonzero((self.days >= 0) & (self.days >= day - CHANGE_DAYS))
        if not len(known):
            return np.zeros(self.day_closes.shape[1], np.int64)
        return self.day_closes[known[np.argmin(self.days[known])]]

    def previous_commits(self, participants: Iterable[int], commit: int) -> dict[int, int]:
        """For each participant the commit that touched it before this one (0: none), and note
        this one. Asking again for the same commit gives the same answer."""
        previous = {}
        for participant in participants:
            newest, before = self.private_commits.get(participant, (0, 0))
            if newest != commit:
                newest, before = commit, newest
                self.private_commits[participant] = (newest, before)
            previous[participant] = before
        return previous

    def note_orders(self, rows: Iterable[JournalRow]) -> None:
        """Remember the ids of this commit's orders: blocks name them by seq."""
        for row in rows:
            if row.payload[:2] == PLACE_ORDER:
                self.order_ids[row.seq] = OrderName(row.command_id, row.tick)

    def forget_orders(self, seqs: Iterable[int]) -> None:
        """Orders that ended: nothing will speak of them again."""
        for seq in seqs:
            self.order_ids.pop(seq, None)

    def dump(self) -> bytes:
        """The arrays as one npz; order ids are read from the journal when a world is claimed."""
        participants = np.array(sorted(self.private_commits), np.int64)
        commits = np.array([self.private_commits[int(p)] for p in participants], np.int64)
        commits = commits.reshape(-1, 2)
        trades = [(m, *trade) for m, ring in enumerate(self.tape) for trade in ring]
        values = [(*key, value) for key, value in self.indicators.items()]
        buffer = io.BytesIO()
        np.savez(
            buffer,
            ticks_per_day=np.int64(self.ticks_per_day),
            candles=self.candles,
            window=self.window,
            day_closes=self.day_closes,
            days=self.days,
            participants=participants,
            commits=commits,
            tape=np.array(trades, np.int64).reshape(-1, 6),
            news=np.array([item[:3] + item[4:] for item in self.news], np.int64).reshape(-1, 4),
            news_values=np.array([item.value for item in self.news], np.float64),
            indicators=np.array(values, np.float64).reshape(-1, 3),
        )
        return buffer.getvalue()

    @classmethod
    def load(cls, raw: bytes) -> WriterMemory:
        """The inverse of `dump`; raises ValueError for foreign bytes."""
        with np.load(io.BytesIO(raw), allow_pickle=False) as stored:
            arrays: Mapping[str, np.ndarray] = {name: stored[name] for name in stored.files}
        memory = cls(arrays["candles"].shape[1], int(arrays["ticks_per_day"]))
        for name in ("candles", "window", "day_closes", "days"):
            own = getattr(memory, name)
            if arrays[name].shape != own.shape or arrays[name].dtype != own.dtype:
                raise ValueError(f"stored {name} has another shape")
            own[...] = arrays[name]
        pairs = map(tuple, arrays["commits"].tolist())
        numbers = arrays["participants"].tolist()
        memory.private_commits = dict(zip(numbers, pairs, strict=True))
        for market, *trade in arrays["tape"].tolist():
            memory.tape[market].append(TapeTrade(*trade))
        sizes = arrays["news_values"].tolist()
        for (tick, kind, market, detail), value in zip(arrays["news"].tolist(), sizes, strict=True):
            memory.news.append(NewsItem(tick, kind, market, value, detail))
        for number, market, value in arrays["indicators"].tolist():
            memory.indicators[int(number), int(market)] = value
        return memory


def _open(candle: np.void, start: int, row: np.void) -> None:
    candle["t"], candle["volume"] = start, row["volume"]
    candle["open"], candle["close"] = row["open"], row["close"]
    candle["high"], candle["low"] = row["high"], row["low"]


def _extend(candle: np.void, row: np.void) -> None:
    candle["high"] = max(candle["high"], row["high"])
    candle["low"] = min(candle["low"], row["low"])
    candle["close"] = row["close"]
    candle["volume"] += row["volume"]
