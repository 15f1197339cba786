"""The ledger's rows from its published files: nothing is believed before all of it leads to the signed root."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from uuid import UUID

from django.db import DataError, IntegrityError, connection, transaction

from cunzhen.database.rows import copy_tuples
from cunzhen.errors import Conflict, Invalid, Missing, Unavailable
from cunzhen.formats import tlog
from cunzhen.formats.signed_note import Checkpoint
from cunzhen.ledger import tiles
from cunzhen.ledger.details import RestoredDetails, restore_details
from cunzhen.ledger.models import LedgerEntry
from cunzhen.ledger.operations import sequence

Progress = Callable[[int, int], None]  # entries so far, entries in all
_TILES_A_COPY = 16


@dataclass(frozen=True)
class RestoredLedger:
    """Size and root (hex) of the ledger that was put back, and what came of its details."""

    size: int
    root: str
    details: RestoredDetails


def restore_ledger(source: Path | None = None, progress: Progress | None = None) -> RestoredLedger:
    """Fill the ledger's empty tables from its published files, all of it or nothing.

    1. The checkpoint's signature, by this home's key. 2. Every entry is hashed into the tree as it is read; unless
    the tree ends at the signed root, nothing stays. 3. The sequencer publishes again what the home lacks.

    Args:
        source: an export; None for the home's own published files.
        progress: told how far it is.

    Raises:
        Conflict: ``L-31`` the tables are not empty, ``L-32`` the home's own published ledger is longer, or another.
        Missing: ``L-30`` there is no published ledger there.
        Unavailable: ``L-13`` the checkpoint is not signed by this home's key, ``L-18`` a file is not there, ``L-33``
            the files do not lead to the signed root.
    """
    folder = tiles.current() if source is None else tiles.TileFolder(source)
    published = _checkpoint(folder)
    own = tiles.current().checkpoint() if source is not None else None
    if own is not None and own.size > published.size:
        raise _another_ledger()
    with transaction.atomic():
        if LedgerEntry.objects.exists():
            raise Conflict(
                "L-31",
                "数据库中已有账本记录，不能再从已发布的账本恢复。请在空数据库上进行。",
                "The database has ledger entries already; the ledger is restored into an empty database only.",
            )
        try:
            with connection.wrap_database_errors:  # COPY speaks to the driver itself
                _take_in(folder, published, own, progress)
        except (IntegrityError, DataError):
            raise _altered() from None
    details = restore_details(folder.root, published.size)
    sequence()
    return RestoredLedger(published.size, published.root.hex(), details)


def published_size(source: Path | None = None) -> int:
    """How many entries the published ledger has.

    Raises:
        Missing: ``L-30``. Unavailable: ``L-13``.
    """
    return _checkpoint(tiles.current() if source is None else tiles.TileFolder(source)).size


def _checkpoint(folder: tiles.TileFolder) -> Checkpoint:
    found = folder.checkpoint()
    if found is None:
        raise Missing(
            "L-30",
            "这里没有已发布的账本（缺少 checkpoint 文件）。请用 --ledger 指明账本导出的文件夹。",
            "There is no published ledger here (no file checkpoint). Name the folder of an export with --ledger.",
        )
    return found


def _take_in(
    folder: tiles.TileFolder, published: Checkpoint, own: Checkpoint | None, progress: Progress | None
) -> None:
    builder = tlog.TileBuilder()
    for bodies in _bundles(folder, published.size):
        for body in bodies:
            builder.add(tlog.leaf_hash(body))
            if own is not None and builder.size == own.size and builder.root() != own.root:
                raise _another_ledger()
        _copy(builder.size - len(bodies), bodies)
        if progress:
            progress(builder.size, published.size)
    if (builder.size, builder.root()) != (published.size, published.root):
        raise _altered()


def _bundles(folder: tiles.TileFolder, size: int) -> Iterator[list[bytes]]:
    """Entries in order, a few thousand at a time."""
    some: list[bytes] = []
    for index in range(-(-size // tlog.TILE_WIDTH)):
        tile = tlog.tile_at(tlog.ENTRIES, index, size)
        try:
            bodies = tlog.decode_bundle(folder.read(tile))
        except Invalid:
            raise _altered() from None
        if len(bodies) != tile.width:
            raise _altered()
        some += bodies
        if len(some) >= _TILES_A_COPY * tlog.TILE_WIDTH:
            yield some
            some = []
    if some:
        yield some


def _copy(first: int, bodies: list[bytes]) -> None:
    entries, leaves, subjects = [], [], []
    for number, body in enumerate(bodies, first):
        try:
            said = json.loads(body)
            entry_id = UUID(said["id"])
            act = (datetime.fromisoformat(said["at"]), said["op"], UUID(said["actor"]), UUID(said["agency"]))
            named = dict.fromkeys(UUID(part["id"]) for part in said["subjects"])
        except (ValueError, KeyError, TypeError):
            raise _altered() from None
        entries.append((entry_id, *act, body))
        leaves.append((number, entry_id, tlog.leaf_hash(body)))
        subjects += [(entry_id, subject) for subject in named]
    copy_tuples("ledger_entry", ("id", "at", "op", "actor_id", "agency_id", "body"), entries)
    copy_tuples("ledger_leaf", ("number", "entry_id", "leaf_hash"), leaves)
    copy_tuples("ledger_subject", ("entry_id", "subject_id"), subjects)


def _altered() -> Unavailable:
    return Unavailable(
        "L-33",
        "账本条目与签名树头不符：文件被改动或不完整，未恢复任何记录。请换一份账本导出或备份。",
        "The entries do not lead to the signed root: files were altered or are incomplete. Nothing was restored; use "
        "another export or backup.",
    )


def _another_ledger() -> Conflict:
    return Conflict(
        "L-32",
        "本系统已发布的账本比指定的导出更长或与之不同。请不带 --ledger 重建，或使用较新的导出。",
        "The ledger published in this home is longer than the export, or another one. Rebuild without --ledger, or use "
        "a newer export.",
    )
