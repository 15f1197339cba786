"""Items over the API: list, one, its pages' text, its files."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from django.http import FileResponse, HttpRequest, HttpResponse
from django.utils import timezone
from ninja import Router, Schema

from cunzhen.access.folding import Reading
from cunzhen.access.marking import covered
from cunzhen.api.auth import actor_in
from cunzhen.api.described import FILE_ANSWER
from cunzhen.api.paging import Page, page_of
from cunzhen.api.texts import Code, Limit, Year
from cunzhen.formats.identifiers import mask
from cunzhen.holdings import kinds, queries
from cunzhen.holdings.models import Item, Rendition
from cunzhen.holdings.operations import view_component, view_item, view_page
from cunzhen.preservation.queries import open_content
from cunzhen.ui.downloads import sent_file

router = Router(tags=["items"])


class ItemOut(Schema):
    """One item in a list."""

    id: UUID
    archival_code: str
    title: str
    kind: str
    kind_name: str
    series: str
    fonds: str
    year: int
    document_date: str
    retention: str
    retention_end: date | None
    held: bool
    pages: int
    filed_at: datetime
    version: int


class ComponentOut(Schema):
    """One file of an item, with its digests (hex)."""

    number: int
    name: str
    size: int
    mime: str
    format: str
    puid: str
    sha256: str
    sm3: str
    pages: int


class RenditionOut(Schema):
    """A further form of an item, made elsewhere, with its digests (hex); ``source`` 0 is the item as a whole."""

    number: int
    source: int
    name: str
    note: str
    size: int
    mime: str
    format: str
    puid: str
    sha256: str
    sm3: str
    added_at: datetime


class NamedOut(Schema):
    """Who a paper names; identity numbers are masked. ``id`` is what a correction takes back."""

    id: UUID
    kind: str
    name: str
    number: str
    page: int
    box: list[int] | None
    confidence: float
    source: str


class ItemDetailOut(ItemOut):
    """One item with its files and whom it names."""

    content_sha256: str
    security_level: str
    case_number: str
    extra: dict[str, str]
    former_codes: list[str]
    components: list[ComponentOut]
    renditions: list[RenditionOut]
    mentions: list[NamedOut]


class WordOut(Schema):
    """A word with its box on the upright page."""

    text: str
    box: list[int]
    confidence: float


class PageOut(Schema):
    """What was read on a page."""

    number: int
    width: int
    height: int
    rotation: int
    skew: float
    blank: bool
    engine: str
    text: str
    words: list[WordOut]


def _item_values(item: Item) -> dict[str, object]:
    return {
        "id": item.id,
        "archival_code": item.archival_code,
        "title": item.title,
        "kind": item.kind,
        "kind_name": kinds.kind_name(item.kind),
        "series": item.series.code,
        "fonds": item.fonds.code,
        "year": item.year,
        "document_date": item.document_date,
        "retention": item.term,
        "retention_end": item.retention_end,
        "held": bool(item.hold_reason),
        "pages": item.page_count,
        "filed_at": item.filed_at,
        "version": item.version,
    }


@router.get("/items", response=Page[ItemOut], operation_id="list_items")
def index(
    request: HttpRequest,
    year: Year | None = None,
    series: Code = "",
    kind: Code = "",
    code: Code = "",
    cursor: str = "",
    limit: Limit = 50,
) -> Page[ItemOut]:
    """Items within reach, newest first, narrowed by year, series, kind or archival code."""
    actor = actor_in(request)
    actor.require("view_item")
    rows = queries.visible_items(actor).select_related("fonds", "series")
    wanted = {"year": year, "series__code": series, "kind": kind, "codes__code": code}
    rows = rows.filter(**{name: value for name, value in wanted.items() if value})
    found, following = page_of(rows, cursor, limit)
    return Page(items=[ItemOut.model_validate(_item_values(item)) for item in found], next=following)


@router.get("/items/{item_id}", response=ItemDetailOut, operation_id="view_item")
def record(request: HttpRequest, response: HttpResponse, item_id: UUID) -> ItemDetailOut:
    """One item; the look is recorded. The ETag is its version, for ``If-Match`` of a correction."""
    item = view_item(actor_in(request), item_id=item_id, now=timezone.now())
    response["ETag"] = f'"{item.version}"'
    return item_detail(item)


def item_detail(item: Item) -> ItemDetailOut:
    """An item with everything that hangs on it."""
    components = [
        ComponentOut(
            number=c.number,
            name=c.name,
            size=c.size,
            mime=c.mime,
            format=c.format_name,
            puid=c.puid,
            sha256=c.sha256,
            sm3=c.sm3,
            pages=c.page_count,
        )
        for c in item.components.order_by("number")
    ]
    mentions = [
        NamedOut(
            id=m.id,
            kind=m.kind,
            name=m.name,
            number=mask(m.number) if m.number and m.kind == "person" else m.number or "",
            page=m.page + 1,
            box=m.box,
            confidence=m.confidence,
            source=m.source,
        )
        for m in item.mentions.filter(retracted_at=None).order_by("id")
    ]
    return ItemDetailOut.model_validate(
        {
            **_item_values(item),
            "content_sha256": item.content_sha256,
            "security_level": item.security_level,
            "case_number": item.case_number,
            "extra": {name: covered(Reading(text)) for name, text in kinds.read_extra(item.extra).items()},
            "former_codes": [c.code for c in item.codes.exclude(valid_to=None).order_by("id")],
            "components": components,
            "renditions": [rendition_out(r) for r in item.renditions.order_by("number")],
            "mentions": mentions,
        }
    )


def rendition_out(row: Rendition) -> RenditionOut:
    """A rendition as the API tells it."""
    return RenditionOut(
        number=row.number,
        source=row.source_number,
        name=row.name,
        note=row.note,
        size=row.size,
        mime=row.mime,
        format=row.format_name,
        puid=row.puid,
        sha256=row.sha256,
        sm3=row.sm3,
        added_at=row.added_at,
    )


@router.get("/items/{item_id}/pages/{number}", response=PageOut, operation_id="view_page")
def page(request: HttpRequest, item_id: UUID, number: int) -> PageOut:
    """What was read on one page; the look is recorded."""
    row = view_page(actor_in(request), item_id=item_id, number=number, now=timezone.now())
    text = queries.open_page(bytes(row.words))
    return PageOut(
        number=row.number,
        width=text.width,
        height=text.height,
        rotation=text.rotation,
        skew=text.skew,
        blank=text.blank,
        engine=text.engine,
        text=text.text,
        words=[WordOut(text=w.text, box=list(w.box), confidence=w.confidence) for w in text.words],
    )


@router.get(
    "/items/{item_id}/components/{number}",
    operation_id="view_component",
    response=None,
    openapi_extra=FILE_ANSWER,
)
def component(request: HttpRequest, item_id: UUID, number: int) -> FileResponse:
    """One original file, byte for byte; the look is recorded. It is always sent as a download."""
    row = view_component(actor_in(request), item_id=item_id, number=number, now=timezone.now())
    return sent_file(open_content(item_id, row.path), name=row.name, mime=row.mime, size=row.size)
