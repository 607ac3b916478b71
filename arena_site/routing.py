"""WebSocket addresses of the whole site. `/ws/` offers what all apps offer, on one socket."""

from typing import Any, cast

from django.urls import path, re_path

from markets.consumers import MARKET_DOOR
from markets.routing import websocket_urlpatterns as markets
from worlds.realtime.consumer import SocketConsumer
from worlds.realtime.door import merge_doors
from worlds.realtime.origin import refuse


class ArenaConsumer(SocketConsumer):
    """`/ws/`: every topic and operation."""

    door = merge_doors(MARKET_DOOR)


websocket_urlpatterns = [
    path("ws/", ArenaConsumer.as_asgi()),
    *markets,
    # The router raises on an unknown address; a handshake to one is refused instead.
    # Patterns hold ASGI applications here, which Django's types do not know.
    re_path(r"", cast(Any, refuse)),
]
