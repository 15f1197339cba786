"""What the web may hand out of the published ledger, by name, and nothing else of the disk."""

from __future__ import annotations

import re
from pathlib import Path

from cunzhen.errors import Invalid, Missing, Unavailable
from cunzhen.formats import tlog
from cunzhen.ledger import tiles
from cunzhen.ledger.kept import HEADS, STAMPS

_HEAD = re.compile(rf"(?:{HEADS}|{STAMPS})/[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}(?:\.tsr)?", re.ASCII)


def resource(path: str) -> bytes | Path:
    """The published file of this name.

    There are ``checkpoint``, ``vkey``, ``heads/…``, ``stamps/…``, ``tile/…`` and ``tile/entries/…``.
    ``checkpoint`` and ``vkey`` are text and change, as does today's head; tiles are bytes and never do. Who may see
    ``tile/entries/…`` is the door's to decide.

    Args:
        path: as it stands in the URL after ``/ledger/``. Names are taken apart and written anew, so that no spelling
            leads anywhere else.

    Returns:
        The path of a file that stays, or the bytes of a partial tile.

    Raises:
        Missing: ``L-19`` where there is no such file.
    """
    folder = tiles.current()
    if path in {tiles.CHECKPOINT, tiles.VKEY} or _HEAD.fullmatch(path):
        return _file(folder.root / path)
    try:
        tile = tlog.parse_path(path)
        if tile.width == tlog.TILE_WIDTH:
            return _file(folder.root / tile.path)
        # A partial tile may be removed at any moment, so its bytes are handed out and not its name.
        return folder.read(tile)
    except (Invalid, Unavailable):
        raise _no_such_file() from None


def _file(path: Path) -> Path:
    if not path.is_file():
        raise _no_such_file()
    return path


def _no_such_file() -> Missing:
    return Missing("L-19", "账本没有发布过这个文件。", "The ledger has published no such file.")
