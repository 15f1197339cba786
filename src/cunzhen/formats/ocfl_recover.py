"""What a killed process leaves behind, and how it is put right. Nothing is deleted but unacknowledged staging."""

from __future__ import annotations

import fcntl
import json
import os
import re
import shutil
import stat
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cunzhen.formats.durable import fsync_path, read_regular, replace_file
from cunzhen.formats.ocfl import INVENTORY, SIDECAR, TUPLES, object_path
from cunzhen.formats.ocfl_root import StoreFolder
from cunzhen.formats.ocfl_staging import JOURNAL, LOCK

_JOURNAL_BYTES_AT_MOST = 256 * 1024 * 1024
_VERSION = re.compile(r"v[1-9][0-9]{0,6}")
_NAME_BYTES = 200  # with what is added, below the 255 of common file systems


@dataclass(frozen=True, slots=True)
class Leftover:
    """A batch whose process is gone, or has not told yet that it committed.

    Args:
        name: its own in staging.
        entries: (object id, version) that it may have placed; empty where it was never sealed, so placed nothing.
    """

    name: str
    entries: tuple[tuple[str, str], ...]


def leftovers(folder: StoreFolder, before: datetime) -> list[Leftover]:
    """Batches in staging that are older than a time and that no living process holds.

    Raises:
        OSError: the disk refused.
    """
    found = []
    for entry in sorted(os.scandir(folder.staging), key=lambda e: e.name):
        if entry.stat(follow_symlinks=False).st_mtime > before.timestamp():
            continue
        if not entry.is_dir(follow_symlinks=False):
            found.append(Leftover(entry.name, ()))
        elif not _is_held(Path(entry.path)):
            found.append(Leftover(entry.name, _journal(Path(entry.path))))
    return found


def _is_held(path: Path) -> bool:
    try:
        if not stat.S_ISREG(os.lstat(path / LOCK).st_mode):
            return False
        descriptor = os.open(path / LOCK, os.O_RDWR | os.O_NOFOLLOW)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def _journal(path: Path) -> tuple[tuple[str, str], ...]:
    try:
        raw = json.loads(read_regular(path / JOURNAL, _JOURNAL_BYTES_AT_MOST) or b"")
        found = tuple((str(object_id), str(version)) for object_id, version in raw)
    except (ValueError, TypeError, RecursionError):
        # The journal is synced before anything is placed: without a whole one, nothing was.
        return ()
    return found if all(_VERSION.fullmatch(version) for _, version in found) else ()


def remove(folder: StoreFolder, leftover: Leftover) -> None:
    """Take a leftover out of staging, after its entries were put right; what no batch of ours left is set aside."""
    path = folder.staging / leftover.name
    if not _is_ours(path):
        name = os.fsdecode(os.fsencode(leftover.name)[:_NAME_BYTES])
        path.rename(folder.quarantine / f"{name}.{os.urandom(4).hex()}")
        fsync_path(folder.quarantine)
    elif path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink()


def _is_ours(path: Path) -> bool:
    """Whether it is a batch, a root on its way, an empty folder, or a file of ours that was not yet renamed."""
    if path.is_symlink() or not path.is_dir():
        return path.is_file() and not path.is_symlink() and path.name.startswith(".") and path.name.endswith(".new")
    return os.path.lexists(path / LOCK) or path.name.startswith("root-") or not any(os.scandir(path))


def has_object(folder: StoreFolder, object_id: str) -> bool:
    """Whether the root has a folder for the object."""
    return os.path.lexists(folder.root / object_path(object_id))


def set_aside(folder: StoreFolder, relative: str) -> str:
    """Move an object, or a folder of one, from the root to quarantine, durably.

    Args:
        folder: the store.
        relative: path below the root.

    Returns:
        Its name in quarantine.

    Raises:
        OSError: the disk refused.
    """
    source = folder.root / relative
    name = f"{'-'.join(relative.split('/')[TUPLES:])}.{os.urandom(4).hex()}"
    os.rename(source, folder.quarantine / name)
    fsync_path(folder.quarantine)
    parent = source.parent
    # OCFL allows no empty folder in the root (3.2); rmdir refuses one that somebody has just filled.
    while parent != folder.root and not os.listdir(parent):
        os.rmdir(parent)
        parent = parent.parent
    fsync_path(parent)
    return name


def roll_back(folder: StoreFolder, object_id: str, version: str) -> bool:
    """Put an object back to a version that is committed, after a newer one was half or wholly placed.

    Args:
        folder: the store.
        object_id: URI of the object.
        version: the committed version; its folder holds its own copy of the inventory.

    Returns:
        Whether anything had to be done.

    Raises:
        OSError: the disk refused.
    """
    place = object_path(object_id)
    target = folder.root / place
    newer = f"v{int(version[1:]) + 1}"
    changed = False
    for name in (INVENTORY, SIDECAR):
        right = (target / version / name).read_bytes()
        if (target / name).read_bytes() != right:
            # By way of staging: what a cut left beside it would be a foreign file in the object for ever.
            replace_file(target / name, right, by_way_of=folder.staging)
            changed = True
    if (target / newer).exists():
        set_aside(folder, f"{place}/{newer}")
        changed = True
    return changed
