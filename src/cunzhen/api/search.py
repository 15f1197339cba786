"""Search over the API. A query is personal data, so it is posted and answered under an id of its own."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest
from django.utils import timezone
from ninja import Router, Schema, Status

from cunzhen.access.operations import search_items
from cunzhen.access.queries import results
from cunzhen.access.rules import Filters, Hit, Results, Sort
from cunzhen.api.auth import actor_in
from cunzhen.api.texts import Code, HitLimit, PageNumber, QueryText

router = Router(tags=["search"])


class SearchIn(Schema):
    """A query in the search language, with values chosen from facets."""

    query: QueryText
    filters: dict[str, list[Code]] = {}
    sort: Sort = Sort.RELEVANCE
    exact: bool = False


class HitOut(Schema):
    """One found item; identity numbers in the snippet are covered."""

    id: UUID
    archival_code: str
    title: str
    year: int
    series: str
    kind: str
    fonds: str
    retention: str
    persons: list[str]
    units: list[str]
    pages: list[int]
    snippet: str


class FacetValueOut(Schema):
    """One value with its count."""

    value: str
    label: str
    count: int


class SearchOut(Schema):
    """One page of a result; ``total`` is exact."""

    id: UUID
    query: str
    total: int
    page: int
    pages: int
    took_ms: float
    index_behind: int
    items: list[HitOut]
    facets: dict[str, list[FacetValueOut]]
    notes: list[str]


@router.post("/searches", response={201: SearchOut}, operation_id="search_items")
def create(request: HttpRequest, data: SearchIn, limit: HitLimit = 20) -> Status[SearchOut]:
    """Search; the answer can be opened again under its id by those with the right."""
    actor = actor_in(request)
    search = search_items(
        actor,
        query=data.query,
        filters=Filters.from_values(data.filters),
        sort=data.sort,
        exact=data.exact,
        now=timezone.now(),
    )
    return Status(201, _search_out(search.id, results(actor, search.id, size=limit)))


@router.get("/searches/{search_id}", response=SearchOut, operation_id="view_search")
def record(request: HttpRequest, search_id: UUID, page: PageNumber = 1, limit: HitLimit = 20) -> SearchOut:
    """A page of an earlier search, answered anew."""
    return _search_out(search_id, results(actor_in(request), search_id, page=page, size=limit))


def _search_out(search_id: UUID, found: Results) -> SearchOut:
    return SearchOut(
        id=search_id,
        query=found.query,
        total=found.total,
        page=found.page,
        pages=found.pages,
        took_ms=found.took_ms,
        index_behind=found.index_behind,
        items=[_hit_out(h) for h in found.hits],
        facets={
            f.field: [FacetValueOut(value=v.value, label=v.label, count=v.count) for v in f.values]
            for f in found.facets
        },
        notes=[n.message for n in found.notes],
    )


def _hit_out(hit: Hit) -> HitOut:
    return HitOut(
        id=hit.id,
        archival_code=hit.archival_code,
        title=hit.title,
        year=hit.year,
        series=hit.series,
        kind=hit.kind,
        fonds=hit.fonds,
        retention=hit.retention,
        persons=list(hit.persons),
        units=list(hit.units),
        pages=list(hit.pages),
        snippet="".join(s.text for s in hit.snippet),
    )
