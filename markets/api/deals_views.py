"""The REST door of deals between participants: offered sites, patents and their licences,
and of auctions.

As all writes of the own economy these take `preview=true`.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from economy_engine.goods import INDEX, market_numbers
from economy_engine.limits import MONEY_MINOR_MAX
from economy_engine.works import LEVELS_MAX
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


class SiteLicenceView(OneSiteView):
    """The next level of a site by somebody's patent."""

    @extend_schema(**schema.licence_take)
    def post(self, request: Request, site_id: UUID) -> Response:
        """Take a licence for what is asked, when that is at most `price`."""
        data = self.parsed(request, works_messages.DealMessage)
        return self.decide(
            request,
            lambda: deals_previews.take_licence(self.participant, self.row(site_id), data),
            lambda key: services.licence_take(
                participant=self.participant, site=site_id, data=data, key=key
            ),
        )


class PatentListView(WorksView):
    """Who may ask for what."""

    @extend_schema(**schema.patent_list)
    def get(self, request: Request) -> Response:
        """List the patents that hold, by good and level."""
        return self.fresh({"data": works_selectors.patents(self.participant)})


class PatentDetailView(WorksView):
    """One of the caller's patents."""

    @extend_schema(**schema.licence_offer)
    def post(self, request: Request, good: str, level: int) -> Response:
        """Let others use the patent for a fee, or for another one."""
        fee = self.parsed(request, works_messages.LicenceMessage)["fee"]
        return self.decide(
            request,
            lambda: deals_previews.license_patent(self.participant, self.row(good, level), fee),
            lambda key: self.submit(good, level, fee, key),
        )

    @extend_schema(**schema.licence_end)
    def delete(self, request: Request, good: str, level: int) -> Response:
        """Let others use the patent no longer."""
        return self.decide(
            request, lambda: {"cost": "0.000"}, lambda key: self.submit(good, level, 0, key)
        )

    def submit(self, good: str, level: int, fee: int, key: str | None) -> Any:
        """Submit the fee; a level that nobody can reach is nobody's patent."""
        number = self.good(good)
        if not 1 <= level <= LEVELS_MAX:
            raise Problem("patent_not_found")
        return services.licence_offer(
            participant=self.participant, good=number, level=level, fee=fee, key=key
        )

    def good(self, code: str) -> int:
        """The good's number."""
        if code not in INDEX:
            raise Problem("unknown_symbol")
        return INDEX[code]

    def row(self, good: str, level: int) -> dict[str, Any]:
        """The caller's patent."""
        found = works_selectors.own_patent(self.participant, self.good(good), level)
        if found is None:
            raise Problem("patent_not_found")
        return found


class AuctionListView(WorksView):
    """What the treasury auctions."""

    @extend_schema(**schema.auction_list)
    def get(self, request: Request) -> Response:
        """List the auctions that run, the one that ends first before the others."""
        return self.fresh({"data": works_selectors.auctions(self.participant)})


class AuctionDetailView(WorksView):
    """One auction."""

    @extend_schema(**schema.auction_bid)
    def post(self, request: Request, number: int) -> Response:
        """Bid: the money is taken at once, and given back when somebody bids more."""
        data = self.parsed(request, works_messages.DealMessage)
        if not 1 <= number <= MONEY_MINOR_MAX:
            raise Problem("auction_not_found")
        return self.decide(
            request,
            lambda: deals_previews.bid_site(self.participant, self.row(number), data),
            lambda key: services.auction_bid(
                participant=self.participant, number=number, data=data, key=key
            ),
        )

    def row(self, number: int) -> dict[str, Any]:
        """The running auction."""
        found = works_selectors.auction_row(self.participant, number)
        if found is None:
            raise Problem("auction_not_found")
        return found
