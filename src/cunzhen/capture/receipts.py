"""The receipt (回执) of a transfer: what came, what became of each item, with digests; shape fixed in docs/api.md."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import TypedDict
from uuid import UUID

from cunzhen.accounts.rules import Actor
from cunzhen.capture.messages import wording
from cunzhen.capture.models import Draft, Finding, SourceFile, Transfer
from cunzhen.capture.queries import counts_of, get_transfer
from cunzhen.capture.rules import DraftState
from cunzhen.formats.digests import digest_bytes
from cunzhen.holdings.rules import content_digest
from cunzhen.preservation.queries import preserved_count


class ReceiptFinding(TypedDict):
    """A finding as other programs read it."""

    code: str
    message: str


class ReceiptItem(TypedDict):
    """One item of the receipt; ``sha256`` and ``sm3`` are the file's, or over those of several; else empty."""

    source: str
    state: str
    archival_code: str
    title: str
    sha256: str
    sm3: str
    pages: int
    findings: list[ReceiptFinding]


class Receipt(TypedDict):
    """A whole receipt: sent = received = filed + waiting + returned + duplicates once nothing is in work."""

    transfer: str
    id: str
    sent: int
    received: int
    filed: int
    waiting: int
    returned: int
    duplicates: int
    in_work: int
    indexed: int
    preserved: int
    items: list[ReceiptItem]
    findings: list[ReceiptFinding]


def receipt_of(
    actor: Actor, *, transfer_id: UUID, indexed: Callable[[Sequence[UUID]], int], behind: int = 0
) -> Receipt:
    """The receipt from the rows as they stand; final once the transfer is closed.

    Args:
        indexed: how many of some items the search index holds now (the index is not this room's to ask).
        behind: ledger entries that the index has not followed yet; more than 0 adds a finding.

    Raises:
        Refused, Missing.
    """
    transfer = get_transfer(actor, transfer_id)
    counts = counts_of(transfer)
    filed = [
        i
        for i in Draft.objects.filter(transfer=transfer, state=DraftState.FILED.value).values_list("item_id", flat=True)
        if i
    ]
    files = _files_by_draft(transfer)
    findings, general = _findings(transfer)
    indexed_count = indexed(filed)
    if indexed_count < len(filed):
        general.append(_line("T-IX-01", {"behind": max(behind, len(filed) - indexed_count)}, ""))
    drafts = Draft.objects.filter(transfer=transfer).order_by("number")
    return Receipt(
        transfer=transfer.number,
        id=str(transfer.id),
        sent=counts.sent,
        received=counts.received,
        filed=counts.filed,
        waiting=counts.waiting + counts.in_work,
        returned=counts.returned,
        duplicates=counts.duplicates,
        in_work=counts.in_work,
        indexed=indexed_count,
        preserved=preserved_count(filed),
        items=[_item(d, files[d.id], findings[d.id]) for d in drafts],
        findings=general,
    )


def _files_by_draft(transfer: Transfer) -> dict[UUID, list[SourceFile]]:
    found: dict[UUID, list[SourceFile]] = defaultdict(list)
    for file in SourceFile.objects.filter(transfer=transfer).order_by("draft_id", "number"):
        found[file.draft_id].append(file)
    return found


def _findings(transfer: Transfer) -> tuple[dict[UUID, list[ReceiptFinding]], list[ReceiptFinding]]:
    by_draft: dict[UUID, list[ReceiptFinding]] = defaultdict(list)
    general: list[ReceiptFinding] = []
    for finding in Finding.objects.filter(transfer=transfer).order_by("found_at", "id"):
        line = _line(finding.code, finding.params, finding.file_path)
        if finding.draft_id:
            by_draft[finding.draft_id].append(line)
        else:
            general.append(line)
    return by_draft, general


def _line(code: str, params: dict[str, object], path: str) -> ReceiptFinding:
    words = wording(code)
    prefix = f"{path}：" if path else ""
    return ReceiptFinding(code=code, message=f"{prefix}{words.text(params)}。{words.remedy()}。")


def _item(draft: Draft, files: list[SourceFile], findings: list[ReceiptFinding]) -> ReceiptItem:
    single = len(files) == 1
    sha256 = content_digest([f.sha256 for f in files]) if files else ""  # nothing was taken in: nothing to digest
    sm3 = digest_bytes("\n".join(f.sm3 for f in files).encode()).sm3 if files else ""
    return ReceiptItem(
        source=draft.name,
        state="waiting" if draft.state in {DraftState.RECEIVED, DraftState.DESCRIBED} else draft.state,
        archival_code=draft.archival_code,
        title=draft.title,
        sha256=files[0].sha256 if single else sha256,
        sm3=files[0].sm3 if single else sm3,
        pages=draft.page_count,
        findings=findings,
    )
