"""Opening what people send: raster files, PDF and OFD, each as pages that carry text or have to be read."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from cunzhen.capture.imaging import encode_jpeg, upright
from cunzhen.capture.ofd import OfdDocument
from cunzhen.capture.pdf import PdfDocument
from cunzhen.capture.problems import Problem, unreadable
from cunzhen.capture.rasters import READING_PIXELS, Raster, RasterDocument
from cunzhen.formats.page_text import PageText
from cunzhen.formats.probes import Probe, identify

MAX_FILE_BYTES = 1 << 30
_VIEW_QUALITY = 80
_WIDEST_VIEW = 4_000


class Document(Protocol):
    """Pages of one file."""

    page_count: int

    @property
    def problems(self) -> tuple[Problem, ...]:
        """Warnings about the whole file."""

    def text(self, index: int) -> PageText | None:
        """The text that a page carries itself; None where it must be read from its pixels."""

    def raster(self, index: int, limit: int = READING_PIXELS) -> Raster:
        """A page as pixels, made smaller to about ``limit`` pixels where it is larger."""

    def close(self) -> None:
        """Release the file."""


def open_document(path: Path, probe: Probe) -> Document:
    """Open a file by what it is, not by its name.

    Raises:
        Invalid: T-US-01 damaged or cut short, T-US-02 needs a password, T-US-03 empty, T-US-04 format not accepted,
            T-US-05 too large.
    """
    if probe.category == "empty":
        raise unreadable("T-US-03")
    if probe.size < 0:
        raise unreadable("T-US-01", detail="unreadable")
    if probe.size > MAX_FILE_BYTES:
        raise unreadable("T-US-05", found=f"{probe.size / 1e9:.1f} GB", limit=f"{MAX_FILE_BYTES / 1e9:.1f} GB")
    if probe.category == "image":
        return RasterDocument(path)
    if probe.category == "pdf":
        return PdfDocument(path)
    if probe.category == "ofd":
        return OfdDocument(path)
    raise unreadable("T-US-04", format=probe.format_name or path.suffix or "?")


def name_problems(path: Path, probe: Probe) -> tuple[Problem, ...]:
    """T-AU-01 where the extension claims another format than the content has."""
    if probe.extension_matches:
        return ()
    return (Problem("T-AU-01", {"extension": path.suffix, "format": probe.format_name or "?"}),)


def render_page(path: Path, page_index: int, rotation: int, skew: float, width: int) -> bytes:
    """Viewing copy of one page: upright, straightened JPEG, ``width`` pixels wide (never enlarged beyond its source).

    Args:
        page_index: from 0. rotation, skew: as the page's ``PageText`` tells. width: pixels, 1 to 4,000.

    Raises:
        Invalid: T-US-* as ``open_document``; T-US-01 where there is no such page.
    """
    width = max(1, min(width, _WIDEST_VIEW))
    document = open_document(path, identify([path])[0])
    try:
        if not 0 <= page_index < document.page_count:
            raise unreadable("T-US-01", detail="no such page", page=page_index + 1)
        # Twice the wanted width is enough for a clean reduction, whatever the page's shape within reason.
        raster = document.raster(page_index, max(1_000_000, min(READING_PIXELS, 6 * width * width)))
    finally:
        document.close()
    return encode_jpeg(upright(raster.pixels, rotation, skew), width, _VIEW_QUALITY)
