"""Every connection between apps, on one page. Each line of `connect` is a sentence."""

from __future__ import annotations

from typing import Any

from allauth.account.signals import password_changed
from django.contrib.auth.signals import user_logged_out
from django.http import HttpRequest


def connect() -> None:
    """Called once, when all apps are loaded."""
    from markets.projections import AUDITS, PROJECTIONS
    from markets.selectors import order_result_for_player
    from worlds import projector
    from worlds.api.commands import register_describer
    from worlds.projections import on_participants

    projector.register("participants", on_participants)
    for name, (handler, reset) in PROJECTIONS.items():
        projector.register(name, handler, reset, AUDITS.get(name))
    register_describer(order_result_for_player)
    user_logged_out.connect(_close_sockets_of_session, dispatch_uid="sockets_of_session")
    password_changed.connect(_check_sockets_of_user, dispatch_uid="sockets_of_user")


def _close_sockets_of_session(sender: Any, request: HttpRequest, user: Any, **_: Any) -> None:
    """A log-out ends the sockets that the session opened."""
    from worlds.realtime.sessions import revoke_sockets

    if user is not None:
        revoke_sockets(user.pk, request.session.session_key)


def _check_sockets_of_user(sender: Any, request: HttpRequest, user: Any, **_: Any) -> None:
    """A new password ends the sockets of every other session."""
    from worlds.realtime.sessions import revoke_sockets

    revoke_sockets(user.pk)
