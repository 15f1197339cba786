"""A person describes, returns or retries what waits for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from django.db import transaction

from cunzhen.accounts.rules import Actor
from cunzhen.capture.models import Draft, Finding, Sheet, Transfer
from cunzhen.capture.operations.filing import close_if_done
from cunzhen.capture.queries import retriable
from cunzhen.capture.rules import Description, DraftState, TransferState
from cunzhen.errors import Conflict, Invalid, Missing
from cunzhen.formats.identifiers import is_identity_number, is_uscc
from cunzhen.holdings import kinds
from cunzhen.holdings.fields import FieldProblem, date_problem, field_problem, title_problem, year_problem
from cunzhen.jobs.operations import enqueue
from cunzhen.ledger.operations import NewEntry, Subject, record


def describe_draft(actor: Actor, *, draft_id: UUID, description: Description, now: datetime) -> Draft:
    """Confirm what an item is; it is filed next, by a job.

    Raises:
        Refused, Missing. Conflict: ``T-DE-01`` somebody else has dealt with it. Invalid: ``T-DE-02`` with
        ``params["fields"]`` and ``params["fields_en"]``, field name to message, for everything that cannot be accepted.
    """
    actor.require("describe_draft")
    problems = description_problems(description, now)
    if problems:
        raise Invalid(
            "T-DE-02",
            "有内容需要更正：" + " ".join(p.zh for p in problems.values()),
            "Some fields need mending: " + " ".join(p.en for p in problems.values()),
            fields={name: p.zh for name, p in problems.items()},
            fields_en={name: p.en for name, p in problems.items()},
        )
    with transaction.atomic():
        draft = _lock(actor, draft_id)
        if draft.state != DraftState.WAITING:
            raise Conflict(
                "T-DE-01",
                "这件材料已由其他人处理，您填写的内容没有采用。请处理下一件。",
                "Somebody else has dealt with this one; your entries were not used. Go on with the next.",
            )
        draft.description = description.to_json()
        draft.title = description.title
        draft.unsure = []
        draft.state = DraftState.DESCRIBED.value
        draft.changed_at = now
        draft.save(update_fields=["description", "title", "unsure", "state", "changed_at"])
        _record("describe_draft", actor, [draft], {"kind": description.kind, "title": description.title}, now)
        enqueue("file_drafts", queue="capture", priority=10, drafts=[str(draft.id)])
    return draft


def description_problems(description: Description, now: datetime) -> dict[str, FieldProblem]:
    """Field name to what is wrong with it and how to mend it; empty where all is well."""
    problems: dict[str, FieldProblem | None] = {
        "kind": None if kinds.is_kind(description.kind) else field_problem("kind"),
        "series": None if kinds.is_series(description.series) else field_problem("series"),
        "title": title_problem(description.title),
        "year": year_problem(description.year, now.year),
        "document_date": date_problem(description.document_date, description.year),
    }
    for number, person in enumerate(description.persons):
        if person.id_number and not is_identity_number(person.id_number):
            problems[f"persons-{number}-id_number"] = field_problem("id_number")
    for number, unit in enumerate(description.units):
        if unit.uscc and not is_uscc(unit.uscc):
            problems[f"units-{number}-uscc"] = field_problem("uscc")
    return {name: problem for name, problem in problems.items() if problem}


def return_drafts(actor: Actor, *, draft_ids: Sequence[UUID], reason: str, now: datetime) -> list[Draft]:
    """Send drafts back to whoever handed them over, with a reason; nothing of them is filed.

    Raises:
        Invalid: ``T-RT-02`` without a reason. Conflict: ``T-DE-01`` one of them is filed or returned already.
    """
    actor.require("return_drafts")
    if not reason.strip():
        raise Invalid("T-RT-02", "请写明退回原因，方便对方补正。", "Say why, so that the sender can mend it.")
    with transaction.atomic():
        drafts = [_lock(actor, i) for i in sorted(draft_ids)]
        for draft in drafts:
            if draft.state not in {DraftState.WAITING, DraftState.DESCRIBED}:
                raise Conflict("T-DE-01", "其中有材料已由其他人处理，请刷新后重试。", "Somebody was faster; refresh.")
            draft.state = DraftState.RETURNED.value
            draft.changed_at = now
            draft.save(update_fields=["state", "changed_at"])
            params = {"reason": reason.strip()[:500]}
            Finding.objects.create(transfer=draft.transfer, draft=draft, code="T-RT-01", params=params, found_at=now)
        _record("return_drafts", actor, drafts, {"reason": reason.strip()[:500]}, now)
        close_if_done(drafts)
    return drafts


def retry_drafts(actor: Actor, *, draft_ids: Sequence[UUID], now: datetime) -> list[Draft]:
    """Read returned drafts again, for example after a passing fault; what was found before is cleared.

    Drafts that were returned because a file could not be taken in have nothing to read; they stay as they are.
    """
    actor.require("retry_drafts")
    with transaction.atomic():
        locked = [_lock(actor, i) for i in sorted(draft_ids)]
        again = set(Draft.objects.filter(retriable(), id__in=draft_ids).values_list("id", flat=True))
        drafts = [d for d in locked if d.id in again]
        for draft in drafts:
            draft.state = DraftState.RECEIVED.value
            draft.changed_at = now
            draft.save(update_fields=["state", "changed_at"])
        Finding.objects.filter(draft__in=drafts).delete()
        Sheet.objects.filter(draft__in=drafts).delete()
        if drafts:
            Transfer.objects.filter(id__in={d.transfer_id for d in drafts}).update(
                state=TransferState.WORKING.value, closed_at=None
            )
            _record("retry_drafts", actor, drafts, {}, now)
            enqueue("read_drafts", queue="capture", priority=5, drafts=[str(d.id) for d in drafts])
    return drafts


def _lock(actor: Actor, draft_id: UUID) -> Draft:
    found = (
        Draft.objects.select_for_update(of=("self",))
        .select_related("transfer")
        .filter(id=draft_id, transfer__agency_id__in=actor.agency_ids)
        .first()
    )
    if found is None:
        raise Missing("T-01", "没有找到这件待归档材料，请核对链接。", "There is no such draft within your reach.")
    return found


def _record(op: str, actor: Actor, drafts: Sequence[Draft], detail: Mapping[str, object], now: datetime) -> None:
    entries = [
        NewEntry(op, actor.id, d.transfer.agency_id, (Subject(d.id), Subject(d.transfer_id)), dict(detail))
        for d in drafts
    ]
    record(entries, at=now)
