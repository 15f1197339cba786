"""Who may do what in the database (architecture 4a).

``cunzhen_owner`` owns the database and its tables and runs migrations. ``cunzhen_app`` serves the web and the workers:
it owns nothing, cannot alter a table, and cannot change or delete a row of the append-only ones. ``cunzhen_backup``
copies the whole cluster for backups and cannot sign in to the database itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import psycopg
from psycopg import sql

OWNER = "cunzhen_owner"
APP = "cunzhen_app"
BACKUP = "cunzhen_backup"
DATABASE = "cunzhen"
# Tables of the machinery that the app only reads: which migrations have run is the owner's word.
READ_ONLY_TABLES = ("django_migrations",)


def make_roles(connection: psycopg.Connection[Any], passwords: Mapping[str, str]) -> None:
    """Make the roles and the database, or set them right where they exist.

    Args:
        connection: of the superuser, in autocommit, to the database ``postgres``.
        passwords: of ``OWNER``, ``APP`` and ``BACKUP``.
    """
    for role in (OWNER, APP, BACKUP):
        known = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (role,)).fetchone()
        verb = sql.SQL("ALTER ROLE" if known else "CREATE ROLE")
        connection.execute(
            sql.SQL("{} {} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE {} PASSWORD {}").format(
                verb,
                sql.Identifier(role),
                sql.SQL("REPLICATION" if role == BACKUP else "NOREPLICATION"),
                sql.Literal(passwords[role]),
            )
        )
    _let_back_up(connection)
    if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (DATABASE,)).fetchone():
        connection.execute(
            sql.SQL("CREATE DATABASE {} OWNER {}").format(sql.Identifier(DATABASE), sql.Identifier(OWNER))
        )
    connection.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(sql.Identifier(DATABASE)))
    connection.execute(
        sql.SQL("GRANT CONNECT, TEMPORARY ON DATABASE {} TO {}").format(sql.Identifier(DATABASE), sql.Identifier(APP))
    )


def set_password(connection: psycopg.Connection[Any], role: str, password: str) -> None:
    """Give a role that exists another password.

    Args:
        connection: of the superuser.
        role: its name.
        password: the new one.
    """
    connection.execute(sql.SQL("ALTER ROLE {} PASSWORD {}").format(sql.Identifier(role), sql.Literal(password)))


def _let_back_up(connection: psycopg.Connection[Any]) -> None:
    """What a base backup, its WAL and its restore points need, and nothing that reads a table."""
    role = sql.Identifier(BACKUP)
    connection.execute(sql.SQL("GRANT pg_monitor TO {}").format(role))
    connection.execute(sql.SQL("GRANT EXECUTE ON FUNCTION pg_create_restore_point(text) TO {}").format(role))


def apply_grants(connection: psycopg.Connection[Any], append_only: Sequence[str], *, app: str = APP) -> None:
    """Give the app's role its rights on every table, after each migration; safe to repeat.

    Args:
        connection: of the role that owns the tables.
        append_only: tables whose rows the app may add and read but never change or delete.
        app: name of the app's role.
    """
    role = sql.Identifier(app)
    with connection.transaction():
        for statement in (
            "REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {}",
            "GRANT USAGE ON SCHEMA public TO {}",
            "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {}",
            "GRANT USAGE, SELECT, UPDATE ON ALL SEQUENCES IN SCHEMA public TO {}",
            "GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA public TO {}",
        ):
            connection.execute(sql.SQL(statement).format(role))
        _take(connection, "UPDATE, DELETE", append_only, role)
        _take(connection, "INSERT, UPDATE, DELETE", READ_ONLY_TABLES, role)


def _take(connection: psycopg.Connection[Any], rights: str, tables: Sequence[str], role: sql.Identifier) -> None:
    for table in tables:
        if connection.execute("SELECT to_regclass(%s)", (f"public.{table}",)).fetchone() == (None,):
            continue
        connection.execute(
            sql.SQL("REVOKE {} ON {} FROM {}").format(sql.SQL(rights), sql.Identifier("public", table), role)
        )


def excess_rights(connection: psycopg.Connection[Any], append_only: Sequence[str], *, app: str = APP) -> list[str]:
    """What the app's role may do and must not; empty when all is well.

    Args:
        connection: of any role.
        append_only: as for ``apply_grants``.
        app: name of the app's role.
    """
    found = [
        f"owns {name}"
        for (name,) in connection.execute(
            "SELECT relname FROM pg_class JOIN pg_roles r ON r.oid = relowner WHERE rolname = %s ORDER BY 1", (app,)
        )
    ]
    for right in ("UPDATE", "DELETE", "TRUNCATE"):
        found += [
            f"{right.lower()} on {name}"
            for (name,) in connection.execute(
                "SELECT relname FROM pg_class WHERE relname = ANY(%s) AND relkind IN ('r', 'p')"
                " AND has_table_privilege(%s, oid, %s) ORDER BY 1",
                (list(append_only), app, right),
            )
        ]
    elevated = connection.execute(
        "SELECT 1 FROM pg_roles WHERE rolname = %s AND (rolsuper OR rolcreaterole OR rolcreatedb OR rolbypassrls)",
        (app,),
    ).fetchone()
    return [*found, "is a privileged role"] if elevated else found
