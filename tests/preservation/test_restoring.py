"""Restores where stores outlived the machine, where a store is a bucket, and from a PostgreSQL that is not ours."""

from __future__ import annotations

import os
import pty
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import psycopg
import pytest

from cunzhen.database.cluster import INCLUDE
from cunzhen.database.launcher import MARK, ensure_running
from cunzhen.formats.ocfl import object_path
from tests.cli.conftest import clean_environment, command
from tests.preservation.backed_up import Archive, flip, new_archive
from tests.preservation.judge import assert_valid_root
from tests.swift_service import ACCESS, SECRET, Swift

pytestmark = [pytest.mark.server, pytest.mark.faults, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def archive(swift: Swift) -> Iterator[Archive]:
    """A home with a store on its disk and one in a bucket, backed up once."""
    with ExitStack() as stack:
        root = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="cunzhen-t-")))
        root.chmod(0o711)
        swift.bucket("first")
        made = new_archive(root, stack, **_stores(swift, root / "store-a", "first"))
        made.file("kept")
        made.back_up(root / "backup")
        yield made


def _stores(swift: Swift, folder: Path, bucket: str) -> dict[str, str]:
    return {
        "CUNZHEN_STORES": f"a={folder},s=s3://{bucket}/pre",
        "CUNZHEN_STORE_S_ENDPOINT": swift.endpoint,
        "CUNZHEN_STORE_S_ACCESS_KEY": ACCESS,
        "CUNZHEN_STORE_S_SECRET_KEY": SECRET,
    }


def _restored(archive: Archive, name: str, stores: dict[str, str], status: int = 0) -> tuple[Path, dict[str, Any]]:
    home = archive.root / name
    return home, archive.ask(
        "restore", archive.root / "backup", "--keys", archive.path / "keys", home=home, status=status, **stores
    )


def _packages(archive: Archive) -> list[str]:
    return [str(one) for (one,) in archive.rows("SELECT id FROM preservation_package ORDER BY id")]


def test_packages_come_back_into_an_empty_bucket(archive: Archive, swift: Swift, tmp_path: Path) -> None:
    swift.bucket("second")
    stores = _stores(swift, archive.root / "new-a", "second")
    home, answer = _restored(archive, "from-nothing", stores)
    packages = _packages(archive)
    assert answer["ok"] and answer["copies"] == 2 * len(packages)
    assert_valid_root(swift.download("second", "pre/ocfl", tmp_path / "down"), len(packages))
    assert_valid_root(archive.root / "new-a" / "ocfl", len(packages))
    assert not (home / "tmp").exists() or not list((home / "tmp").iterdir())
    shutil.rmtree(archive.root / "new-a" / "ocfl" / object_path(f"urn:uuid:{packages[0]}"))
    mended = archive.ask("scrub", "--all", home=home, **stores)
    assert mended["mended"] == 1, "the bucket gives what the disk lacks"


def test_without_settings_for_the_bucket_its_packages_come_into_a_folder(archive: Archive) -> None:
    home, answer = archive.restore(archive.root / "backup", "folders")
    assert answer["ok"]
    for name in ("a", "s"):
        assert_valid_root(home / "stores" / name / "ocfl", len(_packages(archive)))


def test_a_person_at_a_terminal_sees_how_far_it_is(archive: Archive) -> None:
    seen, terminal = pty.openpty()
    words = ["restore", str(archive.root / "backup"), "--keys", str(archive.path / "keys")]
    with os.fdopen(seen, "rb", buffering=0) as screen:
        done = subprocess.run(
            command(archive.root / "watched", words),
            env=clean_environment(), stdout=subprocess.PIPE, stderr=terminal, timeout=300, check=False,
        )  # fmt: skip
        os.close(terminal)
        shown = screen.read(65536).decode()
    promised = 2 * len(_packages(archive))
    assert done.returncode == 0 and f"保存包 {promised}/{promised}" in shown, shown


def test_stores_that_outlived_the_machine_are_left_alone(archive: Archive, swift: Swift) -> None:
    """The machine is lost, its disk of papers and its bucket are not, and both hold more than the backup."""
    shutil.copytree(archive.root / "store-a", archive.root / "kept-a")
    packages = _packages(archive)
    damaged, gone = packages[:2]
    place = archive.root / "kept-a" / "ocfl" / object_path(f"urn:uuid:{damaged}") / "inventory.json"
    flip(place)
    bad = place.read_bytes()
    stranger = archive.root / "kept-a" / "ocfl" / "其他.txt"
    stranger.write_text("mine", encoding="utf-8")
    keys = swift.keys("first", f"pre/ocfl/{object_path(f'urn:uuid:{gone}')}")
    for key in keys:
        swift.client().delete_object(Bucket="first", Key=key)
    stores = _stores(swift, archive.root / "kept-a", "first")
    before = _stamps(archive.root / "kept-a"), _written(swift)
    _, answer = _restored(archive, "outlived", stores, status=1)  # what lies there unregistered is a finding
    assert answer["damage"] == [] and answer["copies"] == 2 * len(packages)
    assert answer["verified"]["packages"]["bad"] == [] and answer["verified"]["packages"]["missing"] == []
    assert answer["verified"]["packages"]["extra"] == [f"a:{stranger.name}"]
    after = _stamps(archive.root / "kept-a"), _written(swift)
    mended = str(place.parent.relative_to(archive.root / "kept-a"))
    assert all(after[0].get(path) == stamp for path, stamp in before[0].items() if not path.startswith(mended))
    (aside,) = (archive.root / "kept-a" / "quarantine").iterdir()
    assert (aside / "inventory.json").read_bytes() == bad
    assert before[1].items() <= after[1].items() and set(keys) <= after[1].keys(), "nothing is sent twice"


def _stamps(folder: Path) -> dict[str, tuple[int, int]]:
    return {
        str(p.relative_to(folder)): (p.stat().st_ino, p.stat().st_mtime_ns)
        for p in folder.rglob("*")
        if p.is_file() and "staging" not in p.parts
    }


def _written(swift: Swift) -> dict[str, object]:
    pages = swift.client().get_paginator("list_objects_v2").paginate(Bucket="first", Prefix="pre/ocfl/")
    return {one["Key"]: (one["LastModified"], one["ETag"]) for page in pages for one in page.get("Contents", [])}


# As the operator guide has it, under "Outside PostgreSQL" there and under "Backup and restore".
OUTSIDE = """
CREATE ROLE agency_owner LOGIN PASSWORD 'change-me-1';
CREATE ROLE agency_app LOGIN PASSWORD 'change-me-2';
CREATE DATABASE agency OWNER agency_owner TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C.UTF-8';
CREATE ROLE agency_backup LOGIN REPLICATION PASSWORD 'change-me-3';
GRANT pg_monitor TO agency_backup;
GRANT EXECUTE ON FUNCTION pg_create_restore_point(text) TO agency_backup;
ALTER SYSTEM SET max_slot_wal_keep_size = '8GB';
ALTER SYSTEM SET summarize_wal = on;
ALTER SYSTEM SET max_connections = 120
"""
IN_IT = "REVOKE ALL ON SCHEMA public FROM PUBLIC; ALTER SCHEMA public OWNER TO agency_owner"


@pytest.fixture
def outside(open_path: Path, no_database_named: None) -> Iterator[tuple[Archive, dict[str, str]]]:
    """An archive whose database is in a cluster of its own, reached by its addresses alone."""
    with ExitStack() as stack:
        with ensure_running(open_path / "cluster") as server:
            admin = server.admin_url.replace(f"&{MARK}", "")
            with psycopg.connect(admin, autocommit=True) as database:
                for statement in OUTSIDE.split(";"):
                    database.execute(statement.encode())
        assert server.place is not None  # stopped by now; its settings become another installation's
        conf = server.place.data / "postgresql.conf"
        text = conf.read_text(encoding="utf-8").replace(INCLUDE, "\ninclude 'cunzhen.conf'\n")
        conf.write_text(f"{text}cluster_name = 'agency'\n", encoding="utf-8")
        stack.enter_context(ensure_running(open_path / "cluster"))
        with psycopg.connect(admin.replace("@/postgres", "@/agency"), autocommit=True) as database:
            database.execute(IN_IT.encode())
        host = admin.partition("?")[2]
        settings = {
            "DATABASE_URL": f"postgresql://agency_app:change-me-2@/agency?{host}",
            "CUNZHEN_OWNER_URL": f"postgresql://agency_owner:change-me-1@/agency?{host}",
        }
        archive = Archive(open_path, open_path / "home", dict(settings))
        assert archive.run("init").returncode == 0
        found = ("--agency", "临县社会保险中心", "--region", "141124", "--fonds", "J019")
        assert archive.run("found", *found).returncode == 0
        yield archive, {"CUNZHEN_BACKUP_URL": f"postgresql://agency_backup:change-me-3@/postgres?{host}"}


def test_an_outside_server_is_backed_up_with_its_log(outside: tuple[Archive, dict[str, str]]) -> None:
    archive, role = outside
    folder = archive.root / "backup"
    archive.settings |= role | {"CUNZHEN_BACKUP_DIR": str(folder), "CUNZHEN_BACKUP_MB_PER_SECOND": "200"}
    first = archive.file("first", 2)
    assert archive.back_up(folder)["kind"] == "full"
    second = archive.file("second", 2)
    archive.back_up(folder, "--increment")
    time.sleep(1.1)
    at = archive.now()
    time.sleep(1.1)
    archive.file("third", 1)
    archive.back_up(folder, "--increment")
    assert archive.back_up(folder)["kind"] == "differential", "summarize_wal is on"
    assert archive.ask("backup", folder, "--verify")["ok"]
    refused = archive.refused("restore", folder, "--keys", archive.path / "keys", home=archive.root / "new",
                              DATABASE_URL=archive.settings["DATABASE_URL"])  # fmt: skip
    assert refused[0] == "B-27"
    home, answer = archive.restore(folder, "new", "--at", at, status=1)
    assert answer.get("agrees"), answer
    assert answer["lost"]["ops"]["file_drafts"] == 1
    assert archive.codes(home) == sorted([*first, *second])
    with ensure_running(home) as server:
        assert server.place is not None and (server.place.data / "postgresql.conf.outside").exists()
        assert "agency" not in (server.place.data / "postgresql.conf").read_text(encoding="utf-8")
    assert archive.run("check", home=home).returncode == 0, "the app's role may do what it should and no more"
    _, answer = archive.restore(folder, "newest")
    assert answer["ok"]


def test_a_role_that_lacks_a_right_is_told(outside: tuple[Archive, dict[str, str]]) -> None:
    archive, role = outside
    poor = role["CUNZHEN_BACKUP_URL"].replace("agency_backup:change-me-3", "agency_app:change-me-2")
    code, said = archive.refused("backup", archive.root / "backup", CUNZHEN_BACKUP_URL=poor)
    assert code == "D-16" and "REPLICATION" in said
    wrong = role["CUNZHEN_BACKUP_URL"].replace("change-me-3", "change-me-4")
    assert archive.refused("backup", archive.root / "backup", CUNZHEN_BACKUP_URL=wrong)[0] == "D-17"
    dump = archive.back_up(archive.root / "dumped")
    assert dump["kind"] == "dump", "without a role for backups there is a dump"


def test_a_base_keeps_to_its_pace(archive: Archive) -> None:
    """Of some 40 MB at 5 MB a second, a bare base takes 8 seconds."""
    began = time.monotonic()
    report = archive.back_up(archive.root / "slowly", "--full", CUNZHEN_BACKUP_MB_PER_SECOND="5")
    assert time.monotonic() - began > report["database_bytes"] / 5e6 * 0.6
    done: subprocess.CompletedProcess[str] = archive.run("check", CUNZHEN_BACKUP_MB_PER_SECOND="fast")
    assert done.returncode == 1 and "C-03" in done.stderr
