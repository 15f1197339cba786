"""From a new item to its package: the originals byte for byte, the text read, the description (METS)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import PurePosixPath
from uuid import UUID

from django.conf import settings
from uuid_utils.compat import uuid7

from cunzhen.accounts.models import Agency
from cunzhen.formats import mets
from cunzhen.formats.digests import digest_bytes
from cunzhen.holdings import kinds
from cunzhen.holdings.corrections import Row
from cunzhen.holdings.models import Fonds, Mention, ScheduleRow, Series
from cunzhen.holdings.rules import NewItem, retention_end
from cunzhen.preservation.rules import ContentFile, NewPackage

TEXT_PATH = "text/pages.json"


@dataclass(frozen=True)
class ItemContext:
    """What the catalogue adds to a new item when it is filed."""

    fonds: Fonds
    series: Series
    row: ScheduleRow | None
    archival_code: str
    term: str
    hold: str
    actor_id: UUID
    actor_name: str
    mentions: Sequence[Mention]


def component_path(number: int, name: str) -> str:
    """Where an original lies in its package: by number, with its suffix; the name it had stands in the METS."""
    return content_path("originals", number, name)


def content_path(folder: str, number: int, name: str) -> str:
    """Where a numbered file lies in a package: its suffix is kept where every disk can bear it."""
    suffix = PurePosixPath(name).suffix.lower()
    return f"{folder}/{number:04}{suffix if suffix[1:].isalnum() and suffix.isascii() and len(suffix) <= 6 else ''}"


def to_package(new: NewItem, said: mets.Description, *, author: str, stores: Sequence[str]) -> NewPackage:
    """The package of a new item, ready for ``preservation.keep_packages``.

    Args:
        new: the item's files.
        said: of it, from ``describe``.
        author: name of who files it.
        stores: that its series promises; none means all.
    """
    text = _content(TEXT_PATH, _text_json(new))
    description = _content(mets.METS_PATH, mets.write_mets(said))
    originals = tuple(
        ContentFile(component_path(number, c.name), c.source, c.sha256, c.sm3)
        for number, c in enumerate(new.components, 1)
    )
    return NewPackage(
        id=new.id,
        files=(*originals, text, description),
        message=f"归档 {said.codes[0].code}",
        author=author,
        created_at=said.filed_at,
        stores=tuple(stores),
    )


def _content(path: str, data: bytes) -> ContentFile:
    digests = digest_bytes(data)
    return ContentFile(path, data, digests.sha256, digests.sm3)


def _text_json(new: NewItem) -> bytes:
    """Every word read, with box and confidence, one page an element (format of formats/page_text.py)."""
    pages = [json.loads(p.text.to_json()) for p in new.pages]
    return json.dumps({"format": "cunzhen-pages-1", "pages": pages}, ensure_ascii=False, separators=(",", ":")).encode()


def _agency(agency: Agency) -> mets.Agency:
    return mets.Agency(agency.id, agency.name)


def describe(new: NewItem, context: ItemContext, *, now: datetime) -> mets.Description:
    """What the package says of a new item; the catalogue's rows come from the same (``rows.rows_of``)."""
    fonds = context.fonds
    return mets.Description(
        item_id=new.id,
        node=settings.NODE,
        agency=_agency(fonds.keeper),
        fonds=mets.Fonds(
            fonds.id,
            fonds.code,
            fonds.name,
            _agency(fonds.keeper),
            _agency(fonds.creator),
            _agency(fonds.insurance_owner),
            fonds.code_template,
        ),
        series=mets.Series(context.series.id, context.series.code, context.series.name),
        title=new.title,
        kind=new.kind,
        kind_name=kinds.kind_name(new.kind),
        year=new.year,
        retention=retention_out(
            fonds,
            context.row,
            term=context.term,
            end=retention_end(context.term, new.year),
            hold=context.hold,
        ),
        content_sha256=new.content_sha256,
        transfer_id=new.transfer_id,
        filed_at=now,
        filed_by=context.actor_id,
        document_date=new.document_date,
        date_precision=date_precision(new.document_date),
        codes=(mets.ArchivalCode(context.archival_code, fonds.keeper_id, now),),
        persons=tuple(mention_out(m) for m in context.mentions if m.kind == "person"),
        employers=tuple(mention_out(m) for m in context.mentions if m.kind == "employer"),
        components=_components(new),
        pages=_pages(new),
        checks=tuple(mets.Check(c.code, c.result, c.message, c.standard_code) for c in new.checks),
        events=(mets.Event(uuid7(), "file_drafts", now, context.actor_id, context.actor_name, outcome="success"),),
        extras=tuple(mets.Extra(name, value) for name, value in sorted(new.extra.items())),
    )


def retention_out(
    fonds: Fonds, row: ScheduleRow | Row | None, *, term: str, end: date | None, hold: str
) -> mets.Retention:
    """The retention as the package says it, with the row of the schedule that it rests on."""
    return mets.Retention(
        term=term,
        end=end,
        hold_reason=hold,
        schedule_version=fonds.schedule.version,
        schedule_id=fonds.schedule_id,
        row_id=row.id if row else None,
        category=row.category if row else "",
        number=row.number if row else "",
        material=row.material if row else "",
        evidence=row.evidence if row else "",
        confirmed=not hold,
    )


def date_precision(document_date: str) -> str:
    """How precise a date is, as the package says it."""
    return {0: "", 4: "year", 7: "month", 10: "day"}[len(document_date)]


def mention_out(row: Mention) -> mets.Mention:
    """An assertion as the package says it, taken back or not."""
    kind = "resident_id" if row.kind == "person" else "uscc"
    return mets.Mention(
        id=row.id,
        subject_id=row.person_id or row.employer_id,
        name=row.name,
        source=row.source,
        confidence=row.confidence,
        asserted_by=row.asserted_by,
        asserted_at=row.asserted_at,
        retracted_at=row.retracted_at,
        page=row.page,
        box=tuple(row.box) if row.box else None,
        identifiers=(mets.Identifier(kind, row.number),) if row.number else (),
    )


def _components(new: NewItem) -> tuple[mets.Component, ...]:
    return tuple(
        mets.Component(
            id=c.id,
            number=number,
            path=component_path(number, c.name),
            name=c.name,
            size=c.size,
            sha256=c.sha256,
            sm3=c.sm3,
            sha512=c.sha512,
            puid=c.puid,
            mime=c.mime,
            format_name=c.format_name,
            page_count=sum(p.component == number - 1 for p in new.pages),
        )
        for number, c in enumerate(new.components, 1)
    )


def _pages(new: NewItem) -> tuple[mets.Page, ...]:
    return tuple(
        mets.Page(
            id=p.id,
            number=number,
            component=p.component + 1,
            index=p.index,
            width=p.text.width,
            height=p.text.height,
            rotation=p.text.rotation,
            skew=p.text.skew,
            blank=p.text.blank,
            engine=p.text.engine,
            confidence=p.text.confidence,
            text_path=TEXT_PATH,
        )
        for number, p in enumerate(new.pages, 1)
    )
