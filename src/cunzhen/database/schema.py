"""Bring the tables to the code's state: only upwards, by the owner's role, one process at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import psycopg
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from psycopg.conninfo import conninfo_to_dict

from cunzhen.database import roles
from cunzhen.errors import Conflict

MIGRATING = 0x435A4D47  # advisory lock


@dataclass(frozen=True)
class SchemaState:
    """Migrations by ``app.name``: those that have not run yet, and those that this code does not know."""

    pending: tuple[str, ...]
    unknown: tuple[str, ...]


def state() -> SchemaState:
    """Compare the database with the code."""
    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    known = executor.loader.disk_migrations or {}
    replaced = {key for migration in known.values() for key in migration.replaces}
    applied = set(executor.loader.applied_migrations or ())
    unknown = applied - set(known) - replaced
    return SchemaState(
        tuple(f"{migration.app_label}.{migration.name}" for migration, _ in plan),
        tuple(sorted(f"{app}.{name}" for app, name in unknown)),
    )


def refuse_newer(found: SchemaState) -> None:
    """Stop where the database was made by newer code than this.

    Raises:
        Conflict: ``D-10``.
    """
    if found.unknown:
        raise Conflict(
            "D-10",
            f"数据库比程序新（例如 {found.unknown[-1]}），不能用旧版本打开。请安装新版本，或从备份恢复旧数据库。",
            f"The database is newer than this program (for example {found.unknown[-1]}). Install the newer version, or "
            "restore the older database from a backup.",
        )


def upgrade(owner_url: str, app_url: str, append_only: Sequence[str]) -> tuple[str, ...]:
    """Run what has not run yet and give the app's role its rights; safe to repeat, and after a kill in the middle.

    Args:
        owner_url: of the role that owns the tables.
        app_url: of the role that the web and the workers use.
        append_only: tables whose rows that role may never change.

    Returns:
        the migrations that were run.

    Raises:
        Conflict: ``D-10`` where the database is newer than the code.
    """
    with as_role(owner_url), psycopg.connect(owner_url, autocommit=True) as owner:
        owner.execute("SELECT pg_advisory_lock(%s)", (MIGRATING,))
        found = state()
        refuse_newer(found)
        if found.pending:
            call_command("migrate", interactive=False, verbosity=0)
        app = str(conninfo_to_dict(app_url).get("user") or "")
        if app and app != conninfo_to_dict(owner_url).get("user"):
            roles.apply_grants(owner, append_only, app=app)
        return found.pending


@contextmanager
def as_role(url: str) -> Iterator[None]:
    """Django's connection signs in as another role of the same database while the block lasts.

    Args:
        url: of that role.
    """
    wanted = conninfo_to_dict(url)
    kept = dict(connection.settings_dict)
    connection.close()
    connection.settings_dict.update(
        USER=str(wanted.get("user") or ""),
        PASSWORD=str(wanted.get("password") or ""),
        HOST=str(wanted.get("host") or ""),
        PORT=str(wanted.get("port") or ""),
    )
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict.update(kept)
