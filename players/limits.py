"""Rate limits that hold under concurrency: one script, one round trip, one bucket per caller.

The generic cell rate algorithm: a bucket admits `burst` at once and `rate` per second after that.
The time is Redis' own, so gateways with different clocks agree. When Redis does not answer, each
process keeps buckets of its own with the same numbers: less exact, but never open.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from functools import lru_cache
from typing import Any, NamedTuple

import redis
import structlog
from django.conf import settings

log = structlog.get_logger(__name__)

LOCAL_BUCKETS_MAX = 10_000
MICROSECONDS = 1_000_000

# KEYS[1] bucket; ARGV: microseconds per token, burst in tokens, cost in tokens.
# The key holds the theoretical arrival time: when the bucket will be full again.
_SCRIPT = """
local now = redis.call('TIME')
now = now[1] * 1000000 + now[2]
local gap, burst, cost = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local full_at = tonumber(redis.call('GET', KEYS[1]) or '0')
if full_at < now then full_at = now end
local next_full = full_at + gap * cost
local wait = next_full - now - gap * burst
if wait > 0 then return {0, math.ceil(wait), 0} end
redis.call('SET', KEYS[1], string.format('%.0f', next_full),
           'PX', math.ceil((next_full - now) / 1000) + 1)
return {1, 0, math.floor((gap * burst - (next_full - now)) / gap)}
"""


class Limit(NamedTuple):
    """`burst` at once, then one more every `period_s / burst` seconds."""

    name: str
    burst: int
    period_s: float


class Decision(NamedTuple):
    """What the limiter said; `retry_after_s` is 0.0 when admitted."""

    admitted: bool
    retry_after_s: float
    remaining: int


@lru_cache(maxsize=1)
def _client() -> redis.Redis:
    return redis.Redis.from_url(
        settings.REDIS.traffic, socket_timeout=0.5, socket_connect_timeout=0.5
    )


@lru_cache(maxsize=1)
def _script() -> Any:
    return _client().register_script(_SCRIPT)


class _LocalBuckets:
    """The same algorithm in this process, bounded, for when Redis is away."""

    def __init__(self) -> None:
        self._full_at: OrderedDict[str, float] = OrderedDict()
        self._lock = threading.Lock()

    def take(self, key: str, gap_s: float, burst: int, cost: int) -> Decision:
        with self._lock:
            now = time.monotonic()
            next_full = max(self._full_at.pop(key, now), now) + gap_s * cost
            wait = next_full - now - gap_s * burst
            if wait > 0:
                self._full_at[key] = next_full - gap_s * cost
                return Decision(False, wait, 0)
            self._full_at[key] = next_full
            while len(self._full_at) > LOCAL_BUCKETS_MAX:
                self._full_at.popitem(last=False)
            return Decision(True, 0.0, int((gap_s * burst - (next_full - now)) / gap_s))


_local = _LocalBuckets()


def take(limit: Limit, caller: str, cost: int = 1) -> Decision:
    """Take `cost` tokens out of the caller's bucket, or say how long to wait."""
    gap_s = limit.period_s / limit.burst
    key = f"limit:{limit.name}:{caller}"
    try:
        admitted, wait_us, remaining = _script()(
            keys=[key], args=[round(gap_s * MICROSECONDS), limit.burst, cost]
        )
    except redis.RedisError as error:
        log.warning("limiter_without_redis", error=type(error).__name__)
        return _local.take(key, gap_s, limit.burst, cost)
    return Decision(bool(admitted), wait_us / MICROSECONDS, remaining)


def named(name: str) -> Limit:
    """A limit of `PLAYER_LIMITS`: (admitted at once, seconds until all of it is back)."""
    burst, period_s = settings.PLAYER_LIMITS[name]
    return Limit(name, burst, period_s)


def client_ip(request: Any) -> str:
    """The address of the caller; `X-Forwarded-For` counts only behind the named proxies.

    A header shorter than the chain of proxies is a forgery and is ignored.
    """
    proxies = settings.ALLAUTH_TRUSTED_PROXY_COUNT
    chain = [part.strip() for part in request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")]
    if proxies and len(chain) >= proxies and chain[-proxies]:
        return chain[-proxies][:64]
    return request.META.get("REMOTE_ADDR") or "unknown"
