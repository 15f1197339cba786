"""OFD documents (GB/T 33190-2016): the text objects of each page with their boxes, or the image of a scanned page.

An OFD is a zip of XML files; sizes are millimetres. Boxes are in pixels at 150 dpi. Glyphs are not drawn: without the
document's fonts a page is pictured by bars where its text stands.
"""

from __future__ import annotations

import io
import posixpath
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from lxml import etree

from cunzhen.capture.problems import Problem, unreadable
from cunzhen.capture.rasters import READING_PIXELS, Raster, RasterDocument
from cunzhen.errors import Invalid
from cunzhen.formats.page_text import PageText, Word

ENGINE = "ofd"
TEXT_DPI = 150
MAX_PAGES = 5_000
MAX_ENTRIES = 50_000
MAX_XML_BYTES = 32_000_000
MAX_IMAGE_BYTES = 200_000_000
MAX_RUNS = 50_000
_MILLIMETRES = 25.4
_A4 = (210.0, 297.0)
_LARGEST_SIDE = 5_000.0
_COVERS_PAGE = 0.6
_ROW = 0.5

_Box = tuple[float, float, float, float]


class OfdDocument:
    """An OFD file; its first document body is read."""

    def __init__(self, path: Path) -> None:
        """Open the file and list its pages.

        Raises:
            Invalid: T-US-01 damaged, T-US-02 encrypted, T-US-05 too large.
        """
        try:
            self._zip = zipfile.ZipFile(path)
        except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as e:
            raise unreadable("T-US-01", detail="damaged") from e
        try:
            if len(self._zip.namelist()) > MAX_ENTRIES:
                raise unreadable("T-US-05", found=f"{len(self._zip.namelist()):,}", limit=f"{MAX_ENTRIES:,}")
            self._names = {n.lstrip("/").lower(): n for n in self._zip.namelist()}
            self._root = _text_of(self._xml("OFD.xml"), "DocRoot") or ""
            document = self._xml(self._root)
            self._size = _box_of(document, "PhysicalBox") or (0.0, 0.0, *_A4)
            pages = [p.get("BaseLoc", "") for p in document.iter("{*}Page") if p.get("BaseLoc")]
            self._pages = [_joined(self._root, p) for p in pages]
            self._images = self._list_images(document)
        except BaseException:
            self._zip.close()
            raise
        self.page_count = len(self._pages)
        self._check_count()
        self.problems: tuple[Problem, ...] = ()

    def text(self, index: int) -> PageText | None:
        """The page's text objects in reading order, or None where the page is an image."""
        page = self._xml(self._pages[index])
        x0, y0, wide, high = self._page_box(page)
        scale = TEXT_DPI / _MILLIMETRES
        size = (max(1, round(wide * scale)), max(1, round(high * scale)))
        found: list[tuple[str, _Box]] = []
        for text_object in page.iter("{*}TextObject"):
            text = "".join(code.text or "" for code in text_object.iter("{*}TextCode")).strip()
            box = _numbers(text_object.get("Boundary", ""))
            if text and box is not None and len(found) < MAX_RUNS:
                found.append((text, (box[0] - x0, box[1] - y0, box[0] - x0 + box[2], box[1] - y0 + box[3])))
        if not found and self._scan(page) is not None:
            return None
        words = tuple(
            Word(t, (int(b[0] * scale), int(b[1] * scale), int(b[2] * scale) + 1, int(b[3] * scale) + 1), 1.0, line)
            for line, t, b in _rows(found)
        )
        return PageText(*size, 0, 0.0, not words and next(page.iter("{*}PathObject"), None) is None, words, ENGINE)

    def raster(self, index: int, limit: int = READING_PIXELS) -> Raster:
        """The scanned page's image, or bars where the text of a digital page stands."""
        page = self._xml(self._pages[index])
        scan = self._scan(page)
        if scan is not None:
            image = RasterDocument(io.BytesIO(self._read(scan, MAX_IMAGE_BYTES)))
            try:
                return image.raster(0, limit)
            finally:
                image.close()
        text = self.text(index)
        if text is None:
            raise unreadable("T-US-01", detail="damaged", page=index + 1)
        sheet = np.full((min(text.height, 4000), min(text.width, 4000)), 255, np.uint8)
        for word in text.words:
            left, top, right, bottom = word.box
            inset = (bottom - top) // 5
            sheet[max(0, top + inset) : max(0, bottom - inset), max(0, left) : max(0, right)] = 150
        return Raster(sheet, text.width, text.height, TEXT_DPI)

    def close(self) -> None:
        """Release the file."""
        self._zip.close()

    def _check_count(self) -> None:
        if not self._pages:
            self.close()
            raise unreadable("T-US-01", detail="no pages")
        if len(self._pages) > MAX_PAGES:
            self.close()
            raise unreadable("T-US-05", found=f"{len(self._pages):,} p.", limit=f"{MAX_PAGES:,} p.")

    def _page_box(self, page: etree._Element) -> _Box:
        x0, y0, wide, high = _box_of(page, "PhysicalBox") or self._size
        if not (0 < wide <= _LARGEST_SIDE and 0 < high <= _LARGEST_SIDE):
            return (0.0, 0.0, *_A4)
        return (x0, y0, wide, high)

    def _scan(self, page: etree._Element) -> str | None:
        """Name of the image that fills the page, if one does."""
        _, _, wide, high = self._page_box(page)
        for image in page.iter("{*}ImageObject"):
            box = _numbers(image.get("Boundary", ""))
            if box is not None and box[2] * box[3] >= _COVERS_PAGE * wide * high:
                return self._images.get(image.get("ResourceID", ""))
        return None

    def _list_images(self, document: etree._Element) -> dict[str, str]:
        images: dict[str, str] = {}
        for kind in ("DocumentRes", "PublicRes"):
            for resource in document.iter(f"{{*}}{kind}"):
                name = _joined(self._root, (resource.text or "").strip())
                if name.lower() not in self._names:
                    continue
                listing = self._xml(name)
                folder = _joined(name, listing.get("BaseLoc", "") + "/.")
                for media in listing.iter("{*}MultiMedia"):
                    file = _text_of(media, "MediaFile")
                    if file:
                        images[media.get("ID", "")] = posixpath.normpath(posixpath.join(folder, file)).lstrip("/")
        return images

    def _xml(self, name: str) -> etree._Element:
        parser = etree.XMLParser(
            resolve_entities=False, no_network=True, load_dtd=False, dtd_validation=False, huge_tree=False
        )
        data = self._read(name, MAX_XML_BYTES)
        try:
            root = etree.fromstring(data, parser)
        except etree.XMLSyntaxError as e:
            raise unreadable("T-US-01", detail="damaged") from e
        if root.getroottree().docinfo.internalDTD is not None:
            raise unreadable("T-US-01", detail="document type declaration")
        return root

    def _read(self, name: str, limit: int) -> bytes:
        """One entry, never more than ``limit`` bytes however well it was compressed."""
        entry = self._names.get(name.lstrip("/").lower())
        if entry is None:
            raise unreadable("T-US-01", detail="part missing")
        try:
            if self._zip.getinfo(entry).flag_bits & 1:
                raise unreadable("T-US-02")
            with self._zip.open(entry) as file:
                data = file.read(limit + 1)
        except Invalid:
            raise
        except (zipfile.BadZipFile, OSError, EOFError, ValueError, NotImplementedError, zlib.error) as e:
            raise unreadable("T-US-01", detail="damaged") from e
        if len(data) > limit:
            raise unreadable("T-US-05", found=f"> {limit // 1_000_000} MB", limit=f"{limit // 1_000_000} MB")
        return data


def _joined(base: str, name: str) -> str:
    """A location relative to the folder of ``base``; a leading slash starts at the package's root (7.2)."""
    if name.startswith("/"):
        return posixpath.normpath(name).lstrip("/")
    return posixpath.normpath(posixpath.join(posixpath.dirname(base), name)).lstrip("/")


def _text_of(element: etree._Element, name: str) -> str | None:
    found = next(element.iter(f"{{*}}{name}"), None)
    return found.text.strip() if found is not None and found.text else None


def _box_of(element: etree._Element, name: str) -> _Box | None:
    return _numbers(_text_of(element, name) or "")


def _numbers(text: str) -> _Box | None:
    try:
        values = [float(v) for v in text.split()]
    except ValueError:
        return None
    if len(values) != 4 or not all(abs(v) < 1e6 for v in values):
        return None
    return (values[0], values[1], values[2], values[3])


def _rows(found: list[tuple[str, _Box]]) -> Iterator[tuple[int, str, _Box]]:
    """(line, text, box) in reading order; objects whose heights overlap by more than half share a line."""
    line, last = -1, (0.0, 0.0)
    rows: list[list[tuple[str, _Box]]] = []
    for text, box in sorted(found, key=lambda f: f[1][1] + f[1][3]):
        shared = min(last[1], box[3]) - max(last[0], box[1])
        if rows and shared > _ROW * min(last[1] - last[0], box[3] - box[1]):
            rows[-1].append((text, box))
        else:
            rows.append([(text, box)])
            last = (box[1], box[3])
    for row in rows:
        line += 1
        yield from ((line, text, box) for text, box in sorted(row, key=lambda f: f[1][0]))
