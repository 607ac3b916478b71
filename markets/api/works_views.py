"""The REST door of participants' own economies: work, sites, research, prospects, household.

Every write takes `preview=true`, which answers what it would come to and submits nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from markets import messages, services, works_messages, works_previews, works_selectors
from markets.api import works_schema as schema
from markets.api.views import submitted
from worlds.api.base import ParticipantView, query_integer
from worlds.api.errors import FieldError, Problem

NOTES_DEFAULT = 50


class WorksView(ParticipantView):
    """A view of the caller's own economy."""

    projection = "works"
    limit_group = "orders"

    def decide(
        self,
        request: Request,
        preview: Callable[[], dict[str, Any]],
        submit: Callable[[str | None], Any],
    ) -> Response:
        """Answer with a preview, or submit the command under its idempotency key."""
        asked = request.query_params.get("preview")
        if asked not in (None, "true"):
            raise Problem.of_fields([FieldError("preview", "bad_enum", "One of: true.")])
        if asked:
            return self.fresh({"preview": preview()})
        key = messages.idempotency_key(request.headers.get("Idempotency-Key"), None)
        return submitted(request, self.participant, submit(key))

    def parsed(self, request: Request, message: type[messages.StrictSerializer]) -> dict[str, Any]:
        """The request's fields; no body at all is an empty object."""
        return messages.parse(message, request.data or {}, self.world.regions)


class WorkView(WorksView):
    """The caller's work contract."""

    @extend_schema(**schema.work_read)
    def get(self, request: Request) -> Response:
        """Read the contract, the household and the newcomer's protection."""
        return self.fresh(works_selectors.member_for_player(self.participant))

    @extend_schema(**schema.work_start)
    def post(self, request: Request) -> Response:
        """Begin a contract of public work, or begin its term anew."""
        self.parsed(request, works_messages.NothingMessage)
        return self.decide(
            request,
            lambda: works_previews.work(self.participant),
            lambda key: services.work_start(participant=self.participant, key=key),
        )

    @extend_schema(**schema.work_stop)
    def delete(self, request: Request) -> Response:
        """End the contract; the running day is not paid."""
        return self.decide(
            request,
            lambda: {"cost": "0.000"},
            lambda key: services.work_stop(participant=self.participant, key=key),
        )


class NeedsView(WorksView):
    """The caller's household."""

    @extend_schema(**schema.needs_set)
    def post(self, request: Request) -> Response:
        """Keep a household that eats a basket a day, or keep none."""
        data = self.parsed(request, works_messages.SetNeedsMessage)
        return self.decide(
            request,
            lambda: works_previews.set_needs(self.participant, data),
            lambda key: services.needs_set(participant=self.participant, data=data, key=key),
        )


class ProspectView(WorksView):
    """Prospecting."""

    @extend_schema(**schema.prospect_buy)
    def post(self, request: Request) -> Response:
        """Buy tickets to look for deposits."""
        data = self.parsed(request, works_messages.BuyProspectMessage)
        return self.decide(
            request,
            lambda: works_previews.buy_prospect(self.participant, data),
            lambda key: services.prospect_buy(participant=self.participant, data=data, key=key),
        )


class NoteListView(WorksView):
    """What happened in the caller's economy."""

    @extend_schema(**schema.note_list)
    def get(self, request: Request) -> Response:
        """List what happened, newest first."""
        limit = query_integer(request, "limit", 1, works_selectors.NOTES_MAX) or NOTES_DEFAULT
        return self.fresh({"data": works_selectors.notes_for_player(self.participant, limit)})


class SiteListView(WorksView):
    """The caller's sites."""

    @extend_schema(**schema.site_list)
    def get(self, request: Request) -> Response:
        """List the sites, oldest first."""
        return self.fresh({"data": works_selectors.sites_for_player(self.participant)})

    @extend_schema(**schema.site_buy)
    def post(self, request: Request) -> Response:
        """Buy a site of the first tier; its id is that of the command."""
        data = self.parsed(request, works_messages.BuySiteMessage)
        return self.decide(
            request,
            lambda: works_previews.buy_site(self.participant, data),
            lambda key: services.site_buy(participant=self.participant, data=data, key=key),
        )


class OneSiteView(WorksView):
    """A view of one of the caller's sites."""

    def row(self, site_id: UUID) -> dict[str, Any]:
        """The site's row; somebody else's is not found."""
        found = works_selectors.site_row_for_player(self.participant, site_id)
        if found is None:
            raise Problem("site_not_found")
        return found

    def act(
        self, request: Request, site_id: UUID, act: str, preview: Callable[..., dict[str, Any]]
    ) -> Response:
        """Preview or submit an act without fields."""
        if request.method == "POST":
            self.parsed(request, works_messages.NothingMessage)
        return self.decide(
            request,
            lambda: preview(self.participant, self.row(site_id)),
            lambda key: services.site_act(
                participant=self.participant, site=site_id, act=act, key=key
            ),
        )


class SiteDetailView(OneSiteView):
    """One site."""

    @extend_schema(**schema.site_read)
    def get(self, request: Request, site_id: UUID) -> Response:
        """Read one site; somebody else's is not found."""
        found = works_selectors.site_for_player(self.participant, site_id)
        if found is None:
            raise Problem("site_not_found")
        return self.fresh({"site": found})

    @extend_schema(**schema.site_set)
    def post(self, request: Request, site_id: UUID) -> Response:
        """Run the site by these rules from now on."""
        data = self.parsed(request, works_messages.SetSiteMessage)
        return self.decide(
            request,
            lambda: works_previews.set_site(self.participant, self.row(site_id), data),
            lambda key: services.site_set(
                participant=self.participant, site=site_id, data=data, key=key
            ),
        )

    @extend_schema(**schema.site_sell)
    def delete(self, request: Request, site_id: UUID) -> Response:
        """Give the site back to the treasury."""
        return self.act(request, site_id, "sell", works_previews.sell_site)


class SiteUpgradeView(OneSiteView):
    """The next tier of a site."""

    @extend_schema(**schema.site_upgrade)
    def post(self, request: Request, site_id: UUID) -> Response:
        """Buy the licence of the next tier."""
        return self.act(request, site_id, "upgrade", works_previews.upgrade_site)


class SiteResearchView(OneSiteView):
    """The next research level of a site."""

    @extend_schema(**schema.site_research)
    def post(self, request: Request, site_id: UUID) -> Response:
        """Use up intellectual property for two percent more productivity."""
        return self.act(request, site_id, "research", works_previews.research_site)
