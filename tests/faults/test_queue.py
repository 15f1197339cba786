"""F15: jobs delivered twice, late, in any order, to two workers, one of them killed: effects once, none unseen."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from django.conf import settings as django_settings
from django.db import connection
from django.utils import timezone
from django.utils.module_loading import autodiscover_modules
from pytest_django import Settings

from cunzhen.capture.models import Draft
from cunzhen.capture.operations import sweep_inboxes
from cunzhen.cli.check import look
from cunzhen.holdings.models import Item
from cunzhen.jobs import enqueue, registry
from cunzhen.jobs.operations import bring_forward
from cunzhen.jobs.queries import backlog
from cunzhen.ledger.queries import entries_after
from cunzhen.preservation.models import Damage, Package, PackageCopy
from cunzhen.preservation.operations import sweep_uncommitted, verify_packages
from cunzhen.preservation.queries import read_description
from tests.faults.clerks import assert_whole, hand_in, jobs_left, make_pile, work
from tests.faults.correctors import assert_agrees, pending
from tests.faults.counts import SEED, times
from tests.faults.crew import Crew
from tests.faults.delivered import Job, deliver, waiting
from tests.holdings.items import file_some
from tests.holdings.test_rebuilding import flip
from tests.preservation.care import folder
from tests.world import World

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.faults, pytest.mark.timeout(3600)]

CAPTURE = {"read_drafts", "file_drafts", "close_transfer"}
FILING = ["read-1-stored", "file-1-numbered", "file-3-rows", "file-4-filed", "packages-durable", "packages-committed"]
FOLDING = ["fold-1-locked", "revisions-folder", "fold-2-kept", "fold-3-recorded", "packages-committed"]
REPAIR = ["repair-begun", "install-set-aside", "install-placed", "repair-installed", "repair-noted"]


def test_jobs_of_every_kind_are_delivered_below() -> None:
    autodiscover_modules("jobs")
    ours = {op for op, function in registry.JOBS.items() if function.__module__.startswith("cunzhen.")}
    assert ours == CAPTURE | {"fold_changes", "repair_packages"}


def until_done(work: Callable[[], object]) -> None:
    """The jobs of a dead worker are given to the next as soon as its death is noticed."""
    for _ in range(60):
        work()
        if not jobs_left():
            return
        time.sleep(0.5)
    raise AssertionError(jobs_left())


def two_workers(crew: Crew, task: str, point: str, **arguments: object) -> None:
    """At once; one of them dies at a point, if it comes by there."""
    children = [crew.start(task, environment={"CUNZHEN_FAILPOINT": p}, **arguments) for p in (point, "")]
    for child in children:
        crew.wait(child)


def test_papers_are_filed_once(world: World, crew: Crew, tmp_path: Path) -> None:
    draw = random.Random(SEED)
    piles = []
    for number in range(times(20)):
        piles.append(make_pile(tmp_path / f"pile{number}", draw.randint(2, 4)))
        transfer = hand_in(piles[-1:])
        drafts = [str(i) for i in Draft.objects.filter(transfer=transfer).values_list("id", flat=True)]
        others: list[Job] = [("file_drafts", {"drafts": drafts}), ("close_transfer", {"transfer": str(transfer.id)})]
        jobs = [*waiting(), *others]
        assert {op for op, _ in jobs} == CAPTURE
        deliver(jobs, draw)
        two_workers(crew, "work", draw.choice(FILING))
        until_done(lambda: crew.run("work"))
        deliver(jobs, draw)
        until_done(lambda: crew.run("work"))
        sweep_uncommitted(timedelta(0))
        sweep_inboxes(older_than=timedelta(0), now=timezone.now() + timedelta(seconds=5))
    work()
    assert_whole(world, piles)


def test_corrections_are_folded_once(world: World, crew: Crew, tmp_path: Path) -> None:
    """Two change-sets on the same packages, the later one often first."""
    draw = random.Random(SEED)
    ids: list[UUID] = [item.id for item in file_some(world, tmp_path, 51)]
    for version in range(1, 1 + 2 * times(10), 2):
        for one in (version, version + 1):
            assert crew.run("correct", ids=ids, title=f"第 {one} 次更正", version=one) == 0
        jobs = waiting()
        assert [op for op, _ in jobs] == ["fold_changes", "fold_changes"]
        deliver(jobs, draw)
        two_workers(crew, "fold", draw.choice(FOLDING))
        until_done(lambda: crew.run("fold"))
        deliver(jobs, draw)
        until_done(lambda: crew.run("fold"))
        assert pending() == 0
        assert {read_description(one).version for one in ids} == {version + 2}
    work()
    folds = entries_after(-1, 1_000, ["fold_changes"])
    made = [subject.id for entry in folds for subject in entry.subjects[1:]]
    assert len(made) == len(set(made)) + _times_again(ids)
    assert_agrees()


def _times_again(ids: list[UUID]) -> int:
    """An entry names a package and its new version: the package is named again for each version after the second."""
    versions = [int(v[1:]) for v in Package.objects.filter(id__in=ids).values_list("version", flat=True)]
    return sum(version - 2 for version in versions)


def test_copies_are_mended_once(world: World, crew: Crew, tmp_path: Path, settings: Settings) -> None:
    settings.STORES = {name: django_settings.HOME / "stores" / name for name in ("a", "b")}
    draw = random.Random(SEED)
    items = file_some(world, tmp_path, 8)
    stores = {name: str(place) for name, place in settings.STORES.items()}
    for damaged in range(1, 1 + times(20)):
        for item in draw.sample(items, 3):
            flip(folder(Path(stores[draw.choice("ab")]), item.id) / "v1" / "content" / "mets.xml")
        assert not verify_packages().ok
        deliver([("repair_packages", {"skip": 0})], draw)
        two_workers(crew, "work_in", draw.choice(REPAIR), stores=stores)
        until_done(lambda: crew.run("work_in", stores=stores))
        deliver([("repair_packages", {"skip": n}) for n in (0, 50)], draw)
        until_done(lambda: crew.run("work_in", stores=stores))
        assert set(PackageCopy.objects.values_list("state", flat=True)) == {"kept"}
        assert Damage.objects.count() == 3 * damaged and not Damage.objects.filter(settled_at=None).exists()
    assert verify_packages().ok
    assert Item.objects.count() == 8


def queued(**columns: str) -> int:
    """A job that no worker takes, and what is then done to its row, in SQL."""
    with connection.cursor() as cursor:
        number = enqueue("close_transfer", transfer=str(UUID(int=1)))
        for column, value in columns.items():
            table, key = ("procrastinate_events", "job_id") if column == "at" else ("procrastinate_jobs", "id")
            cursor.execute(f"UPDATE {table} SET {column} = {value} WHERE {key} = %s", [number])
    return number


STUCK = {
    "nobody takes it": {"at": "now() - interval '6 minutes'"},
    "it is tried in vain": {
        "at": "now() - interval '6 minutes'",
        "scheduled_at": "now() + interval '4 minutes'",
        "attempts": "7",
    },
    "its worker is gone": {
        "status": "'doing'",
        "at": "now() - interval '6 minutes'",
        "worker_id": "(SELECT max(id) FROM procrastinate_workers)",
    },
    "put off by a false clock": {"scheduled_at": "now() + interval '10 years'"},
    "queued under a false clock": {"at": "now() + interval '10 years'"},
}


@pytest.mark.parametrize("columns", STUCK.values(), ids=STUCK)
def test_what_is_stuck_is_told(world: World, columns: dict[str, str]) -> None:
    queued()  # a young one is no alarm
    assert backlog().stuck == 0 and _jobs_line() == (True, False)
    queued(**columns)
    assert backlog().stuck == 1
    assert _jobs_line() == (False, True)


def _jobs_line() -> tuple[bool, bool]:
    [line] = [one for one in look(Path(django_settings.HOME)) if one.name == "jobs"]
    return line.ok, "5 分钟以上" in line.detail


def test_what_a_false_clock_put_off_is_done(world: World, crew: Crew) -> None:
    late = queued(scheduled_at="now() + interval '10 years'", attempts="3")
    soon = queued(scheduled_at="now() + interval '4 minutes'", attempts="3")
    assert crew.run("work") == 0
    assert [row[0] for row in jobs_left()] == [soon], late
    assert bring_forward() == 0
