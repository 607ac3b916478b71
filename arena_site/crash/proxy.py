"""A proxy before PostgreSQL that cuts connections around COMMIT, in a forked process of its own.

Half of the cuts come before the COMMIT went out, half after it was carried out and before its
answer came in: in both cases the client cannot know what became of its work.
"""

from __future__ import annotations

import mmap
import os
import random
import selectors
import signal
import socket
import struct
from pathlib import Path

from arena_site.crash.ground import fork

SOCKET_NAME = ".s.PGSQL.5432"
CHUNK_BYTES = 1 << 20
COMMITS = (b"COMMIT\0", b"commit\0")
_COUNTS = struct.Struct("<qqd")  # cuts before, cuts after, share of commits to cut


class CutProxy:
    """Listens in `directory`; `share` of all commits are cut while it is above 0."""

    def __init__(self, directory: Path, server: Path, seed: int) -> None:
        self.directory = directory
        self._server = str(server / SOCKET_NAME)
        self._seed = seed
        self._shared = mmap.mmap(-1, _COUNTS.size)
        self._pid = 0

    def start(self) -> None:
        """Listen, and serve in a child."""
        self.directory.mkdir(mode=0o700, exist_ok=True)
        path = self.directory / SOCKET_NAME
        path.unlink(missing_ok=True)
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(str(path))
        listener.listen(64)
        self._pid = fork(lambda: _Serving(listener, self._server, self._shared, self._seed).run())
        listener.close()

    @property
    def cuts(self) -> tuple[int, int]:
        """Cuts before and after a commit was carried out."""
        before, after, _ = _COUNTS.unpack(self._shared[:])
        return before, after

    def cut(self, share: float) -> None:
        """From now on cut this share of all commits."""
        before, after = self.cuts
        self._shared[:] = _COUNTS.pack(before, after, share)

    def stop(self) -> None:
        if self._pid:
            os.kill(self._pid, signal.SIGKILL)
            os.waitpid(self._pid, 0)
            self._pid = 0


class _Serving:
    """The child's loop. Each connection is a pair; what is read on one end is written to the
    other, blocking: bytes are few and both ends are on this machine."""

    def __init__(self, listener: socket.socket, server: str, shared: mmap.mmap, seed: int) -> None:
        self._listener = listener
        self._server = server
        self._shared = shared
        self._random = random.Random(seed)
        self._selector = selectors.DefaultSelector()
        self._clients: dict[socket.socket, socket.socket] = {}
        self._servers: dict[socket.socket, socket.socket] = {}
        self._doomed: set[socket.socket] = set()  # servers whose next answer is never delivered

    def run(self) -> None:
        self._selector.register(self._listener, selectors.EVENT_READ)
        while True:
            for key, _ in self._selector.select():
                end = key.fileobj
                assert isinstance(end, socket.socket)
                if end is self._listener:
                    self._accept()
                elif end in self._clients:
                    self._from_client(end, self._clients[end])
                elif end in self._servers:
                    self._from_server(end, self._servers[end])

    def _accept(self) -> None:
        client, _ = self._listener.accept()
        server = socket.socket(socket.AF_UNIX)
        try:
            server.connect(self._server)
        except OSError:
            client.close()
            server.close()
            return
        self._clients[client], self._servers[server] = server, client
        self._selector.register(client, selectors.EVENT_READ)
        self._selector.register(server, selectors.EVENT_READ)

    def _from_client(self, client: socket.socket, server: socket.socket) -> None:
        data = _received(client)
        if any(word in data for word in COMMITS):
            before, after, share = _COUNTS.unpack(self._shared[:])
            if self._random.random() < share:
                if self._random.random() < 0.5:
                    self._shared[:] = _COUNTS.pack(before + 1, after, share)
                    self._close(client, server)
                    return
                self._shared[:] = _COUNTS.pack(before, after + 1, share)
                self._doomed.add(server)
        self._pass_on(data, server, client, server)

    def _from_server(self, server: socket.socket, client: socket.socket) -> None:
        data = _received(server)
        if server in self._doomed:
            self._close(client, server)
            return
        self._pass_on(data, client, client, server)

    def _pass_on(
        self, data: bytes, target: socket.socket, client: socket.socket, server: socket.socket
    ) -> None:
        try:
            if data:
                target.sendall(data)
                return
        except OSError:
            pass
        self._close(client, server)

    def _close(self, client: socket.socket, server: socket.socket) -> None:
        self._clients.pop(client, None)
        self._servers.pop(server, None)
        self._doomed.discard(server)
        for end in (client, server):
            self._selector.unregister(end)
            end.close()


def _received(end: socket.socket) -> bytes:
    try:
        return end.recv(CHUNK_BYTES)
    except OSError:
        return b""
