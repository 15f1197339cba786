"""Values of search: filters, hits, facets, results, and what the index's state means."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from uuid import UUID

from cunzhen.errors import Invalid

Box = tuple[int, int, int, int]

PAGE_SIZE = 20
LARGEST_PAGE = 100
DEEPEST_HIT = 10_000  # pages beyond it cost more than they tell: narrow the query instead
PENDING = "pending"  # how an unknown term (待确认, empty in the catalogue) is written in filters and facets

FACETS: tuple[str, ...] = ("year", "series", "retention", "fonds", "kind")
FACET_LABELS: Mapping[str, tuple[str, str]] = {
    "year": ("年度", "Year"),
    "series": ("类别", "Series"),
    "retention": ("保管期限", "Retention"),
    "fonds": ("全宗", "Fonds"),
    "kind": ("材料种类", "Kind of material"),
}


class Sort(StrEnum):
    """Orders of a result; each ends with the item's id, so that pages never overlap."""

    RELEVANCE = "relevance"
    NEWEST = "newest"  # filed last first
    YEAR = "year"  # latest year first
    DATE = "date"  # latest document first
    CODE = "code"  # by archival code


SORT_LABELS: Mapping[Sort, tuple[str, str]] = {
    Sort.RELEVANCE: ("相关度", "Relevance"),
    Sort.NEWEST: ("最近归档", "Newest filed"),
    Sort.YEAR: ("年度（新到旧）", "Year, latest first"),
    Sort.DATE: ("文件日期（新到旧）", "Document date, latest first"),
    Sort.CODE: ("档号", "Archival code"),
}


@dataclass(frozen=True)
class Filters:
    """Conditions chosen from lists; values of one field widen, fields narrow.

    Args:
        year: years of the items.
        series, fonds, kind: codes.
        retention: ``Y``, a number of years, or ``pending`` for 待确认.
    """

    year: tuple[str, ...] = ()
    series: tuple[str, ...] = ()
    retention: tuple[str, ...] = ()
    fonds: tuple[str, ...] = ()
    kind: tuple[str, ...] = ()

    @classmethod
    def from_values(cls, values: Mapping[str, Sequence[object]]) -> Filters:
        """Filters out of form fields or JSON.

        Raises:
            Invalid: ``S-11`` unknown field, ``S-12`` a year that is no number.
        """
        unknown = set(values) - set(FACETS)
        if unknown:
            raise Invalid("S-11", "没有这种筛选条件。", "There is no such filter.", fields=sorted(unknown))
        chosen = {k: tuple(dict.fromkeys(str(v) for v in values[k])) for k in FACETS if k in values}
        if not all(y.isascii() and y.isdigit() and len(y) <= 4 for y in chosen.get("year", ())):
            raise Invalid("S-12", "年度须为四位数字。", "A year is a number of four digits.")
        return cls(**chosen)

    def values(self) -> dict[str, list[str]]:
        """The form that is kept as JSON; ``from_values`` reads it back."""
        return {k: list(getattr(self, k)) for k in FACETS if getattr(self, k)}

    def without(self, field_name: str, value: str | None = None) -> Filters:
        """The same filters less one value, or less one whole field."""
        kept = () if value is None else tuple(v for v in getattr(self, field_name) if v != value)
        return replace(self, **{field_name: kept})


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of shown text, marked where it is what was asked for."""

    text: str
    marked: bool


@dataclass(frozen=True, slots=True)
class Hit:
    """One found item as lists show it.

    Args:
        pages: 1-based pages that hold what was asked for; empty where only the description does.
        snippet: text around the best place; identity numbers, phones and accounts are covered.
        snippet_page: 1-based page of the snippet, 0 where there is no text.
        title_segments: the title with its marks.
    """

    id: UUID
    agency_id: UUID
    archival_code: str
    title: str
    year: int
    series: str
    kind: str
    retention: str
    fonds: str
    persons: tuple[str, ...]
    units: tuple[str, ...]
    document_date: str
    held: bool
    page_count: int
    pages: tuple[int, ...]
    snippet: tuple[Segment, ...]
    snippet_page: int
    title_segments: tuple[Segment, ...]


@dataclass(frozen=True, slots=True)
class FacetValue:
    """One value of a facet: how many items of the result carry it, and whether it is chosen now."""

    value: str
    label: str
    count: int
    chosen: bool


@dataclass(frozen=True, slots=True)
class Facet:
    """A facet; the counts of a field ignore what is chosen in that field, so that one can change the choice."""

    field: str
    label: str
    english: str
    values: tuple[FacetValue, ...]


@dataclass(frozen=True, slots=True)
class Condition:
    """One filter in force, and the filters that remain when it is taken away."""

    field: str
    value: str
    label: str
    remaining: Filters


@dataclass(frozen=True, slots=True)
class Note:
    """Something the user should know about how the query was taken; numbered, Chinese and English."""

    code: str
    message: str
    english: str


@dataclass(frozen=True)
class Results:
    """One page of a result.

    Args:
        query, filters: as asked.
        total: exact number of items.
        exact_total: those among them that hold every term as it stands, not only its words; comes first in relevance.
        took_ms: time inside search and snippets.
        index_behind: ledger entries about items that the index has not taken in yet.
        page, pages, size: 1-based page, number of pages that can be opened, hits a page.
    """

    query: str
    filters: Filters
    total: int
    exact_total: int
    hits: tuple[Hit, ...]
    facets: tuple[Facet, ...]
    conditions: tuple[Condition, ...]
    notes: tuple[Note, ...]
    sort: Sort
    page: int
    pages: int
    size: int
    took_ms: float
    index_behind: int


@dataclass(frozen=True, slots=True)
class IndexStatus:
    """State of the index for checks and pages.

    Args:
        state: ``ready``, ``rebuilding`` or ``missing``.
        number: ledger number up to which it has followed; -1 before the first.
        documents: items in it.
        behind: entries about items after that number.
        rebuilt: number up to which the new index has followed while one is being built, else -1.
    """

    state: str
    number: int
    documents: int
    behind: int
    rebuilt: int = -1


@dataclass(frozen=True, slots=True)
class IndexReport:
    """Index against catalogue: items that are absent from one of the two, and damaged files of the index."""

    missing: tuple[UUID, ...] = field(default=())
    extra: tuple[UUID, ...] = field(default=())
    damaged: tuple[str, ...] = field(default=())
