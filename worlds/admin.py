"""Worlds in the admin: rows are read, the world itself is changed by commands alone."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import ActionForm
from django.contrib.admin.models import CHANGE, LogEntry
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.html import format_html

from economy_engine import commands
from economy_engine.errors import RejectReason
from players.models import User
from worlds import compatibility, services
from worlds.interventions import BY_NAME, INTERVENTIONS
from worlds.models import Fork, JournalEntry, Participant, SnapshotRecord, World

REASON_CHARS_MAX = 200
JOURNAL_PAGE = 100


class ReadOnlyAdmin(admin.ModelAdmin):
    """Rows that nobody edits: they follow from the journal."""

    actions: Any = None

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody adds."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody changes."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody deletes."""
        return False


class ReasonForm(ActionForm):
    """An action on a world says why; the reason is kept in the admin's log."""

    reason = forms.CharField(max_length=REASON_CHARS_MAX, required=False)
    event = forms.ChoiceField(
        required=False,
        choices=[("", "no event"), *((each.name, each.text) for each in INTERVENTIONS)],
    )


@admin.register(World)
class WorldAdmin(ReadOnlyAdmin):
    """Where each world stands; halt and resume are commands in its journal."""

    list_display = (
        "slug", "preset", "agents", "state", "tick", "commit", "seq", "epoch", "holder", "moved_at",
        "branch_of", "obstacle",
    )  # fmt: skip
    list_select_related = ("head", "fork__parent")
    readonly_fields = (
        "tick", "commit", "seq", "epoch", "holder", "moved_at", "branch_of", "obstacle", "journal",
    )  # fmt: skip
    action_form = ReasonForm
    actions: Any = ("halt", "resume", "intervene")

    def _head(self, world: World, name: str) -> Any:
        head = getattr(world, "head", None)
        return getattr(head, name, None)

    @admin.display(description="tick")
    def tick(self, world: World) -> Any:
        """Tick of the newest commit."""
        return self._head(world, "tick")

    @admin.display(description="commit")
    def commit(self, world: World) -> Any:
        """Number of the newest commit."""
        return self._head(world, "commit")

    @admin.display(description="seq")
    def seq(self, world: World) -> Any:
        """Number of the newest decided command."""
        return self._head(world, "seq")

    @admin.display(description="epoch")
    def epoch(self, world: World) -> Any:
        """Fencing token of the lease."""
        return self._head(world, "epoch")

    @admin.display(description="holder")
    def holder(self, world: World) -> Any:
        """Who advances the world."""
        return self._head(world, "holder")

    @admin.display(description="moved at")
    def moved_at(self, world: World) -> Any:
        """When the newest commit was made."""
        moment = self._head(world, "moved_at")
        return moment and f"{moment:%Y-%m-%d %H:%M:%S} UTC"

    @admin.display(description="branch of")
    def branch_of(self, world: World) -> str | None:
        """The parent of a private branch and the tick it was taken at."""
        made = getattr(world, "fork", None)
        return f"{made.parent.slug} at tick {made.tick}" if made is not None else None

    @admin.display(description="obstacle")
    def obstacle(self, world: World) -> str | None:
        """Why no writer of this version goes on with the world."""
        found = compatibility.obstacle(world.pk)
        return f"{found.code}: {found.text}" if found is not None else None

    @admin.display(description="journal")
    def journal(self, world: World) -> str:
        """A link to the world's journal."""
        return format_html(
            '<a href="{}">Commands, newest first</a>',
            reverse("admin:worlds_world_journal", args=[world.pk]),
        )

    def has_operate_permission(self, request: HttpRequest) -> bool:
        """Who may halt and resume: staff with the right to change worlds."""
        return request.user.has_perm("worlds.change_world")

    @admin.action(description="Halt (needs a reason)", permissions=["operate"])
    def halt(self, request: HttpRequest, queryset: QuerySet[World]) -> None:
        """Submit a halt for each world."""
        reason = self._reason(request)
        if reason is None:
            return
        for world in queryset:
            receipt = services.world_halt(world=world, reason=reason, actor=_actor(request))
            self._note(request, world, f"halt: {reason} (command {receipt.command_id})")

    @admin.action(description="Resume (needs a reason)", permissions=["operate"])
    def resume(self, request: HttpRequest, queryset: QuerySet[World]) -> None:
        """Submit the end of a halt for each world."""
        reason = self._reason(request)
        if reason is None:
            return
        for world in queryset:
            receipt = services.world_resume(world=world, actor=_actor(request))
            self._note(request, world, f"resume: {reason} (command {receipt.command_id})")

    @admin.action(description="Let the event strike (needs a reason)", permissions=["operate"])
    def intervene(self, request: HttpRequest, queryset: QuerySet[World]) -> None:
        """Submit the chosen event for each world."""
        reason = self._reason(request)
        if reason is None:
            return
        event = BY_NAME.get(request.POST.get("event", ""))
        if event is None:
            self.message_user(request, "Choose an event: nothing was done.", messages.ERROR)
            return
        for world in queryset:
            receipts = services.world_intervene(
                world=world, intervention=event, reason=reason, actor=_actor(request)
            )
            self._note(request, world, f"{event.name}: {reason} (command {receipts[0].command_id})")

    def _reason(self, request: HttpRequest) -> str | None:
        reason = request.POST.get("reason", "").strip()
        if not reason or len(reason) > REASON_CHARS_MAX:
            self.message_user(request, "Say why: nothing was done.", messages.ERROR)
            return None
        return reason

    def _note(self, request: HttpRequest, world: World, text: str) -> None:
        LogEntry.objects.log_actions(
            user_id=_actor(request).pk,
            queryset=[world],
            action_flag=CHANGE,
            change_message=text,
            single_object=True,
        )
        self.message_user(request, f"{world.slug}: accepted, {text}")

    def get_urls(self) -> list[Any]:
        """Add the journal beside the model's own pages."""
        view = self.admin_site.admin_view(self.journal_view)
        own = [path("<int:world_id>/journal/", view, name="worlds_world_journal")]
        return own + super().get_urls()

    def journal_view(self, request: HttpRequest, world_id: int) -> HttpResponse:
        """The journal of a world, newest first; its key is composite, so it has its own page."""
        world = get_object_or_404(World, pk=world_id)
        if not self.has_view_permission(request, world):
            raise PermissionDenied
        rows = JournalEntry.objects.filter(world_id=world_id).order_by("-seq")
        before, participant = (_whole(request.GET.get(name)) for name in ("before", "participant"))
        if before is not None:
            rows = rows.filter(seq__lt=before)
        if participant is not None:
            rows = rows.filter(participant_id=participant)
        shown = [_journal_line(row) for row in rows[:JOURNAL_PAGE]]
        context = {
            **self.admin_site.each_context(request),
            "title": f"Journal of {world.slug}",
            "opts": self.model._meta,
            "world": world,
            "lines": shown,
            "participant": participant,
            "older": shown[-1]["seq"] if len(shown) == JOURNAL_PAGE else None,
        }
        return TemplateResponse(request, "admin/worlds/world/journal.html", context)


def _actor(request: HttpRequest) -> User:
    """The member of staff who acts; the admin lets nobody else get here."""
    assert isinstance(request.user, User)
    return request.user


def _whole(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 19 else None


def _journal_line(row: JournalEntry) -> dict[str, Any]:
    """One decided command in words."""
    try:
        _, command = commands.decode(bytes(row.payload))
        text = repr(command)
    except commands.BadCommandError as error:
        text = f"unreadable: {error}"
    return {
        "seq": row.seq,
        "tick": row.tick,
        "commit": row.commit,
        "participant_id": row.participant_id,
        "command_id": row.command_id,
        "outcome": RejectReason(row.status).code if row.status else "executed",
        "text": text,
    }


@admin.register(Fork)
class ForkAdmin(ReadOnlyAdmin):
    """Private branches of worlds, with their lineage; they end by themselves."""

    list_display = ("world", "parent", "tick", "seq", "owner", "created_at", "expires_at")
    list_select_related = ("world", "parent", "owner")
    list_filter = ("parent",)


@admin.register(Participant)
class ParticipantAdmin(ReadOnlyAdmin):
    """Players in worlds."""

    list_display = ("name", "id", "world", "player", "status", "protected", "created_at")
    list_filter = ("status", "world", "protected")
    list_select_related = ("world", "player")
    search_fields = ("name", "player__username", "=uuid")


@admin.register(SnapshotRecord)
class SnapshotAdmin(ReadOnlyAdmin):
    """Stored states."""

    list_display = ("world_id", "kind", "commit", "tick", "engine_version", "stored_bytes")
    list_filter = ("kind",)
    exclude = ("chain", "checksum")
