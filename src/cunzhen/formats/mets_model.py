"""What a package says of its item: the fields, as frozen dataclasses. ``formats.mets`` writes and reads them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

Box = tuple[int, int, int, int]


@dataclass(frozen=True, slots=True)
class Agency:
    """An agency by its id and its name when this was written."""

    id: UUID
    name: str


@dataclass(frozen=True, slots=True)
class Fonds:
    """全宗, with the three agencies that may differ and the template of its archival codes."""

    id: UUID
    code: str
    name: str
    keeper: Agency
    creator: Agency
    insurance_owner: Agency
    code_template: str = ""


@dataclass(frozen=True, slots=True)
class Series:
    """类别 of the fonds."""

    id: UUID
    code: str
    name: str


@dataclass(frozen=True, slots=True)
class Retention:
    """The term and where it comes from.

    Args:
        term: ``Y`` for permanent, a number of years, or empty for 待确认.
        end: last day of the term; None for permanent and 待确认.
        hold_reason: why disposal is held, empty where it is not.
        schedule_id, schedule_version: which 归档范围与保管期限表.
        row_id, category, number, material: which row of it; None and empty where none matched.
        evidence: of the row's term, as the schedule has it.
        confirmed: whether the term may end the keeping: known, vouched for, and nothing else holds the item.
    """

    term: str
    end: date | None
    hold_reason: str
    schedule_version: str
    schedule_id: UUID | None = None
    row_id: UUID | None = None
    category: str = ""
    number: str = ""
    material: str = ""
    evidence: str = ""
    confirmed: bool = False

    @property
    def held(self) -> bool:
        """Whether disposal is held."""
        return bool(self.hold_reason)


@dataclass(frozen=True, slots=True)
class ArchivalCode:
    """档号 that the item bears (``valid_to`` None) or bore."""

    code: str
    keeper_id: UUID
    valid_from: datetime
    valid_to: datetime | None = None


@dataclass(frozen=True, slots=True)
class Identifier:
    """A number of a person or employer: ``resident_id``, ``uscc``, ``phone``, ``account``."""

    kind: str
    value: str


@dataclass(frozen=True, slots=True)
class Mention:
    """The assertion that this item names somebody.

    Args:
        id: of the assertion.
        subject_id: the person or employer it was linked with, None where it was not.
        name: as written, never normalised.
        source: ``machine``, ``clerk`` or ``catalogue`` when it was filed, ``correction`` for what was asserted later.
        retracted_at: when the assertion was taken back; it stays here.
        page: 0-based page of the item, -1 where unknown; ``box``: pixels on the upright page.
    """

    id: UUID
    subject_id: UUID | None
    name: str
    source: str
    confidence: float
    asserted_by: UUID
    asserted_at: datetime
    retracted_at: datetime | None = None
    page: int = -1
    box: Box | None = None
    identifiers: tuple[Identifier, ...] = ()


@dataclass(frozen=True, slots=True)
class Component:
    """One computer file of the item.

    Args:
        id: of the component.
        number: its place in the item, from 1.
        path: logical path inside the package.
        name: what it was called when it came in, any characters.
        size: bytes.
        sha256, sm3, sha512: of the plain bytes, lower-case hexadecimal.
        puid: PRONOM identifier, empty where unknown.
    """

    id: UUID
    number: int
    path: str
    name: str
    size: int
    sha256: str
    sm3: str
    sha512: str
    puid: str
    mime: str
    format_name: str
    page_count: int


@dataclass(frozen=True, slots=True)
class Rendition:
    """衍生件: a further form of the item or of one of its files, made elsewhere; it never stands in for an original.

    Args:
        id: of the rendition.
        number: its place among the renditions of the item, from 1.
        source_number: number of the component it was made from, 0 for the item as a whole.
        note: what it is for, such as 长期保存格式 PDF/A.
        path, name, size, sha256, sm3, sha512, puid: as for ``Component``.
    """

    id: UUID
    number: int
    source_number: int
    path: str
    name: str
    note: str
    size: int
    sha256: str
    sm3: str
    sha512: str
    puid: str
    mime: str
    format_name: str
    added_at: datetime
    added_by: UUID


@dataclass(frozen=True, slots=True)
class Page:
    """One page of the item.

    Args:
        id: of the page.
        number: from 1 in the item.
        component: number of the component it stands in; ``index``: 0-based page inside that component.
        width, height: pixels of the upright, deskewed page; rotation and skew in degrees.
        engine, confidence: who read it and how surely; ``text_path``: logical path of its words, empty for none.
    """

    id: UUID
    number: int
    component: int
    index: int
    width: int
    height: int
    rotation: int
    skew: float
    blank: bool
    engine: str
    confidence: float
    text_path: str = ""


@dataclass(frozen=True, slots=True)
class Check:
    """One finding of the four-property check (DA/T 70-2018)."""

    code: str
    result: str
    message: str = ""
    standard_code: str = ""


@dataclass(frozen=True, slots=True)
class Event:
    """One act in the life of the item: the operation's name, when, by whom."""

    id: UUID
    op: str
    at: datetime
    actor_id: UUID
    actor_name: str
    detail: str = ""
    outcome: str = ""


@dataclass(frozen=True, slots=True)
class Extra:
    """A further field of the kind of material, such as a decision's number."""

    name: str
    value: str


@dataclass(frozen=True, slots=True)
class Description:
    """Everything the catalogue knows of one item, at one version of its package.

    Args:
        document_date: as precise as the paper: ``2019``, ``2019-03``, ``2019-03-06`` or empty;
            ``date_precision``: ``year``, ``month``, ``day`` or empty.
        filed_by: id of the actor; the name stands in the events.
        transfer_id: the batch (SIP) it came with.
    """

    item_id: UUID
    node: str
    agency: Agency
    fonds: Fonds
    series: Series
    title: str
    kind: str
    year: int
    retention: Retention
    content_sha256: str
    transfer_id: UUID
    filed_at: datetime
    filed_by: UUID
    version: int = 1
    kind_name: str = ""
    document_date: str = ""
    date_precision: str = ""
    security_level: str = "internal"
    case_number: str = ""
    codes: tuple[ArchivalCode, ...] = ()
    persons: tuple[Mention, ...] = ()
    employers: tuple[Mention, ...] = ()
    components: tuple[Component, ...] = ()
    pages: tuple[Page, ...] = ()
    checks: tuple[Check, ...] = ()
    events: tuple[Event, ...] = ()
    extras: tuple[Extra, ...] = ()
    renditions: tuple[Rendition, ...] = ()
