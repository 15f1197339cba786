"""Readers of page images behind one Protocol: PP-OCRv6, offline, in one thread each.

Chosen by measurement (``bench/ocr.py``): the tiny model reads everything, the small model, which knows 18,710
characters instead of 6,906, reads again what the tiny one was not sure of. All weights come inside the wheels
(``faster-paddle``, ``rapidocr``); nothing is downloaded.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib.metadata import version
from typing import Protocol

import cv2

from cunzhen.capture.extraction.names import is_surname
from cunzhen.capture.ocr_small import SmallModel
from cunzhen.capture.rasters import Pixels
from cunzhen.formats.identifiers import is_identity_number
from cunzhen.formats.page_text import Word

SURE = 0.99  # mean confidence of a run below which the second model reads it too
_LEAST = 0.6  # what neither model reads better than this is a smudge, not text
_MAX_SECOND = 120  # runs of one page that are read again
_DISPUTED = 0.89  # at most as sure is a run that the two models read differently, the weaker one being surer
_CLOSE = 0.05  # by so much the stronger model may be less sure and still be right
_DETECTION_SIDE = 1440
_PAD = 2
_ID_SHAPE = re.compile(r"(?<![0-9])[0-9]{17}[0-9Xx](?![0-9])")
# A rare character of a name is read, with confidence, as the nearest one that the tiny model knows.
_NAME_SHAPE = re.compile(r"[\u3400-\u9fff]{2,4}")
_LETTERS = re.compile(r"[^0-9A-Za-z\u3400-\u9fff]")

Box = tuple[int, int, int, int]


@dataclass(frozen=True, slots=True)
class Run:
    """A run of characters read from an image: text, (x0, y0, x1, y1) in its pixels, confidence 0 to 1."""

    text: str
    box: Box
    confidence: float


class Reader(Protocol):
    """Reads an upright page."""

    name: str

    def read(self, image: Pixels) -> list[Run]:
        """Find and read every run of text on a grey page, quickly."""

    def improve(self, image: Pixels, runs: Sequence[Run]) -> list[Run]:
        """Read the doubtful runs again with more effort; the better reading of each is kept."""

    def again(self, image: Pixels, runs: Sequence[Run]) -> list[Run]:
        """Read the given runs again on another rendering of the same page, whatever their confidence."""


class TinyReader:
    """PP-OCRv6 tiny through faster-paddle: detection and recognition in one call, about 0.7 CPU seconds a form."""

    def __init__(self) -> None:
        from faster_paddle import OcrEngine

        self.name = f"PP-OCRv6 tiny (faster-paddle {version('faster-paddle')})"
        self._engine = OcrEngine(model_size="tiny", threads=1, det_max_side=_DETECTION_SIDE)

    def read(self, image: Pixels) -> list[Run]:
        """Find and read every run."""
        _, encoded = cv2.imencode(".bmp", image)
        found = self._engine.ocr(encoded.tobytes())["bounds"].values()
        return [
            Run(f["text"], _box(f["topLeftCoord"], f["bottomRightCoord"]), float(f["confidence"]))
            for f in found
            if f["text"].strip()
        ]

    def improve(self, image: Pixels, runs: Sequence[Run]) -> list[Run]:
        """One model alone has nothing to add."""
        return list(runs)

    def again(self, image: Pixels, runs: Sequence[Run]) -> list[Run]:
        """One model alone has nothing to add."""
        return list(runs)


class SmallReader:
    """PP-OCRv6 small through OpenVINO: slower, more characters."""

    def __init__(self) -> None:
        self._model = small_model()
        self.name = self._model.name

    def read(self, image: Pixels) -> list[Run]:
        """Find and read every run."""
        boxes = self._model.detect(image)
        read = self._model.recognise([crop(image, b) for b in boxes])
        return [Run(text, box, sure) for box, (text, sure) in zip(boxes, read, strict=True) if text.strip()]

    def improve(self, image: Pixels, runs: Sequence[Run]) -> list[Run]:
        """It has done its best already."""
        return list(runs)

    def again(self, image: Pixels, runs: Sequence[Run]) -> list[Run]:
        """Recognise the runs on another rendering."""
        read = self._model.recognise([crop(image, r.box) for r in runs])
        return [replace(r, text=t, confidence=c) for r, (t, c) in zip(runs, read, strict=True)]


class TieredReader:
    """Tiny for everything, small for what tiny doubts (unsure runs, identity numbers whose check digit fails) and for
    what may be a name, because a rare character of a name is one that tiny does not know.
    """

    def __init__(self) -> None:
        self._tiny = TinyReader()
        self.name = "PP-OCRv6 tiny+small"

    def read(self, image: Pixels) -> list[Run]:
        """The tiny model's reading."""
        return self._tiny.read(image)

    def improve(self, image: Pixels, runs: Sequence[Run]) -> list[Run]:
        """The small model reads the doubtful runs, the least sure first."""
        doubtful = sorted((i for i, r in enumerate(runs) if _is_doubtful(r)), key=lambda i: runs[i].confidence)
        doubtful = doubtful[:_MAX_SECOND]
        read = dict(zip(doubtful, self.again(image, [runs[i] for i in doubtful]), strict=True))
        return [settled(r, read[i]) if i in read else r for i, r in enumerate(runs)]

    def again(self, image: Pixels, runs: Sequence[Run]) -> list[Run]:
        """The small model's reading of the given runs."""
        if not runs:
            return []
        read = small_model().recognise([crop(image, r.box) for r in runs])
        return [replace(r, text=t, confidence=c) for r, (t, c) in zip(runs, read, strict=True)]


READERS: dict[str, type[TinyReader | SmallReader | TieredReader]] = {
    "tiered": TieredReader,
    "tiny": TinyReader,
    "small": SmallReader,
}


@cache
def small_model() -> SmallModel:
    """The small model of this process, loaded at first need."""
    return SmallModel()


@cache
def reader(name: str = "tiered") -> Reader:
    """The reader of this process, loaded at first need."""
    return READERS[name]()


def better(first: Run, second: Run) -> Run:
    """The reading to keep of the same run: a number whose check digit is right, else the surer one."""
    right = [_has_right_number(r.text) for r in (first, second)]
    if right[0] != right[1]:
        return first if right[0] else second
    if not second.text.strip():
        return first
    return second if second.confidence >= first.confidence else first


def settled(weak: Run, strong: Run) -> Run:
    """The reading to keep where two models read the same run.

    Where they disagree and the stronger one is not the surer one, nobody knows: the run keeps a confidence below which
    no name, unit or date is taken without a person. (Of 49 disputed sample runs the stronger model was right in 44, in
    all of those where it was the surer one.)
    """
    kept = better(weak, strong)
    if kept is strong or not strong.text.strip() or _letters(weak.text) == _letters(strong.text):
        return kept
    if _has_right_number(weak.text):
        return weak
    close = strong.confidence >= weak.confidence - _CLOSE
    return replace(strong if close else weak, confidence=min(weak.confidence, strong.confidence, _DISPUTED))


def crop(image: Pixels, box: Box) -> Pixels:
    """The run's own pixels with a little room around them."""
    height, width = image.shape[:2]
    x0, y0, x1, y1 = box
    return image[max(0, y0 - _PAD) : min(height, y1 + _PAD), max(0, x0 - _PAD) : min(width, x1 + _PAD)]


def arrange(runs: Sequence[Run]) -> tuple[Word, ...]:
    """Words in reading order: rows from top to bottom, left to right within a row; cells of one row share a line.

    Two runs share a row where their heights overlap by more than half of the lower one.
    """
    rows: list[list[Run]] = []
    for run in sorted((r for r in runs if r.confidence >= _LEAST), key=lambda r: r.box[1] + r.box[3]):
        # Only the latest rows can overlap: runs come by the height of their middle.
        best = max(rows[-4:], key=lambda row: _overlap(row[-1].box, run.box), default=None)
        if best is not None and _overlap(best[-1].box, run.box) > 0.5:
            best.append(run)
        else:
            rows.append([run])
    rows.sort(key=lambda row: min(r.box[1] + r.box[3] for r in row))
    return tuple(
        Word(run.text, run.box, run.confidence, line)
        for line, row in enumerate(rows)
        for run in sorted(row, key=lambda r: r.box[0])
    )


def _overlap(a: Box, b: Box) -> float:
    shared = min(a[3], b[3]) - max(a[1], b[1])
    return shared / max(1, min(a[3] - a[1], b[3] - b[1]))


def _is_doubtful(run: Run) -> bool:
    if run.confidence < SURE or _may_be_name(run.text):
        return True
    return _ID_SHAPE.search(run.text) is not None and not _has_right_number(run.text)


def _may_be_name(text: str) -> bool:
    return "姓名" in text or (_NAME_SHAPE.fullmatch(text) is not None and is_surname(text[0]))


def _letters(text: str) -> str:
    """What two readings are compared by; punctuation and its width are the typesetter's choice."""
    return _LETTERS.sub("", text).upper()


def _has_right_number(text: str) -> bool:
    return any(is_identity_number(m.group()) for m in _ID_SHAPE.finditer(text))


def _box(top_left: Sequence[float], bottom_right: Sequence[float]) -> Box:
    x0, x1 = sorted((round(top_left[0]), round(bottom_right[0])))
    y0, y1 = sorted((round(top_left[1]), round(bottom_right[1])))
    return (max(0, x0), max(0, y0), max(x1, x0 + 1), max(y1, y0 + 1))
