"""What a decision about the own economy would come to, by the engine's own rules.

A preview reads the newest prices, wage and reserves and changes nothing. It is an estimate: the
world goes on, and the engine decides when the command acts.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from economy_engine import works
from economy_engine.goods import CONSUMED, GOODS, INDEX, market_codes
from economy_engine.params import MonetaryParams
from economy_engine.units import credits_text
from economy_engine.works import TIER_WORKERS, Outlook, Pricing
from markets import works_selectors as selectors
from markets.works_shapes import AMOUNTS, money, share
from worlds.api.errors import Problem


class Economy(NamedTuple):
    """What previews reckon with; money in minor units."""

    level: float  # CPI against base prices
    wage: float
    treasury: float
    money: float
    prices: dict[int, float]
    reserves: dict[int, float]  # share of the base by market


def economy(world: Any) -> Economy:
    """The newest figures of a world; `Problem` while it has none."""
    found = selectors.economy_figures(world)
    if not found["prices"]:
        raise Problem("world_not_ready")
    return Economy(**found)


def outlook_shape(outlook: Outlook, market: int) -> dict[str, Any]:
    """A day of a site as JSON."""
    good = GOODS[market % len(GOODS)]
    payback = outlook.payback_days
    return {
        "output": f"{outlook.output:.1f}",
        "workers": outlook.workers,
        "wages": money(outlook.wages),
        "input_cost": money(outlook.inputs),
        "inputs": {code: f"{lots * outlook.output:.1f}" for code, lots in good.inputs.items()},
        "land_fee": credits_text(outlook.fee),
        "revenue": money(outlook.revenue),
        "profit": money(outlook.profit),
        "marginal_cost": money(outlook.cost),
        "scarcity_rent": money(outlook.rent),
        "margin": share(outlook.margin),
        "payback_days": None if payback < 0 else f"{payback:.1f}",
    }


def affordable(participant: Any, cost: int) -> dict[str, Any]:
    """A cost beside the free cash."""
    cash = selectors.free_cash(participant)
    return {"cost": credits_text(cost), "cash": credits_text(cash), "affordable": cash >= cost}


def work(participant: Any) -> dict[str, Any]:
    """A day of public work."""
    now = economy(participant.world)
    floor = MonetaryParams().treasury_share * now.money
    net, tax = works.work_wage_minor(AMOUNTS, now.wage, now.treasury, max(1.0, floor))
    return {
        "cost": credits_text(0),
        "wage": credits_text(net),
        "tax": credits_text(tax),
        "days": AMOUNTS.work_days,
        "total": credits_text(net * AMOUNTS.work_days),
    }


def buy_site(participant: Any, data: Mapping[str, Any]) -> dict[str, Any]:
    """A new site of the first tier, at full running."""
    now, market = economy(participant.world), data["market"]
    if not works.may_be_made(market):
        raise Problem("recipe_not_allowed")
    cost = works.licence_minor(AMOUNTS, 1, now.level)
    seen = outlook_of(now, market, 1, paid=cost)
    return affordable(participant, cost) | outlook_shape(seen, market)


def outlook_of(now: Economy, market: int, tier: int, **given: Any) -> Outlook:
    """The engine's outlook at the newest prices; the mean wage unless one is given."""
    given.setdefault("wage", now.wage)
    return works.outlook(
        AMOUNTS,
        market,
        tier,
        prices=now.prices,
        reserve_share=now.reserves.get(market, 1.0),
        level=now.level,
        **given,
    )


def skill_of(site: Mapping[str, Any], fed: bool, step: int = 0) -> float:
    """A site's productivity, `step` levels of research further."""
    return works.productivity(site["level"] + step, fed, site["condition"])


def set_site(participant: Any, site: Mapping[str, Any], data: Mapping[str, Any]) -> dict[str, Any]:
    """A site under other rules."""
    now, market = economy(participant.world), site["market"]
    if data["workers"] > TIER_WORKERS[site["tier"] - 1]:
        raise Problem("site_at_limit")
    skill = skill_of(site, selectors.is_fed(participant))
    idle = not data["output"] or not data["workers"]
    price = works.asking_price(
        data["pricing"], data.get("price", 0), data.get("markup_ppm", 0), site["cost"],
        now.prices[market],
    )  # fmt: skip
    seen = outlook_of(
        now, market, site["tier"], wage=float(data["wage"]), skill=skill, price=price,
        output=1e-9 if idle else float(data["output"]), workers=data["workers"] or 1,
        paid=site["paid"],
    )  # fmt: skip
    pricing = Pricing(data["pricing"]).name.lower()
    return {"cost": credits_text(0), "asking_price": money(price), "pricing": pricing} | (
        outlook_shape(seen, market)
    )


def upgrade_site(participant: Any, site: Mapping[str, Any]) -> dict[str, Any]:
    """The next tier of a site, at full running."""
    now, tier = economy(participant.world), site["tier"]
    if tier >= works.TIERS_MAX:
        raise Problem("site_at_limit")
    skill = skill_of(site, selectors.is_fed(participant))
    cost = works.upgrade_minor(AMOUNTS, tier, now.level)
    wage = float(site["wage"])
    before = outlook_of(now, site["market"], tier, skill=skill, wage=wage)
    after = outlook_of(now, site["market"], tier + 1, skill=skill, wage=wage)
    gain = after.profit - before.profit
    shown = outlook_shape(after, site["market"]) | gain_of(cost, gain)
    return affordable(participant, cost) | shown | {"tier": tier + 1}


def gain_of(cost: float, gain: float) -> dict[str, Any]:
    """More profit a day, and the days in which it earns the cost."""
    return {
        "profit_gain": money(gain),
        "payback_days": f"{cost / gain:.1f}" if gain > 0 else None,
    }


def research_site(participant: Any, site: Mapping[str, Any]) -> dict[str, Any]:
    """Two percent more productivity, for units of intellectual property."""
    now, market = economy(participant.world), site["market"]
    if site["level"] >= works.LEVELS_MAX:
        raise Problem("site_at_limit")
    units = works.research_units(AMOUNTS, site["level"], site["tier"])
    licences = market - market % len(GOODS) + INDEX["IP"]
    fed, wage = selectors.is_fed(participant), float(site["wage"])
    before = outlook_of(now, market, site["tier"], skill=skill_of(site, fed), wage=wage)
    after = outlook_of(now, market, site["tier"], skill=skill_of(site, fed, 1), wage=wage)
    worth = units * now.prices[licences]
    held = selectors.free_lots(participant, licences)
    shown = outlook_shape(after, market) | gain_of(worth, after.profit - before.profit)
    return shown | {
        "cost": credits_text(0),
        "units": units,
        "units_held": held,
        "units_value": money(worth),
        "affordable": held >= units,
        "level": site["level"] + 1,
    }


def sell_site(participant: Any, site: Mapping[str, Any]) -> dict[str, Any]:
    """What the treasury gives back, and the insurance of a newcomer's first site."""
    now = economy(participant.world)
    back = works.resale_minor(AMOUNTS, site["tier"], site["condition"], now.level)
    refund = 0
    if site["insured"] and selectors.is_protected(participant):
        refund = int(AMOUNTS.insurance * max(0, site["paid"] - back))
    return {
        "cost": credits_text(0),
        "received": credits_text(back),
        "insurance": credits_text(refund),
    }


def buy_prospect(participant: Any, data: Mapping[str, Any]) -> dict[str, Any]:
    """The odds of prospecting tickets."""
    now, market = economy(participant.world), data["market"]
    if not works.has_deposits(market):
        raise Problem("no_deposits")
    ticket = works.ticket_minor(AMOUNTS, now.level)
    prize = int(ticket * AMOUNTS.find_return / AMOUNTS.find_probability)
    return affordable(participant, ticket * data["tickets"]) | {
        "ticket": credits_text(ticket),
        "probability": share(AMOUNTS.find_probability),
        "finders_share": credits_text(prize),
        "expected": money(ticket * data["tickets"] * AMOUNTS.find_return),
        "reserve_share": share(AMOUNTS.find_share),
    }


def set_needs(participant: Any, data: Mapping[str, Any]) -> dict[str, Any]:
    """A day of the household."""
    now = economy(participant.world)
    first = data.get("region", 0) * len(GOODS)
    if data["on"] and first + len(GOODS) > len(now.prices):
        raise Problem("unknown_symbol")
    basket = {good: int(GOODS[good].basket + 0.5) for good in CONSUMED} if data["on"] else {}
    codes = market_codes(participant.world.regions)
    worth = 0.0
    for good, lots in basket.items():
        worth += lots * now.prices[first + good]
    return {
        "cost": credits_text(0),
        "basket": {codes[first + good]: lots for good, lots in basket.items()},
        "basket_value": money(worth),
        "bonus": share(0.05 if data["on"] else 0.0),
    }
