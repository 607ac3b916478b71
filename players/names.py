"""Names of players: readable ones for guests, and what a chosen one must look like."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator

# Crockford's base 32 without what is read wrongly or spells words.
_ALPHABET = "23456789CDFGHJKLMNPQRTVWXYZ"
GUEST_PREFIX = "Guest-"
USERNAME_CHARS_MIN = 3
USERNAME_CHARS_MAX = 24
RESERVED = frozenset({"admin", "administrator", "arena", "moderator", "system", "treasury", "bank"})

# ASCII alone: no two names can look alike through letters of another script.
username_shape = RegexValidator(
    r"\A[A-Za-z0-9](?:[A-Za-z0-9_-]{1,22})[A-Za-z0-9]\Z",
    "3 to 24 letters, digits, - or _, beginning and ending with a letter or digit.",
    code="invalid_username",
)


def username_free(name: str) -> None:
    """Raise `ValidationError` for names that would pass for somebody else's office."""
    lowered = name.lower()
    if lowered in RESERVED or lowered.startswith(GUEST_PREFIX.lower()):
        raise ValidationError("This name is reserved.", code="reserved_username")


# allauth reads this list by its path.
username_validators: list[Callable[[Any], None]] = [username_shape, username_free]


def guest_name(letters: int = 4) -> str:
    """A name like `Guest-7K3F`; more letters when four have been taken too often."""
    return GUEST_PREFIX + "".join(secrets.choice(_ALPHABET) for _ in range(letters))
