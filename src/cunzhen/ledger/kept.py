"""Copying the heads that witnesses and time stamps have fixed: evidence that nobody can make again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from cunzhen.formats.durable import replace_file
from cunzhen.ledger import tiles
from cunzhen.ledger.witnesses import HEADS, STAMPS


def copy_heads(source: Path, target: Path, wanted: Callable[[str], bool]) -> None:
    """Bring the heads of each day, and their stamps, from one ledger's folder to another; what is the same stays.

    Args:
        source, target: folders with ``heads/`` and ``stamps/``.
        wanted: asked of each head's note; a stamp goes with its head.

    Raises:
        Unavailable: ``L-14`` where a disk refuses.
    """
    try:
        for part in (HEADS, STAMPS):
            for path in sorted((source / part).glob("????-??-??")):
                if not wanted(path.read_text(encoding="utf-8", errors="replace")):
                    continue
                (target / part).mkdir(parents=True, exist_ok=True)
                for file in (path, path.with_name(f"{path.name}.tsr")):
                    _copy(file, target / part / file.name)
    except OSError as error:
        raise tiles.disk_refuses(error) from error


def _copy(file: Path, there: Path) -> None:
    content = file.read_bytes() if file.exists() else None
    if content is not None and not (there.exists() and there.read_bytes() == content):
        replace_file(there, content)
