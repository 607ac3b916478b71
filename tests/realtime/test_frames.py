"""Publications and frames: bytes in, bytes out, and nothing of a payload is read."""

from __future__ import annotations

import json
import struct

import pytest

from worlds.realtime.frames import (
    HEADER,
    PUBLICATION_BYTES_MAX,
    BadPublicationError,
    Frame,
    Kind,
    Publication,
    pack_publication,
    push_frame,
    reply_frame,
    unpack_publication,
)


@pytest.mark.parametrize("tick", [None, 0, 7, 2**40])
@pytest.mark.parametrize("prev", [None, -1, 5])
@pytest.mark.parametrize("kind", list(Kind))
def test_publications_survive_the_wire(kind: Kind, tick: int | None, prev: int | None) -> None:
    made = Publication(kind, 3, 2**40, 1.5, b'{"a":1}', tick, prev)
    assert unpack_publication(pack_publication(made)) == made


def test_a_header_without_fields_is_24_bytes_and_the_payload() -> None:
    raw = struct.pack("<IIQd", 1, 9, 11, 2.0) + b"[]"
    assert unpack_publication(raw) == Publication(Kind.APPEND, 9, 11, 2.0, b"[]")


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\x00" * HEADER.size,
        struct.pack("<IIQd", 2, 1, 1, 0.0) + b"{}",
        struct.pack("<IIQd", 0x400, 1, 1, 0.0) + b"{}",
        struct.pack("<IIQd", 0x100, 1, 1, 0.0) + b"{}",
        struct.pack("<IIQdq", 0x100, 1, 1, 0.0, 5),
        b"\x00" * (PUBLICATION_BYTES_MAX + 1),
    ],
)
def test_foreign_bytes_are_refused(raw: bytes) -> None:
    with pytest.raises(BadPublicationError):
        unpack_publication(raw)


@pytest.mark.parametrize("size", [0, 1, 125, 126, 127, 65_535, 65_536, 70_000])
def test_a_frame_is_one_unmasked_text_message(size: int) -> None:
    body = b"x" * size
    wire = Frame(body).wire
    assert wire[0] == 0x81
    if size < 126:
        assert (wire[1], wire[2:]) == (size, body)
    elif size < 65_536:
        assert (wire[1], wire[2:4], wire[4:]) == (126, size.to_bytes(2, "big"), body)
    else:
        assert (wire[1], wire[2:10], wire[10:]) == (127, size.to_bytes(8, "big"), body)
    assert Frame(body).text == body.decode()


def test_world_pushes_carry_epoch_and_private_ones_prev() -> None:
    made = Publication(Kind.REPLACE, 3, 4, 0.0, b'{"x":"1.000"}', tick=9)
    assert json.loads(push_frame("book:OIL", made).text) == {
        "topic": "book:OIL",
        "epoch": 3,
        "offset": 4,
        "tick": 9,
        "type": "replace",
        "data": {"x": "1.000"},
    }
    own = made._replace(kind=Kind.APPEND, prev=2)
    assert json.loads(push_frame("account", own, private=True).text) == {
        "topic": "account",
        "offset": 4,
        "prev": 2,
        "tick": 9,
        "type": "append",
        "data": {"x": "1.000"},
    }


def test_a_reply_takes_one_member_as_finished_json() -> None:
    frame = reply_frame({"id": 1, "ok": True}, ("snapshot", b'{"a":[1,2]}'))
    assert json.loads(frame.text) == {"id": 1, "ok": True, "snapshot": {"a": [1, 2]}}
