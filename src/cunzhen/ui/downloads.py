"""A kept file as a download, with a name and a type that do no harm."""

from __future__ import annotations

import re
import unicodedata
from typing import BinaryIO

from django.http import FileResponse

_MIME = re.compile(r"[a-z0-9.+-]+/[a-z0-9.+-]+")


def sent_file(content: BinaryIO, *, name: str, mime: str, size: int) -> FileResponse:
    """A file, byte for byte, that a browser saves and never shows.

    Args:
        name, mime: as they were received. size: bytes.
    """
    kind = mime if _MIME.fullmatch(mime) else "application/octet-stream"
    response = FileResponse(content, as_attachment=True, filename=_plain(name), content_type=kind)
    response["Content-Length"] = str(size)
    return response


def _plain(name: str) -> str:
    """The last part of the name without what a header or another system's disk cannot bear."""
    last = name.replace("\\", "/").rsplit("/", 1)[-1]
    return "".join("_" if unicodedata.category(c) in {"Cc", "Cf", "Cs"} else c for c in last) or "file"
