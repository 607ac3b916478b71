"""The limiter at the REST door: per player, or per address for those who are not logged in."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from players.limits import Decision, Limit, client_ip, take


class ApiThrottle(BaseThrottle):
    """One token a request; views may name a narrower bucket with `limit_group`."""

    decision: Decision | None = None

    def allow_request(self, request: Request, view: Any) -> bool:
        """Take a token of the caller's bucket; remembered for the answer's headers."""
        user = request.user
        named = getattr(view, "limit_group", None)
        writes = request.method not in ("GET", "HEAD", "OPTIONS")
        if user.is_authenticated:
            group = named if named and writes else "player"
            caller = f"player-{user.pk}"
        else:
            group, caller = "anonymous", f"ip-{client_ip(request)}"
        burst, period_s = settings.API_LIMITS[group]
        self.decision = take(Limit(f"api-{group}", burst, period_s), caller)
        request._request.rate_limit = (group, burst, self.decision)  # type: ignore[attr-defined]
        return self.decision.admitted

    def wait(self) -> float | None:
        """Seconds until the next token."""
        return self.decision.retry_after_s if self.decision else None
