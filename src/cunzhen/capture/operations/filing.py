"""Filing what is described: the four-property check, then number, package, rows, ledger in one act; batches close."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePosixPath
from uuid import UUID

from django.db import connection, transaction
from uuid_utils.compat import uuid7

from cunzhen.accounts.rules import Actor
from cunzhen.capture.checks import CheckResult, FileFacts, ItemFacts, failures, run_filing_checks
from cunzhen.capture.messages import wording
from cunzhen.capture.models import Draft, Finding, Sheet, SourceFile, Transfer
from cunzhen.capture.queries import counts_of, inbox_file, inbox_of, retriable
from cunzhen.capture.rules import FINAL, Description, DraftState, TransferState
from cunzhen.database.rows import copy_rows
from cunzhen.errors import Missing
from cunzhen.formats.digests import FileDigests, digest_file
from cunzhen.formats.failpoints import failpoint
from cunzhen.holdings import kinds
from cunzhen.holdings.operations import file_items
from cunzhen.holdings.packaging import TEXT_PATH, component_path
from cunzhen.holdings.queries import open_page
from cunzhen.holdings.rules import Check, Filed, NewComponent, NewItem, NewPage
from cunzhen.jobs import enqueue
from cunzhen.ledger.operations import NewEntry, Subject, record


@dataclass(frozen=True)
class _Ready:
    """A described draft with everything that filing needs."""

    draft: Draft
    description: Description
    files: tuple[SourceFile, ...]
    digests: tuple[FileDigests | None, ...]
    sheets: tuple[Sheet, ...]


def file_drafts(actor: Actor, *, draft_ids: Sequence[UUID], now: datetime) -> list[Filed]:
    """File described drafts: those that pass every check get their number and package, the others go back.

    1. the right; 2. the drafts, locked and still ``described``; 3. the four-property check of the filing link
    (DA/T 70-2018), on bytes hashed anew; 4. ``holdings.file_items`` for all that passed; 5. states, findings, ledger.
    Nothing is half filed: all of it commits together, after the packages are durable.

    Returns:
        what was filed or found to be a duplicate, in the order of the drafts.

    Raises:
        Refused. Unavailable: no space or no key; the drafts stay described and the job tries again.
    """
    actor.require("file_drafts")
    with transaction.atomic():
        ready = _load(actor, draft_ids)
        checked = [(r, run_filing_checks(_facts(r), now)) for r in ready]
        passed = [(r, results) for r, results in checked if not failures(results)]
        failed = [(r, failures(results)) for r, results in checked if failures(results)]
        filed = file_items(actor, items=[_new_item(r, results) for r, results in passed], now=now)
        failpoint("file-4-filed")
        _settle([(r.draft, f) for (r, _), f in zip(passed, filed, strict=True)], now)
        _return(actor, failed, now)
        drafts = [r.draft for r in ready]
        Sheet.objects.filter(draft__in=[r.draft for r, _ in passed]).delete()
        if drafts:
            close_if_done(drafts)
    return filed


def _load(actor: Actor, draft_ids: Sequence[UUID]) -> list[_Ready]:
    drafts = list(
        Draft.objects.select_for_update(of=("self",), skip_locked=True)
        .select_related("transfer")
        .filter(id__in=draft_ids, state=DraftState.DESCRIBED.value, transfer__agency_id__in=actor.agency_ids)
        .order_by("id")
    )
    files: dict[UUID, list[SourceFile]] = {d.id: [] for d in drafts}
    for file in SourceFile.objects.filter(draft__in=drafts).order_by("draft_id", "number"):
        files[file.draft_id].append(file)
    sheets: dict[UUID, list[Sheet]] = {d.id: [] for d in drafts}
    for sheet in Sheet.objects.filter(draft__in=drafts).order_by("draft_id", "number"):
        sheets[sheet.draft_id].append(sheet)
    return [
        _Ready(
            d,
            Description.from_json(d.description or "{}"),
            tuple(files[d.id]),
            tuple(_digests(f) for f in files[d.id]),
            tuple(sheets[d.id]),
        )
        for d in drafts
    ]


def _digests(file: SourceFile) -> FileDigests | None:
    path = inbox_file(file)
    return digest_file(path) if path.is_file() else None


def _facts(ready: _Ready) -> ItemFacts:
    description = ready.description
    kind = kinds.all_kinds().get(description.kind)
    unit = description.units[0] if description.units else None
    paths = tuple(component_path(n, f.path) for n, f in enumerate(ready.files, 1))
    values = {
        "kind": description.kind,
        "title": description.title,
        "year": str(description.year or ""),
        "document_date": description.document_date,
        "unit": unit.name if unit else "",
        "uscc": unit.uscc if unit else "",
        **description.extra,
    }
    return ItemFacts(
        values=values,
        persons=tuple((p.name, p.id_number) for p in description.persons),
        required=tuple(f for f in kind.required if f in {"title", "year"}) if kind else ("title", "year"),
        archival_code="",
        code_template="",
        previous_serial=-1,
        serial=-1,
        code_taken=False,
        same_content=(),
        kind_known=kind is not None,
        schedule_row=kind is not None,
        files=tuple(_file_facts(f, d, p) for f, d, p in zip(ready.files, ready.digests, paths, strict=True)),
        declared_items=-1,
        received_items=1,
        declared_bytes=-1,
        received_bytes=sum(f.size for f in ready.files),
        package_paths=(*paths, TEXT_PATH),
        described_paths=(*paths, TEXT_PATH),
        page_count=len(ready.sheets),
    )


def _file_facts(file: SourceFile, digests: FileDigests | None, path: str) -> FileFacts:
    suffix = PurePosixPath(file.path).suffix.lower().lstrip(".")
    return FileFacts(
        path=path,
        promised_sha256=file.sha256,
        real_sha256=digests.sha256 if digests else "",
        promised_sm3=file.sm3,
        real_sm3=digests.sm3 if digests else "",
        promised_bytes=file.size,
        real_bytes=digests.size if digests else 0,
        puid=file.puid,
        extension=suffix,
        format_extensions=(suffix,) if file.extension_matches else (f"not-{suffix}",),
        present=digests is not None,
        encrypted=False,
        readable=file.page_count > 0,
        pages=file.page_count,
        expected_pages=file.page_count,
    )


def _new_item(ready: _Ready, results: Sequence[CheckResult]) -> NewItem:
    description = ready.description
    position = {f.id: n for n, f in enumerate(ready.files)}
    return NewItem(
        id=uuid7(),
        fonds_id=ready.draft.transfer.fonds_id,
        series=description.series,
        kind=description.kind,
        title=description.title,
        year=description.year,
        document_date=description.document_date,
        transfer_id=ready.draft.transfer_id,
        components=tuple(_component(f) for f in ready.files),
        pages=tuple(NewPage(s.id, position[s.file_id], s.index, open_page(s.words)) for s in ready.sheets),
        persons=description.persons,
        units=tuple(u for u in description.units if u.name or u.uscc),
        checks=tuple(Check(r.code, r.standard_code, r.result) for r in results),
        extra=dict(description.extra),
    )


def _component(file: SourceFile) -> NewComponent:
    return NewComponent(
        id=file.id,
        source=inbox_file(file),
        name=file.path,
        size=file.size,
        sha256=file.sha256,
        sm3=file.sm3,
        sha512=file.sha512,
        puid=file.puid,
        mime=file.mime,
        format_name=file.format_name,
    )


def _settle(outcomes: Sequence[tuple[Draft, Filed]], now: datetime) -> None:
    rows = [
        (
            (DraftState.DUPLICATE if filed.duplicate else DraftState.FILED).value,
            filed.id,
            filed.archival_code,
            filed.package_sha512,
            now,
            draft.id,
        )
        for draft, filed in outcomes
    ]
    with connection.cursor() as cursor:
        cursor.executemany(
            f"UPDATE {Draft._meta.db_table} SET state = %s, item_id = %s, archival_code = %s, package_sha512 = %s,"  # noqa: S608
            " changed_at = %s, suggestions = NULL, unsure = '[]' WHERE id = %s",
            rows,
        )
    copy_rows(
        [
            Finding(transfer_id=draft.transfer_id, draft_id=draft.id, code="T-DU-01", params={}, found_at=now)
            for draft, filed in outcomes
            if filed.duplicate
        ]
    )


def _return(actor: Actor, failed: Sequence[tuple[_Ready, Sequence[CheckResult]]], now: datetime) -> None:
    """Send back what failed, with numbered reasons; a failed description waits for a person instead."""
    for ready, results in failed:
        draft = ready.draft
        back = any(wording(r.code).returns for r in results)
        draft.state = (DraftState.RETURNED if back else DraftState.WAITING).value
        draft.unsure = [f for r in results for f in r.params.get("fields", "").split("、") if f]
        draft.changed_at = now
        draft.save(update_fields=["state", "unsure", "changed_at"])
        Finding.objects.bulk_create(
            Finding(transfer_id=draft.transfer_id, draft=draft, code=r.code, params=dict(r.params), found_at=now)
            for r in results
        )
    record(
        [
            NewEntry(
                "return_drafts",
                actor.id,
                ready.draft.transfer.agency_id,
                (Subject(ready.draft.id), Subject(ready.draft.transfer_id)),
                {"findings": [r.code for r in results]},
            )
            for ready, results in failed
        ],
        at=now,
    )


def close_if_done(drafts: Sequence[Draft]) -> None:
    """Queue the closing check of every transfer that these drafts belong to."""
    for transfer_id in sorted({d.transfer_id for d in drafts}):
        enqueue("close_transfer", queue="capture", lock=str(transfer_id), transfer=str(transfer_id))


def close_transfer(actor: Actor, *, transfer_id: UUID, now: datetime) -> Transfer:
    """Close a transfer whose every item is filed, returned or a duplicate; otherwise leave it as it is.

    Raises:
        Refused. Missing: ``T-00``.
    """
    actor.require("close_transfer")
    with transaction.atomic():
        transfer = (
            Transfer.objects.select_for_update(of=("self",))
            .select_related("fonds")
            .filter(id=transfer_id, agency_id__in=actor.agency_ids)
            .first()
        )
        if transfer is None:
            raise Missing("T-00", "没有找到这个归档批次，请核对链接。", "There is no such transfer within your reach.")
        unfinished = Draft.objects.filter(transfer=transfer).exclude(state__in=[s.value for s in FINAL]).exists()
        if transfer.state != TransferState.WORKING or unfinished:
            return transfer
        transfer.state = TransferState.CLOSED.value
        transfer.closed_at = now
        transfer.save(update_fields=["state", "closed_at"])
        counts = counts_of(transfer)
        detail: Mapping[str, object] = {
            name: getattr(counts, name) for name in ("sent", "filed", "returned", "duplicates")
        }
        record([NewEntry("close_transfer", actor.id, transfer.agency_id, (Subject(transfer.id),), detail)], at=now)
        if not Draft.objects.filter(retriable(), transfer=transfer).exists():
            transaction.on_commit(lambda: shutil.rmtree(inbox_of(transfer_id), ignore_errors=True))
    return transfer
