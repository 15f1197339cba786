"""The janitor, which clears what a killed batch left in staging, the proof of locks, the folding of change-sets."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.utils import timezone

from cunzhen.accounts.queries import service_actor
from cunzhen.errors import Missing
from cunzhen.formats.store_address import S3Address
from cunzhen.jobs import every, job
from cunzhen.preservation import backup_jobs, scrub_jobs
from cunzhen.preservation.operations import fold_changes, prove_locks, sweep_uncommitted

__all__ = ["backup_jobs", "scrub_jobs"]
LEFT_ALONE = timedelta(minutes=3)  # with two minutes between rounds: gone five minutes after a kill


@every(120.0)
def sweep() -> None:
    """Batches older than three minutes that never committed."""
    sweep_uncommitted(LEFT_ALONE)


@every(86_400.0)
def prove() -> None:
    """Once a day, that the object locks hold."""
    locked = any(isinstance(place, S3Address) and place.lock_days for place in settings.STORES.values())
    # Before there is an agency nothing is kept, and nobody can act.
    with suppress(Missing):
        if locked:
            prove_locks(service_actor(), now=timezone.now())


@job("fold_changes")
def fold_changes_job(change_set: str) -> None:
    """Fold what waits of one change-set into the packages."""
    fold_changes(service_actor(), change_set_id=UUID(change_set), clock=timezone.now)
