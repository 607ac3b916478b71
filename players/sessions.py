"""How long a session lasts: staff are asked again after a working day."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.auth.signals import user_logged_in
from django.http import HttpRequest


def shorten_for_staff(sender: Any, request: HttpRequest, user: Any, **kwargs: Any) -> None:
    """Give a staff member's new session eight hours."""
    if user.is_staff and hasattr(request, "session"):
        request.session.set_expiry(settings.SESSION_STAFF_AGE)


def connect() -> None:
    """Called once, when the app is loaded."""
    user_logged_in.connect(shorten_for_staff, dispatch_uid="players.shorten_for_staff")
