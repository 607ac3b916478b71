"""What a WebSocket address offers: operations by name, topics by name. Data, no behavior."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from worlds.realtime.consumer import SocketConsumer


class Request(NamedTuple):
    """A client's message after its envelope was checked."""

    id: int | str
    op: str
    fields: dict[str, Any]


Handler = Callable[["SocketConsumer", Request], Awaitable[None]]


class PrivateStream(NamedTuple):
    """A stream of one participant: its snapshot comes from a projection, not from the hub.

    `snapshot(participant_id)` gives the commit it stands at and its data; it runs in a thread.
    """

    wire: str
    projection: str
    snapshot: Callable[[int], tuple[int, dict[str, Any]]]


class Door(NamedTuple):
    """One address. `private` maps names to streams.

    `is_topic(name)` knows the public topics of any world, `is_topic(name, regions)` those of a
    world of so many regions.
    """

    operations: Mapping[str, Handler]
    is_topic: Callable[..., bool]
    private: Mapping[str, PrivateStream]


def merge_doors(*doors: Door) -> Door:
    """The address that offers what all of these offer. Raises on two owners of one name."""
    operations: dict[str, Handler] = {}
    private: dict[str, PrivateStream] = {}
    for door in doors:
        shared = (operations.keys() & door.operations) | (private.keys() & door.private)
        if shared:
            raise ValueError(f"offered twice: {sorted(shared)}")
        operations |= door.operations
        private |= door.private
    return Door(
        operations=operations,
        is_topic=lambda *given: any(door.is_topic(*given) for door in doors),
        private=private,
    )
