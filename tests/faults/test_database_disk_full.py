"""F3: the disk of the database, of temporary files, or of a backup is full. A clear refusal, reading goes on, and with
room everything works again without any work by hand.
"""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx
import psycopg
import pytest

from cunzhen.database import places
from tests.cli.conftest import serving
from tests.cli.filed import Home
from tests.faults.clerks import make_pile
from tests.faults.counts import some
from tests.preservation.backed_up import Archive, attached, new_archive
from tests.waiting import until

pytestmark = [pytest.mark.server, pytest.mark.faults, pytest.mark.timeout(600)]

REFUSED = re.compile(r"[A-Z]+-[A-Z0-9-]+ .*[\u4e00-\u9fff]{4}", re.DOTALL)
SMALL = "240m"
PASSWORD = "Quite-long-2026!"


@contextmanager
def small_disk(folder: Path, size: str = SMALL) -> Iterator[None]:
    """A small disk of its own at a folder; only root can make one."""
    folder.mkdir(parents=True, exist_ok=True)
    owner = folder.stat()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size},mode=0711", "small", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        pytest.skip("needs the right to mount a small disk")
    os.chown(folder, owner.st_uid, owner.st_gid)
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def fill(folder: Path, spare: int = 0) -> Path:
    """Leave no room but some spare bytes; the ballast."""
    ballast = folder / "ballast"
    room = os.statvfs(folder)
    with ballast.open("wb", buffering=0) as out:
        try:
            for _ in range(max(0, room.f_bavail * room.f_frsize - spare) // 65536 + 1):
                out.write(bytes(65536))
            while not spare:
                out.write(bytes(4096))
        except OSError:
            pass
    return ballast


@pytest.fixture
def archive() -> Iterator[Archive]:
    """A home on a small disk of its own, database and all, whose stores lie elsewhere."""
    with ExitStack() as stack:
        root = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="cunzhen-t-")))
        root.chmod(0o711)
        stack.enter_context(small_disk(root / "home"))
        made = new_archive(root, stack, stores=2)
        data = places.settle(made.path).data
        assert os.stat(data).st_dev == os.stat(made.path).st_dev, "the database lies elsewhere"
        yield made


def _database(archive: Archive) -> None:
    """Connections that are open, as the desk keeps them, go on reading; whoever comes anew is told the reason."""
    archive.file("before")
    before = archive.codes()
    with attached(archive.path) as url, psycopg.connect(url, autocommit=True) as desk:
        ballast = fill(archive.path)
        pile = make_pile(archive.root / "pile", 12, "满")
        done = archive.run("ingest", pile, "--auto")
        said = done.stdout + done.stderr
        assert done.returncode == 1 and REFUSED.search(said) and "Traceback" not in said, said
        found = desk.execute("SELECT archival_code FROM holdings_item ORDER BY 1").fetchall()
        assert [row[0] for row in found][: len(before)] == before
        shown = archive.run("show", before[0])
        assert before[0] in shown.stdout or "D-21" in shown.stderr, shown.stderr
        ballast.unlink()
    done = archive.run("ingest", pile, "--auto")
    assert done.returncode == 0, done.stdout + done.stderr
    assert archive.run("verify").returncode == 0
    assert len(archive.codes()) == len(before) + 12


def _desk(archive: Archive) -> None:
    """A desk goes on showing what needs no record; the rest is refused in words, and with room it works at once."""
    archive.file("before")
    home, typed = Home(archive.path, "", ""), f"{PASSWORD}\n"
    words = ("user", "archivist", "--name", "薛建平", "--role", "archivist")
    assert home.run(*words, typed=f"{PASSWORD}\n", **archive.settings).returncode == 0
    token = home.run("token", "archivist", "--as", "archivist", typed=typed, **archive.settings).stdout.strip()
    with (
        serving(archive.path, archive.root / "serve.log", **archive.settings) as desk,
        httpx.Client(base_url=desk.address, timeout=60) as person,
    ):
        form = {"username": "archivist", "password": PASSWORD}
        person.get("/sign-in/")
        assert person.post("/sign-in/", data=form | _token_of(person)).status_code == 302
        program = httpx.Client(base_url=desk.address, headers={"Authorization": f"Bearer {token}"}, timeout=60)
        item = program.get("/api/v1/items").json()["items"][0]["id"]
        assert person.get(f"/items/{item}/").status_code == program.get(f"/api/v1/items/{item}").status_code == 200
        ballast = fill(archive.path)
        refused = {"desk": 0, "API": 0}
        for _ in range(1_000):
            looks = {"desk": person.get(f"/items/{item}/"), "API": program.get(f"/api/v1/items/{item}")}
            for door, answer in looks.items():
                assert answer.status_code == 200 or _says_why(answer), (door, answer.status_code, answer.text)
                refused[door] += answer.status_code == 503
            if all(refused.values()):
                break
        assert all(refused.values()), "every look is recorded, so that none can go on without room"
        assert person.get("/items/").status_code == 200
        ballast.unlink()
        until(lambda: person.get(f"/items/{item}/").status_code == 200)
        assert program.get(f"/api/v1/items/{item}").status_code == 200
        program.close()
    assert archive.run("verify").returncode == 0


def _token_of(person: httpx.Client) -> dict[str, str]:
    return {"csrfmiddlewaretoken": person.cookies["csrftoken"]}


def _says_why(answer: httpx.Response) -> bool:
    return answer.status_code == 503 and "D-21" in answer.text and "磁盘空间不足" in answer.text


def _temporary(archive: Archive) -> None:
    """Either it does not matter, or it is told; nothing half is left."""
    with small_disk(archive.root / "temporary", "1m"):
        fill(archive.root / "temporary")
        told = {"TMPDIR": str(archive.root / "temporary")}
        pile = make_pile(archive.root / "pile", 6, "临")
        done = archive.run("ingest", pile, "--auto", **told)
        assert done.returncode == 0 or REFUSED.search(done.stdout + done.stderr), done.stdout + done.stderr
        assert "Traceback" not in done.stderr
    done = archive.run("ingest", pile, "--auto")
    assert done.returncode == 0, done.stdout + done.stderr
    assert archive.run("verify").returncode == 0


def _backup(archive: Archive) -> None:
    """Filing goes on; the backup says what to do, and can be repeated into the same folder."""
    archive.file("before")
    disk, folder = archive.root / "small", archive.root / "small" / "backup"
    with small_disk(disk):
        ballast = fill(disk, spare=2_000_000)
        done = archive.run("backup", folder)
        assert done.returncode == 1 and re.search(r"(B-07|D-14) .*空间不足", done.stderr), done.stderr
        assert archive.run("ingest", make_pile(archive.root / "more", 2, "续"), "--auto").returncode == 0
        ballast.unlink()
        done = archive.run("backup", folder)
        assert done.returncode == 0, done.stderr
        done = archive.run("backup", "--verify", folder)
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("where", some(["database", "desk", "temporary", "backup"]))
def test_full(archive: Archive, where: str) -> None:
    {"database": _database, "desk": _desk, "temporary": _temporary, "backup": _backup}[where](archive)
