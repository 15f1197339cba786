"""A job that was given up is seen, named with its papers, and done once somebody says so."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.conftest import clean_environment
from tests.cli.filed import PEOPLE, Home, filed_home, variant

RECEIVE = """
import os, sys
from contextlib import ExitStack
from pathlib import Path
from cunzhen.cli.main import attach, set_up
with ExitStack() as stack:
    attach(stack)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cunzhen.config.settings")
    set_up()
    from django.utils import timezone
    from cunzhen.accounts.queries import service_actor
    from cunzhen.capture.operations import open_transfer, receive_transfer
    from cunzhen.capture.piles import list_pile
    transfer = open_transfer(service_actor(), name="一批", auto=True, now=timezone.now())
    incoming, rejected = list_pile([Path(sys.argv[1])])
    receive_transfer(service_actor(), transfer_id=transfer.id, incoming=incoming, now=timezone.now())
    print(transfer.number)
"""


@pytest.fixture
def given_up(tmp_path: Path) -> Iterator[tuple[Home, str, int]]:
    """A home in which the job of a received transfer was given up; the transfer's and the job's number."""
    home = filed_home()
    pile = tmp_path / "pile"
    pile.mkdir()
    for number in range(2):
        (pile / f"{number}.pdf").write_bytes(variant(f"{tmp_path} {number}"))
    done = subprocess.run(
        [sys.executable, "-c", RECEIVE, str(pile)],
        env=clean_environment() | {"CUNZHEN_HOME": str(home.path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    with home.database() as database:
        row = database.execute(
            "UPDATE procrastinate_jobs SET status = 'failed' WHERE status = 'todo' AND task_name = 'read_drafts'"
            " RETURNING id"
        ).fetchone()
        assert row
        database.execute(
            "INSERT INTO jobs_failure (id, job_id, op, code, at)"
            " VALUES (gen_random_uuid(), %s, 'read_drafts', 'J-03', now())",
            row,
        )
    yield home, done.stdout.strip(), row[0]
    with home.database() as database:
        database.execute("DELETE FROM procrastinate_jobs")


def test_a_job_given_up_is_seen_and_done_again(given_up: tuple[Home, str, int]) -> None:
    home, transfer, number = given_up
    checked = {line["name"]: line for line in home.ask("check", status=1)["checks"]}
    assert not checked["jobs"]["ok"]
    assert "cunzhen jobs --retry" in checked["jobs"]["detail"]

    listed = home.ask("jobs", status=1)
    (job,) = listed["jobs"]
    assert (listed["waiting"], listed["running"], listed["failed"]) == (0, 0, 1)
    assert listed["kinds"] == [{"op": "read_drafts", "waiting": 0, "running": 0, "failed": 1}]
    assert (job["id"], job["op"], job["transfers"], job["papers"]) == (number, "read_drafts", [transfer], 2)
    assert job["code"] == "J-03"
    told = home.run("jobs").stdout
    assert f"批次 {transfer}  2 件" in told
    assert "一再异常中止" in told

    retried = home.ask("jobs", "--retry", str(number))
    assert (retried["retried"], retried["failed"], retried["waiting"], retried["jobs"]) == ([number], 0, 1, [])
    assert home.run("worker", "--once").returncode == 0
    states = home.rows(
        "SELECT d.state, count(*) FROM capture_draft d JOIN capture_transfer t ON t.id = d.transfer_id"
        f" WHERE t.number = '{transfer}' GROUP BY 1"
    )
    assert states == [("filed", 2)]
    assert home.ask("jobs")["jobs"] == []


def test_all_of_them_at_once_and_none_twice(given_up: tuple[Home, str, int]) -> None:
    home, _, number = given_up
    assert home.refused("jobs", "--retry", str(number + 1_000_000)) == "J-06"
    assert home.ask("jobs", "--retry")["retried"] == [number]
    assert home.ask("jobs", "--retry")["retried"] == []
    assert home.refused("jobs", "--retry", "x", status=2)
    assert home.refused("jobs", "--retry", str(number)) == "J-06"


def test_only_the_system_officer_may(given_up: tuple[Home, str, int]) -> None:
    home, _, number = given_up
    for name in ("clerk", "archivist", "leader"):
        password = PEOPLE[name]
        assert home.refused("jobs", "--retry", "--as", name, typed=f"{password}\n") == "A-01"
    assert home.ask("jobs", status=1)["jobs"][0]["id"] == number
