"""What sockets read from the database. All of it blocks: call it through `in_thread`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection
from typing import Any, ParamSpec, TypeVar
from uuid import UUID

from channels.db import database_sync_to_async
from django.conf import settings
from django.db import connection

from worlds import selectors
from worlds.realtime.undecided import Who

P = ParamSpec("P")
T = TypeVar("T")


def in_thread(function: Callable[P, T]) -> Callable[P, Awaitable[T]]:
    """Run in the loop's thread pool, several at a time, with Django's connections looked after."""
    return database_sync_to_async(function, thread_sensitive=False)


def default_world() -> Any:
    """The world that sockets are about; None until it is born."""
    return selectors.world_by_slug(settings.WORLD_DEFAULT)


def participant(player: Any, world: Any) -> Any:
    """The player's living participant in a world, or None."""
    return selectors.participant_for_player(player, world)


def head_commit(world_id: int) -> int:
    """The newest commit of a world; -1 while it is being created."""
    head = selectors.world_head(world_id)
    return head.commit if head is not None else -1


_TOUCHED = """
select exists (select from block
    where world_id = %s and "commit" > %s and "commit" <= %s and touches_participants)
"""


def touched_between(world_id: int, after: int, upto: int) -> bool:
    """Whether a commit in (after, upto] concerned any participant."""
    with connection.cursor() as cursor:
        cursor.execute(_TOUCHED, [world_id, after, upto])
        return cursor.fetchone()[0]


def decided(who: Who, command_ids: Collection[UUID]) -> dict[UUID, Any]:
    """The statuses of those commands that the journal has decided."""
    found = selectors.command_statuses(who.world_id, who.participant_id, command_ids)
    return {key: status for key, status in found.items() if status.status != "accepted"}
