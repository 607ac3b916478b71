"""The far end of a real gateway: the process itself, clients by hand, a publisher."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import socket
import struct
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import quote

from django.conf import settings
from django.db import connection

from tests.realtime.clerk import Clerk
from worlds.realtime.frames import Kind, Publication, pack_publication

ROOT = Path(__file__).resolve().parents[2]
WAIT_SECONDS_MAX = 30
TEXT, CLOSE, PING, PONG = 0x1, 0x8, 0x9, 0xA


class Gateway:
    """One gateway process on a free port of its own."""

    def __init__(self, world: str) -> None:
        given = connection.settings_dict
        host = quote(given["OPTIONS"].get("host", given["HOST"]), safe="")
        url = f"postgresql://{given['USER']}:{given['PASSWORD']}@/{given['NAME']}?host={host}"
        if given["PORT"]:
            url += f"&port={given['PORT']}"
        environment = os.environ | {
            "DJANGO_SETTINGS_MODULE": "tests.realtime.gateway_settings",
            "DATABASE_URL": url,
            "REDIS_URL": settings.REDIS.traffic,
            "TEST_WORLD": world,
            "ARENA_BOOTSTRAP": "0",
        }
        self.process = subprocess.Popen(
            [sys.executable, "-m", "arena_site.gateway", "--port", "0"],
            cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        line = self.process.stdout.readline()
        assert line.startswith("listening on "), line
        self.port = int(line.rsplit(":", 1)[1])

    def stop(self) -> int:
        if self.process.poll() is None:
            self.process.terminate()
        code = self.process.wait(timeout=WAIT_SECONDS_MAX)
        self.process.stdout.close()
        return code


class Client:
    """A WebSocket client by hand, so that it can break every rule."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.cookie: str | None = None

    async def open(self, path: str = "/ws/", buffer_bytes: int | None = None) -> Client:
        sock = None
        if buffer_bytes is not None:
            sock = socket.socket()
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer_bytes)
            sock.setblocking(False)
            await asyncio.get_running_loop().sock_connect(sock, ("127.0.0.1", self.port))
            self.reader, self.writer = await asyncio.open_connection(sock=sock, limit=1024)
        else:
            self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self.port)
        lines = [
            f"GET {path} HTTP/1.1",
            f"Host: localhost:{self.port}",
            f"Origin: http://localhost:{self.port}",
            "Upgrade: websocket",
            "Connection: Upgrade",
            f"Sec-WebSocket-Key: {base64.b64encode(os.urandom(16)).decode()}",
            "Sec-WebSocket-Version: 13",
        ]
        if self.cookie is not None:
            lines.append(f"Cookie: {settings.SESSION_COOKIE_NAME}={self.cookie}")
        self.writer.write(("\r\n".join(lines) + "\r\n\r\n").encode())
        head = await asyncio.wait_for(self.reader.readuntil(b"\r\n\r\n"), WAIT_SECONDS_MAX)
        self.status = int(head.split()[1])
        return self

    def frame(self, opcode: int, payload: bytes, *, fin: bool = True, masked: bool = True) -> None:
        size = len(payload)
        bit = 0x80 if masked else 0
        head = bytes((opcode | (0x80 if fin else 0),))
        if size < 126:
            head += bytes((bit | size,))
        elif size < 65_536:
            head += bytes((bit | 126,)) + struct.pack(">H", size)
        else:
            head += bytes((bit | 127,)) + struct.pack(">Q", size)
        if masked:
            mask = os.urandom(4)
            body = bytes(byte ^ mask[n % 4] for n, byte in enumerate(payload))
            self.writer.write(head + mask + body)
        else:
            self.writer.write(head + payload)

    def send(self, **message: object) -> None:
        self.frame(TEXT, json.dumps(message).encode())

    async def receive(self) -> tuple[int, bytes]:
        async def read() -> tuple[int, bytes]:
            first, second = await self.reader.readexactly(2)
            size = second & 0x7F
            assert not second & 0x80, "a server never masks"
            assert first & 0x80, "the server never fragments"
            if size == 126:
                size = struct.unpack(">H", await self.reader.readexactly(2))[0]
            elif size == 127:
                size = struct.unpack(">Q", await self.reader.readexactly(8))[0]
            return first & 0x0F, await self.reader.readexactly(size)

        return await asyncio.wait_for(read(), WAIT_SECONDS_MAX)

    async def next(self) -> dict:
        while True:
            opcode, payload = await self.receive()
            if opcode == TEXT:
                return json.loads(payload)
            assert opcode == PING, (opcode, payload)

    async def call(self, **message: object) -> dict:
        self.send(**message)
        while True:
            answer = await self.next()
            if answer.get("id") == message["id"]:
                return answer

    async def closed(self) -> int | None:
        """The close code; None when the connection broke without one."""
        while True:
            try:
                opcode, payload = await self.receive()
            except (asyncio.IncompleteReadError, ConnectionError):
                return None
            if opcode == CLOSE:
                return struct.unpack(">H", payload[:2])[0]

    def close(self) -> None:
        self.writer.transport.abort()


class Feed:
    """Publishes on topics of a world."""

    def __init__(self, world: Clerk) -> None:
        self.redis, self.world_id = world.redis, world.world.pk
        self.offset = 0

    def publish(self, topic: str, data: object, kind: Kind = Kind.REPLACE) -> int:
        self.offset += 1
        made = Publication(kind, 1, self.offset, time.time(), json.dumps(data).encode(), 1)
        self.redis.hset(f"hot:{self.world_id}", topic, pack_publication(made))
        return self.redis.publish(f"t:{self.world_id}:{topic}", pack_publication(made))
