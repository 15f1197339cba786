"""Packages on their way into a backup folder: each once, whichever store it comes from, only what is new."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from pathlib import Path
from typing import BinaryIO
from uuid import UUID

from django.db import connection

from cunzhen.errors import Unavailable
from cunzhen.formats.durable import FileSystemSync, fsync_path, replace_file
from cunzhen.formats.failpoints import failpoint
from cunzhen.formats.ocfl import INVENTORY, SIDECAR, object_path
from cunzhen.formats.ocfl_copy import CopiedObject, copy_object
from cunzhen.formats.ocfl_root import README, README_TEXT, ROOT_FILES
from cunzhen.preservation.backups.folder import PACKAGES, BackupFolder
from cunzhen.preservation.models import Package
from cunzhen.preservation.rules import object_id
from cunzhen.preservation.store import Store

_BATCH = 200
_XIDS = 1 << 32
# A package counts as written by a transaction only as long as PostgreSQL can tell its age.
_OLDEST_AGE = 1_500_000_000


@dataclass(frozen=True)
class Wanted:
    """A package as the database names it."""

    id: UUID
    version: str
    inventory_sha512: str

    @property
    def place(self) -> str:
        """Its folder below the storage root."""
        return object_path(object_id(self.id))

    @property
    def line(self) -> str:
        """What the list says of it; the copy of the inventory inside a version never changes."""
        return f"{self.inventory_sha512}  packages/{self.place}/{self.version}/{INVENTORY}"


@dataclass
class Copied:
    """What a run brought into the folder."""

    packages: int = 0
    bytes: int = 0
    unreadable: list[str] = field(default_factory=list)


def horizon() -> int:
    """The oldest transaction that is not over; what older ones have committed is visible to the next query."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint")
        return int(cursor.fetchone()[0])


def writers() -> list[str]:
    """Transactions that are writing packages at this moment."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT virtualtransaction FROM pg_locks WHERE locktype = 'relation' AND relation = %s::regclass"
            " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
            " AND mode = 'RowExclusiveLock' AND granted AND pid <> pg_backend_pid()",
            [Package._meta.db_table],
        )
        return [row[0] for row in cursor.fetchall()]


def wanted_since(mark_horizon: int | None) -> Iterator[Wanted]:
    """Packages that came or changed in transactions not older than this one; all of them for None.

    Args:
        mark_horizon: of the last mark.
    """
    rows = Package.objects.order_by("id")
    if mark_horizon is not None:
        # The row's own transaction number is exact and costs no index; it repeats only after billions of them.
        rows = rows.extra(
            where=["age(preservation_package.xmin) <= age(%s::text::xid) OR age(%s::text::xid) > %s"],
            params=[str(mark_horizon % _XIDS), str(mark_horizon % _XIDS), _OLDEST_AGE],
        )
    for row in rows.values_list("id", "version", "inventory_sha512").iterator(chunk_size=5000):
        yield Wanted(*row)


def bring(folder: BackupFolder, stores: Sequence[Store], wanted: Iterable[Wanted], *, listed: bool) -> Copied:
    """Copy the packages that the folder lacks; those it has are left alone.

    Args:
        folder: the backup.
        stores: to read from, in the order of trial; a copy that is not whole sends us to the next.
        wanted: packages, each once.
        listed: whether those found there already stand in the list for certain; a killed run may have left some.

    Raises:
        OSError: the backup disk refused.
    """
    done = Copied()
    _make_root(folder)
    with ThreadPoolExecutor(max_workers=min(4, os.cpu_count() or 1), thread_name_prefix="backup") as pool:
        for batch in _batches(wanted):
            missing = [one for one in batch if not _has(folder, one)]
            found = [] if listed else [one for one in batch if one not in missing]
            if missing:
                found += _bring_batch(folder, stores, missing, pool, done)
            folder.append_lines(PACKAGES, [one.line for one in found])
            failpoint("backup-packages-listed")
    return done


def _bring_batch(
    folder: BackupFolder, stores: Sequence[Store], missing: list[Wanted], pool: ThreadPoolExecutor, done: Copied
) -> list[Wanted]:
    folder.clear_staging()
    sync = FileSystemSync(folder.root)
    try:
        copies = list(pool.map(partial(_stage, folder, stores), missing))
        files = [path for copied in copies if copied for path in copied.files]
        sync.sync([*files, *{f for p in files for f in p.parents if f.is_relative_to(folder.staging)}])
        failpoint("backup-packages-staged")
        touched: set[Path] = set()
        found = []
        for one, copied in zip(missing, copies, strict=True):
            if copied is None:
                done.unreadable.append(str(one.id))
                continue
            touched |= _put_in_place(folder, one, copied)
            done.packages += 1
            done.bytes += copied.bytes
            found.append(one)
        sync.sync(touched)
    finally:
        sync.close()
    failpoint("backup-packages-placed")
    return found


def _stage(folder: BackupFolder, stores: Sequence[Store], one: Wanted) -> CopiedObject | None:
    target = folder.staging / one.place.rpartition("/")[2]
    have = [p.name for p in _versions(folder.packages / one.place)]
    for store in stores:
        shutil.rmtree(target, ignore_errors=True)
        try:
            copied = copy_object(
                partial(_open, store, object_id(one.id)),
                object_id(one.id),
                one.version,
                one.inventory_sha512,
                target,
                have,
            )
        except Unavailable:
            continue
        if not copied.bad:
            return copied
    shutil.rmtree(target, ignore_errors=True)
    return None


def _open(store: Store, name: str, path: str) -> BinaryIO | None:
    return store.open_raw(name, path)


def _versions(place: Path) -> list[Path]:
    """Whole versions of an object that is there: each was renamed into place."""
    return [p for p in place.iterdir() if p.is_dir()] if place.is_dir() else []


def _put_in_place(folder: BackupFolder, one: Wanted, copied: CopiedObject) -> set[Path]:
    """Move a staged object, or its new versions, to where it belongs; returns folders whose names changed."""
    staged, target = folder.staging / one.place.rpartition("/")[2], folder.packages / one.place
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        staged.rename(target)
        return {p for p in target.parents if p.is_relative_to(folder.packages)} | {target}
    for version in copied.versions:
        (staged / version).rename(target / version)
    for name in (INVENTORY, SIDECAR):
        (staged / name).replace(target / name)
    return {target}


def _has(folder: BackupFolder, one: Wanted) -> bool:
    """Whether the folder has this version: its sidecar at the top comes last."""
    place = folder.packages / one.place
    try:
        said = (place / SIDECAR).read_bytes()
    except FileNotFoundError:
        return False
    if said.startswith(one.inventory_sha512.encode()):
        return True
    # A later version is there already: another base's state, or this row was read before it was revised.
    try:
        return (place / one.version / SIDECAR).read_bytes().startswith(one.inventory_sha512.encode())
    except FileNotFoundError:
        return False


def _make_root(folder: BackupFolder) -> None:
    if (folder.packages / "0=ocfl_1.1").exists():
        return
    for name, data in reversed({**ROOT_FILES, README: README_TEXT.encode()}.items()):  # the declaration comes last
        path = folder.packages / name
        path.parent.mkdir(parents=True, exist_ok=True)
        replace_file(path, data)
        fsync_path(path.parent.parent)


def _batches(wanted: Iterable[Wanted]) -> Iterator[list[Wanted]]:
    iterator = iter(wanted)
    while batch := list(islice(iterator, _BATCH)):
        yield batch
