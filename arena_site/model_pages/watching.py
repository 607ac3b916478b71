"""What the pages of the model show and a recording of the battery does not hold.

The watcher reads a state between a tick and the clearing of its reports, beside the recorder of
`arena_site.validation`; it changes nothing, and its memory is fixed when it is made.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from arena_site.validation.recording import BAR_TICKS, BOOK_EVERY_TICKS, NEAR_PPM, Floats
from economy_engine.book.columns import BookCounter
from economy_engine.book.composition import depth_by_owner
from economy_engine.book.upkeep import mid
from economy_engine.events import ATTRIBUTION_PARTS, INDICATOR_DTYPE, WORLD_EVENT_DTYPE, Indicator
from economy_engine.order_terms import Side
from economy_engine.state import WorldState
from economy_engine.systems.behavior.makers import half_spread
from economy_engine.systems.columns import CreditTotal, Institution, Macro

OWNERS = ("makers", "households", "producers", "traders", "noise traders", "others")
MOODS = (
    Macro.SENTIMENT, Macro.FEAR, Macro.GREED, Macro.HERDING, Macro.VOLATILITY_MULTIPLIER,
)  # fmt: skip
FIGURES = (Indicator.MARGINAL_COST, Indicator.FUNDAMENTAL_VALUE, Indicator.PRICE_MULTIPLIER)
CREDIT = ("loans", "bad", "capital", "failures", "borrowers")
LADDER_BINS = 40  # of the book around the mid, a tenth of a percent each
LADDER_SHARE = 0.02
EVENTS_MAX = 4_096
SIDES = (int(Side.BID), int(Side.ASK))


@dataclass
class Watch:
    """Series of one run; B bars of ten ticks, S samples of the books, D game days, M markets.

    news: float64[B, M], log points of value. mood: float64[B, len(MOODS)]. owners: int64[S,
    len(OWNERS), M], lots within 2 % of the mid, both sides. makers_spread: float64[S, M], the
    spread that a maker's rule asks for, share of the price. figures: float64[D, len(FIGURES), M].
    credit: float64[D, len(CREDIT)], money in minor units, failures since genesis. firm_stock,
    firm_sales: float64[D, M], lots of their own goods that producers hold, and lots a day that they
    expect to sell. consumed: float64[D, M], lots that households used up. parts: float64[D,
    len(ATTRIBUTION_PARTS), M], log points a day. inbound: int64[D, M], lots on their way to a
    market. events: WORLD_EVENT_DTYPE[...]. ladder: int64[len(OWNERS), LADDER_BINS, M], lots by
    distance from the mid at the last sample. volume: float64[M], balanced lots a day. households:
    number of a region's households.
    """

    news: Floats
    mood: Floats
    owners: npt.NDArray[np.int64]
    makers_spread: Floats
    figures: Floats
    credit: Floats
    firm_stock: Floats
    firm_sales: Floats
    consumed: Floats
    parts: Floats
    inbound: npt.NDArray[np.int64]
    events: npt.NDArray[np.void]
    ladder: npt.NDArray[np.int64]
    volume: Floats
    households: int

    def figure(self, indicator: Indicator) -> Floats:
        """Return one figure by game day and market, shape [D, M]."""
        return self.figures[:, FIGURES.index(indicator), :]

    def bank(self, name: str) -> Floats:
        """Return one figure of the bank by game day."""
        return self.credit[:, CREDIT.index(name)]

    def attributed(self, part: str) -> Floats:
        """Return one part of the prices' changes by game day and market, log points."""
        return self.parts[:, ATTRIBUTION_PARTS.index(part), :]


class Watcher:
    """Fills a watch, tick by tick."""

    def __init__(self, state: WorldState, ticks: int) -> None:
        params = state.params
        self._per_day = params.preset.clock.ticks_per_day
        m, bars, days = params.markets, ticks // BAR_TICKS, ticks // self._per_day
        samples = ticks // BOOK_EVERY_TICKS
        self.watch = Watch(
            news=np.zeros((bars, m)),
            mood=np.zeros((bars, len(MOODS))),
            owners=np.zeros((samples, len(OWNERS), m), np.int64),
            makers_spread=np.zeros((samples, m)),
            figures=np.full((days, len(FIGURES), m), np.nan),
            credit=np.zeros((days, len(CREDIT))),
            firm_stock=np.zeros((days, m)),
            firm_sales=np.zeros((days, m)),
            consumed=np.zeros((days, m)),
            parts=np.zeros((days, len(ATTRIBUTION_PARTS), m)),
            inbound=np.zeros((days, m), np.int64),
            events=np.zeros(0, WORLD_EVENT_DTYPE),
            ladder=np.zeros((len(OWNERS), LADDER_BINS, m), np.int64),
            volume=state.price.daily_volume.copy(),
            households=state.counts.sizes["H"] // params.regions,
        )
        self._ticks, self._total = 0, ticks
        self._depth = np.zeros((m, 2), np.int64)
        self._spans = _spans(state)

    def observe(self, state: WorldState) -> None:
        """Take in one tick: after `tick.advance`, before `tick.clear_reports`."""
        emission, watch = state.emission, self.watch
        day = min(self._ticks // self._per_day, len(watch.parts) - 1)
        rows = emission.attributions[: emission.attribution_count]
        for place, name in enumerate(ATTRIBUTION_PARTS):
            np.add.at(watch.parts[day, place], rows["market"], rows[name])
        told = emission.world_events[: emission.counts[0]]
        if len(told) and len(watch.events) < EVENTS_MAX:
            watch.events = np.concatenate([watch.events, told])
        self._ticks += 1
        if self._ticks % BAR_TICKS == 0:
            bar = self._ticks // BAR_TICKS - 1
            watch.news[bar] = state.news.level
            watch.mood[bar] = state.macro[list(MOODS)]
        if self._ticks % BOOK_EVERY_TICKS == 0:
            self._sample_books(state)
        if self._ticks % self._per_day == self._per_day - 1:
            # The day's sums are gone after its last tick: what that tick adds is made up for.
            left_out = self._per_day / (self._per_day - 1)
            watch.consumed[self._ticks // self._per_day] = state.day.consumed * left_out
        if self._ticks % self._per_day == 0:
            self._end_day(state, self._ticks // self._per_day - 1)

    def _sample_books(self, state: WorldState) -> None:
        sample, watch = self._ticks // BOOK_EVERY_TICKS - 1, self.watch
        known, everybody = np.zeros((2, state.params.markets), np.int64)
        for side in SIDES:
            for place, (first, end) in enumerate(self._spans):
                depth_by_owner(state.book, side, NEAR_PPM, first, end, self._depth)
                watch.owners[sample, place] += self._depth[:, 0]
                known += self._depth[:, 0]
            everybody += self._depth[:, 1]
        watch.owners[sample, -1] = everybody - known
        base = state.params.maker.half_spread
        multiplier = float(state.macro[Macro.VOLATILITY_MULTIPLIER])
        fast, slow = state.flow.variance_40, state.flow.variance_30000
        for m in range(state.params.markets):
            share = half_spread(base, multiplier, float(fast[m]), float(slow[m]))
            watch.makers_spread[sample, m] = 2.0 * share
        if self._ticks + BOOK_EVERY_TICKS > self._total:
            self._take_ladders(state)

    def _take_ladders(self, state: WorldState) -> None:
        """Count every resting order by owner and distance from its market's mid."""
        orders = state.book.orders[: state.book.counters[BookCounter.AI_HIGH_WATER]]
        orders = orders[orders["quantity"] > 0]
        market = orders["market"].astype(np.int64)
        price = orders["price"] * state.book.market["price_increment"][market]
        middle = np.array([mid(state.book, m) for m in range(state.params.markets)])
        away = price / middle[market] - 1.0
        bins = np.floor((away + LADDER_SHARE) * LADDER_BINS / (2.0 * LADDER_SHARE)).astype(np.int64)
        owner = np.full(len(orders), len(OWNERS) - 1)
        for place, (first, end) in enumerate(self._spans):
            owner[(orders["owner"] >= first) & (orders["owner"] < end)] = place
        near = (bins >= 0) & (bins < LADDER_BINS)
        where = owner[near], bins[near], market[near]
        np.add.at(self.watch.ladder, where, orders["quantity"][near])

    def _end_day(self, state: WorldState, day: int) -> None:
        watch = self.watch
        rows = state.emission.indicators[: state.emission.counts[1]]
        assert rows.dtype == INDICATOR_DTYPE
        for place, indicator in enumerate(FIGURES):
            chosen = rows[(rows["id"] == indicator) & (rows["market"] >= 0)]
            watch.figures[day, place, chosen["market"]] = chosen["value"]
        totals, bank = state.credit.totals, state.institution(Institution.BANK)
        cash = int(state.ledger.cash[bank]) + int(state.ledger.cash_held[bank])
        bad = int(totals[CreditTotal.BAD])
        watch.credit[day] = (
            totals[CreditTotal.LOANS], bad, cash - bad, totals[CreditTotal.FAILURES],
            np.count_nonzero(state.credit.loan),
        )  # fmt: skip
        market = state.firm.market
        at = state.rows.firms + np.arange(len(market))
        held = state.ledger.stock[at, market].astype(np.float64)
        held += state.ledger.stock_held[at, market]
        np.add.at(watch.firm_stock[day], market, held)
        np.add.at(watch.firm_sales[day], market, state.firm.sales)
        watch.inbound[day] = state.freight.inbound


def _spans(state: WorldState) -> list[tuple[int, int]]:
    """Return the ledger rows of each of `OWNERS` but the last."""
    rows = state.rows
    return [
        (rows.makers, rows.arbitrageurs),
        (rows.households, rows.firms),
        (rows.firms, rows.traders),
        (rows.traders, rows.noise),
        (rows.noise, rows.makers),
    ]
