"""What a deal with another participant would come to, by the engine's own rules."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from economy_engine import deals, works
from economy_engine.goods import GOODS, INDEX
from economy_engine.units import credits_text, fee_minor_up
from markets import works_selectors as selectors
from markets.works_previews import (
    Economy,
    affordable,
    economy,
    gain_of,
    outlook_of,
    outlook_shape,
    skill_of,
)
from markets.works_shapes import AMOUNTS, money
from worlds.api.errors import Problem


def _worth(now: Economy, site: Mapping[str, Any]) -> deals.SiteWorth:
    market = site["market"]
    return deals.site_worth(
        AMOUNTS, site["tier"], site["level"], site["condition"],
        ip_price=now.prices[market - market % len(GOODS) + INDEX["IP"]], cpi=now.level,
    )  # fmt: skip


def offer_site(
    participant: Any, site: Mapping[str, Any], data: Mapping[str, Any]
) -> dict[str, Any]:
    """What the owner would get for a site at this price, and the bounds of the price."""
    worth, price = _worth(economy(participant.world), site), data["price"]
    if selectors.is_protected(participant):
        raise Problem("newcomer_protected")
    if not worth.floor <= price <= worth.ceiling:
        raise Problem(
            "deal_price",
            f"Between {credits_text(worth.floor)} and {credits_text(worth.ceiling)} credits.",
        )
    fee = int(fee_minor_up(price))
    return {
        "cost": credits_text(0),
        "price": credits_text(price),
        "fee": credits_text(fee),
        "received": credits_text(price - fee),
        "fair": credits_text(worth.fair),
        "floor": credits_text(worth.floor),
        "ceiling": credits_text(worth.ceiling),
    }


def take_site(participant: Any, site: Mapping[str, Any], data: Mapping[str, Any]) -> dict[str, Any]:
    """An offered site in the hands of the caller, at full running and the mean wage."""
    now, price, market = economy(participant.world), site["offer"], site["market"]
    if site["participant_id"] == participant.pk:
        raise Problem("own_offer")
    if data["price"] < price:
        raise Problem("offer_changed")
    worth = _worth(now, site)
    fair = worth.fair
    if not worth.floor <= price <= worth.ceiling:
        raise Problem("deal_price")
    if selectors.is_protected(participant) and price > fair:
        raise Problem("newcomer_protected", f"A newcomer pays up to {credits_text(fair)} credits.")
    skill = skill_of(site, selectors.is_fed(participant))
    seen = outlook_of(now, market, site["tier"], skill=skill, paid=price)
    shown = {"price": credits_text(price), "fair": credits_text(fair)}
    return affordable(participant, price) | shown | outlook_shape(seen, market)


def _ip_price(now: Economy) -> float:
    """The dearest lot of IP in any region, as the engine judges fees by."""
    return max(now.prices[market] for market in now.prices if market % len(GOODS) == INDEX["IP"])


def license_patent(participant: Any, patent: Mapping[str, Any], fee: int) -> dict[str, Any]:
    """What each licence of a patent would bring to its owner."""
    ip_price = _ip_price(economy(participant.world))
    ceiling = deals.licence_ceiling(AMOUNTS, patent["level"], ip_price)
    floor = deals.licence_floor(AMOUNTS, patent["level"], ip_price)
    if fee and not floor <= fee <= ceiling:
        text = f"Between {credits_text(floor)} and {credits_text(ceiling)} credits."
        raise Problem("deal_price", text)
    part = deals.patent_fee(AMOUNTS, fee)
    return {
        "cost": credits_text(0),
        "price": credits_text(fee),
        "fee": credits_text(part),
        "received": credits_text(fee - part),
        "fair": credits_text(deals.research_worth(AMOUNTS, patent["level"], 1, ip_price)),
        "floor": credits_text(floor),
        "ceiling": credits_text(ceiling),
    }


def take_licence(
    participant: Any, site: Mapping[str, Any], data: Mapping[str, Any]
) -> dict[str, Any]:
    """The next level of a site by somebody's patent, beside what research would use up."""
    now, tier, level = economy(participant.world), site["tier"], site["level"] + 1
    if level > works.LEVELS_MAX:
        raise Problem("site_at_limit")
    patent = selectors.licence_row(participant, site)
    if patent is None:
        raise Problem("offer_not_found")
    cost = deals.licence_cost(patent["fee"], tier)
    if data["price"] < cost:
        raise Problem("offer_changed")
    fair = deals.research_worth(AMOUNTS, level, tier, _ip_price(now))
    if selectors.is_protected(participant):
        raise Problem("newcomer_protected", "A newcomer researches without licences.")
    fed, wage = selectors.is_fed(participant), float(site["wage"])
    before = outlook_of(now, site["market"], tier, skill=skill_of(site, fed), wage=wage)
    after = outlook_of(now, site["market"], tier, skill=skill_of(site, fed, 1), wage=wage)
    shown = outlook_shape(after, site["market"]) | gain_of(cost, after.profit - before.profit)
    return affordable(participant, cost) | shown | {"level": level, "units_value": money(fair)}


def bid_site(participant: Any, lot: Mapping[str, Any], data: Mapping[str, Any]) -> dict[str, Any]:
    """An auctioned site for this price, at full running and the mean wage."""
    now, price, market = economy(participant.world), data["price"], lot["market"]
    if lot["best"] and lot["participant_id"] == participant.pk:
        raise Problem("own_offer")
    least = deals.next_bid(lot["reserve"], lot["best"])
    if price < least:
        raise Problem("bid_too_low", f"At least {credits_text(least)} credits.")
    skill = skill_of(lot, selectors.is_fed(participant))
    seen = outlook_of(now, market, lot["tier"], skill=skill, paid=price)
    shown = {"fair": credits_text(_worth(now, lot).fair)} | outlook_shape(seen, market)
    return affordable(participant, price) | shown
