"""Sealed details beside an exported ledger: what entries hold only the salted digest of, readable with the key
store only.

``details/000``, ``details/x001/234`` and so on: for each bundle of entries a file of lines, each a JSON object with
the entry's ``number``, its ``salt`` and its ``sealed`` detail in base64. An erased detail leaves the export with the
next run into the same folder.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from django.db import connection, transaction

from cunzhen.database.rows import copy_tuples
from cunzhen.errors import Unavailable
from cunzhen.formats import tlog
from cunzhen.formats.durable import replace_file
from cunzhen.keys.sealing import unseal
from cunzhen.ledger.rules import DETAIL_PURPOSE, detail_digest

FOLDER = "details"
_TILES_A_READ = 16
_DETAILS = """
SELECT l.number, d.salt, d.sealed FROM ledger_leaf l JOIN ledger_detail d ON d.entry_id = l.entry_id
WHERE l.number >= %s AND l.number < %s ORDER BY l.number
"""
_ENTRIES = """
SELECT l.number, l.entry_id, e.body FROM ledger_leaf l JOIN ledger_entry e ON e.id = l.entry_id
WHERE l.number >= %s AND l.number < %s AND NOT EXISTS (SELECT FROM ledger_detail d WHERE d.entry_id = l.entry_id)
"""


@dataclass(frozen=True)
class RestoredDetails:
    """How many details were put back, and how many lines were passed over: damaged, foreign or of another entry."""

    restored: int = 0
    passed_over: int = 0


def export_details(folder: Path, size: int) -> int:
    """Write the sealed details of the first so many entries; files that are as they should be are left alone.

    Args:
        folder: of the export.
        size: of the exported ledger.

    Returns:
        How many there are.

    Raises:
        OSError: the disk refused.
    """
    step, count = _TILES_A_READ * tlog.TILE_WIDTH, 0
    for low in range(0, size, step):
        lines: dict[int, list[bytes]] = {}
        with connection.cursor() as cursor:
            cursor.execute(_DETAILS, [low, min(low + step, size)])
            for number, salt, sealed in cursor.fetchall():
                lines.setdefault(number // tlog.TILE_WIDTH, []).append(_line(number, bytes(salt), bytes(sealed)))
        for index in range(low // tlog.TILE_WIDTH, -(-min(low + step, size) // tlog.TILE_WIDTH)):
            count += len(lines.get(index, ()))
            _write(folder / _name(index), b"".join(lines.get(index, ())))
    return count


def restore_details(folder: Path, size: int) -> RestoredDetails:
    """Put details back beside their entries; one that does not match its entry's digest is passed over.

    Args:
        folder: of an export; nothing happens where it has no details.
        size: of the ledger in the table.

    Raises:
        Unavailable: ``L-14`` where a file cannot be read.
    """
    restored = passed_over = 0
    for index in range(-(-size // tlog.TILE_WIDTH)):
        lines = list(_lines(folder / _name(index)))
        if not lines:
            continue
        start = index * tlog.TILE_WIDTH
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(_ENTRIES, [start, min(start + tlog.TILE_WIDTH, size)])
            entries = {number: (entry_id, bytes(body)) for number, entry_id, body in cursor.fetchall()}
            rows = _matching(lines, entries)
            copy_tuples("ledger_detail", ("entry_id", "salt", "sealed"), rows)
        restored, passed_over = restored + len(rows), passed_over + len(lines) - len(rows)
    return RestoredDetails(restored, passed_over)


def _matching(
    lines: list[tuple[int, bytes, bytes] | None], entries: dict[int, tuple[UUID, bytes]]
) -> list[tuple[UUID, bytes, bytes]]:
    """Each entry at most once."""
    rows: dict[int, tuple[UUID, bytes, bytes]] = {}
    for line in lines:
        if line is None or line[0] not in entries:
            continue
        number, salt, sealed = line
        entry_id, body = entries[number]
        if _digest(salt, sealed) == json.loads(body)["detail"]:
            rows[number] = (entry_id, salt, sealed)
    return list(rows.values())


def _digest(salt: bytes, sealed: bytes) -> str:
    try:
        return detail_digest(salt, unseal(DETAIL_PURPOSE, sealed))
    except Unavailable as error:
        if error.code != "K-03":  # altered, or sealed with other keys; anything else is a broken home
            raise
        return ""


def _name(index: int) -> str:
    return f"{FOLDER}/{tlog.Tile(tlog.ENTRIES, index).path.removeprefix('tile/entries/')}"


def _line(number: int, salt: bytes, sealed: bytes) -> bytes:
    said = {"number": number, "salt": base64.b64encode(salt).decode(), "sealed": base64.b64encode(sealed).decode()}
    return json.dumps(said).encode() + b"\n"


def _write(path: Path, content: bytes) -> None:
    if not content:
        path.unlink(missing_ok=True)  # all of them were erased
        return
    if path.exists() and path.read_bytes() == content:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    replace_file(path, content)


def _lines(path: Path) -> Iterator[tuple[int, bytes, bytes] | None]:
    try:
        content = path.read_bytes() if path.is_file() else b""
    except OSError as error:
        raise Unavailable(
            "L-14", f"读不出 {path.name}（{error.strerror}）。", f"Cannot read {path.name} ({error.strerror})."
        ) from error
    for line in content.splitlines():
        try:
            said = json.loads(line)
            yield int(said["number"]), base64.b64decode(said["salt"]), base64.b64decode(said["sealed"])
        except (ValueError, KeyError, TypeError):
            yield None
