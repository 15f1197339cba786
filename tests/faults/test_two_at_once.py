"""Two clerks with the same pile, two workers at one queue, two receivers of one transfer."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.utils import timezone

from cunzhen.accounts.queries import service_actor
from cunzhen.capture.models import Draft, Transfer
from cunzhen.capture.operations import open_transfer
from tests.faults.clerks import assert_whole, make_pile
from tests.faults.counts import times
from tests.faults.crew import Crew
from tests.world import World

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.faults]


def test_two_clerks_file_the_same_pile_at_once(world: World, crew: Crew, tmp_path: Path) -> None:
    piles: list[Path] = []
    acknowledged = tmp_path / "acknowledged"
    for number in range(times(20)):
        piles.append(make_pile(tmp_path / f"pile{number}", 6))
        both = [crew.start("clerk", paths=[str(piles[-1])], acknowledged=acknowledged) for _ in range(2)]
        assert [crew.wait(child) for child in both] == [0, 0]
    assert crew.run("do_again", paths=[str(piles[-1])]) == 0
    states = list(Draft.objects.exclude(transfer=Transfer.objects.latest("id")).values_list("state", flat=True))
    assert states.count("filed") == states.count("duplicate") == 6 * len(piles)
    assert_whole(world, piles, acknowledged)


def test_three_workers_at_one_queue(world: World, crew: Crew, tmp_path: Path) -> None:
    """The same papers lie in two transfers, whose reading and filing interleave."""
    pile, more = make_pile(tmp_path / "pile", 40), make_pile(tmp_path / "more", 10)
    for paths in ([pile], [pile, more]):
        assert crew.run("hand_in", paths=[str(p) for p in paths]) == 0
    workers = [crew.start("work") for _ in range(3)]
    assert [crew.wait(child) for child in workers] == [0, 0, 0]
    assert crew.run("do_again", paths=[str(more)]) == 0
    assert_whole(world, [pile, more])


def test_two_receivers_of_one_transfer(world: World, crew: Crew, tmp_path: Path) -> None:
    """A button pressed twice: one of them receives, the other is refused and takes nothing of the first's away."""
    pile = make_pile(tmp_path / "pile", 30)
    transfer = open_transfer(service_actor(), name="一批", auto=True, now=timezone.now())
    both = [crew.start("receive", transfer=transfer.id, paths=[str(pile)]) for _ in range(2)]
    assert sorted(crew.wait(child) for child in both) == [0, 1]
    assert Draft.objects.count() == 30
    assert crew.run("do_again", paths=[str(pile)]) == 0
    assert_whole(world, [pile])
