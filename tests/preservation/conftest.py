"""Two local stores and packages to keep in them."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest
from django.db import connection
from pytest_django import Settings
from uuid_utils.compat import uuid7

from cunzhen.errors import CunzhenError
from cunzhen.formats.digests import digest_bytes
from cunzhen.preservation.rules import ContentFile, NewPackage

NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
Fork = Callable[..., int]


@pytest.fixture
def stores(tmp_path: Path, settings: Settings) -> dict[str, Path]:
    """Folders of two stores that do not exist yet."""
    settings.STORES = {name: tmp_path / "stores" / name for name in ("a", "b")}
    return dict(settings.STORES)


def new_package(package_id: UUID | None = None, scan: bytes | Path = b"scan") -> NewPackage:
    """A package of three files."""
    return NewPackage(
        id=package_id or uuid7(),
        files=(
            content("originals/0001.tif", scan),
            content("text/pages.json", '{"text": "退休审批表"}'.encode()),
            content("mets.xml", b"<mets/>"),
        ),
        message="归档",
        author="王样本",
        created_at=NOW,
    )


def content(path: str, source: bytes | Path) -> ContentFile:
    """A file with its digests promised."""
    found = digest_bytes(source if isinstance(source, bytes) else source.read_bytes())
    return ContentFile(path, source, found.sha256, found.sm3)


@pytest.fixture
def fork(stores: dict[str, Path]) -> Fork:
    """Run a function in a process of its own, with its own connection; returns the process id.

    The test must not hold a transaction, so that the other process sees its rows.
    """

    def start(task: Callable[[], object], *, failpoint: str = "") -> int:
        connection.close()  # two processes cannot share a socket
        child = os.fork()
        if child:
            return child
        status = 1
        try:
            os.environ["CUNZHEN_FAILPOINT"] = failpoint
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
