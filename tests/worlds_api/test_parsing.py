"""Strict JSON: what it takes, and that nothing else gets through or blows up."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worlds.api.errors import Problem
from worlds.api.parsing import decode_json

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=20)
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**30), 10**30)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=10,
)


@given(JSON)
def test_json_is_read_as_it_was_meant(value):
    assert decode_json(json.dumps(value).encode()) == value
    assert decode_json(json.dumps(value, ensure_ascii=False)) == value


@given(st.binary(max_size=60))
def test_bytes_are_read_or_refused(raw):
    try:
        decode_json(raw)
    except Problem as problem:
        assert problem.code == "malformed_json"


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{",
        b"{'a': 1}",
        b"[1,]",
        b"NaN",
        b'{"a": Infinity}',
        b'{"a": 1, "a": 2}',
        b"1" * 41,
        b"\xff",
        b"\xef\xbb\xbf{}",
        b'"\\ud800"',
        b'{"\\u0000": 1}',
        b'["a\\u0000b"]',
        b"[" * 100_000,
        b'{"a":' * 5_000 + b"1" + b"}" * 5_000,
        b'"\\u0061' + b"[" * 10,
        "١".encode(),
    ],
)
def test_what_is_not_plain_json_is_refused(raw):
    with pytest.raises(Problem) as refused:
        decode_json(raw)
    assert refused.value.code == "malformed_json"


def test_deep_nesting_with_escapes_is_refused_and_not_a_crash():
    raw = b"[" * 900 + b'"\\u0061"' + b"]" * 900
    try:
        decode_json(raw)
    except Problem as problem:
        assert problem.code == "malformed_json"
