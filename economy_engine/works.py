"""The player economy's words and rules: what a site makes, costs and earns, what work pays.

    output        = min(target, workers * productivity / labour, inputs, reserve, storage)
    productivity  = 1.02**level * (1.05 when the household is fed) * (.5 + .5 * condition)
    marginal cost = labour / productivity * wage * Price Multiplier + inputs

Plain functions of plain numbers, so that the engine decides and a door previews by the same rule.
The amounts are `params.WorksParams`; money is in minor units, quantities in lots, a day is a game
day. The formulas of output and cost are those of the producers (`systems.behavior.firms`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import IntEnum
from typing import NamedTuple, Protocol

import numpy as np

from economy_engine.goods import CO2, GOODS, INDEX, Good, GoodKind

TIERS_MAX = 5
TIER_WORKERS = (4, 8, 16, 32, 64)  # jobs by tier
TIER_PRICE = (1.0, 2.5, 6.0, 14.0, 32.0)  # licence by tier, in licences of the first
WORKERS_MAX = TIER_WORKERS[-1]
LEVELS_MAX = 25
MARKUP_PPM_MAX = 2_000_000
TICKETS_MAX = 20
VISIT_STEPS = 40  # a site renews its orders this often
PPM = 1_000_000
_LEVEL_STEP = 1.02
_FED_BONUS = 1.05
_SLIP = 1.04  # buyers bid up to this over the reference price
_INPUT_DAYS = 3.0


class Pricing(IntEnum):
    """How a site prices what it offers."""

    MANUAL = 0  # at a price
    COST_PLUS = 1  # marginal cost plus a markup
    FOLLOW = 2  # the reference price plus a markup


class SiteState(IntEnum):
    """State of a site."""

    FREE = 0  # nobody's: the record is empty, or was given back
    OPEN = 1
    UNLICENSED = 2  # the land fee is not paid: it stands still


class WorksEvent(IntEnum):
    """What happened in a participant's economy; `amount` is what the account gained by it."""

    WORK_STARTED = 1
    WORK_STOPPED = 2
    WAGE = 3
    SITE_BOUGHT = 4
    SITE_SOLD = 5
    SITE_SET = 6
    SITE_UPGRADED = 7
    PRODUCED = 8
    LAND_FEE = 9
    FEE_UNPAID = 10
    SITE_REVOKED = 11
    REPAIRED = 12
    RESEARCHED = 13
    PROSPECT_FOUND = 14
    PROSPECT_EMPTY = 15
    NEEDS_SET = 16
    NEEDS_MET = 17
    NEEDS_MISSED = 18
    STORAGE_FEE = 19
    PROTECTION_ENDED = 20
    INSURANCE = 21
    SITE_OFFERED = 22
    OFFER_ENDED = 23
    SITE_TAKEN = 24  # bought from another participant
    SITE_PASSED_ON = 25  # sold to one, less the fee
    PATENT_GRANTED = 26  # quantity: the level
    PATENT_ENDED = 27
    PATENT_LICENSED = 28  # offered at a fee, or no longer
    LICENCE_TAKEN = 29
    LICENCE_GIVEN = 30  # less the treasury's part
    BID_PLACED = 31
    BID_RETURNED = 32
    SITE_WON = 33  # paid for with the bid


# Records of the state: a site, and what a participant's ledger row has besides.
SITE_DTYPE = np.dtype(
    [
        ("owner", "<i4"),
        ("market", "<i4"),
        ("deed", "<i8"),
        ("term_end", "<i8"),
        ("condition", "<f8"),
        ("tier", "<i4"),
        ("state", "<i4"),  # SiteState
        ("level", "<i4"),  # of research
        ("pricing", "<i4"),  # Pricing
        ("buy_inputs", "<i4"),
        ("insured", "<i4"),  # 1: a newcomer's first site
        ("wanted", "<i4"),  # jobs on offer
        ("unpaid_days", "<i4"),
        ("price", "<i8"),  # minor units, manual pricing
        ("markup_ppm", "<i8"),
        ("keep", "<i8"),  # lots that are not offered
        ("target", "<i8"),  # lots per day
        ("wage", "<i8"),  # minor units per worker-day
        ("next_production", "<i8"),  # step
        ("next_visit", "<i8"),  # step
        ("paid", "<i8"),  # minor units paid for it
        ("posted", "<i8"),  # lots on offer after the last production
        ("made", "<i8"),  # lots of the last day
        ("made_total", "<i8"),
        ("unsold", "<f8"),  # share of what was posted
        ("cost", "<f8"),  # marginal cost, minor units per lot
        ("rent", "<f8"),  # scarcity rent in it
        ("slots", "<i4", (8,)),  # own orders, -1 = none
        ("generations", "<u4", (8,)),
        ("offer", "<i8"),  # minor units asked of other participants, 0 = not for sale
    ]
)
MEMBER_DTYPE = np.dtype(
    [
        ("work_until", "<i8"),  # first day without a contract; 0 = none
        ("worked_days", "<i8"),
        ("earned", "<i8"),  # minor units, net
        ("protected_until", "<i8"),  # tick, 0 = not protected
        ("sites", "<i4"),  # owned now
        ("sites_ever", "<i4"),
        ("needs", "<i4"),  # region of the household + 1; 0 = none
        ("fed", "<i4"),  # 1: the household was supplied at the last day's end
    ]
)

# Records of a block: a site, a participant's own economy, and something that happened to it.
SITE_EVENT_DTYPE = np.dtype(
    [
        ("participant", "<i8"),
        ("deed", "<i8"),  # seq of the command that bought it
        ("tick", "<i8"),
        ("market", "<i2"),
        ("state", "i1"),
        ("pricing", "i1"),
        ("buy_inputs", "i1"),
        ("insured", "i1"),
        ("tier", "<i2"),
        ("level", "<i2"),
        ("workers", "<i4"),
        ("wanted", "<i4"),
        ("unpaid_days", "<i4"),
        ("condition", "<f8"),
        ("wage", "<i8"),
        ("price", "<i8"),
        ("markup_ppm", "<i8"),
        ("keep", "<i8"),
        ("target", "<i8"),
        ("made", "<i8"),
        ("made_total", "<i8"),
        ("paid", "<i8"),
        ("offer", "<i8"),  # minor units, 0 = not for sale
        ("cost", "<f8"),  # minor units per lot, with the rent
        ("rent", "<f8"),
        ("reference", "<f8"),  # reference price
        ("unsold", "<f8"),
    ]
)
MEMBER_EVENT_DTYPE = np.dtype(
    [
        ("participant", "<i8"),
        ("tick", "<i8"),
        ("day", "<i8"),
        ("work_until", "<i8"),
        ("worked_days", "<i8"),
        ("earned", "<i8"),
        ("protected_until", "<i8"),
        ("needs", "<i4"),
        ("fed", "i1"),
        ("sites", "<i4"),
    ]
)
WORKS_EVENT_DTYPE = np.dtype(
    [
        ("participant", "<i8"),
        ("tick", "<i8"),
        ("kind", "<i2"),
        ("market", "<i2"),
        ("deed", "<i8"),
        ("quantity", "<i8"),
        ("amount", "<i8"),  # minor units that the account gained
    ]
)


class Amounts(Protocol):
    """The amounts of `params.WorksParams`; money in minor units at base prices."""

    @property
    def licence(self) -> float: ...
    @property
    def land_fee(self) -> float: ...
    @property
    def resale(self) -> float: ...
    @property
    def research_units(self) -> int: ...
    @property
    def ticket(self) -> float: ...
    @property
    def storage_fee(self) -> float: ...
    @property
    def tax_percent(self) -> int: ...


def may_be_made(market: int) -> bool:
    """Return whether a site can make the good of a market: permits are minted, not made."""
    return market % len(GOODS) != CO2


def has_deposits(market: int) -> bool:
    """Return whether one can look for deposits of a market's good."""
    return GOODS[market % len(GOODS)].kind == GoodKind.FINITE


def whole(amount: float) -> int:
    """Return the nearest whole number of an amount >= 0, halves up."""
    return int(amount + 0.5)


def licence_minor(p: Amounts, tier: int, level: float) -> int:
    """Return what all licences up to `tier` cost (int, minor units); `level` is the CPI."""
    return whole(p.licence * TIER_PRICE[tier - 1] * level)


def upgrade_minor(p: Amounts, tier: int, level: float) -> int:
    """Return the price of the step from `tier` to the next."""
    return licence_minor(p, tier + 1, level) - licence_minor(p, tier, level)


def land_fee_minor(p: Amounts, tier: int, level: float) -> int:
    """Return the land fee of a day."""
    return whole(p.land_fee * licence_minor(p, tier, level))


def resale_minor(p: Amounts, tier: int, condition: float, level: float) -> int:
    """Return what the treasury gives for a site in this condition (0..1)."""
    return int(p.resale * condition * licence_minor(p, tier, level))


def research_units(p: Amounts, level: int, tier: int) -> int:
    """Return the lots of IP that the step from research `level` to the next one takes.

    Quadratic in the new level, and in proportion to the jobs of the site.
    """
    return p.research_units * (level + 1) * (level + 1) * TIER_WORKERS[tier - 1] // TIER_WORKERS[0]


def ticket_minor(p: Amounts, level: float) -> int:
    """Return the price of one prospecting ticket."""
    return whole(p.ticket * level)


def work_wage_minor(p: Amounts, mean_wage: float, treasury: float, floor: float) -> tuple[int, int]:
    """Return (net, tax) of a day of public work.

    The mean wage; less in proportion when the treasury has less than `floor` (its share of money).
    """
    share = 1.0 if treasury >= floor else max(0.0, treasury) / floor
    gross = int(mean_wage * share)
    tax = gross * p.tax_percent // 100
    return gross - tax, tax


def productivity(level: int, fed: bool, condition: float) -> float:
    """Return the productivity of a site: research level, fed household, condition 0..1."""
    factor = 1.0
    for _ in range(level):
        factor *= _LEVEL_STEP
    if fed:
        factor *= _FED_BONUS
    return factor * (0.5 + 0.5 * condition)


def marginal_cost(
    labour: float, skill: float, wage: float, multiplier: float, inputs: float
) -> float:
    """Return minor units per lot; the scarcity multiplier acts on the labour part."""
    return labour / skill * wage * multiplier + inputs


def price_multiplier(good: Good, reserve_share: float) -> float:
    """Return the seed's Price Multiplier for a reserve that is `reserve_share` of its base."""
    if good.kind not in (GoodKind.FINITE, GoodKind.RENEWABLE):
        reserve_share = 0.0 if good.kind == GoodKind.ARTIFICIAL else 1.0
    scarcity = min(1.0, max(0.0, 1.0 - reserve_share))
    return 1.0 + scarcity * good.max_multiplier * good.importance


def asking_price(pricing: int, price: int, markup_ppm: int, cost: float, reference: float) -> float:
    """Return the price that a site's rule asks for (float64, minor units, before the grid)."""
    if pricing == Pricing.MANUAL:
        return float(price)
    base = cost if pricing == Pricing.COST_PLUS else reference
    return base * (PPM + markup_ppm) / PPM


def input_lots(per_day: float, stock: int) -> int:
    """Return how many lots a site bids for, to have three days of use."""
    missing = _INPUT_DAYS * per_day - stock
    return 0 if missing <= 0.0 else int(missing) + 1


def bid_price(reference: float) -> float:
    """Return the highest price that a site pays for what it uses."""
    return reference * _SLIP


class Outlook(NamedTuple):
    """A day of a site at full running, money in minor units."""

    output: float  # lots per day
    workers: int  # jobs that the output needs
    wages: float
    inputs: float
    fee: int
    revenue: float
    cost: float  # labour and inputs per lot
    rent: float  # scarcity rent per lot: what its producers ask beyond cost
    margin: float  # of the price
    profit: float
    payback_days: float  # days until `price` is earned, -1 = never


def outlook(
    p: Amounts,
    market: int,
    tier: int,
    *,
    wage: float,
    prices: Sequence[float] | Mapping[int, float],
    reserve_share: float,
    level: float,
    skill: float = 1.0,
    output: float = 0.0,
    workers: int = 0,
    price: float = 0.0,
    paid: int = 0,
) -> Outlook:
    """Return what a site would come to with these prices of the region's markets.

    market: its output; prices: minor units by market; skill: `productivity`; output, workers: the
    wanted ones, 0 = as much as the tier can; price: asked, 0 = the market's; paid: to earn back.
    """
    k = market % len(GOODS)
    good = GOODS[k]
    first = market - k
    jobs = min(workers or TIER_WORKERS[tier - 1], TIER_WORKERS[tier - 1])
    lots = jobs * skill / good.labour if good.labour > 0.0 else 0.0
    if output:
        lots = min(lots, output)
    needed = min(jobs, -int(-lots * good.labour // skill))
    per_lot = 0.0
    for code, amount in good.inputs.items():
        per_lot += amount * prices[first + INDEX[code]]
    cost = marginal_cost(good.labour, skill, wage, 1.0, per_lot)
    sold_at = price or prices[market]
    fee = land_fee_minor(p, tier, level)
    revenue, wages, inputs = lots * sold_at, needed * wage, lots * per_lot
    profit = revenue - wages - inputs - fee
    rent = price_multiplier(good, reserve_share)
    dear = marginal_cost(good.labour, skill, wage, rent, per_lot)
    return Outlook(
        output=lots,
        workers=needed,
        wages=wages,
        inputs=inputs,
        fee=fee,
        revenue=revenue,
        cost=cost,
        rent=dear - cost,
        margin=(sold_at - cost) / sold_at if sold_at > 0.0 else 0.0,
        profit=profit,
        payback_days=paid / profit if profit > 0.0 and paid else (0.0 if not paid else -1.0),
    )
