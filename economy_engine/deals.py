"""What deals between participants may cost: a site, a licence.

    anew  = licence up to its tier + lots of research * reference price of IP
    fair  = condition * licence    + lots of research * reference price of IP
    floor = what the treasury gives <= price <= ceiling = deal_ceiling * anew
    licence of a patent, for the jobs of a site <= deal_ceiling * its research * price of IP
    next bid of an auction = reserve, then the best one and a twentieth of it

A price far from what a thing is worth would be a gift by another name, so it is kept between a
floor and a ceiling; a protected newcomer, whose grant is not to be given away, pays at most what is
fair. Plain functions of plain numbers, as in `works`; money in minor units.
"""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple, Protocol

import numpy as np

from economy_engine import works
from economy_engine.goods import GOODS

PATENTS = len(GOODS) * works.LEVELS_MAX  # one place for each good and level: the table is full size

# Who was the first to reach a level of research for a good, and what others pay for it.
PATENT_DTYPE = np.dtype(
    [
        ("owner", "<i4"),
        ("padding", "<i4"),
        ("until", "<i8"),  # tick; 0 = nobody's
        ("fee", "<i8"),  # minor units for four jobs, 0 = not licensed
        ("licences", "<i8"),  # given
        ("earned", "<i8"),  # minor units by licences
    ]
)


class LotOrigin(IntEnum):
    """Where an auctioned site comes from."""

    FAILED_FIRM = 1  # capacity that no firm runs any more
    GIVEN_BACK = 2  # sold to the treasury
    TAKEN_BACK = 3  # its land fee was not paid, or its owner has left


class LotState(IntEnum):
    """How an auction stands."""

    OPEN = 1
    SOLD = 2
    UNSOLD = 3


# A site under the hammer; `best` is held by the institution of bids until the auction ends.
LOT_DTYPE = np.dtype(
    [
        ("number", "<i8"),  # 0 = no lot
        ("market", "<i4"),
        ("tier", "<i4"),
        ("level", "<i4"),
        ("origin", "<i4"),  # LotOrigin
        ("condition", "<f8"),
        ("opened", "<i8"),  # tick
        ("ends", "<i8"),  # tick
        ("reserve", "<i8"),  # minor units
        ("best", "<i8"),  # minor units, 0 = no bid
        ("seq", "<i8"),  # of the best bid's command: the deed, if it wins
        ("bids", "<i8"),
        ("bidder", "<i4"),  # ledger row of the best bid
        ("padding", "<i4"),
    ]
)
LOT_EVENT_DTYPE = np.dtype(
    [
        ("number", "<i8"),
        ("tick", "<i8"),
        ("participant", "<i8"),  # of the best bid, 0 = nobody
        ("market", "<i2"),
        ("tier", "<i2"),
        ("level", "<i2"),
        ("origin", "i1"),
        ("state", "i1"),  # LotState
        ("condition", "<f8"),
        ("opened", "<i8"),
        ("ends", "<i8"),
        ("reserve", "<i8"),
        ("best", "<i8"),
        ("bids", "<i8"),
    ]
)
PATENT_EVENT_DTYPE = np.dtype(
    [
        ("good", "<i2"),
        ("level", "<i2"),
        ("participant", "<i8"),  # 0 = nobody
        ("tick", "<i8"),
        ("until", "<i8"),
        ("fee", "<i8"),
        ("licences", "<i8"),
        ("earned", "<i8"),
    ]
)


class DealAmounts(works.Amounts, Protocol):
    """The amounts of `params.WorksParams` that deals are judged by."""

    @property
    def deal_ceiling(self) -> float: ...
    @property
    def patent_percent(self) -> int: ...


class SiteWorth(NamedTuple):
    """Bounds of a site's price, minor units."""

    floor: int
    fair: int
    ceiling: int


def research_lots(p: works.Amounts, level: int, tier: int) -> int:
    """Return the lots of IP that research up to `level` takes on a site of this tier."""
    return sum(works.research_units(p, done, tier) for done in range(level))


def site_worth(
    p: DealAmounts, tier: int, level: int, condition: float, *, ip_price: float, cpi: float
) -> SiteWorth:
    """Return the bounds of the price of a site.

    level: of research; condition: 0..1; ip_price: reference price of a lot of IP; cpi: price level.
    """
    licence = works.licence_minor(p, tier, cpi)
    research = works.whole(research_lots(p, level, tier) * ip_price)
    return SiteWorth(
        floor=works.resale_minor(p, tier, condition, cpi),
        fair=int(condition * licence) + research,
        ceiling=int(p.deal_ceiling * (licence + research)),
    )


def patent_place(good: int, level: int) -> int:
    """Return the place in the table of the patent of a good (0..9) and level (1..LEVELS_MAX)."""
    return good * works.LEVELS_MAX + level - 1


def licence_cost(fee: int, tier: int) -> int:
    """Return what a licence costs a site of this tier: `fee` for each four jobs."""
    return fee * (works.TIER_WORKERS[tier - 1] // works.TIER_WORKERS[0])


def research_worth(p: works.Amounts, level: int, tier: int, ip_price: float) -> int:
    """Return what the research of `level` itself costs a site of this tier, minor units."""
    return works.whole(works.research_units(p, level - 1, tier) * ip_price)


def licence_ceiling(p: DealAmounts, level: int, ip_price: float) -> int:
    """Return the highest fee of a patent, minor units for four jobs."""
    return int(p.deal_ceiling * research_worth(p, level, 1, ip_price))


def licence_floor(p: works.Amounts, level: int, ip_price: float) -> int:
    """Return the least fee of a patent, minor units for four jobs: half of the research.

    Below it one account's research would be a gift to all others.
    """
    return max(1, research_worth(p, level, 1, ip_price) // 2)


def patent_fee(p: DealAmounts, cost: int) -> int:
    """Return the treasury's part of what a licence costs, rounded up."""
    return -(-cost * p.patent_percent // 100)


def next_bid(reserve: int, best: int) -> int:
    """Return the least that the next bid of an auction must be.

    >>> next_bid(750_000, 0), next_bid(750_000, 800_000), next_bid(1, 1)
    (750000, 840000, 2)
    """
    return best + max(1, best // 20) if best else reserve


def tier_of(capacity: float, labour: float) -> int:
    """Return the tier of a site for so many lots a day at normal skill; 0 = too small for one."""
    return sum(jobs <= capacity * labour for jobs in works.TIER_WORKERS)
