"""Callers of the REST door, and what the tests look at behind it."""

from __future__ import annotations

from django.db import connection
from rest_framework.test import APIClient

from economy_engine import commands, events
from economy_engine.events import OrderStatus
from economy_engine.order_terms import OrderType, Side
from players.models import User
from tests.markets.factories import order_id

GOOD = {"market": "OIL", "side": "buy", "type": "limit", "quantity": 4, "price": "6.001"}
ANON, VISITOR, STRANGER, OWNER = None, "visitor", "stranger", "owner"


def client_as(name):
    client = APIClient()
    if name is not None:
        client.force_login(User.objects.get(username=name))
    return client


def journal_order(world, participant, seq):
    """An executed order in the journal, as the writer leaves it."""
    command = commands.PlaceOrder(0, Side.BID, OrderType.LIMIT, 0, 10, 6_001)
    body = commands.encode(command, commands.Header(participant=participant.pk))
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO journal (world_id, seq, tick, commit, participant_id, ref_seq, status,"
            " command_id, key, digest, payload, result, chain)"
            " VALUES (%s, %s, 50, 9, %s, 0, 0, %s, %s, %s, %s, %s, %s)",
            [world.pk, seq, participant.pk, order_id(seq), str(order_id(seq)), bytes(16), body,
             _packed_result(), bytes(16)],
        )  # fmt: skip


def _packed_result():
    return events.pack_result(100, order_status=OrderStatus.NEW, left=10)


def owner_of(world):
    return world.participants.get(name="owner")


def inbox_size():
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM inbox")
        return cursor.fetchone()[0]
