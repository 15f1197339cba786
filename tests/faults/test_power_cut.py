"""F5: the power fails at any moment. Everything a run does to its stores, ledger and received files is recorded; then
the folders are put back as a cut at hundreds of moments may leave them, and each must open clean with all that was
promised before.

The database is not part of this: PostgreSQL keeps its own files by its own log, and each state is judged against the
rows that were committed at its moment. Nor is the index, which is made again from the ledger.
"""

from __future__ import annotations

import random
import re
import signal
import time
from collections.abc import Sequence
from pathlib import Path
from uuid import UUID

import pytest
from django.conf import settings

from cunzhen.holdings.models import Item
from tests.faults.clerks import make_pile
from tests.faults.counts import SEED, times
from tests.faults.crash_states import Disk, Loss, relevant
from tests.faults.crew import Crew
from tests.faults.promises import PARTS, Promises, assert_opens
from tests.faults.recorders import ONE_BY_ONE, PROMISES, packages
from tests.faults.recording import Event, environment, events
from tests.world import World

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.faults]


def record(world: World, crew: Crew, folder: Path, *, one_by_one: bool) -> tuple[Disk, Promises, Path]:
    """Papers sent in pieces and received, a pile, a correction, one that is killed and swept up, and the same again."""
    promises, log = settings.HOME / "promises", folder / "events"
    promises.unlink(missing_ok=True)
    told = {**environment(settings.HOME, log), PROMISES: str(promises), **({ONE_BY_ONE: "1"} if one_by_one else {})}
    before = Disk(settings.HOME, PARTS), Promises(promises, packages())
    sent = [str(p) for p in sorted(make_pile(folder / "sent", 3, "送").iterdir())]
    assert crew.run("upload", environment=told, paths=sent, promises=promises) == 0
    assert crew.run("work_all", environment=told) == 0
    pile = [str(make_pile(folder / "pile", 4, "批"))]
    assert crew.run("clerk", environment=told, paths=pile, acknowledged=folder / "acknowledged") == 0
    items = list(Item.objects.select_related("fonds").order_by("id"))
    ids = [item.id for item in items]
    assert len(ids) == 7
    who = "archivist" if items[0].fonds.keeper_id == world.agency.id else "outsider"

    def correct(some: Sequence[UUID], title: str, version: int, point: str = "") -> int:
        return crew.run("correct", environment=told, ids=some, title=title, version=version, point=point, who=who)

    assert correct(ids[:4], "第一次更正", 1) == 0
    assert correct(ids[:3], "更正一半", 2, "revisions-inventory.json@2") == -signal.SIGKILL
    assert correct(ids[4:], "更正一半", 1, "revisions-folder@2") == -signal.SIGKILL
    assert crew.run("sweep", environment=told) == 0
    assert correct(ids[2:4], "第二次更正", 2) == correct(ids[4:], "第二次更正", 1) == 0
    assert crew.run("work_all", environment=told) == 0
    return *before, log


@pytest.mark.timeout(3000)
@pytest.mark.parametrize("one_by_one", [False, True], ids=["syncfs", "file by file"])
def test_every_state_after_a_cut_opens_clean(
    world: World, recorded_crew: Crew, tmp_path: Path, one_by_one: bool
) -> None:
    disk, promises, log = record(world, recorded_crew, tmp_path, one_by_one=one_by_one)
    happened = list(relevant(events(log), settings.HOME, (*PARTS, promises.path.name)))
    chance = random.Random(SEED)
    losses = list(Loss)
    anywhere = [*chance.choices(range(len(happened) + 1), k=times(300)), *after_promises(happened, chance)]
    cuts = [(cut, losses[number % len(losses)]) for number, cut in enumerate(anywhere)]
    cuts += [(cut, loss) for cut in before_each_kind_of_naming(happened, chance) for loss in losses]
    done, began = 0, time.monotonic()
    for number, (cut, loss) in enumerate(sorted(cuts)):
        for event in happened[done:cut]:
            if not promises.heard(event):
                disk.apply(event)
        done = cut
        disk.leave(settings.HOME, loss, chance)
        try:
            assert_opens(promises, with_judge=number % 10 == 0)
        except Exception as error:
            around = "\n".join(map(str, happened[max(0, cut - 8) : cut + 4]))
            raise AssertionError(
                f"cut {number} before event {cut} of {len(happened)}, leaving {loss}:\n{around}"
            ) from error
    print(f"{len(happened)} events, {len(cuts)} states, {time.monotonic() - began:.1f} s")


def after_promises(happened: Sequence[Event], chance: random.Random) -> list[int]:
    """The moments that matter most: a promise was just given; what was written aside is about to get its name."""
    given = [number + 1 for number, event in enumerate(happened) if event.data.startswith(b'{"')]
    naming = [number for number, event in enumerate(happened) if event.what == "rename"]
    return [*chance.choices(given, k=times(120)), *chance.choices(naming, k=times(80))]


def before_each_kind_of_naming(happened: Sequence[Event], chance: random.Random) -> list[int]:
    """Once for every sort of rename that a run makes, however rare: something lies beside where it belongs."""
    kinds: dict[tuple[str, str], list[int]] = {}
    for number, event in enumerate(happened):
        if event.what == "rename":
            kind = tuple(re.sub("[0-9a-f]{3,}|[0-9]+", "#", path) for path in (event.path, event.target))
            kinds.setdefault((kind[0], kind[1]), []).append(number)
    return [chance.choice(numbers) for numbers in kinds.values()]
