"""Shapes of deals between participants for the OpenAPI document."""

from __future__ import annotations

from rest_framework import serializers

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


offer_list = read_of("offers_list", OfferListSerializer, query("market", str, "Only of a market."))
offer_take = write_of("offers_take", DealSerializer)
site_offer = write_of("sites_offer", DealSerializer)
offer_end = write_of("sites_offer_end", None)
