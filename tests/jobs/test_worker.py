"""Jobs on real PostgreSQL with real worker processes, some of them killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import pytest
from django.db import connection, transaction

from cunzhen.jobs import enqueue
from cunzhen.jobs.models import Failure
from cunzhen.jobs.operations import rescue_stalled, retry_failed
from cunzhen.jobs.queries import backlog, failed_jobs
from cunzhen.jobs.rules import MOST_CRASHES_AN_HOUR
from tests.waiting import until

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def notes(transactional_db: None) -> Iterator[None]:
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE crew_notes (id serial PRIMARY KEY, what text, pid int)")
    yield
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE crew_notes")
        cursor.execute("DELETE FROM procrastinate_jobs")


def _noted(what: str) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pid FROM crew_notes WHERE what = %s ORDER BY id", (what,))
        return [pid for (pid,) in cursor.fetchall()]


def _start(mode: str, concurrency: int = 1) -> subprocess.Popen[str]:
    s = connection.settings_dict
    url = f"postgresql://{s['USER']}:{quote(s['PASSWORD'])}@/{s['NAME']}?host={quote(s['HOST'], safe='')}"
    return subprocess.Popen(
        [sys.executable, str(Path(__file__).with_name("crew.py")), mode, str(concurrency)],
        env={**os.environ, "DATABASE_URL": url, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def _once() -> tuple[str, str]:
    process = _start("once")
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    return out, err


@contextmanager
def _staying(concurrency: int = 1) -> Iterator[subprocess.Popen[str]]:
    process = _start("stay", concurrency)
    try:
        yield process
    finally:
        process.kill()
        process.wait(10)
        for stream in (process.stdout, process.stderr):
            if stream is not None:
                stream.close()


def test_a_job_is_there_when_its_transaction_commits_and_never_was_when_not() -> None:
    with transaction.atomic():
        enqueue("write_note", what="committed")
    with pytest.raises(RuntimeError, match="undo"), transaction.atomic():
        enqueue("write_note", what="rolled back")
        raise RuntimeError("undo")
    out, _ = _once()
    assert len(_noted("committed")) == 1
    assert _noted("rolled back") == []
    assert "shut down" in out
    assert backlog().waiting == backlog().running == 0


def test_a_job_that_enqueues_and_fails_enqueues_nothing() -> None:
    enqueue("enqueue_and_fail", what="left over")
    _once()
    assert _noted("left over") == []


def test_higher_priority_goes_first_and_one_lock_keeps_order() -> None:
    for n in range(3):
        enqueue("write_note", priority=n, what=f"p{n}")
    for n in range(3):
        enqueue("write_note", lock="one", what=f"l{n}")
    _once()
    with connection.cursor() as cursor:
        cursor.execute("SELECT what FROM crew_notes ORDER BY id")
        order = [what for (what,) in cursor.fetchall()]
    assert [o for o in order if o.startswith("p") or o == "l0"] == ["p2", "p1", "p0", "l0"]
    assert [o for o in order if o.startswith("l")] == ["l0", "l1", "l2"]


def test_the_job_of_a_killed_worker_is_done_by_another() -> None:
    enqueue("hang_once", what="work")
    with _staying() as first:
        until(lambda: _noted("work started"))
        assert rescue_stalled() == 0, "a living worker's job was taken away"
        first.kill()
        first.wait(10)
    _once()
    assert len(_noted("work started")) == 2
    assert len(_noted("work done")) == 1
    assert len(set(_noted("work started"))) == 2


def test_a_worker_that_stays_takes_over_without_being_started_again() -> None:
    enqueue("hang_once", what="work")
    with _staying() as first:
        until(lambda: _noted("work started"))
        with _staying():
            until(lambda: len(set(_noted("tick"))) == 2)
            first.kill()
            until(lambda: _noted("work done"), 20)


def test_a_job_that_kills_its_workers_is_given_up() -> None:
    job = enqueue("kill_worker", what="poison")
    enqueue("write_note", what="behind it")
    for _ in range(MOST_CRASHES_AN_HOUR):
        _start("once").communicate(timeout=60)
    _once()
    assert len(_noted("poison")) == MOST_CRASHES_AN_HOUR
    assert len(_noted("behind it")) == 1
    (failed,) = failed_jobs()
    assert (failed.id, failed.op, failed.ids, failed.code) == (job, "kill_worker", {"what": "poison"}, "J-03")


def test_what_is_unavailable_is_tried_again_and_what_is_wrong_is_not() -> None:
    enqueue("meet_full_disk", what="disk")
    wrong = enqueue("meet_nonsense", what="wrong")
    bug = enqueue("meet_bug", what="bug")
    with _staying() as worker:
        until(lambda: len(_noted("disk")) == 2)
        until(lambda: backlog().waiting + backlog().running == 0)
        worker.send_signal(signal.SIGTERM)
        out, err = worker.communicate(timeout=30)
    assert worker.returncode == 0
    assert "shut down" in out
    assert len(_noted("wrong")) == len(_noted("bug")) == 1
    assert {(f.id, f.code) for f in failed_jobs()} == {(wrong, "X-02"), (bug, "KeyError")}
    assert "X-02" in err
    assert "tests/jobs/crew.py" in err.replace(os.sep, "/")
    for personal in ("张三", "110101199003070011"):
        assert personal not in out + err
    assert retry_failed(wrong)
    assert not retry_failed(wrong + 1_000_000)
    assert [f.id for f in failed_jobs()] == [bug]
    assert not Failure.objects.filter(job_id=wrong).exists()


def test_an_unknown_job_fails_where_it_can_be_seen() -> None:
    job = enqueue("no_such_operation", item="x")
    _once()
    assert [f.id for f in failed_jobs()] == [job]


def test_ticks_go_on_beside_the_jobs() -> None:
    enqueue("hang_once", what="long")
    with _staying() as worker:
        until(lambda: len(_noted("tick")) > 5 and _noted("long started"))
        worker.kill()


def test_a_worker_whose_database_lets_go_ends_to_be_started_again() -> None:
    with _staying() as worker:
        until(lambda: _noted("tick"))
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        assert worker.wait(30) != 0
