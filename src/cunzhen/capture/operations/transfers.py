"""Opening a transfer, adding files to it, and receiving it: from a pile to registered items."""

from __future__ import annotations

import json
import shutil
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path, PurePosixPath
from uuid import UUID
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import connection, transaction
from uuid_utils.compat import uuid7

from cunzhen.accounts.rules import Actor
from cunzhen.capture.catalogues import CatalogueRow, hang, read_catalogue
from cunzhen.capture.grouping import Group, group_files
from cunzhen.capture.models import Draft, Finding, SourceFile, Transfer
from cunzhen.capture.operations.inboxes import alone_in, clear
from cunzhen.capture.piles import (
    Incoming,
    Rejected,
    SourceError,
    Stored,
    disk_failed,
    distinct,
    expand_zip,
    store_files,
)
from cunzhen.capture.queries import get_transfer, inbox_of
from cunzhen.capture.rules import DraftState, TransferState, chunked
from cunzhen.database.rows import copy_rows
from cunzhen.errors import Conflict, CunzhenError, Invalid, Missing
from cunzhen.formats.failpoints import failpoint
from cunzhen.formats.probes import Probe, identify
from cunzhen.holdings.models import Fonds, Item, Series
from cunzhen.holdings.rules import content_digest
from cunzhen.jobs.operations import enqueue
from cunzhen.ledger.operations import NewEntry, Subject, record

CHINA = ZoneInfo("Asia/Shanghai")
CHUNK = 32  # drafts a reading job takes: enough to share one sync, few enough to show progress


def open_transfer(
    actor: Actor,
    *,
    name: str,
    now: datetime,
    fonds_code: str = "",
    auto: bool = False,
    year: int | None = None,
    series: str = "",
) -> Transfer:
    """Open a transfer that files can be added to.

    Args:
        fonds_code: which fonds; may stay empty where the actor's agency keeps only one.
        auto: file the sure ones without waiting for a person.
        year, series: defaults for papers that do not say.

    Raises:
        Refused. Missing: ``T-OP-01`` no such fonds. Invalid: ``T-OP-02`` several fonds, none named; ``T-OP-04`` the
        fonds has no such series.
    """
    actor.require("open_transfer")
    with transaction.atomic():
        fonds = _choose_fonds(actor, fonds_code)
        if series and not Series.objects.filter(fonds=fonds, code=series).exists():
            raise Invalid("T-OP-04", "没有这个类别，请重新选择。", "There is no such category; please choose again.")
        transfer = Transfer(
            node=settings.NODE,
            number=_next_number(fonds.keeper_id, now),
            name=name.strip()[:200] or "未命名批次",
            agency_id=fonds.keeper_id,
            fonds=fonds,
            auto=auto,
            default_year=year,
            default_series=series,
            opened_by=actor.id,
            opened_at=now,
        )
        transfer.save(force_insert=True)
        _record("open_transfer", actor, transfer, {"number": transfer.number}, now)
    return transfer


def _choose_fonds(actor: Actor, code: str) -> Fonds:
    reachable = Fonds.objects.filter(keeper_id__in=actor.agency_ids).order_by("code")
    found = list(reachable.filter(code=code)[:2] if code else reachable[:2])
    if not found:
        raise Missing(
            "T-OP-01",
            f"没有全宗 {code}，请核对全宗号。" if code else "还没有全宗，请先设置。",
            "There is no such fonds.",
        )
    if len(found) > 1:
        raise Invalid(
            "T-OP-02", "有多个全宗，请指明归入哪一个。", "There are several fonds: name the one to file into."
        )
    return found[0]


def _next_number(agency_id: UUID, now: datetime) -> str:
    """2026-1122-01: the day and a serial within the agency, decided under a lock."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [(agency_id.int ^ 0x54524E) & 0x7FFF_FFFF_FFFF_FFFF])
    day = now.astimezone(CHINA).strftime("%Y-%m%d")
    taken = Transfer.objects.filter(agency_id=agency_id, number__startswith=f"{day}-").values_list("number", flat=True)
    serial = max((int(n.rsplit("-", 1)[1]) for n in taken), default=0) + 1
    return f"{day}-{serial:02}"


@dataclass(frozen=True)
class _Registered:
    """One item of the pile: its group, the files in the inbox, its catalogue row if it has one.

    Where a file of it could not be taken in, nothing of it is: an item that lacks a page must not be filed.
    """

    group: Group
    files: tuple[Stored, ...]
    row: CatalogueRow | None
    refused: tuple[Rejected, ...] = ()

    @property
    def content_sha256(self) -> str:
        return content_digest([f.digests.sha256 for f in self.files]) if self.files else ""


def receive_transfer(
    actor: Actor, *, transfer_id: UUID, incoming: Sequence[Incoming], rejected: Sequence[Rejected] = (), now: datetime
) -> Transfer:
    """Register a pile: copy it into the inbox with digests, find formats, group pages into items, hang the catalogue.

    Content that the fonds holds already is a duplicate at once; an item of which something could not be taken in is
    returned at once. The rest is queued for reading. When this returns the pile is safe: the sender may go away.

    Args:
        incoming: the files as ``piles.list_pile`` gives them; zips among them are unpacked.
        rejected: what could not be taken, each with its finding's code.

    Raises:
        Refused, Missing. Conflict: ``T-RE-01`` already received, or being received at this moment.
        Unavailable: ``T-ST-01`` no space; nothing was taken in.
    """
    actor.require("receive_transfer")
    transfer = get_transfer(actor, transfer_id)
    if transfer.state != TransferState.OPEN:
        raise _received(transfer)
    inbox = inbox_of(transfer.id)
    with alone_in(inbox):
        transfer.refresh_from_db(fields=["state"])
        if transfer.state != TransferState.OPEN:
            raise _received(transfer)
        stored, refused = _store(list(incoming), inbox)
        failpoint("receive-1-stored")
        _register(actor, transfer, stored, [*rejected, *refused], now)
    failpoint("receive-2-committed")
    return transfer


def _received(transfer: Transfer) -> Conflict:
    return Conflict("T-RE-01", f"批次 {transfer.number} 已经接收过了。", "This transfer was received already.")


def _store(incoming: list[Incoming], inbox: Path) -> tuple[list[Stored], list[Rejected]]:
    """Everything of the pile in the inbox, zips unpacked; after a failure the inbox is empty again."""
    try:
        clear(inbox)  # of an earlier try that was killed
        files, refused = _unpack(incoming, inbox)
        stored, unread = store_files(distinct(files), inbox)
        for folder in inbox.glob("zip*"):
            shutil.rmtree(folder)
    except OSError as error:
        clear(inbox)
        raise disk_failed(error) from error
    except BaseException:
        clear(inbox)
        raise
    return stored, [*refused, *unread]


def _register(
    actor: Actor, transfer: Transfer, stored: Sequence[Stored], rejected: Sequence[Rejected], now: datetime
) -> None:
    """Rows, ledger and the queue in one transaction; until it commits nothing has been received."""
    items, findings = _arrange(transfer, stored, rejected, now)
    probes = {f.stored: p for f, p in zip(stored, identify([f.stored for f in stored]), strict=True)}
    with transaction.atomic():
        locked = Transfer.objects.select_for_update().get(id=transfer.id)
        if locked.state != TransferState.OPEN:
            raise _received(transfer)
        drafts = _add_drafts(transfer, items, probes, findings, now)
        transfer.state = TransferState.WORKING.value
        transfer.sent_count = len(items)
        transfer.received_at = now
        transfer.save(update_fields=["state", "sent_count", "received_at"])
        refused = sum(bool(i.refused) for i in items)
        detail = {"items": len(items), "files": len(stored), "refused": refused}
        _record("receive_transfer", actor, transfer, detail, now)
        _queue_reading(transfer, [d for d in drafts if d.state == DraftState.RECEIVED])


def _unpack(incoming: list[Incoming], inbox: Path) -> tuple[list[Incoming], list[Rejected]]:
    """Replace every zip by what it holds; a zip that cannot be opened is a finding, the rest goes on."""
    files: list[Incoming] = []
    rejected: list[Rejected] = []
    for number, one in enumerate(incoming):
        if PurePosixPath(one.path).suffix.lower() != ".zip":
            files.append(one)
            continue
        folder = inbox / f"zip{number:05}"
        folder.mkdir(parents=True, exist_ok=True)
        try:
            one.source.open("rb").close()
        except OSError:
            rejected.append(Rejected(one.path, "T-PA-05"))
            continue
        try:
            inside, refused = expand_zip(one.source, folder)
        except SourceError:
            if one.ours:
                raise  # it was sent over the line and lies on our own disk
            rejected.append(Rejected(one.path, "T-PA-07"))
            continue
        except CunzhenError as error:
            rejected.append(Rejected(one.path, error.code))
            continue
        files += inside
        rejected += [Rejected(f"{one.path}/{r.path}", r.code) for r in refused]
    return files, rejected


def _arrange(
    transfer: Transfer, stored: Sequence[Stored], rejected: Sequence[Rejected], now: datetime
) -> tuple[list[_Registered], list[Finding]]:
    """Catalogues first, then names: which files make which item, and what does not match."""
    by_path = {f.path: f for f in stored}
    catalogues = {f.path: read for f in stored if (read := read_catalogue(f.stored, f.path)) is not None}
    refused = _named_apart(rejected, by_path)
    papers = [*(p for p in by_path if p not in catalogues), *refused]
    groups: dict[str, Sequence[str]] = {}
    rows: dict[str, CatalogueRow] = {}
    findings: list[Finding] = []
    taken: dict[str, int] = {}
    for path, catalogue in catalogues.items():
        hanging = hang(catalogue, str(PurePosixPath(path).parent), papers, taken)
        groups |= hanging.groups
        rows |= hanging.rows
        findings += [_finding(transfer, "T-CA-01", path, {"line": r.line}, now) for r in hanging.missing]
        findings += [
            _finding(transfer, "T-CA-05", path, {"line": r.line, "other": other}, now) for r, other in hanging.repeated
        ]
        findings += [_finding(transfer, "T-CA-02", p, {}, now) for p in hanging.unlisted]
    items = []
    for group in group_files(papers, groups):
        lacks = tuple(refused[p] for p in group.paths if p in refused)
        files = () if lacks else tuple(by_path[p] for p in group.paths)
        items.append(_Registered(group, files, rows.get(group.name), lacks))
    return items, findings


def _named_apart(rejected: Sequence[Rejected], taken: Container[str]) -> dict[str, Rejected]:
    """What could not be taken in by a name of its own; two that look alike stay two."""
    named: dict[str, Rejected] = {}
    for one in rejected:
        path, number = one.path, 2
        while path in named or path in taken:
            path, number = f"({number})/{one.path}", number + 1
        named[path] = replace(one, path=path)
    return named


def _finding(
    transfer: Transfer, code: str, path: str, params: Mapping[str, object], now: datetime, draft: Draft | None = None
) -> Finding:
    return Finding(
        transfer_id=transfer.id,
        draft_id=draft.id if draft else None,
        code=code,
        file_path=path[:1000],
        params=dict(params),
        found_at=now,
    )


def _add_drafts(
    transfer: Transfer,
    items: Sequence[_Registered],
    probes: Mapping[Path, Probe],
    findings: list[Finding],
    now: datetime,
) -> list[Draft]:
    known = dict(
        Item.objects.filter(
            fonds_id=transfer.fonds_id, content_sha256__in=[i.content_sha256 for i in items if i.files]
        ).values_list("content_sha256", "id")
    )
    codes = dict(Item.objects.filter(id__in=known.values()).values_list("id", "archival_code"))
    drafts: list[Draft] = []
    files: list[SourceFile] = []
    for number, item in enumerate(items, 1):
        existing = known.get(item.content_sha256)
        draft = Draft(
            id=uuid7(),
            transfer_id=transfer.id,
            number=number,
            name=item.group.name[:1000],
            state=_first_state(item, existing),
            content_sha256=item.content_sha256,
            catalogue=_row_json(item.row),
            item_id=existing,
            archival_code=codes.get(existing, "") if existing else "",
            changed_at=now,
        )
        drafts.append(draft)
        files += _files_of(transfer, draft, item, probes)
        if existing:
            findings.append(Finding(transfer_id=transfer.id, draft_id=draft.id, code="T-DU-01", found_at=now))
        findings += [_finding(transfer, r.code, r.path, {}, now, draft) for r in item.refused]
    copy_rows(drafts)
    copy_rows(files)
    copy_rows(findings)
    return drafts


def _first_state(item: _Registered, existing: UUID | None) -> str:
    state = DraftState.RETURNED if item.refused else DraftState.DUPLICATE if existing else DraftState.RECEIVED
    return state.value


def _row_json(row: CatalogueRow | None) -> str | None:
    return json.dumps({"line": row.line, **row.values}, ensure_ascii=False) if row else None


def _files_of(transfer: Transfer, draft: Draft, item: _Registered, probes: Mapping[Path, Probe]) -> list[SourceFile]:
    return [
        SourceFile(
            id=file.id,
            transfer_id=transfer.id,
            draft_id=draft.id,
            number=number,
            path=file.path[:1000],
            size=file.digests.size,
            sha256=file.digests.sha256,
            sm3=file.digests.sm3,
            sha512=file.digests.sha512,
            puid=probes[file.stored].puid,
            mime=probes[file.stored].mime,
            format_name=probes[file.stored].format_name[:200],
            category=probes[file.stored].category,
            extension_matches=probes[file.stored].extension_matches,
        )
        for number, file in enumerate(item.files, 1)
    ]


def _queue_reading(transfer: Transfer, drafts: Sequence[Draft]) -> None:
    """Early chunks first across all transfers: a small batch is not kept waiting behind a large one."""
    for number, chunk in enumerate(chunked(drafts, CHUNK)):
        enqueue("read_drafts", queue="capture", priority=-number, drafts=[str(d.id) for d in chunk])
    if not drafts:
        enqueue("close_transfer", queue="capture", transfer=str(transfer.id))


def _record(op: str, actor: Actor, transfer: Transfer, detail: Mapping[str, object], now: datetime) -> None:
    record([NewEntry(op, actor.id, transfer.agency_id, (Subject(transfer.id),), dict(detail))], at=now)
