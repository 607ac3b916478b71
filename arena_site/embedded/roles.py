"""Database roles of the embedded cluster: a second line behind the triggers.

The cluster makes the roles; migrations of the apps grant them their rights, where they exist. A
role is handed to the processes once it may read `django_migrations`, so that a role without
grants breaks nothing.
"""

from __future__ import annotations

from pathlib import Path

import psycopg
from psycopg import sql

ROLES = {
    "DATABASE_URL_WRITER": "arena_writer",
    "DATABASE_URL_WEB": "arena_web",
    "DATABASE_URL_PROJECTOR": "arena_projector",
}
MAKE = """
DO $$ BEGIN
    IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = {literal}) THEN
        CREATE ROLE {name} LOGIN;
    END IF;
END $$
"""


def make_roles(connection: psycopg.Connection[tuple]) -> None:
    """Create the roles that are missing; they may log in and nothing else."""
    for name in ROLES.values():
        statement = sql.SQL(MAKE).format(literal=sql.Literal(name), name=sql.Identifier(name))
        connection.execute(statement)


def granted_urls(connection: psycopg.Connection[tuple], directory: Path) -> dict[str, str]:
    """Environment for the processes: the URL of each role that a migration has granted."""
    query = """
        SELECT rolname FROM pg_roles
        WHERE rolname = ANY(%s) AND to_regclass('django_migrations') IS NOT NULL
          AND has_table_privilege(rolname, 'django_migrations', 'SELECT')
    """
    rows = connection.execute(query, [list(ROLES.values())]).fetchall()
    granted = {name for (name,) in rows}
    return {
        key: f"postgresql://{name}@/arena?host={directory}"
        for key, name in ROLES.items()
        if name in granted
    }
