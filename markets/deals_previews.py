"""What a deal with another participant would come to, by the engine's own rules."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from economy_engine import deals
from economy_engine.goods import GOODS, INDEX
from economy_engine.units import credits_text, fee_minor_up
from markets import works_selectors as selectors
from markets.works_previews import Economy, affordable, economy, outlook_of, outlook_shape, skill_of
from markets.works_shapes import AMOUNTS
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
    fair = _worth(now, site).fair
    if selectors.is_protected(participant) and price > fair:
        raise Problem("newcomer_protected", f"A newcomer pays up to {credits_text(fair)} credits.")
    skill = skill_of(site, selectors.is_fed(participant))
    seen = outlook_of(now, market, site["tier"], skill=skill, paid=price)
    shown = {"price": credits_text(price), "fair": credits_text(fair)}
    return affordable(participant, price) | shown | outlook_shape(seen, market)
