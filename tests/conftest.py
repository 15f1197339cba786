"""One embedded PostgreSQL, one home and one key store for each process of the run; nothing is skipped unseen in CI."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest

if TYPE_CHECKING:
    from tests.swift_service import Swift
    from tests.world import World

_kept = contextlib.ExitStack()
_skipped: list[tuple[str, str]] = []
# Tests that may be skipped in CI: start of the node id -> why. A missing browser or server is no reason.
ALLOWED_SKIPS: dict[str, str] = {
    "tests/faults/test_object_lock.py": "Debian's radosgw, which make faults installs as root",
    "tests/faults/test_database_disk_full.py": "the right to mount a small disk, which a container may lack",
}


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Lay the ground before Django reads its settings."""
    if config.option.numprocesses and not hasattr(config, "workerinput"):
        return  # each of the processes that run tests lays its own
    home = Path(tempfile.mkdtemp(prefix="cunzhen-test-"))
    _kept.callback(shutil.rmtree, home, ignore_errors=True)
    os.environ.update(CUNZHEN_HOME=str(home), DJANGO_SETTINGS_MODULE="cunzhen.config.settings")
    os.environ.setdefault("CUNZHEN_READERS", "1")
    try:
        _start_server(home)
    except Exception as error:
        _kept.close()
        raise pytest.UsageError(f"the database for the tests did not start: {error}") from error
    _load_settings(home)


def _start_server(home: Path) -> None:
    """Tests run as the owner, who may here make databases; what the app's role may do is tested by signing in as it."""
    from cunzhen.database.launcher import MARK, ensure_running

    server = _kept.enter_context(ensure_running(home))
    if server.is_embedded:
        with psycopg.connect(server.admin_url, autocommit=True) as connection:
            connection.execute("ALTER ROLE cunzhen_owner CREATEDB")
            # So that tests can do to rows what only a superuser can.
            connection.execute("GRANT SET ON PARAMETER session_replication_role TO cunzhen_owner")
        os.environ["CUNZHEN_TEST_APP_URL"] = server.app_url
    # Without the mark: to the tests' children this is an outside server, held by this process.
    url = server.owner_url.replace(f"&{MARK}", "")
    os.environ.update(DATABASE_URL=url, CUNZHEN_OWNER_URL=url)


def _load_settings(home: Path) -> None:
    from django.conf import settings

    from cunzhen.keys import keystore

    keystore.create(home / "keys")
    settings.PASSWORD_HASHERS = ["tests.hashers.QuickArgon2"]
    # Pages are tested from the sources; collecting and hashing static files is tested by starting the real server.
    settings.STORAGES["staticfiles"]["BACKEND"] = "django.contrib.staticfiles.storage.StaticFilesStorage"


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop the server and take the home away."""
    _kept.close()


@pytest.fixture
def no_database_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a fresh machine: no variable names a database or a home."""
    for name in list(os.environ):
        if name.startswith("CUNZHEN_") or name in {"DATABASE_URL", "DATABASE_URL_FILE", "DJANGO_SETTINGS_MODULE"}:
            monkeypatch.delenv(name)


@pytest.fixture
def open_path() -> Iterator[Path]:
    """A temporary folder that other accounts can pass through; pytest's own are closed to them."""
    with tempfile.TemporaryDirectory(prefix="cunzhen-t-") as name:
        Path(name).chmod(0o711)
        yield Path(name)


@pytest.fixture
def home(open_path: Path) -> Path:
    """A home of its own, not made yet, for tests that start whole processes; short enough for a socket."""
    return open_path / "home"


@pytest.fixture
def world() -> Iterator[World]:
    """The cast, in a home whose stores, index and ledger are empty."""
    from django.conf import settings

    from cunzhen.preservation import store
    from tests.world import build_world

    for name in ("stores", "index", "ledger", "inbox", "uploads", "cache"):
        shutil.rmtree(settings.HOME / name, ignore_errors=True)
    getattr(store._stores, "cache_clear", lambda: None)()
    yield build_world()


@pytest.fixture(scope="session")
def swift(request: pytest.FixtureRequest) -> Iterator[Swift]:
    """A real S3 service, started when the first test asks for it."""
    from tests.swift_service import running

    with running(request.config.cache.mkdir("swift")) as service:
        yield service


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Remember what was skipped."""
    if report.skipped and not hasattr(report, "wasxfail"):
        _note_skip(report.nodeid, report.longrepr)


def pytest_collectreport(report: pytest.CollectReport) -> None:
    """Remember whole modules that were skipped."""
    if report.skipped:
        _note_skip(report.nodeid, report.longrepr)


def _note_skip(nodeid: str, longrepr: object) -> None:
    reason = longrepr[2] if isinstance(longrepr, tuple) else str(longrepr)
    if not any(nodeid.startswith(start) for start in ALLOWED_SKIPS):
        _skipped.append((nodeid, reason))


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """In CI a skipped test is a failed run: something that should be there is missing."""
    if _skipped and os.environ.get("CI", "").lower() == "true" and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say which skips made the run fail."""
    if _skipped and os.environ.get("CI", "").lower() == "true":
        terminalreporter.section("skipped in CI, where nothing may be missing", red=True)
        for nodeid, reason in _skipped:
            terminalreporter.line(f"{nodeid}: {reason}")
