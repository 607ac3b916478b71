"""The rate of a socket's messages, and what a wait of the server's own does to it."""

from __future__ import annotations

import pytest

from worlds.realtime import limits
from worlds.realtime.limits import INBOUND_FRAMES_MAX, TokenBucket


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [100.0]
    monkeypatch.setattr(limits.time, "monotonic", lambda: now[0])
    return now


def admitted(bucket: TokenBucket, messages: int) -> int:
    return sum(bucket.take() for _ in range(messages))


def test_a_burst_then_the_rate(clock: list[float]) -> None:
    bucket = TokenBucket(20.0, 40)
    assert admitted(bucket, 100) == 40 and bucket.refused == 60
    clock[0] += 2.0
    assert admitted(bucket, 100) == 40 and bucket.refused == 60


@pytest.mark.parametrize(
    ("waited", "more"), [(0.0, 0), (0.04, 0), (0.5, 10), (5.0, 100), (60.0, INBOUND_FRAMES_MAX)]
)
def test_what_waited_for_the_server_is_not_held_against_the_sender(
    clock: list[float], waited: float, more: int
) -> None:
    """Ten messages a second, all of which arrive while the first is worked on."""
    bucket = TokenBucket(20.0, 40)
    bucket.excuse(waited)
    assert admitted(bucket, 1_000) == 40 + more
    clock[0] += 1.0
    assert admitted(bucket, 1_000) == 20, "once"
