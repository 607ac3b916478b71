"""Where a checkout keeps what it makes: clusters, sockets, logs, snapshots, its secret key."""

from __future__ import annotations

import hashlib
import os
import secrets
from pathlib import Path

SOCKET_PATH_BYTES_MAX = 80


def state_dir(root: Path) -> Path:
    """`ARENA_STATE`, else `.run` in the checkout, else a short path under /var/lib or /tmp.

    PostgreSQL refuses uid 0, so as root the directory must be traversable by a service account,
    and a unix socket's path is limited to 107 bytes: hence the last two.
    """
    given = os.environ.get("ARENA_STATE")
    if given:
        return Path(given).absolute()
    local = root / ".run"
    if os.geteuid() != 0 and len(str(local)) <= SOCKET_PATH_BYTES_MAX:
        return local
    name = "lea-" + hashlib.sha256(str(root).encode()).hexdigest()[:10]
    parent = Path("/var/lib") if os.geteuid() == 0 else Path("/tmp")
    return parent / name


def beside(state: Path, purpose: str) -> Path:
    """The state directory of a command that may run beside the game: `test`, `bench`."""
    return state.with_name(f"{state.name}-{purpose}")


def secret_key(state: Path) -> str:
    """The checkout's own key, made once and readable by its owner alone."""
    path = state / "secret_key"
    try:
        return path.read_text().strip()
    except FileNotFoundError:
        state.mkdir(parents=True, exist_ok=True)
        key = secrets.token_urlsafe(50)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as handle:
            handle.write(key)
        return key
