"""Read models of participants' own economies: sites, contracts and what happened to them."""

from __future__ import annotations

from django.db import models


class SiteView(models.Model):
    """A participant's site as it stands; `deed` is the seq of the command that bought it first."""

    world_id = models.BigIntegerField()
    deed = models.BigIntegerField()
    command_id = models.UUIDField()
    participant_id = models.BigIntegerField()
    tick = models.BigIntegerField()
    market = models.SmallIntegerField()
    state = models.SmallIntegerField()
    pricing = models.SmallIntegerField()
    buy_inputs = models.BooleanField()
    insured = models.BooleanField()
    tier = models.SmallIntegerField()
    level = models.SmallIntegerField()
    workers = models.IntegerField()
    wanted = models.IntegerField()
    unpaid_days = models.IntegerField()
    condition = models.FloatField()
    wage = models.BigIntegerField()
    price = models.BigIntegerField()
    markup_ppm = models.BigIntegerField()
    keep = models.BigIntegerField()
    target = models.BigIntegerField()
    made = models.BigIntegerField()
    made_total = models.BigIntegerField()
    paid = models.BigIntegerField()
    offer = models.BigIntegerField(default=0)
    cost = models.FloatField()
    rent = models.FloatField()
    reference = models.FloatField()
    unsold = models.FloatField()
    commit = models.BigIntegerField()

    class Meta:
        verbose_name = "site"
        constraints = [
            models.UniqueConstraint(fields=["world_id", "deed"], name="markets_site_deed"),
            models.UniqueConstraint(fields=["world_id", "command_id"], name="markets_site_command"),
        ]
        indexes = [
            models.Index(
                fields=["world_id", "participant_id", "deed"], name="markets_site_participant"
            ),
            models.Index(
                fields=["world_id", "offer"],
                name="markets_site_offered",
                condition=models.Q(offer__gt=0),
            ),
        ]

    def __str__(self) -> str:
        return f"site {self.deed}"


class MemberView(models.Model):
    """A participant's work contract, household and protection."""

    world_id = models.BigIntegerField()
    participant_id = models.BigIntegerField()
    tick = models.BigIntegerField()
    day = models.BigIntegerField()
    work_until = models.BigIntegerField()
    worked_days = models.BigIntegerField()
    earned = models.BigIntegerField()
    protected_until = models.BigIntegerField()
    needs = models.IntegerField()
    fed = models.BooleanField()
    sites = models.IntegerField()
    commit = models.BigIntegerField()

    class Meta:
        verbose_name = "member"
        constraints = [
            models.UniqueConstraint(
                fields=["world_id", "participant_id"], name="markets_member_participant"
            ),
        ]

    def __str__(self) -> str:
        return f"economy of {self.participant_id}"


class WorksNote(models.Model):
    """Something that happened in a participant's own economy."""

    world_id = models.BigIntegerField()
    commit = models.BigIntegerField()
    position = models.IntegerField()
    participant_id = models.BigIntegerField()
    tick = models.BigIntegerField()
    kind = models.SmallIntegerField()
    market = models.SmallIntegerField()
    deed = models.BigIntegerField()
    quantity = models.BigIntegerField()
    amount = models.BigIntegerField()

    class Meta:
        verbose_name = "note"
        constraints = [
            models.UniqueConstraint(
                fields=["world_id", "commit", "position"], name="markets_note_position"
            ),
        ]
        indexes = [
            models.Index(
                fields=["world_id", "participant_id", "-commit", "-position"],
                name="markets_note_participant",
            ),
        ]

    def __str__(self) -> str:
        return f"note {self.kind} at tick {self.tick}"


class PatentView(models.Model):
    """Who was first to reach a level of research for a good, and the fee of its use.

    Participant 0: nobody's any more.
    """

    world_id = models.BigIntegerField()
    good = models.SmallIntegerField()
    level = models.SmallIntegerField()
    participant_id = models.BigIntegerField()
    tick = models.BigIntegerField()
    until = models.BigIntegerField()
    fee = models.BigIntegerField()
    licences = models.BigIntegerField()
    earned = models.BigIntegerField()
    commit = models.BigIntegerField()

    class Meta:
        verbose_name = "patent"
        constraints = [
            models.UniqueConstraint(
                fields=["world_id", "good", "level"], name="markets_patent_place"
            ),
        ]

    def __str__(self) -> str:
        return f"patent of level {self.level} for good {self.good}"


class LotView(models.Model):
    """A site that the treasury auctions, or has auctioned; participant: of the best bid, or 0."""

    world_id = models.BigIntegerField()
    number = models.BigIntegerField()
    tick = models.BigIntegerField()
    participant_id = models.BigIntegerField()
    market = models.SmallIntegerField()
    tier = models.SmallIntegerField()
    level = models.SmallIntegerField()
    origin = models.SmallIntegerField()
    state = models.SmallIntegerField()
    condition = models.FloatField()
    opened = models.BigIntegerField()
    ends = models.BigIntegerField()
    reserve = models.BigIntegerField()
    best = models.BigIntegerField()
    bids = models.BigIntegerField()
    commit = models.BigIntegerField()

    class Meta:
        verbose_name = "auction"
        constraints = [
            models.UniqueConstraint(fields=["world_id", "number"], name="markets_lot_number"),
        ]
        indexes = [models.Index(fields=["world_id", "state", "ends"], name="markets_lot_running")]

    def __str__(self) -> str:
        return f"auction {self.number}"
