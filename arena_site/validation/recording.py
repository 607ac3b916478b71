"""What a run leaves behind: bars of prices and flow, a row per game day, counts of faults.

The recorder reads a state between a tick and the clearing of its reports; it changes nothing, and
its memory is fixed when it is made: three numbers per market and bar, some sixty per game day.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt

from economy_engine.book.columns import BookCounter, MarketState
from economy_engine.book.composition import count_levels, depth_by_owner
from economy_engine.events import Indicator
from economy_engine.goods import market_codes
from economy_engine.ledger.kernels import check_conservation
from economy_engine.order_terms import Side
from economy_engine.schema import Clock
from economy_engine.state import WorldState
from economy_engine.systems.columns import Macro

Floats = npt.NDArray[np.float64]

BAR_TICKS = 10
BOOK_EVERY_TICKS = 60  # how often whose orders a book is made of is counted
NEAR_PPM = 20_000  # depth within 2 % of the mid
LEVELS_COUNTED = 64
BID = int(Side.BID)
# Per market and game day, taken from what the world publishes at the day's end.
PUBLISHED = (
    Indicator.EQUILIBRIUM_PRICE,
    Indicator.PRODUCTION,
    Indicator.CONSUMPTION,
    Indicator.VWAP,
    Indicator.RESERVES,
    Indicator.SCARCITY,
)


@dataclass
class Recording:
    """The series of one run; B bars, D game days, S samples of the book, M markets.

    mid: float64[B, M], minor units, last of the bar. volume, flow: float64[B, M], lots, flow is
    bought less sold by takers. spread: float32[B, M], relative, at the bar's end, NaN one-sided.
    macro: float64[D, len(Macro)]. published: float64[D, len(PUBLISHED), M]. stock: int64[D, M],
    lots in all accounts. one_sided: int32[D, M], ticks. makers: float32[S, M], share of the bids
    within 2 %. levels: int16[S, M], bid levels. goods: names of the markets.
    """

    seed: int
    agents: int
    regions: int
    ticks: int
    ticks_per_day: int
    bar_ticks: int
    markets: tuple[str, ...]
    mid: Floats
    volume: Floats
    flow: Floats
    spread: npt.NDArray[np.float32]
    macro: Floats
    published: Floats
    stock: npt.NDArray[np.int64]
    one_sided: npt.NDArray[np.int32]
    makers: npt.NDArray[np.float32]
    levels: npt.NDArray[np.int16]
    faults: int = 0  # ticks at which money, a good or a sign was wrong
    checked: int = 0  # ticks at which that was looked at
    dropped: int = 0  # orders that found the pool full

    @property
    def days(self) -> int:
        return len(self.macro)

    def daily(self, slot: Macro) -> Floats:
        """Return one world figure by game day."""
        return self.macro[:, slot]

    def daily_market(self, indicator: Indicator) -> Floats:
        """Return one published figure by game day and market, shape [D, M]."""
        return self.published[:, PUBLISHED.index(indicator), :]

    def arrays(self) -> dict[str, npt.NDArray[np.generic]]:
        """Return the series by name, for an export."""
        named = {each.name: getattr(self, each.name) for each in fields(self)}
        return {name: value for name, value in named.items() if isinstance(value, np.ndarray)}


class Recorder:
    """Fills a recording, tick by tick."""

    def __init__(self, state: WorldState, ticks: int, bar_ticks: int = BAR_TICKS) -> None:
        params = state.params
        per_day = params.preset.clock.ticks_per_day
        if ticks < 1 or per_day % bar_ticks or BOOK_EVERY_TICKS % bar_ticks:
            raise ValueError(f"{ticks} ticks in bars of {bar_ticks} cannot be recorded")
        m, bars, days = params.markets, ticks // bar_ticks, ticks // per_day
        samples = ticks // BOOK_EVERY_TICKS
        self.recording = Recording(
            seed=params.seed,
            agents=params.agents,
            regions=params.regions,
            ticks=0,
            ticks_per_day=per_day,
            bar_ticks=bar_ticks,
            markets=market_codes(params.regions),
            mid=np.full((bars, m), np.nan),
            volume=np.zeros((bars, m)),
            flow=np.zeros((bars, m)),
            spread=np.full((bars, m), np.nan, np.float32),
            macro=np.full((days, len(state.macro)), np.nan),
            published=np.full((days, len(PUBLISHED), m), np.nan),
            stock=np.zeros((days, m), np.int64),
            one_sided=np.zeros((days + 1, m), np.int32),
            makers=np.full((samples, m), np.nan, np.float32),
            levels=np.zeros((samples, m), np.int16),
        )
        self._sums = np.zeros(m + 1, np.int64)
        self._depth = np.zeros((m, 2), np.int64)
        self._volume = np.zeros(m, np.int64)
        self._flow = np.zeros(m, np.int64)
        self._mid = state.price.mid.copy()

    def observe(self, state: WorldState) -> None:
        """Take in one tick: after `tick.advance`, before `tick.clear_reports`."""
        record = self.recording
        record.checked += 1
        rows = int(state.clock[Clock.ROWS])
        if check_conservation(state.ledger, 0, rows, self._sums):
            record.faults += 1
        market = state.book.market
        self._volume += market["volume"]
        self._flow += market["buy_volume"]
        self._flow -= market["sell_volume"]
        best = state.book.best
        trading = market["state"] == MarketState.OPEN  # in an auction bids and asks may cross
        two_sided = trading & (best[:, 0] > 0) & (best[:, 1] < state.params.ladder_levels)
        lacking = trading & ~two_sided
        record.one_sided[record.ticks // record.ticks_per_day] += lacking
        record.ticks += 1
        if record.ticks % record.bar_ticks == 0:
            self._end_bar(state, two_sided)
        if record.ticks % BOOK_EVERY_TICKS == 0:
            self._sample_books(state)
        if record.ticks % record.ticks_per_day == 0:
            self._end_day(state)

    def _end_bar(self, state: WorldState, two_sided: npt.NDArray[np.bool_]) -> None:
        record, best = self.recording, state.book.best
        bar = record.ticks // record.bar_ticks - 1
        increment = state.book.market["price_increment"]
        middle = 0.5 * (best[:, 0] + best[:, 1]) * increment
        self._mid = np.where(two_sided, middle, self._mid)
        record.mid[bar] = self._mid
        width = (best[:, 1] - best[:, 0]) * increment
        record.spread[bar] = np.where(two_sided, width / self._mid, np.nan)
        record.volume[bar] = self._volume
        record.flow[bar] = self._flow
        self._volume.fill(0)
        self._flow.fill(0)

    def _sample_books(self, state: WorldState) -> None:
        record = self.recording
        sample = record.ticks // BOOK_EVERY_TICKS - 1
        first, ladder = state.rows.makers, state.params.ladder_levels
        end = first + len(state.maker.target)
        depth_by_owner(state.book, BID, NEAR_PPM, first, end, self._depth)
        makers, all_bids = self._depth[:, 0], self._depth[:, 1]
        record.makers[sample] = np.where(all_bids > 0, makers / np.maximum(all_bids, 1), np.nan)
        for m in range(state.params.markets):
            record.levels[sample, m] = count_levels(state.book, m, BID, ladder, LEVELS_COUNTED)

    def _end_day(self, state: WorldState) -> None:
        record = self.recording
        day = record.ticks // record.ticks_per_day - 1
        record.macro[day] = state.macro
        record.stock[day] = self._sums[: state.params.markets]
        record.dropped = int(state.book.counters[BookCounter.DROPPED])
        rows = state.emission.indicators[: state.emission.counts[1]]
        for place, indicator in enumerate(PUBLISHED):
            chosen = rows[(rows["id"] == indicator) & (rows["market"] >= 0)]
            record.published[day, place, chosen["market"]] = chosen["value"]
