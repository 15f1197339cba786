"""From what a package says of its item to the catalogue's rows: the one place that says which column comes from where.

Filing and rebuilding add these rows; verifying compares the tables with them; mending puts them back.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from uuid import UUID

from django.db import models

from cunzhen.database.rows import copy_rows
from cunzhen.errors import Invalid
from cunzhen.formats import mets
from cunzhen.holdings import kinds
from cunzhen.holdings.models import ArchivalCode, Component, Item, Mention, Page, Rendition
from cunzhen.holdings.queries import seal_words

# Tables of an item in the order in which one refers to those before it.
TABLES: tuple[type[models.Model], ...] = (Item, ArchivalCode, Component, Rendition, Page, Mention)


@dataclass(frozen=True, slots=True)
class ItemRows:
    """Rows of one item, table by table, not saved. Pages bear their words as JSON, not sealed yet."""

    item: Item
    codes: tuple[ArchivalCode, ...]
    components: tuple[Component, ...]
    renditions: tuple[Rendition, ...]
    pages: tuple[Page, ...]
    mentions: tuple[Mention, ...]

    @property
    def by_table(self) -> tuple[tuple[type[models.Model], Sequence[models.Model]], ...]:
        """All of them, in the order of ``TABLES``."""
        lists = ((self.item,), self.codes, self.components, self.renditions, self.pages, self.mentions)
        return tuple(zip(TABLES, lists, strict=True))


def text_paths(said: mets.Description) -> tuple[str, ...]:
    """Logical paths of the files that hold the words of the item's pages."""
    return tuple(dict.fromkeys(p.text_path for p in said.pages if p.text_path))


def page_words(data: bytes) -> list[bytes]:
    """The words of each page as ``PageText.to_json`` writes them, from a package's text file.

    Raises:
        Invalid: ``P-81`` where it cannot be read.
    """
    try:
        raw = json.loads(data)
        if raw["format"] != "cunzhen-pages-1":
            raise ValueError("format")
        return [json.dumps(page, ensure_ascii=False, separators=(",", ":")).encode() for page in raw["pages"]]
    except (ValueError, KeyError, TypeError, UnicodeEncodeError):
        raise Invalid(
            "P-81",
            "保存包中的识读文字无法读取。请运行 cunzhen verify 核验各副本。",
            "The texts of a package's pages cannot be read. Run cunzhen verify.",
        ) from None


def rows_of(said: mets.Description, words: Sequence[bytes]) -> ItemRows:
    """The rows that a description stands for.

    Args:
        said: by the package, with the corrections that wait to be folded into it.
        words: of its pages in order, from ``page_words``.

    Raises:
        Invalid: ``P-81`` where words and pages do not agree.
    """
    if len(words) < len(said.pages):
        raise Invalid(
            "P-81",
            "保存包中的识读文字与页数不符。请运行 cunzhen verify 核验各副本。",
            "The texts of a package do not agree with its pages. Run cunzhen verify.",
        )
    return ItemRows(
        _item(said),
        tuple(_codes(said)),
        tuple(_components(said)),
        tuple(Rendition(item_id=said.item_id, **asdict(r)) for r in said.renditions),
        tuple(_pages(said, words)),
        (*_mentions(said.item_id, "person", said.persons), *_mentions(said.item_id, "employer", said.employers)),
    )


def add_rows(items: Sequence[ItemRows]) -> None:
    """Copy the rows of items into the catalogue, table by table; the words of pages are sealed on the way."""
    for number, table in enumerate(TABLES):
        rows = [row for item in items for row in item.by_table[number][1]]
        copy_rows([_sealed(row) for row in rows] if table is Page else rows)


def _sealed(page: models.Model) -> models.Model:
    page.words = seal_words(page.words)  # type: ignore[attr-defined]  # of Page
    return page


def _item(said: mets.Description) -> Item:
    return Item(
        id=said.item_id,
        node=said.node,
        fonds_id=said.fonds.id,
        series_id=said.series.id,
        schedule_row_id=said.retention.row_id,
        archival_code=next((c.code for c in said.codes if c.valid_to is None), ""),
        kind=said.kind,
        title=said.title,
        year=said.year,
        document_date=said.document_date,
        term=said.retention.term,
        retention_end=said.retention.end,
        hold_reason=said.retention.hold_reason,
        security_level=said.security_level,
        content_sha256=said.content_sha256,
        version=said.version,
        page_count=len(said.pages),
        extra=kinds.extra_json({e.name: e.value for e in said.extras}),
        transfer_id=said.transfer_id,
        case_number=said.case_number,
        filed_at=said.filed_at,
        filed_by=said.filed_by,
    )


def _codes(said: mets.Description) -> Iterator[ArchivalCode]:
    for c in said.codes:
        yield ArchivalCode(
            item_id=said.item_id, keeper_id=c.keeper_id, code=c.code, valid_from=c.valid_from, valid_to=c.valid_to
        )


def _components(said: mets.Description) -> Iterator[Component]:
    for c in said.components:
        yield Component(
            id=c.id,
            item_id=said.item_id,
            number=c.number,
            path=c.path,
            name=c.name,
            size=c.size,
            sha256=c.sha256,
            sm3=c.sm3,
            sha512=c.sha512,
            puid=c.puid,
            mime=c.mime,
            format_name=c.format_name,
            page_count=c.page_count,
        )


def _pages(said: mets.Description, words: Sequence[bytes]) -> Iterator[Page]:
    components = {c.number: c.id for c in said.components}
    for p in said.pages:
        yield Page(
            id=p.id,
            item_id=said.item_id,
            component_id=components[p.component],
            number=p.number,
            index=p.index,
            width=p.width,
            height=p.height,
            rotation=p.rotation,
            skew=p.skew,
            blank=p.blank,
            engine=p.engine,
            confidence=p.confidence,
            words=words[p.number - 1],
        )


def _mentions(item_id: UUID, kind: str, said: Sequence[mets.Mention]) -> Iterator[Mention]:
    for m in said:
        yield Mention(
            id=m.id,
            item_id=item_id,
            kind=kind,
            person_id=m.subject_id if kind == "person" else None,
            employer_id=m.subject_id if kind == "employer" else None,
            name=m.name,
            number=m.identifiers[0].value if m.identifiers else None,
            page=m.page,
            box=list(m.box) if m.box else None,
            confidence=m.confidence,
            source=m.source,
            asserted_by=m.asserted_by,
            asserted_at=m.asserted_at,
            retracted_at=m.retracted_at,
        )
