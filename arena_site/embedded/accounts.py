"""The account that PostgreSQL runs under when the arena itself runs as root."""

from __future__ import annotations

import os
import pwd
from pathlib import Path
from typing import NamedTuple


class Account(NamedTuple):
    name: str
    uid: int
    gid: int


class AccountError(Exception):
    """The service account cannot reach the state directory."""


def service_account() -> Account | None:
    """None for a normal user; as root `postgres` where it exists, else `nobody`.

    PostgreSQL refuses uid 0, and initdb refuses a uid without a name.
    """
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(name, entry.pw_uid, entry.pw_gid)
    raise AccountError("as root, PostgreSQL needs an account `postgres` or `nobody`")


def require_traversable(directory: Path) -> None:
    """Every parent must let others pass; opening somebody's home is not ours to do."""
    for parent in [directory, *directory.parents]:
        if parent.exists() and not parent.stat().st_mode & 0o001:
            raise AccountError(
                f"PostgreSQL runs as an unprivileged account and cannot reach {directory} "
                f"through {parent}: set ARENA_STATE to a directory below /var/lib"
            )
