"""Reads of the ledger: for followers, for the history of one subject, and for whoever wants proof."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import connection

from cunzhen.errors import Missing, Unavailable
from cunzhen.formats import tlog, tlog_proof
from cunzhen.keys.sealing import unseal
from cunzhen.ledger import tiles
from cunzhen.ledger.kept import witnessed_head
from cunzhen.ledger.rules import DETAIL_PURPOSE, Head, HistoryLine, LoggedEntry, Subject, read_subjects

__all__ = ["Head", "HistoryLine", "LoggedEntry", "Subject", "entries_after", "head", "history", "last_number", "proof"]

_BATCH = 4096

_ENTRIES = """
SELECT l.number, e.id, e.at, e.op, e.actor_id, e.agency_id, e.body
FROM ledger_leaf l JOIN ledger_entry e ON e.id = l.entry_id
WHERE l.number > %(number)s AND (%(ops)s::text[] IS NULL OR e.op = ANY(%(ops)s::text[]))
ORDER BY l.number LIMIT %(limit)s
"""
_HISTORY = """
SELECT l.number, e.at, e.op, e.actor_id, d.sealed, e.id
FROM ledger_subject s
JOIN ledger_entry e ON e.id = s.entry_id
LEFT JOIN ledger_leaf l ON l.entry_id = s.entry_id
LEFT JOIN ledger_detail d ON d.entry_id = s.entry_id
WHERE s.subject_id = %(subject)s
ORDER BY l.number DESC NULLS FIRST, s.entry_id DESC LIMIT %(limit)s
"""
_NAMED = """
SELECT s.subject_id, e.body FROM ledger_subject s JOIN ledger_entry e ON e.id = s.entry_id
LEFT JOIN ledger_leaf l ON l.entry_id = s.entry_id
WHERE s.subject_id = ANY(%s::uuid[]) ORDER BY s.subject_id, l.number NULLS LAST, s.entry_id
"""
_LATEST = """
SELECT l.number, e.at FROM ledger_leaf l JOIN ledger_entry e ON e.id = l.entry_id ORDER BY l.number DESC LIMIT 1
"""
# Served by an index of its own (ledger_entry_verified): verifications are few among very many entries. Ids follow the
# clock, which may have been wrong: the fifty that seem newest are put in the order of their numbers.
_VERIFICATIONS = """
SELECT e.at, d.sealed FROM (
    SELECT id, at FROM ledger_entry WHERE op = 'verify_archive' ORDER BY id DESC LIMIT 50
) e LEFT JOIN ledger_leaf l ON l.entry_id = e.id LEFT JOIN ledger_detail d ON d.entry_id = e.id
ORDER BY l.number DESC NULLS FIRST, e.id DESC
"""
_FIRST = """
SELECT e.id, l.number FROM ledger_subject s JOIN ledger_entry e ON e.id = s.entry_id
LEFT JOIN ledger_leaf l ON l.entry_id = s.entry_id
WHERE s.subject_id = %s AND e.op = ANY(%s::text[]) ORDER BY s.entry_id LIMIT 1
"""
_BY_NUMBER = """
SELECT l.number, e.body FROM ledger_leaf l JOIN ledger_entry e ON e.id = l.entry_id WHERE l.number = %s
"""
_BY_ID = """
SELECT l.number, e.body FROM ledger_leaf l JOIN ledger_entry e ON e.id = l.entry_id WHERE l.entry_id = %s
"""
_LEAVES = """
SELECT l.number, l.leaf_hash, e.body
FROM ledger_leaf l JOIN ledger_entry e ON e.id = l.entry_id
WHERE l.number >= %s AND l.number < %s ORDER BY l.number
"""


@dataclass(frozen=True)
class Leaf:
    """A numbered entry as the tree sees it."""

    number: int
    leaf_hash: bytes
    body: bytes


def entries_after(number: int, limit: int, ops: Collection[str] | None = None) -> list[LoggedEntry]:
    """Numbered entries in the ledger's order, for those who follow it by cursor.

    Args:
        number: the last number seen; -1 to begin with.
        limit: at most so many.
        ops: only these operations, where given. A follower that filters asks ``last_number`` first and, when fewer
            than ``limit`` come back, moves its cursor there, so that it need not pass the same entries again.
    """
    wanted = None if ops is None else list(ops)
    with connection.cursor() as cursor:
        cursor.execute(_ENTRIES, {"number": number, "limit": limit, "ops": wanted})
        return [
            LoggedEntry(logged, entry_id, at, op, actor_id, agency_id, read_subjects(bytes(body)))
            for logged, entry_id, at, op, actor_id, agency_id, body in cursor.fetchall()
        ]


def named(ids: Collection[UUID]) -> dict[UUID, Subject]:
    """What the ledger says of some subjects, each by its latest entry; those it does not know are absent."""
    found: dict[UUID, Subject] = {}
    with connection.cursor() as cursor:
        cursor.execute(_NAMED, [list(ids)])
        for subject_id, body in cursor.fetchall():
            found.update((s.id, s) for s in read_subjects(bytes(body)) if s.id == subject_id)
    return found


def latest_entry() -> tuple[int, datetime] | None:
    """The last number given and when that was done; None where there is none."""
    with connection.cursor() as cursor:
        cursor.execute(_LATEST)
        row = cursor.fetchone()
    return (int(row[0]), row[1]) if row else None


def latest_verifications() -> Iterator[tuple[datetime, dict[str, object]]]:
    """When the catalogue was compared with the packages, and what was found: at most fifty times, the last first."""
    with connection.cursor() as cursor:
        cursor.execute(_VERIFICATIONS)
        rows = cursor.fetchall()
    for at, sealed in rows:
        yield at, _detail(sealed) or {}


def published_beyond_table(limit: int = 10_000) -> list[tuple[Subject, ...]]:
    """Subjects of entries that were published and that the table has not: the database went back in time.

    Args:
        limit: at most so many entries, the oldest of them.

    Raises:
        Unavailable: ``L-13`` the checkpoint is not ours, ``L-18`` a tile is not there.
    """
    folder = tiles.current()
    published = folder.checkpoint()
    size, end = size_of_table(), published.size if published else 0
    found: list[tuple[Subject, ...]] = []
    for index in range(size // tlog.TILE_WIDTH, -(-end // tlog.TILE_WIDTH) if end > size else 0):
        tile = tlog.tile_at(tlog.ENTRIES, index, end)
        first = index * tlog.TILE_WIDTH
        bodies = tlog.decode_bundle(folder.read(tile))
        found += [read_subjects(body) for number, body in enumerate(bodies, first) if number >= size]
        if len(found) >= limit:
            break
    return found[:limit]


def last_number() -> int:
    """The highest number given so far; -1 where there is none."""
    return size_of_table() - 1


def size_of_table() -> int:
    """How many entries are numbered."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT coalesce(max(number), -1) + 1 FROM ledger_leaf")
        return int(cursor.fetchone()[0])


def history(subject_id: UUID, limit: int = 1000) -> list[HistoryLine]:
    """What was done to a subject, oldest first; entries not numbered yet come last.

    Args:
        subject_id: item, transfer, package, user: whatever the entries named.
        limit: the latest so many.

    Raises:
        Unavailable: ``K-03`` where a detail was altered.
    """
    with connection.cursor() as cursor:
        cursor.execute(_HISTORY, {"subject": subject_id, "limit": limit})
        rows = cursor.fetchall()
    return [
        HistoryLine(number, at, op, actor_id, _detail(sealed), entry_id)
        for number, at, op, actor_id, sealed, entry_id in reversed(rows)
    ]


def head() -> Head:
    """The published checkpoint.

    Raises:
        Missing: ``L-16`` before the first was published.
        Unavailable: ``L-13`` where it is not signed by this home's key.
    """
    text = tiles.current().read_text(tiles.CHECKPOINT)
    if text is None:
        raise Missing("L-16", "账本还没有发布过检查点。", "The ledger has not published a checkpoint yet.")
    checkpoint = tiles.trusted(text)
    return Head(checkpoint.size, checkpoint.root.hex(), text)


def proof(entry: UUID | int) -> str:
    """A ``.tlog-proof`` file that shows offline that an entry stands in the ledger; its ``extra`` is the entry itself.

    Args:
        entry: the entry's id or its number.

    Raises:
        Missing: ``L-16`` before the first checkpoint, ``L-17`` where there is no such entry or it is not published yet.
        Unavailable: ``L-13`` where the table, the tiles and the checkpoint do not agree.
    """
    published = head()
    with connection.cursor() as cursor:
        cursor.execute(_BY_NUMBER if isinstance(entry, int) else _BY_ID, [entry])
        row = cursor.fetchone()
    seen = witnessed_head()
    if seen is not None and row is not None and row[0] < seen[0].size:
        published = Head(seen[0].size, seen[0].root.hex(), seen[1])  # under a head that others have signed too
    if row is None or row[0] >= published.size:
        raise Missing(
            "L-17", "账本中没有这一条，或尚未发布。", "The ledger has no such entry, or has not published it."
        )
    number, body = int(row[0]), bytes(row[1])
    path = tlog.inclusion_proof(number, published.size, tiles.current().read)
    root = bytes.fromhex(published.root_hex)
    if not tlog.verify_inclusion(number, published.size, tlog.leaf_hash(body), path, root):
        raise Unavailable(
            "L-13",
            f"第 {number} 条的内容与已发布的账本不一致，无法出具证明。请运行 cunzhen ledger audit。",
            f"Entry {number} does not agree with the published ledger, so there is no proof of it. Run the audit.",
            number=number,
        )
    return tlog_proof.write_proof(tlog_proof.Proof(number, tuple(path), published.signed_note_text, body))


def first_entry(subject_id: UUID, ops: Collection[str]) -> tuple[UUID, int | None] | None:
    """The first entry about a subject among some operations, and its number, if it has one by now."""
    with connection.cursor() as cursor:
        cursor.execute(_FIRST, [subject_id, list(ops)])
        row = cursor.fetchone()
    return None if row is None else (row[0], row[1])


def leaves_between(start: int, end: int) -> Iterator[Leaf]:
    """Numbered entries from start up to, not including, end, in order, a few thousand in memory at a time."""
    for low in range(start, end, _BATCH):
        with connection.cursor() as cursor:
            cursor.execute(_LEAVES, [low, min(low + _BATCH, end)])
            for number, leaf_hash, body in cursor.fetchall():
                yield Leaf(number, bytes(leaf_hash), bytes(body))


def _detail(sealed: bytes | memoryview | None) -> dict[str, object] | None:
    if sealed is None:
        return None
    detail: dict[str, object] = json.loads(unseal(DETAIL_PURPOSE, bytes(sealed)))
    return detail
