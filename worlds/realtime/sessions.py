"""Whether a socket's log-in still holds, and how other doors say that it no longer does."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from importlib import import_module
from typing import Any, NamedTuple

import redis
from django.conf import settings
from django.contrib.auth import HASH_SESSION_KEY, SESSION_KEY, get_user_model
from django.utils.crypto import constant_time_compare

from players.services import player_seen
from worlds.realtime.hub import CONTROL_CHANNEL


class Identity(NamedTuple):
    """Who opened a socket, by which session."""

    user_id: int
    session_key: str


def session_digest(session_key: str) -> str:
    """A session's name in control messages: the key itself is a credential."""
    return hashlib.blake2b(session_key.encode(), digest_size=16).hexdigest()


def ended(identities: Iterable[Identity]) -> set[Identity]:
    """Those whose session is gone, whose user is inactive, or whose password changed.

    The others' players are seen: an open page is presence. Blocking: call it in a thread.
    """
    wanted = set(identities)
    users = get_user_model().objects.in_bulk({identity.user_id for identity in wanted})
    over = {identity for identity in wanted if not _holds(identity, users.get(identity.user_id))}
    for user_id in {identity.user_id for identity in wanted - over}:
        player_seen(users[user_id])
    return over


def _holds(identity: Identity, user: Any) -> bool:
    if user is None or not user.is_active:
        return False
    store = import_module(settings.SESSION_ENGINE).SessionStore(identity.session_key)
    if store.get(SESSION_KEY) != user._meta.pk.value_to_string(user):
        return False
    known = store.get(HASH_SESSION_KEY) or ""
    return constant_time_compare(known, user.get_session_auth_hash())


def revoke_sockets(user_id: int, session_key: str | None = None) -> None:
    """Tell every gateway that a log-in ended; sockets close with 4401.

    With a session key its sockets close at once; without one all sockets of the user are checked.
    Best effort: each gateway also checks by itself every `SESSION_CHECK_SECONDS`.
    """
    digest = session_digest(session_key) if session_key else None
    message = json.dumps({"op": "revoke", "user": user_id, "session": digest})
    client = redis.Redis.from_url(settings.REDIS.traffic, socket_timeout=1)
    try:
        client.publish(CONTROL_CHANNEL, message)
    except redis.RedisError:
        return
    finally:
        client.close()
