"""Guests and the claim of their accounts."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from players import names, services
from players.models import User

pytestmark = pytest.mark.django_db
PASSWORD = "correct horse battery"


def test_a_guest_has_a_readable_name_and_no_password():
    guest = services.guest_create()
    assert re.fullmatch(r"Guest-[2-9A-Z]{4}", guest.username)
    assert guest.is_guest and not guest.has_usable_password()


def test_taken_guest_names_are_tried_again(monkeypatch):
    taken = services.guest_create().username
    made = iter([taken, taken, "Guest-9999"])
    monkeypatch.setattr(services, "guest_name", lambda letters: next(made))
    assert services.guest_create().username == "Guest-9999"


def test_claiming_keeps_the_row_and_gives_it_a_password():
    guest = services.guest_create()
    claimed = services.account_claim(
        player=guest, username="mira", email="mira@example.org", password=PASSWORD
    )
    assert claimed.pk == guest.pk
    assert not claimed.is_guest and claimed.check_password(PASSWORD)


def test_an_account_is_claimed_once():
    guest = services.guest_create()
    services.account_claim(player=guest, username="mira", email="", password=PASSWORD)
    with pytest.raises(ValidationError):
        services.account_claim(player=guest, username="mallory", email="", password=PASSWORD)
    assert User.objects.get(pk=guest.pk).username == "mira"


def test_a_taken_name_in_other_letters_is_refused_without_effect():
    User.objects.create_user("Mira", password=PASSWORD)
    guest = services.guest_create()
    with pytest.raises(ValidationError) as refused:
        services.account_claim(player=guest, username="mIRA", email="", password=PASSWORD)
    assert "username" in refused.value.error_dict
    assert User.objects.get(pk=guest.pk).is_guest


def test_a_weak_password_is_refused_without_effect():
    guest = services.guest_create()
    with pytest.raises(ValidationError):
        services.account_claim(player=guest, username="mira", email="", password="short")
    held = User.objects.get(pk=guest.pk)
    assert held.is_guest and held.username == guest.username


@pytest.mark.parametrize(
    "name", ["ab", "-mira", "mira-", "mi ra", "mïra", "a" * 25, "Guest-1234", "admin", "mira\n"]
)
def test_names_that_mislead_are_refused(name):
    with pytest.raises(ValidationError):
        for validator in names.username_validators:
            validator(name)


@pytest.mark.parametrize("name", ["mira", "Mira-2", "a_b", "x9y"])
def test_plain_names_are_taken(name):
    for validator in names.username_validators:
        validator(name)


def test_being_seen_is_written_at_most_once_in_ten_minutes():
    guest = services.guest_create()
    assert not services.player_seen(guest)
    guest.last_seen_at = timezone.now() - timedelta(minutes=11)
    assert services.player_seen(guest)
    assert not services.player_seen(guest)
