"""The REST door of deals between participants: offered sites.

As all writes of the own economy these take `preview=true`.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from economy_engine.goods import market_numbers
from markets import deals_previews, services, works_messages, works_selectors
from markets.api import deals_schema as schema
from markets.api.works_views import OneSiteView, WorksView
from worlds.api.errors import Problem


class SiteOfferView(OneSiteView):
    """The offer of one of the caller's sites."""

    @extend_schema(**schema.site_offer)
    def post(self, request: Request, site_id: UUID) -> Response:
        """Offer the site at a price, or at another price."""
        data = self.parsed(request, works_messages.DealMessage)
        return self.decide(
            request,
            lambda: deals_previews.offer_site(self.participant, self.row(site_id), data),
            lambda key: services.site_offer(
                participant=self.participant, site=site_id, data=data, key=key
            ),
        )

    @extend_schema(**schema.offer_end)
    def delete(self, request: Request, site_id: UUID) -> Response:
        """Offer the site no longer."""
        return self.act(request, site_id, "end_offer", lambda *_: {"cost": "0.000"})


class OfferListView(WorksView):
    """What participants offer."""

    @extend_schema(**schema.offer_list)
    def get(self, request: Request) -> Response:
        """List the offered sites, cheapest first."""
        code = request.query_params.get("market")
        numbers = market_numbers(self.world.regions)
        if code is not None and code not in numbers:
            raise Problem("unknown_symbol")
        market = numbers[code] if code else None
        return self.fresh({"data": works_selectors.offers(self.participant, market)})


class OfferDetailView(WorksView):
    """One offered site."""

    @extend_schema(**schema.offer_take)
    def post(self, request: Request, site_id: UUID) -> Response:
        """Buy the site for what is asked, when that is at most `price`."""
        data = self.parsed(request, works_messages.DealMessage)
        return self.decide(
            request,
            lambda: deals_previews.take_site(self.participant, self.row(site_id), data),
            lambda key: services.offer_take(
                participant=self.participant, site=site_id, data=data, key=key
            ),
        )

    def row(self, site_id: UUID) -> dict[str, Any]:
        """The offered site's row."""
        found = works_selectors.offered_row(self.participant, site_id)
        if found is None:
            raise Problem("offer_not_found")
        return found
