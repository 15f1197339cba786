"""What waits, what runs, and what failed for good."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import connection

from cunzhen.jobs.models import Failure
from cunzhen.jobs.rules import CLAIM, CRASHED, FURTHEST_AHEAD, LONG, UNKNOWN


@dataclass(frozen=True)
class FailedJob:
    """A job that will not be tried again unless somebody says so."""

    id: int
    op: str
    ids: dict[str, object]
    attempts: int
    code: str
    at: datetime | None


@dataclass(frozen=True)
class Backlog:
    """How much work there is.

    Args:
        waiting, running, failed: jobs.
        oldest_seconds: age of the oldest job that could run now.
        stuck: jobs that wait for more than five minutes, be it for a next try, or that were begun so long ago by a
            worker that is gone; those of which a false clock noted a time ahead too.
        longest_seconds: since the beginning of the job that runs longest.
    """

    waiting: int
    running: int
    failed: int
    oldest_seconds: float
    stuck: int = 0
    longest_seconds: float = 0.0


@dataclass(frozen=True)
class KindOfWork:
    """How many jobs of one name there are."""

    op: str
    waiting: int
    running: int
    failed: int


# A time that lies ahead is as good as one long past: nobody knows how long the job has waited.
_FAR = "(abs(extract(epoch FROM now() - {at})) > %(long)s)"
_BACKLOG = f"""
SELECT count(*) FILTER (WHERE status = 'todo'), count(*) FILTER (WHERE status = 'doing'),
    count(*) FILTER (WHERE status = 'failed'),
    coalesce(extract(epoch FROM now() - min(deferred) FILTER (
        WHERE status = 'todo' AND coalesce(scheduled_at, now()) <= now())), 0),
    count(*) FILTER (WHERE status = 'todo'
            AND ({_FAR.format(at="deferred")} OR extract(epoch FROM scheduled_at - now()) > %(ahead)s)
        OR status = 'doing' AND {_FAR.format(at="started")} AND NOT EXISTS (
            SELECT FROM pg_locks WHERE locktype = 'advisory' AND classid = %(claim)s AND objid = worker_id
            AND objsubid = 2 AND granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
        )),
    coalesce(extract(epoch FROM now() - min(started) FILTER (WHERE status = 'doing')), 0)
FROM (
    SELECT status, scheduled_at, worker_id,
        (SELECT min(at) FROM procrastinate_events e WHERE e.job_id = j.id AND e.type = 'deferred') AS deferred,
        (SELECT max(at) FROM procrastinate_events e WHERE e.job_id = j.id AND e.type = 'started') AS started
    FROM procrastinate_jobs j WHERE %(queue)s::text IS NULL OR queue_name = %(queue)s
) AS job
"""  # noqa: S608 - names of this module only


def failed_jobs(limit: int | None = 100) -> list[FailedJob]:
    """The jobs that failed for good, newest first.

    Args:
        limit: at most so many; all of them when None.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id, task_name, args::text, attempts FROM procrastinate_jobs WHERE status = 'failed'"
            " ORDER BY id DESC LIMIT %s",
            (limit,),
        )
        rows = cursor.fetchall()
    why = {f.job_id: f for f in Failure.objects.filter(job_id__in=[row[0] for row in rows]).order_by("at")}
    return [
        FailedJob(number, op, json.loads(ids), attempts, *_last_word(why.get(number)))
        for number, op, ids, attempts in rows
    ]


def _last_word(failure: Failure | None) -> tuple[str, datetime | None]:
    return (failure.code, failure.at) if failure else (UNKNOWN, None)


def backlog(queue: str | None = None) -> Backlog:
    """Count the work.

    Args:
        queue: of one queue only.
    """
    values: dict[str, str | float | None] = {"queue": queue, "claim": CLAIM}
    values |= {"long": LONG.total_seconds(), "ahead": FURTHEST_AHEAD.total_seconds()}
    with connection.cursor() as cursor:
        cursor.execute(_BACKLOG, values)
        waiting, running, failed, oldest, stuck, longest = cursor.fetchone() or (0, 0, 0, 0, 0, 0)
    return Backlog(waiting, running, failed, float(oldest), stuck, max(0.0, float(longest)))


def given_up(most: int = 100) -> int:
    """How many jobs will not be tried again unless somebody says so; at most so many are counted."""
    return Failure.objects.exclude(code=CRASHED).order_by()[:most].count()


def kinds_of_work() -> list[KindOfWork]:
    """Count the work by name, in alphabetical order."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT task_name, count(*) FILTER (WHERE status = 'todo'), count(*) FILTER (WHERE status = 'doing'),"
            " count(*) FILTER (WHERE status = 'failed') FROM procrastinate_jobs"
            " WHERE status IN ('todo', 'doing', 'failed') GROUP BY task_name ORDER BY task_name"
        )
        return [KindOfWork(*row) for row in cursor.fetchall()]


def can_run(queues: Sequence[str] | None = None) -> bool:
    """Whether a job is due now that no job of the same lock keeps waiting.

    Args:
        queues: of these only; of all when None.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT FROM procrastinate_jobs j WHERE status = 'todo'"
            " AND coalesce(scheduled_at, now()) <= now() AND (%s::text[] IS NULL OR queue_name = ANY(%s))"
            " AND NOT EXISTS (SELECT FROM procrastinate_jobs b WHERE b.lock = j.lock AND b.status = 'doing'))",
            (list(queues) if queues else None, list(queues or ())),
        )
        return bool(bool(cursor.fetchone() == (True,)))
