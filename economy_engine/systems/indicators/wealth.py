"""Who has how much: wealth is cash, goods at mid prices and shares of the equity fund, with holds.

Counted every ten days, in the middle between two counts of the tax's median; players apart.
"""

import numpy as np

from economy_engine.events import Indicator
from economy_engine.jit import kernel
from economy_engine.schema import Clock
from economy_engine.state import WorldState
from economy_engine.systems.columns import Institution, Macro
from economy_engine.systems.indicators import formulas

COUNT_DAYS = 10
COUNT_ON = 5
PLAYERS_MIN = 2


@kernel
def list_fortunes(ledger, mids, shares, share_worth, first, wealth):
    """Write the wealth (minor units) of `wealth.size` rows from `first` on to float64[n].

    shares: float64[H], units of the fund by row; rows beyond have none.
    """
    for place in range(wealth.size):
        row = first + place
        total = np.float64(ledger.cash[row] + ledger.cash_held[row])
        for m in range(mids.size):
            total += mids[m] * (ledger.stock[row, m] + ledger.stock_held[row, m])
        if row < shares.size:
            total += share_worth * shares[row]
        wealth[place] = total


def publish_wealth(state: WorldState, tick: int, day_number: int) -> None:
    """Report inequality among households and among players, if it is the day for it."""
    if day_number % COUNT_DAYS != COUNT_ON:
        return
    fund = float(state.ledger.cash[state.institution(Institution.FUND)])
    worth = fund / float(state.macro[Macro.SHARES])
    shares, mids = state.household.shares, state.price.mid
    wealth = state.wealth_scratch
    list_fortunes(state.ledger, mids, shares, worth, 0, wealth)
    wealth.sort()  # by value alone, so every machine gets the same order
    _tell(state, tick, wealth, Indicator.WEALTH_GINI)
    median = float(wealth[len(wealth) // 2])
    state.emission.indicator(tick, Indicator.MEDIAN_WEALTH, -1, median)
    players = int(state.clock[Clock.ROWS]) - state.first_participant
    if int(state.clock[Clock.PARTICIPANTS]) < PLAYERS_MIN or players < PLAYERS_MIN:
        return
    rows = state.arrays["participants.rows"][: int(state.clock[Clock.PARTICIPANTS])]
    fortunes = np.zeros(players)
    list_fortunes(state.ledger, mids, shares, worth, state.first_participant, fortunes)
    fortunes = np.sort(fortunes[rows - state.first_participant])
    _tell(state, tick, fortunes, Indicator.PLAYER_GINI)


def _tell(state: WorldState, tick: int, wealth: np.ndarray, first: int) -> None:
    """Report Gini, top share and Hill index; their numbers follow each other."""
    figures = (formulas.gini(wealth), formulas.top_share(wealth), formulas.hill_index(wealth))
    for offset, value in enumerate(figures):
        if value == value:
            state.emission.indicator(tick, first + offset, -1, float(value))
