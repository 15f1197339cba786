"""Putting a whole object in place of a damaged or missing one: nothing is overwritten, nothing is deleted.

1. The files are written below ``staging/<batch>/``, synced, and read back from the disk by their digests. A process
   killed until then leaves a batch without a journal, which the janitor clears.
2. What lies in the object's place, whatever it is, is moved to quarantine.
3. The new object is moved into place by rename, and that is synced. A process killed between 2 and 3 leaves the copy
   missing, the old one whole in quarantine; the next repair makes it again.
"""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO, Protocol

from cunzhen.formats.digests import blocks_of
from cunzhen.formats.durable import FileSystemSync, open_regular
from cunzhen.formats.failpoints import failpoint
from cunzhen.formats.ocfl import object_path
from cunzhen.formats.ocfl_recover import has_object, set_aside
from cunzhen.formats.ocfl_root import StoreFolder
from cunzhen.formats.ocfl_staging import locked_folder
from cunzhen.formats.ocfl_writer import FolderWriter

_OBJECT = "object"


class InstallFile(Protocol):
    """A file of the object to come."""

    @property
    def path(self) -> str:
        """Below the object."""
        ...

    @property
    def size(self) -> int:
        """Bytes."""
        ...

    @property
    def sha512(self) -> str:
        """Of its bytes."""
        ...

    def open(self) -> BinaryIO:
        """From its first byte."""
        ...


def install_object(folder: StoreFolder, object_id: str, files: Sequence[InstallFile]) -> None:
    """Put a whole object in place, durable and read back; what was there goes to quarantine first.

    Args:
        folder: the store, already prepared.
        object_id: URI of the object.
        files: every file that the object shall have.

    Raises:
        OSError: the disk refused, or a file read back is not what was promised; the place is then as it was.
    """
    place = object_path(object_id)
    batch = folder.staging / f"install-{os.getpid()}-{os.urandom(6).hex()}"
    sync = FileSystemSync(folder.staging)
    try:
        lock = locked_folder(batch)
    except OSError:  # read-only, or full
        sync.close()
        raise
    try:
        _write(batch, files)
        sync.sync(_everything(batch))
        failpoint("install-staged")
        for file in files:
            _read_back(batch / _OBJECT / file.path, file)
        failpoint("install-read-back")
        if has_object(folder, object_id):
            set_aside(folder, place)
            failpoint("install-set-aside")
        touched = _moved(batch / _OBJECT, folder.root, place)
        failpoint("install-placed")
        sync.sync(touched)
        failpoint("install-durable")
    finally:
        shutil.rmtree(batch, ignore_errors=True)
        os.close(lock)
        sync.close()


def _write(batch: Path, files: Sequence[InstallFile]) -> None:
    writer = FolderWriter(batch)
    try:
        for file in files:
            writer.open(f"{_OBJECT}/{file.path}")
            with file.open() as source:
                for block in blocks_of(source):
                    writer.append(block)
            writer.close()
        writer.finish()
    finally:
        writer.stop()


def _read_back(path: Path, file: InstallFile) -> None:
    """Compare what the disk gives, not what memory still holds of it."""
    with path.open("rb", buffering=0) as stream:
        os.posix_fadvise(stream.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        same = os.fstat(stream.fileno()).st_size == file.size
        if not same or hashlib.file_digest(stream, "sha512").hexdigest() != file.sha512:
            raise OSError(errno.EIO, "what was read back differs")


def _moved(staged: Path, root: Path, place: str) -> list[Path]:
    """Move the object into the root, making the folders above it; returns the folders whose entries changed."""
    target = root / place
    for attempt in range(3):
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o750)
        try:
            os.rename(staged, target)
            break
        except FileNotFoundError:  # The janitor has just removed a folder that had become empty.
            if attempt == 2:
                raise
    return [parent for parent in target.parents if parent.is_relative_to(root)]


def _everything(batch: Path) -> Iterator[Path]:
    for folder, _, names in os.walk(batch, topdown=False):
        yield from (Path(folder, name) for name in names)
        yield Path(folder)
    yield batch.parent


def object_files(folder: StoreFolder, object_id: str) -> list[tuple[str, int]]:
    """Every regular file of an object as it lies there: path below the object, and size.

    Raises:
        OSError: the disk refused.
    """
    top = folder.root / object_path(object_id)
    if top.is_symlink() or not top.is_dir():
        return []
    return sorted(_listed(top, ""))


def _listed(top: Path, below: str) -> Iterable[tuple[str, int]]:
    for entry in os.scandir(top / below):
        path = f"{below}{entry.name}"
        if entry.is_dir(follow_symlinks=False):
            yield from _listed(top, f"{path}/")
        elif entry.is_file(follow_symlinks=False):
            yield path, entry.stat(follow_symlinks=False).st_size


def open_stored(folder: StoreFolder, object_id: str, path: str) -> BinaryIO | None:
    """Open a regular file of an object, unchecked; None where there is none.

    Raises:
        OSError: the disk refused.
    """
    return open_regular(folder.root / object_path(object_id) / path)
