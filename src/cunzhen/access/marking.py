"""Where on a page, in a title or on the scan the things asked for stand; pure."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from cunzhen.access.folding import Reading, asked_words, fold, fold_ends
from cunzhen.access.language import Kind, Query
from cunzhen.access.numbers import find_numbers
from cunzhen.access.rules import Box, Segment
from cunzhen.formats.identifiers import mask
from cunzhen.formats.page_text import PageText, Word

SNIPPET_BEFORE = 24
SNIPPET_LENGTH = 120
_MARGIN = 100  # characters
MOST_MARKS = 500  # boxes a page: more would only paint it

_ON_PAGE = {Kind.FREE, Kind.PHRASE, Kind.NAME, Kind.UNIT, Kind.TITLE}
_IN_TITLE = {Kind.FREE, Kind.TITLE, Kind.NAME, Kind.UNIT}


@dataclass(frozen=True, slots=True)
class Patterns:
    """What to look for, folded.

    Args:
        texts: terms as they stand, and for long free terms their words, used on pages without the whole term.
        numbers: canonical personal numbers.
    """

    texts: tuple[tuple[str, tuple[str, ...]], ...]
    numbers: frozenset[str]

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to mark."""
        return not self.texts and not self.numbers


def page_patterns(query: Query) -> Patterns:
    """What a query asks for that can stand on a page."""
    return _patterns(query, _ON_PAGE)


def title_patterns(query: Query) -> Patterns:
    """What a query asks for that can stand in a title."""
    return _patterns(query, _IN_TITLE)


def find_marks(reading: Reading, patterns: Patterns) -> list[tuple[int, int]]:
    """Half-open ranges of a text that hold what is asked for, in order, merged where they touch."""
    if patterns.is_empty:
        return []
    spans = [(s.start, s.end) for s in reading.numbers if s.number in patterns.numbers] if patterns.numbers else []
    if _holds_any(reading.folded, patterns):
        ends = fold_ends(reading.text)
        for start, end in _folded_marks(reading.folded, patterns):
            spans.append((bisect_right(ends, start), bisect_right(ends, end - 1) + 1))
    return _merged(spans)


def count_kinds(reading: Reading, patterns: Patterns) -> int:
    """How many of the things asked for stand in a text; a whole term counts more than all of its words."""
    folded = reading.folded
    count = sum(100 for whole, _ in patterns.texts if whole in folded)
    count += sum(1 for whole, parts in patterns.texts if whole not in folded for p in parts if p in folded)
    if patterns.numbers:
        count += sum(100 for s in reading.numbers if s.number in patterns.numbers)
    return count


def snippet(page: Reading, patterns: Patterns) -> tuple[Segment, ...]:
    """The stretch of a page around its best mark, personal numbers covered, line ends as blanks."""
    marks = find_marks(page, patterns)
    start = _window_start(page.text, marks)
    end = min(len(page.text), start + SNIPPET_LENGTH)
    # Only what lies about the stretch is looked through for numbers; none is longer than the margin.
    before = max(0, start - _MARGIN)
    near = Reading(page.text[before : end + _MARGIN])
    for span in near.numbers:  # never show a part of a number
        if span.start + before < end < span.end + before:
            end = span.end + before
        if span.start + before < start < span.end + before:
            start = span.start + before
    shown = [(max(a, start) - before, min(b, end) - before) for a, b in marks if a < end and b > start]
    out = _segments(covered(near), shown, start - before, end - before)
    return tuple(Segment(re.sub(r"\s+", " ", s.text), s.marked) for s in out)


def marked_title(title: str, patterns: Patterns) -> tuple[Segment, ...]:
    """The whole title in segments."""
    reading = Reading(title)
    return tuple(_segments(covered(reading), find_marks(reading, patterns), 0, len(title)))


def covered(reading: Reading) -> str:
    """The text with the middle of each personal number covered; every other character stays in its place."""
    out: list[str] = []
    at = 0
    for span in reading.numbers:
        out += [reading.text[at : span.start], mask(reading.text[span.start : span.end])]
        at = span.end
    return "".join([*out, reading.text[at:]])


def page_boxes(page: PageText, patterns: Patterns) -> tuple[Box, ...]:
    """Boxes of what is asked for on a scan; a phrase over several words or lines gives one box per word.

    Args:
        page: its words; boxes come back in the same pixels.
    """
    ordered = _in_lines(page.words)
    # The page's own text decides what is found, so that marks and search agree; blanks between words count for nothing.
    text = "\n".join(w.text for w in ordered)
    starts = [0]
    for word in ordered:
        starts.append(starts[-1] + len(word.text) + 1)
    boxes: list[Box] = []
    for start, end in find_marks(Reading(text), patterns):
        for place, (first, after) in enumerate(pairwise(starts)):
            a, b = max(start, first), min(end, after - 1)
            if a < b:
                boxes.append(_part_box(ordered[place], a - first, b - first))
    return tuple(dict.fromkeys(boxes))[:MOST_MARKS]


def _patterns(query: Query, kinds: set[Kind]) -> Patterns:
    texts: dict[str, tuple[str, ...]] = {}
    numbers: set[str] = set()
    for term in query.wanted:
        if term.kind is Kind.NUMBER:
            numbers.add(term.text)
        elif term.kind in kinds:
            spans = find_numbers(term.text)
            numbers.update(s.number for s in spans)
            whole = fold(term.text.strip("*＊"))
            if whole:
                texts[whole] = tuple(asked_words(term.text)) if term.kind is Kind.FREE else ()
    return Patterns(tuple(texts.items()), frozenset(numbers))


def _holds_any(folded: str, patterns: Patterns) -> bool:
    return any(whole in folded or any(p in folded for p in parts) for whole, parts in patterns.texts)


def _folded_marks(folded: str, patterns: Patterns) -> Iterable[tuple[int, int]]:
    for whole, parts in patterns.texts:
        wanted = [whole] if whole in folded else list(parts)
        for text in wanted:
            at = folded.find(text)
            while at >= 0:
                yield at, at + len(text)
                at = folded.find(text, at + 1)


def _merged(spans: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    out: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if out and start <= out[-1][1]:
            out[-1] = (out[-1][0], max(end, out[-1][1]))
        else:
            out.append((start, end))
    return out


def _window_start(text: str, marks: Sequence[tuple[int, int]]) -> int:
    """Before the place where most marks fall into one snippet."""
    if not marks:
        return 0
    best = max(marks, key=lambda m: (sum(m[0] <= o[0] < m[0] + SNIPPET_LENGTH - SNIPPET_BEFORE for o in marks), -m[0]))
    return max(0, min(best[0] - SNIPPET_BEFORE, len(text) - SNIPPET_LENGTH))


def _segments(text: str, marks: Sequence[tuple[int, int]], start: int, end: int) -> Iterable[Segment]:
    at = start
    for a, b in marks:
        if at < a:
            yield Segment(text[at:a], False)
        yield Segment(text[a:b], True)
        at = b
    if at < end:
        yield Segment(text[at:end], False)


def _in_lines(words: Sequence[Word]) -> list[Word]:
    """The order in which ``PageText.text`` reads them: line by line as the lines first appear."""
    lines: dict[int, list[Word]] = {}
    for word in words:
        lines.setdefault(word.line, []).append(word)
    return [word for line in lines.values() for word in line]


def _part_box(word: Word, start: int, end: int) -> Box:
    """The part of a word's box that its characters from ``start`` to ``end`` take up, by their width."""
    x0, y0, x1, y1 = word.box
    widths = [1 if c.isascii() else 2 for c in word.text]
    total = sum(widths)
    before, after = sum(widths[:start]) / total, sum(widths[:end]) / total
    if len(word.text) > 1 and y1 - y0 > 2 * (x1 - x0):  # written downwards
        return (x0, round(y0 + (y1 - y0) * before), x1, round(y0 + (y1 - y0) * after))
    return (round(x0 + (x1 - x0) * before), y0, round(x0 + (x1 - x0) * after), y1)
