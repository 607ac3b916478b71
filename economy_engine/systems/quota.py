"""The treasury's desk for emission permits: the day's quota is sold in slices on the open book.

Every `slice_steps` steps the desk offers an equal part of what it has for the rest of the day,

    lots = stock * slice_steps / steps left of the day,

in three equal parts at 1 - spread, 1 and 1 + spread times the reference price, none below the
reserve price `reserve * P0 * CPI`. An offer lives one slice; what nobody bought is spread
over the later ones. The proceeds go to the treasury. Simplified: the desk has no view of the price,
and sells to whoever comes, not to emitters alone.

Source: open, reserve-priced sales of allowances as in the EU and RGGI schemes; set P3 1.8.
"""

import numpy as np

from economy_engine.book.columns import Side
from economy_engine.goods import CO2, GOODS_COUNT
from economy_engine.jit import kernel
from economy_engine.params import STEPS_PER_DAY
from economy_engine.systems.columns import Institution, Macro
from economy_engine.systems.venue import pay, submit

_ASK = np.int64(Side.ASK)
_DESK, _TREASURY = np.int64(Institution.QUOTA_DESK), np.int64(Institution.TREASURY)
_OFFERS = 3


@kernel
def reserve_price(base_price: float, share: float, cpi: float) -> float:
    """Return the lowest price of a permit, in the unit of `base_price`.

    >>> reserve_price(4000.0, 0.75, 1.1)
    3300.0000000000005
    """
    return share * base_price * cpi


@kernel
def slice_of(stock: int, step_of_day: int, slice_steps: int) -> int:
    """Return the lots (int64) to offer now, so that equal slices empty the stock by midnight."""
    slices = (STEPS_PER_DAY - step_of_day + slice_steps - 1) // slice_steps
    return (stock + slices - 1) // slices


@kernel
def sell_quota(venue, price, goods, macro, p):
    """Offer a slice of every region's permits when one is due; hand earlier proceeds over."""
    step_of_day = venue.step % STEPS_PER_DAY
    if venue.phase != 0 or step_of_day % p.slice_steps != 0:
        return
    row = venue.agents + _DESK
    pay(venue.ledger, row, venue.agents + _TREASURY, venue.ledger.cash[row])
    floor = reserve_price(goods.price[CO2], p.reserve, macro[Macro.CPI])
    for m in range(CO2, price.mid.size, GOODS_COUNT):
        lots = slice_of(np.int64(venue.ledger.stock[row, m]), step_of_day, p.slice_steps)
        for offer in range(_OFFERS):
            part = (lots + _OFFERS - 1 - offer) // _OFFERS
            if part > 0:
                limit = max(floor, price.reference[m] * (1.0 + p.spread * (offer - 1)))
                submit(venue, m, _ASK, limit, part, row, p.slice_steps, 0)
