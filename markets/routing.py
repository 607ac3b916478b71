"""WebSocket addresses of the markets."""

from django.urls import path

from markets.consumers import MarketConsumer

websocket_urlpatterns = [path("ws/market/", MarketConsumer.as_asgi())]
