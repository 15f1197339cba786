"""The index's schema and how an item becomes a document of it. Raise ``SCHEMA_VERSION`` with every change here."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from types import TracebackType
from uuid import UUID

import tantivy

from cunzhen.access.folding import Reading, fold, fold_code, grams, numbers_in
from cunzhen.access.numbers import canonical
from cunzhen.access.rules import PENDING
from cunzhen.access.vocabulary import known_words
from cunzhen.errors import Unavailable
from cunzhen.holdings.rules import IndexDocument
from cunzhen.keys.sealing import blind

SCHEMA_VERSION = 1

# Before each single character and dictionary word stands the letter of its field.
LETTERS = {"exact": "p", "title": "t", "names": "n", "units": "u"}
_WRITER_BYTES = 64_000_000
_END = "␃"  # one character: never a pair
_DATE_PARTS = 3
_LEVEL = re.compile(r"[-·]")


@lru_cache(maxsize=1)
def schema() -> tantivy.Schema:
    """The fields. Plain page text is stored nowhere; only ids and archival codes come back out.

    ``exact`` holds pairs of characters with their positions, page by page; ``title``, ``names`` and ``units`` the
    same for the description; ``chars`` single characters and ``known`` dictionary words, each with the letter of its
    field before it.
    """
    builder = tantivy.SchemaBuilder()
    builder.add_text_field("id", stored=True, fast=True, tokenizer_name="raw", index_option="basic")
    for name in ("code", "number", "name", "unit"):
        builder.add_text_field(name, tokenizer_name="raw", index_option="basic")
    for name in ("exact", "title", "names", "units"):
        builder.add_text_field(name, tokenizer_name="whitespace", index_option="position")
    builder.add_text_field("words", tokenizer_name="whitespace", index_option="freq")
    for name in ("chars", "known"):
        builder.add_text_field(name, tokenizer_name="whitespace", index_option="basic")
    for name in ("agency", "fonds", "series", "kind", "retention"):
        builder.add_text_field(name, fast=True, tokenizer_name="raw", index_option="basic")
    builder.add_text_field("code_order", stored=True, fast=True, tokenizer_name="raw", index_option="basic")
    for name in ("year", "date", "filed_at", "held"):
        builder.add_integer_field(name, indexed=True, fast=True)
    return builder.build()


def number_token(number: str) -> str:
    """The blind token under which a personal number stands in the index.

    Args:
        number: in canonical form (see ``numbers.canonical``).
    """
    return blind("index.number", number).hex()


def document(item: IndexDocument) -> tantivy.Document:
    """One item as the index takes it in; no personal number remains readable."""
    doc = tantivy.Document()
    doc.add_text("id", str(item.id))
    doc.add_text("agency", str(item.agency_id))
    doc.add_text("fonds", item.fonds)
    doc.add_text("series", item.series)
    doc.add_text("kind", item.kind)
    doc.add_text("retention", item.retention or PENDING)
    doc.add_text("code_order", item.archival_code)
    doc.add_integer("year", item.year)
    doc.add_integer("date", date_number(item.document_date))
    doc.add_integer("filed_at", _microseconds(item.filed_at))
    doc.add_integer("held", int(item.held))
    for code in dict.fromkeys(level for c in (item.archival_code, *item.former_codes) for level in code_levels(c)):
        doc.add_text("code", code)
    texts = _Texts.of(item)
    for token in _number_tokens(item, texts):
        doc.add_text("number", token)
    for name in dict.fromkeys(map(fold, item.person_names)):
        doc.add_text("name", name)
    for unit in dict.fromkeys(map(fold, item.units)):
        doc.add_text("unit", unit)
    for field, readings in texts.by_field():
        _add_grams(doc, field, readings)
    for reading in (texts.title, *texts.pages):
        doc.add_text("words", " ".join(reading.words()))
    return doc


def code_levels(code: str) -> Iterator[str]:
    """The code and what it begins with at each separator, so that ``X043-ZY·SB01`` finds the whole class."""
    folded = fold_code(code)
    for match in _LEVEL.finditer(folded):
        if match.start():
            yield folded[: match.start()]
    yield folded


def date_number(date: str) -> int:
    """A date as written (2019, 2019-03, 2019-03-06) as a sortable number 20190306; missing parts are 0."""
    parts = [int(p) for p in date.split("-") if p.isdigit()][:_DATE_PARTS]
    year, month, day = (*parts, 0, 0, 0)[:_DATE_PARTS]
    return year * 10_000 + month * 100 + day


class Writer:
    """The one writer of an index folder; leave it only after ``commit``, else nothing is kept.

    Args:
        index: an open index; tantivy's own lock file refuses a second writer, also from another process.
    """

    def __init__(self, index: tantivy.Index) -> None:
        self._index = index

    def __enter__(self) -> Writer:
        try:
            self._writer = self._index.writer(_WRITER_BYTES, 1)
        except ValueError as error:
            if "lock" not in str(error).lower():
                raise
            raise Unavailable(
                "S-43",
                "检索库正由另一个进程写入，请稍后再试。",
                "Another process is writing the index; try again soon.",
            ) from error
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None:
            self._writer.rollback()
        self._writer.wait_merging_threads()

    def replace(self, ids: Iterable[UUID], items: Iterable[IndexDocument]) -> None:
        """Take out the items named and put in those given; safe to repeat."""
        for item_id in ids:
            self._writer.delete_documents_by_term("id", str(item_id))
        for item in items:
            self._writer.add_document(document(item))

    def commit(self) -> None:
        """Make everything so far durable and visible."""
        self._writer.commit()


@dataclass(frozen=True, slots=True)
class _Texts:
    """The texts of an item, each read once for all fields."""

    title: Reading
    names: tuple[Reading, ...]
    units: tuple[Reading, ...]
    pages: tuple[Reading, ...]

    @classmethod
    def of(cls, item: IndexDocument) -> _Texts:
        names, units, pages = (tuple(map(Reading, t)) for t in (item.person_names, item.units, item.page_texts))
        return cls(Reading(item.title), names, units, pages)

    def by_field(self) -> tuple[tuple[str, tuple[Reading, ...]], ...]:
        """The texts under the names of their fields."""
        return ("exact", self.pages), ("title", (self.title,)), ("names", self.names), ("units", self.units)


def _number_tokens(item: IndexDocument, texts: _Texts) -> list[str]:
    numbers = numbers_in((texts.title, *texts.names, *texts.units, *texts.pages))
    numbers |= {canonical(n) for n in item.id_numbers}
    return sorted(number_token(n) for n in numbers if n)


def _add_grams(doc: tantivy.Document, field: str, readings: Iterable[Reading]) -> None:
    """Pairs, single characters and dictionary words of a field.

    Each text is a value of its own, and ends with a mark, so that no phrase reaches across pages: tantivy leaves one
    position between values; a phrase asks for every second pair only (see ``matching.phrase``) and would step over
    that gap, but not over the mark too.
    """
    letter = LETTERS[field]
    chars: set[str] = set()
    known: set[str] = set()
    for reading in readings:
        parts = reading.symbols(number_token)
        doc.add_text(field, " ".join([*grams(parts), _END]))
        chars.update(parts)
        known |= known_words(reading.folded)
    doc.add_text("chars", " ".join([letter + char for char in chars]))
    doc.add_text("known", " ".join([letter + word for word in known]))


def _microseconds(at: datetime) -> int:
    return int(at.timestamp() * 1_000_000)
