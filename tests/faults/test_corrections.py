"""F1, F2 for corrections: kill -9 at every step of correcting, folding and adding a rendition; two people at once."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import time
from pathlib import Path
from uuid import UUID

import pytest
from django.db import connection

from cunzhen.holdings.models import CodeCounter, Item, Rendition
from cunzhen.preservation.models import Package
from cunzhen.preservation.queries import read_content, read_description
from tests.faults.correctors import assert_agrees, assert_all_or_none, pending
from tests.faults.counts import SEED, some, times
from tests.faults.crew import Crew
from tests.holdings.items import file_some
from tests.waiting import until
from tests.world import World

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.faults]

OLD, NEW = "企业职工退休审批表", "更正后的题名"
REVISING = [
    "packages-sealed", "revisions-folder", "revisions-folder@2", "revisions-inventory.json",
    "revisions-inventory.json.sha512@2", "packages-durable",
]  # fmt: skip
DIRECT = [
    "correct-1-decided",
    "correct-2-rows",
    *REVISING,
    "correct-3-kept",
    "correct-4-recorded",
    "packages-committed",
]
BULK = [
    "correct-2-rows", "packages-staged", "packages-sealed", "packages-placing", "packages-placed", "packages-durable",
    "correct-3-kept", "correct-4-recorded", "packages-committed",
]  # fmt: skip
FOLDING = ["fold-1-locked", *REVISING, "revisions-folder@60", "fold-2-kept", "fold-3-recorded", "packages-committed"]
ADDING = [
    "rendition-1-looked-at",
    "revisions-folder",
    "revisions-inventory.json",
    "rendition-2-kept",
    "rendition-3-recorded",
]


def filed(world: World, folder: Path, count: int) -> list[UUID]:
    """Ids of so many items."""
    return [i.id for i in file_some(world, folder, count)]


@pytest.mark.parametrize("point", [p for p in DIRECT if p in {"correct-3-kept", *some(DIRECT)}])
def test_killed_while_correcting(world: World, crew: Crew, tmp_path: Path, point: str) -> None:
    ids = filed(world, tmp_path, 3)
    assert crew.run("correct", ids=ids, title=NEW, point=point) == -signal.SIGKILL
    done = assert_all_or_none(ids, OLD, NEW)
    assert done == (point == "packages-committed")
    assert_agrees()
    assert crew.run("correct", ids=ids, title=NEW) == (1 if done else 0)  # done already: somebody was faster
    assert assert_all_or_none(ids, OLD, NEW)
    assert CodeCounter.objects.get(year=2018).last == 3  # no number was lost on the way
    assert_agrees()


@pytest.mark.parametrize("point", [p for p in BULK if p in {"packages-placed", *some(BULK)}])
def test_killed_while_writing_a_change_set(world: World, crew: Crew, tmp_path: Path, point: str) -> None:
    ids = filed(world, tmp_path, 51)
    assert crew.run("correct", ids=ids, title=NEW, point=point) == -signal.SIGKILL
    done = assert_all_or_none(ids, OLD, NEW)
    assert (done, pending()) == ((True, 51) if point == "packages-committed" else (False, 0))
    assert_agrees()
    if not done:
        assert crew.run("correct", ids=ids, title=NEW) == 0
    assert assert_all_or_none(ids, OLD, NEW)
    assert crew.run("fold") == 0
    assert pending() == 0 and assert_all_or_none(ids, OLD, NEW)
    assert_agrees()


@pytest.mark.parametrize("point", [p for p in FOLDING if p in {"revisions-folder@60", *some(FOLDING)}])
def test_killed_while_folding(world: World, crew: Crew, tmp_path: Path, point: str) -> None:
    ids = filed(world, tmp_path, 120)
    assert crew.run("correct", ids=ids, title=NEW) == 0
    assert crew.run("fold", point=point) == -signal.SIGKILL
    assert pending() in {120, 20}
    assert assert_all_or_none(ids, OLD, NEW)
    assert_agrees()
    for _ in range(20):  # the job of a dead worker is given to the next as soon as its death is noticed
        assert crew.run("fold") == 0
        if pending() == 0:
            break
        time.sleep(0.5)
    assert pending() == 0 and assert_all_or_none(ids, OLD, NEW)
    assert set(Package.objects.filter(id__in=ids).values_list("version", flat=True)) == {"v2"}  # each once
    assert_agrees()


def _nobody_works() -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
            " AND backend_type = 'client backend' AND state <> 'idle'"
        )
        return bool(cursor.fetchone()[0] == 0)


def test_killed_at_random_times_while_correcting_and_folding(world: World, crew: Crew, tmp_path: Path) -> None:
    ids = filed(world, tmp_path, 60)
    chance, version = random.Random(SEED), 2

    def rows() -> set[tuple[str, int]]:
        return {(r.title, r.version) for r in Item.objects.filter(id__in=ids)}

    assert crew.run("correct", ids=ids, title="第 1 次更正") == 0  # so that there is something to fold
    for _ in range(times(40)):
        title = f"第 {version} 次更正"
        child = crew.start("correct", ids=ids, title=title, version=version)
        folder = crew.start("fold")
        time.sleep(chance.uniform(0.02, 1.2))
        for one in (child, folder):
            with contextlib.suppress(ProcessLookupError):
                os.kill(one, signal.SIGKILL)
            crew.wait(one)
        assert len(rows()) == 1  # all of them, or none
        until(_nobody_works)  # a commit that the killed one had sent is still made
        [(now, version)] = rows()
        said = [read_description(i) for i in ids[::10]]
        assert {(one.title, one.version) for one in said} == {(now, version)}
    assert_agrees()
    for _ in range(20):
        crew.run("fold")
        if pending() == 0:
            break
        time.sleep(0.5)
    assert pending() == 0
    assert_agrees()


def test_two_people_correct_the_same_items_at_once(world: World, crew: Crew, tmp_path: Path) -> None:
    for count in (3, 51):
        ids = filed(world, tmp_path / str(count), count)
        names = ("archivist", "reviewer")
        children = [crew.start("correct", ids=ids, title=who, who=who) for who in names]
        assert sorted(crew.wait(child) for child in children) == [0, 1]  # the second is told, and nothing of his is in
        [title] = set(Item.objects.filter(id__in=ids).values_list("title", flat=True))
        assert title in names
        assert assert_all_or_none(ids, OLD, title)
    assert_agrees()


@pytest.mark.parametrize("point", [p for p in ADDING if p in {"rendition-2-kept", *some(ADDING)}])
def test_killed_while_adding_a_rendition(world: World, crew: Crew, tmp_path: Path, point: str) -> None:
    [item] = filed(world, tmp_path, 1)
    made = tmp_path / "made.pdf"
    made.write_bytes(b"%PDF-1.4\n%%EOF\n")
    assert crew.run("add_rendition", item=item, path=made, point=point) == -signal.SIGKILL
    assert not Rendition.objects.exists()
    assert_agrees()
    assert crew.run("add_rendition", item=item, path=made) == 0
    assert read_content(item, Rendition.objects.get().path) == made.read_bytes()
    assert_agrees()
