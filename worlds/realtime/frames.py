"""Bytes on the way from a world to a browser: publications in Redis, frames on sockets.

A publication is a header and the payload, a finished JSON text. The header is 24 bytes, little
endian: kind u32, epoch u32, offset u64, unix time f64. The low byte of the kind says what the
payload does to what a reader knows (0 replaces it, 1 appends to it); two flags above it announce
8 bytes each between header and payload: the world's tick, and for private streams the commit of
the message before. A gateway never parses a payload: it concatenates the envelope around it once
and sends the same bytes to every socket.
"""

from __future__ import annotations

import json
import struct
from enum import IntEnum
from typing import Any, NamedTuple

import msgspec

HEADER = struct.Struct("<IIQd")
_FIELD = struct.Struct("<q")
_KIND_MASK = 0xFF
HAS_TICK = 0x100
HAS_PREV = 0x200
_KNOWN_BITS = _KIND_MASK | HAS_TICK | HAS_PREV
PUBLICATION_BYTES_MAX = 1024 * 1024

_TEXT = 0x81
PING = b"\x89\x00"


class Kind(IntEnum):
    """What a publication does to a reader's state."""

    REPLACE = 0
    APPEND = 1


_TYPES = {Kind.REPLACE: b"replace", Kind.APPEND: b"append"}


class Publication(NamedTuple):
    """One message of one topic, as published; `payload` is JSON text in UTF-8."""

    kind: Kind
    epoch: int
    offset: int
    published_at: float
    payload: bytes
    tick: int | None = None
    prev: int | None = None

    @property
    def position(self) -> int:
        """Epoch and offset as one number that grows: a later epoch is a later position."""
        return (self.epoch << 64) + self.offset


class BadPublicationError(ValueError):
    """Bytes in Redis that are no publication of ours."""


def pack_publication(publication: Publication) -> bytes:
    """Header, announced fields, payload."""
    kind = int(publication.kind)
    fields = b""
    if publication.tick is not None:
        kind |= HAS_TICK
        fields += _FIELD.pack(publication.tick)
    if publication.prev is not None:
        kind |= HAS_PREV
        fields += _FIELD.pack(publication.prev)
    header = HEADER.pack(kind, publication.epoch, publication.offset, publication.published_at)
    return header + fields + publication.payload


def unpack_publication(raw: bytes) -> Publication:
    """The inverse; raises `BadPublicationError` for anything else."""
    if not HEADER.size < len(raw) <= PUBLICATION_BYTES_MAX:
        raise BadPublicationError(f"{len(raw)} bytes")
    bits, epoch, offset, published_at = HEADER.unpack_from(raw)
    if bits & ~_KNOWN_BITS or bits & _KIND_MASK > Kind.APPEND:
        raise BadPublicationError(f"kind {bits:#x}")
    start = HEADER.size
    fields: dict[str, int | None] = {"tick": None, "prev": None}
    for bit, name in ((HAS_TICK, "tick"), (HAS_PREV, "prev")):
        if bits & bit:
            if len(raw) < start + _FIELD.size:
                raise BadPublicationError("cut short")
            fields[name] = _FIELD.unpack_from(raw, start)[0]
            start += _FIELD.size
    if start == len(raw):
        raise BadPublicationError("no payload")
    kind = Kind(bits & _KIND_MASK)
    return Publication(kind, epoch, offset, published_at, raw[start:], **fields)


class Frame:
    """One text message, built once: `wire` for sockets, `text` for plain ASGI servers."""

    __slots__ = ("_text", "body_start", "wire")

    def __init__(self, body: bytes) -> None:
        size = len(body)
        if size < 126:
            head = bytes((_TEXT, size))
        elif size < 65_536:
            head = bytes((_TEXT, 126)) + size.to_bytes(2, "big")
        else:
            head = bytes((_TEXT, 127)) + size.to_bytes(8, "big")
        self.wire = head + body
        self.body_start = len(head)
        self._text: str | None = None

    @property
    def text(self) -> str:
        """The message decoded, once however many sockets ask."""
        if self._text is None:
            self._text = self.wire[self.body_start :].decode()
        return self._text

    def __len__(self) -> int:
        return len(self.wire)


def _number(value: int | None) -> bytes:
    return b"null" if value is None else b"%d" % value


def push_frame(topic: str, publication: Publication, *, private: bool = False) -> Frame:
    """The envelope of a push around an unparsed payload.

    World topics carry their epoch; private streams carry `prev` instead, since their offsets are
    commit numbers, which no change of the writer restarts.
    """
    name = json.dumps(topic).encode()
    if private:
        place = b'"offset":%d,"prev":%s' % (publication.offset, _number(publication.prev))
    else:
        place = b'"epoch":%d,"offset":%d' % (publication.epoch, publication.offset)
    return Frame(
        b'{"topic":%s,%s,"tick":%s,"type":"%s","data":%s}'
        % (name, place, _number(publication.tick), _TYPES[publication.kind], publication.payload)
    )


def reply_frame(members: dict[str, Any], raw: tuple[str, bytes] | None = None) -> Frame:
    """A reply as one JSON object; `raw` is one more member whose value is JSON text already."""
    body = msgspec.json.encode(members)
    if raw is not None:
        name, value = raw
        body = body[:-1] + b',"%s":%s}' % (name.encode(), value)
    return Frame(body)
