"""Players: people and their log-ins. What they own in a world belongs to a participant."""

from __future__ import annotations

import uuid

from django.contrib.auth.models import AbstractUser
from django.db import models


class User(AbstractUser):
    """A player's log-in; a guest until an e-mail address or a password claims it."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    is_guest = models.BooleanField(default=False)
    last_seen_at = models.DateTimeField(null=True, blank=True)

    class Meta(AbstractUser.Meta):
        constraints = [
            models.CheckConstraint(
                condition=~models.Q(is_guest=True, is_staff=True), name="players_guest_is_not_staff"
            )
        ]
