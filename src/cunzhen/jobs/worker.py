"""The process that does the work.

Three things run side by side: Procrastinate's loop with the jobs in threads, one thread for each tick, and the claim,
a connection whose advisory lock says that this worker lives. When the claim is lost its jobs may be given to another
worker, so the process ends at once rather than do them twice.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import random
import signal
import threading
import traceback
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

import psycopg
from django.db import (
    DatabaseError,
    InterfaceError,
    OperationalError,
    close_old_connections,
    connection,
    connections,
)
from django.utils.module_loading import autodiscover_modules
from procrastinate import App
from procrastinate.contrib.django import app as django_app
from procrastinate.contrib.django.utils import connector_params
from procrastinate.job_context import JobContext
from procrastinate.jobs import Job
from procrastinate.psycopg_connector import PsycopgConnector
from procrastinate.retry import BaseRetryStrategy, RetryDecision
from procrastinate.worker import Worker

from cunzhen.errors import CunzhenError, Unavailable
from cunzhen.jobs import registry
from cunzhen.jobs.models import Failure
from cunzhen.jobs.operations import bring_forward, rescue_stalled
from cunzhen.jobs.queries import can_run
from cunzhen.jobs.rules import CLAIM, PATIENT_TRIES, wait_before

log = logging.getLogger("cunzhen.jobs")

RESCUE_SECONDS = 5.0
CLAIM_SECONDS = 1.0
GRACE_SECONDS = 20.0
LOST_CLAIM_EXIT = 75  # EX_TEMPFAIL: start me again


class JobFailed(Exception):
    """What Procrastinate gets to see of an error: a code and whether to try again, no message and no values."""

    def __init__(self, code: str, *, passing: bool) -> None:
        super().__init__(code)
        self.passing = passing


class Claim:
    """The advisory lock that tells the others that this worker lives, watched by a thread.

    Args:
        number: the worker's.
    """

    def __init__(self, number: int) -> None:
        self._released = threading.Event()
        self._connection = psycopg.connect(**connector_params(), autocommit=True)
        self._connection.execute("SELECT pg_advisory_lock(%s, %s)", (CLAIM, number))
        threading.Thread(target=self._keep, name="claim", daemon=True).start()

    def release(self) -> None:
        """Let go: no job is running any more."""
        self._released.set()
        self._connection.close()

    def _keep(self) -> None:
        while not self._released.wait(CLAIM_SECONDS):
            try:
                self._connection.execute("SELECT 1")
            except psycopg.Error:
                if self._released.is_set():
                    return
                log.error("J-04 the database let go of this worker; it ends and is started again")
                end_children()
                os._exit(LOST_CLAIM_EXIT)


class _Backoff(BaseRetryStrategy):
    def get_retry_decision(self, *, exception: BaseException, job: Job) -> RetryDecision | None:
        """Try again later where the cause passes by itself, for as long as it takes."""
        if not isinstance(exception, JobFailed) or not exception.passing:
            return None
        wait = wait_before(job.attempts + 1, random.random())  # noqa: S311 - spreads load, guards nothing
        return RetryDecision(retry_in={"seconds": int(wait.total_seconds()) or 1})


class _ClaimedWorker(Worker):
    """A worker that takes its claim before its first job."""

    async def _run_loop(self) -> None:
        if self.worker_id is None:
            raise RuntimeError("the worker has no number")
        claim = await asyncio.to_thread(Claim, self.worker_id)
        await asyncio.to_thread(_in_thread, rescue_stalled)
        await asyncio.to_thread(_in_thread, bring_forward)
        try:
            await super()._run_loop()  # type: ignore[no-untyped-call]
        finally:
            claim.release()


def run_worker(
    concurrency: int = 2, queues: Sequence[str] | None = None, wait: bool = True, *, rooms: bool = True
) -> bool:
    """Do jobs until SIGTERM or SIGINT, or until none is left.

    Args:
        concurrency: jobs at once, each in a thread.
        queues: only these; all of them when None.
        wait: False to return as soon as no job can run; ticks are then not started.
        rooms: import the ``jobs`` module of every room first.

    Returns:
        False where it ended by itself though it should have waited, so that it is started again.
    """
    if rooms:
        autodiscover_modules("jobs")
    logging.getLogger("procrastinate.worker").addFilter(_is_news)
    registry.every(RESCUE_SECONDS)(rescue_stalled)
    registry.every(RESCUE_SECONDS)(bring_forward)
    registry.announce_start()
    if wait:
        for tick in registry.TICKS.values():
            threading.Thread(target=_tick, args=(tick,), name=tick.name, daemon=True).start()
    leave = threading.Timer(GRACE_SECONDS + 5, _leave_to_the_next)
    leave.daemon = True
    asked = False
    try:
        asked = asyncio.run(_serve(concurrency, queues, wait, leave))
        while not wait and not asked and can_run(queues):  # what the last job has queued
            asked = asyncio.run(_serve(concurrency, queues, wait, leave))
    finally:
        registry.announce_stop()
        end_children()
        leave.cancel()
        if not wait and not asked:
            registry.announce_end()  # whatever this process does next is not being stopped
    return asked or not wait


async def _serve(concurrency: int, queues: Sequence[str] | None, wait: bool, leave: threading.Timer) -> bool:
    asked = False
    app = _app(concurrency)
    async with app.open_async():
        worker = _ClaimedWorker(
            app,
            queues=queues,
            name="cunzhen",
            concurrency=concurrency,
            wait=wait,
            fetch_job_polling_interval=1.0,
            shutdown_graceful_timeout=GRACE_SECONDS,
            delete_jobs="successful",
            # Whether a worker lives is told by its claim; a slow heartbeat must not give its jobs away.
            stalled_worker_timeout=86_400.0,
            install_signal_handlers=False,
        )

        def stop() -> None:
            nonlocal asked
            if not asked:
                asked = True
                registry.announce_stop()
                worker.stop()  # type: ignore[no-untyped-call]
                leave.start()

        loop = asyncio.get_running_loop()
        with contextlib.suppress(ValueError, RuntimeError):  # not the main thread: a test stops it otherwise
            for number in (signal.SIGTERM, signal.SIGINT):
                loop.add_signal_handler(number, stop)
        await worker.run()  # type: ignore[no-untyped-call]
    return asked


def _app(concurrency: int) -> App:
    """Procrastinate's app with connections of its own; ``enqueue`` inside a job still joins that job's transaction."""
    for op, function in registry.JOBS.items():
        if op not in django_app.tasks:
            django_app.task(name=op, pass_context=True, retry=_Backoff())(_guarded(op, function))
    connector = PsycopgConnector(kwargs=connector_params(), min_size=1, max_size=2 + concurrency)
    return django_app.with_connector(connector)


def _guarded(op: str, function: Callable[..., object]) -> Callable[..., None]:
    def run(context: JobContext, **ids: object) -> None:
        tries = context.job.attempts + 1
        try:
            function(**ids)
        except BaseException as error:  # whatever it was: a job ends done or told, and nothing of its text goes out
            failed = _verdict(error)
            _log_error(
                f"job {op} {context.job.id}, try {tries}", error, final=not failed.passing or tries >= PATIENT_TRIES
            )
            if isinstance(error, CunzhenError):
                registry.note_trouble(error)
            if not failed.passing:
                connections.close_all()
                Failure.objects.create(job_id=context.job.id or 0, op=op, code=str(failed)[:64], at=datetime.now(UTC))
            raise failed from None
        finally:
            connections.close_all()

    return run


def _verdict(error: BaseException) -> JobFailed:
    if isinstance(error, CunzhenError):
        return JobFailed(error.code, passing=isinstance(error, Unavailable))
    passing = isinstance(error, OperationalError | InterfaceError | psycopg.OperationalError)
    return JobFailed(type(error).__name__, passing=passing)


def _log_error(what: str, error: BaseException, *, final: bool) -> None:
    """Where it happened and of what kind: messages may hold names and numbers and stay out."""
    code = error.code if isinstance(error, CunzhenError) else type(error).__name__
    frames = traceback.extract_tb(error.__traceback__) if not isinstance(error, CunzhenError) else ()
    places = "".join(f"\n  {frame.filename}:{frame.lineno} in {frame.name}" for frame in frames)
    log.log(logging.ERROR if final else logging.WARNING, "%s: %s%s", what, code, places)


def _is_news(record: logging.LogRecord) -> bool:
    """Procrastinate's report of an error that ``_log_error`` has already told."""
    return not (record.exc_info and isinstance(record.exc_info[1], JobFailed))


def _tick(tick: registry.Tick) -> None:
    pause = tick.seconds
    while not registry.wait_for_stop(pause):
        try:
            close_old_connections()
            tick.call()
            pause = tick.seconds
        except Exception as error:  # told, and tried again ever later: one tick must not end the worker with its jobs
            pause = min(max(pause, 0.5) * 2, 60.0)
            _log_error(f"tick {tick.name}", error, final=not isinstance(error, Unavailable | DatabaseError))
            with contextlib.suppress(DatabaseError):
                connection.close()
    connections.close_all()


def _in_thread(function: Callable[[], object]) -> None:
    try:
        function()
    finally:
        connections.close_all()


def _leave_to_the_next() -> None:
    """A job that does not leave in time is ended with the process; the next worker takes it up."""
    log.warning("J-05 a job did not end in time and is left to the next worker")
    end_children()
    os._exit(LOST_CLAIM_EXIT)


def end_children() -> None:
    """Run the functions registered with ``on_shutdown``."""
    for function in registry.SHUTDOWN:
        try:
            function()
        except Exception as error:  # the other children have to end too
            _log_error("shutdown", error, final=True)
