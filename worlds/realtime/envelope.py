"""The envelope of a client's message: one JSON object with an id and an operation."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from django.conf import settings

from worlds.api.errors import FieldError, Problem
from worlds.api.parsing import decode_json
from worlds.realtime.door import Request

ID = re.compile(r"[A-Za-z0-9._:-]{1,36}", re.ASCII)
ID_MAX = 2**53 - 1
TOPIC_CHARS_MAX = 64
OFFSET_MAX = 2**63 - 1
EPOCH_MAX = 2**32 - 1


def decode_message(message: Mapping[str, Any]) -> dict[str, Any]:
    """The JSON object of a received ASGI message. Raises `Problem`."""
    text = message.get("text")
    if not isinstance(text, str):
        raise Problem("bad_request", "Only text messages are read.")
    limit = settings.SOCKET_FRAME_BYTES_MAX
    # Characters first: encoding only to measure would cost more than the limit allows.
    if len(text) > limit or len(text.encode("utf-8", "replace")) > limit:
        raise Problem("frame_too_large", f"At most {limit} bytes are read.")
    value = decode_json(text)
    if not isinstance(value, dict):
        raise Problem("bad_request", "A JSON object is expected.")
    return value


def message_id(value: Mapping[str, Any]) -> int | str | None:
    """The id if it is a valid one: an integer from 0, or 1 to 36 characters."""
    given = value.get("id")
    if isinstance(given, bool):
        return None
    if isinstance(given, int):
        return given if 0 <= given <= ID_MAX else None
    if isinstance(given, str) and ID.fullmatch(given):
        return given
    return None


def make_request(value: dict[str, Any], known: Mapping[str, Any]) -> Request:
    """Check id and operation of a decoded object. Raises `Problem`."""
    number = message_id(value)
    if number is None:
        code = "bad_type" if "id" in value else "missing_field"
        text = "An integer, or 1 to 36 characters of A-Z a-z 0-9 . _ : -"
        raise Problem.of_fields([FieldError("id", code, text)])
    op = value.get("op")
    if not isinstance(op, str):
        code = "bad_type" if "op" in value else "missing_field"
        raise Problem.of_fields([FieldError("op", code, "The name of an operation.")])
    if op not in known:
        raise Problem("unknown_operation")
    fields = {name: inner for name, inner in value.items() if name not in ("id", "op")}
    return Request(number, op, fields)


def refuse_unknown(fields: Mapping[str, Any], known: tuple[str, ...], prefix: str = "") -> None:
    """Raise `Problem` for every field that is not known here."""
    faults = [
        FieldError(f"{prefix}{name}"[:48], "unknown_field", "This field is not known here.")
        for name in fields
        if name not in known
    ]
    if faults:
        raise Problem.of_fields(faults)


def topic_field(fields: Mapping[str, Any], prefix: str = "") -> str:
    """The name of a topic, not yet known to exist. Raises `Problem`."""
    name = fields.get("topic")
    where = f"{prefix}topic"
    if name is None:
        raise Problem.of_fields([FieldError(where, "missing_field", "A topic is expected.")])
    if not isinstance(name, str):
        raise Problem.of_fields([FieldError(where, "bad_type", "A string is expected.")])
    if not 0 < len(name) <= TOPIC_CHARS_MAX:
        raise Problem("unknown_topic")
    return name


def position_fields(fields: Mapping[str, Any], prefix: str = "") -> tuple[int | None, int | None]:
    """Epoch and offset that a client knows, or None each. Raises `Problem`."""
    known = []
    for name, high in (("epoch", EPOCH_MAX), ("offset", OFFSET_MAX)):
        value = fields.get(name)
        if value is not None:
            if not isinstance(value, int) or isinstance(value, bool):
                fault = FieldError(f"{prefix}{name}", "bad_type", "An integer is expected.")
                raise Problem.of_fields([fault])
            # -1 is what the server itself says of a stream before its first message.
            if not -1 <= value <= high:
                fault = FieldError(f"{prefix}{name}", "out_of_range", f"From 0 to {high}.")
                raise Problem.of_fields([fault])
        known.append(value)
    return known[0], known[1]
