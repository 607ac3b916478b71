"""The bytes of the commands of participants' own economies."""

from __future__ import annotations

import struct

from economy_engine import limits, works
from economy_engine.commands import works as commands
from economy_engine.commands.bounds import FLAG, MARKET, PRICE, Bounds, Layout, choices
from economy_engine.errors import RejectReason
from economy_engine.goods import GOODS

_DEAL_PRICE = Bounds(1, limits.PRICE_MINOR_MAX)

WORKS_LAYOUTS = (
    Layout(commands.StartWork, struct.Struct("<"), ()),
    Layout(commands.StopWork, struct.Struct("<"), ()),
    Layout(
        commands.SetNeeds,
        struct.Struct("<Bh"),
        (FLAG, Bounds(0, limits.REGIONS_MAX - 1, RejectReason.UNKNOWN_SYMBOL)),
    ),
    Layout(commands.BuySite, struct.Struct("<h"), (MARKET,)),
    Layout(commands.SellSite, struct.Struct("<16s"), (None,)),
    Layout(
        commands.SetSite,
        struct.Struct("<16sqqhBqqqB"),
        (
            None,
            Bounds(0, limits.QUANTITY_LOTS_MAX, RejectReason.LOT_SIZE),
            Bounds(0, limits.PRICE_MINOR_MAX),
            Bounds(0, works.WORKERS_MAX),
            choices(works.Pricing),
            PRICE,
            Bounds(-works.MARKUP_PPM_MAX, works.MARKUP_PPM_MAX),
            Bounds(0, limits.QUANTITY_LOTS_MAX, RejectReason.LOT_SIZE),
            FLAG,
        ),
    ),
    Layout(commands.UpgradeSite, struct.Struct("<16s"), (None,)),
    Layout(commands.ResearchSite, struct.Struct("<16s"), (None,)),
    Layout(
        commands.BuyProspect,
        struct.Struct("<hi"),
        (MARKET, Bounds(1, works.TICKETS_MAX)),
    ),
    Layout(commands.OfferSite, struct.Struct("<16sq"), (None, _DEAL_PRICE)),
    Layout(commands.EndOffer, struct.Struct("<16s"), (None,)),
    Layout(commands.TakeSite, struct.Struct("<16sq"), (None, _DEAL_PRICE)),
    Layout(
        commands.OfferLicence,
        struct.Struct("<BBq"),
        (
            Bounds(0, len(GOODS) - 1, RejectReason.UNKNOWN_SYMBOL),
            Bounds(1, works.LEVELS_MAX),
            Bounds(0, limits.PRICE_MINOR_MAX),
        ),
    ),
    Layout(commands.TakeLicence, struct.Struct("<16sq"), (None, _DEAL_PRICE)),
    Layout(
        commands.BidSite, struct.Struct("<qq"), (Bounds(1, limits.MONEY_MINOR_MAX), _DEAL_PRICE)
    ),
)
