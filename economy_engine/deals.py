"""What deals between participants may cost: a site, a licence.

    anew  = licence up to its tier + lots of research * reference price of IP
    fair  = condition * licence    + lots of research * reference price of IP
    floor = what the treasury gives <= price <= ceiling = deal_ceiling * anew

A price far from what a thing is worth would be a gift by another name, so it is kept between a
floor and a ceiling; a protected newcomer, whose grant is not to be given away, pays at most what is
fair. Plain functions of plain numbers, as in `works`; money in minor units.
"""

from __future__ import annotations

from typing import NamedTuple, Protocol

from economy_engine import works


class DealAmounts(works.Amounts, Protocol):
    """The amounts of `params.WorksParams` that deals are judged by."""

    @property
    def deal_ceiling(self) -> float: ...


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
