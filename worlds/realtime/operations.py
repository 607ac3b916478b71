"""The operations that every address offers: subscribe, unsubscribe, resume, ping."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import msgspec
from django.conf import settings

from worlds.api.errors import FieldError, Problem
from worlds.realtime.door import Handler, Request
from worlds.realtime.envelope import position_fields, refuse_unknown, topic_field
from worlds.realtime.frames import Frame
from worlds.realtime.hub import HubUnavailableError
from worlds.realtime.private import PrivateFeed
from worlds.realtime.topics import Topic, TopicKey, View

if TYPE_CHECKING:
    from worlds.realtime.consumer import SocketConsumer

_PLACE = ("topic", "epoch", "offset")


async def subscribe(socket: SocketConsumer, request: Request) -> None:
    """Take a topic from now on, or from a known position; answer with its view."""
    refuse_unknown(request.fields, _PLACE)
    name = topic_field(request.fields)
    epoch, offset = position_fields(request.fields)
    if name in socket.door.private:
        await _subscribe_private(socket, request.id, name, offset)
        return
    topic = await _public_topic(socket, name)
    view = _attach(socket, topic, epoch, offset)
    socket.send_frame(_view_frame({"id": request.id, "ok": True}, topic, view))
    for frame in view.frames:
        socket.send_frame(frame)


async def unsubscribe(socket: SocketConsumer, request: Request) -> None:
    """Leave a topic."""
    refuse_unknown(request.fields, ("topic",))
    name = topic_field(request.fields)
    stream = socket.door.private.get(name)
    wire = stream.wire if stream is not None else name
    for topic in socket.subscriber.topics:
        if topic.key.wire == wire:
            socket.leave_topic(topic)
            socket.reply(request.id, {"topic": name})
            return
    known = stream is not None or socket.door.is_topic(name)
    raise Problem("not_subscribed" if known else "unknown_topic")


async def resume(socket: SocketConsumer, request: Request) -> None:
    """Subscribe to many public topics at once after a lost connection.

    One reply holds the outcome of each, in the order asked; missed frames follow it.
    """
    refuse_unknown(request.fields, ("topics",))
    wanted = request.fields.get("topics")
    if not isinstance(wanted, list) or not all(isinstance(place, dict) for place in wanted):
        fault = FieldError("topics", "bad_type", "A list of objects is expected.")
        raise Problem.of_fields([fault])
    if len(wanted) > settings.SOCKET_TOPICS_MAX:
        raise Problem("channel_limit")
    places = []
    for number, fields in enumerate(wanted):
        prefix = f"topics.{number}."
        refuse_unknown(fields, _PLACE, prefix)
        places.append((topic_field(fields, prefix), *position_fields(fields, prefix)))
    await _resume(socket, request, places)


async def _resume(
    socket: SocketConsumer, request: Request, places: list[tuple[str, int | None, int | None]]
) -> None:
    primed: list[Topic | Problem] = []
    for name, _epoch, _offset in places:
        try:
            if name in socket.door.private:
                raise Problem("bad_request", "Subscribe to private topics one by one.")
            primed.append(await _public_topic(socket, name))
        except Problem as problem:
            primed.append(problem)
    # From here on nothing awaits: views, reply and missed frames are one step.
    parts: list[bytes] = []
    frames: list[Frame] = []
    for (name, epoch, offset), topic in zip(places, primed, strict=True):
        if isinstance(topic, Topic):
            try:
                view = _attach(socket, topic, epoch, offset)
            except Problem as problem:
                topic = problem
            else:
                parts.append(_view_json({}, topic, view))
                frames += view.frames
                continue
        parts.append(msgspec.json.encode({"topic": name, "error": socket.problem_body(topic)}))
    head = msgspec.json.encode({"id": request.id, "ok": True})
    socket.send_frame(Frame(head[:-1] + b',"topics":[' + b",".join(parts) + b"]}"))
    for frame in frames:
        socket.send_frame(frame)


async def ping(socket: SocketConsumer, request: Request) -> None:
    """Answer, with the server's clock in milliseconds since 1970."""
    refuse_unknown(request.fields, ())
    socket.reply(request.id, {"pong": True, "time_ms": int(time.time() * 1000)})


COMMON: dict[str, Handler] = {
    "subscribe": subscribe,
    "unsubscribe": unsubscribe,
    "resume": resume,
    "ping": ping,
}


async def _public_topic(socket: SocketConsumer, name: str) -> Topic:
    if not socket.door.is_topic(name):
        raise Problem("unknown_topic")
    world = await socket.realtime.world()
    if not socket.door.is_topic(name, world.regions):
        raise Problem("unknown_topic")
    key = TopicKey(world.pk, name, name)
    try:
        return await socket.realtime.hub.prime(key)
    except HubUnavailableError:
        raise Problem("unavailable", retry_after=1) from None


def _attach(socket: SocketConsumer, topic: Topic, epoch: int | None, offset: int | None) -> View:
    socket.check_topic_room(topic)
    position = None if epoch is None or offset is None else (epoch << 64) + max(offset, 0)
    return socket.realtime.hub.attach(socket.subscriber, topic, position)


def _view_json(members: dict[str, Any], topic: Topic, view: View) -> bytes:
    base = topic.base
    members |= {
        "topic": topic.key.wire,
        "epoch": view.epoch,
        "offset": view.offset,
        "tick": base.tick if base is not None and not view.recovered else None,
        "recovered": view.recovered,
    }
    payload = b"null" if view.payload is None else view.payload
    return msgspec.json.encode(members)[:-1] + b',"snapshot":' + payload + b"}"


def _view_frame(members: dict[str, Any], topic: Topic, view: View) -> Frame:
    return Frame(_view_json(members, topic, view))


async def _subscribe_private(
    socket: SocketConsumer, request_id: int | str, name: str, offset: int | None
) -> None:
    stream = socket.door.private[name]
    participant = await socket.participant()
    key = TopicKey(
        participant.world_id, f"{stream.wire}:{participant.pk}", stream.wire, private=True
    )
    try:
        topic = await socket.realtime.hub.prime(key)
    except HubUnavailableError:
        raise Problem("unavailable", retry_after=1) from None
    socket.check_topic_room(topic)
    feed = PrivateFeed(socket, stream, topic, participant.pk)
    socket.open_feed(feed, feed.open(request_id, offset))
