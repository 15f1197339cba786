"""PDF pages: the text that a digital document carries itself, with boxes, or the pixels of a scanned page.

Text is taken line by line and cell by cell through a few calls a run, not a call a character: a page of 1,450 Chinese
characters costs about 4 ms, most of it the parsing of its fonts. Boxes are in pixels of the upright page at 150 dpi.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import cv2
import numpy as np
import pypdfium2.raw as pdfium

from cunzhen.capture.problems import Problem, unreadable
from cunzhen.capture.rasters import MAX_PIXELS, READING_PIXELS, Pixels, Raster, scale_for
from cunzhen.formats.page_text import PageText, Word

TEXT_DPI = 150
SCAN_DPI = 300
MAX_PAGES = 5_000
MAX_CHARACTERS = 200_000
POINTS_PER_INCH = 72.0
ENGINE = "pdf"
_TAIL_BYTES = 4096
_MAX_OBJECTS_LOOKED_AT = 3_000
_FORM_DEPTH = 3
_COVERS_PAGE = 0.6  # share of the page from which an image is the page rather than an illustration
_SPARSE = 60  # characters beside a page-filling image that do not make a page digital
_JUNK_SHARE = 0.2
_ERROR_PASSWORD = 4
_ERROR_SECURITY = 5
_FINE = 1000  # PageToDevice answers in whole pixels: a large canvas keeps the fraction


@dataclass(frozen=True, slots=True)
class _Matrix:
    """Page points to pixels of the upright page: x = a*px + c*py + e, y = b*px + d*py + f."""

    a: float
    b: float
    c: float
    d: float
    e: float
    f: float

    def box(self, x0: float, y0: float, x1: float, y1: float) -> tuple[int, int, int, int]:
        xs = (self.a * x0 + self.c * y0 + self.e, self.a * x1 + self.c * y1 + self.e)
        ys = (self.b * x0 + self.d * y0 + self.f, self.b * x1 + self.d * y1 + self.f)
        return (int(min(xs)), int(min(ys)), int(max(xs)) + 1, int(max(ys)) + 1)


class PdfDocument:
    """A PDF file opened by PDFium; pages are loaded one at a time."""

    def __init__(self, path: Path) -> None:
        """Open the file.

        Raises:
            Invalid: T-US-01 damaged or cut short, T-US-02 needs a password, T-US-05 too many pages.
        """
        if not _has_end_mark(path):
            raise unreadable("T-US-01", detail="truncated")
        self._index = -1
        self._page: Any = None
        self._document = pdfium.FPDF_LoadDocument(os.fsencode(path), None)
        if not self._document:
            error = pdfium.FPDF_GetLastError()
            if error in (_ERROR_PASSWORD, _ERROR_SECURITY):
                raise unreadable("T-US-02")
            raise unreadable("T-US-01", detail="damaged")
        self.page_count = int(pdfium.FPDF_GetPageCount(self._document))
        if self.page_count < 1:
            self.close()
            raise unreadable("T-US-01", detail="no pages")
        if self.page_count > MAX_PAGES:
            self.close()
            raise unreadable("T-US-05", found=f"{self.page_count:,} p.", limit=f"{MAX_PAGES:,} p.")

    @property
    def problems(self) -> tuple[Problem, ...]:
        """Warnings about the whole file."""
        encrypted = pdfium.FPDF_GetSecurityHandlerRevision(self._document) >= 0
        return (Problem("T-US-07"),) if encrypted else ()

    def text(self, index: int) -> PageText | None:
        """The text that the page carries, or None where it has to be read from its pixels."""
        page = self._load(index)
        width, height = self._points(page)
        if min(width, height) < 1:
            raise unreadable("T-US-01", detail="page size", page=index + 1)
        text_page = pdfium.FPDFText_LoadPage(page)
        if not text_page:
            return None
        try:
            count = min(int(pdfium.FPDFText_CountChars(text_page)), MAX_CHARACTERS)
            text = _characters(text_page, count)
            solid = "".join(text.split())
            if not solid or _is_junk(solid):
                return self._blank(page) if not solid and _object_count(page) == 0 else None
            image = max((o.share for o in _images(page, width * height)), default=0.0)
            if image >= _COVERS_PAGE and (len(solid) < _SPARSE or _is_hidden(page)):
                return None
            matrix = _matrix(page, TEXT_DPI / POINTS_PER_INCH)
            words = tuple(_words(text_page, text, matrix))
        finally:
            pdfium.FPDFText_ClosePage(text_page)
        return _page_text(width, height, words, blank=False)

    def raster(self, index: int, limit: int = READING_PIXELS) -> Raster:
        """The page as pixels: at its scan's own resolution up to 300 dpi, and at most about ``limit`` pixels."""
        page = self._load(index)
        width, height = self._points(page)
        scan = max(_images(page, width * height), key=lambda o: o.share, default=None)
        dpi = SCAN_DPI
        if scan is not None and scan.share >= _COVERS_PAGE:
            # Over a coarse background, visible text is still drawn sharp.
            floor = SCAN_DPI if _has_visible_text(page) else 50
            dpi = max(floor, min(1200, round(scan.dpi)))
        full = (max(1, round(width * dpi / POINTS_PER_INCH)), max(1, round(height * dpi / POINTS_PER_INCH)))
        drawn = min(dpi, SCAN_DPI) / dpi
        scale = min(drawn, scale_for(*full, limit))
        pixels = _render(page, max(1, round(full[0] * scale)), max(1, round(full[1] * scale)))
        return Raster(pixels, full[0], full[1], dpi)

    def close(self) -> None:
        """Release the file."""
        self._drop_page()
        if self._document:
            pdfium.FPDF_CloseDocument(self._document)
            self._document = None

    def _load(self, index: int) -> Any:
        if index != self._index:
            self._drop_page()
            self._page = pdfium.FPDF_LoadPage(self._document, index)
            if not self._page:
                raise unreadable("T-US-01", detail="damaged", page=index + 1)
            self._index = index
        return self._page

    def _drop_page(self) -> None:
        if self._page:
            pdfium.FPDF_ClosePage(self._page)
        self._page, self._index = None, -1

    def _points(self, page: Any) -> tuple[float, float]:
        return (float(pdfium.FPDF_GetPageWidthF(page)), float(pdfium.FPDF_GetPageHeightF(page)))

    def _blank(self, page: Any) -> PageText:
        return _page_text(*self._points(page), (), blank=True)


def _page_text(width: float, height: float, words: tuple[Word, ...], *, blank: bool) -> PageText:
    scale = TEXT_DPI / POINTS_PER_INCH
    return PageText(max(1, round(width * scale)), max(1, round(height * scale)), 0, 0.0, blank, words, ENGINE)


def _has_end_mark(path: Path) -> bool:
    """Whether the file ends as ISO 32000-1 7.5.5 asks; one cut short in transfer does not."""
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        file.seek(max(0, size - _TAIL_BYTES))
        return b"%%EOF" in file.read(_TAIL_BYTES)


def _characters(text_page: Any, count: int) -> str:
    buffer = (ctypes.c_ushort * (count * 2 + 1))()
    written = pdfium.FPDFText_GetText(text_page, 0, count, buffer)
    return bytes(buffer)[: 2 * max(0, written - 1)].decode("utf-16-le", "replace")


def _is_junk(solid: str) -> bool:
    """Whether the characters are codes of a font without a map to Unicode, or bytes read in the wrong script."""
    bad = sum(
        1
        for c in solid
        if c < " " or c == "\ufffd" or "\ue000" <= c <= "\uf8ff" or "\x7f" <= c <= "\xff" or c >= "\U000f0000"
    )
    return bad > _JUNK_SHARE * len(solid)


@dataclass(frozen=True, slots=True)
class _PlacedImage:
    share: float  # of the page's area
    dpi: float


def _object_count(page: Any) -> int:
    return int(pdfium.FPDFPage_CountObjects(page))


def _images(page: Any, area: float) -> Iterator[_PlacedImage]:
    left, bottom, right, top = (ctypes.c_float() for _ in range(4))
    width, height = ctypes.c_uint(), ctypes.c_uint()
    for item in _objects(page, pdfium.FPDF_PAGEOBJ_IMAGE):
        if not pdfium.FPDFPageObj_GetBounds(item, left, bottom, right, top):
            continue
        if pdfium.FPDFPageObj_HasTransparency(item):
            continue  # a watermark over or under the text is no scan
        wide, high = abs(right.value - left.value), abs(top.value - bottom.value)
        if wide <= 0 or high <= 0 or not pdfium.FPDFImageObj_GetImagePixelSize(item, width, height):
            continue
        share = min(1.0, wide * high / max(1.0, area))
        # A picture placed sideways has its pixels the other way round; the finer of both readings is the safe one.
        dpi = max(width.value, height.value) / max(wide, high) * POINTS_PER_INCH
        if width.value * height.value > MAX_PIXELS:
            found = f"{width.value:,} x {height.value:,} px"
            raise unreadable("T-US-05", found=found, limit=f"{MAX_PIXELS // 1_000_000} Mpx")
        yield _PlacedImage(share, dpi)


def _objects(page: Any, kind: int) -> Iterator[Any]:
    """Objects of one kind on the page and within its forms, as far as it is worth looking."""
    for number in range(min(_object_count(page), _MAX_OBJECTS_LOOKED_AT)):
        yield from _unfold(pdfium.FPDFPage_GetObject(page, number), kind, _FORM_DEPTH)


def _unfold(item: Any, kind: int, depth: int) -> Iterator[Any]:
    found = pdfium.FPDFPageObj_GetType(item)
    if found == kind:
        yield item
    elif found == pdfium.FPDF_PAGEOBJ_FORM and depth > 0:
        for number in range(min(pdfium.FPDFFormObj_CountObjects(item), _MAX_OBJECTS_LOOKED_AT)):
            yield from _unfold(pdfium.FPDFFormObj_GetObject(item, number), kind, depth - 1)


def _has_visible_text(page: Any) -> bool:
    return next(_objects(page, pdfium.FPDF_PAGEOBJ_TEXT), None) is not None and not _is_hidden(page)


def _is_hidden(page: Any) -> bool:
    """Whether the text is the invisible layer of some scanner's own reading, whose quality nobody vouches for."""
    first = next(_objects(page, pdfium.FPDF_PAGEOBJ_TEXT), None)
    return first is not None and bool(
        pdfium.FPDFTextObj_GetTextRenderMode(first) == pdfium.FPDF_TEXTRENDERMODE_INVISIBLE
    )


def _matrix(page: Any, scale: float) -> _Matrix:
    """How page points become pixels, with the page's own rotation and crop box."""
    width = pdfium.FPDF_GetPageWidthF(page) * scale
    height = pdfium.FPDF_GetPageHeightF(page) * scale
    x, y = ctypes.c_int(), ctypes.c_int()

    def at(px: float, py: float) -> tuple[float, float]:
        pdfium.FPDF_PageToDevice(page, 0, 0, round(width * _FINE), round(height * _FINE), 0, px, py, x, y)
        return (x.value / _FINE, y.value / _FINE)

    origin, right, up = at(0, 0), at(100, 0), at(0, 100)
    return _Matrix(
        (right[0] - origin[0]) / 100,
        (right[1] - origin[1]) / 100,
        (up[0] - origin[0]) / 100,
        (up[1] - origin[1]) / 100,
        origin[0],
        origin[1],
    )


def _words(text_page: Any, text: str, matrix: _Matrix) -> Iterator[Word]:
    """Runs between gaps; a run is a cell of a table or a whole line of prose."""
    edges = tuple(ctypes.c_double() for _ in range(4))
    line, start = 0, 0
    for row in text.split("\n"):
        runs: list[tuple[str, tuple[int, int, int, int]]] = []
        position = start
        for token in row.split():
            position = text.index(token, position)
            box = _box_of(text_page, position, len(token), edges, matrix)
            position += len(token)
            if box is not None:
                _add_run(runs, token, box)
        start += len(row) + 1
        yield from (Word(run, box, 1.0, line) for run, box in runs)
        line += bool(runs)


def _box_of(
    text_page: Any, position: int, length: int, edges: tuple[ctypes.c_double, ...], matrix: _Matrix
) -> tuple[int, int, int, int] | None:
    left, top, right, bottom = edges
    first = pdfium.FPDFText_GetCharIndexFromTextIndex(text_page, position)
    if first < 0:
        return None
    x0 = y0 = float("inf")
    x1 = y1 = float("-inf")
    for number in range(pdfium.FPDFText_CountRects(text_page, first, length)):
        if pdfium.FPDFText_GetRect(text_page, number, left, top, right, bottom):
            x0, x1 = min(x0, left.value), max(x1, right.value)
            y0, y1 = min(y0, bottom.value), max(y1, top.value)
    return matrix.box(x0, y0, x1, y1) if x1 >= x0 else None


def _add_run(runs: list[tuple[str, tuple[int, int, int, int]]], token: str, box: tuple[int, int, int, int]) -> None:
    """Words of one Latin phrase stay together; a wider gap starts a new run."""
    if runs:
        before, old = runs[-1]
        gap, size = box[0] - old[2], max(box[3] - box[1], old[3] - old[1])
        if before[-1].isascii() and token[0].isascii() and -size < gap < 0.5 * size:
            joined = (old[0], min(old[1], box[1]), box[2], max(old[3], box[3]))
            runs[-1] = (f"{before} {token}", joined)
            return
    runs.append((token, box))


def _render(page: Any, width: int, height: int) -> Pixels:
    bitmap = pdfium.FPDFBitmap_CreateEx(width, height, pdfium.FPDFBitmap_BGR, None, 0)
    if not bitmap:
        raise unreadable("T-US-05", found=f"{width:,} x {height:,} px", limit=f"{READING_PIXELS // 1_000_000} Mpx")
    try:
        pdfium.FPDFBitmap_FillRect(bitmap, 0, 0, width, height, 0xFFFFFFFF)
        pdfium.FPDF_RenderPageBitmap(bitmap, page, 0, 0, width, height, 0, pdfium.FPDF_ANNOT)
        stride = pdfium.FPDFBitmap_GetStride(bitmap)
        buffer = ctypes.cast(pdfium.FPDFBitmap_GetBuffer(bitmap), ctypes.POINTER(ctypes.c_ubyte))
        rows = np.ctypeslib.as_array(buffer, (height, stride))[:, : width * 3].reshape(height, width, 3)
        return cast(Pixels, cv2.cvtColor(rows, cv2.COLOR_BGR2RGB))
    finally:
        pdfium.FPDFBitmap_Destroy(bitmap)
