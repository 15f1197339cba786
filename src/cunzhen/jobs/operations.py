"""Put work into the queue, and bring back work whose worker died."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from django.db import connection, transaction

from cunzhen.jobs.rules import CLAIM, CRASHED, FURTHEST_AHEAD, GIVEN_UP, may_try_again_after

if TYPE_CHECKING:
    from procrastinate import App

STALLED = """
    SELECT id, task_name FROM procrastinate_jobs job
    WHERE status = 'doing' AND NOT EXISTS (
        SELECT FROM pg_locks WHERE locktype = 'advisory' AND classid = %s AND objid = job.worker_id AND objsubid = 2
            AND granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database()))
    ORDER BY id FOR UPDATE OF job SKIP LOCKED
"""

AHEAD = """
    UPDATE procrastinate_jobs SET scheduled_at = now()
    WHERE status = 'todo' AND scheduled_at > now() + make_interval(secs => %s)
"""


def enqueue(op: str, *, queue: str = "default", priority: int = 0, lock: str | None = None, **ids: object) -> int:
    """Add a job in the caller's transaction: it is there when that commits, and never was when it rolls back.

    Args:
        op: name of a function registered with ``@job``.
        queue: workers may be told to serve some queues only.
        priority: higher runs first.
        lock: jobs of one lock run one after another, in order.
        **ids: the function's arguments: ids and other plain JSON, never personal data.

    Returns:
        the job's number.
    """
    task = _app().configure_task(op, allow_unknown=True, queue=queue, priority=priority, lock=lock)
    return task.defer(**ids)  # type: ignore[arg-type]


def rescue_stalled() -> int:
    """Give the jobs of dead workers to living ones; a job that keeps killing its workers fails for good.

    Returns:
        how many jobs were brought back or given up.
    """
    from cunzhen.jobs.models import Failure

    now = datetime.now(UTC)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(STALLED, (CLAIM,))
        stalled = cursor.fetchall()
        for number, op in stalled:
            before = Failure.objects.filter(job_id=number, code=CRASHED).values_list("at", flat=True)
            again = may_try_again_after([*before, now])
            if again:
                cursor.execute("SELECT procrastinate_retry_job_v2(%s, %s, NULL, NULL, NULL)", (number, now))
            else:
                cursor.execute("SELECT procrastinate_finish_job_v1(%s, 'failed', false)", (number,))
            Failure.objects.create(job_id=number, op=op, code=CRASHED if again else GIVEN_UP, at=now)
        if stalled:
            cursor.execute(
                f"DELETE FROM {Failure._meta.db_table} f WHERE code = %s"  # noqa: S608
                " AND NOT EXISTS (SELECT FROM procrastinate_jobs WHERE id = f.job_id)",
                (CRASHED,),
            )
    return len(stalled)


def bring_forward() -> int:
    """Let jobs run now whose next try was put off until a time far ahead, because the clock was wrong then.

    Returns:
        how many there were.
    """
    with connection.cursor() as cursor:
        cursor.execute(AHEAD, (FURTHEST_AHEAD.total_seconds(),))
        return int(cursor.rowcount)


def retry_failed(job_id: int) -> bool:
    """Let a job that failed for good run again, with all its tries; for an officer who has removed the cause.

    Args:
        job_id: its number.

    Returns:
        whether there was such a job.
    """
    from cunzhen.jobs.models import Failure

    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "UPDATE procrastinate_jobs SET status = 'todo', attempts = 0, scheduled_at = now()"
            " WHERE id = %s AND status = 'failed'",
            (job_id,),
        )
        found = bool(cursor.rowcount == 1)
        Failure.objects.filter(job_id=job_id).delete()
    return found


def _app() -> App:
    from procrastinate.contrib.django import app

    return app
