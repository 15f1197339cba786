"""What a reading process does with one file: carried text at once, scanned pages through imaging and OCR."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np

from cunzhen.capture import imaging
from cunzhen.capture.documents import Document, name_problems, open_document
from cunzhen.capture.ocr import Reader, Run, arrange, better, reader
from cunzhen.capture.problems import Problem, problem_of, unreadable
from cunzhen.capture.rasters import Pixels, Raster
from cunzhen.errors import Invalid
from cunzhen.formats.page_text import PageText
from cunzhen.formats.probes import Probe

_THUMBNAIL_PIXELS = 90_000
_POOR = 0.86  # mean confidence below which a page is also tried turned
_STRONG = 0.75
_FEW_MARKS = 12
_TALL = 1.8
_FEW_RUNS = 4
_FAINT = 0.25
_UNSURE = 0.9
_TOUCHED = 6.0  # grey levels by which removing a seal changed a run's crop

# Texts cross the process border as JSON: pickling thousands of small objects costs more than reading a digital page.
PackedPage = tuple[bytes, bytes, int, int, int, bool]


@dataclass(frozen=True, slots=True)
class ReadPage:
    """The reading of one page.

    Args:
        text: words with boxes; ``blank``, ``rotation`` and ``skew`` tell how the page lies.
        thumbnail: JPEG, upright, 200 pixels wide.
        width, height: pixels of the page as stored (a digital page: at 150 dpi).
        dpi: declared or computed resolution of these pixels, 0 where unknown.
        digital: whether the document carried the text itself.
    """

    text: PageText
    thumbnail: bytes
    width: int
    height: int
    dpi: int
    digital: bool

    def pack(self) -> PackedPage:
        """A cheap form for the way between processes."""
        return (self.text.to_json(), self.thumbnail, self.width, self.height, self.dpi, self.digital)

    @classmethod
    def unpack(cls, packed: PackedPage) -> ReadPage:
        """What ``pack`` made."""
        return cls(PageText.from_json(packed[0]), *packed[1:])


@dataclass(frozen=True, slots=True)
class Survey:
    """First look at a file.

    Args:
        pages: one entry a page; None where the page has to be read from its pixels.
        problems: what was found; with one that returns the file there are no pages.
    """

    pages: tuple[PackedPage | None, ...]
    problems: tuple[Problem, ...]


def survey(path: Path, probe: Probe) -> Survey:
    """Open a file, take the text it carries, and tell which pages need reading; loads no models."""
    problems = name_problems(path, probe)
    try:
        document = open_document(path, probe)
        try:
            problems += document.problems
            pages = tuple(_carried(document, index) for index in range(document.page_count))
            problems += _silent(document, pages)
        finally:
            document.close()
    except Invalid as e:
        return Survey((), (*problems, problem_of(e)))
    except MemoryError:
        return Survey((), (*problems, Problem("T-US-05", {"found": "?", "limit": "?"})))
    return Survey(pages, problems)


def read_scans(path: Path, probe: Probe, indexes: Sequence[int], engine: str) -> list[PackedPage] | Problem:
    """Read some pages of a file from their pixels."""
    try:
        document = open_document(path, probe)
        try:
            return [_read(_prepare(document.raster(i)), reader(engine)).pack() for i in indexes]
        finally:
            document.close()
    except Invalid as e:
        return problem_of(e)
    except (MemoryError, cv2.error):
        return problem_of(unreadable("T-US-05", found="?", limit="?"))


def _carried(document: Document, index: int) -> PackedPage | None:
    text = document.text(index)
    if text is None:
        return None
    small = document.raster(index, _THUMBNAIL_PIXELS)
    return ReadPage(text, imaging.thumbnail(small.pixels), text.width, text.height, 150, True).pack()


def _silent(document: Document, pages: Sequence[PackedPage | None]) -> tuple[Problem, ...]:
    """OFD pages that carry neither text nor an image that could be read."""
    if not hasattr(document, "_scan"):
        return ()
    return tuple(
        Problem("T-US-08", {"page": number})
        for number, page in enumerate(pages, start=1)
        if page is not None and b'"words":[]' in page[0] and b'"blank":false' in page[0]
    )


@dataclass(frozen=True, slots=True)
class _Prepared:
    """What reading needs of a page; the colour pixels, the largest part, are let go before the models run."""

    grey: Pixels
    clean: Pixels
    sketch: imaging.Sketch
    small: Pixels
    has_seal: bool
    width: int
    height: int
    dpi: int


def read_raster(raster: Raster, engine: Reader) -> ReadPage:
    """Straighten, read and judge one scanned page."""
    return _read(_prepare(raster), engine)


def _prepare(raster: Raster) -> _Prepared:
    grey = imaging.softened(imaging.to_grey(raster.pixels))
    red = imaging.seals(raster.pixels)
    clean = imaging.without_red(raster.pixels, red) if red else grey
    small = imaging.reduced(raster.pixels)
    return _Prepared(grey, clean, imaging.sketch(grey), small, bool(red), raster.width, raster.height, raster.dpi)


def _read(page: _Prepared, engine: Reader) -> ReadPage:
    marks = imaging.marks(page.sketch)
    if not marks and not page.has_seal:
        return _finish(page, _Reading((), 0, 0.0, (page.grey.shape[1], page.grey.shape[0])), True, "none")
    reading, turned = _read_upright(page.clean, page.sketch, engine)
    if _has_ghosts(turned, reading.runs):
        turned = imaging.upright(imaging.without_ghosts(page.clean, page.sketch), reading.rotation, reading.skew)
        reading = replace(reading, runs=tuple(engine.read(turned)))
    runs = engine.improve(turned, reading.runs)
    if page.has_seal:
        runs = _second_look(imaging.upright(page.grey, reading.rotation, reading.skew), turned, runs, engine)
    strong = any(r.confidence >= _STRONG for r in runs)
    blank = not strong and not page.has_seal and marks < _FEW_MARKS
    return _finish(page, replace(reading, runs=() if blank else tuple(runs)), blank, engine.name)


@dataclass(frozen=True, slots=True)
class _Reading:
    runs: tuple[Run, ...]
    rotation: int
    skew: float
    size: tuple[int, int]

    @property
    def gain(self) -> float:
        """How much was read well; comparable between turns of the same page."""
        return sum(len(r.text) * (r.confidence - 0.5) for r in self.runs if not _is_tall(r))

    @property
    def is_poor(self) -> bool:
        """Whether the page may lie the wrong way round."""
        letters = sum(len(r.text) for r in self.runs)
        if not letters:
            return True
        tall = sum(len(r.text) for r in self.runs if _is_tall(r))
        mean = sum(r.confidence * len(r.text) for r in self.runs) / letters
        return mean < _POOR or tall > letters / 2


def _is_tall(run: Run) -> bool:
    wide, high = run.box[2] - run.box[0], run.box[3] - run.box[1]
    return high > _TALL * wide and len(run.text) > 2


def _read_upright(clean: Pixels, page: imaging.Sketch, engine: Reader) -> tuple[_Reading, Pixels]:
    """Read a page the way it most likely lies; turn it and try again where that reads badly."""
    likely = 90 if imaging.is_sideways(page) else 0
    best, pixels = _attempt(clean, page, likely, engine)
    if not best.is_poor:
        return best, pixels
    for turn in (180, 90, 270):
        tried, turned = _attempt(clean, page, (likely + turn) % 360, engine)
        if tried.gain > best.gain:
            best, pixels = tried, turned
        if not best.is_poor:
            break
    return best, pixels


def _attempt(clean: Pixels, page: imaging.Sketch, rotation: int, engine: Reader) -> tuple[_Reading, Pixels]:
    lying = imaging.Sketch(page.grey, page.scale, imaging.upright(page.ink, rotation, 0.0))
    skew = imaging.skew_of(lying)
    turned = imaging.upright(clean, rotation, skew)
    runs = tuple(engine.read(turned))
    return _Reading(runs, rotation, skew, (turned.shape[1], turned.shape[0])), turned


def _has_ghosts(page: Pixels, runs: Sequence[Run]) -> bool:
    """Whether some runs are far fainter than the page's type and read badly: the other side shows through."""
    if len(runs) < _FEW_RUNS:
        return False
    paper = float(np.median(page[::8, ::8]))
    depths = [paper - float(np.percentile(page[r.box[1] : r.box[3] : 2, r.box[0] : r.box[2] : 2], 3)) for r in runs]
    usual = float(np.median(depths))
    return any(d < _FAINT * usual and r.confidence < _UNSURE for d, r in zip(depths, runs, strict=True))


def _second_look(original: Pixels, clean: Pixels, runs: Sequence[Run], engine: Reader) -> list[Run]:
    """Runs that a seal touches are also read with the seal in place; the better reading stays."""
    touched = [i for i, r in enumerate(runs) if _differs(original, clean, r)]
    other = dict(zip(touched, engine.again(original, [runs[i] for i in touched]), strict=True))
    return [better(r, other[i]) if i in other else r for i, r in enumerate(runs)]


def _differs(original: Pixels, clean: Pixels, run: Run) -> bool:
    x0, y0, x1, y1 = run.box
    before, after = original[y0:y1:2, x0:x1:2], clean[y0:y1:2, x0:x1:2]
    if before.size == 0:
        return False
    return float(np.abs(before.astype(np.int16) - after.astype(np.int16)).mean()) > _TOUCHED


def _finish(page: _Prepared, reading: _Reading, blank: bool, engine: str) -> ReadPage:
    words = arrange(reading.runs)
    text = PageText(*reading.size, reading.rotation, reading.skew, blank, words, engine)
    small = imaging.thumbnail(page.small, reading.rotation, reading.skew)
    return ReadPage(text, small, page.width, page.height, page.dpi, False)
