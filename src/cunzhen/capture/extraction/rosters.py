"""Lists of people: names under a column head 姓名, each with the number of its row, and rows that lack one."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from cunzhen.capture.extraction.layout import Segment, Span
from cunzhen.capture.extraction.names import read_leading_name, read_name
from cunzhen.capture.extraction.reading import PageReading

NO_SURNAME = 0.85
SOME_ROWS = 2
_LIST_GAP_ROWS = 3
_ROSTER_CERTAINTY = 0.96
_SERIAL, _HAN_WORD = re.compile("[0-9]{1,3}"), re.compile("[\u3400-\u9fff]{2}")


@dataclass(frozen=True, slots=True)
class NameHit:
    """A name on a page.

    Args:
        role: ``subject``, ``other`` or ``staff`` (who signs or represents).
        span: range in the flow.
        certainty: of rule and reading together.
        read: lowest reading confidence of its words.
    """

    name: str
    role: str
    span: tuple[int, int]
    certainty: float
    source: str
    read: float = 1.0
    rest: tuple[Span, ...] = ()


@dataclass(frozen=True, slots=True)
class NumberHit:
    """An identity number on a page; ``number`` empty where no reading satisfies its check character.

    Args:
        span: range in the flow where it begins; ``rest`` where it goes on in other cells.
    """

    number: str
    span: Span
    certainty: float
    rest: tuple[Span, ...] = ()


def find_listed(reading: PageReading, numbers: Sequence[NumberHit]) -> Iterator[tuple[NameHit, NumberHit | None]]:
    """Rows under a column head 姓名."""
    heads = [
        segment
        for label in reading.of_field("person_name")
        if reading.is_pure_label(segment := reading.layout.segment_at(label.start)) and _heads_list(reading, segment)
    ]
    for head in heads:
        rest = [h.box[0] for h in heads if h.row == head.row and h.box[0] > head.box[0]]
        limit = min(rest, default=reading.layout.page.width * 2)
        found = list(_column(reading, head, limit, numbers))
        if found and (len(found) > 1 or found[0][1]):
            yield from found


def _heads_list(reading: PageReading, segment: Segment) -> bool:
    """Whether a label 姓名 is a column head: among heads, or without a name at its right."""
    if reading.is_header(segment):
        return True
    right = reading.layout.right_of(segment, 1)
    return bool(right) and read_name(right[0].text)[1] < NO_SURNAME


def _column(
    reading: PageReading, head: Segment, limit: int, numbers: Sequence[NumberHit]
) -> Iterator[tuple[NameHit, NumberHit | None]]:
    missed = 0
    by_row: dict[int, list[NumberHit]] = {}
    for number in numbers:
        by_row.setdefault(reading.layout.segment_at(number.span[0]).row, []).append(number)
    for at in range(head.row + 1, len(reading.layout.rows)):
        row = reading.layout.rows[at]
        if any(reading.is_pure_label(s) and s.text == head.text for s in row) or missed > _LIST_GAP_ROWS:
            return
        if sum(reading.starts_with_label(s) for s in row) > 1:
            return
        hit = next((h for s in row if (h := _in_column(reading, head, s))), None)
        if hit is None:
            missed += 1
            continue
        missed = 0
        beside = [
            n for n in by_row.get(at, []) if head.box[0] <= reading.box(n.span)[0] < limit or len(by_row[at]) == 1
        ]
        yield hit, (beside[0] if beside else None)


def _in_column(reading: PageReading, head: Segment, segment: Segment) -> NameHit | None:
    slack = head.height
    if (
        segment.prose
        or segment.box[2] < head.box[0] - slack
        or segment.box[0] > head.box[2] + slack
        or reading.starts_with_label(segment)
    ):
        return None
    text = segment.text.lstrip("0123456789.、")
    skipped = len(segment.text) - len(text)
    name, certainty = read_name(text)
    if not name:
        name, certainty = read_leading_name(text)
    if not name:
        return None
    span = (segment.start + skipped, segment.start + skipped + len(name))
    return NameHit(name, "subject", span, certainty * _ROSTER_CERTAINTY * reading.layout.confidence(*span), "list")


def has_nameless_row(reading: PageReading, hits: Sequence[NameHit]) -> bool:
    """Whether a row of a list carries a serial number or text in the column of names, but no name was read in it."""
    if len(hits) < SOME_ROWS:
        return False
    at = [reading.layout.segment_at(h.span[0]) for h in hits]
    rows = {s.row for s in at}
    left, right = min(s.box[0] for s in at), max(reading.box(h.span)[2] for h in hits)
    serials = [row[0] for row in (reading.layout.rows[n] for n in rows) if _SERIAL.fullmatch(row[0].text)]
    for number in range(min(rows), min(max(rows) + _LIST_GAP_ROWS, len(reading.layout.rows))):
        row = reading.layout.rows[number]
        if number in rows or any(reading.starts_with_label(s) for s in row):
            continue
        # Serial numbers printed in advance go on in empty rows below the last name.
        filled = len(row) > 1 or number < max(rows)
        serial = (
            filled
            and _SERIAL.fullmatch(row[0].text) is not None
            and any(s.box[0] < row[0].box[2] and row[0].box[0] < s.box[2] for s in serials)
        )
        inner = (
            number < max(rows)
            and len(row) > 2
            and any(s.box[0] < right and left < s.box[2] and _HAN_WORD.search(s.text) and not s.prose for s in row)
        )
        if serial or inner:
            return True
    return False
