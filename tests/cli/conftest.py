"""Whole processes: homes made by ``cunzhen init`` and desks started by ``cunzhen serve``."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

Cunzhen = Callable[..., subprocess.CompletedProcess[str]]


def clean_environment() -> dict[str, str]:
    """The environment of a fresh machine, plus where the sources are."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("CUNZHEN_", "DATABASE_URL", "DJANGO_"))}
    return kept | {"PYTHONPATH": os.pathsep.join(p for p in sys.path if p), "CUNZHEN_READERS": "1"}


def command(home: Path, words: Sequence[str]) -> list[str]:
    """The command line of ``cunzhen`` for a home."""
    return [sys.executable, "-m", "cunzhen.cli.main", "--home", str(home), *words]


@pytest.fixture(scope="session")
def cunzhen() -> Cunzhen:
    """Run one command to its end."""

    def run(home: Path, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command(home, words),
            env=clean_environment() | more,
            capture_output=True,
            text=True,
            timeout=100,
            check=False,
        )

    return run


@pytest.fixture(scope="module")
def made_home(cunzhen: Cunzhen) -> Iterator[Path]:
    """A home that ``cunzhen init`` has made."""
    with tempfile.TemporaryDirectory(prefix="cunzhen-t-") as name:
        Path(name).chmod(0o711)
        home = Path(name) / "home"
        done = cunzhen(home, "init")
        assert done.returncode == 0, done.stderr
        yield home
        assert [p.info for p in processes_of(home)] == []


@dataclass
class Desk:
    """A running ``cunzhen serve``."""

    process: subprocess.Popen[str]
    address: str
    home: Path

    def children(self, part: str) -> list[psutil.Process]:
        """The direct children whose command line holds this word."""
        found = []
        for process in psutil.Process(self.process.pid).children():
            with contextlib.suppress(psutil.Error):
                found += [process] if part in process.cmdline() else []
        return found

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Send a signal and wait for the end."""
        self.process.send_signal(number)
        return self.process.wait(40)


@contextlib.contextmanager
def serving(home: Path, log: Path, **more: str) -> Iterator[Desk]:
    """``cunzhen serve`` on a free port, ready; its log is printed, for the case that the test fails."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with log.open("wb") as err, subprocess.Popen(
        command(home, ["serve", "--port", str(port), "--workers", "1"]),
        env=clean_environment() | more, stdout=subprocess.PIPE, stderr=err, text=True,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        line = process.stdout.readline()
        try:
            assert line == f"ready http://127.0.0.1:{port}\n", log.read_text()
            yield Desk(process, f"http://127.0.0.1:{port}", home)
        finally:
            if process.poll() is None:
                process.terminate()
                process.wait(40)
            print(log.read_text())


@pytest.fixture
def desk(made_home: Path, tmp_path: Path) -> Iterator[Desk]:
    """A desk on a new home."""
    with serving(made_home, tmp_path / "serve.log") as running:
        yield running


def processes_of(home: Path) -> list[psutil.Process]:
    """Every process that was started for this home, the database's included."""
    found = []
    for process in psutil.process_iter(["pid", "cmdline", "status"]):
        line = process.info["cmdline"] or []
        if any(str(home) in word for word in line) and process.info["status"] != psutil.STATUS_ZOMBIE:
            found.append(process)
    return found
