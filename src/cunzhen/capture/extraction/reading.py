"""A page with its labels found, and the places where a label's value may stand."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from cunzhen.capture.extraction.dates import FoundDate, find_dates
from cunzhen.capture.extraction.labels import Label, find_labels
from cunzhen.capture.extraction.layout import Layout, Segment, Span, union
from cunzhen.capture.extraction.names import is_agency, is_whole_unit
from cunzhen.capture.extraction.suggestions import Box, Suggestion
from cunzhen.formats.identifiers import FoundNumber, find_identity_numbers, find_usccs, is_identity_number
from cunzhen.formats.page_text import PageText

_INLINE_COLON, _INLINE, _INLINE_DIRTY = 0.98, 0.97, 0.86
_RIGHT = (0.97, 0.88, 0.8)
_BELOW = (0.93, 0.85)
_HEADER_LABELS = 3
# Whatever a reader may take for part of a number, and the marks between its groups.
_FIGURES = re.compile(r"[0-9A-Za-z〇|!丨×╳✕*乂 .·]{15,}")
_GLUED, _NUMBER_LENGTH = re.compile("[0-9Xx.]{19,}"), 18
_CLAUSE_END = re.compile("[,;。]")
_EMPTY = frozenset("_-.·:/()|,")


@dataclass(frozen=True, slots=True)
class Slot:
    """A range of the flow where a value may stand, with the certainty of the place and its name."""

    start: int
    end: int
    certainty: float
    place: str


class PageReading:
    """Everything that the field rules share about one page; computed once."""

    def __init__(self, page: PageText, number: int) -> None:
        self.layout = Layout(page, number)
        self.number = number
        self.flow = self.layout.flow
        spaces = frozenset(s.start + k for s in self.layout.segments for k in s.spaces)
        self.spaces = spaces
        prose = [(s.start, s.end) for s in self.layout.segments if s.prose]
        self.labels = find_labels(self.flow, spaces, prose)
        self._label_starts = [label.start for label in self.labels]
        self._by_field: dict[str, list[Label]] = {}
        for label in self.labels:
            self._by_field.setdefault(label.field, []).append(label)

    @cached_property
    def offices(self) -> list[Segment]:
        """Segments that are the name of an office of the trade."""
        return [s for s in self.layout.segments if not s.prose and is_agency(s.text) and is_whole_unit(s.text)]

    @cached_property
    def dates(self) -> list[FoundDate]:
        """Calendar dates anywhere on the page."""
        return find_dates(self.flow)

    @cached_property
    def identity_numbers(self) -> list[FoundNumber]:
        """Runs that look like identity numbers; see ``find_identity_numbers``."""
        found = self._in_runs(find_identity_numbers)
        return found + [
            n for n in self._in_runs(_glued_numbers) if not any(n.start < f.end and f.start < n.end for f in found)
        ]

    @cached_property
    def credit_codes(self) -> list[FoundNumber]:
        """Valid unified social credit codes."""
        return self._in_runs(find_usccs)

    @cached_property
    def _runs(self) -> list[tuple[int, str]]:
        """Where the page carries enough letters and figures in a row to hold a number, and which."""
        return [(m.start(), m.group()) for m in _FIGURES.finditer(self.flow)]

    def _in_runs(self, find: Callable[[str], list[FoundNumber]]) -> list[FoundNumber]:
        return [replace(f, start=at + f.start, end=at + f.end) for at, run in self._runs for f in find(run)]

    def of_field(self, name: str) -> list[Label]:
        """Labels of one field, in order."""
        return self._by_field.get(name, [])

    def label_before(self, position: int) -> Label | None:
        """The last label that begins before a place of the flow."""
        at = bisect_left(self._label_starts, position) - 1
        return self.labels[at] if at >= 0 else None

    def slots(self, label: Label) -> Iterator[Slot]:
        """Where the label's value may stand, likeliest first: behind it, right of it, below it."""
        segment = self.layout.segment_at(label.start)
        stop = self._first_label(label.end, segment)
        if stop == segment.start + len(segment.text) and segment.runs_on:
            stop = self._first_label(label.end, segment, self.layout.run_end(segment))
        if segment.prose and (clause := _CLAUSE_END.search(self.flow, label.end, stop)):
            stop = clause.start()
        if stop > label.end and not set(self.flow[label.end : stop]) <= _EMPTY:
            certainty = _INLINE_COLON if label.colon else _INLINE if label.clean else _INLINE_DIRTY
            yield Slot(label.end, stop, certainty, "inline")
        elif stop == segment.end and not self.is_header(segment):
            yield from self._right(segment)
        if not label.colon and self._is_cell(label, segment):
            yield from self._below(segment)

    def is_header(self, segment: Segment) -> bool:
        """Whether the segment stands in a row of column heads: three labels or more, mostly side by side."""
        row = self.layout.rows[segment.row]
        right = [s for s in row if s.box[0] > segment.box[0]]
        if right and not self.is_pure_label(right[0]):
            return False
        heads = [s for s in row if self.is_pure_label(s)]
        return len(heads) >= _HEADER_LABELS and len(heads) * 4 >= len(row) * 3

    def is_pure_label(self, segment: Segment) -> bool:
        """Whether a segment holds one label, without colon and without value."""
        at = bisect_left(self._label_starts, segment.start)
        if at == len(self.labels) or self.labels[at].start != segment.start:
            return False
        return self.labels[at].end == segment.start + len(segment.text) and not self.labels[at].colon

    def starts_with_label(self, segment: Segment) -> bool:
        """Whether a segment begins with a label that may have its value behind it."""
        at = bisect_left(self._label_starts, segment.start)
        return at < len(self.labels) and self.labels[at].start == segment.start

    def suggestion(
        self, name: str, value: str, certainty: float, span: Span, source: str, rest: Sequence[Span] = ()
    ) -> Suggestion:
        """A suggestion for a value that stands in a range of this page's flow, or in several (``rest``)."""
        spans = (span, *rest)
        letters = sum(end - start for start, end in spans)
        mean = sum(self.layout.confidence(*s) * (s[1] - s[0]) for s in spans) / letters if letters else 1.0
        read = round(min(self.layout.least_confidence(*s) for s in spans), 4)
        confidence = round(min(certainty * mean, 1.0), 4)
        return Suggestion(name, value, confidence, self.number, self.box(span, rest), source, read)

    def box(self, span: Span, rest: Sequence[Span] = ()) -> Box:
        """Box around a range of the flow, or around several."""
        return union([self.layout.box(*s) for s in (span, *rest)])

    def _is_cell(self, label: Label, segment: Segment) -> bool:
        """Whether a label stands alone in its cell, or with nothing but other labels."""
        if segment.prose or not label.clean:
            return False
        end = label.end
        for following in self.labels[bisect_left(self._label_starts, label.end) :]:
            if following.start != end or end >= segment.end:
                break
            end = following.end
        return set(self.flow[end : segment.end]) <= _EMPTY

    def _right(self, segment: Segment) -> Iterator[Slot]:
        for neighbour, certainty in zip(self.layout.right_of(segment, len(_RIGHT)), _RIGHT, strict=False):
            if self.starts_with_label(neighbour):
                return
            yield Slot(neighbour.start, self._first_label(neighbour.start, neighbour), certainty, "right")

    def _below(self, segment: Segment) -> Iterator[Slot]:
        free = [s for s in self.layout.below(segment, 2) if not self._is_claimed(s)]
        if not any(s.row == segment.row + 1 for s in free):
            free = self._under_caption(segment) or free
        for under, certainty in zip(free, _BELOW, strict=False):
            if under.prose or self.starts_with_label(under):
                return
            yield Slot(under.start, self._first_label(under.start, under), certainty, "below")

    def _under_caption(self, segment: Segment) -> list[Segment]:
        """The value in a cell whose caption stands in its upper left corner, in a row of nothing but captions."""
        row = self.layout.rows[segment.row]
        following = self.layout.rows[segment.row + 1 : segment.row + 2]
        if not following or not all(self.is_pure_label(s) or s is segment for s in row):
            return []
        left, right = segment.box[0], min((s.box[0] for s in row if s.box[0] > segment.box[2]), default=1 << 30)
        return [
            s
            for s in following[0]
            if left <= s.box[0] < right - segment.height and s.box[1] - segment.box[3] < 2 * s.height
        ][:1]

    def _is_claimed(self, segment: Segment) -> bool:
        """Whether the label at its left owns the segment."""
        row = self.layout.rows[segment.row]
        at = row.index(segment)
        return at > 0 and self.is_pure_label(row[at - 1]) and not self.is_header(row[at - 1])

    def _first_label(self, position: int, segment: Segment, limit: int = 0) -> int:
        """Beginning of the first label at or behind a place within a segment, else the segment's end (or ``limit``)."""
        end = limit or segment.start + len(segment.text)
        for label in self.labels[bisect_left(self._label_starts, position) :]:
            if label.start >= end:
                return end
            # Inside a value, a word that only looks like a label does not cut it (李合计, 参保人员…名册).
            if label.colon or label.clean or label.field in ("_other", "id_number", "birth_date"):
                return max(label.start, position)
        return end


def _glued_numbers(run: str) -> list[FoundNumber]:
    """A number that the reader ran together with the figures of the next cell, where its check character shows it."""
    out: list[FoundNumber] = []
    for match in _GLUED.finditer(run):
        text = match.group()
        starts = [i for i in range(len(text) - 17) if is_identity_number(text[i : i + _NUMBER_LENGTH])]
        if len(starts) == 1:
            at, raw = match.start() + starts[0], text[starts[0] : starts[0] + _NUMBER_LENGTH]
            out.append(FoundNumber(at, at + _NUMBER_LENGTH, raw, raw.upper(), 1, True))
    return out
