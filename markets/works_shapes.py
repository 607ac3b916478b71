"""Shapes of a participant's own economy, from rows of the read model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from economy_engine.deals import LotOrigin, next_bid
from economy_engine.goods import GOODS
from economy_engine.params import WorksParams
from economy_engine.units import credits_text
from economy_engine.works import (
    LEVELS_MAX,
    TIER_WORKERS,
    TIERS_MAX,
    Pricing,
    SiteState,
    WorksEvent,
    land_fee_minor,
    resale_minor,
    research_units,
    upgrade_minor,
)
from markets.shapes import CODES

AMOUNTS = WorksParams()


def share(value: float) -> str:
    """A fraction with four decimals."""
    return f"{value:.4f}"


def money(amount: float) -> str:
    """Minor units, also fractions of one, as credits."""
    return credits_text(round(amount))


def site(
    row: Mapping[str, Any], level: float, codes: Sequence[str] = CODES, licence: int = 0
) -> dict[str, Any]:
    """A site as its owner sees it; `level` is the CPI that indexes licences and fees.

    licence: minor units for which its next level may be had by somebody's patent, 0 = not at all.
    """
    good = GOODS[row["market"] % len(GOODS)]
    tier, market = row["tier"], row["market"]
    reference = row["reference"]
    private = row["cost"] - row["rent"]
    margin = (reference - private) / reference if reference > 0 else 0.0
    grows = tier < TIERS_MAX
    return {
        "id": str(row["command_id"]),
        "market": codes[market],
        "name": good.name,
        "state": SiteState(row["state"]).name.lower(),
        "tier": tier,
        "level": row["level"],
        "condition": share(row["condition"]),
        "insured": row["insured"],
        "workers": row["workers"],
        "workers_wanted": row["wanted"],
        "workers_max": TIER_WORKERS[tier - 1],
        "wage": credits_text(row["wage"]),
        "output": row["target"],
        "pricing": Pricing(row["pricing"]).name.lower(),
        "price": credits_text(row["price"]) if row["pricing"] == Pricing.MANUAL else None,
        "markup_ppm": row["markup_ppm"],
        "keep": row["keep"],
        "buy_inputs": row["buy_inputs"],
        "made": row["made"],
        "made_total": row["made_total"],
        "marginal_cost": money(private),
        "scarcity_rent": money(row["rent"]),
        "reference_price": money(reference),
        "margin": share(margin),
        "unsold": share(row["unsold"]),
        "land_fee": credits_text(land_fee_minor(AMOUNTS, tier, level)),
        "unpaid_days": row["unpaid_days"],
        "paid": credits_text(row["paid"]),
        "offer": credits_text(row["offer"]) if row["offer"] else None,
        "resale": credits_text(resale_minor(AMOUNTS, tier, row["condition"], level)),
        "upgrade_price": credits_text(upgrade_minor(AMOUNTS, tier, level)) if grows else None,
        "research_units": (
            research_units(AMOUNTS, row["level"], tier) if row["level"] < LEVELS_MAX else None
        ),
        "licence_price": credits_text(licence) if licence else None,
        "tick": row["tick"],
    }


def offer(
    row: Mapping[str, Any], level: float, *, own: bool, codes: Sequence[str] = CODES
) -> dict[str, Any]:
    """A site as others see it while it is offered; how its owner runs it is not told."""
    market, tier = row["market"], row["tier"]
    return {
        "id": str(row["command_id"]),
        "market": codes[market],
        "name": GOODS[market % len(GOODS)].name,
        "price": credits_text(row["offer"]),
        "own": own,
        "state": SiteState(row["state"]).name.lower(),
        "unpaid_days": row["unpaid_days"],
        "tier": tier,
        "level": row["level"],
        "condition": share(row["condition"]),
        "workers": row["workers"],
        "workers_max": TIER_WORKERS[tier - 1],
        "made": row["made"],
        "land_fee": credits_text(land_fee_minor(AMOUNTS, tier, level)),
        "tick": row["tick"],
    }


def patent(row: Mapping[str, Any], *, own: bool) -> dict[str, Any]:
    """A patent; what it has earned is told to its owner."""
    told = {
        "good": GOODS[row["good"]].code,
        "name": GOODS[row["good"]].name,
        "level": row["level"],
        "own": own,
        "fee": credits_text(row["fee"]) if row["fee"] else None,
        "until_tick": row["until"],
        "tick": row["tick"],
    }
    if own:
        told |= {"licences": row["licences"], "earned": credits_text(row["earned"])}
    return told


def auction(
    row: Mapping[str, Any], level: float, *, own: bool, codes: Sequence[str] = CODES
) -> dict[str, Any]:
    """A site under the hammer; `own`: the best bid is the caller's."""
    market, tier = row["market"], row["tier"]
    return {
        "number": row["number"],
        "market": codes[market],
        "name": GOODS[market % len(GOODS)].name,
        "origin": LotOrigin(row["origin"]).name.lower(),
        "tier": tier,
        "level": row["level"],
        "condition": share(row["condition"]),
        "workers_max": TIER_WORKERS[tier - 1],
        "land_fee": credits_text(land_fee_minor(AMOUNTS, tier, level)),
        "reserve": credits_text(row["reserve"]),
        "best": credits_text(row["best"]) if row["best"] else None,
        "own": own,
        "bids": row["bids"],
        "next_bid": credits_text(next_bid(row["reserve"], row["best"])),
        "ends_tick": row["ends"],
        "tick": row["tick"],
    }


def member(row: Mapping[str, Any] | None) -> dict[str, Any]:
    """Work contract, household and protection; of nobody yet when there is no row."""
    found = row or {}
    days = max(0, found.get("work_until", 0) - found.get("day", 0))
    needs = found.get("needs", 0)
    return {
        "working": days > 0,
        "days_left": days,
        "worked_days": found.get("worked_days", 0),
        "earned": credits_text(found.get("earned", 0)),
        "needs": {"on": needs > 0, "region": needs - 1 if needs else None,
                  "fed": bool(found.get("fed", False))},
        "protected_until_tick": found.get("protected_until", 0) or None,
        "sites": found.get("sites", 0),
    }  # fmt: skip


def note(
    row: Mapping[str, Any], ids: Mapping[int, Any], codes: Sequence[str] = CODES
) -> dict[str, Any]:
    """Something that happened; `ids` has the sites' ids by deed."""
    return {
        "kind": WorksEvent(row["kind"]).name.lower(),
        "market": codes[row["market"]] if row["market"] >= 0 else None,
        "site": str(ids[row["deed"]]) if row["deed"] in ids else None,
        "quantity": row["quantity"],
        "amount": credits_text(row["amount"]),
        "tick": row["tick"],
    }
