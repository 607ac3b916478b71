"""Rows of a durable world: who is in it, what waits, what happened, and who may write."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.db.models.functions import Now

__all__ = [
    "Block",
    "Fork",
    "InboxEntry",
    "JournalEntry",
    "Participant",
    "ProjectionPosition",
    "SnapshotRecord",
    "World",
    "WorldHead",
]


class World(models.Model):
    """One economy: its parameters, fixed at genesis. Its moving part is the head."""

    class State(models.TextChoices):
        CREATING = "creating"
        RUNNING = "running"
        HALTED = "halted"
        EXPIRED = "expired"

    slug = models.SlugField(max_length=32, unique=True)
    name = models.CharField(max_length=64)
    preset = models.CharField(max_length=16)
    agents = models.PositiveIntegerField()
    seed = models.BigIntegerField()
    regions = models.PositiveSmallIntegerField(default=1)
    state = models.CharField(max_length=16, choices=State, default=State.CREATING)
    created_at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return self.slug


class Fork(models.Model):
    """Lineage of a private branch: the world it was taken from, where, for whom, until when."""

    world = models.OneToOneField(World, models.PROTECT, primary_key=True, related_name="fork")
    parent = models.ForeignKey(World, models.PROTECT, related_name="forks")
    seq = models.BigIntegerField()
    tick = models.BigIntegerField()
    digest = models.BigIntegerField()
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="forks"
    )
    expires_at = models.DateTimeField()
    created_at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return f"{self.world} of {self.parent} at tick {self.tick}"


class Participant(models.Model):
    """A player in one world; its value is the engine's, this row only says who it is."""

    class Status(models.TextChoices):
        PENDING = "pending"
        ACTIVE = "active"
        RETIRED = "retired"

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    world = models.ForeignKey(World, models.PROTECT, related_name="participants")
    player = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="participants"
    )
    name = models.CharField(max_length=64)
    status = models.CharField(max_length=16, choices=Status, default=Status.PENDING)
    protected = models.BooleanField(default=False)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["world", "player"],
                condition=~models.Q(status="retired"),
                name="worlds_one_living_participant_per_player",
            )
        ]

    def __str__(self) -> str:
        return self.name


def _world() -> models.ForeignKey:
    """The world of a row on the writer's path.

    Without a constraint in the database: each check would lock the world's row on every commit.
    """
    return models.ForeignKey(World, models.DO_NOTHING, db_constraint=False, related_name="+")


class InboxEntry(models.Model):
    """A command that was accepted and waits for the writer; gone once it is journaled."""

    id = models.BigAutoField(primary_key=True)
    world = _world()
    participant_id = models.BigIntegerField()
    command_id = models.UUIDField()
    key = models.CharField(max_length=128)
    digest = models.BinaryField()
    body = models.BinaryField()
    created_at = models.DateTimeField()

    class Meta:
        managed = False
        db_table = "inbox"


class JournalEntry(models.Model):
    """A command that was decided, for ever: its place in the order, its payload, its result."""

    pk = models.CompositePrimaryKey("world_id", "seq")
    world = _world()
    seq = models.BigIntegerField()
    tick = models.BigIntegerField()
    commit = models.BigIntegerField()
    participant_id = models.BigIntegerField()
    ref_seq = models.BigIntegerField()
    status = models.SmallIntegerField()
    command_id = models.UUIDField()
    key = models.CharField(max_length=128)
    digest = models.BinaryField()
    payload = models.BinaryField()
    result = models.BinaryField()
    chain = models.BinaryField()

    class Meta:
        managed = False
        db_table = "journal"


class Block(models.Model):
    """What one commit changed, packed by the engine; prunable, since replay derives it again."""

    pk = models.CompositePrimaryKey("world_id", "commit", "day")
    world = _world()
    commit = models.BigIntegerField()
    day = models.DateField()
    epoch = models.BigIntegerField()
    tick = models.BigIntegerField()
    ticks = models.SmallIntegerField()
    seq_from = models.BigIntegerField()
    seq_to = models.BigIntegerField()
    touches_participants = models.BooleanField()
    digest = models.BigIntegerField(null=True)
    chain = models.BinaryField()
    created_at = models.DateTimeField()
    events = models.BinaryField()

    class Meta:
        managed = False
        db_table = "block"


class WorldHead(models.Model):
    """Lease, fence and newest commit of a world in one row."""

    world = models.OneToOneField(
        World, models.DO_NOTHING, primary_key=True, db_constraint=False, related_name="head"
    )
    state = models.CharField(max_length=16)
    tick_rate_hz = models.FloatField()
    engine_version = models.IntegerField()
    holder = models.CharField(max_length=128, null=True)
    backend_pid = models.IntegerField(null=True)
    backend_start = models.DateTimeField(null=True)
    epoch = models.BigIntegerField()
    until = models.DateTimeField()
    commit = models.BigIntegerField()
    seq = models.BigIntegerField()
    tick = models.BigIntegerField()
    digest = models.BigIntegerField(null=True)
    chain = models.BinaryField()
    moved_at = models.DateTimeField()
    attempt_commit = models.BigIntegerField(null=True)
    attempts = models.SmallIntegerField()
    suspect = models.UUIDField(null=True)
    suspect_attempts = models.SmallIntegerField()
    halt_pending = models.CharField(max_length=200, null=True)

    class Meta:
        managed = False
        db_table = "world_head"


class SnapshotRecord(models.Model):
    """One stored whole-world state: where it lies and what it must hash to."""

    class Kind(models.TextChoices):
        GENESIS = "genesis"
        PERIODIC = "periodic"
        RELEASE = "release"

    id = models.BigAutoField(primary_key=True)
    world = _world()
    kind = models.CharField(max_length=16)
    commit = models.BigIntegerField()
    seq = models.BigIntegerField()
    tick = models.BigIntegerField()
    engine_version = models.IntegerField()
    digest = models.BigIntegerField()
    chain = models.BinaryField()
    path = models.CharField(max_length=200)
    stored_bytes = models.BigIntegerField()
    checksum = models.BinaryField()
    created_at = models.DateTimeField()

    class Meta:
        managed = False
        db_table = "snapshot"


class ProjectionPosition(models.Model):
    """How far a projection has read a world's blocks; moved with the rows it wrote."""

    pk = models.CompositePrimaryKey("world_id", "name")
    world = models.ForeignKey(World, models.CASCADE, related_name="projections")
    name = models.CharField(max_length=64)
    applied_commit = models.BigIntegerField(default=-1)
    updated_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "projection"
