"""A person describes, returns or retries what waits for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from uuid import UUID

from django.db import transaction

from cunzhen.accounts.rules import Actor
from cunzhen.capture.models import Draft, Finding, Sheet, Transfer
from cunzhen.capture.operations.filing import close_if_done
from cunzhen.capture.rules import Description, DraftState, TransferState
from cunzhen.errors import Conflict, Invalid, Missing
from cunzhen.formats.identifiers import is_identity_number, is_uscc
from cunzhen.holdings import kinds
from cunzhen.jobs.operations import enqueue
from cunzhen.ledger.operations import NewEntry, Subject, record

EARLIEST_YEAR = 1900
LONGEST_TITLE = 300


def describe_draft(actor: Actor, *, draft_id: UUID, description: Description, now: datetime) -> Draft:
    """Confirm what an item is; it is filed next, by a job.

    Raises:
        Refused, Missing. Conflict: ``T-DE-01`` somebody else has dealt with it. Invalid: ``T-DE-02`` with
        ``params["fields"]``, field name to message, for everything that cannot be accepted.
    """
    actor.require("describe_draft")
    problems = description_problems(description, now)
    if problems:
        raise Invalid(
            "T-DE-02",
            "有内容需要更正：" + "；".join(problems.values()),
            "Some fields need mending.",
            fields=problems,
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


def description_problems(description: Description, now: datetime) -> dict[str, str]:
    """Field name to a Chinese sentence that says how to mend it; empty where all is well."""
    problems: dict[str, str] = {}
    if not kinds.is_kind(description.kind):
        problems["kind"] = "请选择材料种类。"
    if not kinds.is_series(description.series):
        problems["series"] = "请选择类别。"
    if not description.title.strip():
        problems["title"] = "请填写题名。"
    elif len(description.title) > LONGEST_TITLE:
        problems["title"] = f"题名不能超过 {LONGEST_TITLE} 个字。"
    if not EARLIEST_YEAR <= description.year <= now.year:
        problems["year"] = f"年度应在 {EARLIEST_YEAR} 至 {now.year} 之间。"
    if description.document_date and not _is_date(description.document_date):
        problems["document_date"] = "日期请写成 2019-03-06、2019-03 或 2019。"
    elif description.document_date and int(description.document_date[:4]) - description.year not in {0, 1}:
        problems["document_date"] = "日期应在年度当年或次年，请核对。"  # yearly reports are dated the year after
    for number, person in enumerate(description.persons):
        if person.id_number and not is_identity_number(person.id_number):
            problems[f"persons-{number}-id_number"] = "身份证号校验位不符，请对照原件核对每一位。"
    for number, unit in enumerate(description.units):
        if unit.uscc and not is_uscc(unit.uscc):
            problems[f"units-{number}-uscc"] = "统一社会信用代码校验位不符，请核对。"
    return problems


def _is_date(text: str) -> bool:
    try:
        date.fromisoformat((text + "-01-01")[:10])
    except ValueError:
        return False
    return len(text) in {4, 7, 10}


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
    """Read returned drafts again, for example after a passing fault; what was found before is cleared."""
    actor.require("retry_drafts")
    with transaction.atomic():
        drafts = [d for d in (_lock(actor, i) for i in sorted(draft_ids)) if d.state == DraftState.RETURNED]
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
