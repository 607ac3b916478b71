"""Who may open a socket, from where, for how long."""

from __future__ import annotations

import asyncio
import time
from importlib import import_module

import pytest
from django.conf import settings as project_settings

from tests.realtime.support import HOST, RecordingHandle, off_loop, until
from worlds.realtime import sessions as sessions_module
from worlds.realtime.codes import CloseCode
from worlds.realtime.hub import TopicHub
from worlds.realtime.limits import PING_PERIOD_SECONDS
from worlds.realtime.origin import same_origin
from worlds.realtime.registry import SocketRegistry
from worlds.realtime.runtime import get_realtime
from worlds.realtime.subscriber import Subscriber

REFUSED_ORIGINS = [
    "", "null", "*", "file://", "about:blank", "localhost:8000", "//localhost:8000",
    "https://localhost:8000", "ws://localhost:8000", "HTTP://localhost:8000",
    "http://LOCALHOST:8000", "http://localhost", "http://localhost:80", "http://localhost:8001",
    "http://localhost:08000", "http://localhost:8000/", "http://localhost:8000/ws/",
    "http://localhost:8000 ", " http://localhost:8000", "http://localhost:8000\t",
    "http://localhost:8000,http://evil.example", "http://localhost:8000 http://evil.example",
    "http://evil.example", "http://evil.example:8000", "http://localhost.evil.example:8000",
    "http://evil-localhost:8000", "http://evillocalhost:8000", "http://localhostevil:8000",
    "http://localhost:8000.evil.example", "http://localhost:8000@evil.example",
    "http://user@localhost:8000", "http://localhost:8000#x", "http://localhost:8000?x",
    "http://127.0.0.1:8000", "http://[::1]:8000", "http://0:8000", "http://localhost.:8000",
    "http:/localhost:8000", "http:localhost:8000", "http://localhost:8000\\@evil.example",
    "http://sub.localhost:8000", "http://.localhost:8000", "http://%6cocalhost:8000",
    "http://lоcalhost:8000", "data:text/html,x", "javascript:alert(1)", "chrome-extension://x",
    "http://localhost:8000%00", "http://localhost:٨٠٠٠", "http:///localhost:8000",
]  # fmt: skip


def scope_of(*headers: tuple[str, str], **members: str) -> dict:
    raw = [(name.encode(), value.encode("utf-8")) for name, value in headers]
    return {"type": "websocket", "headers": raw, **members}


def test_the_matrix_is_large_enough():
    assert len(set(REFUSED_ORIGINS)) >= 50


@pytest.mark.parametrize("origin", REFUSED_ORIGINS)
def test_foreign_origins_are_refused(origin):
    assert not same_origin(scope_of(("host", HOST), ("origin", origin)))


def test_missing_and_doubled_origins_are_refused():
    own = ("origin", f"http://{HOST}")
    assert same_origin(scope_of(("host", HOST), own))
    assert not same_origin(scope_of(("host", HOST)))
    assert not same_origin(scope_of(("host", HOST), own, own))
    assert not same_origin(scope_of(own))
    assert not same_origin(scope_of(("host", HOST), ("host", HOST), own))


def test_the_host_must_be_allowed(settings):
    settings.ALLOWED_HOSTS = ["arena.example", ".wide.example"]
    for host, allowed in [
        ("arena.example", True),
        ("arena.example:8443", True),
        ("a.wide.example", True),
        ("evil.example", False),
        ("arena.example.evil", False),
        ("arena.example@evil.example", False),
        ("", False),
    ]:
        assert same_origin(scope_of(("host", host), ("origin", f"http://{host}"))) is allowed


def test_behind_a_tls_proxy_the_scheme_is_https(settings):
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    host, secure = ("host", HOST), ("x-forwarded-proto", "https")
    assert same_origin(scope_of(host, secure, ("origin", f"https://{HOST}")))
    assert not same_origin(scope_of(host, secure, ("origin", f"http://{HOST}")))
    assert not same_origin(scope_of(host, ("origin", f"https://{HOST}")))
    settings.SECURE_PROXY_SSL_HEADER = None
    assert not same_origin(scope_of(host, secure, ("origin", f"https://{HOST}")))
    assert same_origin(scope_of(host, ("origin", f"https://{HOST}"), scheme="wss"))


def test_trusted_origins_are_exact(settings):
    settings.CSRF_TRUSTED_ORIGINS = ["https://www.arena.example", "https://*.wide.example"]
    host = ("host", HOST)
    assert same_origin(scope_of(host, ("origin", "https://www.arena.example")))
    assert not same_origin(scope_of(host, ("origin", "https://a.wide.example")))
    assert not same_origin(scope_of(host, ("origin", "https://*.wide.example")))


async def test_a_foreign_page_gets_no_handshake(sockets, clerk):
    player = await off_loop(clerk.player)()
    socket = await sockets(player, origin="http://evil.example").open()
    assert socket.connected is False
    assert (await sockets(player, origin="").open()).connected is False


async def test_a_forged_cookie_is_anonymous(sockets, clerk):
    cookie = f"{project_settings.SESSION_COOKIE_NAME}={'x' * 32}"
    socket = await sockets(cookie=cookie).open()
    assert (await socket.call("ping"))["ok"] is True
    assert (await socket.call("subscribe", topic="account"))["error"]["code"] == "unauthorized"


def _end_session(key: str) -> None:
    import_module(project_settings.SESSION_ENGINE).SessionStore(key).delete()


async def test_the_regular_check_closes_what_is_no_longer_logged_in(sockets, clerk):
    """Ended session, inactive user, new password; others stay."""
    players = [await off_loop(clerk.player)() for _ in range(4)]
    opened = [await sockets(player).open() for player in players]
    for socket in opened:
        assert (await socket.call("ping"))["ok"] is True

    def end_three() -> None:
        _end_session(opened[0].session_key)
        players[1].is_active = False
        players[1].save()
        players[2].set_password("another horse battery")
        players[2].save()

    await off_loop(end_three)()
    registry = get_realtime().registry
    await registry.check(tuple(registry._sockets))
    for socket in opened[:3]:
        assert await socket.closed() == CloseCode.UNAUTHENTICATED
    assert (await opened[3].call("ping"))["ok"] is True


async def test_revoking_one_session_leaves_the_others(sockets, clerk):
    player = await off_loop(clerk.player)()
    first, second = await sockets(player).open(), await sockets(player).open()
    for socket in (first, second):
        assert (await socket.call("ping"))["ok"] is True
    started = time.monotonic()
    await off_loop(sessions_module.revoke_sockets)(player.pk, first.session_key)
    assert await first.closed() == CloseCode.UNAUTHENTICATED
    assert time.monotonic() - started < 2
    assert (await second.call("ping"))["ok"] is True


async def test_revoking_a_user_checks_all_sessions(sockets, clerk):
    player = await off_loop(clerk.player)()
    first, second = await sockets(player).open(), await sockets(player).open()
    for socket in (first, second):
        assert (await socket.call("ping"))["ok"] is True
    await off_loop(_end_session)(first.session_key)
    await off_loop(sessions_module.revoke_sockets)(player.pk)
    assert await first.closed() == CloseCode.UNAUTHENTICATED
    assert (await second.call("ping"))["ok"] is True


class QuietSocket:
    """What the registry needs of a socket."""

    def __init__(self, hub: TopicHub) -> None:
        self.identity = None
        self.pinged_at: float | None = None
        self.subscriber = Subscriber(hub, RecordingHandle())

    def close(self, code: int) -> None:
        self.subscriber.close(code)


async def test_quiet_sockets_are_pinged_and_silent_ones_closed(hub):
    registry = SocketRegistry()
    lively, answering, silent = sockets = [QuietSocket(hub) for _ in range(3)]
    for socket in sockets:
        assert registry.join(socket)
    long_ago = time.monotonic() - PING_PERIOD_SECONDS
    for socket in (answering, silent):
        socket.subscriber.alive_at = socket.subscriber.handle.alive_at = long_ago
    registry.ping_slot(set(sockets))
    assert [s.subscriber.handle.pings_sent for s in sockets] == [0, 1, 1]
    await asyncio.sleep(0.01)
    answering.subscriber.handle.alive_at = time.monotonic()
    lively.subscriber.alive_at = time.monotonic()
    registry.ping_slot(set(sockets))
    assert [s.subscriber.handle.closed_with for s in sockets] == [None, None, CloseCode.NO_PONG]
    await registry.close()


async def test_the_wheel_turns(hub, monkeypatch):
    registry = SocketRegistry()
    turned: list[int] = []
    monkeypatch.setattr(registry, "ping_slot", lambda slot: turned.append(len(slot)))
    registry.join(QuietSocket(hub))
    await until(lambda: turned)
    await registry.close()
