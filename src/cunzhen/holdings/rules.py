"""Values and decisions of the catalogue: what is handed over for filing, what becomes of it, when a term ends."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from uuid import UUID

from cunzhen.errors import Invalid
from cunzhen.formats.page_text import PageText

Box = tuple[int, int, int, int]
# Acts that make an item; their ledger entries name it first.
FILING_OPS = ("file_drafts",)


@dataclass(frozen=True)
class NamedPerson:
    """A person as a paper names them.

    Args:
        name: as written, never normalised; may be empty where only a number stands.
        id_number: normalised 18-character identity number, or empty.
        source: who says so: ``machine``, ``clerk``, ``catalogue``.
        page: 0-based page of the item where it stands, -1 where unknown.
        box: pixels on that page, or None.
        confidence: 0.0 to 1.0.
    """

    name: str
    id_number: str = ""
    source: str = "machine"
    page: int = -1
    box: Box | None = None
    confidence: float = 1.0


@dataclass(frozen=True)
class NamedUnit:
    """An employer or office as a paper names it; ``uscc`` is its 统一社会信用代码 or empty."""

    name: str
    uscc: str = ""
    source: str = "machine"
    page: int = -1
    box: Box | None = None
    confidence: float = 1.0


@dataclass(frozen=True)
class NewComponent:
    """One computer file of an item: where it lies now, what it was called, its digests (hex) and format."""

    id: UUID
    source: Path
    name: str
    size: int
    sha256: str
    sm3: str
    sha512: str
    puid: str
    mime: str
    format_name: str


@dataclass(frozen=True)
class NewPage:
    """One page in the item's order: its id, which component (0-based) and which page inside it, and what was read."""

    id: UUID
    component: int
    index: int
    text: PageText


@dataclass(frozen=True)
class Check:
    """One four-property check as it came out, kept in the package (DA/T 70-2018)."""

    code: str
    standard_code: str
    result: str
    message: str = ""


@dataclass(frozen=True)
class NewItem:
    """Everything needed to file one item; ``term`` and the hold are looked up in the schedule in force."""

    id: UUID
    fonds_id: UUID
    series: str
    kind: str
    title: str
    year: int
    document_date: str
    transfer_id: UUID
    components: tuple[NewComponent, ...]
    pages: tuple[NewPage, ...]
    persons: tuple[NamedPerson, ...] = ()
    units: tuple[NamedUnit, ...] = ()
    checks: tuple[Check, ...] = ()
    extra: dict[str, str] = field(default_factory=dict)

    @property
    def content_sha256(self) -> str:
        """What makes two items the same: the digest over their files' digests, in order."""
        return content_digest([c.sha256 for c in self.components])


@dataclass(frozen=True)
class Filed:
    """What became of one new item: filed under a code, or found to be there already (``duplicate``)."""

    id: UUID
    archival_code: str
    duplicate: bool
    held: bool
    package_sha512: str = ""


@dataclass(frozen=True)
class IndexDocument:
    """One item as the search index takes it in; numbers are plain here and become tokens there."""

    id: UUID
    agency_id: UUID
    fonds: str
    archival_code: str
    title: str
    year: int
    series: str
    kind: str
    retention: str
    units: tuple[str, ...]
    person_names: tuple[str, ...]
    id_numbers: tuple[str, ...]
    page_texts: tuple[str, ...]
    held: bool
    document_date: str
    filed_at: datetime
    former_codes: tuple[str, ...] = ()  # archival codes it bore before; it is found by them too


def content_digest(sha256s: Sequence[str]) -> str:
    """SHA-256 over the files' SHA-256 in order, one per line: the same content within one fonds is the same item."""
    return hashlib.sha256("\n".join(sha256s).encode("ascii")).hexdigest()


PERMANENT = "Y"
PENDING = ""  # 待确认: nobody has confirmed the term; filed, numbered and held


def retention_end(term: str, formed_in: int) -> date | None:
    """Last day of the term: the clock starts on 1 January after the record was formed (Order No. 3).

    Args:
        term: ``Y`` for permanent, a number of years, or empty for 待确认.
        formed_in: year of formation.
    """
    if term in {PERMANENT, PENDING}:
        return None
    return date(formed_in + int(term), 12, 31)


def hold_reason(term: str, confirmed: bool) -> str:
    """Why disposal is held, or an empty text: an unknown or unconfirmed term holds (standards-2 A)."""
    if term == PENDING:
        return "term_pending"
    return "" if confirmed else "term_unconfirmed"


@dataclass(frozen=True)
class StorePolicy:
    """Which stores keep the packages of a series; none means all. ``promised``: copies that are still to be made."""

    series_id: UUID
    stores: tuple[str, ...]
    promised: int = 0


def store_policy(series_id: UUID, wanted: Sequence[str], configured: Sequence[str]) -> StorePolicy:
    """The policy that somebody asks for, in the order of the settings.

    Args:
        wanted: names of stores; none means all.
        configured: what the settings name.

    Raises:
        Invalid: ``H-07``.
    """
    strange = [name for name in wanted if name not in configured or list(wanted).count(name) > 1]
    if strange:
        raise Invalid(
            "H-07",
            f"副本策略中的存储“{strange[0]}”没有配置或重复。已配置的有：{'、'.join(configured)}。",
            f"Store {strange[0]!r} is not configured, or named twice. Configured are: {', '.join(configured)}.",
            store=strange[0],
        )
    return StorePolicy(series_id, tuple(name for name in configured if name in wanted))


@dataclass(frozen=True)
class ItemFilter:
    """What a list of items is narrowed to; what is None or empty narrows nothing.

    Args:
        year: of the items; a year that cannot be finds nothing.
        series, kind: codes.
        term: years, ``Y`` for permanent, or empty text for 待确认.
        code: an archival code that the item bears or bore.
        held: only items whose disposal is barred.
    """

    year: int | None = None
    series: str = ""
    kind: str = ""
    term: str | None = None
    code: str = ""
    held: bool = False


@dataclass(frozen=True)
class ItemRow:
    """One item as a list that leaves the house shows it.

    Args:
        persons: name and masked identity number of each person that the paper names.
        units: names of employers.
    """

    id: UUID
    fonds: str
    series: str
    archival_code: str
    title: str
    kind: str
    year: int
    document_date: str
    persons: tuple[tuple[str, str], ...]
    units: tuple[str, ...]
    page_count: int
    term: str
    retention_end: date | None
    held: bool
    filed_at: datetime


@dataclass(frozen=True)
class ItemExport:
    """A list that leaves the house: how many items it holds, and their rows, read while they are sent."""

    count: int
    rows: Iterator[ItemRow]


MOST_EXPORTED = 100_000


def check_export(count: int) -> None:
    """Whether a list of so many items may leave at once.

    Raises:
        Invalid: ``H-08``.
    """
    if count > MOST_EXPORTED:
        raise Invalid(
            "H-08",
            f"符合条件的超过 {MOST_EXPORTED:,} 件，一次最多导出 {MOST_EXPORTED:,} 件。请按年度、类别等条件分几次导出。",
            f"More than {MOST_EXPORTED:,} items; a list of at most {MOST_EXPORTED:,} is exported at once. "
            "Narrow it by year or category and export it in parts.",
        )
