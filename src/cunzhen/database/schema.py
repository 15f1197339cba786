"""Bring the tables to the code's state: only upwards, by the owner's role, one process at a time, nobody else at work.

Each migration and the note that it has run are one transaction, so a process killed anywhere leaves some migrations
done and the next not begun; the next start goes on from there. Everybody who works in the database holds ``IN_USE``
together with the others; a migration holds it alone.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import LiteralString

import psycopg
from django.apps import apps
from django.core.management.sql import emit_post_migrate_signal
from django.db import connection, transaction
from django.db.migrations import Migration
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.state import ProjectState
from psycopg.conninfo import conninfo_to_dict

from cunzhen.database import roles
from cunzhen.errors import Conflict
from cunzhen.formats.failpoints import failpoint

MIGRATING = 0x435A4D47  # advisory locks
IN_USE = 0x435A4D48
WAIT_SECONDS = 60


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
        Conflict: ``D-10`` where the database is newer than the code, ``D-11`` where others are still at work in it.
    """
    with as_role(owner_url), psycopg.connect(owner_url, autocommit=True) as owner:
        owner.execute("SELECT pg_advisory_lock(%s)", (MIGRATING,))
        found = state()
        refuse_newer(found)
        if found.pending:
            _take(owner, "SELECT pg_advisory_lock(%s)", _still_in_use)
            _migrate()
        app = str(conninfo_to_dict(app_url).get("user") or "")
        if app and app != conninfo_to_dict(owner_url).get("user"):
            roles.apply_grants(owner, append_only, app=app)
        return found.pending


class Hold:
    """Keeps migrations away for as long as it is open; waits for one that is running.

    Args:
        url: of any role.

    Raises:
        Conflict: ``D-12`` a migration takes longer than a minute.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._connection = _held(url)

    def renew(self) -> None:
        """Take it again where the database was killed and came back."""
        try:
            self._connection.execute("SELECT 1")
        except psycopg.OperationalError:
            self._connection.close()
            with contextlib.suppress(psycopg.OperationalError):  # it is not back yet
                self._connection = _held(self._url)

    def close(self) -> None:
        """Let go."""
        self._connection.close()


def _held(url: str) -> psycopg.Connection[tuple[object, ...]]:
    user = psycopg.connect(url, autocommit=True)
    try:
        _take(user, "SELECT pg_advisory_lock_shared(%s)", _being_migrated)
    except Conflict:
        user.close()
        raise
    return user


def require_current() -> None:
    """Refuse to work with tables of another version, before anything is touched.

    Raises:
        Conflict: ``D-10`` the database is newer than the code, ``D-09`` it is older.
    """
    found = state()
    refuse_newer(found)
    if found.pending:
        raise Conflict(
            "D-09",
            "数据库比程序旧，或升级没有做完。请先运行 cunzhen init（cunzhen serve 会自动升级）。",
            "The database is older than this program, or its upgrade was not finished. Run cunzhen init first.",
        )


def _take(
    user: psycopg.Connection[tuple[object, ...]], statement: LiteralString, refuse: Callable[[], Conflict]
) -> None:
    user.execute(f"SET lock_timeout = '{WAIT_SECONDS}s'")
    try:
        user.execute(statement, (IN_USE,))
    except psycopg.errors.LockNotAvailable:
        raise refuse() from None
    finally:
        user.execute("RESET lock_timeout")


def _still_in_use() -> Conflict:
    return Conflict(
        "D-11",
        "还有程序在使用这个数据库（网页服务、后台工作或其他命令），没有升级。请先全部停掉，再运行 cunzhen init。",
        "Other processes (web, workers, commands) still use this database; it was not upgraded. Stop them all first.",
    )


def _being_migrated() -> Conflict:
    return Conflict(
        "D-12", "数据库正在升级，请等升级完成后再试。", "The database is being upgraded; try again when that is done."
    )


class _WholeSteps(MigrationExecutor):
    """Notes a migration in the transaction that runs it.

    Django notes one with deferred statements only after its transaction: killed between the two, it would be run again
    on tables that have it already, and fail for ever.
    """

    def apply_migration(
        self, state: ProjectState, migration: Migration, fake: bool = False, fake_initial: bool = False
    ) -> ProjectState:
        """One migration."""
        if not migration.atomic:
            return super().apply_migration(state, migration, fake, fake_initial)
        with transaction.atomic():
            done = super().apply_migration(state, migration, fake, fake_initial)
            failpoint("migration-applied")
        failpoint("migration-committed")
        return done


def _migrate() -> None:
    executor = _WholeSteps(connection)
    executor.migrate(executor.loader.graph.leaf_nodes())
    emit_post_migrate_signal(verbosity=0, interactive=False, db=connection.alias, apps=apps)


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
