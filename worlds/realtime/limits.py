"""Bounds of the realtime doors, and the relations between them that must hold."""

from __future__ import annotations

import time

from django.conf import settings

# What waits in user space for one socket. A socket that reads less than the world writes is cut
# off at the cap of its stream, and any socket at the second bound.
QUEUED_BYTES_MAX = 256 * 1024
BUFFERED_BYTES_MAX = 1024 * 1024
STALLED_SECONDS_MAX = 10.0
STALL_POLL_SECONDS = 0.05

FAN_OUT_SLICE = 512
LINGER_SECONDS = 30.0
RING_FRAMES_MAX = 256
RING_BYTES_MAX = 512 * 1024
# A subscriber gets the stored view and the frames since; beyond this many the view is read anew.
CATCH_UP_FRAMES_MAX = 64
RECOVERY_FRAMES_MAX = 256
# A lower epoch that still speaks this long after a higher one is a new stream, not a late message.
RESTART_SECONDS = 5.0

PING_PERIOD_SECONDS = 25
SESSION_CHECK_SECONDS = 30
HELD_FRAMES_MAX = 256
UNDECIDED_PER_SOCKET_MAX = 256
INBOUND_FRAMES_MAX = 128
GARBAGE_MAX = 10
RATE_REFUSALS_MAX = 40
EXCUSED_FROM_SECONDS = 0.05
SUBSCRIBE_SECONDS_MAX = 3.0

# The server reads a larger frame than the door takes, so that one that is only a little too long
# is answered in the error shape; what is longer still closes the socket with 1009.
SERVER_FRAME_BYTES_MAX = 64 * 1024
NOTSENT_LOWAT_BYTES = 16 * 1024

if not QUEUED_BYTES_MAX < BUFFERED_BYTES_MAX:
    raise RuntimeError("the queue of a stream must fit into the buffer of a socket")
if not CATCH_UP_FRAMES_MAX < RING_FRAMES_MAX:
    raise RuntimeError("what a subscriber catches up with must fit into the ring")
if not settings.SOCKET_FRAME_BYTES_MAX < SERVER_FRAME_BYTES_MAX:
    raise RuntimeError("the door's frame limit must be below the server's")


def sockets_max() -> int:
    """Sockets that one gateway process holds; further ones are turned away with 4504."""
    return getattr(settings, "SOCKETS_PER_PROCESS_MAX", 15_000)


class TokenBucket:
    """Messages a socket may send: a rate per second and a burst."""

    __slots__ = ("_at", "_burst", "_excused", "_rate", "_tokens", "refused")

    def __init__(self, rate: float, burst: int) -> None:
        self._rate = rate
        self._burst = burst
        self._tokens = float(burst)
        self._excused = 0.0
        self._at = time.monotonic()
        self.refused = 0

    def take(self) -> bool:
        """Whether one more message is within the limit; refusals in a row are counted."""
        now = time.monotonic()
        self._tokens = min(self._burst, self._tokens + (now - self._at) * self._rate)
        self._at = now
        if self._tokens >= 1:
            self._tokens -= 1
        elif self._excused >= 1:
            self._excused -= 1
        else:
            self.refused += 1
            return False
        self.refused = 0
        return True

    def excuse(self, seconds: float) -> None:
        """Admit beyond the burst what was sent while a message was worked on for so long: it came
        in time and waited here, as when the database restarts. Short work is not counted."""
        if seconds >= EXCUSED_FROM_SECONDS:
            self._excused = min(self._excused + seconds * self._rate, INBOUND_FRAMES_MAX)
