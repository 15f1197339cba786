"""A home of its own for every test of the ledger, and a few acts to record."""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from django.db import connection
from pytest_django import Settings
from uuid_utils.compat import uuid7

from cunzhen.errors import CunzhenError
from cunzhen.keys import keystore
from cunzhen.ledger.operations import NewEntry, Subject, record

ACTOR, AGENCY = uuid7(), uuid7()
BEGIN = datetime(2026, 3, 2, 1, 2, 3, 456789, tzinfo=UTC)

Act = Callable[..., list[UUID]]
Fork = Callable[..., int]


@pytest.fixture
def home(tmp_path: Path, settings: Settings) -> Path:
    """An empty home with a key store."""
    settings.HOME = tmp_path / "home"
    settings.LEDGER_ORIGIN = "archive.example/ledger"
    keystore.create(settings.HOME / "keys")
    return tmp_path / "home"


@pytest.fixture
def act(home: Path) -> Act:
    """Record so many acts in one batch."""

    def record_some(count: int, op: str = "file_drafts", subject: UUID | None = None) -> list[UUID]:
        digest = hashlib.sha256(op.encode()).hexdigest()
        entries = [
            NewEntry(
                op, ACTOR, AGENCY, (Subject(subject or uuid7(), digest, digest),), {"note": "样本", "serial": serial}
            )
            for serial in range(count)
        ]
        return record(entries, at=BEGIN + timedelta(seconds=1))

    return record_some


@pytest.fixture
def fork(home: Path) -> Fork:
    """Run a function in a process of its own, with its own connection; returns the process id.

    The test must not hold a transaction, so that the other process sees its rows.
    """

    def start(task: Callable[[], object], **environment: str) -> int:
        connection.close()  # two processes cannot share a socket
        child = os.fork()
        if child:
            return child
        status = 1
        try:
            os.environ.update(environment)
            task()
            status = 0
        except CunzhenError as error:
            sys.stderr.write(f"{error}\n")
        finally:
            os._exit(status)  # nothing of the test runner's may run here

    return start


def end_of(child: int) -> int:
    """Wait for a forked process; its exit status, negative where a signal ended it."""
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
