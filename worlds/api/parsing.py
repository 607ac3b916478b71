"""Strict JSON for both doors: bounded, no NaN, no repeated names, no broken text."""

from __future__ import annotations

import codecs
import json
from collections.abc import Mapping
from typing import Any, NoReturn

from django.conf import settings
from rest_framework.parsers import BaseParser

from worlds.api.errors import Problem

INTEGER_DIGITS_MAX = 40


def _refuse_constant(name: str) -> NoReturn:
    raise Problem("malformed_json", f"{name} is not JSON.")


def _integer(digits: str) -> int:
    if len(digits) > INTEGER_DIGITS_MAX:
        raise Problem("malformed_json", "A number is too long.")
    return int(digits)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise Problem("malformed_json", "A name appears twice in one object.")
    return made


def decode_json(raw: bytes | str) -> Any:
    """Decode one JSON text.

    Raises `Problem("malformed_json")` for anything but well-formed UTF-8 JSON without NaN,
    repeated names, lone surrogates or NUL, and for nesting that exhausts the decoder.
    """
    try:
        text = codecs.decode(raw, "utf-8") if isinstance(raw, bytes) else raw
        value = json.loads(
            text,
            parse_constant=_refuse_constant,
            parse_int=_integer,
            object_pairs_hook=_object,
        )
        # Escapes can spell what UTF-8 cannot carry and PostgreSQL cannot store.
        if "\\u" in text:
            _check_text(value)
    except Problem:
        raise
    except RecursionError:
        raise Problem("malformed_json", "The nesting is too deep.") from None
    except ValueError as error:
        where = f" (position {error.pos})" if isinstance(error, json.JSONDecodeError) else ""
        raise Problem("malformed_json", f"The body is not valid JSON{where}.") from None
    return value


def _check_text(value: Any) -> None:
    """Refuse lone surrogates and NUL anywhere in a decoded value."""
    if isinstance(value, str):
        if "\x00" in value or any("\ud800" <= char <= "\udfff" for char in value):
            raise Problem("malformed_json", "A string holds characters that are no text.")
    elif isinstance(value, Mapping):
        for name, inner in value.items():
            _check_text(name)
            _check_text(inner)
    elif isinstance(value, list):
        for inner in value:
            _check_text(inner)


class StrictJSONParser(BaseParser):
    """REST framework's door to `decode_json`; never reads more than the limit."""

    media_type = "application/json"

    def parse(
        self,
        stream: Any,
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        """Read and decode the body. Raises `Problem` 413 or 400."""
        limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        request = (parser_context or {}).get("request")
        declared = str(request.META.get("CONTENT_LENGTH") or "0") if request is not None else "0"
        if declared.isdigit() and int(declared) > limit:
            raise Problem("payload_too_large", f"At most {limit} bytes are taken.")
        raw = stream.read(limit + 1)
        if len(raw) > limit:
            raise Problem("payload_too_large", f"At most {limit} bytes are taken.")
        return decode_json(raw)
