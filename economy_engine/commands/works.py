"""What a participant may ask of its own economy: a work contract, sites, research, prospects.

A site is named by the 16-byte UUID of the command that bought it, as an order is by the command
that placed it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from economy_engine.commands.words import CommandKind


@dataclass(frozen=True, slots=True)
class StartWork:
    """Begin a work contract, or begin its term anew."""

    kind: ClassVar[CommandKind] = CommandKind.START_WORK
    version: ClassVar[int] = 1


@dataclass(frozen=True, slots=True)
class StopWork:
    """End the work contract."""

    kind: ClassVar[CommandKind] = CommandKind.STOP_WORK
    version: ClassVar[int] = 1


@dataclass(frozen=True, slots=True)
class SetNeeds:
    """Keep a household that eats one basket of `region` a day from the own stock, or keep none."""

    kind: ClassVar[CommandKind] = CommandKind.SET_NEEDS
    version: ClassVar[int] = 1

    on: bool
    region: int = 0


@dataclass(frozen=True, slots=True)
class BuySite:
    """Buy the licence of a site of the first tier that makes the good of `market`."""

    kind: ClassVar[CommandKind] = CommandKind.BUY_SITE
    version: ClassVar[int] = 1

    market: int


@dataclass(frozen=True, slots=True)
class SellSite:
    """Give a site back to the treasury for a part of what its licence costs."""

    kind: ClassVar[CommandKind] = CommandKind.SELL_SITE
    version: ClassVar[int] = 1

    target: bytes


@dataclass(frozen=True, slots=True)
class SetSite:
    """Run a site by these rules from now on.

    output: lots wanted per day; wage: minor units per worker-day; workers: jobs on offer;
    pricing: `works.Pricing`; price: minor units, of manual pricing; markup_ppm: over cost or over
    the reference price; keep: lots that are not offered; buy_inputs: bid for what is used.
    """

    kind: ClassVar[CommandKind] = CommandKind.SET_SITE
    version: ClassVar[int] = 1

    target: bytes
    output: int
    wage: int
    workers: int
    pricing: int
    price: int
    markup_ppm: int
    keep: int
    buy_inputs: bool


@dataclass(frozen=True, slots=True)
class UpgradeSite:
    """Buy the licence of the next tier."""

    kind: ClassVar[CommandKind] = CommandKind.UPGRADE_SITE
    version: ClassVar[int] = 1

    target: bytes


@dataclass(frozen=True, slots=True)
class ResearchSite:
    """Spend intellectual property on the next level of a site's productivity."""

    kind: ClassVar[CommandKind] = CommandKind.RESEARCH_SITE
    version: ClassVar[int] = 1

    target: bytes


@dataclass(frozen=True, slots=True)
class BuyProspect:
    """Buy tickets to look for deposits of the finite good of `market`."""

    kind: ClassVar[CommandKind] = CommandKind.BUY_PROSPECT
    version: ClassVar[int] = 1

    market: int
    tickets: int


@dataclass(frozen=True, slots=True)
class OfferSite:
    """Offer a site to other participants at a price in minor units, or at another price."""

    kind: ClassVar[CommandKind] = CommandKind.OFFER_SITE
    version: ClassVar[int] = 1

    target: bytes
    price: int


@dataclass(frozen=True, slots=True)
class EndOffer:
    """Offer a site no longer."""

    kind: ClassVar[CommandKind] = CommandKind.END_OFFER
    version: ClassVar[int] = 1

    target: bytes


@dataclass(frozen=True, slots=True)
class TakeSite:
    """Buy a site that another participant offers; `price` is the most that is paid for it."""

    kind: ClassVar[CommandKind] = CommandKind.TAKE_SITE
    version: ClassVar[int] = 1

    target: bytes
    price: int


@dataclass(frozen=True, slots=True)
class OfferLicence:
    """Let others use an own patent for a fee: minor units for four jobs; 0 = no longer."""

    kind: ClassVar[CommandKind] = CommandKind.OFFER_LICENCE
    version: ClassVar[int] = 1

    good: int
    level: int
    fee: int


@dataclass(frozen=True, slots=True)
class TakeLicence:
    """Bring a site to the next level by the patent of another; `price` is the most that is paid."""

    kind: ClassVar[CommandKind] = CommandKind.TAKE_LICENCE
    version: ClassVar[int] = 1

    target: bytes
    price: int


@dataclass(frozen=True, slots=True)
class BidSite:
    """Bid for a site that the treasury auctions: minor units, taken now, returned when outbid."""

    kind: ClassVar[CommandKind] = CommandKind.BID_SITE
    version: ClassVar[int] = 1

    lot: int
    price: int


WorksCommand = (
    StartWork
    | StopWork
    | SetNeeds
    | BuySite
    | SellSite
    | SetSite
    | UpgradeSite
    | ResearchSite
    | BuyProspect
    | OfferSite
    | EndOffer
    | TakeSite
    | OfferLicence
    | TakeLicence
    | BidSite
)
