"""A real gateway process: handshake, fan-out, slow clients, protocol violations, shutdown."""

from __future__ import annotations

import asyncio
import base64
import os
import signal
import struct
import subprocess
import sys
import time
from collections.abc import Iterator

import psutil
import pytest
from django.db import connection

from tests.realtime.clerk import Clerk
from tests.realtime.support import log_in
from tests.realtime.wire import (
    CLOSE,
    PING,
    PONG,
    ROOT,
    TEXT,
    WAIT_SECONDS_MAX,
    Client,
    Feed,
    Gateway,
)
from worlds.realtime.frames import Kind

pytestmark = pytest.mark.stack

READY_SECONDS_MAX = 60


@pytest.fixture(scope="module")
def world(_test_database, django_db_blocker) -> Iterator[Clerk]:
    with django_db_blocker.unblock():
        made = Clerk()
        yield made
        made.close()
        connection.close()


@pytest.fixture(scope="module")
def gateway(world: Clerk) -> Iterator[Gateway]:
    running = Gateway(world.slug)
    yield running
    running.stop()


async def open_client(gateway: Gateway, **options: object) -> Client:
    client = await Client(gateway.port).open(**options)
    assert client.status == 101
    return client


async def test_many_sockets_receive_the_same_stream(gateway, world):
    feed = Feed(world)
    clients = [await open_client(gateway) for _ in range(50)]
    for client in clients:
        assert (await client.call(id=1, op="subscribe", topic="market_tick"))["ok"] is True
    for number in range(20):
        assert feed.publish("market_tick", {"n": number, "x": "y" * 1_000}) == 1
        await asyncio.sleep(0.01)
    for client in clients:
        pushes = [await client.next() for _ in range(20)]
        assert [push["data"]["n"] for push in pushes] == list(range(20))
        client.close()


async def test_replies_and_pushes_never_interleave(gateway, world):
    """Large snapshots and pushes while replies are written: every frame stays whole."""
    feed = Feed(world)
    client = await open_client(gateway)
    big = "z" * 60_000
    await client.call(id=0, op="subscribe", topic="news")

    async def talk() -> None:
        for number in range(1, 31):
            feed.publish("news", [number, big], Kind.APPEND)
            client.send(id=number, op="ping")
            await asyncio.sleep(0.06)

    talking = asyncio.ensure_future(talk())
    got = [await client.next() for _ in range(60)]
    await talking
    assert sum("pong" in message for message in got) == 30
    assert [m["data"][0] for m in got if "data" in m] == list(range(1, 31))
    client.close()


async def test_a_stalled_client_costs_nobody_and_is_cut_off(gateway, world):
    """It stops reading; others get everything, its memory stays bounded, it is closed in time."""
    feed = Feed(world)
    slow = await open_client(gateway, buffer_bytes=4_096)
    quick = await open_client(gateway)
    process = psutil.Process(gateway.process.pid)
    for client in (slow, quick):
        assert (await client.call(id=1, op="subscribe", topic="indicators"))["ok"] is True
    slow.writer.transport.pause_reading()
    before = process.memory_info().rss
    payload = "x" * 20_000
    started, received, closed_after = time.monotonic(), 0, None
    while time.monotonic() - started < 14:
        feed.publish("indicators", {"n": received, "x": payload})
        assert (await quick.next())["data"]["n"] == received
        received += 1
        if closed_after is None and not _established(gateway, slow):
            closed_after = time.monotonic() - started
            break
        await asyncio.sleep(0.02)
    assert closed_after is not None
    assert closed_after > 9
    assert received > 100
    assert process.memory_info().rss - before < 8 * 1024 * 1024
    assert (await quick.call(id=2, op="ping"))["ok"] is True
    for client in (slow, quick):
        client.close()


def _established(gateway: Gateway, client: Client) -> bool:
    port = client.writer.get_extra_info("sockname")[1]
    links = psutil.Process(gateway.process.pid).net_connections(kind="tcp")
    return any(link.raddr and link.raddr.port == port for link in links)


async def test_a_client_that_reads_again_gets_the_newest_only(gateway, world):
    feed = Feed(world)
    client = await open_client(gateway, buffer_bytes=4_096)
    await client.call(id=1, op="subscribe", topic="book:OIL")
    client.writer.transport.pause_reading()
    total = 400
    for number in range(total):
        feed.publish("book:OIL", {"n": number, "x": "x" * 20_000})
        await asyncio.sleep(0.005)
    client.writer.transport.resume_reading()
    seen = [(await client.next())["data"]["n"]]
    while seen[-1] < total - 1:
        seen.append((await client.next())["data"]["n"])
    assert seen == sorted(seen)
    assert len(seen) < total / 2
    client.close()


@pytest.mark.parametrize(
    ("frames", "codes"),
    [
        ([(TEXT, b"\xff\xfe", {})], {1007}),
        ([(TEXT, b"{}", {"masked": False})], {1002}),
        ([(0x3, b"", {})], {1002}),
        ([(0xB, b"", {})], {1002}),
        ([(PING, b"x" * 126, {})], {1002}),
        ([(PING, b"", {"fin": False})], {1002}),
        ([(0x0, b"lonely", {})], {1002}),
        ([(TEXT, b"a", {"fin": False}), (TEXT, b"b", {})], {1002}),
        ([(TEXT, b"x" * 70_000, {})], {1009}),
        ([(TEXT, b"x" * 40_000, {"fin": False}), (0x0, b"x" * 40_000, {})], {1009}),
        # After a close frame, even a broken one, the connection may simply end.
        ([(CLOSE, b"\x03", {})], {1002, None}),
        ([(CLOSE, struct.pack(">H", 1005), {})], {1002, None}),
    ],
)
async def test_protocol_violations_close_the_socket(gateway, frames, codes):
    client = await open_client(gateway)
    for opcode, payload, options in frames:
        client.frame(opcode, payload, **options)
    assert await client.closed() in codes
    client.close()
    other = await open_client(gateway)
    assert (await other.call(id=1, op="ping"))["ok"] is True
    other.close()


async def test_what_is_a_little_too_large_gets_the_error_shape(gateway):
    client = await open_client(gateway)
    client.frame(TEXT, b'{"id":1,"op":"ping","x":"' + b"x" * 17_000 + b'"}')
    assert (await client.next())["error"]["code"] == "frame_too_large"
    client.frame(0x2, b"\x00\x01")
    assert (await client.next())["error"]["code"] == "bad_request"
    client.frame(PING, b"here")
    while (answer := await client.receive())[0] != PONG:
        pass
    assert answer[1] == b"here"
    client.close()


async def test_a_flood_is_cut_off(gateway):
    client = await open_client(gateway)
    for number in range(2_000):
        client.send(id=number, op="ping")
    assert await client.closed() in (4013, None)
    client.close()


async def test_random_bytes_do_no_harm(gateway):
    before = psutil.Process(gateway.process.pid).memory_info().rss
    for _ in range(100):
        client = await open_client(gateway)
        client.writer.write(os.urandom(300))
        client.close()
    survivor = await open_client(gateway)
    assert (await survivor.call(id=1, op="ping"))["ok"] is True
    assert psutil.Process(gateway.process.pid).memory_info().rss - before < 32 * 1024 * 1024
    survivor.close()


@pytest.mark.parametrize(
    ("header", "value"),
    [("Origin", "http://evil.example"), ("Origin", "null"), ("Host", "evil.example")],
)
async def test_a_foreign_handshake_is_refused(gateway, header, value):
    lines = {
        "Host": f"localhost:{gateway.port}",
        "Origin": f"http://localhost:{gateway.port}",
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Key": base64.b64encode(os.urandom(16)).decode(),
        "Sec-WebSocket-Version": "13",
    } | {header: value}
    reader, writer = await asyncio.open_connection("127.0.0.1", gateway.port)
    text = "".join(f"{name}: {inner}\r\n" for name, inner in lines.items())
    writer.write(f"GET /ws/ HTTP/1.1\r\n{text}\r\n".encode())
    head = await asyncio.wait_for(reader.readuntil(b"\r\n"), WAIT_SECONDS_MAX)
    # An opaque origin is refused by the server's own parser already.
    assert head.split()[1] in (b"403", b"400")
    writer.close()


async def test_an_order_travels_through_a_real_gateway(gateway, world, django_db_blocker):
    def prepare() -> tuple[str, int]:
        with django_db_blocker.unblock():
            player = world.player()
            key, number = log_in(player), world.participant_id(player)
            connection.close()
            return key, number

    key, _participant = await asyncio.to_thread(prepare)
    client = Client(gateway.port)
    client.cookie = key
    await client.open("/ws/market/")
    order = {"market": "OIL", "side": "sell", "type": "limit", "quantity": 3, "price": "6.000"}
    client.send(id="o1", op="order.place", **order)
    accepted = await client.next()
    assert (accepted["id"], accepted["status"]) == ("o1", "accepted")
    await asyncio.to_thread(world.commit)
    decided = await client.next()
    assert (decided["id"], decided["status"], decided["result"]["left"]) == ("o1", "executed", 3)
    client.close()


async def test_http_is_served_beside_the_sockets(gateway):
    reader, writer = await asyncio.open_connection("127.0.0.1", gateway.port)
    request = f"GET /api/error-codes HTTP/1.1\r\nHost: localhost:{gateway.port}\r\n"
    writer.write(f"{request}Connection: close\r\n\r\n".encode())
    answer = await asyncio.wait_for(reader.read(), WAIT_SECONDS_MAX)
    assert answer.split()[1] == b"200"
    assert b"server: daphne" not in answer.lower()
    writer.close()


def test_a_taken_port_is_said_in_one_line(gateway):
    done = subprocess.run(
        [sys.executable, "-m", "arena_site.gateway", "--port", str(gateway.port)],
        cwd=ROOT, capture_output=True, text=True, timeout=READY_SECONDS_MAX, check=False,
        env=os.environ | {"ARENA_BOOTSTRAP": "0"},
    )  # fmt: skip
    assert done.returncode == 1
    assert f"cannot listen on 127.0.0.1:{gateway.port}" in done.stderr


async def test_a_stop_closes_sockets_with_4001_and_ends_the_process(gateway):
    """The last one: it ends the process that the others use."""
    clients = [await open_client(gateway) for _ in range(10)]
    for client in clients:
        assert (await client.call(id=1, op="subscribe", topic="world"))["ok"] is True
    gateway.process.send_signal(signal.SIGTERM)
    assert {await client.closed() for client in clients} == {4001}
    assert await asyncio.to_thread(gateway.stop) == 0
    with pytest.raises(OSError):
        await asyncio.open_connection("127.0.0.1", gateway.port)
