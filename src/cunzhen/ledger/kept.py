"""Heads that are kept because somebody outside has fixed them: evidence that nobody can make again.

``witnessed`` is the newest head with a countersignature, ``heads/<day>`` the last such head of each day,
``stamps/<day>`` a head with a time stamp and ``stamps/<day>.tsr`` that stamp. The ledger must be the continuation of
each.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime
from zoneinfo import ZoneInfo

from cunzhen.errors import Unavailable
from cunzhen.formats import signed_note
from cunzhen.ledger import tiles

log = logging.getLogger("cunzhen.ledger")
WITNESSED = "witnessed"
HEADS = "heads"
STAMPS = "stamps"
STAMP = ".tsr"
_BEIJING = ZoneInfo("Asia/Shanghai")


def kept_heads() -> dict[str, str]:
    """Every kept head by its file's name."""
    names = [WITNESSED, *(f"{part}/{day}" for part in (HEADS, STAMPS) for day in days_in(tiles.current(), part))]
    notes = {name: tiles.current().read_text(name) for name in names}
    return {name: note for name, note in notes.items() if note is not None}


def days_in(folder: tiles.TileFolder, part: str) -> list[str]:
    """Days of which a head is kept, the last first.

    Args:
        part: ``HEADS`` or ``STAMPS``.
    """
    return sorted((path.name for path in (folder.root / part).glob("????-??-??")), reverse=True)


def day_of(now: datetime) -> str:
    """The day as kept heads are named: ISO 8601, in Beijing."""
    return f"{now.astimezone(_BEIJING):%Y-%m-%d}"


def witnessed_head() -> tuple[signed_note.Checkpoint, str] | None:
    """The newest head that a witness signed, and its note; None where there is none that can be relied on."""
    note = tiles.current().read_text(WITNESSED)
    head = None if note is None else trusted_or_none(note)
    if note is None or head is None:
        if note is not None:
            log.error("L-A-18 the kept countersigned head is damaged")
        return None
    return head, note


def trusted_or_none(note: str) -> signed_note.Checkpoint | None:
    """A kept head, where it is signed by this ledger and whole."""
    try:
        return tiles.trusted(note)
    except Unavailable:
        return None


def copy_heads(source: tiles.TileFolder, target: tiles.TileFolder, wanted: Callable[[str], bool]) -> None:
    """Bring the heads of each day and their stamps from one ledger's folder to another; what is the same stays.

    Args:
        wanted: asked of each head's note; a stamp goes with its head.

    Raises:
        Unavailable: ``L-14`` where a disk refuses.
    """
    for part in (HEADS, STAMPS):
        for day in days_in(source, part):
            if not wanted(source.read_text(f"{part}/{day}") or ""):
                continue
            for name in (f"{part}/{day}", f"{part}/{day}{STAMP}"):
                content = source.read_bytes(name)
                if content is not None and content != target.read_bytes(name):
                    target.write_bytes(name, content)
