"""Reads of participants' own economies; what belongs to somebody is read as that one alone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from economy_engine import deals
from economy_engine.deals import LotState
from economy_engine.events import Indicator
from economy_engine.goods import GOODS, market_codes
from economy_engine.works import SiteState
from markets import works_shapes
from markets.models import Balance, LotView, MarketStat, MemberView, PatentView, SiteView, WorksNote
from markets.selectors import newest_points
from markets.shapes import CASH
from worlds.models import Participant, World

SITES_MAX = 100
OFFERS_MAX = 200
NOTES_MAX = 200
START_WAGE_MINOR = 100_000.0  # until the first day's end tells the mean wage


def economy_figures(world: World) -> dict[str, Any]:
    """What previews reckon with: price level, wage, treasury, prices and reserves by market."""
    points = newest_points(world)
    last = dict(MarketStat.objects.filter(world_id=world.pk).values_list("market", "last"))
    fair, left = Indicator.EQUILIBRIUM_PRICE, Indicator.RESERVES
    return {
        "level": points.get((Indicator.PRICE_LEVEL, -1), 1.0),
        "wage": points.get((Indicator.WAGE, -1), START_WAGE_MINOR),
        # Until the first day's end nobody knows; then the wage is shown in full.
        "treasury": points.get((Indicator.TREASURY, -1), float("inf")),
        "money": points.get((Indicator.MONEY, -1), 0.0),
        "prices": {m: points.get((fair, m), float(price)) for m, price in last.items()},
        "reserves": {m: value for (found, m), value in points.items() if found == left},
    }


def _balance(participant: Participant, asset: int) -> int:
    rows = Balance.objects.filter(
        world_id=participant.world_id, participant_id=participant.pk, asset=asset
    )
    return rows.values_list("available", flat=True).first() or 0


def free_cash(participant: Participant) -> int:
    """Minor units that the participant may spend, as the read model has it."""
    return _balance(participant, CASH)


def free_lots(participant: Participant, market: int) -> int:
    """Lots of a market that are not held by an order."""
    return _balance(participant, market)


def _member(participant: Participant) -> dict[str, Any] | None:
    rows = MemberView.objects.filter(world_id=participant.world_id, participant_id=participant.pk)
    found = rows.values().first()
    return dict(found) if found else None


def member_for_player(participant: Participant) -> dict[str, Any]:
    """The participant's work contract, household and protection."""
    return works_shapes.member(_member(participant))


def is_fed(participant: Participant) -> bool:
    """Whether the household was supplied at the last day's end."""
    return bool((_member(participant) or {}).get("fed", False))


def is_protected(participant: Participant) -> bool:
    """Whether the newcomer's protection still runs."""
    return bool((_member(participant) or {}).get("protected_until", 0))


def site_row_for_player(participant: Participant, site_id: UUID) -> dict[str, Any] | None:
    """The read model's row of a living site of the participant; None for any other."""
    rows = SiteView.objects.filter(
        world_id=participant.world_id, participant_id=participant.pk, command_id=site_id
    )
    found = rows.exclude(state=SiteState.FREE).values().first()
    return dict(found) if found else None


def licence_row(participant: Participant, site: Mapping[str, Any]) -> dict[str, Any] | None:
    """The patent that a site's next level may be had by; None when nobody lets others use it."""
    return _licensed(participant).get((site["market"] % len(GOODS), site["level"] + 1))


def _licensed(participant: Participant) -> dict[tuple[int, int], dict[str, Any]]:
    """The patents that others may use, by good and level; the participant's own are left out."""
    rows = PatentView.objects.filter(world_id=participant.world_id, until__gt=0, fee__gt=0)
    found = rows.exclude(participant_id=participant.pk).values()
    return {(row["good"], row["level"]): dict(row) for row in found}


def _sites(participant: Participant, rows: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    level = economy_figures(participant.world)["level"]
    codes, licensed = market_codes(participant.world.regions), _licensed(participant)
    shapes = []
    for row in rows:
        patent = licensed.get((row["market"] % len(GOODS), row["level"] + 1))
        cost = deals.licence_cost(patent["fee"], row["tier"]) if patent else 0
        shapes.append(works_shapes.site(row, level, codes, cost))
    return shapes


def sites_for_player(participant: Participant) -> list[dict[str, Any]]:
    """The participant's sites, oldest first."""
    rows = SiteView.objects.filter(
        world_id=participant.world_id, participant_id=participant.pk
    ).exclude(state=SiteState.FREE)
    return _sites(participant, rows.order_by("deed").values()[:SITES_MAX])


def site_for_player(participant: Participant, site_id: UUID) -> dict[str, Any] | None:
    """One site of the participant; None also when it is somebody else's."""
    row = site_row_for_player(participant, site_id)
    return _sites(participant, [row])[0] if row else None


def patents(participant: Participant) -> list[dict[str, Any]]:
    """All patents that hold, by good and level."""
    rows = PatentView.objects.filter(world_id=participant.world_id, until__gt=0)
    return [
        works_shapes.patent(row, own=row["participant_id"] == participant.pk)
        for row in rows.order_by("good", "level").values()
    ]


def own_patent(participant: Participant, good: int, level: int) -> dict[str, Any] | None:
    """The row of a patent of the participant; None also when it is somebody else's."""
    rows = PatentView.objects.filter(
        world_id=participant.world_id, participant_id=participant.pk, good=good, level=level,
        until__gt=0,
    ).values()  # fmt: skip
    found = rows.first()
    return dict(found) if found else None


def _offered(participant: Participant) -> QuerySet[SiteView]:
    """The sites of the participant's world that somebody offers."""
    rows = SiteView.objects.filter(world_id=participant.world_id, offer__gt=0)
    return rows.exclude(state=SiteState.FREE)


def offers(participant: Participant, market: int | None = None) -> list[dict[str, Any]]:
    """The sites that participants offer, cheapest first; all of them or those of a market."""
    rows = _offered(participant)
    if market is not None:
        rows = rows.filter(market=market)
    level = economy_figures(participant.world)["level"]
    codes = market_codes(participant.world.regions)
    return [
        works_shapes.offer(row, level, own=row["participant_id"] == participant.pk, codes=codes)
        for row in rows.order_by("offer", "deed").values()[:OFFERS_MAX]
    ]


def offered_row(participant: Participant, site_id: UUID) -> dict[str, Any] | None:
    """The row of a site that somebody offers; None when nobody does."""
    found = _offered(participant).filter(command_id=site_id).values().first()
    return dict(found) if found else None


def auctions(participant: Participant) -> list[dict[str, Any]]:
    """The auctions that run, the one that ends first before the others."""
    rows = LotView.objects.filter(world_id=participant.world_id, state=LotState.OPEN)
    level = economy_figures(participant.world)["level"]
    codes = market_codes(participant.world.regions)
    return [
        works_shapes.auction(row, level, own=row["participant_id"] == participant.pk, codes=codes)
        for row in rows.order_by("ends", "number").values()
    ]


def auction_row(participant: Participant, number: int) -> dict[str, Any] | None:
    """The row of an auction that runs."""
    rows = LotView.objects.filter(
        world_id=participant.world_id, number=number, state=LotState.OPEN
    ).values()
    found = rows.first()
    return dict(found) if found else None


def notes_for_player(participant: Participant, limit: int) -> list[dict[str, Any]]:
    """What happened in the participant's economy, newest first."""
    rows = WorksNote.objects.filter(
        world_id=participant.world_id, participant_id=participant.pk
    ).order_by("-commit", "-position")
    found = list(rows.values()[: min(limit, NOTES_MAX)])
    deeds = {row["deed"] for row in found}
    sites = SiteView.objects.filter(world_id=participant.world_id, deed__in=deeds)
    ids = dict(sites.values_list("deed", "command_id"))
    codes = market_codes(participant.world.regions)
    return [works_shapes.note(row, ids, codes) for row in found]
