"""A gateway process: daphne serving HTTP and sockets, with our way around its send path.

`python -m arena_site.gateway --host 127.0.0.1 --port 8000`. Several processes share one port with
`--reuse-port`; the kernel spreads new connections over them.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import resource
import socket
import sys
from collections.abc import Callable, Sequence
from typing import Any

# daphne must be first: it installs the asyncio reactor before anything imports another one.
from daphne.server import Server  # isort: skip
import structlog
from twisted.internet import defer, reactor

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "arena_site.settings.embedded")

log = structlog.get_logger(__name__)

BACKLOG = 1024
DRAIN_SECONDS_MAX = 3.0
# What one socket may have waiting for its consumer; a client that outruns it is cut off.
INBOUND_MESSAGES_MAX = 128
FILES_SPARE = 256


class GatewayServer(Server):
    """daphne with a fan-out handle in the scope of every socket, on a port that is ours."""

    def __init__(self, application: Any, listener: socket.socket, **options: Any) -> None:
        # daphne refuses to be without an endpoint, but it parses endpoints from text, which
        # cannot name a socket that is bound already.
        super().__init__(application, endpoints=["bound"], **options)
        self.endpoints: list[str] = []
        self._listener = listener
        self._port: Any = None
        self.ready_callable = self._listen

    def _listen(self) -> None:
        # A peer that breaks the protocol is told so (1002, 1007, 1009) before it is dropped.
        self.ws_factory.setProtocolOptions(failByDrop=False)
        listener = self._listener
        self._port = reactor.adoptStreamPort(listener.fileno(), listener.family, self.http_factory)
        host, port = listener.getsockname()[:2]
        listener.close()
        # The one line a supervisor or a test waits for.
        print(f"listening on {host}:{port}", flush=True)  # noqa: T201

    def create_application(self, protocol: Any, scope: dict[str, Any]) -> Any:
        """As daphne's, with the handle added, pongs noticed and the inbound queue bounded."""
        if scope["type"] != "websocket":
            return super().create_application(protocol, scope)
        from worlds.realtime.handles import EXTENSION, DaphneHandle

        if DaphneHandle.fits(protocol):
            handle = DaphneHandle(protocol)
            scope["extensions"] = {EXTENSION: handle}
            protocol.onPong = handle.pong
        queue = super().create_application(protocol, scope)
        if queue is not None:
            protocol.onMessage = _bounded(protocol, queue)
        return queue

    def kill_all_applications(self) -> defer.Deferred:
        """Before the reactor stops: no new connections, sockets closed with 4001, then the rest."""
        if self._port is not None:
            self._port.stopListening()
        return defer.Deferred.fromFuture(asyncio.ensure_future(self._drain()))

    async def _drain(self) -> None:
        from worlds.realtime.codes import CloseCode
        from worlds.realtime.runtime import existing_realtime

        realtime = existing_realtime()
        if realtime is not None:
            with contextlib.suppress(Exception):
                await asyncio.wait_for(realtime.shut_down(CloseCode.SHUTDOWN), DRAIN_SECONDS_MAX)
        # Requests under way get a moment to end; what is left then is cancelled.
        running = self._running()
        if running:
            await asyncio.wait(running, timeout=DRAIN_SECONDS_MAX)
        for task in self._running():
            task.cancel()
        await asyncio.gather(*self._running(), return_exceptions=True)

    def _running(self) -> list[asyncio.Task[Any]]:
        tasks = (details.get("application_instance") for details in self.connections.values())
        return [task for task in tasks if task is not None and not task.done()]


def _bounded(protocol: Any, queue: asyncio.Queue[Any]) -> Callable[[bytes, bool], None]:
    """`onMessage` of a protocol, closing the socket instead of queueing without a limit."""
    from worlds.realtime.codes import CloseCode

    take = protocol.onMessage

    def on_message(payload: bytes, is_binary: bool) -> None:
        if queue.qsize() < INBOUND_MESSAGES_MAX:
            take(payload, is_binary)
        elif not protocol.muted:
            protocol.muted = True
            protocol.sendClose(code=int(CloseCode.RATE))
            queue.put_nowait({"type": "websocket.disconnect", "code": int(CloseCode.RATE)})

    return on_message


def bind(host: str, port: int, reuse_port: bool = False) -> socket.socket:
    """A listening socket. Raises `OSError` when the address is taken or not ours."""
    family, kind, protocol, _name, address = socket.getaddrinfo(
        host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )[0]
    listener = socket.socket(family, kind, protocol)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if reuse_port:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        listener.setblocking(False)
        listener.bind(address)
        listener.listen(BACKLOG)
    except OSError:
        listener.close()
        raise
    return listener


def raise_file_limit(sockets_max: int) -> int:
    """Raise the limit of open files as far as allowed; says so when it stays below what is meant
    to be served. Returns the limit."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        soft = hard
    if soft != resource.RLIM_INFINITY and soft < sockets_max + FILES_SPARE:
        log.warning("few_open_files", limit=soft, sockets_max=sockets_max)
    return soft


def serve(listener: socket.socket, *, proxy: bool = False) -> None:
    """Serve on a bound socket until a signal ends it."""
    from arena_site.asgi import application
    from worlds.realtime.limits import SERVER_FRAME_BYTES_MAX, sockets_max

    raise_file_limit(sockets_max())
    server = GatewayServer(
        application,
        listener,
        http_timeout=60,
        # Our own wheel pings; daphne's would read the clock for every socket every two seconds.
        ping_interval=10**9,
        ping_timeout=0,
        websocket_timeout=-1,
        websocket_handshake_timeout=5,
        websocket_max_message_size=SERVER_FRAME_BYTES_MAX,
        websocket_max_frame_size=SERVER_FRAME_BYTES_MAX,
        # No access log: at thousands of sockets it would cost more than serving them.
        action_logger=None,
        verbosity=0,
        server_name="",
        proxy_forwarded_address_header="X-Forwarded-For" if proxy else None,
        proxy_forwarded_proto_header="X-Forwarded-Proto" if proxy else None,
    )
    server.run()


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line of a gateway."""
    parser = argparse.ArgumentParser(prog="gateway", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8000, help="0 takes a free one")
    parser.add_argument("--reuse-port", action="store_true", help="share the port")
    parser.add_argument("--proxy", action="store_true", help="trust X-Forwarded-* headers")
    given = parser.parse_args(arguments)
    try:
        # Before anything is loaded: a taken port is said at once.
        listener = bind(given.host, given.port, given.reuse_port)
    except OSError as error:
        print(f"cannot listen on {given.host}:{given.port}: {error}", file=sys.stderr)  # noqa: T201
        return 1
    serve(listener, proxy=given.proxy)
    return 0


if __name__ == "__main__":
    sys.exit(main())
