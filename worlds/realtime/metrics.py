"""What the gateways count. One increment per fan-out, never one per socket."""

from __future__ import annotations

from prometheus_client import Counter, Gauge

SOCKETS = Gauge("lea_sockets", "Open sockets of this gateway.", multiprocess_mode="livesum")
TOPICS = Gauge("lea_topics", "Topics this gateway receives.", multiprocess_mode="livesum")
PUBLICATIONS = Counter("lea_publications_total", "Publications received from Redis.")
DELIVERIES = Counter("lea_deliveries_total", "Frames offered to sockets.")
SKIPS = Counter("lea_skips_total", "Frames left out for sockets that had not drained.")
DROPPED = Counter("lea_publications_dropped_total", "Publications not taken.", ["reason"])
CLOSES = Counter("lea_socket_closes_total", "Sockets closed by the server.", ["code"])
MESSAGES = Counter("lea_socket_messages_total", "Client messages by outcome.", ["outcome"])
RECONNECTS = Counter("lea_hub_reconnects_total", "Connections to Redis made anew by the hub.")
