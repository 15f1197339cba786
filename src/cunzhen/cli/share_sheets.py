"""Recovery shares as pages to print: one file a share, self-contained, with words, a QR code and what to do."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from html import escape
from importlib.resources import files
from pathlib import Path

import segno

from cunzhen.errors import Unavailable
from cunzhen.keys.shares import read_share


@dataclass(frozen=True)
class Sheet:
    """What every page of a set says: the installation, the key store's fingerprint, how many are needed, when made."""

    node: str
    mark: str
    needed: int
    made_at: datetime


def write_sheets(folder: Path, sheet: Sheet, shares: Sequence[str]) -> list[Path]:
    """One HTML page a share, readable by this account only.

    Args:
        folder: new or empty.
        shares: the words of each.

    Raises:
        Unavailable: ``K-16`` where the disk refuses.
    """
    paths = []
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        for words in shares:
            path = folder / f"share-{read_share(words).number}-of-{len(shares)}.html"
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w", encoding="utf-8") as out:
                out.write(page(sheet, words, len(shares)))
            paths.append(path)
    except OSError as error:
        raise Unavailable(
            "K-16", f"写不进 {folder}（{error.strerror}）。", f"Cannot write to {folder} ({error.strerror})."
        ) from error
    return paths


def page(sheet: Sheet, words: str, total: int) -> str:
    """The page of one share."""
    share = read_share(words)
    return (
        files("cunzhen.cli")
        .joinpath("data", "share_sheet.html")
        .read_text(encoding="utf-8")
        .format(
            number=share.number,
            total=total,
            needed=sheet.needed,
            others=sheet.needed - 1,
            set_id=share.set_id,
            mark=escape(sheet.mark),
            node=escape(sheet.node),
            made=f"{sheet.made_at:%Y年%-m月%-d日}",
            words="".join(f"<li>{word}</li>" for word in words.split()),
            # Capitals, which QR codes take in half the room; the reader does not mind.
            qr=segno.make(words.upper(), error="m", micro=False).svg_inline(scale=1, omitsize=True),
        )
    )
