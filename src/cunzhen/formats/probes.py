"""What a file really is: its PRONOM format by Siegfried's signatures, an OFD rule of our own, and if its name agrees.

Siegfried knows OFD (GB/T 33190-2016) only as a zip, so a zip whose directory names ``OFD.xml`` is called OFD here.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pygfried

OFD_PUID = "cunzhen/ofd"
_UNKNOWN = "UNKNOWN"
_HEAD_BYTES = 4096
_TAIL_BYTES = 66_000  # a zip's end record stands within the last 65,557 bytes
_BATCH = 256
_ZIP_END, _ZIP_ENTRY = b"PK\x05\x06", b"PK\x01\x02"
_ZIP_ENTRIES_LOOKED_AT = 64


@dataclass(frozen=True, slots=True)
class Probe:
    """The format of one file.

    Args:
        puid: PRONOM identifier such as ``fmt/276``, ``cunzhen/ofd``, or empty where nothing is known.
        mime: media type, empty where unknown.
        format_name: name and version for people.
        extension_matches: whether the name's extension belongs to the content; True for a name without one.
        category: image, pdf, ofd, archive, spreadsheet, other or empty.
        size: bytes; -1 where the file could not be read.
    """

    puid: str
    mime: str
    format_name: str
    extension_matches: bool
    category: str
    size: int = -1


@dataclass(frozen=True, slots=True)
class _Kind:
    category: str
    mime: str
    name: str
    extensions: frozenset[str]


def _kind(category: str, mime: str, name: str, extensions: str) -> _Kind:
    return _Kind(category, mime, name, frozenset(extensions.split()))


_JPEG = _kind("image", "image/jpeg", "JPEG", "jpg jpeg jpe jfif jif")
_PNG = _kind("image", "image/png", "PNG", "png")
_TIFF = _kind("image", "image/tiff", "TIFF", "tif tiff")
_BMP = _kind("image", "image/bmp", "BMP", "bmp dib")
_WEBP = _kind("image", "image/webp", "WebP", "webp")
_JP2 = _kind("image", "image/jp2", "JPEG 2000", "jp2 jpx j2k jpf j2c jpc")
_PDF = _kind("pdf", "application/pdf", "PDF", "pdf ai")
_OFD = _kind("ofd", "application/ofd", "OFD (GB/T 33190-2016)", "ofd")
_XLSX = _kind(
    "spreadsheet",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "Excel workbook",
    "xlsx xlsm xltx",
)
_OFFICE = _kind("other", "application/zip", "Office document", "docx docm dotx pptx ppsx odt odp odg wps")
_ODS = _kind("spreadsheet", "application/vnd.oasis.opendocument.spreadsheet", "OpenDocument spreadsheet", "ods")
_ZIP = _kind("archive", "application/zip", "ZIP", "zip eep aip sip")
_OLE = _kind("other", "application/x-ole-storage", "OLE2 compound file", "doc xls ppt msg wps et dps")
_CSV = _kind("spreadsheet", "text/csv", "Comma separated values", "csv")
_TEXT = _kind("other", "text/plain", "Plain text", "txt text log md xml html htm json")

# What a file's first bytes say where Siegfried has no answer of its own (it wants whole files; ours may be cut short).
_MAGIC: tuple[tuple[int, bytes, _Kind], ...] = (
    (0, b"\xff\xd8\xff", _JPEG),
    (0, b"\x89PNG\r\n\x1a\n", _PNG),
    (0, b"II*\x00", _TIFF),
    (0, b"MM\x00*", _TIFF),
    (0, b"II+\x00", _TIFF),
    (0, b"MM\x00+", _TIFF),
    (0, b"BM", _BMP),
    (8, b"WEBP", _WEBP),
    (4, b"jP  \r\n\x87\n", _JP2),
    (0, b"\xff\x4f\xff\x51", _JP2),
    (0, b"%PDF-", _PDF),
    (0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", _OLE),
)
_EXTENSIONS_BY_MIME = {
    k.mime: k.extensions for k in (_JPEG, _PNG, _TIFF, _BMP, _WEBP, _JP2, _PDF, _OFD, _XLSX, _ODS, _OLE, _CSV)
}
_MIME_SYNONYMS = {"image/x-ms-bmp": "image/bmp", "image/jpx": "image/jp2", "image/x-bmp": "image/bmp"}
_NAMELESS = frozenset({"bin", "dat", "tmp", "part"})  # extensions that claim nothing
_SPREADSHEET_WORDS = ("spreadsheet", "ms-excel")


def identify(paths: Sequence[Path]) -> list[Probe]:
    """Tell the format of each file, in order; a file that cannot be read gets an empty category-``other`` probe.

    Args:
        paths: files; names may hold any bytes.
    """
    found: list[Probe] = []
    for start in range(0, len(paths), _BATCH):
        batch = list(paths[start : start + _BATCH])
        known = _ask_siegfried([p for p in batch if _speakable(p)])
        found += [_probe(p, known.get(os.fspath(p), ("", "", "", ""))) for p in batch]
    return found


def _speakable(path: Path) -> bool:
    """Whether the name is UTF-8; Siegfried takes no others, and those are known by their first bytes alone."""
    try:
        os.fspath(path).encode()
    except UnicodeEncodeError:
        return False
    return path.is_file()


def _ask_siegfried(paths: Sequence[Path]) -> dict[str, tuple[str, str, str, str]]:
    """(puid, mime, name, basis) by path; what it cannot read is left out."""
    if not paths:
        return {}
    try:
        files: list[Any] = list(pygfried.identify_many([os.fspath(p) for p in paths])["files"])
    except OSError:
        # One file vanished or is unreadable: the others are asked one by one.
        files = [f for p in paths for f in _ask_one(os.fspath(p))]
    return {f["filename"]: _best(f["matches"]) for f in files}


def _ask_one(name: str) -> list[Any]:
    try:
        return list(pygfried.identify(name, detailed=True)["files"])
    except OSError:
        return []


def _best(matches: Sequence[Any]) -> tuple[str, str, str, str]:
    if not matches:
        return ("", "", "", "")
    first = matches[0]
    if first["id"] == _UNKNOWN or "extension only" in first.get("warning", ""):
        return ("", "", "", "")
    name = first["format"] if first["version"] in first["format"] else f"{first['format']} {first['version']}"
    return (first["id"], first["mime"].split(",")[0].strip(), name.strip(), first["basis"])


def _probe(path: Path, known: tuple[str, str, str, str]) -> Probe:
    try:
        size, head, tail = _ends(path)
    except OSError:
        return Probe("", "", "", True, "other")
    if size == 0:
        return Probe("", "", "", True, "empty", 0)
    extension = path.suffix[1:].lower()
    extension = "" if extension in _NAMELESS else extension
    kind = _sniff(head, tail, extension)
    puid, mime, name, basis = known
    mime = _MIME_SYNONYMS.get(mime, mime)
    if kind is _OFD:
        puid, mime, name = OFD_PUID, _OFD.mime, _OFD.name
    elif not puid and kind is not None:
        mime, name = kind.mime, kind.name
    allowed = kind.extensions if kind is not None else _EXTENSIONS_BY_MIME.get(mime)
    named = "extension match" in basis and kind is not _OFD
    agrees = not extension or named or (allowed is not None and extension in allowed)
    if allowed is None and not puid:
        agrees = True  # nothing is known that the name could contradict
    return Probe(puid, mime, name, agrees, _category(kind, mime), size)


def _ends(path: Path) -> tuple[int, bytes, bytes]:
    """(size, first bytes, last bytes) without reading what lies between."""
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        head = file.read(_HEAD_BYTES)
        if not head.startswith(b"PK"):
            return size, head, b""
        file.seek(max(0, size - _TAIL_BYTES))
        return size, head, file.read(_TAIL_BYTES)


def _sniff(head: bytes, tail: bytes, extension: str) -> _Kind | None:
    for offset, magic, kind in _MAGIC:
        if head[offset : offset + len(magic)] == magic and (kind is not _WEBP or head[:4] == b"RIFF"):
            return kind
    if head.startswith(b"PK"):  # before the next: a zip may begin with a PDF that it holds uncompressed
        return _sniff_zip(head, tail)
    if b"%PDF-" in head[:1024]:  # ISO 32000-1 annex H: readers accept the header within the first 1,024 bytes
        return _PDF
    if _is_text(head):
        return _CSV if extension == "csv" else _TEXT
    return None


def _sniff_zip(head: bytes, tail: bytes) -> _Kind:
    names = _zip_names(tail) or [_first_zip_name(head)]
    if "OFD.xml" in names:
        return _OFD
    if "[Content_Types].xml" in names:
        return _XLSX if any(n.startswith("xl/") for n in names) else _OFFICE
    if names and names[0] == "mimetype":
        return _ODS if b"opendocument.spreadsheet" in head[:200] else _OFFICE
    return _ZIP


def _zip_names(tail: bytes) -> list[str]:
    """Names in a zip's directory as far as it lies within the last bytes."""
    end = tail.rfind(_ZIP_END)
    if end < 0 or end + 22 > len(tail):
        return []
    length, offset = struct.unpack_from("<II", tail, end + 12)
    start = end - length
    if start < 0 or offset < 0:
        start = tail.find(_ZIP_ENTRY)  # a long directory: whole entries that are in view
    names: list[str] = []
    while start >= 0 and tail[start : start + 4] == _ZIP_ENTRY and len(names) < _ZIP_ENTRIES_LOOKED_AT:
        if start + 46 > len(tail):
            break
        name, extra, comment = struct.unpack_from("<HHH", tail, start + 28)
        names.append(tail[start + 46 : start + 46 + name].decode("utf-8", "replace").lstrip("/"))
        start += 46 + name + extra + comment
    return names


def _first_zip_name(head: bytes) -> str:
    if len(head) < 30:
        return ""
    (length,) = struct.unpack_from("<H", head, 26)
    return head[30 : 30 + length].decode("utf-8", "replace")


def _is_text(head: bytes) -> bool:
    if b"\x00" in head:
        return head.startswith((b"\xff\xfe", b"\xfe\xff"))
    return sum(b < 32 and b not in b"\t\n\r\f\x1b" for b in head) == 0


def _category(kind: _Kind | None, mime: str) -> str:
    if kind is _OLE:
        return "spreadsheet" if any(w in mime for w in _SPREADSHEET_WORDS) else "other"
    if kind is not None:
        return kind.category
    if mime.startswith("image/"):
        return "image"
    if any(w in mime for w in _SPREADSHEET_WORDS):
        return "spreadsheet"
    return "archive" if mime in {"application/zip", "application/x-tar", "application/gzip"} else "other"
