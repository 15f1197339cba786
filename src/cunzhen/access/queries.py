"""Reads of search: results, marks on the scan, the state of the index. All limited to the actor's reach."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping, Sequence
from uuid import UUID

from cunzhen.access import engine, generations
from cunzhen.access.engine import Found, Question
from cunzhen.access.folding import Reading
from cunzhen.access.language import Query, parse
from cunzhen.access.marking import (
    Patterns,
    count_kinds,
    marked_title,
    page_boxes,
    page_patterns,
    snippet,
    title_patterns,
)
from cunzhen.access.models import Search
from cunzhen.access.rules import (
    DEEPEST_HIT,
    FACET_LABELS,
    FACETS,
    LARGEST_PAGE,
    PAGE_SIZE,
    PENDING,
    Box,
    Condition,
    Facet,
    FacetValue,
    Filters,
    Hit,
    IndexReport,
    IndexStatus,
    Note,
    Results,
    Sort,
)
from cunzhen.accounts.rules import Actor
from cunzhen.errors import Invalid, Missing, Unavailable
from cunzhen.holdings.kinds import all_kinds, categories, kind_name, series_name, term_name
from cunzhen.holdings.models import Item
from cunzhen.holdings.queries import fonds_of, get_item, index_documents, page_texts
from cunzhen.holdings.rules import IndexDocument
from cunzhen.ledger.models import LedgerPending
from cunzhen.ledger.queries import entries_after

# Operations after which an item's document in the index is out of date; their entries' subjects are items.
ITEM_OPS: tuple[str, ...] = ("file_drafts", "correct_items", "mend_catalogue")
_MOST_BEHIND = 10_000


def get_search(actor: Actor, search_id: UUID) -> Search:
    """A search as it was asked, if the actor reaches the agency of the person who asked.

    Raises:
        Refused: ``A-01``. Missing: ``S-14``.
    """
    actor.require("search_items")
    search = Search.objects.filter(id=search_id, agency_id__in=actor.agency_ids).first()
    if search is None:
        raise Missing("S-14", "没有找到这次检索，请重新查询。", "There is no such search; please search again.")
    return search


def recent_searches(actor: Actor, limit: int = 10) -> list[Search]:
    """The actor's own latest searches, newest first."""
    actor.require("search_items")
    return list(Search.objects.filter(searched_by=actor.id).order_by("-id")[:limit])


def results(actor: Actor, search_id: UUID, *, page: int = 1, size: int = PAGE_SIZE) -> Results:
    """One page of what a search finds now, within the reach of the actor who looks.

    Args:
        search_id: from ``operations.search_items``.
        page: 1-based.
        size: hits a page, at most 100.

    Raises:
        Missing: ``S-14``. Invalid: ``S-13`` beyond the deepest page. Unavailable: ``S-01``, ``S-02``.
    """
    started = time.perf_counter()
    search = get_search(actor, search_id)
    if page < 1 or not 1 <= size <= LARGEST_PAGE or (page - 1) * size >= DEEPEST_HIT:
        raise Invalid(
            "S-13",
            f"只能翻到前 {DEEPEST_HIT} 件，请增加条件缩小范围。",
            f"Only the first {DEEPEST_HIT} items can be paged through; add conditions to narrow the search.",
        )
    reader = generations.reader()
    query, filters = parse(search.query), Filters.from_values(search.filters)
    labels = _labels(actor)
    question = Question(query, filters, actor.agency_ids, labels, search.exact, Sort(search.sort))
    found = engine.ask(reader, question, offset=(page - 1) * size, limit=size)
    return Results(
        query=search.query,
        filters=filters,
        total=found.total,
        exact_total=found.exact_total,
        hits=_hits(actor, found.ids, query),
        facets=_facets(found, filters, labels),
        conditions=_conditions(filters, labels),
        notes=(*query.notes, *_loose_note(found)),
        sort=question.sort,
        page=page,
        pages=max(1, -(-min(found.total, DEEPEST_HIT) // size)),
        size=size,
        took_ms=round((time.perf_counter() - started) * 1000, 1),
        index_behind=_behind(reader.position.number),
    )


def found_ids(actor: Actor, search_id: UUID, most: int) -> tuple[Search, tuple[UUID, ...]]:
    """A search and the first so many items that it finds now, in its order.

    Raises:
        Refused: ``A-01``. Missing: ``S-14``. Unavailable: ``S-01``, ``S-02``.
    """
    search = get_search(actor, search_id)
    query, filters = parse(search.query), Filters.from_values(search.filters)
    question = Question(query, filters, actor.agency_ids, _labels(actor), search.exact, Sort(search.sort))
    return search, engine.ask(generations.reader(), question, offset=0, limit=most, facets=False).ids


def marks(actor: Actor, item_id: UUID, search_id: UUID) -> dict[int, tuple[Box, ...]]:
    """Boxes of what a search asked for on the scans of one item, by 1-based page; pages without any are left out.

    Raises:
        Refused: ``A-01``. Missing: ``H-01`` the item, ``S-14`` the search.
    """
    actor.require("view_page")
    query = parse(get_search(actor, search_id).query)
    item = get_item(actor, item_id)
    patterns = page_patterns(query)
    if patterns.is_empty:
        return {}
    boxes = {n: page_boxes(page, patterns) for n, page in enumerate(page_texts([item.id]).get(item.id, []), 1)}
    return {number: found for number, found in boxes.items() if found}


def indexed_items(ids: Collection[UUID]) -> set[UUID]:
    """Which of the items can be found now; empty where the index cannot serve (for receipts)."""
    try:
        return engine.present(generations.reader(), ids)
    except Unavailable:
        return set()


def index_status() -> IndexStatus:
    """How the index stands, without raising where there is none."""
    rebuilt = generations.position(generations.pointed(generations.BUILDING)).number
    try:
        reader = generations.reader()
    except Unavailable:
        return IndexStatus("missing", -1, 0, _behind(-1), rebuilt)
    state = "rebuilding" if generations.pointed(generations.BUILDING) else "ready"
    documents, number = reader.searcher.num_docs, reader.position.number
    return IndexStatus(state, number, documents, _behind(number), rebuilt)


def compare_index() -> IndexReport:
    """The index against the catalogue, and every byte of the index against its checksums; follow the ledger first.

    Raises:
        Unavailable: ``S-01``, ``S-02``.
    """
    reader = generations.reader()
    indexed = engine.all_ids(reader)
    catalogued = set(Item.objects.order_by().values_list("id", flat=True).iterator(chunk_size=10_000))
    return IndexReport(
        missing=tuple(sorted(catalogued - indexed)),
        extra=tuple(sorted(indexed - catalogued)),
        damaged=tuple(generations.damaged_files(reader.name)),
    )


def make_hit(document: IndexDocument, page: Patterns, title: Patterns) -> Hit:
    """One item as a result shows it: the pages that hold what was asked for, and a snippet of the best one."""
    readings = [Reading(text) for text in document.page_texts]
    scores = [count_kinds(reading, page) for reading in readings]
    best = max(range(len(scores)), key=lambda n: (scores[n], -n), default=-1)
    return Hit(
        id=document.id,
        agency_id=document.agency_id,
        archival_code=document.archival_code,
        title=document.title,
        year=document.year,
        series=document.series,
        kind=document.kind,
        retention=document.retention or PENDING,
        fonds=document.fonds,
        persons=document.person_names,
        units=document.units,
        document_date=document.document_date,
        held=document.held,
        page_count=len(document.page_texts),
        pages=tuple(number for number, score in enumerate(scores, 1) if score),
        snippet=snippet(readings[best], page) if best >= 0 else (),
        snippet_page=best + 1,
        title_segments=marked_title(document.title, title),
    )


def _hits(actor: Actor, ids: Sequence[UUID], query: Query) -> tuple[Hit, ...]:
    """In the index's order; what is gone from the catalogue, or out of reach by now, is not shown."""
    documents = {d.id: d for d in index_documents(ids, numbers=False) if d.agency_id in actor.agency_ids}
    page, title = page_patterns(query), title_patterns(query)
    return tuple(make_hit(documents[i], page, title) for i in ids if i in documents)


def _labels(actor: Actor) -> dict[str, Mapping[str, str]]:
    return {
        "series": {c.code: c.name for c in categories()},
        "kind": {k.code: k.name for k in all_kinds().values()},
        "fonds": {f.code: f.name for f in fonds_of(actor)},
        "retention": {
            "Y": term_name("Y"),
            PENDING: term_name(""),
            **{t: term_name(t) for t in ("10", "30", "50", "100")},
        },
    }


def _label(field: str, value: str, labels: Mapping[str, Mapping[str, str]]) -> str:
    match field:
        case "year":
            return f"{value}年"
        case "series":
            return series_name(value)
        case "kind":
            return kind_name(value)
        case "retention":
            return term_name("" if value == PENDING else value)
        case _:
            return labels[field].get(value, value)


def _facets(found: Found, filters: Filters, labels: Mapping[str, Mapping[str, str]]) -> tuple[Facet, ...]:
    return tuple(Facet(name, *FACET_LABELS[name], _values(name, found, filters, labels)) for name in FACETS)


def _values(
    name: str, found: Found, filters: Filters, labels: Mapping[str, Mapping[str, str]]
) -> tuple[FacetValue, ...]:
    chosen: tuple[str, ...] = getattr(filters, name)
    counts = {**dict.fromkeys(chosen, 0), **found.counts.get(name, {})}
    ordered = sorted(counts, reverse=True) if name == "year" else sorted(counts, key=lambda v: (-counts[v], v))
    return tuple(FacetValue(v, _label(name, v, labels), counts[v], v in chosen) for v in ordered)


def _conditions(filters: Filters, labels: Mapping[str, Mapping[str, str]]) -> tuple[Condition, ...]:
    return tuple(
        Condition(name, value, f"{FACET_LABELS[name][0]}：{_label(name, value, labels)}", filters.without(name, value))
        for name, values in filters.values().items()
        for value in values
    )


def _loose_note(found: Found) -> tuple[Note, ...]:
    if found.exact_total == found.total:
        return ()
    return (
        Note(
            "S-30",
            f"共 {found.total} 件，其中 {found.exact_total} 件与所输文字完全一致，其余只含其中的词。加引号可只查完全一致的。",
            f"{found.exact_total} of {found.total} items hold the text as typed, the others its words only. "
            "Put it in quotation marks to find the former alone.",
        ),
    )


def _behind(number: int) -> int:
    """Entries about items that the index has not taken in, waiting for their number or numbered."""
    waiting = LedgerPending.objects.filter(entry__op__in=ITEM_OPS).count()
    return waiting + len(entries_after(number, _MOST_BEHIND, ITEM_OPS))
