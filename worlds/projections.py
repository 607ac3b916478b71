"""The participants' own rows: pending until the engine registered them, retired by it."""

from __future__ import annotations

from typing import Any

from economy_engine.commands import CommandKind
from worlds.journal import STATUS_EXECUTED
from worlds.models import JournalEntry, Participant

_KINDS = {
    int(CommandKind.REGISTER_PARTICIPANT): Participant.Status.ACTIVE,
    int(CommandKind.RETIRE_PARTICIPANT): Participant.Status.RETIRED,
}


def on_participants(batch: Any) -> None:
    """Set the status of participants whose registration or retirement was executed.

    Read from the journal: it outlives the blocks and names the participant by its own number.
    """
    seq_from, seq_to = batch.blocks[0].seq_from, batch.blocks[-1].seq_to
    if seq_to < seq_from:
        return
    rows = JournalEntry.objects.filter(
        world_id=batch.world_id, seq__gte=seq_from, seq__lte=seq_to, status=STATUS_EXECUTED
    )
    for participant_id, payload in rows.order_by("seq").values_list("participant_id", "payload"):
        status = _KINDS.get(int.from_bytes(bytes(payload[:2]), "little"))
        if status is not None:
            found = Participant.objects.filter(pk=participant_id, world_id=batch.world_id)
            found.update(status=status)
