"""Two local stores and packages to keep in them."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest
from django.db import connection
from pytest_django import Settings
from uuid_utils.compat import uuid7

from cunzhen.formats.digests import digest_bytes
from cunzhen.preservation.rules import ContentFile, NewPackage

NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
MakePackage = Callable[..., NewPackage]
Process = Callable[..., subprocess.CompletedProcess[str]]


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
def in_process(stores: dict[str, Path]) -> Process:
    """Run lines of Python in a process of its own on the test's database and stores, killed where it is told."""

    def run(lines: str, *, failpoint: str = "") -> subprocess.CompletedProcess[str]:
        database = connection.settings_dict
        host = database["HOST"] or database["OPTIONS"].get("host", "")
        user = f"{database['USER']}:{database['PASSWORD']}" if database["PASSWORD"] else database["USER"]
        environment = {
            **os.environ,
            "DATABASE_URL": f"postgresql://{user}@/{database['NAME']}?host={host}"
            + (f"&port={database['PORT']}" if database["PORT"] else ""),
            "CUNZHEN_STORES": ",".join(f"{name}={path}" for name, path in stores.items()),
            "CUNZHEN_FAILPOINT": failpoint,
            "PYTHONPATH": os.pathsep.join(["src", str(Path.cwd()), *sys.path]),
        }
        start = "import django; django.setup()\nfrom tests.preservation.acts import *\n"
        return subprocess.run(
            [sys.executable, "-c", start + lines], env=environment, capture_output=True, text=True, check=False
        )

    return run
