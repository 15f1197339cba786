"""The real process group: PostgreSQL killed under a working desk, and a killed command that leaves nobody behind."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg
import pytest

from cunzhen.database import cluster, places
from cunzhen.database.launcher import ensure_running
from tests.faults.clerks import make_pile
from tests.faults.counts import FULL, times
from tests.waiting import until

pytestmark = [pytest.mark.server, pytest.mark.faults, pytest.mark.timeout(300)]

HAND_IN = """
import sys, django
from contextlib import ExitStack
from pathlib import Path
from cunzhen.cli.main import attach, set_up
with ExitStack() as stack:
    attach(stack)
    set_up()
    from django.utils import timezone
    from cunzhen.accounts.queries import service_actor
    from cunzhen.capture.operations import open_transfer, receive_transfer
    from cunzhen.capture.piles import list_pile
    actor, now = service_actor(), timezone.now()
    transfer = open_transfer(actor, name="一批", auto=True, now=now)
    incoming, rejected = list_pile([Path(sys.argv[1])])
    receive_transfer(actor, transfer_id=transfer.id, incoming=incoming, rejected=rejected, now=now)
"""


def _environment(home: Path) -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("CUNZHEN_", "DATABASE_URL", "DJANGO_"))}
    path = os.pathsep.join(p for p in sys.path if p)
    settings = {"CUNZHEN_HOME": str(home), "DJANGO_SETTINGS_MODULE": "cunzhen.config.settings"}
    return kept | settings | {"PYTHONPATH": path, "CUNZHEN_READERS": "1"}


def _cunzhen(home: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "cunzhen.cli.main", "--home", str(home), *words]
    return subprocess.run(command, env=_environment(home), capture_output=True, text=True, timeout=120, check=False)


@pytest.fixture(scope="module")
def founded() -> Iterator[Path]:
    """A home of its own with an agency and a fonds; nothing of it runs afterwards."""
    with tempfile.TemporaryDirectory(prefix="cunzhen-t-") as name:
        Path(name).chmod(0o711)  # the database's account must pass through
        home = Path(name) / "home"
        assert _cunzhen(home, "init").returncode == 0
        done = _cunzhen(home, "found", "--agency", "临县社会保险中心", "--region", "141124", "--fonds", "J019")
        assert done.returncode == 0, done.stderr
        yield home
        until(lambda: not _of(home), 30)


def _of(home: Path) -> list[int]:
    found = []
    for process in psutil.process_iter(["cmdline", "status"]):
        words = process.info["cmdline"] or []
        if any(str(home) in word for word in words) and process.info["status"] != psutil.STATUS_ZOMBIE:
            found.append(process.pid)
    return found


@contextlib.contextmanager
def _serving(home: Path, log: Path) -> Iterator[subprocess.Popen[str]]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    words = ["--home", str(home), "serve", "--port", str(port), "--workers", "1"]
    with log.open("wb") as err, subprocess.Popen(
        [sys.executable, "-m", "cunzhen.cli.main", *words],
        env=_environment(home), stdout=subprocess.PIPE, stderr=err, text=True,
    ) as desk:  # fmt: skip
        assert desk.stdout is not None
        try:
            assert desk.stdout.readline().startswith("ready "), log.read_text()
            yield desk
            desk.terminate()
            assert desk.wait(60) == 0
        finally:
            desk.kill()
            print(log.read_text()[-4000:])


def test_the_database_is_killed_under_a_working_desk(founded: Path, no_database_named: None, tmp_path: Path) -> None:
    papers = 300 if FULL else 40
    pile = make_pile(tmp_path / "desk", papers)
    with _serving(founded, tmp_path / "log"), ensure_running(founded) as server:
        handed = subprocess.run(
            [sys.executable, "-c", HAND_IN, str(pile)],
            env=_environment(founded),
            capture_output=True,
            timeout=120,
            check=False,
        )
        assert handed.returncode == 0, handed.stderr.decode()
        place = places.settle(founded)

        def count(state: str) -> int:
            with contextlib.suppress(psycopg.Error), psycopg.connect(server.app_url, connect_timeout=5) as database:
                row = database.execute("SELECT count(*) FROM capture_draft WHERE state = %s", [state]).fetchone()
                return int(row[0]) if row else -1
            return -1

        for kill in range(times(10)):
            filed = count("filed")
            until(lambda filed=filed: count("filed") > filed or count("filed") == papers)
            if count("filed") == papers and kill:
                break
            running = cluster.running_pid(place)
            assert running is not None
            os.kill(running, signal.SIGKILL)
            until(lambda running=running: cluster.running_pid(place) not in {None, running})
        until(lambda: count("filed") == papers)
    done = _cunzhen(founded, "--json", "verify")
    assert done.returncode == 0, done.stdout + done.stderr
    assert json.loads(done.stdout)["packages"]["checked"] == papers + 1  # with the register of the house


def test_a_killed_command_leaves_no_reader_and_the_next_one_goes_on(founded: Path, tmp_path: Path) -> None:
    pile = make_pile(tmp_path / "command", 40)
    command = [
        sys.executable,
        "-m",
        "cunzhen.cli.main",
        "--home",
        str(founded),
        "--json",
        "ingest",
        "--auto",
        str(pile),
    ]
    with subprocess.Popen(
        command, env=_environment(founded), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as running:
        family: list[psutil.Process] = []

        def reading() -> bool:
            family[:] = [
                p for p in psutil.Process(running.pid).children(recursive=True) if p.name().startswith("python")
            ]
            return len(family) >= 2

        with contextlib.suppress(psutil.Error):
            until(reading, 60)
        running.kill()
    assert family
    until(lambda: not any(p.is_running() and p.status() != psutil.STATUS_ZOMBIE for p in family), 20)
    done = _cunzhen(founded, "--json", "ingest", "--auto", str(pile))
    receipt = json.loads(done.stdout)
    assert (done.returncode, receipt["sent"], receipt["filed"] + receipt["duplicates"]) == (0, 40, 40), done.stderr
    codes = {item["archival_code"] for item in receipt["items"]}
    assert len(codes) == 40 and _cunzhen(founded, "verify").returncode == 0
