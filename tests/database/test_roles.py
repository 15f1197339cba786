"""The app's role: reads and writes rows, adds to the ledger, and can do nothing else."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from cunzhen.database import roles
from cunzhen.database.launcher import Server, ensure_running


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with pytest.MonkeyPatch.context() as patch, tempfile.TemporaryDirectory(prefix="cunzhen-t-") as name:
        Path(name).chmod(0o711)
        patch.delenv("DATABASE_URL")
        yield from _laid(Path(name) / "home")


def _laid(home: Path) -> Iterator[Server]:
    with ensure_running(home) as server:
        with psycopg.connect(server.owner_url, autocommit=True) as owner:
            owner.execute("CREATE TABLE item (id serial PRIMARY KEY, title text)")
            owner.execute("CREATE TABLE ledger_entry (id serial PRIMARY KEY, body text)")
            owner.execute("CREATE TABLE django_migrations (id serial PRIMARY KEY, app text)")
            owner.execute("INSERT INTO ledger_entry (body) VALUES ('first')")
            roles.apply_grants(owner, ["ledger_entry", "not_there_yet"])
        yield server


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO item (title) VALUES ('退休审批表')",
        "UPDATE item SET title = ''",
        "DELETE FROM item",
        "INSERT INTO ledger_entry (body) VALUES ('second')",
        "SELECT * FROM ledger_entry",
        "SELECT * FROM django_migrations",
        "CREATE TEMPORARY TABLE t (n int)",
    ],
)
def test_what_the_app_may(server: Server, statement: str) -> None:
    with psycopg.connect(server.app_url) as app:
        app.execute(statement)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE ledger_entry SET body = ''",
        "DELETE FROM ledger_entry",
        "TRUNCATE ledger_entry",
        "TRUNCATE item",
        "ALTER TABLE item ADD x int",
        "ALTER TABLE ledger_entry DISABLE TRIGGER ALL",
        "DROP TABLE item",
        "CREATE TABLE mine (n int)",
        "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "INSERT INTO django_migrations (app) VALUES ('x')",
        "SET ROLE cunzhen_owner",
        "COPY item TO PROGRAM 'cat'",
        "SELECT pg_read_file('postgresql.conf')",
    ],
)
def test_what_the_app_may_not(server: Server, statement: str) -> None:
    with psycopg.connect(server.app_url) as app, pytest.raises(psycopg.errors.InsufficientPrivilege):
        app.execute(statement)


def test_the_check_sees_rights_that_should_not_be_there(server: Server) -> None:
    with psycopg.connect(server.owner_url, autocommit=True) as owner:
        assert roles.excess_rights(owner, ["ledger_entry"]) == []
        owner.execute("GRANT UPDATE ON ledger_entry TO cunzhen_app")
        assert roles.excess_rights(owner, ["ledger_entry"]) == ["update on ledger_entry"]
        roles.apply_grants(owner, ["ledger_entry"])
        assert roles.excess_rights(owner, ["ledger_entry"]) == []
    with psycopg.connect(server.admin_url, autocommit=True) as admin:
        admin.execute("ALTER ROLE cunzhen_app CREATEDB")
        assert roles.excess_rights(admin, []) == ["is a privileged role"]
