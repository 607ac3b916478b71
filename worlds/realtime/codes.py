"""Close codes of the protocol. From 4500 on, a client must not simply connect again."""

from __future__ import annotations

from enum import IntEnum


class CloseCode(IntEnum):
    """Why the server closed a socket."""

    SHUTDOWN = 4001
    SLOW = 4008
    INSUFFICIENT_STATE = 4010
    NO_PONG = 4012
    RATE = 4013
    UNAUTHENTICATED = 4401
    BAD_TOKEN = 4500
    BAD_REQUEST = 4501
    CONNECTION_LIMIT = 4504
    PERMISSION = 4507
