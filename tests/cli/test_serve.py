"""The whole group of processes: ready, alive through kills of its parts, and gone without a trace."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
from pathlib import Path

import httpx
import psutil
import psycopg
import pytest

from cunzhen.database import cluster, places
from cunzhen.database.launcher import ensure_running
from tests.waiting import until

from .conftest import Cunzhen, Desk, processes_of

pytestmark = pytest.mark.server


def _status(address: str) -> int:
    try:
        return httpx.get(address, timeout=5).status_code
    except httpx.HTTPError:
        return 0


def test_answers_lives_through_kills_and_stops_cleanly(desk: Desk) -> None:
    assert _status(f"{desk.address}/healthz") == 200
    assert httpx.get(f"{desk.address}/readyz").json() == {"status": "ok", "failing": []}

    (web,) = desk.children("granian")
    (worker,) = desk.children("worker")
    environment = web.environ()
    assert "CUNZHEN_OWNER_URL" not in environment
    assert "cunzhen_owner" not in str(environment)

    os.kill(web.pid, signal.SIGKILL)
    os.kill(worker.pid, signal.SIGKILL)
    until(lambda: not web.is_running() or web.status() == psutil.STATUS_ZOMBIE)
    until(lambda: desk.children("granian") and _status(f"{desk.address}/readyz") == 200)
    until(lambda: desk.children("worker"))

    place = places.settle(desk.home)
    first = cluster.running_pid(place)
    assert first is not None
    os.kill(first, signal.SIGKILL)
    until(lambda: cluster.running_pid(place) not in {None, first})
    until(lambda: _status(f"{desk.address}/readyz") == 200)

    assert desk.stop() == 0
    assert [p.info for p in processes_of(desk.home)] == []
    assert not (place.data / "postmaster.pid").exists()


def test_a_killed_serve_leaves_no_children_and_starts_again(desk: Desk, cunzhen: Cunzhen) -> None:
    children = psutil.Process(desk.process.pid).children(recursive=True)
    assert children
    assert desk.stop(signal.SIGKILL) == -signal.SIGKILL
    until(lambda: not any(p.is_running() and p.status() != psutil.STATUS_ZOMBIE for p in children))
    place = places.settle(desk.home)
    assert cluster.running_pid(place) is not None, "the database outlives a kill"
    assert cunzhen(desk.home, "init").returncode == 0
    assert cluster.running_pid(place) is None, "the next one takes it over and stops it"


def test_ctrl_c_stops_it_too(desk: Desk) -> None:
    assert desk.stop(signal.SIGINT) == 0
    assert [p.info for p in processes_of(desk.home)] == []


def test_a_port_in_use_is_told(made_home: Path, cunzhen: Cunzhen) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        done = cunzhen(made_home, "serve", "--port", str(taken.getsockname()[1]))
    assert done.returncode == 1
    assert "C-01" in done.stderr
    assert "--port" in done.stderr


def test_a_newer_database_is_refused(made_home: Path, cunzhen: Cunzhen, no_database_named: None) -> None:
    with ensure_running(made_home) as server, psycopg.connect(server.owner_url, autocommit=True) as owner:
        owner.execute("INSERT INTO django_migrations (app, name, applied) VALUES ('holdings', '9999_later', now())")
        try:
            done = cunzhen(made_home, "serve", "--port", "1")
            assert done.returncode == 1
            assert "D-10" in done.stderr
            assert "holdings.9999_later" in done.stderr
        finally:
            owner.execute("DELETE FROM django_migrations WHERE name = '9999_later'")


def test_migrations_that_are_missing_are_run_first(made_home: Path, cunzhen: Cunzhen, no_database_named: None) -> None:
    with ensure_running(made_home) as server, psycopg.connect(server.owner_url, autocommit=True) as owner:
        owner.execute("DROP TABLE jobs_failure")
        owner.execute("DELETE FROM django_migrations WHERE app = 'jobs'")
        assert cunzhen(made_home, "check").returncode == 1
        assert cunzhen(made_home, "init").returncode == 0
        with psycopg.connect(server.app_url) as app:
            assert app.execute("SELECT count(*) FROM jobs_failure").fetchone() == (0,)


@pytest.mark.parametrize("words", [["serve"], ["check"], ["worker", "--once"]])
def test_a_home_that_was_never_made_is_told(open_path: Path, cunzhen: Cunzhen, words: list[str]) -> None:
    done = cunzhen(open_path / "nothing", *words)
    assert done.returncode == 1
    assert "K-01" in done.stderr
    assert not (open_path / "nothing" / "postgres").exists()


def test_two_inits_at_once_make_one_home(open_path: Path, cunzhen: Cunzhen) -> None:
    from .conftest import clean_environment, command

    home = open_path / "home"
    both = [
        subprocess.Popen(command(home, ["init", "--json"]), env=clean_environment(), stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    assert [(p.communicate(timeout=100), p.returncode)[1] for p in both] == [0, 0]
    assert cunzhen(home, "check").returncode == 0
