"""kill -9 at every step, and two at once: nothing acknowledged is lost, nothing is half visible, a rerun works."""

from __future__ import annotations

import os
import random
import signal
import time
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest
from django.db import transaction

from cunzhen.errors import Conflict, Missing
from cunzhen.preservation import queries
from cunzhen.preservation.models import Package
from cunzhen.preservation.operations import keep_packages, revise_packages, sweep_uncommitted, verify_packages
from cunzhen.preservation.rules import NewPackage, Revision
from tests.preservation.conftest import NOW, Fork, content, end_of, new_package
from tests.preservation.judge import assert_valid_root

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.faults]

KEEPING = [
    "packages-staged", "packages-sealed", "packages-sealed@2", "packages-placing", "packages-placing@4",
    "packages-placed", "packages-durable", "packages-durable@2", "packages-committed",
]  # fmt: skip
REVISING = [
    "packages-sealed", "revisions-folder", "revisions-folder@3", "revisions-inventory.json",
    "revisions-inventory.json@2", "revisions-inventory.json.sha512", "packages-durable@2", "packages-committed",
]  # fmt: skip


def _is_whole(stores: dict[str, Path], packages: list[NewPackage], objects: int) -> None:
    """After the janitor: staging empty, other eyes find the roots valid, and every promise holds."""
    for path in stores.values():
        assert list((path / "staging").iterdir()) == []
        assert_valid_root(path / "ocfl", objects)
    report = verify_packages()
    assert report.ok, report
    for package in packages:
        for file in package.files:
            assert queries.read_content(package.id, file.path) == file.source


@pytest.mark.parametrize("point", KEEPING)
def test_killed_while_keeping(stores: dict[str, Path], fork: Fork, point: str) -> None:
    before = [new_package() for _ in range(2)]
    keep_packages(before, now=NOW)
    batch = [new_package() for _ in range(3)]
    assert end_of(fork(lambda: keep_packages(batch, now=NOW), failpoint=point)) == -signal.SIGKILL
    committed = point == "packages-committed"
    assert Package.objects.count() == (5 if committed else 2)  # all or none
    for path in stores.values():
        assert_valid_root(path / "ocfl", len(list((path / "ocfl").rglob("0=ocfl_object_1.1"))))  # at every instant
    if not committed:
        with pytest.raises(Missing):
            queries.open_content(batch[0].id, "mets.xml")
    sweep_uncommitted(timedelta(0))
    _is_whole(stores, before + (batch if committed else []), 5 if committed else 2)
    if not committed:
        keep_packages(batch, now=NOW)
    _is_whole(stores, before + batch, 5)


@pytest.mark.parametrize("point", REVISING)
def test_killed_while_revising(stores: dict[str, Path], fork: Fork, point: str) -> None:
    packages = [new_package() for _ in range(2)]
    keep_packages(packages, now=NOW)
    changes = [Revision(p.id, (content("mets.xml", b"<new/>"),), "改", "李样本", NOW) for p in packages]
    assert end_of(fork(lambda: revise_packages(changes, now=NOW), failpoint=point)) == -signal.SIGKILL
    committed = point == "packages-committed"
    for package in packages:  # while it lies there half done, everybody reads one version, whole
        assert queries.read_content(package.id, "mets.xml") == (b"<new/>" if committed else b"<mets/>")
    sweep_uncommitted(timedelta(0))
    _is_whole(stores, [] if committed else packages, 2)
    if not committed:
        revise_packages(changes, now=NOW)
    assert {queries.read_content(p.id, "mets.xml") for p in packages} == {b"<new/>"}
    _is_whole(stores, [], 2)


def test_a_rerun_needs_no_janitor(stores: dict[str, Path], fork: Fork) -> None:
    batch = [new_package() for _ in range(3)]
    for point in ("packages-placing@2", "packages-durable"):
        assert end_of(fork(lambda: keep_packages(batch, now=NOW), failpoint=point)) == -signal.SIGKILL
    keep_packages(batch, now=NOW)
    assert sweep_uncommitted(timedelta(0)).set_aside == ()
    _is_whole(stores, batch, 3)


def test_killed_at_random_times(stores: dict[str, Path], fork: Fork, tmp_path: Path) -> None:
    draw = random.Random(20261122)
    kills = int(os.environ.get("CUNZHEN_KILLS", "6"))
    acknowledged = tmp_path / "acknowledged"
    acknowledged.touch()

    def file_on_and_on() -> None:
        with acknowledged.open("a") as out:
            while True:
                packages = [new_package(scan=os.urandom(2000)) for _ in range(5)]
                keep_packages(packages, now=NOW)
                out.write("".join(f"{p.id}\n" for p in packages))
                out.flush()

    for _ in range(kills):
        child = fork(file_on_and_on)
        time.sleep(draw.uniform(0.05, 0.5))
        os.kill(child, signal.SIGKILL)
        end_of(child)
    promised = set(acknowledged.read_text().split())
    assert promised  # else nothing was shown
    assert promised <= {str(i) for i in Package.objects.values_list("id", flat=True)}
    sweep_uncommitted(timedelta(0))
    _is_whole(stores, [], Package.objects.count())


def _keeper(packages: list[NewPackage], ready: int, go: int, *, commit: bool) -> None:
    with transaction.atomic():
        keep_packages(packages, now=NOW)
        os.write(ready, b"1")
        os.read(go, 1)
        transaction.set_rollback(not commit)


@pytest.mark.parametrize("commit", [True, False])
def test_two_clerks_with_the_same_batch(stores: dict[str, Path], fork: Fork, commit: bool) -> None:
    package = new_package()
    (ready, ready_in), (go, go_in) = os.pipe(), os.pipe()
    child = fork(lambda: _keeper([package], ready_in, go, commit=commit))
    os.read(ready, 1)
    # In flight: neither the janitor nor the check may touch or report it.
    report = sweep_uncommitted(timedelta(0))
    assert (report.set_aside, report.cleared, report.waiting) == ((), 0, 2)
    assert verify_packages().ok
    second = fork(lambda: keep_packages([package], now=NOW))
    time.sleep(0.3)  # it waits for the first
    os.write(go_in, b"1")
    assert end_of(child) == 0
    assert end_of(second) == (1 if commit else 0)
    assert Package.objects.count() == 1
    sweep_uncommitted(timedelta(0))
    _is_whole(stores, [package], 1)
    with pytest.raises(Conflict):
        keep_packages([package], now=NOW)


def test_a_check_beside_a_revision_raises_no_alarm(stores: dict[str, Path], fork: Fork) -> None:
    packages = [new_package() for _ in range(3)]
    keep_packages(packages, now=NOW)

    def revise_on_and_on() -> None:
        for n in range(12):
            changes = [Revision(p.id, (content("mets.xml", b"%d" % n),), "改", "李样本", NOW) for p in packages]
            revise_packages(changes, now=NOW)

    child = fork(revise_on_and_on)
    reports = []
    while os.waitpid(child, os.WNOHANG)[0] == 0:
        reports.append(verify_packages())
        assert queries.read_content(packages[0].id, "originals/0001.tif") == b"scan"
    assert reports
    assert all(r.ok for r in reports), [r for r in reports if not r.ok]
    assert queries.read_content(packages[0].id, "mets.xml") == b"11"
    _is_whole(stores, [], 3)


def test_two_batches_that_overlap_the_wrong_way_round_do_not_wait_in_a_ring(
    stores: dict[str, Path], fork: Fork
) -> None:
    packages = [new_package() for _ in range(60)]
    orders = (packages, packages[::-1])
    children = [fork(partial(keep_packages, order, now=NOW)) for order in orders]
    assert sorted(end_of(child) for child in children) == [0, 1]  # one keeps them, the other is told so
    sweep_uncommitted(timedelta(0))
    _is_whole(stores, packages, 60)
