"""What the workers do for capture: each job calls one operation as the system."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from django.utils import timezone

from cunzhen.accounts.queries import service_actor
from cunzhen.accounts.rules import Actor
from cunzhen.capture.models import Draft, Transfer
from cunzhen.capture.operations import close_transfer, file_drafts, read_drafts, sweep_inboxes
from cunzhen.capture.readers import close_shared_pool
from cunzhen.jobs.registry import every, job, on_shutdown

LEFT_ALONE = timedelta(minutes=3)  # with two minutes between rounds: gone five minutes after a kill
on_shutdown(close_shared_pool)


@every(120.0)
def sweep() -> None:
    """Inboxes that killed runs left."""
    sweep_inboxes(older_than=LEFT_ALONE, now=timezone.now())


@job("read_drafts")
def read_drafts_job(drafts: list[str]) -> None:
    """Read one chunk of a transfer."""
    ids = [UUID(d) for d in drafts]
    if actor := _actor_for(ids):
        read_drafts(actor, draft_ids=ids, clock=timezone.now)


@job("file_drafts")
def file_drafts_job(drafts: list[str]) -> None:
    """File what a person has described."""
    ids = [UUID(d) for d in drafts]
    if actor := _actor_for(ids):
        file_drafts(actor, draft_ids=ids, now=timezone.now())


@job("close_transfer")
def close_transfer_job(transfer: str) -> None:
    """Close a transfer once nothing of it is under way."""
    row = Transfer.objects.select_related("agency").filter(id=transfer).first()
    if row:
        close_transfer(service_actor(row.agency), transfer_id=row.id, now=timezone.now())


def _actor_for(ids: list[UUID]) -> Actor | None:
    draft = Draft.objects.select_related("transfer__agency").filter(id__in=ids).first()
    return service_actor(draft.transfer.agency) if draft else None
