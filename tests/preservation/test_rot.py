"""Bit rot by the hundred, whole stores lost, kills in the middle: found, mended, and never wrong bytes (F2, F6, F7)."""

from __future__ import annotations

import os
import random
import shutil
import signal
import time
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest
from pytest_django import Settings

from cunzhen.errors import Unavailable
from cunzhen.formats.ocfl_root import own_files
from cunzhen.ledger.queries import history
from cunzhen.preservation import queries
from cunzhen.preservation.models import Damage, PackageCopy, Quarantine, ScrubRound
from cunzhen.preservation.operations import (
    repair_packages,
    replace_store,
    revise_packages,
    roll_scrub,
    sweep_uncommitted,
    verify_packages,
)
from cunzhen.preservation.rules import NewPackage, Revision
from tests.faults.counts import FULL, SEED, times
from tests.preservation.care import ACTOR, LATER, entries, flip, folder, keep, repairs_of, scrub, tree
from tests.preservation.conftest import NOW, Fork, content, end_of
from tests.preservation.judge import assert_valid_root

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.faults]

SCRUB_POINTS = ["scrub-read", "scrub-read@2", "scrub-noted", "scrub-noted@2", "scrub-finished"]
REPAIR_POINTS = [
    "repair-begun", "install-staged", "install-read-back", "install-read-back@3", "install-set-aside",
    "install-set-aside@2", "install-placed", "install-durable@2", "repair-installed", "repair-installed@3",
    "repair-noted", "repair-noted@2",
]  # fmt: skip


@pytest.fixture
def stores(tmp_path: Path, settings: Settings) -> dict[str, Path]:
    """Folders of three stores that do not exist yet."""
    settings.STORES = {name: tmp_path / "stores" / name for name in ("a", "b", "c")}
    (tmp_path / "keys").symlink_to(settings.HOME / "keys")
    settings.HOME = tmp_path  # a published ledger of its own
    return dict(settings.STORES)


def _spoil(store: Path, packages: list[NewPackage], count: int) -> tuple[set[str], int]:
    """Flip a bit in so many files of a store, no file twice; folders of packages hit, and how many root files."""
    draw = random.Random(SEED)
    root = store / "ocfl"
    files = sorted(p for p in root.rglob("*") if p.is_file())
    own = {root / name for name in own_files()}
    chosen = draw.sample(files, count)
    for path in chosen:
        flip(path, draw)
    names = {folder(store, p).name for p in packages}
    hit = {part for path in chosen for part in path.parts if part in names}
    return hit, len(own & set(chosen))


def test_every_flipped_bit_is_found_and_mended_with_one_event_each(
    stores: dict[str, Path], fork: Fork, tmp_path: Path
) -> None:
    packages = keep(260 if FULL else 26, seed=SEED)
    revised = packages[::3]
    changes = [Revision(p.id, (content("mets.xml", b"<new/>"),), "改", "李", NOW) for p in revised]
    revise_packages(changes, now=NOW)
    before = tree(stores["b"])
    hit, own = _spoil(stores["b"], packages, times(1000))
    stop = tmp_path / "stop"

    def read_on_and_on() -> None:
        """Right bytes or a refusal, until it is told to stop."""
        while not stop.exists():
            for package in packages:
                for file in package.files[:3]:
                    try:
                        assert queries.read_content(package.id, file.path) == file.source
                    except Unavailable:
                        continue

    reader = fork(read_on_and_on)
    report = scrub()
    stop.touch()
    assert end_of(reader) == 0
    assert (report.damaged + report.missing, report.mended, report.open) == (len(hit), len(hit), 0)  # found, mended
    assert {folder(stores["b"], d.package_id).name for d in Damage.objects.all() if d.package_id} == hit  # no other
    assert set(Damage.objects.values_list("store", "outcome")) == {("b", "mended")}
    assert entries("repair_package") == len(hit) + bool(own)  # one each, and one for the root's own files
    assert len(repairs_of(packages)) == len(hit)
    assert tree(stores["b"]) == before
    assert verify_packages().ok
    for path in stores.values():
        assert_valid_root(path / "ocfl", len(packages))
        assert list((path / "staging").iterdir()) == []
    again = scrub(moment=LATER + timedelta(days=1))
    assert again.ok and (again.damaged, again.mended) == (0, 0)
    assert entries("repair_package") == len(hit) + bool(own)


def test_two_of_three_stores_rot(stores: dict[str, Path]) -> None:
    packages = keep(times(120), seed=SEED)
    before = {name: tree(path) for name, path in stores.items()}
    for name in ("a", "c"):
        _spoil(stores[name], packages, min(len(before[name]) // 2, times(400)))
    report = scrub()
    assert report.ok and report.mended == report.damaged > 0
    assert {name: tree(path) for name, path in stores.items()} == before


def test_a_whole_store_is_lost(stores: dict[str, Path]) -> None:
    packages = keep(times(100), seed=SEED)
    before = tree(stores["a"])
    for entry in (stores["a"] / "ocfl").iterdir():
        shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
    # Without its declaration it is no store of ours: nothing is written into it before somebody looks.
    assert scrub().away == ("a",)
    shutil.rmtree(stores["a"])
    assert scrub(moment=LATER + timedelta(hours=1)).away == ("a",)
    assert set(PackageCopy.objects.values_list("state", flat=True)) == {"kept"}
    # An empty disk stands in its place, and somebody says so.
    assert replace_store(ACTOR, store="a", now=LATER) == len(packages)
    assert replace_store(ACTOR, store="a", now=LATER) == 0
    assert repair_packages(ACTOR, clock=lambda: LATER).count("mended") == len(packages)
    assert tree(stores["a"]) == before and verify_packages().ok
    assert entries("replace_store") == 1


def test_objects_of_a_store_are_all_deleted(stores: dict[str, Path]) -> None:
    packages = keep(times(100), seed=SEED)
    before = tree(stores["c"])
    for package in packages:
        shutil.rmtree((stores["c"] / "ocfl" / folder(stores["c"], package).name[:3]), ignore_errors=True)
    report = scrub()
    assert (report.missing, report.mended, report.ok) == (len(packages), len(packages), True)
    assert tree(stores["c"]) == before


def test_a_store_goes_back_to_a_snapshot(stores: dict[str, Path], tmp_path: Path) -> None:
    packages = keep(times(60), seed=SEED)
    shutil.copytree(stores["b"], tmp_path / "snapshot")
    changes = [Revision(p.id, (content("mets.xml", b"<new/>"),), "改", "李", NOW) for p in packages[::2]]
    revise_packages(changes, now=NOW)
    later = keep(times(30), seed=SEED + 1)
    before = tree(stores["b"])
    shutil.rmtree(stores["b"])
    shutil.copytree(tmp_path / "snapshot", stores["b"])
    report = scrub()
    assert (report.damaged, report.missing) == (len(changes), len(later))
    assert report.ok and tree(stores["b"]) == before
    assert {code for d in repairs_of(packages) for code in d["problems"]} == {"P-V-11"}  # type: ignore[attr-defined]


def test_three_of_three_are_bad(stores: dict[str, Path]) -> None:
    packages = keep(times(60), seed=SEED)
    draw = random.Random(SEED)
    lost = packages[:3]
    for package in lost:
        for store in stores.values():
            flip(folder(store, package) / "v1/content/originals/0001.tif", draw)
    before = {name: tree(path) for name, path in stores.items()}
    report = scrub()
    assert set(report.quarantined) == {p.id for p in lost} and (report.mended, report.ok) == (0, False)
    assert {name: tree(path) for name, path in stores.items()} == before
    assert Quarantine.objects.count() == entries("quarantine_package") == len(lost)
    for package in lost:
        with pytest.raises(Unavailable):
            queries.read_content(package.id, "originals/0001.tif")
        assert queries.read_content(package.id, "mets.xml")  # what is right in some copy is still read


def _all_is_well(stores: dict[str, Path], before: dict[str, dict[str, bytes]], packages: list[NewPackage]) -> None:
    sweep_uncommitted(timedelta(0))
    assert {name: tree(path) for name, path in stores.items()} == before
    assert not PackageCopy.objects.exclude(state="kept").exists()
    assert not Damage.objects.filter(settled_at=None).exists()
    for path in stores.values():
        assert_valid_root(path / "ocfl", len(packages))
        assert list((path / "staging").iterdir()) == []
    assert verify_packages().ok


@pytest.mark.parametrize("point", SCRUB_POINTS + REPAIR_POINTS)
def test_killed_while_scrubbing_and_mending(
    stores: dict[str, Path], fork: Fork, point: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cunzhen.preservation.operations.scrubbing._BATCH", 5)
    packages = keep(4, seed=SEED)
    before = {name: tree(path) for name, path in stores.items()}
    draw = random.Random(SEED)
    spoiled = packages[:3]
    for package in spoiled:
        flip(folder(stores["b"], package) / "v1/content/originals/0001.tif", draw)
    assert end_of(fork(scrub, failpoint=point)) == -signal.SIGKILL
    for package in packages:  # at every instant somebody has it whole
        assert queries.read_content(package.id, "originals/0001.tif") == package.files[0].source
    report = roll_scrub(ACTOR, clock=lambda: LATER + timedelta(hours=2), stop=lambda: False)
    if point == "scrub-finished":
        assert report is None
    else:
        assert report and report.ok, report
        assert ScrubRound.objects.get().copy_count == 12  # nothing is counted twice
    _all_is_well(stores, before, packages)
    assert [d["store"] for d in repairs_of(packages)] == ["b"] * 3  # one event each, killed or not
    quarantined = list((stores["b"] / "quarantine").iterdir())
    assert len(quarantined) >= 3  # what was there is still there


def test_killed_at_random_times_while_mending(stores: dict[str, Path], fork: Fork) -> None:
    draw = random.Random(SEED)
    packages = keep(12, seed=SEED, size=60_000)
    before = {name: tree(path) for name, path in stores.items()}
    for turn in range(times(50)):
        moment = LATER + timedelta(hours=turn)
        for package in packages:
            flip(folder(stores[draw.choice("ab")], package) / "v1/content/originals/0001.tif", draw)
        child = fork(partial(scrub, moment=moment))
        time.sleep(draw.uniform(0.02, 0.5))
        os.kill(child, signal.SIGKILL)  # one that has ended waits for end_of, so the number is still its own
        end_of(child)
        sweep_uncommitted(timedelta(0))
        report = scrub(moment=moment + timedelta(minutes=1))
        assert report.ok, report
        assert {name: tree(path) for name, path in stores.items()} == before
    for one in ScrubRound.objects.all():
        assert history(one.id)
    _all_is_well(stores, before, packages)
