"""Shapes of the own economy's answers for the OpenAPI document."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from economy_engine.limits import QUANTITY_LOTS_MAX, REGIONS_MAX
from economy_engine.works import MARKUP_PPM_MAX, TICKETS_MAX, WORKERS_MAX, SiteState, WorksEvent
from markets.api.schema import MARKET_CODE
from markets.works_messages import PRICING
from worlds.api.schema import (
    KEY,
    MIN_COMMIT,
    WAIT,
    CommandSerializer,
    FreshSerializer,
    query,
    responses,
)

_OWN = (400, 401, 403, 404, 409, 429, 503)
_WRITE = (400, 401, 403, 404, 409, 411, 413, 422, 429, 503)
PREVIEW = query("preview", str, "`true`: say what it would come to, change nothing.", enum=["true"])


def credits_field(**kwargs: Any) -> serializers.CharField:
    """Money on the wire."""
    return serializers.CharField(help_text="Credits, exactly three decimals.", **kwargs)


def fraction_field(**kwargs: Any) -> serializers.CharField:
    """A share on the wire."""
    return serializers.CharField(help_text="A fraction, four decimals.", **kwargs)


class NeedsSerializer(serializers.Serializer):
    """The household: whether there is one, where, and whether it was fed on the last day."""

    on = serializers.BooleanField()
    region = serializers.IntegerField(allow_null=True)
    fed = serializers.BooleanField()


class WorkReadSerializer(FreshSerializer):
    """The caller's work contract, household and protection."""

    working = serializers.BooleanField()
    days_left = serializers.IntegerField()
    worked_days = serializers.IntegerField()
    earned = credits_field()
    needs = NeedsSerializer()
    protected_until_tick = serializers.IntegerField(allow_null=True)
    sites = serializers.IntegerField()


class SiteSerializer(serializers.Serializer):
    """A site as its owner sees it. Lots are per game day."""

    id = serializers.UUIDField()
    market = serializers.CharField()
    name = serializers.CharField()
    state = serializers.CharField(
        help_text=f"One of: {', '.join(state.name.lower() for state in SiteState)}."
    )
    tier = serializers.IntegerField()
    level = serializers.IntegerField()
    condition = fraction_field()
    insured = serializers.BooleanField()
    workers = serializers.IntegerField()
    workers_wanted = serializers.IntegerField()
    workers_max = serializers.IntegerField()
    wage = credits_field()
    output = serializers.IntegerField()
    pricing = serializers.ChoiceField(list(PRICING))
    price = credits_field(allow_null=True)
    markup_ppm = serializers.IntegerField()
    keep = serializers.IntegerField()
    buy_inputs = serializers.BooleanField()
    made = serializers.IntegerField()
    made_total = serializers.IntegerField()
    marginal_cost = credits_field()
    scarcity_rent = credits_field()
    reference_price = credits_field()
    margin = fraction_field()
    unsold = fraction_field()
    land_fee = credits_field()
    unpaid_days = serializers.IntegerField()
    paid = credits_field()
    offer = credits_field(allow_null=True)
    resale = credits_field()
    upgrade_price = credits_field(allow_null=True)
    research_units = serializers.IntegerField(allow_null=True)
    licence_price = credits_field(allow_null=True)
    tick = serializers.IntegerField()


class SiteListSerializer(FreshSerializer):
    """The caller's sites, oldest first."""

    data = SiteSerializer(many=True)


class SiteReadSerializer(FreshSerializer):
    """One site."""

    site = SiteSerializer()


class NoteSerializer(serializers.Serializer):
    """Something that happened; `amount` is what the account gained by it."""

    kind = serializers.ChoiceField([kind.name.lower() for kind in WorksEvent])
    market = serializers.CharField(allow_null=True)
    site = serializers.UUIDField(allow_null=True)
    quantity = serializers.IntegerField()
    amount = credits_field()
    tick = serializers.IntegerField()


class NoteListSerializer(FreshSerializer):
    """What happened, newest first."""

    data = NoteSerializer(many=True)


class PreviewBodySerializer(serializers.Serializer):
    """An estimate at the newest prices; per game day. Only what applies is there."""

    cost = credits_field()
    cash = credits_field(required=False)
    affordable = serializers.BooleanField(required=False)
    output = serializers.CharField(required=False)
    workers = serializers.IntegerField(required=False)
    wages = credits_field(required=False)
    input_cost = credits_field(required=False)
    inputs = serializers.DictField(required=False)
    land_fee = credits_field(required=False)
    revenue = credits_field(required=False)
    profit = credits_field(required=False)
    profit_gain = credits_field(required=False)
    marginal_cost = credits_field(required=False)
    scarcity_rent = credits_field(required=False)
    margin = fraction_field(required=False)
    payback_days = serializers.CharField(required=False, allow_null=True)
    asking_price = credits_field(required=False)
    pricing = serializers.CharField(required=False)
    wage = credits_field(required=False)
    tax = credits_field(required=False)
    days = serializers.IntegerField(required=False)
    total = credits_field(required=False)
    tier = serializers.IntegerField(required=False)
    level = serializers.IntegerField(required=False)
    units = serializers.IntegerField(required=False)
    units_held = serializers.IntegerField(required=False)
    units_value = credits_field(required=False)
    received = credits_field(required=False)
    insurance = credits_field(required=False)
    ticket = credits_field(required=False)
    probability = fraction_field(required=False)
    finders_share = credits_field(required=False)
    expected = credits_field(required=False)
    reserve_share = fraction_field(required=False)
    price = credits_field(required=False)
    fee = credits_field(required=False)
    fair = credits_field(required=False)
    floor = credits_field(required=False)
    ceiling = credits_field(required=False)
    basket = serializers.DictField(required=False)
    basket_value = credits_field(required=False)
    bonus = fraction_field(required=False)


@extend_schema_field(PreviewBodySerializer)
class _Preview(serializers.DictField):
    pass


class SubmittedSerializer(CommandSerializer):
    """The command, or with `preview=true` the preview alone."""

    command_id = serializers.UUIDField(required=False)
    preview = _Preview(required=False)


class NeedsSetSerializer(serializers.Serializer):
    """The household as it is asked for."""

    on = serializers.BooleanField()
    region = serializers.IntegerField(required=False, min_value=0, max_value=REGIONS_MAX - 1)


class SiteBuySerializer(serializers.Serializer):
    """The good that the site makes."""

    market = serializers.RegexField(MARKET_CODE)


class SiteSetSerializer(serializers.Serializer):
    """All rules of a site. `price` goes with manual pricing, `markup_ppm` with the others."""

    output = serializers.IntegerField(min_value=0, max_value=QUANTITY_LOTS_MAX)
    wage = credits_field()
    workers = serializers.IntegerField(min_value=0, max_value=WORKERS_MAX)
    pricing = serializers.ChoiceField(list(PRICING))
    price = credits_field(required=False)
    markup_ppm = serializers.IntegerField(
        required=False, min_value=-MARKUP_PPM_MAX, max_value=MARKUP_PPM_MAX
    )
    keep = serializers.IntegerField(required=False, min_value=0, max_value=QUANTITY_LOTS_MAX)
    buy_inputs = serializers.BooleanField()


class ProspectSerializer(serializers.Serializer):
    """Tickets to look for deposits of a finite good."""

    market = serializers.RegexField(MARKET_CODE)
    tickets = serializers.IntegerField(min_value=1, max_value=TICKETS_MAX)


def write_of(name: str, request: Any, *more: Any) -> dict[str, Any]:
    """The description of a write that is answered twice and can be previewed."""
    return {
        "operation_id": name,
        "parameters": [*more, PREVIEW, KEY, WAIT],
        "request": request,
        "responses": responses({200: SubmittedSerializer, 202: SubmittedSerializer}, *_WRITE),
    }


def read_of(name: str, answer: Any, *more: Any) -> dict[str, Any]:
    """The description of a read."""
    return {
        "operation_id": name,
        "parameters": [*more, MIN_COMMIT],
        "responses": responses({200: answer}, *_OWN),
    }


work_read = read_of("work_read", WorkReadSerializer)
work_start = write_of("work_start", None)
work_stop = write_of("work_stop", None)
needs_set = write_of("needs_set", NeedsSetSerializer)
prospect_buy = write_of("prospects_buy", ProspectSerializer)
site_list = read_of("sites_list", SiteListSerializer)
site_buy = write_of("sites_buy", SiteBuySerializer)
site_read = read_of("sites_read", SiteReadSerializer)
site_set = write_of("sites_set", SiteSetSerializer)
site_sell = write_of("sites_sell", None)
site_upgrade = write_of("sites_upgrade", None)
site_research = write_of("sites_research", None)
note_list = read_of(
    "works_list", NoteListSerializer, query("limit", int, "1 to 200; 50 by default.")
)
