"""A read page as rows of cells, and as one searchable text that knows where each character stands.

Readers differ: some give a word per character, some per cell, some per line. Here words of one line that touch
become one segment, segments of one height become a row, and all further rules see only segments.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from statistics import median

from cunzhen.capture.extraction.suggestions import Box
from cunzhen.formats.page_text import PageText, Word

_MAP = {ord("！") + i: chr(0x21 + i) for i in range(94)}
_MAP |= {ord("〔"): "[", ord("〕"): "]", ord("【"): "[", ord("】"): "]", ord("︰"): ":", ord("∶"): ":", ord("﹕"): ":"}
_MAP |= {ord("—"): "-", ord("–"): "-", ord("－"): "-", ord("~"): "-", ord("～"): "-", ord("○"): "〇", ord("⼀"): "一"}
_SAMPLE_MARKS = frozenset({"样本", "样张", "样", "本", "复印件", "副本", "作废", "样本样本", "仅供样本"})
# Touching words: a gap below this share of their height is no column border.
_TOUCH = 0.6
_LINE_LENGTH = 16
_NARROW = 0.55
_CELL_GAP = 0.5
# Labels of two characters that forms spread over their cell.
_SPREAD = frozenset(
    (
        "姓名",
        "性别",
        "民族",
        "籍贯",
        "职务",
        "职称",
        "工种",
        "年龄",
        "电话",
        "地址",
        "住址",
        "备注",
        "单位",
        "日期",
        "编号",
        "学历",
    )
)
_SPREAD_GAP = 6
# A sentence: it ends in a full stop, or is long and has commas, or is longer than any value.
_SENTENCE, _CLAUSES, _LONGER_THAN_VALUES = 8, 16, 36
_HAN, _HAN_SHARE = re.compile(r"[\u4e00-\u9fff]"), 0.9
# A whole number at the end of a line does not go on in the figures of the next one.
_ENDS_IN_NUMBER = re.compile(r"(?<![0-9])(?:[0-9]{15}|[0-9]{17}[0-9Xx])$")
_CLAUSE_MARK = re.compile("[,;。]")

# Half-open range of the flow.
Span = tuple[int, int]
_Loose = tuple[str, Box, list[Word], list[int], set[int]]


@dataclass(frozen=True, slots=True)
class Segment:
    """Touching words of one line, without spaces and with half-width punctuation.

    Args:
        start: where its text begins in ``Layout.flow``.
        offsets: where each word begins in ``text``.
        spaces: places in ``text`` before which the paper shows a space.
        row: number of its row on the page.
        runs_on: whether the sentence goes on in the next segment (a line of text that reaches the margin).
        prose: whether it is part of a sentence rather than a cell or line of a form.
    """

    text: str
    box: Box
    words: tuple[Word, ...]
    offsets: tuple[int, ...]
    spaces: frozenset[int]
    row: int
    start: int
    runs_on: bool = False
    prose: bool = False

    @property
    def end(self) -> int:
        """Where its text ends in ``Layout.flow``."""
        return self.start + len(self.text)

    @property
    def height(self) -> int:
        """Pixels."""
        return self.box[3] - self.box[1]

    @property
    def middle(self) -> float:
        """Vertical centre in pixels."""
        return (self.box[1] + self.box[3]) / 2


class Layout:
    """One page prepared for the rules."""

    def __init__(self, page: PageText, number: int) -> None:
        self.page = page
        self.number = number
        self.rows: list[list[Segment]] = []
        self.segments: list[Segment] = []
        self._arrange(_gather(page.words))
        self.flow = "".join(s.text if s.runs_on else s.text + "\n" for s in self.segments)
        self._starts = [s.start for s in self.segments]
        heights = [s.height for s in self.segments if len(s.text) > 1]
        self.text_height = median(heights) if heights else 1

    def segment_at(self, position: int) -> Segment:
        """The segment that holds a place of the flow."""
        return self.segments[bisect_right(self._starts, position) - 1]

    def box(self, start: int, end: int) -> Box:
        """Union of the boxes of the characters in a range of the flow; parts of words are measured by share."""
        boxes = [b for s in self._between(start, end) for b in _boxes(s, start - s.start, end - s.start)]
        return union(boxes) if boxes else self.segment_at(start).box

    def confidence(self, start: int, end: int) -> float:
        """Mean reading confidence over a range of the flow, weighted by characters."""
        total, weight = 0.0, 0
        for segment in self._between(start, end):
            for word, a, b in _words(segment, start - segment.start, end - segment.start):
                total += word.confidence * (b - a)
                weight += b - a
        return total / weight if weight else 1.0

    def least_confidence(self, start: int, end: int) -> float:
        """Reading confidence of the least clear word in a range of the flow."""
        return min(
            (w.confidence for s in self._between(start, end) for w, _, _ in _words(s, start - s.start, end - s.start)),
            default=1.0,
        )

    def right_of(self, segment: Segment, most: int = 2) -> list[Segment]:
        """Up to ``most`` neighbours to the right at the same height, nearest first."""
        left, middle = segment.box[2] - segment.height * 0.4, segment.middle
        found = [
            s
            for row in self.rows[max(0, segment.row - 1) : segment.row + 2]
            for s in row
            if s is not segment and s.box[0] >= left and abs(s.middle - middle) <= max(s.height, segment.height) * 0.75
        ]
        return sorted(found, key=lambda s: s.box[0] + 2 * abs(s.middle - middle))[:most]

    def below(self, segment: Segment, rows: int = 3) -> list[Segment]:
        """Segments under this one in the same column, nearest first, within the next rows."""
        x0, x1 = segment.box[0], segment.box[2]
        found: list[Segment] = []
        for row in self.rows[segment.row + 1 : segment.row + 1 + rows]:
            found += [s for s in row if min(x1, s.box[2]) - max(x0, s.box[0]) > 0 and s.box[1] > segment.middle]
        return found

    def run_end(self, segment: Segment) -> int:
        """End of the sentence that a segment belongs to: its own end, or that of the last line it runs on to."""
        at = bisect_right(self._starts, segment.start) - 1
        while self.segments[at].runs_on:
            at += 1
        return self.segments[at].start + len(self.segments[at].text)

    def stack(self, segment: Segment) -> list[Segment]:
        """The lines of the cell that a segment stands in: close above and below, aligned."""
        lines = [segment]
        near = [s for row in self.rows[max(0, segment.row - 2) : segment.row + 3] for s in row if s is not segment]
        for step in (-1, 1):
            edge: Segment | None = segment
            while edge is not None:
                following = next((s for s in near if _continues(edge, s, step) and s not in lines), None)
                lines += [following] if following else []
                edge = following
        return sorted(lines, key=lambda s: s.box[1])

    def _arrange(self, loose: list[_Loose]) -> None:
        rows: list[list[_Loose]] = []
        middle = height = 0.0
        for item in sorted(loose, key=lambda i: i[1][1] + i[1][3]):
            box = item[1]
            centre = (box[1] + box[3]) / 2
            if rows and centre - middle <= 0.5 * min(height, box[3] - box[1]):
                rows[-1].append(item)
                continue
            rows.append([item])
            middle, height = centre, box[3] - box[1]
        at = 0
        margin = max((item[1][2] for item in loose), default=0)
        runs_on = False
        for number, row in enumerate(rows):
            made = []
            continued = runs_on
            runs_on = _runs_on(row, rows[number + 1] if number + 1 < len(rows) else [], margin)
            for text, box, words, offsets, spaces in _close_up(sorted(row, key=lambda i: i[1][0])):
                prose = continued or runs_on or _is_sentence(text)
                made.append(
                    Segment(text, box, tuple(words), tuple(offsets), frozenset(spaces), number, at, runs_on, prose)
                )
                at += len(text) + (0 if runs_on else 1)
            self.rows.append(made)
            self.segments += made

    def _between(self, start: int, end: int) -> list[Segment]:
        first = bisect_right(self._starts, start) - 1
        last = bisect_right(self._starts, max(start, end - 1))
        return self.segments[max(first, 0) : last]


def _close_up(row: list[_Loose]) -> list[_Loose]:
    """姓 and 名 printed wide apart to fill a cell are one label."""
    out: list[_Loose] = []
    for item in row:
        text, box, words, offsets, spaces = item
        if out and out[-1][0] + text in _SPREAD and box[0] - out[-1][1][2] <= _SPREAD_GAP * (box[3] - box[1]):
            old, old_box, old_words, old_offsets, old_spaces = out[-1]
            shifted = [len(old) + k for k in offsets]
            out[-1] = (old + text, union((old_box, box)), old_words + words, old_offsets + shifted, old_spaces | spaces)
        else:
            out.append(item)
    return out


def _runs_on(row: list[_Loose], following: list[_Loose], margin: int) -> bool:
    """Whether a row is a full line of a paragraph that the next row continues."""
    if len(row) != 1 or len(following) != 1:
        return False
    (text, box, *_), (_, under, *_) = row[0], following[0]
    height = box[3] - box[1]
    return (
        len(text) >= _LINE_LENGTH
        and not (_ENDS_IN_NUMBER.search(text) and following[0][0][:1].isdigit())
        and text[-1] not in "。:;.!?"
        and box[2] >= margin - 3 * height
        and under[0] <= box[0] + height
        and under[1] - box[3] < 1.6 * height
        and abs((under[3] - under[1]) - height) < 0.4 * height
    )


def _is_sentence(text: str) -> bool:
    """Whether a line is a sentence by itself, whatever stands around it."""
    length = len(text)
    if length < _SENTENCE:
        return False
    if "。" in text:
        return True
    if length >= _CLAUSES and _CLAUSE_MARK.search(text):
        return True
    return length >= _LONGER_THAN_VALUES and ":" not in text and len(_HAN.findall(text)) > length * _HAN_SHARE


def _continues(edge: Segment, other: Segment, step: int) -> bool:
    gap = other.box[1] - edge.box[3] if step > 0 else edge.box[1] - other.box[3]
    aligned = abs(other.box[0] - edge.box[0]) < edge.height
    centred = abs((other.box[0] + other.box[2]) - (edge.box[0] + edge.box[2])) < 2 * edge.height
    return -0.3 * edge.height <= gap <= _CELL_GAP * edge.height and (aligned or centred)


def union(boxes: Sequence[Box]) -> Box:
    """Smallest box around all."""
    return (
        min(b[0] for b in boxes),
        min(b[1] for b in boxes),
        max(b[2] for b in boxes),
        max(b[3] for b in boxes),
    )


def plain(text: str) -> str:
    """Without spaces, punctuation at half width: the form in which all rules compare."""
    return "".join(text.translate(_MAP).split())


def _gather(words: Sequence[Word]) -> list[_Loose]:
    out: list[_Loose] = []
    line, right, height = -1, 0, 0
    for word in words:
        raw = word.text.translate(_MAP)
        pieces = raw.split()
        text = "".join(pieces)
        if not text or text in _SAMPLE_MARKS:
            continue
        x0, y0, x1, y1 = word.box
        if out and word.line == line and -height <= x0 - right <= _TOUCH * max(height, y1 - y0):
            old, box, members, offsets, spaces = out[-1]
            if x0 - right > height * 0.25:
                spaces.add(len(old))
            _note_spaces(pieces, len(old), spaces)
            members.append(word)
            offsets.append(len(old))
            out[-1] = (old + text, union((box, word.box)), members, offsets, spaces)
        else:
            inner: set[int] = set()
            _note_spaces(pieces, 0, inner)
            out.append((text, word.box, [word], [0], inner))
        line, right, height = word.line, x1, y1 - y0
    return out


def _note_spaces(pieces: list[str], base: int, spaces: set[int]) -> None:
    at = base
    for piece in pieces[:-1]:
        at += len(piece)
        spaces.add(at)


def _words(segment: Segment, start: int, end: int) -> list[tuple[Word, int, int]]:
    """Words that a range of the segment's text touches, each with the part it covers (relative to the word)."""
    ends = (*segment.offsets[1:], len(segment.text))
    return [
        (word, max(start, a) - a, min(end, b) - a)
        for word, a, b in zip(segment.words, segment.offsets, ends, strict=True)
        if a < end and start < b
    ]


def _boxes(segment: Segment, start: int, end: int) -> list[Box]:
    out: list[Box] = []
    for word, a, b in _words(segment, start, end):
        x0, y0, x1, y1 = word.box
        edges = _edges(word.text)
        left, right = edges[min(a, len(edges) - 1)][0], edges[min(b, len(edges)) - 1][1]
        out.append((round(x0 + (x1 - x0) * left), y0, round(x0 + (x1 - x0) * right), y1))
    return out


@lru_cache(maxsize=4096)
def _edges(text: str) -> tuple[tuple[float, float], ...]:
    """Where each character that is no space begins and ends, as shares of the word's width: figures are narrow."""
    widths = [_NARROW if c.isascii() else 1.0 for c in text]
    total, at, out = sum(widths), 0.0, []
    for c, width in zip(text, widths, strict=True):
        if not c.isspace():
            out.append((at / total, (at + width) / total))
        at += width
    return tuple(out)
