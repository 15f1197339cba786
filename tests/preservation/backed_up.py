"""A home with papers whose server stays up, its backup folders, and commands on both; every process is a real one."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from unittest.mock import patch

import psycopg

from tests.cli.conftest import clean_environment, command
from tests.faults.clerks import make_pile


@dataclass
class Archive:
    """A home that files, and the folder beside it that everything of a test lies in."""

    root: Path
    path: Path
    settings: dict[str, str] = field(default_factory=dict)
    owner_url: str = ""

    def run(self, *words: str | Path, home: Path | None = None, **more: str) -> subprocess.CompletedProcess[str]:
        """Run one command to its end, in this home or another."""
        settings = self.settings if home is None else _settings_of(home)
        return subprocess.run(
            command(home or self.path, [str(w) for w in words]),
            env=clean_environment() | settings | more,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )

    def ask(self, *words: str | Path, home: Path | None = None, status: int = 0, **more: str) -> dict[str, Any]:
        """Run one command with ``--json`` and read its answer."""
        done = self.run(*words, "--json", home=home, **more)
        assert done.returncode == status, f"{done.returncode}: {done.stdout}{done.stderr}"
        found: dict[str, Any] = json.loads(done.stdout)
        return found

    def refused(self, *words: str | Path, home: Path | None = None, **more: str) -> tuple[str, str]:
        """The code with which a command refuses, and all that it says."""
        done = self.run(*words, home=home, **more)
        assert done.returncode == 1, f"{done.returncode}: {done.stdout}{done.stderr}"
        assert "Traceback" not in done.stderr, done.stderr
        last = [line for line in done.stderr.splitlines() if line[:2] in {"B-", "D-", "K-", "P-", "L-", "A-"}]
        return last[-1].split(" ", 1)[0], done.stderr

    def file(self, mark: str, count: int = 3) -> list[str]:
        """File so many papers; their archival codes."""
        pile = make_pile(self.root / f"pile-{mark}", count, mark)
        done = self.run("ingest", pile, "--auto", "--json")
        receipt = json.loads(done.stdout)  # on a busy machine the index may be late, which is a finding
        assert receipt["filed"] == count, receipt
        return [item["archival_code"] for item in receipt["items"]]

    def back_up(self, folder: Path, *words: str, **more: str) -> dict[str, Any]:
        """Take a backup."""
        return self.ask("backup", folder, *words, **more)

    def restore(self, folder: Path, name: str, *words: str | Path, status: int = 0) -> tuple[Path, dict[str, Any]]:
        """Restore into a new home with this home's key store."""
        home = self.root / name
        answer = self.ask("restore", folder, "--keys", self.path / "keys", *words, home=home, status=status)
        return home, answer

    def codes(self, home: Path | None = None) -> list[str]:
        """Every archival code of a home's catalogue."""
        return [row[0] for row in self.rows("SELECT archival_code FROM holdings_item ORDER BY 1", home)]

    def rows(self, statement: str, home: Path | None = None) -> list[tuple[Any, ...]]:
        """What a query gives in this home's database or another's."""
        with attached(home or self.path) as url, psycopg.connect(url) as database:
            return database.execute(statement).fetchall()

    def now(self) -> str:
        """The present as ``--at`` takes it."""
        return datetime.now(UTC).isoformat()


def _settings_of(home: Path) -> dict[str, str]:
    path = home / "settings.env"
    if not path.exists():
        return {}
    return dict(line.split("=", 1) for line in path.read_text(encoding="utf-8").splitlines())


@contextmanager
def attached(home: Path) -> Iterator[str]:
    """The owner's address of a home's server, for as long as the block lasts."""
    from cunzhen.database.launcher import ensure_running

    with patch.dict(os.environ, clean_environment(), clear=True), ensure_running(home) as server:
        yield server.owner_url


def new_archive(root: Path, stack: ExitStack, *, stores: int = 1, **settings: str) -> Archive:
    """A home with an agency and a fonds, its server held until the stack is closed."""
    archive = Archive(root, root / "home", settings)
    if stores > 1:
        archive.settings["CUNZHEN_STORES"] = ",".join(f"{n}={root / f'store-{n}'}" for n in "abcdef"[:stores])
    done = archive.run("init")
    assert done.returncode == 0, done.stderr
    archive.owner_url = stack.enter_context(attached(archive.path))
    founded = archive.run("found", "--agency", "临县社会保险中心", "--region", "141124", "--fonds", "J019")
    assert founded.returncode == 0, founded.stderr
    return archive


def flip(path: Path, at: int = -1) -> None:
    """Change one bit in the middle of a file, or at a place."""
    data = bytearray(path.read_bytes())
    data[len(data) // 2 if at < 0 else at] ^= 1
    mode = path.stat().st_mode
    path.chmod(0o600)
    path.write_bytes(data)
    path.chmod(mode)


def copy_of(folder: Path, name: str) -> Path:
    """The same backup again, to be spoilt."""
    target = folder.with_name(name)
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(folder, target)
    return target
