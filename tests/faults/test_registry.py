"""F2: kill -9 while the registry is written; and every fail point of the program is passed by some test."""

from __future__ import annotations

import re
import signal
from pathlib import Path

import pytest

from cunzhen.holdings import registry
from cunzhen.holdings.models import Fonds
from tests.faults.correctors import assert_agrees
from tests.faults.counts import some
from tests.faults.crew import Crew
from tests.world import World

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.faults]

ROOT = Path(__file__).parents[2]
POINTS = [
    "packages-sealed", "revisions-folder", "revisions-inventory.json", "revisions-inventory.json.sha512",
    "packages-durable", "packages-committed",
]  # fmt: skip


@pytest.mark.parametrize("point", [p for p in POINTS if p in {"packages-durable", *some(POINTS)}])
def test_killed_while_writing_the_registry(world: World, crew: Crew, point: str) -> None:
    before = registry.kept()
    assert before is not None
    assert crew.run("found", code="J099", point=point) == -signal.SIGKILL
    done = Fonds.objects.filter(code="J099").exists()
    assert done == (point == "packages-committed")
    assert_agrees()
    assert registry.kept() == registry.catalogued()
    assert (registry.kept() != before) == done
    assert crew.run("found", code="J099") == (1 if done else 0)  # there already: refused
    assert_agrees()
    kept = registry.kept()
    assert kept == registry.catalogued() and [f.code for f in kept.fonds].count("J099") == 1


def test_every_fail_point_is_named_by_a_test() -> None:
    """A point that nobody kills at shows nothing. Names made of parts count by their beginning."""
    source = "".join(p.read_text(encoding="utf-8") for p in (ROOT / "src").rglob("*.py"))
    points = set(re.findall(r'failpoint\(f?"([a-z][^"]*)"\)', source))
    assert len(points) > 60
    tests = "".join(p.read_text(encoding="utf-8") for p in (ROOT / "tests").rglob("test_*.py"))
    made = {re.sub(r"(\{.*|\d+(-[a-z]+)?$|(?<=tile-)[a-z]+$)", "", point) for point in points}
    assert sorted(one for one in made if f'"{one}' not in tests) == []
