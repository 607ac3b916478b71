"""Pages of the markets: the landing page and a market's page, with their first figures in them."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.csrf import ensure_csrf_cookie
from django.views.decorators.http import require_safe

from economy_engine.goods import GOODS_COUNT, REGION_NAMES, market_codes
from markets import selectors, series
from players.services import player_seen
from worlds import selectors as world_selectors
from worlds.api.entry import participant_shape
from worlds.api.freshness import stand

CANDLE_INTERVAL = 10
CANDLES_ON_PAGE = 300
TAPE_GOOD = "FOOD"  # whose trades the first page shows


def _page_context(request: HttpRequest) -> tuple[dict[str, Any], Any]:
    """What every page shows of the world; and the world itself, None while it is being made."""
    world = world_selectors.world_by_slug(settings.WORLD_DEFAULT)
    if world is None or world.state == "creating":
        return {"world": {}, "markets": [], "indicators": {}}, None
    # The position is read first: what follows is at least as new as it says.
    at = stand(world.pk, "markets")
    shown = {
        "slug": world.slug,
        "name": world.name,
        "agents": world.agents,
        "state": world.state,
        "tick": at.tick,
        "commit": at.commit,
    }
    context = {
        "world": shown,
        "markets": selectors.markets(world),
        "indicators": selectors.indicators(world),
    }
    return context, world


def _player(request: HttpRequest, world: Any) -> dict[str, Any] | None:
    """The caller and the caller's participant, for the page's own script."""
    if not request.user.is_authenticated:
        return None
    if player_seen(request.user):
        # Sessions slide without a write per request.
        request.session.modified = True
    participant = world_selectors.participant_for_player(request.user, world) if world else None
    return {
        "name": request.user.get_username(),
        "is_guest": request.user.is_guest,
        "participant": participant_shape(participant) if participant else None,
        "participant_id": participant.pk if participant else None,
    }


@require_safe
@ensure_csrf_cookie
def landing(request: HttpRequest) -> HttpResponse:
    """What this is, the living markets, and one button."""
    context, world = _page_context(request)
    regions = world.regions if world is not None else 1
    tape = selectors.code_like(TAPE_GOOD, regions) or TAPE_GOOD
    shown = {"tape": tape, "tape_region": tape.partition(".")[2]}
    return render(request, "landing.html", context | shown)


@require_safe
@ensure_csrf_cookie
def market(request: HttpRequest, code: str) -> HttpResponse:
    """One market: chart, book, trades and ticket; the socket goes on from what is rendered here.

    The code of a good of another world leads to the market that this world has for it.
    """
    context, world = _page_context(request)
    regions = world.regions if world is not None else 1
    index = selectors.market_index(code, regions)
    if index is None:
        other = selectors.code_like(code, regions)
        if other is None:
            raise Http404
        return redirect("market", code=other)
    player = _player(request, world)
    detail = selectors.market_detail(world, index) if world is not None else None
    summary = detail["market"] if detail else {"code": code, "name": None, "last": None}
    island: dict[str, Any] = {
        "world": context["world"],
        "tick": context["world"].get("tick"),
        "market": summary,
        "indicators": context["indicators"],
        "book": detail["book"] if detail else None,
        "trades": detail["trades"] if detail else [],
        "candles": [],
        "player": player,
    }
    if world is not None:
        island["candles"] = selectors.candles(world, index, CANDLE_INTERVAL, CANDLES_ON_PAGE)
    if player is not None:
        number = player.pop("participant_id")
        if number is not None:
            commit, account = selectors.account_snapshot(number)
            island |= account | {"account_offset": commit}
    return render(request, "market.html", context | {"market": summary, "island": island})


# What the page shows small: figures of the world by group, and of each resource.
GROUPS = (
    ("Prices", ("cpi", "core_cpi", "inflation", "policy_rate")),
    ("Work and output", ("unemployment", "vacancy_rate", "real_gdp", "wage")),
    ("Money and wealth", ("money", "velocity", "wealth_gini", "unmet_needs")),
    ("Mood", ("mood", "fear", "greed", "volatility_multiplier")),
)
RESOURCES = ("reserves", "price_multiplier", "stock_to_use")
BY_REGION = "regional_cpi"


def _tiles_by_region(figure: series.Series, regions: int) -> dict[str, Any]:
    """A group of one figure, a tile for each region; a tile names the market it is told at."""
    figures = [
        {"name": f"{figure.name}@{code}", "title": REGION_NAMES[code.partition(".")[2]]}
        for code in market_codes(regions)[::GOODS_COUNT]
    ]
    return {"title": figure.title, "figures": figures, "wide": True}


@require_safe
@ensure_csrf_cookie
def economy(request: HttpRequest) -> HttpResponse:
    """The whole economy: its indicators with their newest days, one of them large, and the news."""
    context, world = _page_context(request)
    names = [name for _, group in GROUPS for name in group]
    tiles: list[dict[str, Any]] = [
        {"title": title, "figures": [series.SERIES[name]._asdict() for name in group]}
        for title, group in GROUPS
    ]
    regions = world.regions if world is not None else 1
    if regions > 1:
        tiles.append(_tiles_by_region(series.SERIES[BY_REGION], regions))
        names.append(BY_REGION)
    player = _player(request, world)
    if player is not None:
        player.pop("participant_id")
    island: dict[str, Any] = {
        "world": context["world"],
        "tick": context["world"].get("tick"),
        "indicators": context["indicators"],
        "catalogue": series.catalogue(world.preset, regions) if world else [],
        "days": series.sparks(world, [*names, *RESOURCES]) if world else {},
        "news": series.news(world) if world else [],
        "player": player,
    }
    return render(request, "economy.html", context | {"groups": tiles, "island": island})


@require_safe
@ensure_csrf_cookie
def works(request: HttpRequest) -> HttpResponse:
    """The caller's own economy; its figures come from the REST door, as clients get them."""
    context, world = _page_context(request)
    player = _player(request, world)
    if player is not None:
        player.pop("participant_id")
    return render(request, "works.html", context | {"island": {"player": player}})
