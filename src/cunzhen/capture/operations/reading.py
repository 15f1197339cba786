"""Reading: pages prepared and read, what they say proposed, the sure ones filed when the transfer asks for it."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction
from uuid_utils.compat import uuid7

from cunzhen.accounts.rules import Actor
from cunzhen.capture.extraction import describe
from cunzhen.capture.models import Draft, Finding, Sheet, SourceFile
from cunzhen.capture.operations.filing import close_if_done, file_drafts
from cunzhen.capture.problems import Problem
from cunzhen.capture.proposal import Proposal, propose
from cunzhen.capture.queries import inbox_file
from cunzhen.capture.readers import ReadFile, ReadingPool, shared_pool
from cunzhen.capture.rules import DraftState
from cunzhen.capture.thumbnails import keep_thumbnail
from cunzhen.database.rows import copy_rows
from cunzhen.formats.failpoints import failpoint
from cunzhen.formats.probes import Probe
from cunzhen.holdings.queries import seal_page
from cunzhen.ledger.operations import NewEntry, Subject, record

FLUSH_SECONDS = 3.0  # what is read is stored at least this often, so that progress shows and little is read twice
FLUSH_DRAFTS = 32


@dataclass
class _Read:
    """One draft with what its files gave."""

    draft: Draft
    files: list[tuple[SourceFile, ReadFile]] = field(default_factory=list)

    @property
    def problems(self) -> list[tuple[SourceFile, Problem]]:
        return [(f, p) for f, r in self.files for p in r.problems]

    @property
    def is_returned(self) -> bool:
        return any(p.returns for _, p in self.problems)


def read_drafts(
    actor: Actor, *, draft_ids: Sequence[UUID], clock: Callable[[], datetime], pool: ReadingPool | None = None
) -> int:
    """Read drafts that were received, propose their descriptions, and file the sure ones of automatic transfers.

    1. the right; 2. drafts still ``received``, each file read in a process of its own; 3. every few seconds what is
    ready is stored in one transaction, conditionally on the state, so that a job run twice has its effect once;
    4. a file that cannot be read returns its draft with a numbered finding, the others go on.

    Args:
        clock: gives the time of each stored part.

    Returns:
        how many drafts were read.
    """
    actor.require("read_drafts")
    _file_left_over(actor, draft_ids, clock)
    drafts = list(
        Draft.objects.select_related("transfer__fonds")
        .filter(id__in=draft_ids, state=DraftState.RECEIVED.value, transfer__agency_id__in=actor.agency_ids)
        .order_by("id")
    )
    done = 0
    for part in _parts(_read_all(drafts, pool or shared_pool(settings.READERS))):
        _store(actor, part, clock())
        done += len(part)
    return done


def _file_left_over(actor: Actor, draft_ids: Sequence[UUID], clock: Callable[[], datetime]) -> None:
    """What an earlier run of this job has read and, killed or out of space, did not come to file."""
    left = Draft.objects.filter(id__in=draft_ids, state=DraftState.DESCRIBED.value).values_list("id", flat=True)
    if ids := list(left):
        file_drafts(actor, draft_ids=ids, now=clock())


def _read_all(drafts: Sequence[Draft], pool: ReadingPool) -> Iterator[_Read]:
    """Drafts in the order in which they become ready."""
    files = SourceFile.objects.filter(draft__in=drafts).order_by("draft_id", "number")
    by_draft: dict[UUID, list[SourceFile]] = {d.id: [] for d in drafts}
    for file in files:
        by_draft[file.draft_id].append(file)
    known = {d.id: d for d in drafts}
    open_reads = {d.id: _Read(d) for d in drafts}
    rows = [f for d in drafts for f in by_draft[d.id]]
    paths = [inbox_file(f) for f in rows]
    for position, result in pool.read_files(paths, [_probe(f) for f in rows]):
        file = rows[position]
        one = open_reads[file.draft_id]
        one.files.append((file, result))
        if len(one.files) == len(by_draft[file.draft_id]):
            one.files.sort(key=lambda pair: pair[0].number)
            yield open_reads.pop(known[file.draft_id].id)


def _probe(file: SourceFile) -> Probe:
    """What was found of the file when it was received."""
    return Probe(file.puid, file.mime, file.format_name, file.extension_matches, file.category, file.size)


def _parts(reads: Iterator[_Read]) -> Iterator[list[_Read]]:
    part: list[_Read] = []
    started = time.monotonic()
    for read in reads:
        part.append(read)
        if len(part) >= FLUSH_DRAFTS or time.monotonic() - started > FLUSH_SECONDS:
            yield part
            part, started = [], time.monotonic()
    if part:
        yield part


def _store(actor: Actor, reads: Sequence[_Read], now: datetime) -> None:
    """Pages, proposals and findings in one transaction; then file what is sure."""
    proposals = {r.draft.id: _propose(r) for r in reads if not r.is_returned}
    sheets = [s for r in reads if not r.is_returned for s in _sheets(r)]
    with transaction.atomic():
        fresh = _claim(reads)
        reads = [r for r in reads if r.draft.id in fresh]
        Sheet.objects.filter(draft_id__in=fresh).delete()
        copy_rows([s for s in sheets if s.draft_id in fresh])
        _update_drafts(reads, proposals, now)
        copy_rows([f for r in reads for f in _findings(r, proposals.get(r.draft.id), now)])
        _count_pages(reads)
        _record(actor, reads, now)
        # Filing has its own; a part of which nothing is filed may be the last of its transfer.
        close_if_done([r.draft for r in reads if r.is_returned])
    failpoint("read-1-stored")
    sure = [r.draft for r in reads if _is_filed_at_once(r, proposals)]
    if sure:
        file_drafts(actor, draft_ids=[d.id for d in sure], now=now)


def _claim(reads: Sequence[_Read]) -> set[UUID]:
    """Drafts that nobody has moved on meanwhile, locked."""
    return set(
        Draft.objects.select_for_update()
        .filter(id__in=[r.draft.id for r in reads], state=DraftState.RECEIVED.value)
        .order_by("id")
        .values_list("id", flat=True)
    )


def _propose(read: _Read) -> Proposal:
    transfer = read.draft.transfer
    row = json.loads(read.draft.catalogue) if read.draft.catalogue else {}
    row.pop("line", None)
    read.draft.catalogue_row = row  # type: ignore[attr-defined]
    suggestions = describe([p.text for _, r in read.files for p in r.pages])
    read.draft.suggestions = json.dumps(suggestions.to_data(), ensure_ascii=False)
    return propose(suggestions, row, default_year=transfer.default_year, default_series=transfer.default_series)


def _sheets(read: _Read) -> list[Sheet]:
    sheets: list[Sheet] = []
    for file, result in read.files:
        for index, page in enumerate(result.pages):
            sheet = Sheet(
                id=uuid7(),
                draft_id=read.draft.id,
                file_id=file.id,
                number=len(sheets) + 1,
                index=index,
                words=seal_page(page.text),
            )
            sheets.append(sheet)
            if page.thumbnail:
                keep_thumbnail(sheet.id, page.thumbnail)
    return sheets


def _is_filed_at_once(read: _Read, proposals: dict[UUID, Proposal]) -> bool:
    proposal = proposals.get(read.draft.id)
    return bool(proposal and read.draft.transfer.auto and not proposal.unsure)


def _update_drafts(reads: Sequence[_Read], proposals: dict[UUID, Proposal], now: datetime) -> None:
    rows = []
    for read in reads:
        proposal = proposals.get(read.draft.id)
        state = DraftState.RETURNED if proposal is None else DraftState.WAITING
        if _is_filed_at_once(read, proposals):
            state = DraftState.DESCRIBED
        rows.append(
            (
                state.value,
                _sealed("suggestions", read.draft.suggestions),
                _sealed("description", proposal.description.to_json() if proposal else None),
                proposal.description.title if proposal else "",
                json.dumps(list(proposal.unsure) if proposal else []),
                sum(len(r.pages) for _, r in read.files),
                now,
                read.draft.id,
            )
        )
    with connection.cursor() as cursor:
        cursor.executemany(
            f"UPDATE {Draft._meta.db_table} SET state = %s, suggestions = %s, description = %s, title = %s,"  # noqa: S608
            " unsure = %s::jsonb, page_count = %s, changed_at = %s WHERE id = %s",
            rows,
        )


def _sealed(name: str, text: str | None) -> bytes | None:
    sealed: bytes | None = Draft._meta.get_field(name).get_db_prep_value(text, connection)  # type: ignore[union-attr]
    return sealed


def _findings(read: _Read, proposal: Proposal | None, now: datetime) -> list[Finding]:
    draft = read.draft
    found = [
        Finding(
            transfer_id=draft.transfer_id,
            draft_id=draft.id,
            file_path=file.path,
            code=problem.code,
            params=dict(problem.params),
            found_at=now,
        )
        for file, problem in read.problems
    ]
    if proposal and proposal.disagreements:
        params = {"fields": "、".join(_FIELD_NAMES.get(d, d) for d in proposal.disagreements)}
        found.append(
            Finding(transfer_id=draft.transfer_id, draft_id=draft.id, code="T-CA-03", params=params, found_at=now)
        )
    listed = str(getattr(draft, "catalogue_row", {}).get("pages", ""))
    pages = sum(len(r.pages) for _, r in read.files)
    if listed.isdigit() and int(listed) != pages and not read.is_returned:
        params = {"listed": listed, "found": str(pages)}
        found.append(
            Finding(transfer_id=draft.transfer_id, draft_id=draft.id, code="T-CA-04", params=params, found_at=now)
        )
    return found


_FIELD_NAMES = {"persons": "姓名或身份证号", "unit": "单位", "year": "年度"}


def _count_pages(reads: Sequence[_Read]) -> None:
    rows = [(len(result.pages), file.id) for r in reads for file, result in r.files]
    with connection.cursor() as cursor:
        cursor.executemany(f"UPDATE {SourceFile._meta.db_table} SET page_count = %s WHERE id = %s", rows)  # noqa: S608


def _record(actor: Actor, reads: Sequence[_Read], now: datetime) -> None:
    """One entry for the batch: which drafts were read."""
    by_transfer: dict[UUID, list[Draft]] = {}
    for read in reads:
        by_transfer.setdefault(read.draft.transfer_id, []).append(read.draft)
    record(
        [
            NewEntry(
                "read_drafts",
                actor.id,
                drafts[0].transfer.agency_id,
                (Subject(transfer_id), *(Subject(d.id) for d in drafts)),
                {},
            )
            for transfer_id, drafts in by_transfer.items()
        ],
        at=now,
    )
