"""Reads of transfers and drafts, limited to the actor's reach."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from datetime import datetime
from pathlib import Path
from uuid import UUID

from django.conf import settings
from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from cunzhen.accounts.rules import Actor
from cunzhen.capture.models import Draft, Finding, SourceFile, Transfer, Upload
from cunzhen.capture.rules import Counts, DraftState, count_states
from cunzhen.errors import Missing


def inbox_of(transfer_id: UUID) -> Path:
    """Where the received files of a transfer lie until they are filed."""
    return Path(settings.HOME) / "inbox" / str(transfer_id)


def inbox_file(file: SourceFile) -> Path:
    """Where one received file lies; its name is its id and its suffix."""
    folder = inbox_of(file.transfer_id)
    return next(folder.glob(f"{file.id}.*"), folder / str(file.id))


def visible_transfers(actor: Actor) -> QuerySet[Transfer]:
    """Transfers within reach, newest first."""
    actor.require("view_transfer")
    return Transfer.objects.filter(agency_id__in=actor.agency_ids).select_related("fonds").order_by("-id")


def get_transfer(actor: Actor, transfer_id: UUID) -> Transfer:
    """One transfer within reach.

    Raises:
        Missing: ``T-00``.
    """
    found = visible_transfers(actor).filter(id=transfer_id).first()
    if found is None:
        raise Missing("T-00", "没有找到这个归档批次，请核对链接。", "There is no such transfer within your reach.")
    return found


def get_draft(actor: Actor, draft_id: UUID) -> Draft:
    """One draft within reach, with its transfer.

    Raises:
        Missing: ``T-01``.
    """
    actor.require("view_transfer")
    found = (
        Draft.objects.select_related("transfer__fonds")
        .filter(id=draft_id, transfer__agency_id__in=actor.agency_ids)
        .first()
    )
    if found is None:
        raise Missing("T-01", "没有找到这件待归档材料，请核对链接。", "There is no such draft within your reach.")
    return found


def get_upload(actor: Actor, upload_id: UUID) -> Upload:
    """One upload within reach, its offset as it is on disk."""
    actor.require("add_files")
    found = Upload.objects.filter(id=upload_id, transfer__agency_id__in=actor.agency_ids).first()
    if found is None:
        raise Missing("T-UP-03", "没有这个上传任务，请重新选择文件。", "There is no such upload.")
    return found


def transfer_numbers(draft_ids: Collection[UUID], transfer_ids: Collection[UUID]) -> dict[UUID, str]:
    """The numbers of these transfers and of those that the drafts belong to, by the id asked for; for the officer."""
    of_drafts = Draft.objects.filter(id__in=draft_ids).values_list("id", "transfer__number")
    return dict(of_drafts) | dict(Transfer.objects.filter(id__in=transfer_ids).values_list("id", "number"))


def counts_of(transfer: Transfer) -> Counts:
    """How many items of the transfer stand where."""
    rows = Draft.objects.filter(transfer=transfer).values("state").annotate(n=Count("id")).values_list("state", "n")
    return count_states(transfer.sent_count, dict(rows))


def counts_of_many(transfer_ids: Collection[UUID]) -> dict[UUID, Counts]:
    """The same for a page of a list, in two queries."""
    states: dict[UUID, dict[str, int]] = {i: {} for i in transfer_ids}
    rows = Draft.objects.filter(transfer_id__in=transfer_ids).values("transfer_id", "state").annotate(n=Count("id"))
    for transfer_id, state, n in rows.values_list("transfer_id", "state", "n"):
        states[transfer_id][state] = n
    sent = dict(Transfer.objects.filter(id__in=transfer_ids).values_list("id", "sent_count"))
    return {i: count_states(sent[i], states[i]) for i in sent}


def waiting_drafts(actor: Actor) -> QuerySet[Draft]:
    """The describing queue: drafts that wait for a person, oldest first."""
    actor.require("describe_draft")
    return (
        Draft.objects.filter(state=DraftState.WAITING.value, transfer__agency_id__in=actor.agency_ids)
        .select_related("transfer")
        .order_by("id")
    )


def returned_lately(actor: Actor, *, since: datetime, most: int = 500) -> list[tuple[Transfer, int]]:
    """Transfers with items that were returned and not sent again, and how many; the latest first.

    Args:
        since: when they were returned; what is older has been dealt with or never will be.
        most: returned items looked at.
    """
    actor.require("view_transfer")
    drafts = Draft.objects.filter(state=DraftState.RETURNED.value, changed_at__gte=since)
    ids = drafts.filter(transfer__agency_id__in=actor.agency_ids).order_by("-changed_at")[:most]
    counts = Counter(ids.values_list("transfer_id", flat=True))
    found = Transfer.objects.in_bulk(list(counts))
    return [(found[i], count) for i, count in counts.items()]


def waiting_long(actor: Actor, *, before: datetime, most: int = 1_000) -> tuple[int, datetime | None]:
    """How many drafts have waited for a person since before then (at most so many are counted), and since when.

    Args:
        before: since when they wait.
        most: what is counted at most.
    """
    waiting = waiting_drafts(actor).filter(changed_at__lt=before)
    first = waiting.order_by("changed_at").values_list("changed_at", flat=True).first()
    return (waiting.order_by()[:most].count() if first else 0), first


def retriable() -> Q:
    """The returned drafts that can be read again: of which something was taken in (the others must be sent again)."""
    return Q(Exists(SourceFile.objects.filter(draft_id=OuterRef("id"))), state=DraftState.RETURNED.value)


def findings_of(transfer: Transfer) -> list[Finding]:
    """Findings of a transfer in the order of its drafts; those of the whole transfer first."""
    return list(
        Finding.objects.filter(transfer=transfer).select_related("draft").order_by("draft__number", "found_at", "id")
    )
