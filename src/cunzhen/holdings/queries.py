"""Reads of the catalogue used by more than one door or room above."""

from __future__ import annotations

import zlib
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from django.db.models import Count, QuerySet

from cunzhen.accounts.rules import Actor
from cunzhen.errors import Missing
from cunzhen.formats.page_text import PageText
from cunzhen.holdings.models import Fonds, Item, Mention, Page
from cunzhen.holdings.rules import IndexDocument
from cunzhen.keys.sealing import seal, unseal

_WORDS = "page.words"


def seal_page(text: PageText) -> bytes:
    """The stored form of a page's words: deflated JSON, sealed."""
    return seal(_WORDS, zlib.compress(text.to_json(), 1))


def open_page(sealed: bytes | memoryview) -> PageText:
    """What ``seal_page`` stored."""
    return PageText.from_json(zlib.decompress(unseal(_WORDS, bytes(sealed))))


def visible_items(actor: Actor) -> QuerySet[Item]:
    """Items within the actor's reach."""
    return Item.objects.filter(fonds__keeper_id__in=actor.agency_ids)


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
    found: dict[UUID, list[PageText]] = defaultdict(list)
    for item_id, words in (
        Page.objects.filter(item_id__in=item_ids).order_by("item_id", "number").values_list("item_id", "words")
    ):
        found[item_id].append(open_page(words))
    return dict(found)


def index_documents(item_ids: Sequence[UUID], *, numbers: bool = True) -> list[IndexDocument]:
    """Items as the search index takes them in, in three queries whatever their number.

    Args:
        numbers: whether to unseal the persons' numbers, which a list of hits does not show.
    """
    texts = page_texts(item_ids)
    columns = ("item_id", "kind", "name", "number") if numbers else ("item_id", "kind", "name")
    mentions: dict[UUID, list[Any]] = defaultdict(list)
    named = Mention.objects.filter(item_id__in=item_ids, retracted_at=None).order_by("id")
    for mention in named.values_list(*columns, named=True):
        mentions[mention.item_id].append(mention)
    items = Item.objects.filter(id__in=item_ids).order_by("id").values_list(*_INDEXED, named=True)
    return [_index_document(item, mentions[item.id], texts.get(item.id, []), numbers=numbers) for item in items]


_INDEXED = (
    *("id", "fonds__keeper_id", "fonds__code", "archival_code", "title", "year", "series__code", "kind", "term"),
    *("hold_reason", "document_date", "filed_at"),
)


def _index_document(item: Any, mentions: Iterable[Any], texts: Sequence[PageText], *, numbers: bool) -> IndexDocument:
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
        page_texts=tuple(t.text for t in texts),
        held=bool(item.hold_reason),
        document_date=item.document_date,
        filed_at=item.filed_at,
    )


def holdings_summary(actor: Actor) -> list[dict[str, object]]:
    """Items and pages by series, for the home page and checks."""
    rows = visible_items(actor).values("series__code", "series__name").annotate(items=Count("id"))
    return [dict(r) for r in rows.order_by("series__code")]
