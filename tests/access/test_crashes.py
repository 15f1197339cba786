"""The follower dies at each of its steps; the next one ends where an undisturbed one would."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from django.db import connection

from cunzhen.access import generations
from cunzhen.access.generations import BUILDING, CURRENT, pointed
from cunzhen.access.operations import follow_ledger, rebuild_index
from cunzhen.access.queries import compare_index, index_status, indexed_items
from cunzhen.ledger.operations import sequence
from tests.access.filed import file_papers, follow, ids_of, page
from tests.world import World

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.faults]


def killed_at(point: str, task: Callable[[], object]) -> None:
    """Run a task in a process of its own that is killed at a fail point."""
    connection.close()  # two processes cannot share a socket
    child = os.fork()
    if child == 0:
        try:
            os.environ["CUNZHEN_FAILPOINT"] = point
            task()
        finally:
            os._exit(0)  # nothing of the test runner's may run here
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert status == -signal.SIGKILL, f"{point} was never passed"


@pytest.mark.parametrize("point", ["index-follow-1", "index-follow-2"])
def test_killed_while_following(world: World, tmp_path: Path, point: str) -> None:
    first = file_papers(world, tmp_path, [[page("退休审批表", f"第{n}份")] for n in range(3)])
    follow()
    second = file_papers(world, tmp_path, [[page("退休审批表", f"又第{n}份")] for n in range(3)])
    while sequence():
        pass
    killed_at(point, follow_ledger)
    committed = point == "index-follow-2"
    assert indexed_items(ids_of(second)) == (ids_of(second) if committed else set())
    assert indexed_items(ids_of(first)) == ids_of(first)
    assert index_status().behind == 3
    assert follow_ledger() == 3
    assert generations.reader().searcher.num_docs == 6
    report = compare_index()
    assert (report.missing, report.extra, report.damaged) == ((), (), ())


@pytest.mark.parametrize("point", ["index-follow-1", "index-follow-2", "index-rebuild-1", "index-rebuild-2"])
def test_killed_while_rebuilding(world: World, tmp_path: Path, point: str) -> None:
    filed = file_papers(world, tmp_path, [[page("退休审批表", f"第{n}份")] for n in range(3)])
    follow()
    killed_at(point, rebuild_index)
    assert indexed_items(ids_of(filed)) == ids_of(filed)
    follow()
    follow_ledger()
    assert indexed_items(ids_of(filed)) == ids_of(filed)
    assert pointed(BUILDING) == ""
    assert [p.name for p in generations.root().iterdir() if p.is_dir()] == [pointed(CURRENT)]
    report = compare_index()
    assert (report.missing, report.extra, report.damaged) == ((), (), ())


def test_killed_while_making_the_first_index(world: World, tmp_path: Path) -> None:
    filed = file_papers(world, tmp_path, [[page("退休审批表")]])
    while sequence():
        pass
    killed_at("index-follow-1", follow_ledger)
    follow()
    assert indexed_items(ids_of(filed)) == ids_of(filed)
