"""The ledger's two writes: record what was done, and give it a number in the published tree."""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone
from uuid_utils.compat import uuid7

from cunzhen.database.locks import held
from cunzhen.database.rows import copy_tuples
from cunzhen.errors import Unavailable
from cunzhen.formats import signed_note, tlog
from cunzhen.formats.failpoints import failpoint
from cunzhen.keys.sealing import current, seal
from cunzhen.ledger import tiles, witnesses
from cunzhen.ledger.queries import leaves_between, size_of_table
from cunzhen.ledger.rules import (
    DETAIL_PURPOSE,
    SALT_BYTES,
    SEQUENCER_LOCK,
    NewEntry,
    Subject,
    canonical_detail,
    detail_digest,
    entry_body,
    moment_text,
)

__all__ = ["NewEntry", "Subject", "record", "sequence"]

_NUMBER_PENDING = """
WITH taken AS (
    DELETE FROM ledger_pending WHERE entry_id IN (SELECT entry_id FROM ledger_pending ORDER BY entry_id LIMIT %(limit)s)
    RETURNING entry_id
)
INSERT INTO ledger_leaf (number, entry_id, leaf_hash)
SELECT %(size)s - 1 + row_number() OVER (ORDER BY e.id), e.id, sha256('\\x00'::bytea || e.body)
FROM taken JOIN ledger_entry e ON e.id = taken.entry_id
"""


def record(entries: Sequence[NewEntry], *, at: datetime) -> list[UUID]:
    """Write entries in the caller's transaction; they count once it commits and are numbered later.

    Args:
        entries: what was done; one batch costs one round of COPY.
        at: when it was done, aware.

    Returns:
        The entries' ids, in the order given.

    Raises:
        Invalid: ``L-10`` where an entry is malformed, ``L-11`` where it names too many subjects.
    """
    moment = moment_text(at)
    ids: list[UUID] = [uuid7() for _ in entries]
    rows, details = [], []
    for entry_id, entry in zip(ids, entries, strict=True):
        detail, salt = canonical_detail(entry.detail), os.urandom(SALT_BYTES)
        body = entry_body(entry_id, entry, moment, detail_digest(salt, detail))
        rows.append((entry_id, at, entry.op, entry.actor_id, entry.agency_id, body))
        details.append((entry_id, salt, seal(DETAIL_PURPOSE, detail)))
    subjects = [
        (entry_id, subject_id)
        for entry_id, entry in zip(ids, entries, strict=True)
        for subject_id in dict.fromkeys(part.id for part in entry.subjects)
    ]
    with transaction.atomic(savepoint=False):
        copy_tuples("ledger_entry", ("id", "at", "op", "actor_id", "agency_id", "body"), rows)
        copy_tuples("ledger_subject", ("entry_id", "subject_id"), subjects)
        copy_tuples("ledger_detail", ("entry_id", "salt", "sealed"), details)
        copy_tuples("ledger_pending", ("entry_id",), [(entry_id,) for entry_id in ids])
    return ids


def sequence(limit: int = 10_000) -> int:
    """Number waiting entries and publish the tree over them; the only place where numbers are given.

    1. One at a time: whoever finds the lock taken returns 0.
    2. The published checkpoint must be the beginning of what the table holds, and the continuation of what witnesses
       have signed; they are asked first where nobody has for five minutes.
    3. Number, in a transaction of its own, committed before anything is published.
    4. Bring tiles, then the checkpoint, up to the table, wherever an earlier run was cut off.

    Args:
        limit: at most so many entries a call.

    Returns:
        How many entries were numbered.

    Raises:
        Unavailable: ``L-12`` or ``L-13`` where the published ledger is not the beginning of the table's, ``L-14`` to
            ``L-18`` where the ledger's folder cannot be used; numbered entries are then published by a later call.
            ``L-28`` or ``L-29`` where a witness has seen another history, or a longer one.
    """
    witnesses.ask_if_due(timezone.now())
    with held(SEQUENCER_LOCK) as alone:
        if not alone:
            return 0
        folder = tiles.current()
        published = folder.checkpoint()
        _check_continues(folder, published)
        witnesses.require_no_other_history(folder, published)
        failpoint("ledger-sequence-1")
        numbered = _number_pending(limit)
        failpoint("ledger-sequence-2")
        _publish(folder, published)
        return numbered


def _check_continues(folder: tiles.TileFolder, published: signed_note.Checkpoint | None) -> None:
    """Refuse to go on below, or beside, what was published: a database gone back in time would fork the log."""
    if published is None or published.size == 0:
        return
    size = size_of_table()
    if size < published.size:
        raise Unavailable(
            "L-12",
            f"数据库中的账本只有 {size} 条，少于已发布的 {published.size} 条：数据库可能被恢复到较早的备份，"
            "或被删除。账本已停写，请通知安全审计员。",
            f"The table holds {size} entries, fewer than the {published.size} published: the database went back "
            "in time or lost rows. The ledger stands still.",
            table=size,
            published=published.size,
        )
    last = tlog.tile_at(0, (published.size - 1) // tlog.TILE_WIDTH, published.size)
    start = last.index * tlog.TILE_WIDTH
    in_table = b"".join(leaf.leaf_hash for leaf in leaves_between(start, published.size))
    if folder.read(last) != in_table or tlog.root_from_tiles(published.size, folder.read) != published.root:
        raise _not_continued()


def _number_pending(limit: int) -> int:
    with transaction.atomic(durable=True), connection.cursor() as cursor:
        cursor.execute(_NUMBER_PENDING, {"limit": limit, "size": size_of_table()})
        return int(cursor.rowcount)


def _publish(folder: tiles.TileFolder, published: signed_note.Checkpoint | None) -> None:
    """Write what the folder lacks: tiles and bundles, their directories, the public key, and last the checkpoint."""
    size = size_of_table()
    old = published.size if published else 0
    if folder.read_text(tiles.VKEY) != tiles.own_vkey():
        folder.write_text(tiles.VKEY, tiles.own_vkey())
    if published is not None and old == size:
        return
    root = _write_tiles(folder, old, size)
    failpoint("ledger-sequence-3")
    folder.sync()
    failpoint("ledger-sequence-4")
    if folder.checkpoint() != published:
        return  # the lock was lost with its connection and another went on; its checkpoint is not to be put back
    checkpoint = signed_note.Checkpoint(settings.LEDGER_ORIGIN, size, root)
    folder.write_text(tiles.CHECKPOINT, signed_note.sign_checkpoint(checkpoint, current().ledger_key))
    failpoint("ledger-sequence-5")
    folder.drop_partials(old, size)


def _write_tiles(folder: tiles.TileFolder, old: int, size: int) -> bytes:
    """Write every tile and bundle that a log of this size has and one of the old size had not; returns the root."""
    builder = tlog.TileBuilder.load(old, folder.read)
    bodies: list[bytes] = []
    for leaf in leaves_between(old - old % tlog.TILE_WIDTH, size):
        if tlog.leaf_hash(leaf.body) != leaf.leaf_hash:
            raise _not_continued()
        bodies.append(leaf.body)
        if leaf.number < old:
            continue  # hashed already; its body is needed for the bundle alone
        for tile, content in builder.add(leaf.leaf_hash):
            folder.write(tile, content)
        if len(bodies) == tlog.TILE_WIDTH:
            folder.write(tlog.Tile(tlog.ENTRIES, leaf.number // tlog.TILE_WIDTH), tlog.encode_bundle(bodies))
            bodies.clear()
    if builder.size != size:
        raise _not_continued()
    for tile, content in builder.partials():
        folder.write(tile, content)
    if bodies:
        folder.write(tlog.tile_at(tlog.ENTRIES, size // tlog.TILE_WIDTH, size), tlog.encode_bundle(bodies))
    return builder.root()


def _not_continued() -> Unavailable:
    return Unavailable(
        "L-13",
        "已发布的账本与数据库中的账本不一致：有记录被改动。账本已停写，请运行 cunzhen ledger audit 并通知安全审计员。",
        "The published ledger and the table disagree: rows were altered. The ledger stands still; run the audit.",
    )
