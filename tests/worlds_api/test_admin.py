"""The admin: reads everything, edits nothing, and acts by commands with a reason."""

from __future__ import annotations

import pytest
from django.contrib.admin.models import LogEntry
from django.db import connection
from django.urls import reverse

from economy_engine import commands, events
from players.models import User
from tests.markets.factories import (
    make_block,
    make_participant,
    make_world,
    order_id,
    project,
    rows,
)

pytestmark = pytest.mark.django_db
MODELS = (
    "worlds_world", "worlds_participant", "worlds_snapshotrecord", "markets_orderview",
    "markets_fillview", "markets_balance", "markets_marketstat", "markets_indicatorpoint",
    "markets_worldeventview", "players_user",
)  # fmt: skip


@pytest.fixture
def world():
    world = make_world()
    participant = make_participant(world, "mira")
    mine = {"participant": participant.pk}
    project(
        world,
        make_block(
            1,
            market_ticks=rows("market_ticks", {"tick": 1, "market": 0, "close": 100}),
            orders=rows("orders", mine | {"seq": 1, "price": 5, "quantity": 1, "left": 1}),
            fills=rows("fills", mine | {"seq": 1, "trade": 1, "price": 5, "quantity": 1}),
            balances=rows("balances", mine | {"asset": -1, "available": 5}),
            indicators=rows("indicators", {"id": 1, "market": -1, "value": 1.0}),
            world_events=rows("world_events", {"kind": 1}),
        ),
    )
    return world


@pytest.fixture
def admin_client(client):
    client.force_login(User.objects.create_superuser("boss", password="x"))
    return client


def _inbox():
    with connection.cursor() as cursor:
        cursor.execute("SELECT body FROM inbox ORDER BY id")
        return [commands.decode(bytes(row[0])) for row in cursor.fetchall()]


@pytest.mark.parametrize("name", MODELS)
def test_every_list_and_detail_is_shown(world, admin_client, name):
    page = admin_client.get(reverse(f"admin:{name}_changelist"))
    assert page.status_code == 200
    model = page.context["cl"].model
    first = model.objects.first()
    if first is not None:
        assert admin_client.get(reverse(f"admin:{name}_change", args=[first.pk])).status_code == 200


@pytest.mark.parametrize("name", [name for name in MODELS if name != "players_user"])
def test_rows_of_the_economy_cannot_be_added_changed_or_deleted(world, admin_client, name):
    assert admin_client.get(reverse(f"admin:{name}_add")).status_code == 403
    model = admin_client.get(reverse(f"admin:{name}_changelist")).context["cl"].model
    first = model.objects.first()
    if first is not None:
        for action in ("change", "delete"):
            address = reverse(f"admin:{name}_{action}", args=[first.pk])
            assert admin_client.post(address, {}).status_code == 403
        assert model.objects.filter(pk=first.pk).exists()


def _act(client, world, action, reason):
    address = reverse("admin:worlds_world_changelist")
    form = {"action": action, "reason": reason, "_selected_action": [world.pk]}
    return client.post(address, form, follow=True)


@pytest.mark.parametrize(("action", "kind"), [("halt", commands.Halt), ("resume", commands.Resume)])
def test_halt_and_resume_are_commands_with_a_reason(world, admin_client, action, kind):
    _act(admin_client, world, action, "   ")
    assert _inbox() == []
    _act(admin_client, world, action, "prices look wrong")
    ((header, command),) = _inbox()
    assert isinstance(command, kind)
    assert (header.participant, header.origin) == (0, commands.Origin.ADMIN)
    assert header.actor == User.objects.get(username="boss").pk
    assert "prices look wrong" in LogEntry.objects.get().change_message


def test_an_event_strikes_by_command_with_a_reason(world, admin_client):
    address = reverse("admin:worlds_world_changelist")
    form = {"action": "intervene", "_selected_action": [world.pk], "event": "drought"}
    admin_client.post(address, form, follow=True)
    admin_client.post(address, form | {"reason": "why", "event": "flood"}, follow=True)
    assert _inbox() == []
    admin_client.post(address, form | {"reason": "a lesson"}, follow=True)
    ((header, command),) = _inbox()
    assert command == commands.InjectShock(commands.ShockKind.DROUGHT, 3, 500_000)
    assert (header.participant, header.origin) == (0, commands.Origin.ADMIN)
    assert "drought: a lesson" in LogEntry.objects.get().change_message


def test_a_world_that_cannot_go_on_says_why(world, admin_client):
    pages = [reverse("admin:worlds_world_changelist"),
             reverse("admin:worlds_world_change", args=[world.pk])]  # fmt: skip
    assert not any("needs_upgrade" in admin_client.get(page).content.decode() for page in pages)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE world_head SET engine_version = engine_version - 1")
    for page in pages:
        assert "needs_upgrade: engine version" in admin_client.get(page).content.decode()


def test_staff_without_the_right_cannot_act(world, client):
    from django.contrib.auth.models import Permission

    staff = User.objects.create_user("helper", is_staff=True)
    staff.user_permissions.add(Permission.objects.get(codename="view_world"))
    client.force_login(staff)
    assert client.get(reverse("admin:worlds_world_changelist")).status_code == 200
    _act(client, world, "halt", "because")
    assert _inbox() == []


def test_players_have_no_admin(world, client):
    client.force_login(User.objects.get(username="mira"))
    assert client.get(reverse("admin:index")).status_code == 302
    journal = reverse("admin:worlds_world_journal", args=[world.pk])
    assert client.get(journal).status_code == 302


def test_the_journal_is_read_newest_first(world, admin_client):
    body = commands.encode(commands.CancelAll(), commands.Header(participant=5))
    with connection.cursor() as cursor:
        for seq, status in ((1, 0), (2, 3901)):
            cursor.execute(
                "INSERT INTO journal (world_id, seq, tick, commit, participant_id, ref_seq,"
                " status, command_id, key, digest, payload, result, chain)"
                " VALUES (%s, %s, 1, 1, 5, 0, %s, %s, %s, %s, %s, %s, %s)",
                [world.pk, seq, status, order_id(seq), str(seq), bytes(16), body,
                 events.pack_result(103), bytes(16)],
            )  # fmt: skip
    journal = reverse("admin:worlds_world_journal", args=[world.pk])
    page = admin_client.get(journal)
    assert [line["outcome"] for line in page.context["lines"]] == ["world_halted", "executed"]
    assert "CancelAll" in page.content.decode()
    assert [line["seq"] for line in admin_client.get(f"{journal}?before=2").context["lines"]] == [1]
    assert admin_client.get(f"{journal}?participant=6").context["lines"] == []
    assert admin_client.get(f"{journal}?before=x").status_code == 200
