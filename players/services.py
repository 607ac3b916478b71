"""Players come, claim their accounts and are seen. What they own is none of this module's."""

from __future__ import annotations

from datetime import timedelta

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone

from players.models import User
from players.names import guest_name

GUEST_NAME_LETTERS = (4, 4, 4, 5, 5, 6, 8)
SEEN_EVERY = timedelta(minutes=10)


def guest_create() -> User:
    """Make a guest: a generated name, no password, no address. Nobody can log in as it later."""
    for letters in GUEST_NAME_LETTERS:
        guest = User(username=guest_name(letters), is_guest=True, last_seen_at=timezone.now())
        guest.set_unusable_password()
        try:
            with transaction.atomic():
                guest.save(force_insert=True)
        except IntegrityError:
            continue
        return guest
    raise RuntimeError("no free guest name was found")


def account_claim(*, player: User, username: str, email: str, password: str) -> User:
    """Turn a guest into an account of its own; the participant and all it has stay the same.

    Raises `ValidationError` by field: not a guest any more, a name or address that is taken, a
    weak password. The row is locked, so of two claims at once one finds no guest.
    """
    with transaction.atomic():
        held = User.objects.select_for_update().get(pk=player.pk)
        if not held.is_guest:
            raise ValidationError("This account is claimed already.", code="claimed")
        if User.objects.filter(username__iexact=username).exclude(pk=held.pk).exists():
            raise ValidationError({"username": "This name is taken."})
        held.username, held.email, held.is_guest = username, email, False
        validate_password(password, held)
        held.set_password(password)
        try:
            with transaction.atomic():
                held.save(update_fields=["username", "email", "is_guest", "password"])
        except IntegrityError:
            raise ValidationError({"username": "This name is taken."}) from None
        return held


def player_seen(player: User) -> bool:
    """Remember that the player was here; True when that was written, once in ten minutes."""
    now = timezone.now()
    if player.last_seen_at is not None and now - player.last_seen_at <= SEEN_EVERY:
        return False
    User.objects.filter(pk=player.pk).update(last_seen_at=now)
    player.last_seen_at = now
    return True
