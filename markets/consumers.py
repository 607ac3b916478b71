"""The markets' WebSocket door: public market data, the private account stream, orders."""

from __future__ import annotations

from markets import selectors, services
from markets.messages import CancelAllMessage, CancelOrderMessage, PlaceOrderMessage, parse
from markets.socket_messages import (
    PRIVATE_NAMES,
    PRIVATE_WIRE,
    cancel_all_result,
    cancel_result,
    is_market_topic,
    order_result,
)
from worlds.realtime.consumer import SocketConsumer
from worlds.realtime.door import Door, PrivateStream, Request
from worlds.realtime.reads import in_thread


async def order_place(socket: SocketConsumer, request: Request) -> None:
    """Submit an order; answered twice, `accepted` and then its outcome."""
    participant = await socket.participant()
    regions = participant.world.regions
    data = parse(PlaceOrderMessage, request.fields, regions)
    prepared = await in_thread(services.prepare_order)(participant, data)
    await socket.submit(request.id, prepared, lambda key: order_result(key, data, regions))


async def order_cancel(socket: SocketConsumer, request: Request) -> None:
    """Submit the cancellation of one order; answered twice."""
    participant = await socket.participant()
    data = parse(CancelOrderMessage, request.fields)
    prepared = await in_thread(services.prepare_cancel)(participant, data)
    await socket.submit(request.id, prepared, lambda _key: cancel_result(data["order"]))


async def order_cancel_all(socket: SocketConsumer, request: Request) -> None:
    """Submit the cancellation of all open orders, in one market or in all; answered twice."""
    participant = await socket.participant()
    data = parse(CancelAllMessage, request.fields, participant.world.regions)
    prepared = await in_thread(services.prepare_cancel_all)(participant, data)
    await socket.submit(request.id, prepared, lambda _key: cancel_all_result)


_ACCOUNT = PrivateStream(PRIVATE_WIRE, "accounts", selectors.account_snapshot)

MARKET_DOOR = Door(
    operations={
        "order.place": order_place,
        "order.cancel": order_cancel,
        "order.cancel_all": order_cancel_all,
    },
    is_topic=is_market_topic,
    private=dict.fromkeys(PRIVATE_NAMES, _ACCOUNT),
)


class MarketConsumer(SocketConsumer):
    """`/ws/market/`."""

    door = MARKET_DOOR
