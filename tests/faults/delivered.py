"""Jobs as a queue delivers them on a bad day: twice, late, in the wrong order, to two workers at once."""

from __future__ import annotations

import json
import os
import random
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection

from cunzhen.jobs.worker import run_worker

Job = tuple[str, dict[str, Any]]


def work_in(stores: dict[str, str], point: str = "") -> None:
    """What the worker does, with stores of the test's own."""
    settings.STORES = {name: Path(folder) for name, folder in stores.items()}
    os.environ["CUNZHEN_FAILPOINT"] = point
    run_worker(wait=False)


TASKS: dict[str, Callable[..., None]] = {"work_in": work_in}


def waiting() -> list[Job]:
    """The jobs that are not done, as they were queued."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT task_name, args::text FROM procrastinate_jobs WHERE status = 'todo' ORDER BY id")
        return [(op, json.loads(args)) for op, args in cursor.fetchall()]


def deliver(jobs: Sequence[Job], draw: random.Random) -> None:
    """Queue each of some jobs twice, in any order and past their locks, as if the queue had lost its mind."""
    again = [*jobs, *jobs]
    draw.shuffle(again)
    with connection.cursor() as cursor:
        for op, ids in again:
            cursor.execute(
                "INSERT INTO procrastinate_jobs (queue_name, task_name, args) VALUES ('default', %s, %s)",
                [op, json.dumps(ids)],
            )
