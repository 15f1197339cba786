"""F4: calls that write, sync, rename, link, open or make a folder fail, or do half, anywhere on the whole path.

Each case is looked at twice. First as if the power failed right after: nothing that was promised may be gone, and what
was written before a sync that failed is gone for good, whatever a later sync said. Then as it is: the same work goes
on by itself, and everything is there once and whole.
"""

from __future__ import annotations

import errno
import json
import random
import re
import shutil
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection

from cunzhen.jobs.models import Failure
from tests.faults.clerks import assert_whole, make_pile
from tests.faults.counts import SEED, some
from tests.faults.crash_states import Disk, Loss
from tests.faults.crew import Crew
from tests.faults.promises import PARTS, Promises, assert_opens
from tests.faults.recorders import PROMISES, packages
from tests.faults.recording import SYNCS, Fault, environment, events, faults
from tests.world import World

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.faults]

CHINESE = re.compile(r"[\u4e00-\u9fff]{4}")
WRITES = ("write", "pwrite", "writev", "copy_file_range", "sendfile")
ALWAYS = 1_000_000
KINDS: dict[str, tuple[tuple[str, ...], int, int]] = {  # calls, errno (0: short), how many of them
    "write error": (WRITES, errno.EIO, 1),
    "no space": (WRITES, errno.ENOSPC, ALWAYS),
    "short writes": (WRITES, 0, ALWAYS),
    "sync error": (SYNCS, errno.EIO, 1),
    "sync errors": (SYNCS, errno.EIO, ALWAYS),
    "rename error": (("rename",), errno.EIO, 1),
    "link error": (("link",), errno.EIO, 1),
    "no more open files": (("open",), errno.EMFILE, 1),
    "open error": (("open",), errno.EIO, 1),
    "no folder made": (("mkdir",), errno.EIO, 1),
}
# How many such calls one run makes there, about; the failing one is drawn among them.
PLACES = {
    "uploads": {"write": 8, "sync": 20, "open": 8, "mkdir": 2},
    "inbox": {"write": 3, "link": 2, "open": 3, "mkdir": 2, "sync": 2},
    "stores": {"write": 120, "sync": 6, "rename": 8, "open": 120, "mkdir": 60},
    "ledger": {"write": 4, "sync": 14, "rename": 4, "open": 4, "mkdir": 6},
    "index": {"write": 30, "sync": 20, "rename": 10, "open": 30, "mkdir": 2},
}
GROUP = {kind: calls[0].replace("fsync", "sync") for kind, (calls, _, _) in KINDS.items()}
CASES = [
    pytest.param(place, kind, draw, id=f"{place}, {kind}, {draw}")
    for place, calls in PLACES.items()
    for kind in KINDS
    if GROUP[kind] in calls
    for draw in range(2)
]


@pytest.mark.parametrize(("place", "kind", "draw"), some(CASES))
def test_a_call_fails(world: World, recorded_crew: Crew, tmp_path: Path, place: str, kind: str, draw: int) -> None:
    calls, number, count = KINDS[kind]
    chance = random.Random(f"{SEED} {place} {kind} {draw}")
    first = 1 if draw == 0 else chance.randint(2, PLACES[place][GROUP[kind]])
    log, promises, out = tmp_path / "events", settings.HOME / "promises", tmp_path / "out"
    promises.unlink(missing_ok=True)
    fault = Fault(calls, settings.HOME / place, first=first, count=count, number=number)
    told = {**environment(settings.HOME, log, fault), PROMISES: str(promises)}
    disk, said = Disk(settings.HOME, PARTS), Promises(promises, {})
    sent, pile = make_pile(tmp_path / "sent", 2, "送"), make_pile(tmp_path / "pile", 3, "批")
    papers = sorted(str(p) for p in sent.iterdir())
    status = recorded_crew.run("deliver", environment=told, sent=papers, pile=pile, promises=promises, out=out)
    assert status == 0, "something else than a refusal"
    refused = json.loads(out.read_text(encoding="utf-8"))
    for code, message in refused.values():
        assert re.fullmatch(r"[A-Z]+-[A-Z0-9-]+", code) and CHINESE.search(message), refused
    print(kind, "in", place, "from", first, Counter(f.target for f in faults(log)), refused)
    assert not Failure.objects.exists(), list(Failure.objects.values())
    for event in events(log):
        if not said.heard(event):
            disk.apply(event)
    said.packages = packages()
    with as_it_is(tmp_path):
        disk.leave(settings.HOME, Loss.ALL, chance)
        assert_opens(said, with_judge=True)
    wait_no_longer()
    assert recorded_crew.run("do_again", paths=[str(pile), str(sent)]) == 0
    assert_whole(world, [pile, sent])


@contextmanager
def as_it_is(folder: Path) -> Iterator[None]:
    """Whatever is done to the home's folders in between, they are put back as they were."""
    for part in PARTS:
        if (settings.HOME / part).exists():
            shutil.copytree(settings.HOME / part, folder / "kept" / part)
    yield
    for part in PARTS:
        shutil.rmtree(settings.HOME / part, ignore_errors=True)
        if (folder / "kept" / part).exists():
            shutil.copytree(folder / "kept" / part, settings.HOME / part)


def wait_no_longer() -> None:
    """Jobs that were put off some seconds are due."""
    with connection.cursor() as cursor:
        cursor.execute("UPDATE procrastinate_jobs SET scheduled_at = NULL WHERE status = 'todo'")
