"""F3: the disk is full in the middle. A clear refusal, nothing half done, and it goes on by itself with space."""

from __future__ import annotations

import contextlib
import json
import os
import re
import subprocess
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.utils import timezone

from cunzhen.capture.models import Draft, SourceFile, Transfer
from cunzhen.capture.operations import sweep_inboxes
from cunzhen.holdings.models import CodeCounter, Item
from cunzhen.ledger.models import LedgerEntry
from cunzhen.preservation.models import Package
from tests.faults.clerks import assert_whole, jobs_left, make_pile
from tests.faults.crew import FILE_LIMIT, Crew
from tests.world import World

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.faults]

CHINESE = re.compile(r"[\u4e00-\u9fff]{4}")


class Disk:
    """A folder of the home on a small disk of its own; without the right to mount, no file can grow instead."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environment: dict[str, str] = {}
        folder.mkdir(parents=True, exist_ok=True)
        folders = [p.relative_to(folder) for p in folder.rglob("*") if p.is_dir()]
        here = {p.relative_to(folder): p.read_bytes() for p in folder.rglob("*") if p.is_file()}
        room = 700_000 + sum(len(b) // 4096 * 4096 + 8192 for b in here.values())
        mount = ["mount", "-t", "tmpfs", "-o", f"size={room}", "full", str(folder)]
        self._mounted = os.geteuid() == 0 and subprocess.run(mount, capture_output=True, check=False).returncode == 0
        for name in folders if self._mounted else ():
            (folder / name).mkdir(parents=True, exist_ok=True)
        for name, content in here.items() if self._mounted else ():  # an empty disk would be taken for a missing one
            (folder / name).write_bytes(content)
        if not self._mounted:
            self.environment = {FILE_LIMIT: "8000"}

    def grow(self) -> None:
        """Make room."""
        self.environment = {}
        if self._mounted:
            subprocess.run(["mount", "-o", "remount,size=200m", str(self.folder)], check=True)

    def close(self) -> None:
        """Take the disk away."""
        if self._mounted:
            subprocess.run(["umount", "--lazy", str(self.folder)], check=True)


@pytest.fixture
def disk(world: World, request: pytest.FixtureRequest) -> Iterator[Disk]:
    """The folder that the test names is full."""
    one = Disk(settings.HOME / request.param)
    yield one
    one.close()


def ingest(crew: Crew, out: Path, pile: Path, disk: Disk) -> tuple[int, dict[str, Any]]:
    """``cunzhen ingest --auto --json``."""
    words = ["--home", str(settings.HOME), "--json", "ingest", "--auto", str(pile)]
    status = crew.run("cunzhen", words=words, out=str(out), environment=disk.environment)
    return status, json.loads(out.read_text(encoding="utf-8"))


def until_done(crew: Crew, seconds: float = 40.0) -> None:
    """The workers go on by themselves; the first try again comes after two seconds."""
    until = time.monotonic() + seconds
    while jobs_left():
        assert time.monotonic() < until, jobs_left()
        assert crew.run("work") == 0
        time.sleep(0.3)


@pytest.mark.parametrize("disk", ["inbox"], indirect=True)
def test_full_while_receiving(world: World, crew: Crew, disk: Disk, tmp_path: Path) -> None:
    pile = make_pile(tmp_path / "pile", 40)
    status, said = ingest(crew, tmp_path / "out", pile, disk)
    assert status == 1
    assert said["error"]["code"] == "T-ST-01" and CHINESE.search(said["error"]["message"])
    assert Draft.objects.count() == SourceFile.objects.count() == Item.objects.count() == 0
    (transfer,) = Transfer.objects.all()
    assert transfer.state == "open"
    assert not any((settings.HOME / "inbox" / str(transfer.id)).iterdir()), "a refused pile leaves nothing"
    disk.grow()
    status, said = ingest(crew, tmp_path / "out", pile, disk)
    assert (status, said["filed"]) == (0, 40)
    sweep_inboxes(older_than=timedelta(0), now=timezone.now() + timedelta(seconds=5))
    assert_whole(world, [pile])


@pytest.mark.parametrize("disk", ["stores"], indirect=True)
def test_full_while_filing(world: World, crew: Crew, disk: Disk, tmp_path: Path) -> None:
    pile = make_pile(tmp_path / "pile", 30)
    if disk.environment:  # only the packages may fail
        assert crew.run("hand_in", paths=[str(pile)]) == 0
    status, said = ingest(crew, tmp_path / "out", pile, disk)
    assert status == 1
    codes = [f["code"] for f in said.get("findings", [])] or [said["error"]["code"]]
    assert {"P-10", "T-ST-01"} & set(codes), said
    assert Item.objects.count() == CodeCounter.objects.count() == 0
    assert not Package.objects.filter(kind=Package.Kind.ITEM).exists()
    assert not LedgerEntry.objects.filter(op="file_drafts").exists()
    assert set(Draft.objects.values_list("state", flat=True)) <= {"described", "received"}
    if not disk.environment:
        assert said["sent"] == said["received"] == said["waiting"] == said["in_work"] == 30
        (message,) = [f["message"] for f in said["findings"] if f["code"] == "P-10"]
        assert "空间不足" in message
    disk.grow()
    until_done(crew)
    assert crew.run("do_again", paths=[str(pile)]) == 0
    assert_whole(world, [pile])


@pytest.mark.parametrize("disk", ["ledger", "index"], indirect=True)
def test_full_behind_the_filing(world: World, crew: Crew, disk: Disk, tmp_path: Path) -> None:
    """Filing does not wait for what follows it; that comes up by itself once there is room."""
    pile = make_pile(tmp_path / "pile", 3)
    with contextlib.suppress(OSError), (disk.folder / "ballast").open("wb", buffering=0) as ballast:
        while ballast.tell() < 700_000:
            ballast.write(bytes(4096))
    status, said = ingest(crew, tmp_path / "out", pile, disk)
    if "error" not in said:
        assert status == 1 and said["filed"] == said["preserved"] == 3 and said["indexed"] < 3
        assert [f["code"] for f in said["findings"]] == ["T-IX-01"]
    disk.grow()
    (disk.folder / "ballast").unlink()
    assert crew.run("do_again", paths=[str(pile)]) == 0
    assert_whole(world, [pile])
