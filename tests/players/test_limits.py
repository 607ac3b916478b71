"""The limiter: exact under concurrency, and closed rather than open without Redis."""

from __future__ import annotations

import threading
import uuid
from types import SimpleNamespace

import pytest
import redis

from players import limits
from players.limits import Limit, client_ip, take


def _limit(burst: int = 5, period_s: float = 60.0) -> Limit:
    return Limit(f"test-{uuid.uuid4().hex}", burst, period_s)


def test_admits_the_burst_and_then_says_how_long_to_wait():
    limit = _limit()
    decisions = [take(limit, "a") for _ in range(6)]
    assert [decision.admitted for decision in decisions] == [True] * 5 + [False]
    assert [decision.remaining for decision in decisions] == [4, 3, 2, 1, 0, 0]
    assert 0 < decisions[-1].retry_after_s <= 12.0


def test_callers_have_buckets_of_their_own():
    limit = _limit(burst=1)
    assert take(limit, "a").admitted
    assert take(limit, "b").admitted
    assert not take(limit, "a").admitted


def test_500_requests_at_once_overshoot_by_none():
    limit = _limit(burst=100, period_s=3_600.0)
    admitted: list[bool] = []
    barrier = threading.Barrier(20)

    def ask() -> None:
        barrier.wait()
        admitted.extend(take(limit, "crowd").admitted for _ in range(25))

    threads = [threading.Thread(target=ask) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(admitted) == 500
    assert sum(admitted) == 100


class _Away:
    def __call__(self, **kwargs: object) -> None:
        raise redis.ConnectionError("away")


def test_without_redis_each_process_keeps_its_own_bucket(monkeypatch):
    monkeypatch.setattr(limits, "_script", lambda: _Away())
    limit = _limit()
    decisions = [take(limit, "a") for _ in range(6)]
    assert [decision.admitted for decision in decisions] == [True] * 5 + [False]
    assert decisions[-1].retry_after_s > 0


def test_local_buckets_are_bounded(monkeypatch):
    monkeypatch.setattr(limits, "LOCAL_BUCKETS_MAX", 10)
    local = limits._LocalBuckets()
    for caller in range(50):
        local.take(str(caller), 1.0, 5, 1)
    assert len(local._full_at) == 10


@pytest.mark.parametrize(
    ("proxies", "forwarded", "expected"),
    [
        (0, None, "10.0.0.9"),
        (0, "1.2.3.4", "10.0.0.9"),
        (1, "1.2.3.4", "1.2.3.4"),
        (1, "6.6.6.6, 1.2.3.4", "1.2.3.4"),
        (2, "6.6.6.6, 1.2.3.4, 10.0.0.1", "1.2.3.4"),
        (2, "1.2.3.4", "10.0.0.9"),
        (1, "", "10.0.0.9"),
    ],
)
def test_forwarded_addresses_count_only_behind_named_proxies(
    settings, proxies, forwarded, expected
):
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = proxies
    meta = {"REMOTE_ADDR": "10.0.0.9"}
    if forwarded is not None:
        meta["HTTP_X_FORWARDED_FOR"] = forwarded
    assert client_ip(SimpleNamespace(META=meta)) == expected
