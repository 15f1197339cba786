"""Reads of the catalogue used by more than one door or room above."""

from __future__ import annotations

import zlib
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from cunzhen.accounts.rules import Actor
from cunzhen.errors import Missing
from cunzhen.formats.identifiers import mask
from cunzhen.formats.page_text import PageText, plain_text
from cunzhen.holdings.models import ArchivalCode, Fonds, Item, Mention, Page, ScheduleRow, Series
from cunzhen.holdings.rules import IndexDocument, ItemFilter, ItemRow
from cunzhen.keys.sealing import seal, unseal

_WORDS = "page.words"


def seal_words(words: bytes) -> bytes:
    """The stored form of a page's words, given as ``PageText.to_json`` writes them: deflated, sealed."""
    return seal(_WORDS, zlib.compress(words, 1))


def open_words(sealed: bytes | memoryview) -> bytes:
    """What ``seal_words`` was given."""
    return zlib.decompress(unseal(_WORDS, bytes(sealed)))


def seal_page(text: PageText) -> bytes:
    """The stored form of a page's words."""
    return seal_words(text.to_json())


def open_page(sealed: bytes | memoryview) -> PageText:
    """What ``seal_page`` stored."""
    return PageText.from_json(open_words(sealed))


def visible_series(actor: Actor) -> QuerySet[Series]:
    """Series within the actor's reach, with their fonds, by fonds and code."""
    within = Series.objects.filter(fonds__keeper_id__in=actor.agency_ids)
    return within.select_related("fonds").order_by("fonds__code", "fonds_id", "code")


def visible_items(actor: Actor) -> QuerySet[Item]:
    """Items within the actor's reach."""
    return Item.objects.filter(fonds__keeper_id__in=actor.agency_ids)


def listed_items(actor: Actor, chosen: ItemFilter) -> tuple[QuerySet[Item], list[QuerySet[Item]]]:
    """Items within reach as a list shows them: all of them, and fonds by fonds, each of which indexes have in order.

    Raises:
        Refused: ``A-01``.
    """
    actor.require("view_item")
    # By the fonds' ids and not through their keeper, so that an index that begins with the fonds gives the order.
    ids = list(fonds_of(actor).values_list("id", flat=True))
    narrowed = _narrowed(Item.objects.select_related("fonds", "series"), chosen)
    return narrowed.filter(fonds_id__in=ids), [narrowed.filter(fonds_id=i) for i in ids]


def _narrowed(rows: QuerySet[Item], chosen: ItemFilter) -> QuerySet[Item]:
    wanted: dict[str, object] = {"series__code": chosen.series, "kind": chosen.kind, "codes__code": chosen.code}
    rows = rows.filter(**{name: value for name, value in wanted.items() if value})
    if chosen.year is not None:
        rows = rows.filter(year=chosen.year)
    if chosen.term is not None:
        rows = rows.filter(term=chosen.term)
    return rows.exclude(hold_reason="") if chosen.held else rows


def item_rows(items: Sequence[UUID]) -> list[ItemRow]:
    """Some items as an exported list shows them, in the order given; the caller has checked the right to see them."""
    persons: dict[UUID, list[tuple[str, str]]] = defaultdict(list)
    units: dict[UUID, list[str]] = defaultdict(list)
    named = Mention.objects.filter(item_id__in=items, retracted_at=None).order_by("id")
    for item_id, kind, name, number in named.values_list("item_id", "kind", "name", "number"):
        if kind == "person":
            persons[item_id].append((name, mask(str(number)) if number else ""))
        elif name:
            units[item_id].append(name)
    found = {}
    for row in Item.objects.filter(id__in=items).values_list(*_EXPORTED, named=True):
        found[row.id] = ItemRow(
            id=row.id,
            fonds=row.fonds__code,
            series=row.series__code,
            archival_code=row.archival_code,
            title=row.title,
            kind=row.kind,
            year=row.year,
            document_date=row.document_date,
            persons=tuple(dict.fromkeys(persons[row.id])),
            units=tuple(dict.fromkeys(units[row.id])),
            page_count=row.page_count,
            term=row.term,
            retention_end=row.retention_end,
            held=bool(row.hold_reason),
            filed_at=row.filed_at,
        )
    return [found[i] for i in items if i in found]


_EXPORTED = (
    *("id", "fonds__code", "series__code", "archival_code", "title", "kind", "year", "document_date", "page_count"),
    *("term", "retention_end", "hold_reason", "filed_at"),
)


def get_item(actor: Actor, item_id: UUID) -> Item:
    """One item within reach.

    Raises:
        Refused: the role may not see items. Missing: ``H-01``.
    """
    actor.require("view_item")
    item = visible_items(actor).select_related("fonds__keeper", "series", "schedule_row").filter(id=item_id).first()
    if item is None:
        raise Missing("H-01", "没有找到这件档案，请核对链接或档号。", "There is no such item within your reach.")
    return item


def item_by_code(actor: Actor, code: str) -> Item:
    """The item that bears or bore an archival code.

    Raises:
        Missing: ``H-01``.
    """
    actor.require("view_item")
    item = visible_items(actor).select_related("fonds__keeper", "series").filter(codes__code=code).first()
    if item is None:
        raise Missing("H-01", "没有找到这件档案，请核对链接或档号。", "There is no such item within your reach.")
    return item


def fonds_of(actor: Actor) -> QuerySet[Fonds]:
    """Fonds that the actor's agencies keep, by number."""
    return Fonds.objects.filter(keeper_id__in=actor.agency_ids).order_by("code")


def page_texts(item_ids: Sequence[UUID]) -> dict[UUID, list[PageText]]:
    """What was read, by item, in page order. The caller has checked the right to see it."""
    return {item_id: [PageText.from_json(p) for p in pages] for item_id, pages in _pages(item_ids).items()}


def _plain_texts(item_ids: Sequence[UUID]) -> dict[UUID, list[str]]:
    return {item_id: [plain_text(p) for p in pages] for item_id, pages in _pages(item_ids).items()}


def _pages(item_ids: Sequence[UUID]) -> dict[UUID, list[bytes]]:
    """The stored JSON of pages, opened, by item in page order."""
    found: dict[UUID, list[bytes]] = defaultdict(list)
    rows = Page.objects.filter(item_id__in=item_ids).order_by("item_id", "number").values_list("item_id", "words")
    for item_id, words in rows:
        found[item_id].append(zlib.decompress(unseal(_WORDS, bytes(words))))
    return found


def index_documents(item_ids: Sequence[UUID], *, numbers: bool = True) -> list[IndexDocument]:
    """Items as the search index takes them in, in four queries whatever their number.

    Args:
        numbers: whether to load the persons' numbers and former codes, which a list of hits does not show.
    """
    texts = _plain_texts(item_ids)
    columns = ("item_id", "kind", "name", "number") if numbers else ("item_id", "kind", "name")
    mentions: dict[UUID, list[Any]] = defaultdict(list)
    named = Mention.objects.filter(item_id__in=item_ids, retracted_at=None).order_by("id")
    for mention in named.values_list(*columns, named=True):
        mentions[mention.item_id].append(mention)
    items = Item.objects.filter(id__in=item_ids).order_by("id").values_list(*_INDEXED, named=True)
    codes = _former_codes(item_ids) if numbers else {}
    return [
        _index_document(item, mentions[item.id], texts.get(item.id, []), codes.get(item.id, ()), numbers=numbers)
        for item in items
    ]


def _former_codes(item_ids: Sequence[UUID]) -> dict[UUID, list[str]]:
    found: dict[UUID, list[str]] = defaultdict(list)
    rows = ArchivalCode.objects.filter(item_id__in=item_ids, valid_to__isnull=False).order_by("id")
    for item_id, code in rows.values_list("item_id", "code"):
        found[item_id].append(code)
    return found


_INDEXED = (
    *("id", "fonds__keeper_id", "fonds__code", "archival_code", "title", "year", "series__code", "kind", "term"),
    *("hold_reason", "document_date", "filed_at"),
)


def _index_document(
    item: Any, mentions: Iterable[Any], texts: Sequence[str], former_codes: Sequence[str], *, numbers: bool
) -> IndexDocument:
    """From plain rows: model instances would double the cost of a page of hits."""
    persons = [m for m in mentions if m.kind == "person"]
    return IndexDocument(
        id=item.id,
        agency_id=item.fonds__keeper_id,
        fonds=item.fonds__code,
        archival_code=item.archival_code,
        title=item.title,
        year=item.year,
        series=item.series__code,
        kind=item.kind,
        retention=item.term,
        units=tuple(dict.fromkeys(m.name for m in mentions if m.kind == "employer" and m.name)),
        person_names=tuple(dict.fromkeys(m.name for m in persons if m.name)),
        id_numbers=tuple(dict.fromkeys(m.number for m in persons if m.number)) if numbers else (),
        page_texts=tuple(texts),
        held=bool(item.hold_reason),
        document_date=item.document_date,
        filed_at=item.filed_at,
        former_codes=tuple(former_codes),
    )


def unconfirmed_rows(actor: Actor) -> int:
    """Rows without a confirmed term in the schedules that the actor's fonds go by; their papers are held."""
    schedules = fonds_of(actor).order_by().values("schedule_id")
    return ScheduleRow.objects.filter(schedule_id__in=schedules, confirmed=False).count()
