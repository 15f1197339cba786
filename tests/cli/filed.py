"""One home with three digital papers filed in it, made once for all tests of the commands, and how to run them."""

from __future__ import annotations

import atexit
import contextlib
import functools
import json
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest.mock import patch

import psycopg

from tests.cli.conftest import clean_environment, command

SAMPLES = Path(__file__).parents[2] / "samples"
PAPERS = (
    "失业待遇/失业待遇核定表_冯志强.pdf",
    "生育待遇/生育待遇核定表_成晓燕.pdf",
    "稽核监管/稽核报告2017_黄河驿酒店.pdf",
)
PEOPLE = {"clerk": "Lin-county-2026!", "leader": "Lin-county-2026?", "archivist": "Lin-county-2026;"}
Done = subprocess.CompletedProcess[str]


@dataclass
class Home:
    """A home whose database stays up, so that each command starts quickly."""

    path: Path
    owner_url: str
    admin_url: str
    receipt: dict[str, Any] = field(default_factory=dict)
    officers: dict[str, str] = field(default_factory=dict)  # sign-in name to password

    def run(self, *words: str | Path, typed: str = "", **more: str) -> Done:
        """Run one command to its end; ``typed`` is its standard input."""
        done = subprocess.run(
            command(self.path, [str(w) for w in words]),
            env=clean_environment() | more,
            input=typed,
            capture_output=True,
            text=True,
            timeout=110,
            check=False,
        )
        assert "Traceback" not in done.stderr, done.stderr
        return done

    def ask(self, *words: str | Path, status: int = 0, typed: str = "", **more: str) -> dict[str, Any]:
        """Run one command with ``--json`` and read its answer."""
        done = self.run(*words, "--json", typed=typed, **more)
        assert done.returncode == status, f"{done.returncode}: {done.stdout}{done.stderr}"
        body: dict[str, Any] = json.loads(done.stdout)
        return body

    def refused(self, *words: str | Path, typed: str = "", status: int = 1, **more: str) -> str:
        """The code with which a command refuses, without an answer on standard output."""
        done = self.run(*words, typed=typed, **more)
        assert done.returncode == status, f"{done.returncode}: {done.stdout}{done.stderr}"
        assert done.stdout == ""
        return done.stderr.split(" ", 1)[0]

    @contextlib.contextmanager
    def database(self, *, superuser: bool = False) -> Iterator[psycopg.Connection[tuple[Any, ...]]]:
        """A connection past all rules of the product."""
        url = self.admin_url.replace("/postgres?", "/cunzhen?") if superuser else self.owner_url
        with psycopg.connect(url, autocommit=True) as connection:
            yield connection

    def rows(self, statement: str) -> list[tuple[Any, ...]]:
        """What a query gives."""
        with self.database() as connection:
            return connection.execute(statement).fetchall()

    @property
    def codes(self) -> list[str]:
        """The archival codes of the three papers."""
        return [i["archival_code"] for i in self.receipt["items"]]


@functools.cache
def filed_home() -> Home:
    """The home: initialised, founded, three papers filed, some users made. It goes away with the test run."""
    stack = ExitStack()
    atexit.register(stack.close)
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="cunzhen-t-")))
    folder.chmod(0o711)
    home = Home(folder / "home", "", "")
    assert home.run("init").returncode == 0
    _hold(home, stack)
    founded = home.ask("found", "--agency", "临县社会保险中心", "--region", "141124", "--fonds", "J019")
    assert [o["username"] for o in founded["officers"]] == ["system_officer", "security_officer", "audit_officer"]
    home.officers = {o["username"]: o["password"] for o in founded["officers"]}
    for name, password in PEOPLE.items():
        done = home.run("user", name, "--name", "郭秀琴", "--role", name, typed=f"{password}\n")
        assert done.returncode == 0, done.stderr
    home.receipt = home.ask("ingest", pile(folder / "pile"), "--auto")
    return home


def _hold(home: Home, stack: ExitStack) -> None:
    """Attach to the home's server from here; the environment of the tests names another one."""
    from cunzhen.database.launcher import ensure_running

    with patch.dict(os.environ, clean_environment(), clear=True):
        server = stack.enter_context(ensure_running(home.path))
    home.owner_url, home.admin_url = server.owner_url, server.admin_url


def pile(folder: Path) -> Path:
    """A folder with the three papers."""
    folder.mkdir()
    for name in PAPERS:
        shutil.copy(SAMPLES / name, folder)
    return folder


def variant(number: object, paper: int = 0) -> bytes:
    """A readable paper whose bytes are like no other's."""
    return (SAMPLES / PAPERS[paper]).read_bytes() + f"\n% {number}\n".encode()


def package_texts(home: Home) -> dict[str, list[str]]:
    """Archival code to the text of each page, as it lies in the packages on the disk; no code of the product."""
    found: dict[str, list[str]] = {}
    for path in home.path.glob("stores/a/ocfl/**/content/text/pages.json"):
        mets = next(path.parents[1].rglob("*mets*.xml")).read_text(encoding="utf-8")
        pages = json.loads(path.read_text(encoding="utf-8"))["pages"]
        codes = [c for c in known_codes(home) if c in mets]
        assert len(codes) == 1, (path, codes)
        found[codes[0]] = ["".join(_words(page)) for page in pages]
    return found


def _words(page: dict[str, Any]) -> list[str]:
    return [w["text"] if isinstance(w, dict) else w[0] for w in page["words"]]


def known_codes(home: Home) -> list[str]:
    """Every archival code in the catalogue's table."""
    return [row[0] for row in home.rows("SELECT archival_code FROM holdings_item ORDER BY archival_code")]


def plain(text: str) -> str:
    """Without blanks."""
    return re.sub(r"\s+", "", text)
