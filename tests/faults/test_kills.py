"""F1: kill -9 at every step of the path, and at random times, then the same work again."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import time
from pathlib import Path

import pytest
from django.conf import settings

from cunzhen.capture import jobs as capture_jobs
from cunzhen.capture.models import Draft
from cunzhen.holdings.models import Component, Item, Page
from cunzhen.jobs.registry import TICKS
from cunzhen.jobs.rules import MOST_CRASHES_AN_HOUR
from cunzhen.preservation import jobs as preservation_jobs
from cunzhen.preservation.models import Package
from tests.faults.clerks import assert_whole, make_pile
from tests.faults.counts import FULL, SEED, some, times
from tests.faults.crew import Crew
from tests.world import World

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.faults]

POINTS = [
    "receive-1-stored", "receive-2-committed", "read-1-stored",
    "file-1-numbered", "file-2-packaged", "file-3-rows", "file-4-filed",
    "packages-staged", "packages-sealed", "packages-placing", "packages-placing@3", "packages-placed",
    "packages-durable", "packages-committed",
    *(f"ledger-sequence-{step}" for step in range(1, 6)),
    "ledger-tile-written", "ledger-tile-synced", "ledger-tile-named",
    "index-follow-1", "index-follow-2", "index-rebuild-1", "index-rebuild-2",
]  # fmt: skip
KILLS = times(500) if FULL else 12
# Where papers turn into items: these run always, of the others a tenth.
ALWAYS = ("receive-2-committed", "read-1-stored", "file-4-filed", "packages-placing@3")


def assert_nothing_half(visible_before: int) -> None:
    """At the very moment after the kill: an item is there with everything, or not at all."""
    ids = set(Item.objects.values_list("id", flat=True))
    assert len(ids) >= visible_before
    assert set(Package.objects.filter(kind=Package.Kind.ITEM).values_list("id", flat=True)) == ids
    assert set(Component.objects.values_list("item_id", flat=True)) == ids
    assert set(Page.objects.values_list("item_id", flat=True)) == ids
    for draft in Draft.objects.prefetch_related("files", "sheets"):
        assert draft.files.count() == 1
        assert (draft.item_id in ids) == (draft.state in {"filed", "duplicate"})
        assert draft.sheets.exists() == (draft.state in {"waiting", "described"})


@pytest.mark.parametrize("point", [p for p in POINTS if p in {*ALWAYS, *some(POINTS)}])
def test_killed_at_a_point(world: World, crew: Crew, tmp_path: Path, point: str) -> None:
    before, pile = make_pile(tmp_path / "before", 1), make_pile(tmp_path / "pile", 4)
    acknowledged = tmp_path / "acknowledged"
    end = crew.run("until_killed", before=before, pile=pile, acknowledged=acknowledged, point=point)
    assert end == -signal.SIGKILL
    assert_nothing_half(visible_before=1)
    assert crew.run("do_again", paths=[str(pile)]) == 0
    assert_whole(world, [before, pile], acknowledged)


@pytest.mark.timeout(3600)
def test_killed_at_random_times(world: World, crew: Crew, tmp_path: Path) -> None:
    chance = random.Random(SEED)
    acknowledged = tmp_path / "acknowledged"
    acknowledged.touch()
    piles: list[str] = []
    unmended = 0
    for kill in range(KILLS):
        piles.append(str(make_pile(tmp_path / f"pile{kill}", chance.randint(1, 5))))
        child = crew.start("clerk", paths=piles[-1:], acknowledged=acknowledged)
        time.sleep(chance.uniform(0.02, 1.6))
        with contextlib.suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)
        crew.wait(child)
        assert_nothing_half(visible_before=0)
        unmended += 1
        # A job whose worker keeps dying within the hour is given up: an officer's matter, not this test's.
        if chance.random() < 0.3 or unmended == MOST_CRASHES_AN_HOUR - 1:
            unmended = 0
            assert crew.run("do_again", paths=piles[-1:]) == 0
    for start in range(0, len(piles), 50):
        assert crew.run("do_again", paths=piles[start : start + 50]) == 0
    assert_whole(world, [Path(p) for p in piles], acknowledged)


def test_staging_is_empty_five_minutes_after_a_kill(world: World, crew: Crew, tmp_path: Path) -> None:
    """By the janitors of the worker alone, at their own pace, for packages and for received files."""
    before, pile = make_pile(tmp_path / "before", 1), make_pile(tmp_path / "pile", 4)
    end = crew.run("until_killed", before=before, pile=pile, acknowledged=tmp_path / "told", point="packages-placing@3")
    assert end == -signal.SIGKILL
    folders = [f / "staging" for f in settings.STORES.values()]
    assert any(list(folder.iterdir()) for folder in folders)
    for jobs in (preservation_jobs, capture_jobs):
        tick = next(t for t in TICKS.values() if t.call is jobs.sweep)
        assert jobs.LEFT_ALONE.total_seconds() + tick.seconds <= 300
    preservation_jobs.sweep()
    assert any(list(folder.iterdir()) for folder in folders), "it may be alive"
    age = time.time() - preservation_jobs.LEFT_ALONE.total_seconds() - 1
    for folder in folders:
        for batch in folder.iterdir():
            os.utime(batch, (age, age))
    preservation_jobs.sweep()
    assert not any(list(folder.iterdir()) for folder in folders)
    assert crew.run("do_again", paths=[str(pile)]) == 0
    assert_whole(world, [before, pile], tmp_path / "told")
