"""Small pictures of pages, kept in the home's cache: they can always be made again."""

from __future__ import annotations

from pathlib import Path
from uuid import UUID

from django.conf import settings


def cache_path(kind: str, page_id: UUID) -> Path:
    """Where the picture of a page lies; two random digits of the id spread the folders.

    Args:
        kind: ``thumbnails`` or ``pages``.
    """
    return Path(settings.HOME) / "cache" / kind / page_id.hex[-2:] / f"{page_id}.jpg"


def keep_picture(kind: str, page_id: UUID, picture: bytes) -> Path:
    """Keep a picture, whole or not at all."""
    path = cache_path(kind, page_id)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(".new")
    temporary.write_bytes(picture)
    temporary.replace(path)
    return path


def keep_thumbnail(page_id: UUID, picture: bytes) -> None:
    """Keep the thumbnail that reading made."""
    keep_picture("thumbnails", page_id, picture)
