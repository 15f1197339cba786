"""One question put to one reader of the index: which items, how many, and the counts of their facets."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from uuid import UUID

import tantivy

from cunzhen.access.generations import Reader, reported_damage
from cunzhen.access.index import schema
from cunzhen.access.language import Query
from cunzhen.access.matching import Labels, authorised, is_loose
from cunzhen.access.rules import FACETS, Filters, Sort

_MOST_VALUES = 1000
_ORDERS: Mapping[Sort, tuple[str, tantivy.Order]] = {
    Sort.NEWEST: ("filed_at", tantivy.Order.Desc),
    Sort.YEAR: ("year", tantivy.Order.Desc),
    Sort.DATE: ("date", tantivy.Order.Desc),
    Sort.CODE: ("code_order", tantivy.Order.Asc),
}


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked, on whose behalf.

    Args:
        agencies: the actor's reach; nothing outside is found or counted.
        labels: field to code to Chinese label.
        exact: no term may match by its words only.
    """

    query: Query
    filters: Filters
    agencies: Collection[UUID]
    labels: Labels
    exact: bool = False
    sort: Sort = Sort.RELEVANCE


@dataclass(frozen=True, slots=True)
class Found:
    """The answer: ids of one page in order, exact totals, and value counts by facet (own choice left aside)."""

    ids: tuple[UUID, ...]
    total: int
    exact_total: int
    counts: Mapping[str, Mapping[str, int]]


def ask(reader: Reader, question: Question, *, offset: int, limit: int, facets: bool = True) -> Found:
    """Put a question.

    Raises:
        Unavailable: ``S-02`` where the index cannot be read.
    """
    with reported_damage(reader.name):
        searcher = reader.searcher
        main = _compiled(question, question.filters)
        if question.sort is Sort.RELEVANCE:
            result = searcher.search(main, limit=limit, offset=offset)
        else:
            field, order = _ORDERS[question.sort]
            result = searcher.search(main, limit=limit, offset=offset, order_by_field=field, order=order)
        total = int(result.count)  # type: ignore[attr-defined]  # missing from the library's type stub
        ids = tuple(UUID(searcher.doc(address)["id"][0]) for _, address in result.hits)
        exact_total = total if question.exact or not is_loose(question.query) else _exact_total(searcher, question)
        return Found(ids, total, exact_total, _counts(searcher, question, main) if facets else {})


def present(reader: Reader, ids: Iterable[UUID]) -> set[UUID]:
    """Which of the items are in the index."""
    with reported_damage(reader.name):
        return {i for i in ids if reader.searcher.doc_freq("id", str(i)) and _is_alive(reader.searcher, i)}


def all_ids(reader: Reader) -> set[UUID]:
    """Every item in the index."""
    with reported_damage(reader.name):
        everything = tantivy.Query.all_query()
        return {UUID(term) for term, count in reader.searcher.terms_with_prefix("id", "", everything) if count}


def _is_alive(searcher: tantivy.Searcher, item_id: UUID) -> bool:
    query = tantivy.Query.term_query(schema(), "id", str(item_id))
    return bool(searcher.search(query, limit=1).hits)


def _compiled(question: Question, filters: Filters, *, loose: bool = True) -> tantivy.Query:
    may_be_loose = loose and not question.exact
    return authorised(question.query, filters, question.agencies, question.labels, loose=may_be_loose)


def _exact_total(searcher: tantivy.Searcher, question: Question) -> int:
    result = searcher.search(_compiled(question, question.filters, loose=False), limit=1)
    return int(result.count)  # type: ignore[attr-defined]  # missing from the library's type stub


def _counts(searcher: tantivy.Searcher, question: Question, main: tantivy.Query) -> dict[str, dict[str, int]]:
    chosen = question.filters.values()
    counts = _aggregate(searcher, main, [name for name in FACETS if name not in chosen])
    for name in chosen:
        counts |= _aggregate(searcher, _compiled(question, question.filters.without(name)), [name])
    return counts


def _aggregate(searcher: tantivy.Searcher, query: tantivy.Query, fields: Collection[str]) -> dict[str, dict[str, int]]:
    if not fields:
        return {}
    asked = {f: {"terms": {"field": f, "size": _MOST_VALUES, "segment_size": _MOST_VALUES}} for f in fields}
    answer = searcher.aggregate(query, asked)
    return {
        field: {_plain(bucket["key"]): int(bucket["doc_count"]) for bucket in answer[field]["buckets"]}
        for field in fields
    }


def _plain(key: object) -> str:
    """Numbers come back as floats or integers, depending on the field."""
    return str(int(key)) if isinstance(key, (int, float)) else str(key)
