"""Values and decisions of the catalogue: what is handed over for filing, what becomes of it, when a term ends."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from uuid import UUID

from cunzhen.formats.page_text import PageText

Box = tuple[int, int, int, int]


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
