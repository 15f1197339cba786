"""A worker in a process of its own with jobs that tests can see: each writes lines into a table.

Run as a program with ``stay`` or ``once`` and the number of jobs at once; the environment names the database.
"""

from __future__ import annotations

import os
import sys
import time

import django
from django.db import connection, transaction

from cunzhen.errors import Invalid, Unavailable
from cunzhen.jobs import enqueue, every, job, on_shutdown

PERSON = "张三 110101199003070011"


def note(what: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO crew_notes (what, pid) VALUES (%s, %s)", (what, os.getpid()))


def seen(what: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM crew_notes WHERE what = %s", (what,))
        return int(cursor.fetchone()[0])


@job("write_note")
def write_note(what: str) -> None:
    note(what)


@job("hang_once")
def hang_once(what: str) -> None:
    note(f"{what} started")
    if seen(f"{what} started") == 1:
        time.sleep(600)
    note(f"{what} done")


@job("kill_worker")
def kill_worker(what: str) -> None:
    note(what)
    os.kill(os.getpid(), 9)


@job("meet_full_disk")
def meet_full_disk(what: str) -> None:
    note(what)
    if seen(what) < 2:
        raise Unavailable("X-01", f"磁盘已满：{PERSON}")


@job("meet_nonsense")
def meet_nonsense(what: str) -> None:
    note(what)
    raise Invalid("X-02", f"{PERSON}的材料有误")


@job("meet_bug")
def meet_bug(what: str) -> None:
    note(what)
    raise KeyError(PERSON)


@job("enqueue_and_fail")
def enqueue_and_fail(what: str) -> None:
    with transaction.atomic():
        enqueue("write_note", what=what)
        raise Invalid("X-03", "不成")


@every(0.05)
def count() -> None:
    note("tick")


def main() -> int:
    """Work as told."""
    django.setup()
    from cunzhen.jobs.worker import run_worker

    on_shutdown(lambda: print("shut down", flush=True))
    return 0 if run_worker(int(sys.argv[2]), wait=sys.argv[1] == "stay", rooms=False) else 1


if __name__ == "__main__":
    sys.exit(main())
