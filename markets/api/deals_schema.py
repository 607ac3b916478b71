"""Shapes of deals between participants for the OpenAPI document."""

from __future__ import annotations

from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers

from economy_engine.deals import LotOrigin
from economy_engine.works import SiteState
from markets.api.works_schema import credits_field, fraction_field, read_of, write_of
from worlds.api.schema import FreshSerializer, query


class OfferSerializer(serializers.Serializer):
    """A site that a participant offers. `own`: it is the caller's."""

    id = serializers.UUIDField()
    market = serializers.CharField()
    name = serializers.CharField()
    price = credits_field()
    own = serializers.BooleanField()
    state = serializers.CharField(
        help_text=f"One of: {', '.join(state.name.lower() for state in SiteState)}."
    )
    unpaid_days = serializers.IntegerField()
    tier = serializers.IntegerField()
    level = serializers.IntegerField()
    condition = fraction_field()
    workers = serializers.IntegerField()
    workers_max = serializers.IntegerField()
    made = serializers.IntegerField()
    land_fee = credits_field()
    tick = serializers.IntegerField()


class OfferListSerializer(FreshSerializer):
    """The offered sites, cheapest first."""

    data = OfferSerializer(many=True)


class DealSerializer(serializers.Serializer):
    """A price: what is asked, or the most that is paid."""

    price = credits_field()


class PatentSerializer(serializers.Serializer):
    """A patent. `fee` is for four jobs, null when nobody may use it; earnings are the owner's."""

    good = serializers.CharField()
    name = serializers.CharField()
    level = serializers.IntegerField()
    own = serializers.BooleanField()
    fee = credits_field(allow_null=True)
    until_tick = serializers.IntegerField()
    tick = serializers.IntegerField()
    licences = serializers.IntegerField(required=False)
    earned = credits_field(required=False)


class PatentListSerializer(FreshSerializer):
    """The patents that hold."""

    data = PatentSerializer(many=True)


class SiteAuctionSerializer(serializers.Serializer):
    """A site under the hammer. `own`: the best bid is the caller's; `next_bid`: the least taken."""

    number = serializers.IntegerField()
    market = serializers.CharField()
    name = serializers.CharField()
    origin = serializers.ChoiceField([origin.name.lower() for origin in LotOrigin])
    tier = serializers.IntegerField()
    level = serializers.IntegerField()
    condition = fraction_field()
    workers_max = serializers.IntegerField()
    land_fee = credits_field()
    reserve = credits_field()
    best = credits_field(allow_null=True)
    own = serializers.BooleanField()
    bids = serializers.IntegerField()
    next_bid = credits_field()
    ends_tick = serializers.IntegerField()
    tick = serializers.IntegerField()


class SiteAuctionListSerializer(FreshSerializer):
    """The auctions that run."""

    data = SiteAuctionSerializer(many=True)


class LicenceFeeSerializer(serializers.Serializer):
    """What the use of a patent costs a site for each four jobs."""

    fee = credits_field()


_PLACE = [
    OpenApiParameter("good", str, OpenApiParameter.PATH, description="A good, without region."),
    OpenApiParameter("level", int, OpenApiParameter.PATH, description="Level of research."),
]
offer_list = read_of("offers_list", OfferListSerializer, query("market", str, "Only of a market."))
offer_take = write_of("offers_take", DealSerializer)
site_offer = write_of("sites_offer", DealSerializer)
offer_end = write_of("sites_offer_end", None)
licence_take = write_of("sites_licence", DealSerializer)
patent_list = read_of("patents_list", PatentListSerializer)
licence_offer = write_of("patents_license", LicenceFeeSerializer, *_PLACE)
licence_end = write_of("patents_license_end", None, *_PLACE)
auction_list = read_of("auctions_list", SiteAuctionListSerializer)
auction_bid = write_of(
    "auctions_bid",
    DealSerializer,
    OpenApiParameter("number", int, OpenApiParameter.PATH, description="Number of the auction."),
)
