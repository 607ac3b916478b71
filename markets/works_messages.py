"""What participants ask of their own economies, as both previews and commands take it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rest_framework import serializers

from economy_engine.limits import QUANTITY_LOTS_MAX, REGIONS_MAX
from economy_engine.works import MARKUP_PPM_MAX, TICKETS_MAX, WORKERS_MAX, Pricing
from markets.messages import CodeField, IntegerField, MarketField, PriceField, StrictSerializer

PRICING: Mapping[str, int] = {word.name.lower(): int(word) for word in Pricing}


class FlagField(serializers.BooleanField):
    """A JSON boolean and nothing else."""

    def to_internal_value(self, data: Any) -> bool:
        if not isinstance(data, bool):
            raise serializers.ValidationError("true or false is expected.", code="bad_type")
        return data


class NothingMessage(StrictSerializer):
    """A request without fields."""


class SetNeedsMessage(StrictSerializer):
    """`POST /api/needs`."""

    on = FlagField()
    region = IntegerField(low=0, high=REGIONS_MAX - 1, required=False)


class BuySiteMessage(StrictSerializer):
    """`POST /api/sites`: the good that the site makes."""

    market = MarketField()


class SetSiteMessage(StrictSerializer):
    """`POST /api/sites/<id>`: the rules by which a site runs from now on, all of them."""

    output = IntegerField(low=0, high=QUANTITY_LOTS_MAX, range_code="lot_size")
    wage = PriceField()
    workers = IntegerField(low=0, high=WORKERS_MAX)
    pricing = CodeField(PRICING)
    price = PriceField(required=False)
    markup_ppm = IntegerField(low=-MARKUP_PPM_MAX, high=MARKUP_PPM_MAX, required=False)
    keep = IntegerField(low=0, high=QUANTITY_LOTS_MAX, range_code="lot_size", required=False)
    buy_inputs = FlagField()

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """A price belongs to manual pricing, a markup to the other two."""
        manual = attrs["pricing"] == Pricing.MANUAL
        wrong = None
        if manual and "price" not in attrs:
            wrong = ("price", "Manual pricing needs a price.", "missing_field")
        elif not manual and "price" in attrs:
            wrong = ("price", "Only manual pricing has a price.", "out_of_range")
        elif manual and "markup_ppm" in attrs:
            wrong = ("markup_ppm", "Manual pricing has no markup.", "out_of_range")
        if wrong:
            field, text, code = wrong
            raise serializers.ValidationError({field: [serializers.ErrorDetail(text, code=code)]})
        attrs.setdefault("keep", 0)
        return attrs


class DealMessage(StrictSerializer):
    """An offer or its taking: `POST /api/sites/<id>/offer`, `POST /api/offers/<id>`."""

    price = PriceField()


class LicenceMessage(StrictSerializer):
    """`POST /api/patents/<good>/<level>`: the fee for four jobs."""

    fee = PriceField()


class BuyProspectMessage(StrictSerializer):
    """`POST /api/prospects`."""

    market = MarketField()
    tickets = IntegerField(low=1, high=TICKETS_MAX)
